package dagsync

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pathwai/airflow-on-fargate/agent/cli"
	"github.com/pathwai/airflow-on-fargate/agent/dagsync/bucket"
	"github.com/pathwai/airflow-on-fargate/agent/internal/fakes3"
)

// refuse makes S3 refuse keys with an answer of its kind.
func (w *world) refuse(code int, name string, keys ...string) {
	w.s3.SetFault(func(rw http.ResponseWriter, r *http.Request) bool {
		for _, key := range keys {
			if strings.HasSuffix(r.URL.Path, "/"+key) {
				rw.WriteHeader(code)
				_, _ = fmt.Fprintf(rw, "<Error><Code>%s</Code><Message>injected</Message></Error>", name)
				return true
			}
		}
		return false
	})
}

// One object that can't be read leaves the rest publishable: it is told, it
// counts, readers keep what they had of it, and it comes once it can be read.
func TestUnreadableObject(t *testing.T) {
	w := newWorld(t)
	w.put(files{"a.py": "1", "kept.py": "1"})
	w.refuse(403, "AccessDenied", "new.py", "kept.py")
	w.put(files{"new.py": "1"})
	w.once(cli.ExitPartial)
	w.sees(files{"a.py": "1"})
	require.Contains(t, w.logs.String(), `"level":"ERROR","msg":"key skipped","source":"s3://dags-bucket/dev/","key":"new.py","reason":"S3 refuses it: status 403 AccessDenied"`)
	w.s3.SetFault(nil)
	w.once(cli.ExitOK)
	w.sees(files{"a.py": "1", "kept.py": "1", "new.py": "1"})

	w.config.report = 20 * time.Millisecond
	stop := w.start()
	w.refuse(400, "KMS.DisabledException", "kept.py")
	w.put(files{"a.py": "2", "kept.py": "2"})
	w.eventually(files{"a.py": "2", "kept.py": "1", "new.py": "1"})
	require.Eventually(t, func() bool { return w.metrics()["SyncRefusedKeys"] == 1.0 }, time.Minute, 5*time.Millisecond)
	w.put(files{"a.py": "3"}) // the rest goes on
	w.eventually(files{"a.py": "3", "kept.py": "1", "new.py": "1"})
	trees := len(w.trees())
	time.Sleep(5 * w.config.interval)
	require.Len(t, w.trees(), trees, "nothing is published for what still can't be read")
	require.NotContains(t, w.logs.String(), "not in step")
	require.Equal(t, 1, strings.Count(w.logs.String(), `"key":"kept.py"`), "told once")
	w.s3.SetFault(nil)
	w.eventually(files{"a.py": "3", "kept.py": "2", "new.py": "1"})
	require.Eventually(t, func() bool { return w.metrics()["SyncRefusedKeys"] == 0.0 }, time.Minute, 5*time.Millisecond)
	require.Equal(t, cli.ExitOK, stop())
	w.wholeTrees()
}

// When nothing new can be read, another object tells whether it is them or the
// permission to read at all.
func TestNothingCanBeRead(t *testing.T) {
	w := newWorld(t)
	w.put(files{"a.py": "1", "b.py": "1"})
	w.refuse(403, "AccessDenied", "a.py", "b.py")
	w.once(cli.ExitFailure)
	require.Contains(t, w.logs.String(), "none of the 2 objects can be read: a.py: S3 refuses it: status 403 AccessDenied")
	require.Nil(t, readersSee(w.target))
	w.s3.SetFault(nil)
	w.once(cli.ExitOK)

	w.put(files{"a.py": "2"})
	w.refuse(403, "AccessDenied", "a.py", "b.py")
	w.once(cli.ExitFailure)
	w.sees(files{"a.py": "1", "b.py": "1"})
	w.refuse(403, "AccessDenied", "a.py")
	for range 2 {
		w.once(cli.ExitPartial)
		w.sees(files{"a.py": "1", "b.py": "1"})
		require.Len(t, w.trees(), 1)
	}
	require.InDelta(t, 1, w.metrics()["SyncRefusedKeys"], 0)
	w.s3.SetFault(nil)
	w.once(cli.ExitOK)
	w.sees(files{"a.py": "2", "b.py": "1"})
}

