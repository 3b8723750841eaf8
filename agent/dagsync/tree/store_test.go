package tree

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"golang.org/x/sys/unix"
)

func TestMain(m *testing.M) {
	unix.Umask(0o022)
	goleak.VerifyTestMain(m)
}

func TestOpenRefuses(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(dir+"/file", nil, 0o644))
	require.NoError(t, os.MkdirAll(dir+"/full/x", 0o755))
	require.NoError(t, os.Symlink("/etc", dir+"/foreign"))
	require.NoError(t, os.Symlink(".else.sync/tree-000001", dir+"/other"))
	for target, message := range map[string]string{
		dir + "/file":      "it is a file",
		dir + "/full":      "it is a directory with files in it",
		dir + "/foreign":   `it is a link to "/etc"`,
		dir + "/other":     "somebody else made",
		dir + "/file/dags": "file exists",
		"relative/dags":    "an absolute path is needed",
		"/":                "an absolute path is needed",
	} {
		_, err := Open(new(Disk), target)
		require.ErrorContains(t, err, message, target)
	}
	require.FileExists(t, dir+"/file")
	require.DirExists(t, dir+"/full/x")
}

func TestOpenTakesAnEmptyDirectory(t *testing.T) {
	h := &harness{t: t, target: filepath.Join(t.TempDir(), "new", "dags"), disk: new(Disk)}
	require.NoError(t, os.MkdirAll(h.target, 0o755))
	h.reopen()
	h.publish(content{"a": "1"})
}

func TestParentMayBeALink(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.Mkdir(dir+"/real", 0o755))
	require.NoError(t, os.Symlink("real", dir+"/link"))
	h := &harness{t: t, target: dir + "/link/dags", disk: new(Disk)}
	h.reopen()
	h.publish(content{"a": "1"})
	require.FileExists(t, dir+"/real/dags/a")
}

func TestOneWriter(t *testing.T) {
	h := newHarness(t)
	other, err := Open(new(Disk), h.target)
	require.NoError(t, err)
	defer other.Close()
	ok, err := other.Lock()
	require.NoError(t, err)
	require.False(t, ok)
	require.Contains(t, other.Holder(), fmt.Sprint(os.Getpid()))
	h.store.Unlock()
	ok, err = other.Lock()
	require.NoError(t, err)
	require.True(t, ok)
	ok, err = h.store.Lock()
	require.NoError(t, err)
	require.False(t, ok)
}

// Whoever lost the lock can't publish.
func TestLostLock(t *testing.T) {
	h := newHarness(t)
	h.publish(content{"a": "1"})
	home := filepath.Join(filepath.Dir(h.target), ".dags.sync")
	require.NoError(t, os.Rename(home+"/lock", home+"/lock.old"))
	require.NoError(t, os.WriteFile(home+"/lock", nil, 0o644))
	require.ErrorContains(t, h.store.CheckLock(), "replaced the lock file")
	base, _ := h.base()
	stage, err := h.store.NewStage()
	require.NoError(t, err)
	require.NoError(t, stage.Fill(t.Context(), content{"a": "2"}.objects(), []Base{base}, h.fetch))
	_, err = h.store.Publish(t.Context(), stage, &Manifest{Entries: stage.Entries}, Folders(stage.Entries))
	require.ErrorContains(t, err, "replaced the lock file")
	require.Equal(t, content{"a": "1"}, read(t, h.target))
}

