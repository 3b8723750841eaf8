package dagsync

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/pathwai/airflow-on-fargate/agent/cli"
)

// What lies in the way, whoever put it there: the sync goes on around it, or
// says what it is and leaves readers where they are. Nothing outside is ever
// written, read or removed.
func TestThingsInTheWay(t *testing.T) {
	want := files{"a.py": "2", "d/b.py": "1", "e/c.py": "1"}
	for name, row := range map[string]struct {
		plant func(home, outside string) error
		err   string // when it can't go on
	}{
		"a link in the place of the next tree":       {plant: func(h, o string) error { return os.Symlink(o, h+"/tree-000002") }},
		"a file in the place of the next tree":       {plant: func(h, _ string) error { return os.WriteFile(h+"/tree-000002", nil, 0o644) }},
		"a directory in the place of the record":     {plant: func(h, _ string) error { return os.MkdirAll(h+"/tree-000002.manifest/x", 0o755) }},
		"a record without a tree":                    {plant: func(h, _ string) error { return os.WriteFile(h+"/tree-000002.manifest", []byte("x"), 0o644) }},
		"a link to nowhere":                          {plant: func(h, _ string) error { return os.Symlink("nowhere", h+"/odd") }},
		"a link in a circle":                         {plant: func(h, _ string) error { return os.Symlink("circle", h+"/circle") }},
		"a link to the trees":                        {plant: func(h, _ string) error { return os.Symlink(".", h+"/odd") }},
		"a link to what readers see":                 {plant: func(h, _ string) error { return os.Symlink("tree-000001", h+"/odd") }},
		"a link to the outside":                      {plant: func(h, o string) error { return os.Symlink(o, h+"/stage") }},
		"a deep folder":                              {plant: func(h, _ string) error { return os.MkdirAll(h+"/odd"+strings.Repeat("/deep", 300), 0o755) }},
		"a pipe":                                     {plant: func(h, _ string) error { return unix.Mkfifo(h+"/pipe", 0o644) }},
		"the next link, left by a dead writer":       {plant: func(h, o string) error { return os.Symlink(o, h+"/next") }},
		"a folder in the place of the next link":     {plant: func(h, _ string) error { return os.MkdirAll(h+"/next/x", 0o755) }},
		"a record, half written by a dead writer":    {plant: func(h, _ string) error { return os.WriteFile(h+"/tree-000002.tmp", []byte("x"), 0o644) }},
		"a tree of the last number with six digits":  {plant: func(h, _ string) error { return os.Mkdir(h+"/tree-999999", 0o755) }},
		"a tree of the last number with nine digits": {plant: func(h, _ string) error { return os.Mkdir(h+"/tree-999999999", 0o755) }},
		"a folder in the place of the lock": {
			plant: func(h, _ string) error { return os.Remove(h + "/lock") }, err: "lock: is a directory",
		},
		"a link in the place of the lock": {
			plant: func(h, o string) error { return os.Remove(h + "/lock") }, err: "path escapes from parent",
		},
		"the lock file of another host": {plant: func(h, _ string) error { return os.WriteFile(h+"/lock", []byte("other-host process 1\n"), 0o644) }},
		"a tree shown, turned into a link": {plant: func(h, o string) error {
			return os.Rename(h+"/tree-000001", o+"/tree")
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.put(files{"a.py": "1", "d/b.py": "1"})
			w.once(cli.ExitOK)
			outside := t.TempDir()
			require.NoError(t, os.WriteFile(outside+"/precious", []byte("p"), 0o644))
			require.NoError(t, row.plant(w.home(), outside))
			switch name {
			case "a folder in the place of the lock":
				require.NoError(t, os.Mkdir(w.home()+"/lock", 0o755))
			case "a link in the place of the lock":
				require.NoError(t, os.Symlink(outside+"/precious", w.home()+"/lock"))
			case "a tree shown, turned into a link":
				require.NoError(t, os.Symlink(outside+"/tree", w.home()+"/tree-000001"))
			}
			w.put(files{"a.py": "2", "e/c.py": "1"})
			if row.err != "" {
				w.once(cli.ExitFailure)
				require.Contains(t, w.logs.String(), row.err)
				w.sees(files{"a.py": "1", "d/b.py": "1"})
				require.NoError(t, os.Remove(w.home()+"/lock"))
			}
			for range 2 {
				w.once(cli.ExitOK)
				w.sees(want)
				if name != "a tree shown, turned into a link" {
					w.wholeTrees()
				}
			}
			require.Contains(t, w.logs.String(), `"changed":false`)
			require.Empty(t, w.rest())
			text, err := os.ReadFile(outside + "/precious")
			require.NoError(t, err)
			require.Equal(t, "p", string(text))
		})
	}
}

