package dagsync

import (
	"fmt"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/pathwai/airflow-on-fargate/agent/cli"
	"github.com/pathwai/airflow-on-fargate/agent/dagsync/bucket"
	"github.com/pathwai/airflow-on-fargate/agent/internal/fakes3"
)

// turning is an agent that looks when it is told to, and has looked once.
func (w *world) turning() (s *syncer, turn func() error) {
	s = w.open(w.t)
	w.t.Cleanup(s.mirror.close)
	turn = func() error { _, err := s.turn(w.t.Context()); return err }
	require.NoError(w.t, turn())
	return s, turn
}

// onSecondPage does something just before the nth listing's second page is
// answered: what the first page held is then of the time before.
func (w *world) onSecondPage(nth int64, do func()) (done *atomic.Bool) {
	var pages atomic.Int64
	done = new(atomic.Bool)
	w.s3.SetFault(func(_ http.ResponseWriter, r *http.Request) bool {
		if r.URL.Query().Get("continuation-token") != "" && pages.Add(1) == nth {
			do()
			done.Store(true)
		}
		return false
	})
	return done
}

// Pushes that end while an agent, which knows the release before, lists: what
// it listed before, and has, is never shown with what came after.
func TestPushEndsWhileListed(t *testing.T) {
	for name, row := range map[string]struct {
		listing int64
		push    func(w *world)
	}{
		"in the first listing": {1, func(w *world) {
			w.put(files{"!000.py": "3"})
			w.mark("two", bucket.Complete)
		}},
		"in the listing after a push, another one, whole": {2, func(w *world) {
			w.mark("three", bucket.Pushing)
			w.put(files{"!000.py": "3", "z.py": "3"})
			w.mark("three", bucket.Complete)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			all := files{"z.py": "1"}
			for i := range 1000 { // a page, so that the mark is on the next
				all[fmt.Sprintf("!%03d.py", i)] = "1"
			}
			w.put(all)
			w.mark("one", bucket.Complete)
			_, turn := w.turning()
			w.mark("two", bucket.Pushing)
			w.put(files{"z.py": "3"})
			if row.listing == 2 {
				w.put(files{"z.py": "2"})
				w.mark("two", bucket.Complete)
			}
			done := w.onSecondPage(row.listing, func() { row.push(w) })
			require.NoError(t, turn())
			require.True(t, done.Load())
			all["!000.py"], all["z.py"] = "3", "3"
			w.sees(all)
			require.Len(t, w.trees(), 2, "nothing in between was shown")
		})
	}
}

// An upload that pauses less than it settles is one tree.
func TestUploadThatGoesOnAtEachLook(t *testing.T) {
	w := newWorld(t)
	w.put(files{"a.py": "1"})
	_, turn := w.turning()
	w.put(files{"b.py": "1"})
	var lists atomic.Int64
	w.s3.SetFault(func(_ http.ResponseWriter, r *http.Request) bool {
		if n := lists.Add(1); fakes3.IsList(r) && (n == 2 || n == 3) {
			w.put(files{fmt.Sprintf("c%d.py", n): "1"})
		}
		return false
	})
	require.NoError(t, turn())
	w.sees(files{"a.py": "1", "b.py": "1", "c2.py": "1", "c3.py": "1"})
	require.Len(t, w.trees(), 2)
}

// Of several objects that S3 refuses each is asked for in its turn.
func TestAnyRefusedObjectIsNoticed(t *testing.T) {
	w := newWorld(t)
	w.put(files{"a.py": "1", "b.py": "1", "c.py": "1", "d.py": "1"})
	w.refuse(403, "AccessDenied", "b.py", "c.py", "d.py")
	_, turn := w.turning()
	w.sees(files{"a.py": "1"})
	w.refuse(403, "AccessDenied", "b.py", "d.py")
	for range 3 {
		require.NoError(t, turn())
	}
	w.sees(files{"a.py": "1", "c.py": "1"})
}

// An answer breaks off, and then S3 refuses: of the half that came nothing is shown.
func TestRefusedAfterHalfOfIt(t *testing.T) {
	w := newWorld(t)
	w.put(files{"a.py": "1"})
	_, turn := w.turning()
	w.put(files{"a.py": "2", "new.py": strings.Repeat("x", 1000)})
	var gets atomic.Int64
	w.s3.SetFault(func(rw http.ResponseWriter, r *http.Request) bool {
		switch {
		case !strings.HasSuffix(r.URL.Path, "/new.py"):
			return false
		case gets.Add(1) == 1:
			return w.rewrite(rw, r, func(text string) string { return text[:500] })
		}
		rw.WriteHeader(403)
		return true
	})
	require.ErrorContains(t, turn(), "StatusCode: 403")
	w.sees(files{"a.py": "1"})
	require.NoError(t, turn())
	w.sees(files{"a.py": "2"})
	w.wholeTrees()
}