// A file that takes long is progress while its bytes flow.
func TestProgressIsWhatFlows(t *testing.T) {
	w := newWorld(t)
	content := strings.Repeat("x", 20)
	w.put(files{"big.py": content})
	gone, asked := make(chan struct{}), make(chan struct{})
	w.s3.SetFault(func(rw http.ResponseWriter, r *http.Request) bool {
		if fakes3.IsList(r) {
			return false
		}
		answer := &held{ResponseWriter: rw, step: gone}
		close(asked)
		w.s3.Pass(answer, r)
		return true
	})
	s := w.open(t)
	defer s.mirror.close()
	done := make(chan error, 1)
	go func() { _, err := s.turn(t.Context()); done <- err }()
	<-asked // from here on only bytes are progress
	for range len(content) {
		s.gauge.mu.Lock()
		s.gauge.progress = time.Now().Add(-time.Hour)
		s.gauge.mu.Unlock()
		require.ErrorContains(t, s.healthy(), "nothing got done")
		gone <- struct{}{}
		require.Eventually(t, func() bool { return s.healthy() == nil }, time.Minute, time.Millisecond)
	}
	require.NoError(t, <-done)
	w.sees(files{"big.py": content})
}

// held sends one byte at each step.
type held struct {
	http.ResponseWriter
	step chan struct{}
}

func (h *held) Write(p []byte) (int, error) {
	for i := range p {
		<-h.step
		if _, err := h.ResponseWriter.Write(p[i : i+1]); err != nil {
			return i, err
		}
		h.ResponseWriter.(http.Flusher).Flush()
	}
	return len(p), nil
}

// What somebody removes by hand, whatever it is, comes back at the next look.
func TestRemovedByHand(t *testing.T) {
	for name, remove := range map[string]func(root, link string) error{
		"file":     func(root, _ string) error { return os.Remove(root + "/d/e/c.py") },
		"folder":   func(root, _ string) error { return os.RemoveAll(root + "/d") },
		"tree":     func(root, _ string) error { return os.RemoveAll(root) },
		"manifest": func(root, _ string) error { return os.Remove(root + ".manifest") },
		"link":     func(_, link string) error { return os.Remove(link) },
		"all":      func(root, _ string) error { return os.Rename(filepath.Dir(root), filepath.Dir(root)+".away") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			want := files{"a.py": "1", "d/b.py": "1", "d/e/c.py": "1"}
			stop := w.showing(want)
			root, err := filepath.EvalSymlinks(w.target)
			require.NoError(t, err)
			require.NoError(t, remove(root, w.target))
			require.Eventually(t, func() bool { return strings.Count(w.logs.String(), `"published"`) == 2 }, time.Minute, 5*time.Millisecond)
			w.sees(want)
			require.Equal(t, cli.ExitOK, stop())
			w.config.once = true
			w.once(cli.ExitOK)
			w.sees(want)
			require.Contains(t, w.logs.String(), `"changed":false`)
		})
	}
}

// A prefix that is emptied but for a few files empties no target, unless a push
// or somebody says so.
func TestMassDeletionIsHeldBack(t *testing.T) {
	w := newWorld(t)
	all := packageOf(50, "1")
	w.put(all)
	w.mark("one", bucket.Complete)
	w.once(cli.ExitOK)
	for key := range all {
		if key != "pkg/m00.py" {
			w.s3.Delete(prefix + key)
		}
	}
	w.once(cli.ExitFailure)
	require.Contains(t, w.logs.String(), "49 of 50 files are gone, and no push said so")
	w.sees(all)
	w.put(files{"more.py": "1"})
	w.once(cli.ExitFailure)
	w.sees(all)

	stop := w.start()
	require.Eventually(t, func() bool { return strings.Contains(w.logs.String(), "48 of 50 files are gone") }, time.Minute, 5*time.Millisecond)
	w.sees(all)
	time.Sleep(1100 * time.Millisecond) // S3's clock has seconds
	w.mark("two", bucket.Complete)
	w.eventually(files{"pkg/m00.py": "1", "more.py": "1"})
	require.Equal(t, cli.ExitOK, stop())

	w.put(packageOf(50, "1"))
	w.config.once = true
	w.once(cli.ExitOK)
	for key := range all {
		w.s3.Delete(prefix + key)
	}
	w.once(cli.ExitFailure)
	w.config.allowEmpty = true
	w.once(cli.ExitOK)
	w.sees(files{"more.py": "1"})
}

