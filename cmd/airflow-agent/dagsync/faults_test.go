package dagsync

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/pathwai/airflow-on-fargate/cmd/airflow-agent/cli"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

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
	mount := w.smallDisk()
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
	mount := w.smallDisk()
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

// unfinished are the trees without a manifest, and what is left of them.
func (w *world) unfinished() []string {
	entries, err := os.ReadDir(w.home())
	require.NoError(w.t, err)
	var list []string
	for _, e := range entries {
		name, isManifest := strings.CutSuffix(e.Name(), ".manifest")
		other := name + ".manifest"
		if isManifest {
			other = name
		}
		if _, err := os.Stat(filepath.Join(w.home(), other)); e.Name() != "lock" && errors.Is(err, os.ErrNotExist) {
			list = append(list, e.Name())
		}
	}
	return list
}

// No room for the manifest is left after the files: what was made goes, or
// the disk would stay full.
func TestFullDiskAtTheManifest(t *testing.T) {
	w := newWorld(t)
	w.put(files{"a.py": "1"})
	s := w.open(t)
	defer s.mirror.close()
	_, err := s.turn(t.Context())
	require.NoError(t, err)
	w.put(files{"a.py": "2", "b.py": "2"})
	for _, fault := range []unix.Errno{unix.ENOSPC, unix.EDQUOT} {
		w.disk.Before = func(op, path string) error {
			if op == "write" && strings.HasSuffix(path, ".tmp") {
				return fault
			}
			return nil
		}
		for range 3 {
			_, err = s.turn(t.Context())
			require.ErrorIs(t, err, fault)
			require.Empty(t, w.unfinished())
			w.sees(files{"a.py": "1"})
		}
	}
	w.disk.Before = nil
	_, err = s.turn(t.Context())
	require.NoError(t, err)
	w.sees(files{"a.py": "2", "b.py": "2"})
}

// The same on a disk that is really full, and gets a little room later.
func TestFullDiskHeals(t *testing.T) {
	w := newWorld(t)
	mount := w.smallDisk()
	w.put(files{"a.py": "1"})
	s := w.open(t)
	defer s.mirror.close()
	_, err := s.turn(t.Context())
	require.NoError(t, err)
	page := os.Getpagesize()
	ballast, err := os.Create(filepath.Join(mount, "ballast"))
	require.NoError(t, err)
	defer func() { _ = ballast.Close() }()
	var free unix.Statfs_t
	require.NoError(t, unix.Statfs(mount, &free))
	// Just as much room as the next tree's file needs.
	fill := int(free.Bavail)*int(free.Bsize) - 20*page
	_, err = ballast.Write(make([]byte, fill))
	require.NoError(t, err)
	big := strings.Repeat("x", 20*page)
	w.put(files{"big": big})
	for range 3 {
		_, err = s.turn(t.Context())
		require.ErrorIs(t, err, unix.ENOSPC)
		require.ErrorContains(t, err, "publishing: write", "the files had room")
		w.sees(files{"a.py": "1"})
	}
	require.NoError(t, ballast.Truncate(int64(fill-4*page)))
	_, err = s.turn(t.Context())
	require.NoError(t, err)
	w.sees(files{"a.py": "1", "big": big})
}

// smallDisk puts the target on a file system of 1 MB in memory, where the
// tests may mount one.
func (w *world) smallDisk() string {
	mount := w.t.TempDir()
	if err := unix.Mount("tmpfs", mount, "tmpfs", 0, "size=1m"); err != nil {
		w.t.Skipf("SKIPPED: a file system of 1 MB can't be mounted here: %v", err)
	}
	w.t.Cleanup(func() { require.NoError(w.t, unix.Unmount(mount, unix.MNT_DETACH)) })
	w.target = filepath.Join(mount, "dags")
	w.config.pairs[0].Target = w.target
	return mount
}