// However a disk says that it is full, what is half made goes at once.
func TestFullDiskByQuota(t *testing.T) {
	for _, fault := range []error{unix.ENOSPC, unix.EDQUOT} {
		w := newWorld(t)
		w.put(files{"a.py": "1"})
		_, turn := w.turning()
		w.put(files{"b.py": "1", "c.py": "1"})
		w.before("write", "c.py", func() error { return fault })
		require.ErrorIs(t, turn(), fault)
		require.Empty(t, w.unfinished())
		w.sees(files{"a.py": "1"})
	}
}

// What an attempt left that isn't wanted any more goes at the next look.
func TestFailedAttemptThatIsNotWantedAnyMore(t *testing.T) {
	w := newWorld(t)
	w.put(files{"a.py": "1"})
	s, turn := w.turning()
	w.put(files{"b.py": "1", "z.py": "1"})
	w.failFor("z.py")
	require.Error(t, turn())
	require.Len(t, w.unfinished(), 1)
	w.s3.SetFault(nil)
	w.s3.Delete(prefix + "b.py")
	w.s3.Delete(prefix + "z.py")
	require.NoError(t, turn())
	require.Nil(t, s.mirror.failed)
	require.Empty(t, w.unfinished())
	w.sees(files{"a.py": "1"})
}

// What a disk failed to keep may be lost though it can be read: it is fetched anew.
func TestNothingIsLinkedFromWhatWasNotKept(t *testing.T) {
	w := newWorld(t)
	w.put(files{"a.py": "1"})
	_, turn := w.turning()
	w.put(files{"b.py": "1"})
	w.before("syncfs", "", func() error { return unix.EIO })
	require.ErrorContains(t, turn(), "publishing")
	w.disk.Before = nil
	_, before := w.s3.Requests()
	require.NoError(t, turn())
	_, after := w.s3.Requests()
	require.Equal(t, 1, after-before)
	w.sees(files{"a.py": "1", "b.py": "1"})
}

// A number that another writer took again, while the lock was lost, names
// another tree: nothing is linked from it by what was known before.
func TestNumberTakenAgainByAnotherWriter(t *testing.T) {
	w := newWorld(t)
	w.put(files{"a.py": "1", "b.py": "1"})
	_, turn := w.turning()
	w.put(files{"a.py": "2", "z.py": "2"})
	w.failFor("z.py")
	require.Error(t, turn())
	w.s3.SetFault(nil)
	w.put(files{"a.py": "1"})
	w.s3.Delete(prefix + "z.py")
	w.takeOver(w.t.(*testing.T)) // in step; it removes what is unfinished
	require.Empty(t, w.unfinished())
	w.put(files{"a.py": "3"})
	other := *w
	other.once(cli.ExitOK)
	require.Len(t, w.trees(), 2)
	w.put(files{"a.py": "2"})
	require.NoError(t, turn())
	w.sees(files{"a.py": "2", "b.py": "1"})
	w.wholeTrees()
}

// The lock goes while S3 lists: no next tree is begun.
func TestLockLostDuringAListing(t *testing.T) {
	w := newWorld(t)
	w.put(files{"a.py": "1"})
	_, turn := w.turning()
	w.put(files{"a.py": "2"})
	w.s3.SetFault(func(http.ResponseWriter, *http.Request) bool {
		w.s3.SetFault(nil)
		require.NoError(t, os.Rename(w.home()+"/lock", w.home()+"/lock.old"))
		return false
	})
	require.ErrorContains(t, turn(), "lock: no such file")
	require.NoDirExists(t, w.home()+"/tree-000002")
	require.NoError(t, turn())
	w.sees(files{"a.py": "2"})
}

// The lock goes when all is ready but the link: it stays where it is.
func TestLockLostAtTheLastMoment(t *testing.T) {
	w := newWorld(t)
	w.put(files{"a.py": "1"})
	_, turn := w.turning()
	w.put(files{"a.py": "2"})
	w.before("syncfs", "", func() error { return os.Rename(w.home()+"/lock", w.home()+"/lock.old") })
	require.ErrorContains(t, turn(), "publishing")
	w.disk.Before = nil
	w.sees(files{"a.py": "1"})
	require.NoError(t, turn())
	w.sees(files{"a.py": "2"})
	w.wholeTrees()
}

// Removing takes no more of a look than its share, and goes on at the next.
func TestTidyingTakesItsShare(t *testing.T) {
	w := newWorld(t)
	w.put(files{"a.py": "0"})
	s, turn := w.turning()
	for i := range 8 {
		w.put(files{"a.py": fmt.Sprint(i + 1)})
		require.NoError(t, turn())
	}
	require.Len(t, w.trees(), 9)
	s.mirror.options.keep, s.mirror.untidy = 0, true
	w.before("remove", ".manifest", func() error {
		time.Sleep(tidyTime / 3)
		return nil
	})
	require.NoError(t, s.mirror.tidyUp(t.Context()))
	require.Greater(t, len(w.trees()), 4)
	require.Less(t, len(w.trees()), 9)
	w.disk.Before = nil
	require.NoError(t, turn())
	require.Len(t, w.trees(), 1)
	w.wholeTrees()
}

