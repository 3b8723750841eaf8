package dagsync

import (
	"errors"
	"log/slog"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pathwai/airflow-on-fargate/cmd/airflow-agent/cli"
	"github.com/pathwai/airflow-on-fargate/cmd/airflow-agent/dagsync/bucket"
	"github.com/pathwai/airflow-on-fargate/cmd/airflow-agent/dagsync/tree"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

var errCrash = errors.New("the machine is gone")

// TestCrashAtEveryCall stops the agent before each of its calls to the file
// system, one after the other, in a run that publishes, prepares the next
// tree, removes old ones and uses an old one again. Readers must see one
// whole version at each moment, and the next run must come out right.
func TestCrashAtEveryCall(t *testing.T) {
	old := files{"a.py": "1", "same.py": "1", "d/b.py": "1", "d/e/c.py": "1", "turns/into.py": "1", "f": "1"}
	next := files{"a.py": "2", "same.py": "1", "d/new.py": "1", "turns": "2", "f/g": "1", "x/y/z.py": "1"}
	for name, keep := range map[string]time.Duration{"old trees are kept": time.Hour, "old trees are used again": 0} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			calls, before, after := 0, 0, 0
			for at := 1; ; at++ {
				w := newWorld(t)
				w.config.keep = keep
				w.put(files{"a.py": "0", "same.py": "1", "older.py": "1"})
				w.once(cli.ExitOK)
				for key := range map[string]bool{"older.py": true, "a.py": true} {
					w.s3.Delete(prefix + key)
				}
				w.put(old)
				w.once(cli.ExitOK)
				for key := range old {
					w.s3.Delete(prefix + key)
				}
				w.put(next)
				crashed := w.crash(at)
				switch seen := readersSee(w.target); {
				case equal(seen, old):
					before++
				case equal(seen, next):
					after++
				default:
					require.Fail(t, "a mixed tree", "after %d calls: %v", at, seen)
				}
				w.disk.Before = nil
				w.once(cli.ExitOK)
				w.sees(next)
				w.once(cli.ExitOK)
				require.Contains(t, w.logs.String(), `"changed":false`, "after %d calls", at)
				require.Empty(t, w.rest(), "after %d calls", at)
				w.wholeTrees()
				require.NoError(t, w.s3.Close())
				if !crashed {
					calls = at - 1
					break
				}
			}
			t.Logf("%d calls: readers saw the old tree after %d crashes, the new one after %d", calls, before, after)
			require.Greater(t, before, 20)
			require.Greater(t, after, 20)
		})
	}
}

// crash runs one pass with all its upkeep, in which no call to the file
// system gets through from the given one on.
func (w *world) crash(at int) bool {
	var calls atomic.Int64
	w.disk.Before = func(string, string) error {
		if calls.Add(1) >= int64(at) {
			return errCrash
		}
		return nil
	}
	client, err := bucket.New(w.t.Context(), w.s3.Config(), "test")
	require.NoError(w.t, err)
	defer client.Close()
	syncers, err := w.config.open(w.t.Context(), client, w.disk, nil, slog.New(slog.DiscardHandler))
	defer func() {
		for _, s := range syncers {
			s.mirror.close()
		}
	}()
	if err == nil {
		var ok bool
		ok, err = syncers[0].mirror.lock()
		require.Equal(w.t, err == nil, ok)
	}
	if err == nil {
		_, err = syncers[0].mirror.pass(w.t.Context())
	}
	if err == nil {
		err = syncers[0].mirror.maintain(w.t.Context(), time.Now().Add(time.Second), true)
	}
	if err != nil {
		require.ErrorIs(w.t, err, errCrash)
	}
	return calls.Load() >= int64(at)
}

// wholeTrees checks that all finished trees are as their manifests say.
func (w *world) wholeTrees() {
	w.t.Helper()
	store, err := tree.Open(w.disk, w.target)
	require.NoError(w.t, err)
	defer store.Close()
	contents, err := store.Scan()
	require.NoError(w.t, err)
	require.NotEmpty(w.t, contents.Trees)
	for _, number := range contents.Trees {
		m, err := store.Load(number)
		require.NoError(w.t, err)
		dir, err := store.OpenTree(number)
		require.NoError(w.t, err)
		damage, err := tree.Verify(w.t.Context(), dir, m.Entries, true)
		dir.Close()
		require.NoError(w.t, err)
		require.True(w.t, damage.None(), "tree %d: %+v", number, damage)
	}
}