// Half of the files may go, and a few may always; renames count for nothing.
func TestOrdinaryDeletionsAreFollowed(t *testing.T) {
	w := newWorld(t)
	w.put(packageOf(20, "1"))
	w.once(cli.ExitOK)
	left := packageOf(10, "1")
	for key := range packageOf(20, "1") {
		if _, stays := left[key]; !stays {
			w.s3.Delete(prefix + key)
		}
	}
	w.once(cli.ExitOK)
	w.sees(left)
	for key := range left {
		w.s3.Delete(prefix + key)
		w.put(files{"renamed/" + key: "1"})
	}
	w.once(cli.ExitOK)
	for key := range left {
		if key != "pkg/m00.py" {
			w.s3.Delete(prefix + "renamed/" + key)
		}
	}
	w.once(cli.ExitOK)
	w.sees(files{"renamed/pkg/m00.py": "1"})
}

// A file that is renamed in upper and lower case only, and whose old object
// stays, is seen under its new name.
func TestRenamedInCaseOnly(t *testing.T) {
	for _, names := range [][2]string{{"Report.py", "report.py"}, {"report.py", "Report.py"}} {
		w := newWorld(t)
		w.put(files{names[0]: "old"})
		w.once(cli.ExitOK)
		time.Sleep(5 * time.Millisecond)
		w.put(files{names[1]: "new"})
		w.once(cli.ExitPartial)
		w.sees(files{names[1]: "new"})
		require.Contains(t, w.logs.String(), fmt.Sprintf(`"key":%q`, names[0]))
	}
}

// A mark that is deleted while its push is under way shows no mixture: the
// push writes it again. One that stays away was deleted on purpose.
func TestMarkDeletedDuringAPush(t *testing.T) {
	w := newWorld(t)
	w.put(files{"a.py": "1", "b.py": "1"})
	s := w.open(t)
	defer s.mirror.close()
	turn := func() error { _, err := s.turn(t.Context()); return err }
	require.NoError(t, turn())
	w.mark("one", bucket.Pushing)
	w.put(files{"a.py": "2"})
	require.ErrorIs(t, turn(), errPushing)
	w.s3.Delete(prefix + bucket.MarkKey)
	require.ErrorIs(t, turn(), errPushing)
	w.sees(files{"a.py": "1", "b.py": "1"})
	w.mark("one", bucket.Pushing)
	w.put(files{"b.py": "2"})
	require.ErrorIs(t, turn(), errPushing)
	require.True(t, s.mirror.push.gone.IsZero())
	w.s3.Delete(prefix + bucket.MarkKey)
	require.ErrorContains(t, turn(), "the mark of one is missing since")
	s.mirror.push.gone = time.Now().Add(-missingMark)
	require.NoError(t, turn())
	w.sees(files{"a.py": "2", "b.py": "2"})
}

// What it costs to look and to publish doesn't grow with what was published
// before.
func TestCostDoesNotGrowWithHistory(t *testing.T) {
	w := newWorld(t)
	w.put(files{"a.py": "0", "b.py": "0"})
	s := w.open(t)
	defer s.mirror.close()
	var calls atomic.Int64
	w.disk.Before = func(op, _ string) error {
		if op != "utimes" { // as it happens to be the same second, or not
			calls.Add(1)
		}
		return nil
	}
	var costs [][2]int64
	for i := range 150 {
		w.put(files{"a.py": fmt.Sprint(i + 1)})
		var cost [2]int64
		for k := range cost {
			calls.Store(0)
			_, err := s.turn(t.Context())
			require.NoError(t, err)
			require.NoError(t, s.mirror.tidyUp(t.Context()))
			cost[k] = calls.Load()
		}
		costs = append(costs, cost)
	}
	require.Equal(t, costs[5][1], costs[149][1], "a look")
	require.InDelta(t, costs[5][0], costs[149][0], 15, "a publication, and the removal of one tree")
	require.Len(t, w.trees(), 100)
	w.wholeTrees()
}