// Ten of fifteen files are many; another source may hold fewer.
func TestMassDeletionAtItsLimit(t *testing.T) {
	w := newWorld(t)
	w.put(packageOf(15, "1"))
	w.once(cli.ExitOK)
	for i := range 10 {
		w.s3.Delete(fmt.Sprintf("%spkg/m%02d.py", prefix, i))
	}
	w.once(cli.ExitFailure)
	require.Contains(t, w.logs.String(), "10 of 15 files are gone, and no push said so")
	w.sees(packageOf(15, "1"))
	w.s3.Put("prod/a.py", "1")
	w.config.pairs[0].Prefix = "prod/"
	w.once(cli.ExitOK)
	w.sees(files{"a.py": "1"})
}

// Pipes and folders where files and folders belong, of the shown tree, of its
// record and of an old one's: nothing waits for them, and they go.
func TestPipesAndFolders(t *testing.T) {
	for name, plant := range map[string]func(home string) error{
		"a pipe for a folder":            func(h string) error { return replaced(h+"/tree-000002/d", unix.Mkfifo) },
		"a pipe for a file":              func(h string) error { return replaced(h+"/tree-000002/a.py", unix.Mkfifo) },
		"a pipe for the tree":            func(h string) error { return replaced(h+"/tree-000002", unix.Mkfifo) },
		"a pipe for the record":          func(h string) error { return replaced(h+"/tree-000002.manifest", unix.Mkfifo) },
		"a folder for the record":        func(h string) error { return replaced(h+"/tree-000002.manifest", unix.Mkdir) },
		"a pipe for an old record":       func(h string) error { return replaced(h+"/tree-000001.manifest", unix.Mkfifo) },
		"a folder for an old record":     func(h string) error { return replaced(h+"/tree-000001.manifest", unix.Mkdir) },
		"a link for an old record":       func(h string) error { return relink(h+"/tree-000001.manifest", "/etc/passwd") },
		"a pipe for an old tree":         func(h string) error { return replaced(h+"/tree-000001", unix.Mkfifo) },
		"the last number there is":       func(h string) error { return unix.Mkdir(h+"/tree-999999999999999999", 0o755) },
		"a pipe of the last number":      func(h string) error { return unix.Mkfifo(h+"/tree-999999999999999999", 0o644) },
		"a record of the last number":    func(h string) error { return os.WriteFile(h+"/tree-999999999999999999.manifest", nil, 0o644) },
		"more digits than a number has":  func(h string) error { return unix.Mkdir(h+"/tree-9999999999999999999999", 0o755) },
		"a name that is no UTF-8":        func(h string) error { return unix.Mkdir(h+"/tree-\xff\xfe", 0o755) },
		"a name with a line break":       func(h string) error { return unix.Mkdir(h+"/tree-000003\n", 0o755) },
		"the longest name there may be":  func(h string) error { return unix.Mkdir(h+"/"+strings.Repeat("t", 255), 0o755) },
		"a folder that nobody may enter": func(h string) error { return unix.Mkdir(h+"/odd", 0) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.put(files{"a.py": "1", "d/b.py": "1"})
			w.once(cli.ExitOK)
			w.put(files{"a.py": "2"})
			before := files{"a.py": "2", "d/b.py": "1"}
			s, turn := w.turning()
			w.sees(before)
			require.NoError(t, plant(w.home()))
			w.put(files{"c.py": "1"})
			want := files{"a.py": "2", "d/b.py": "1", "c.py": "1"}
			done := make(chan error, 1)
			go func() { done <- turn() }()
			select {
			case err := <-done:
				if err != nil {
					require.ErrorContains(t, err, "there is no number after that of the last tree")
					w.sees(before)
				} else {
					w.sees(want)
				}
			case <-time.After(time.Minute):
				require.Fail(t, "it waits for ever")
			}
			require.NoError(t, turn())
			w.sees(want)
			s.mirror.options.keep, s.mirror.untidy = 0, true
			require.NoError(t, turn())
			w.sees(want)
			require.Len(t, w.trees(), 1, "old ones go, whatever lies in their place")
			require.Empty(t, w.rest())
			w.wholeTrees()
		})
	}
}

// replaced puts something else in the place of a name.
func replaced(name string, by func(string, uint32) error) error {
	if err := os.RemoveAll(name); err != nil {
		return err
	}
	return by(name, 0o755)
}
