package tree

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pathwai/airflow-on-fargate/agent/dagsync/bucket"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// content is a tree in a test: key to ETag. A file's text is its ETag, so
// that contents show where they came from.
type content map[string]string

func (c content) objects() []bucket.Object {
	var list []bucket.Object
	for key, etag := range c {
		list = append(list, bucket.Object{Key: key, ETag: etag, Size: int64(len(etag))})
	}
	slices.SortFunc(list, func(a, b bucket.Object) int { return strings.Compare(a.Key, b.Key) })
	return list
}

type harness struct {
	t       *testing.T
	target  string
	disk    *Disk
	store   *Store
	fetched atomic.Int64
	// fail, when set, is asked before each fetch.
	fail func(key string) error
}

func newHarness(t *testing.T) *harness {
	h := &harness{t: t, target: filepath.Join(t.TempDir(), "dags"), disk: new(Disk)}
	h.reopen()
	return h
}

func (h *harness) reopen() {
	store, err := Open(h.disk, h.target)
	require.NoError(h.t, err)
	h.store = store
	h.t.Cleanup(store.Close)
	ok, err := store.Lock()
	require.NoError(h.t, err)
	require.True(h.t, ok)
}

func (h *harness) fetch() Fetch {
	return func(_ context.Context, o bucket.Object, to *File) error {
		if h.fail != nil {
			if err := h.fail(o.Key); err != nil {
				return err
			}
		}
		h.fetched.Add(1)
		_, err := to.Write([]byte(o.ETag))
		return err
	}
}

// base opens the current tree.
func (h *harness) base() (*Base, Contents) {
	c, err := h.store.Scan()
	require.NoError(h.t, err)
	base := new(Base)
	if c.Current > 0 {
		m, err := h.store.Load(c.Current)
		require.NoError(h.t, err)
		base.Entries = m.Entries
		base.Dir, err = h.store.OpenTree(c.Current)
		require.NoError(h.t, err)
		h.t.Cleanup(base.Dir.Close)
	}
	return base, c
}

// publish goes from the current tree to the next.
func (h *harness) publish(want content, recycle int) Changes {
	h.t.Helper()
	base, c := h.base()
	stage, err := h.store.OpenStage(h.t.Context(), c, recycle, false)
	require.NoError(h.t, err)
	h.fetched.Store(0)
	changes, err := stage.Advance(h.t.Context(), want.objects(), base, 4, h.fetch)
	require.NoError(h.t, err)
	require.EqualValues(h.t, changes.Fetched, h.fetched.Load())
	_, err = h.store.Publish(stage, &Manifest{Entries: stage.Entries(), Published: time.Unix(int64(1000*len(c.Trees)), 0)})
	require.NoError(h.t, err)
	h.check(want)
	return changes
}

// check compares what readers see with what they should, and the manifest
// with the disk.
func (h *harness) check(want content) {
	h.t.Helper()
	require.Equal(h.t, want, read(h.t, h.target))
	base, c := h.base()
	damage, err := Verify(h.t.Context(), base.Dir, base.Entries, true)
	require.NoError(h.t, err)
	require.True(h.t, damage.None(), "%+v", damage)
	for _, e := range base.Entries {
		require.Equal(h.t, want[e.Key], e.ETag)
		var st unix.Stat_t
		require.NoError(h.t, unix.Stat(filepath.Join(h.target, e.Key), &st))
		require.LessOrEqual(h.t, int(st.Nlink), e.Links+len(c.Rubbish), "%s: the manifest knows of too few links", e.Key)
		require.EqualValues(h.t, 0o100644, st.Mode)
	}
}

// read gives all files below a path.
func read(t *testing.T, path string) content {
	t.Helper()
	got := content{}
	require.NoError(t, filepath.WalkDir(path+"/", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if names, err := os.ReadDir(name); name != path+"/" && err == nil && len(names) == 0 {
				t.Errorf("%s is an empty directory", name)
			}
			return nil
		}
		text, err := os.ReadFile(name)
		relative, relErr := filepath.Rel(path, name)
		got[relative] = string(text)
		return errors.Join(err, relErr)
	}))
	return got
}

func TestPublishOneAfterAnother(t *testing.T) {
	h := newHarness(t)
	require.Equal(t, Changes{}, h.publish(content{}, 0))
	require.Equal(t, Changes{Fetched: 3}, h.publish(content{"a": "1", "d/b": "1", "d/e/c": "1"}, 0))
	require.Equal(t, Changes{Fetched: 1, Linked: 2}, h.publish(content{"a": "2", "d/b": "1", "d/e/c": "1"}, 0))
	require.Equal(t, Changes{Linked: 1}, h.publish(content{"a": "2"}, 0))
	require.Equal(t, Changes{Fetched: 1}, h.publish(content{"a/b": "1"}, 0), "a file becomes a folder")
	require.Equal(t, Changes{Fetched: 1}, h.publish(content{"a": "1"}, 0), "a folder becomes a file")
	c, err := h.store.Scan()
	require.NoError(t, err)
	require.Equal(t, []int{1, 2, 3, 4, 5, 6}, c.Trees)
	require.Equal(t, 6, c.Current)
	require.Empty(t, c.Rubbish)
	home := filepath.Join(filepath.Dir(h.target), ".dags.sync")
	require.Equal(t, content{"a": "1", "d/b": "1", "d/e/c": "1"}, read(t, filepath.Join(home, "tree-000002")), "old trees stay as they were")
	link, err := os.Readlink(h.target)
	require.NoError(t, err)
	require.Equal(t, ".dags.sync/tree-000006", link, "a relative link: readers mount the volume elsewhere")
}