func TestScan(t *testing.T) {
	h := newHarness(t)
	h.publish(content{"a": "1"})
	h.publish(content{"a": "2"})
	home := filepath.Join(filepath.Dir(h.target), ".dags.sync")
	for _, name := range []string{"tree-000009", "stage", "tree-000007", "tree-1", "odd"} {
		require.NoError(t, os.MkdirAll(home+"/"+name+"/sub", 0o755))
	}
	require.NoError(t, os.WriteFile(home+"/tree-000007.manifest", nil, 0o644)) // finished, not shown
	require.NoError(t, os.WriteFile(home+"/tree-000008.manifest", nil, 0o644)) // lost its tree
	require.NoError(t, os.WriteFile(home+"/stage.tmp", nil, 0o644))
	c, err := h.store.Scan()
	require.NoError(t, err)
	require.Equal(t, []int{1, 2, 7}, c.Trees, "readers may see the last one, if somebody turned the link")
	require.Equal(t, 2, c.Current)
	require.Equal(t, 10, c.next, "numbers of unfinished trees aren't used again")
	require.ElementsMatch(t, []string{"tree-000009", "stage", "stage.tmp", "tree-000008.manifest", "tree-1", "odd"}, c.Rubbish)
	for _, name := range c.Rubbish {
		require.NoError(t, h.store.clear(t.Context(), h.store.home+"/"+name, 2))
	}
	h.check(content{"a": "2"})
	c, err = h.store.Scan()
	require.NoError(t, err)
	require.Empty(t, c.Rubbish)

	// A tree that readers see is never rubbish.
	require.NoError(t, os.Remove(home+"/tree-000002.manifest"))
	c, err = h.store.Scan()
	require.NoError(t, err)
	require.Zero(t, c.Current)
	require.True(t, c.Linked)
	require.Empty(t, c.Rubbish)
}

// What a power cut may find: the record is written after all else of a tree,
// all is durable before the link leads to it, and then the link is made so.
func TestOrderOfAPublication(t *testing.T) {
	h := newHarness(t)
	var mu sync.Mutex
	var calls []string
	h.disk.Before = func(op, path string) error {
		mu.Lock()
		defer mu.Unlock()
		switch op {
		case "write", "create", "mkdir", "link", "rename", "symlink", "syncfs", "fsync":
			if calls = append(calls, op+" "+filepath.Base(path)); len(calls) > 1 && calls[len(calls)-2] == calls[len(calls)-1] {
				calls = calls[:len(calls)-1]
			}
		}
		return nil
	}
	h.fill(content{"a": "1"})
	require.Equal(t, []string{
		"mkdir tree-000001", "create a", "write a", "create tree-000001.tmp", "write tree-000001.tmp", "rename tree-000001.manifest",
		"syncfs " + filepath.Base(filepath.Dir(h.target)), "symlink next", "rename dags", "fsync " + filepath.Base(filepath.Dir(h.target)),
	}, calls)
}

// left are the trees after tidying up, seconds after the first was published.
func (h *harness) left(seconds int64, keep time.Duration) []int {
	h.t.Helper()
	require.NoError(h.t, h.store.Tidy(h.t.Context(), time.Unix(seconds, 0), keep, 0))
	_, c := h.base()
	require.Empty(h.t, c.Rubbish)
	return c.Trees
}

// Told to end, it removes nothing more, and says so.
func TestTidyEnds(t *testing.T) {
	h := newHarness(t)
	for i := range 3 {
		h.publish(content{"a": fmt.Sprint(i)})
	}
	require.NoError(t, os.Mkdir(h.store.Name()+"/"+h.store.home+"/odd", 0o755))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, h.store.Tidy(ctx, time.Unix(99999, 0), 0, 0), context.Canceled)
	c, err := h.store.Scan()
	require.NoError(t, err)
	require.Equal(t, []int{1, 2, 3}, c.Trees)
	require.Equal(t, []string{"odd"}, c.Rubbish)
}

func TestTidyByAge(t *testing.T) {
	h := newHarness(t)
	for i := range 4 {
		h.publish(content{"a": fmt.Sprint(i)}) // at 0 s, 1000 s, 2000 s, 3000 s
	}
	home := filepath.Join(filepath.Dir(h.target), ".dags.sync")
	require.Equal(t, []int{1, 2, 3, 4}, h.left(1499, 500*time.Second))
	require.Equal(t, []int{2, 3, 4}, h.left(1500, 500*time.Second), "it was replaced at 1000 s")
	require.NoDirExists(t, home+"/tree-000001")
	require.NoFileExists(t, home+"/tree-000001.manifest")
	require.Equal(t, []int{4}, h.left(99999, 500*time.Second), "never the one that is shown")
	h.publish(content{"a": "5"})
	require.Equal(t, []int{5}, h.left(-99999, 0))
	h.check(content{"a": "5"})
}