// Links that somebody plants in the shown tree are noticed at the next look, and
// nothing is read, linked or written through them.
func TestLinksInTheShownTree(t *testing.T) {
	for name, plant := range map[string]func(root, outside string) error{
		"a file":            func(r, o string) error { return relink(r+"/a.py", o+"/precious") },
		"a folder":          func(r, o string) error { return relink(r+"/d", o) },
		"a folder, inside":  func(r, _ string) error { return relink(r+"/d", "../copy") },
		"a new one":         func(r, o string) error { return os.Symlink(o, r+"/new") },
		"one to the top":    func(r, _ string) error { return relink(r+"/d/e", "..") },
		"a file for a tree": func(r, _ string) error { _ = os.RemoveAll(r); return os.WriteFile(r, nil, 0o644) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			want := files{"a.py": "1", "d/b.py": "1", "d/e/c.py": "1"}
			stop := w.showing(want)
			outside := t.TempDir()
			require.NoError(t, os.WriteFile(outside+"/precious", []byte("p"), 0o644))
			root, err := filepath.EvalSymlinks(w.target)
			require.NoError(t, err)
			w.looksAgain() // and removes nothing any more
			require.NoError(t, exec.Command("cp", "-al", root+"/d", w.home()+"/copy").Run())
			require.NoError(t, plant(root, outside))
			require.Eventually(t, func() bool { return strings.Count(w.logs.String(), `"published"`) == 2 }, time.Minute, 5*time.Millisecond)
			w.sees(want)
			require.Equal(t, cli.ExitOK, stop())
			entries, err := os.ReadDir(outside)
			require.NoError(t, err)
			require.Len(t, entries, 1)
			w.config.once, w.config.keep = true, 0
			w.once(cli.ExitOK)
			w.sees(want)
			require.FileExists(t, outside+"/precious")
		})
	}
}

func relink(name, to string) error {
	if err := os.RemoveAll(name); err != nil {
		return err
	}
	return os.Symlink(to, name)
}

// What is removed between the moment in which it is shown and the first look
// at it is noticed as well.
func TestRemovedAsSoonAsItIsShown(t *testing.T) {
	w := newWorld(t)
	want := files{"a.py": "1", "d/b.py": "1"}
	w.put(want)
	s := w.open(t)
	defer s.mirror.close()
	var turning, removed atomic.Bool
	w.disk.Before = func(op, path string) error {
		if op == "rename" && path == w.target {
			turning.Store(true)
		} else if turning.Load() && !removed.Swap(true) { // the first call after it
			return os.Remove(w.target + "/d/b.py")
		}
		return nil
	}
	_, err := s.turn(t.Context())
	require.NoError(t, err)
	w.disk.Before = nil
	w.sees(files{"a.py": "1"})
	_, err = s.turn(t.Context())
	require.NoError(t, err)
	w.sees(want)
}

// The directory of trees is a link that leads out: nothing is written there.
func TestHomeThatLeadsOut(t *testing.T) {
	w := newWorld(t)
	outside := t.TempDir()
	require.NoError(t, os.MkdirAll(filepath.Dir(w.target), 0o755))
	require.NoError(t, os.Symlink(outside, w.home()))
	w.put(files{"a.py": "1"})
	w.once(cli.ExitFailure)
	entries, err := os.ReadDir(outside)
	require.NoError(t, err)
	require.Empty(t, entries)
	require.NoError(t, os.Remove(w.home()))
	w.once(cli.ExitOK)
	w.sees(files{"a.py": "1"})
}

// The directory that holds the link goes, or another one takes its place: the
// agent follows to where readers look.
func TestPlaceThatIsMoved(t *testing.T) {
	for name, move := range map[string]func(place string) error{
		"away":           func(p string) error { return os.Rename(p, p+".old") },
		"another for it": func(p string) error { return errors.Join(os.Rename(p, p+".old"), os.Mkdir(p, 0o755)) },
		"removed":        os.RemoveAll,
		"a link for it":  func(p string) error { return errors.Join(os.Rename(p, p+".old"), os.Symlink(p+".old", p)) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			stop := w.showing(files{"a.py": "1"})
			require.NoError(t, move(filepath.Dir(w.target)))
			w.eventually(files{"a.py": "1"})
			w.put(files{"a.py": "2"})
			w.eventually(files{"a.py": "2"})
			require.Equal(t, cli.ExitOK, stop())
			w.wholeTrees()
		})
	}
}