// Faults of the disk: nothing is shown that isn't whole, and all is well
// once the disk is.
func TestDiskFaults(t *testing.T) {
	for _, op := range []string{
		"mkdir", "create", "write", "close", "link", "opendir", "readdir", "stat", "unlink", "rename", "symlink", "syncfs", "fsync", "lock", "open", "read",
	} {
		for _, fault := range []unix.Errno{unix.ENOSPC, unix.EIO, unix.EROFS, unix.EDQUOT, unix.ESTALE} {
			t.Run(op+" "+fault.Error(), func(t *testing.T) {
				t.Parallel()
				w := newWorld(t)
				w.put(files{"a.py": "1", "d/b.py": "1"})
				w.once(cli.ExitOK)
				w.put(files{"a.py": "2", "e/c.py": "1"})
				var hit atomic.Bool
				w.disk.Before = func(o, path string) error {
					if o == op && !strings.HasSuffix(path, "/sync/") {
						hit.Store(true)
						return fault
					}
					return nil
				}
				code := w.run(t.Context())
				require.True(t, hit.Load(), "the fault was never met")
				seen := readersSee(w.target)
				if code == cli.ExitOK || op == "fsync" {
					w.sees(files{"a.py": "2", "d/b.py": "1", "e/c.py": "1"})
				} else {
					require.Equal(t, files{"a.py": "1", "d/b.py": "1"}, seen)
					require.Equal(t, cli.ExitFailure, code)
				}
				w.disk.Before = nil
				w.once(cli.ExitOK)
				w.sees(files{"a.py": "2", "d/b.py": "1", "e/c.py": "1"})
				w.once(cli.ExitOK)
				require.Empty(t, w.rest())
			})
		}
	}
}

// A disk that is really full: a small file system in memory, where the tests
// may mount one.
func TestFullDisk(t *testing.T) {
	w := newWorld(t)
	mount := t.TempDir()
	if err := unix.Mount("tmpfs", mount, "tmpfs", 0, "size=1m"); err != nil {
		t.Skipf("SKIPPED: a file system of 1 MB can't be mounted here: %v", err)
	}
	t.Cleanup(func() { require.NoError(t, unix.Unmount(mount, unix.MNT_DETACH)) })
	w.target = filepath.Join(mount, "dags")
	w.config.pairs[0].Target = w.target
	w.put(files{"a.py": "1"})
	w.once(cli.ExitOK)
	big := strings.Repeat("x", 400<<10)
	w.put(files{"a.py": "2", "big1": big, "big2": big, "big3": big})
	for range 3 {
		w.once(cli.ExitFailure)
		require.Contains(t, w.logs.String(), "no space left on device")
		w.sees(files{"a.py": "1"})
	}
	var free unix.Statfs_t
	require.NoError(t, unix.Statfs(mount, &free))
	require.Greater(t, free.Bavail*uint64(free.Bsize), uint64(900<<10), "what was half made is gone")
	w.s3.Delete(prefix + "big3")
	w.once(cli.ExitOK)
	w.sees(files{"a.py": "2", "big1": big, "big2": big})
}

// A target that can't be written, for real: read-only for everybody.
func TestReadOnlyTarget(t *testing.T) {
	w := newWorld(t)
	mount := t.TempDir()
	if err := unix.Mount("tmpfs", mount, "tmpfs", 0, "size=1m"); err != nil {
		t.Skipf("SKIPPED: a file system can't be mounted here: %v", err)
	}
	t.Cleanup(func() { require.NoError(t, unix.Unmount(mount, unix.MNT_DETACH)) })
	w.target = filepath.Join(mount, "dags")
	w.config.pairs[0].Target = w.target
	w.put(files{"a.py": "1"})
	w.once(cli.ExitOK)
	require.NoError(t, unix.Mount("", mount, "", unix.MS_REMOUNT|unix.MS_RDONLY, ""))
	w.put(files{"a.py": "2"})
	w.once(cli.ExitFailure)
	require.Contains(t, w.logs.String(), "read-only file system")
	w.sees(files{"a.py": "1"})
	require.NoError(t, unix.Mount("", mount, "", unix.MS_REMOUNT, ""))
	w.once(cli.ExitOK)
	w.sees(files{"a.py": "2"})
}
