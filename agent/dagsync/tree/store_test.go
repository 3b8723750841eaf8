package tree

import (
	"fmt"
	"os"
	"path/filepath"
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
	h.publish(content{"a": "1"}, 0)
}

func TestParentMayBeALink(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.Mkdir(dir+"/real", 0o755))
	require.NoError(t, os.Symlink("real", dir+"/link"))
	h := &harness{t: t, target: dir + "/link/dags", disk: new(Disk)}
	h.reopen()
	h.publish(content{"a": "1"}, 0)
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
	h.publish(content{"a": "1"}, 0)
	home := filepath.Join(filepath.Dir(h.target), ".dags.sync")
	require.NoError(t, os.Rename(home+"/lock", home+"/lock.old"))
	require.NoError(t, os.WriteFile(home+"/lock", nil, 0o644))
	require.ErrorContains(t, h.store.CheckLock(), "replaced the lock file")
	base, c := h.base()
	stage, err := h.store.OpenStage(t.Context(), c, 0, false)
	require.NoError(t, err)
	_, err = stage.Advance(t.Context(), content{"a": "2"}.objects(), base, 1, h.fetch)
	require.NoError(t, err)
	_, err = h.store.Publish(stage, &Manifest{Entries: stage.Entries()})
	require.ErrorContains(t, err, "replaced the lock file")
	require.Equal(t, content{"a": "1"}, read(t, h.target))
}

func TestScan(t *testing.T) {
	h := newHarness(t)
	h.publish(content{"a": "1"}, 0)
	h.publish(content{"a": "2"}, 0)
	home := filepath.Join(filepath.Dir(h.target), ".dags.sync")
	for _, name := range []string{"tree-000009", "stage", "tree-000007", "tree-1", "odd"} {
		require.NoError(t, os.MkdirAll(home+"/"+name+"/sub", 0o755))
	}
	require.NoError(t, os.WriteFile(home+"/tree-000007.manifest", nil, 0o644)) // finished, never shown
	require.NoError(t, os.WriteFile(home+"/tree-000008.manifest", nil, 0o644)) // lost its tree
	require.NoError(t, os.WriteFile(home+"/stage.tmp", nil, 0o644))
	c, err := h.store.Scan()
	require.NoError(t, err)
	require.Equal(t, []int{1, 2}, c.Trees)
	require.Equal(t, 2, c.Current)
	require.False(t, c.Stage)
	require.Equal(t, 10, c.next, "numbers of unfinished trees aren't used again")
	require.ElementsMatch(t, []string{"tree-000009", "stage", "stage.tmp", "tree-000007", "tree-000007.manifest", "tree-000008.manifest", "tree-1", "odd"}, c.Rubbish)
	for _, name := range c.Rubbish {
		require.NoError(t, h.store.Remove(t.Context(), name))
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

func TestExpired(t *testing.T) {
	h := newHarness(t)
	for i := range 4 {
		h.publish(content{"a": fmt.Sprint(i)}, 0) // at 0 s, 1000 s, 2000 s, 3000 s
	}
	_, c := h.base()
	at := func(seconds int64) []int { return h.store.Expired(c, time.Unix(seconds, 0), 500*time.Second) }
	require.Empty(t, at(1499))
	require.Equal(t, []int{1}, at(1500), "it was replaced at 1000 s")
	require.Equal(t, []int{1, 2}, at(2500))
	require.Equal(t, []int{1, 2, 3}, at(99999), "never the one that is shown")
	home := filepath.Join(filepath.Dir(h.target), ".dags.sync")
	require.NoError(t, os.WriteFile(home+"/tree-000003.manifest", []byte("torn"), 0o644))
	require.Equal(t, []int{1}, at(3400), "it isn't known when tree 2 was replaced: not before tree 4 came")
	require.Equal(t, []int{1, 2, 3}, at(3500))

	require.NoError(t, h.store.Retire(t.Context(), 1))
	require.NoDirExists(t, home+"/tree-000001")
	require.NoFileExists(t, home+"/tree-000001.manifest")
	require.DirExists(t, home+"/tree-000002")
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
	require.NoError(t, h.store.Remove(t.Context(), "rubbish"))
	require.NoError(t, h.store.Remove(t.Context(), "link"))
	require.NoDirExists(t, home+"/rubbish")
	require.FileExists(t, outside+"/precious")
	require.NoError(t, h.store.Remove(t.Context(), "nothing"))
}