// One old tree that can't be removed keeps no other.
func TestOneTreeThatCannotBeRemoved(t *testing.T) {
	w := newWorld(t)
	w.config.keep = 0
	w.put(files{"a.py": "1"})
	s := w.open(t)
	defer s.mirror.close()
	var stuck atomic.Bool
	stuck.Store(true)
	w.before("remove", "tree-000001.manifest", func() error {
		if stuck.Load() {
			return unix.EACCES
		}
		return nil
	})
	for i := range 5 {
		w.put(files{"a.py": fmt.Sprint(i + 2)})
		_, err := s.turn(t.Context())
		require.NoError(t, err)
	}
	require.Equal(t, 4, strings.Count(w.logs.String(), "old trees could not be removed"))
	require.Len(t, w.trees(), 2)
	stuck.Store(false)
	s.mirror.untidy = true
	require.NoError(t, s.mirror.tidyUp(t.Context()))
	require.Len(t, w.trees(), 1)
}

// A process that is stopped for a while, by SIGSTOP as by a frozen machine, is
// in step soon after; no other takes its place, and nothing is half.
func TestStoppedForAWhile(t *testing.T) {
	w := newWorld(t)
	w.put(files{"a.py": "0"})
	cmd := w.child("--interval", "50ms", "--keep", "0s")
	require.NoError(t, cmd.Start())
	defer func() { _ = cmd.Process.Kill(); _ = cmd.Wait() }()
	w.eventually(files{"a.py": "0"})
	for i := range 5 {
		next := files{"a.py": fmt.Sprint(i + 1)}
		w.put(next)
		time.Sleep(time.Duration(i) * 20 * time.Millisecond)
		require.NoError(t, cmd.Process.Signal(syscall.SIGSTOP))
		time.Sleep(200 * time.Millisecond)
		seen := readersSee(w.target)
		require.Contains(t, []string{fmt.Sprint(i), fmt.Sprint(i + 1)}, seen["a.py"])
		require.NoError(t, cmd.Process.Signal(syscall.SIGCONT))
		w.eventually(next)
	}
	require.NoError(t, cmd.Process.Signal(syscall.SIGTERM))
	require.NoError(t, cmd.Wait())
}

// SIGTERM in any phase ends it in order, with exit code 0, and leaves one whole
// version.
func TestTerminatedInAnyPhase(t *testing.T) {
	w := newWorld(t)
	history := []files{aVersion(0)}
	w.change(nil, history[0])
	for n := 1; n <= 12; n++ {
		cmd := w.child("--interval", "50ms", "--keep", "0s")
		require.NoError(t, cmd.Start())
		require.Eventually(t, func() bool {
			return strings.Count(w.logs.String(), `"mirroring"`) == n && readersSee(w.target) != nil
		}, time.Minute, 5*time.Millisecond)
		history = append(history, aVersion(n))
		w.change(history[n-1], history[n])
		time.Sleep(time.Duration(n) * 15 * time.Millisecond)
		require.NoError(t, cmd.Process.Signal(syscall.SIGTERM))
		require.NoError(t, cmd.Wait(), "%s", w.logs.String())
		w.seenOrPart(history)
	}
	w.once(cli.ExitOK)
	w.sees(history[12])
	w.wholeTrees()
	require.Empty(t, w.rest())
}

// seenOrPart wants a whole tree; since nobody pushes with a mark, it may be of
// the midst of an upload.
func (w *world) seenOrPart(history []files) {
	seen := readersSee(w.target)
	require.NotEmpty(w.t, seen)
	for key, text := range seen {
		known := false
		for _, version := range history {
			known = known || version[key] == text
		}
		require.True(w.t, known, "%s: %.40q", key, text)
	}
	w.wholeTrees()
}

// Several that start at once on a target that isn't there yet: one publishes,
// the others find it in step.
func TestSeveralStartAtOnce(t *testing.T) {
	w := newWorld(t)
	w.put(packageOf(30, "1"))
	var all []*exec.Cmd
	for range 4 {
		cmd := w.child("--once")
		require.NoError(t, cmd.Start())
		all = append(all, cmd)
	}
	for _, cmd := range all {
		require.NoError(t, cmd.Wait(), "%s", w.logs.String())
	}
	w.sees(packageOf(30, "1"))
	require.Len(t, w.trees(), 1)
	w.wholeTrees()
}

// However often attempts fail, no more than one of them lies on the disk.
func TestFailedAttemptsDoNotPileUp(t *testing.T) {
	w := newWorld(t)
	w.put(files{"a.py": "1"})
	w.once(cli.ExitOK)
	w.put(files{"b.py": "1", "z.py": "1"})
	w.failFor("z.py")
	stop := w.start()
	require.Eventually(t, func() bool { return strings.Count(w.logs.String(), `"not in step"`) >= 5 }, time.Minute, 5*time.Millisecond)
	require.Equal(t, cli.ExitOK, stop())
	require.LessOrEqual(t, len(w.unfinished()), 2) // one may just be going
}