// However old trees are kept, there are no more than mostTrees, and what it
// costs to publish and to tidy up doesn't grow with their number.
func TestTidyByNumber(t *testing.T) {
	h := newHarness(t)
	h.publish(content{"a": "0"})
	home := filepath.Join(filepath.Dir(h.target), ".dags.sync")
	record, err := os.ReadFile(home + "/tree-000001.manifest")
	require.NoError(t, err)
	calls := func(trees int) (publishing, tidying int64) {
		for i := 2; i <= trees; i++ {
			require.NoError(t, os.MkdirAll(fmt.Sprintf("%s/tree-%06d", home, i), 0o755))
			require.NoError(t, os.WriteFile(fmt.Sprintf("%s/tree-%06d.manifest", home, i), record, 0o644))
		}
		var n atomic.Int64
		h.disk.Before = func(op, _ string) error {
			if op != "utimes" { // as it happens to be the same second, or not
				n.Add(1)
			}
			return nil
		}
		defer func() { h.disk.Before = nil }()
		h.fill(content{"a": fmt.Sprint(trees)})
		publishing = n.Swap(0)
		require.NoError(t, h.store.Tidy(t.Context(), time.Unix(0, 0), time.Hour, 0))
		return publishing, n.Load()
	}
	fewPublish, fewTidy := calls(10)
	manyPublish, manyTidy := calls(mostTrees - 1)
	require.Equal(t, fewPublish, manyPublish)
	require.Equal(t, fewTidy, manyTidy)
	full, _ := calls(1000)
	require.Equal(t, fewPublish, full)
	require.Len(t, h.left(0, time.Hour), mostTrees)
}

// A reader that locks a tree's manifest keeps the tree, whatever its age, as
// long as it lives.
func TestTidySparesWhatReadersUse(t *testing.T) {
	h := newHarness(t)
	for i := range 4 {
		h.publish(content{"a": fmt.Sprint(i)})
	}
	home := filepath.Join(filepath.Dir(h.target), ".dags.sync")
	used, err := os.Open(home + "/tree-000002.manifest") // readers can't write
	require.NoError(t, err)
	require.NoError(t, unix.Flock(int(used.Fd()), unix.LOCK_SH|unix.LOCK_NB))
	require.Equal(t, []int{2, 4}, h.left(99999, 0))
	require.Equal(t, content{"a": "1"}, read(t, home+"/tree-000002"))
	require.NoError(t, used.Close())
	require.Equal(t, []int{4}, h.left(99999, 0))
}

// Removal never follows links out of the store.
func TestRemoveStaysInside(t *testing.T) {
	h := newHarness(t)
	outside := t.TempDir()
	require.NoError(t, os.WriteFile(outside+"/precious", nil, 0o644))
	home := filepath.Join(filepath.Dir(h.target), ".dags.sync")
	require.NoError(t, os.MkdirAll(home+"/rubbish/d", 0o755))
	require.NoError(t, os.Symlink(outside, home+"/rubbish/d/link"))
	require.NoError(t, os.Symlink(outside, home+"/link"))
	require.NoError(t, h.store.clear(t.Context(), h.store.home+"/"+"rubbish", 2))
	require.NoError(t, h.store.clear(t.Context(), h.store.home+"/"+"link", 2))
	require.NoDirExists(t, home+"/rubbish")
	require.FileExists(t, outside+"/precious")
	require.NoError(t, h.store.clear(t.Context(), h.store.home+"/"+"nothing", 2))
}