// Each row of the decision table in Advance's comment.
func TestAdvanceDecisions(t *testing.T) {
	h := newHarness(t)
	h.publish(content{"same": "1", "changed": "1", "gone": "1", "back": "1", "f/x": "1"}, 0)         // 1
	h.publish(content{"same": "1", "changed": "2", "back": "2", "f/x": "1"}, 0)                      // 2
	h.publish(content{"same": "1", "changed": "2", "back": "2", "f/x": "1", "extra/deep/y": "1"}, 0) // 3
	// Tree 1 is used again: "same" and f/x are the base's very files; "back"
	// lies there with the ETag that is wanted, but as an older file than the
	// base's: it must be fetched, so that its time of change moves on.
	changes := h.publish(content{"same": "1", "changed": "2", "back": "1", "f/x": "1", "new": "1"}, 1)
	require.Equal(t, Changes{Kept: 2, Linked: 1, Fetched: 2, Removed: 3}, changes)
	c, err := h.store.Scan()
	require.NoError(t, err)
	require.Equal(t, []int{2, 3, 4}, c.Trees)
}

func TestAdvanceGoesOnAfterAFailure(t *testing.T) {
	h := newHarness(t)
	h.publish(content{"old": "1", "stays": "1", "d/gone": "1"}, 0)
	base, c := h.base()
	stage, err := h.store.OpenStage(t.Context(), c, 0, false)
	require.NoError(t, err)
	want := content{"old": "2", "stays": "1", "new/a": "1", "new/b": "1", "z": "1"}
	h.fail = func(key string) error {
		if key == "z" {
			return errors.New("injected")
		}
		return nil
	}
	_, err = stage.Advance(t.Context(), want.objects(), base, 1, h.fetch)
	require.ErrorContains(t, err, "injected")
	require.Len(t, stage.Entries(), 4)
	require.Equal(t, content{"old": "1", "stays": "1", "d/gone": "1"}, read(t, h.target), "readers see the old tree")

	h.fail = nil
	h.fetched.Store(0)
	want["new/b"] = "2" // and the bucket went on meanwhile
	changes, err := stage.Advance(t.Context(), want.objects(), base, 1, h.fetch)
	require.NoError(t, err)
	require.Equal(t, Changes{Kept: 3, Fetched: 2, Removed: 1}, changes)
	_, err = h.store.Publish(stage, &Manifest{Entries: stage.Entries()})
	require.NoError(t, err)
	h.check(want)
}

// A prepared stage makes publishing cost what changed, not what is there.
func TestPreparedStage(t *testing.T) {
	h := newHarness(t)
	now := content{}
	for i := range 100 {
		now[fmt.Sprintf("d%d/f%d", i%7, i)] = "1"
	}
	h.publish(now, 0)
	prepare := func() {
		base, c := h.base()
		stage, err := h.store.OpenStage(t.Context(), c, 0, false)
		require.NoError(t, err)
		changes, err := stage.Advance(t.Context(), now.objects(), base, 1, h.fetch)
		require.NoError(t, err)
		require.Equal(t, Changes{Linked: 100}, changes)
		require.NoError(t, stage.Keep(&Manifest{Entries: stage.Entries()}))
	}
	prepare()
	now["d1/f1"] = "2"
	require.Equal(t, Changes{Kept: 99, Fetched: 1, Removed: 1}, h.publish(now, 0))

	prepare()
	damaged := filepath.Join(filepath.Dir(h.target), ".dags.sync/stage/d2/f2")
	require.NoError(t, os.Remove(damaged))
	require.NoError(t, os.WriteFile(damaged, []byte("X"), 0o644))
	now["d1/f1"] = "3"
	require.Equal(t, Changes{Linked: 99, Fetched: 1}, h.publish(now, 0), "a damaged stage isn't used")
	c, err := h.store.Scan()
	require.NoError(t, err)
	require.Len(t, c.Rubbish, 1)
	require.NoError(t, h.store.Remove(t.Context(), c.Rubbish[0]))
}

