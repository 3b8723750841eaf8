package dagsync

import (
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/pathwai/airflow-on-fargate/agent/cli"
	"github.com/pathwai/airflow-on-fargate/agent/internal/locked"
	"github.com/stretchr/testify/require"
)

// The second writer waits, and takes over as soon as the first is gone.
func TestTwoWriters(t *testing.T) {
	w := newWorld(t)
	w.put(files{"a.py": "1"})
	stopFirst := w.start()
	w.eventually(files{"a.py": "1"})
	second := *w
	second.logs, second.out = new(locked.Buffer), new(locked.Buffer)
	stopSecond := second.start()
	require.Eventually(t, func() bool { return strings.Contains(second.logs.String(), "standing by") }, time.Minute, 5*time.Millisecond)

	third := *w
	third.config.once = true
	third.logs, third.out = new(locked.Buffer), new(locked.Buffer)
	third.once(cli.ExitOK)
	require.Contains(t, third.logs.String(), "in step by another writer")
	require.Empty(t, third.out.String(), "the writer reports")

	for i := range 3 {
		w.put(files{"a.py": fmt.Sprint(i)})
		w.eventually(files{"a.py": fmt.Sprint(i)})
	}
	require.NotContains(t, second.logs.String(), "published")
	require.Equal(t, cli.ExitOK, stopFirst())
	w.put(files{"a.py": "taken over"})
	w.eventually(files{"a.py": "taken over"})
	require.Equal(t, cli.ExitOK, stopSecond())
	require.Contains(t, second.logs.String(), "published")
	w.wholeTrees()
}

// --once while another writer holds the lock says whether that one has the
// target in step, and touches nothing.
func TestOnceBesideAnotherWriter(t *testing.T) {
	w := newWorld(t)
	w.put(files{"a.py": "1"})
	w.once(cli.ExitOK)
	s := w.open(t)
	defer s.mirror.close()
	w.once(cli.ExitOK)
	w.put(files{"d/": ""})
	w.once(cli.ExitPartial)
	require.Contains(t, w.logs.String(), `"key":"d/"`)
	w.put(files{"a.py": "2"})
	w.once(cli.ExitFailure)
	require.Contains(t, w.logs.String(), "another writer has held the lock")
	_, err := s.turn(t.Context())
	require.NoError(t, err)
	w.once(cli.ExitPartial)
	w.put(files{"a.py": "3"})
	w.once(cli.ExitFailure)
	w.sees(files{"a.py": "2"})
	w.s3.SetFault(func(rw http.ResponseWriter, _ *http.Request) bool { rw.WriteHeader(403); return true })
	w.once(cli.ExitFailure)
	require.Contains(t, w.logs.String(), "StatusCode: 403")
}

// A writer that loses its lock stops publishing, asks for it again, and looks
// at everything anew once it has it.
func TestLostLockIsTakenAgain(t *testing.T) {
	w := newWorld(t)
	stop := w.showing(files{"a.py": "1"})
	require.NoError(t, os.Rename(w.home()+"/lock", w.home()+"/lock.old"))
	w.put(files{"a.py": "2"})
	w.eventually(files{"a.py": "2"})
	require.Equal(t, cli.ExitOK, stop())
	require.Contains(t, w.logs.String(), "the lock was lost")
	w.wholeTrees()
}

// takeOver is another writer that comes while the first lost its lock, brings
// the target in step, and goes again.
func (w *world) takeOver(t *testing.T) {
	require.NoError(t, os.Rename(w.home()+"/lock", w.home()+"/lock.old"))
	other := *w
	other.logs, other.out = new(locked.Buffer), new(locked.Buffer)
	other.once(cli.ExitOK)
}

// failFor makes S3 fail for one key.
func (w *world) failFor(key string) {
	w.s3.SetFault(func(rw http.ResponseWriter, r *http.Request) bool {
		if strings.HasSuffix(r.URL.Path, "/"+key) {
			rw.WriteHeader(500)
			return true
		}
		return false
	})
}

// The lock is lost while a next tree is half made, and another writer moves
// that away.
func TestLostLockWithAnUnfinishedStage(t *testing.T) {
	w := newWorld(t)
	w.put(files{"a.py": "1", "b.py": "1"})
	s := w.open(t)
	defer s.mirror.close()
	_, err := s.turn(t.Context())
	require.NoError(t, err)
	w.put(files{"a.py": "2", "z.py": "2"})
	w.failFor("z.py")
	_, err = s.turn(t.Context())
	require.ErrorContains(t, err, "StatusCode: 500")
	require.NotNil(t, s.mirror.failed)
	w.s3.SetFault(nil)
	w.takeOver(t)
	w.put(files{"a.py": "3"})
	for range 2 {
		_, err = s.turn(t.Context())
		require.NoError(t, err)
		w.sees(files{"a.py": "3", "b.py": "1", "z.py": "2"})
	}
	require.Contains(t, w.logs.String(), "the lock was lost")
	w.wholeTrees()
}

// A writer without its lock touches nothing: another one may be at work on
// the next tree.
func TestLostLockIsNoticedBeforeTheStageIsTouched(t *testing.T) {
	w := newWorld(t)
	w.put(files{"a.py": "1"})
	s := w.open(t)
	defer s.mirror.close()
	_, err := s.turn(t.Context())
	require.NoError(t, err)
	require.NoError(t, os.Rename(w.home()+"/lock", w.home()+"/lock.old"))
	other := *w
	b := other.open(t)
	defer b.mirror.close()
	require.NoError(t, os.Mkdir(w.home()+"/tree-000002", 0o755)) // that of the other
	require.NoError(t, os.WriteFile(w.home()+"/tree-000002/half.py", nil, 0o644))
	w.put(files{"a.py": "2"})
	_, err = s.turn(t.Context())
	require.ErrorIs(t, err, errStandby)
	require.FileExists(t, w.home()+"/tree-000002/half.py")
	require.ErrorContains(t, s.mirror.tidy(t.Context()), "not locked")
	require.FileExists(t, w.home()+"/tree-000002/half.py")
	w.sees(files{"a.py": "1"})
}

// The lock goes during a pass, after it was looked at.
func TestLockLostDuringAPass(t *testing.T) {
	w := newWorld(t)
	w.put(files{"a.py": "1"})
	s := w.open(t)
	defer s.mirror.close()
	_, err := s.turn(t.Context())
	require.NoError(t, err)
	w.put(files{"a.py": "2"})
	w.s3.SetFault(func(_ http.ResponseWriter, r *http.Request) bool {
		if strings.HasSuffix(r.URL.Path, "/a.py") {
			w.s3.SetFault(nil)
			require.NoError(t, os.Rename(w.home()+"/lock", w.home()+"/lock.old"))
		}
		return false
	})
	_, err = s.turn(t.Context())
	require.ErrorContains(t, err, "publishing")
	require.FileExists(t, w.home()+"/tree-000002/a.py")
	require.NoFileExists(t, w.home()+"/tree-000002.manifest", "nothing is recorded without the lock")
	w.sees(files{"a.py": "1"})
	_, err = s.turn(t.Context())
	require.NoError(t, err)
	w.sees(files{"a.py": "2"})
}
