package dagsync

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/pathwai/airflow-on-fargate/agent/cli"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

var (
	diskCalls = []string{
		"mkdir", "create", "write", "close", "utimes", "opendir", "link", "readdir", "stat", "remove", "rename", "symlink", "readlink", "syncfs", "fsync", "lock", "read",
	}
	diskErrors = []unix.Errno{unix.ENOSPC, unix.EIO, unix.EROFS, unix.EDQUOT, unix.ESTALE}
)

// Faults of the disk: nothing is shown that isn't whole, and all is well
// once the disk is.
func TestDiskFaults(t *testing.T) {
	for _, op := range diskCalls {
		for _, fault := range diskErrors {
			t.Run(op+" "+fault.Error(), func(t *testing.T) {
				t.Parallel()
				w := newWorld(t)
				w.put(files{"a.py": "1", "d/b.py": "1"})
				w.once(cli.ExitOK)
				w.put(files{"a.py": "2", "e/c.py": "1"})
				var hit atomic.Bool
				w.disk.Before = func(o, path string) error {
					if o == op {
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

// The same with one agent that lives on: what it keeps in mind over a fault,
// and over many of them, must fit what lies on the disk. Between a fault and
// the next look files go from the bucket, and with them a folder.
func TestDiskFaultsInTurn(t *testing.T) {
	for _, op := range append(slices.Clone(diskCalls), "close+remove", "write+remove", "utimes+remove") {
		if op == "read" { // the record is read at a start only
			continue
		}
		t.Run(op, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.config.keep = 0 // old trees are removed
			stays := files{"a.py": "0", "b.py": "0"}
			w.put(stays)
			s := w.open(t)
			defer s.mirror.close()
			_, err := s.turn(t.Context())
			require.NoError(t, err)
			hits := 0
			for i, fault := range append(slices.Clone(diskErrors), diskErrors...) {
				for _, tidy := range []bool{false, true} {
					before := maps.Clone(stays)
					stays["a.py"] = fmt.Sprintf("%d %t", i, tidy)
					w.put(stays)
					goes := files{"goes.py": "1", "d/goes.py": "1", "d/e/goes.py": "1"}
					w.put(goes)
					w.put(files{"f/soon.py": "1"})
					maps.Copy(goes, stays)
					more := maps.Clone(goes)
					more["f/soon.py"] = "1"
					if op == "lock" {
						require.NoError(t, os.Rename(w.home()+"/lock", w.home()+"/lock.old"))
					}
					// The first so many calls get through.
					through := int64(i / len(diskErrors) * 2)
					var calls atomic.Int64
					w.disk.Before = func(o, path string) error {
						if strings.Contains("+"+op+"+", "+"+o+"+") && calls.Add(1) > through {
							return fault
						}
						return nil
					}
					for range 2 {
						_, err = s.turn(t.Context())
						w.s3.Delete(prefix + "f/soon.py")
						if err == nil && tidy {
							err = s.mirror.tidyUp(t.Context())
						}
						if err != nil {
							hits++
						}
						if seen := readersSee(w.target); !equal(seen, before) && !equal(seen, more) {
							require.Equal(t, goes, seen)
						}
					}
					w.disk.Before = nil
					for key := range goes {
						if _, ok := stays[key]; !ok {
							w.s3.Delete(prefix + key)
						}
					}
					_, err = s.turn(t.Context())
					require.NoError(t, err, "after %v", fault)
					w.sees(stays)
					w.wholeTrees()
					require.NoError(t, s.mirror.tidyUp(t.Context()))
					require.Empty(t, w.unfinished())
				}
			}
			require.Positive(t, hits, "the fault was never met")
		})
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

	// One agent that lives on.
	s := w.open(t)
	defer s.mirror.close()
	_, err := s.turn(t.Context())
	require.NoError(t, err)
	for i := range 3 {
		w.put(files{"a.py": fmt.Sprint(3 + i), "big3": big})
		for range 3 {
			_, err = s.turn(t.Context())
			require.ErrorIs(t, err, unix.ENOSPC)
			require.Empty(t, w.unfinished())
		}
		w.s3.Delete(prefix + "big3")
		_, err = s.turn(t.Context())
		require.NoError(t, err)
		w.sees(files{"a.py": fmt.Sprint(3 + i), "big1": big, "big2": big})
	}
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
		w.before("write", ".tmp", func() error { return fault })
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