// EFS allows 177 links to a file: no file ever gets as many, and none is
// fetched anew because of it.
func TestLinkLimit(t *testing.T) {
	h := newHarness(t)
	now := content{"counter": "0"}
	for i := range 20 {
		now[fmt.Sprintf("f%d", i)] = "text"
	}
	h.publish(now, 0)
	most, copies := 0, map[uint64]bool{}
	var first unix.Stat_t
	require.NoError(t, unix.Stat(h.target+"/f0", &first))
	for i := range 250 {
		now["counter"] = fmt.Sprint(i + 1)
		require.Equal(t, Changes{Linked: 20, Fetched: 1}, h.publish(now, 0))
		for k := range 20 {
			var st unix.Stat_t
			require.NoError(t, unix.Stat(fmt.Sprintf("%s/f%d", h.target, k), &st))
			most = max(most, int(st.Nlink))
			copies[st.Ino] = true
			if k == 0 {
				require.Equal(t, first.Mtim, st.Mtim, "a copy has the time of its original")
			}
		}
	}
	require.LessOrEqual(t, most, 170)
	require.Greater(t, most, 90)
	require.Greater(t, len(copies), 25, "files were copied")
}

func TestTooManyLinksOnDisk(t *testing.T) {
	h := newHarness(t)
	h.publish(content{"a": "1", "b": "1"}, 0)
	h.disk.Before = func(op, path string) error {
		if op == "link" && filepath.Base(path) == "a" {
			return unix.EMLINK
		}
		return nil
	}
	require.Equal(t, Changes{Linked: 2, Fetched: 1}, h.publish(content{"a": "1", "b": "1", "c": "1"}, 0))
}

// A file of a tree that is used again may have more links than that tree's
// manifest knows of.
func TestRecycledFilesHaveUnknownLinks(t *testing.T) {
	h := newHarness(t)
	now := content{"a": "1", "b": "0"}
	h.publish(now, 0) // tree 1: one link
	now["b"] = "1"
	h.publish(now, 0) // tree 2: two links, which tree 1 doesn't know
	h.disk.Before = func(op, path string) error {
		if op == "link" && filepath.Base(path) == "a" {
			return unix.EMLINK
		}
		return nil
	}
	now["b"] = "2"
	h.publish(now, 0) // tree 3: a copy
	h.disk.Before = nil
	now["b"] = "3"
	require.Equal(t, Changes{Linked: 1, Fetched: 1, Removed: 2}, h.publish(now, 1))
}

// Python takes a .pyc for a source's own when second and size agree.
func TestChangedFilesGetALaterSecond(t *testing.T) {
	h := newHarness(t)
	now := content{"a.py": "1"}
	h.publish(now, 0)
	last := int64(0)
	for i := range 5 {
		now["a.py"] = fmt.Sprint(i)
		h.publish(now, 0)
		info, err := os.Stat(h.target + "/a.py")
		require.NoError(t, err)
		require.Greater(t, info.ModTime().Unix(), last)
		last = info.ModTime().Unix()
	}
}

func TestVerify(t *testing.T) {
	for name, row := range map[string]struct {
		damage func(path string) error
		bad    int
		folder []string
	}{
		"nothing":                    {func(string) error { return nil }, 0, nil},
		"Python's cache":             {func(p string) error { return os.MkdirAll(p+"/d/__pycache__/x", 0o755) }, 0, nil},
		"changed in place":           {func(p string) error { return os.WriteFile(p+"/a", []byte("X"), 0o644) }, 1, nil},
		"changed, same size, later":  {func(p string) error { return os.Chtimes(p+"/a", time.Now(), time.Now().Add(time.Hour)) }, 1, nil},
		"replaced, same size + time": {replaceKeepingTime, 1, nil},
		"gone":                       {func(p string) error { return os.Remove(p + "/d/b") }, 1, []string{"d"}},
		"folder gone":                {func(p string) error { return os.RemoveAll(p + "/d") }, 2, []string{"", "d", "d/e"}},
		"a file too many":            {func(p string) error { return os.WriteFile(p+"/d/more", nil, 0o644) }, 0, []string{"d"}},
		"a folder too many":          {func(p string) error { return os.Mkdir(p+"/more", 0o755) }, 0, []string{""}},
		"a link in place of a file":  {func(p string) error { return errors.Join(os.Remove(p+"/a"), os.Symlink("d/b", p+"/a")) }, 1, nil},
		"a file in place of a folder": {func(p string) error {
			return errors.Join(os.RemoveAll(p+"/d"), os.WriteFile(p+"/d", nil, 0o644))
		}, 2, []string{"d", "d/e"}},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHarness(t)
			h.publish(content{"a": "1", "d/b": "1", "d/e/c": "1"}, 0)
			base, _ := h.base()
			require.NoError(t, row.damage(h.target))
			damage, err := Verify(t.Context(), base.Dir, base.Entries, true)
			require.NoError(t, err)
			strict, err := Verify(t.Context(), base.Dir, base.Entries, false)
			require.NoError(t, err)
			require.Equal(t, name == "nothing", strict.None())
			require.Len(t, damage.Bad, row.bad)
			require.ElementsMatch(t, row.folder, damage.Folders)
		})
	}
}

func replaceKeepingTime(p string) error {
	info, err := os.Stat(p + "/a")
	if err != nil {
		return err
	}
	return errors.Join(os.WriteFile(p+"/a.new", []byte("X"), 0o644), os.Chtimes(p+"/a.new", info.ModTime(), info.ModTime()), os.Rename(p+"/a.new", p+"/a"))
}
