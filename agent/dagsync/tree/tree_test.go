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
	"github.com/pathwai/airflow-on-fargate/agent/dagsync/keys"
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

func (h *harness) fetch(_ context.Context, o bucket.Object, to *File) error {
	if h.fail != nil {
		if err := h.fail(o.Key); err != nil {
			return err
		}
	}
	h.fetched.Add(1)
	if err := to.Reset(); err != nil {
		return err
	}
	_, err := to.Write([]byte(o.ETag))
	return err
}

// base opens the current tree.
func (h *harness) base() (Base, Contents) {
	c, err := h.store.Scan()
	require.NoError(h.t, err)
	var base Base
	if c.Current > 0 {
		m, err := h.store.Load(c.Current)
		require.NoError(h.t, err)
		base = Base{c.Current, m.Entries}
	}
	return base, c
}

// changes says what was done to get from one tree to the next.
type changes struct{ linked, fetched int }

// publish goes from the current tree to the next.
func (h *harness) publish(want content) changes {
	h.t.Helper()
	done := h.fill(want)
	h.check(want)
	return done
}

func (h *harness) fill(want content) changes {
	h.t.Helper()
	base, c := h.base()
	stage, err := h.store.NewStage()
	require.NoError(h.t, err)
	h.fetched.Store(0)
	require.NoError(h.t, stage.Fill(h.t.Context(), want.objects(), []Base{base}, h.fetch))
	require.EqualValues(h.t, stage.Fetched, h.fetched.Load())
	_, err = h.store.Publish(h.t.Context(), stage, &Manifest{Entries: stage.Entries, Published: time.Unix(int64(1000*len(c.Trees)), 0)}, Folders(stage.Entries))
	require.NoError(h.t, err)
	return changes{stage.Linked, stage.Fetched}
}

// check compares what readers see with what they should, and the manifest
// with the disk.
func (h *harness) check(want content) {
	h.t.Helper()
	require.Equal(h.t, want, read(h.t, h.target))
	base, _ := h.base()
	undamaged, whole, err := h.store.Verify(h.t.Context(), base.Number, base.Entries)
	require.NoError(h.t, err)
	require.True(h.t, whole)
	require.Equal(h.t, base.Entries, undamaged)
	for _, e := range base.Entries {
		require.Equal(h.t, want[e.Key], e.ETag)
		var st unix.Stat_t
		require.NoError(h.t, unix.Stat(filepath.Join(h.target, e.Key), &st))
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
	require.Equal(t, changes{}, h.publish(content{}))
	require.Equal(t, changes{fetched: 3}, h.publish(content{"a": "1", "d/b": "1", "d/e/c": "1"}))
	require.Equal(t, changes{fetched: 1, linked: 2}, h.publish(content{"a": "2", "d/b": "1", "d/e/c": "1"}))
	require.Equal(t, changes{linked: 1}, h.publish(content{"a": "2"}))
	require.Equal(t, changes{fetched: 1}, h.publish(content{"a/b": "1"}), "a file becomes a folder")
	require.Equal(t, changes{fetched: 1}, h.publish(content{"a": "1"}), "a folder becomes a file")
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

// What was fetched for a stage that failed isn't fetched again, unless it
// changed meanwhile.
func TestFillGoesOnAfterAFailure(t *testing.T) {
	h := newHarness(t)
	h.publish(content{"old": "1", "stays": "1", "d/gone": "1"})
	base, _ := h.base()
	want := content{"old": "2", "stays": "1", "new/a": "1", "new/b": "1", "z": "1"}
	h.fail = func(key string) error {
		if key == "z" {
			time.Sleep(100 * time.Millisecond) // the others come
			return errors.New("injected")
		}
		return nil
	}
	bases := []Base{base}
	for attempt, want := range []content{want, {"old": "2", "stays": "1", "new/a": "1", "new/b": "2", "z": "1"}} {
		h.fetched.Store(0)
		stage, err := h.store.NewStage()
		require.NoError(t, err)
		require.ErrorContains(t, stage.Fill(t.Context(), want.objects(), bases, h.fetch), "injected")
		require.Len(t, stage.Entries, 4)
		require.EqualValues(t, []int64{3, 1}[attempt], h.fetched.Load())
		require.Equal(t, content{"old": "1", "stays": "1", "d/gone": "1"}, read(t, h.target), "readers see the old tree")
		bases = []Base{base, {stage.Number, stage.Entries}}
		require.NoError(t, h.store.Tidy(t.Context(), time.Unix(0, 0), time.Hour, stage.Number))
	}
	h.fail = nil
	want["new/b"] = "2"
	stage, err := h.store.NewStage()
	require.NoError(t, err)
	require.NoError(t, stage.Fill(t.Context(), want.objects(), bases, h.fetch))
	require.Equal(t, changes{linked: 4, fetched: 1}, changes{stage.Linked, stage.Fetched})
	_, err = h.store.Publish(t.Context(), stage, &Manifest{Entries: stage.Entries}, Folders(stage.Entries))
	require.NoError(t, err)
	h.check(want)
}

// A key may be called like Python's cache, and be a file.
func TestAFileCalledLikeTheCache(t *testing.T) {
	h := newHarness(t)
	h.publish(content{"__pycache__": "1", "d/__pycache__": "1", "e/__pycache__/x.pyc": "1"})
	base, _ := h.base()
	undamaged, whole, err := h.store.Verify(t.Context(), base.Number, base.Entries)
	require.NoError(t, err)
	require.True(t, whole)
	require.Len(t, undamaged, 3)
}

// What S3 refuses to give stays as readers have it, or is left out; the rest
// is published.
func TestRefusedObjects(t *testing.T) {
	h := newHarness(t)
	h.publish(content{"a": "1", "b": "1"})
	base, _ := h.base()
	h.fail = func(key string) error {
		if key == "b" || key == "c" {
			return fmt.Errorf("fetching: %w", &bucket.RefusedError{Reason: "S3 refuses it: " + key})
		}
		return nil
	}
	stage, err := h.store.NewStage()
	require.NoError(t, err)
	require.NoError(t, stage.Fill(t.Context(), content{"a": "2", "b": "2", "c": "2"}.objects(), []Base{base}, h.fetch))
	require.Equal(t, []keys.Skip{{Key: "b", Reason: "S3 refuses it: b"}, {Key: "c", Reason: "S3 refuses it: c"}}, stage.Refused)
	require.Equal(t, 1, stage.Fetched)
	_, err = h.store.Publish(t.Context(), stage, &Manifest{Entries: stage.Entries}, Folders(stage.Entries))
	require.NoError(t, err)
	h.check(content{"a": "2", "b": "1"})
}

// A file that has as many links as the file system allows, or that somebody
// removed, is fetched anew.
func TestFilesThatCannotBeLinked(t *testing.T) {
	h := newHarness(t)
	h.publish(content{"a": "1", "b": "1", "d/c": "1"})
	h.disk.Before = func(op, path string) error {
		if op == "link" && filepath.Base(path) == "a" {
			return unix.EMLINK
		}
		return nil
	}
	require.Equal(t, changes{linked: 2, fetched: 1}, h.publish(content{"a": "1", "b": "1", "d/c": "1"}))
	h.disk.Before = nil
	require.NoError(t, os.RemoveAll(h.target+"/d"))
	require.Equal(t, changes{linked: 2, fetched: 1}, h.publish(content{"a": "1", "b": "1", "d/c": "1"}))
}

// Python takes a .pyc for a source's own when second and size agree.
func TestChangedFilesGetALaterSecond(t *testing.T) {
	h := newHarness(t)
	now := content{"a.py": "1"}
	h.publish(now)
	last := int64(0)
	for i := range 5 {
		now["a.py"] = fmt.Sprint(i)
		h.publish(now)
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
		whole  bool
	}{
		"nothing":                    {func(string) error { return nil }, 0, true},
		"Python's cache":             {func(p string) error { return os.MkdirAll(p+"/d/__pycache__/x", 0o755) }, 0, true},
		"changed in place":           {func(p string) error { return os.WriteFile(p+"/a", []byte("X"), 0o644) }, 1, false},
		"changed, same size, later":  {func(p string) error { return os.Chtimes(p+"/a", time.Now(), time.Now().Add(time.Hour)) }, 1, false},
		"replaced, same size + time": {replaceKeepingTime, 1, false},
		"gone":                       {func(p string) error { return os.Remove(p + "/d/b") }, 1, false},
		"folder gone":                {func(p string) error { return os.RemoveAll(p + "/d") }, 2, false},
		"a file too many":            {func(p string) error { return os.WriteFile(p+"/d/more", nil, 0o644) }, 0, false},
		"a folder too many":          {func(p string) error { return os.Mkdir(p+"/more", 0o755) }, 0, false},
		"a link in place of a file":  {func(p string) error { return errors.Join(os.Remove(p+"/a"), os.Symlink("d/b", p+"/a")) }, 1, false},
		"a file in place of a folder": {func(p string) error {
			return errors.Join(os.RemoveAll(p+"/d"), os.WriteFile(p+"/d", nil, 0o644))
		}, 2, false},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHarness(t)
			h.publish(content{"a": "1", "d/b": "1", "d/e/c": "1"})
			base, _ := h.base()
			require.NoError(t, row.damage(h.target))
			undamaged, whole, err := h.store.Verify(t.Context(), base.Number, base.Entries)
			require.NoError(t, err)
			require.Len(t, undamaged, 3-row.bad)
			require.Equal(t, row.whole, whole)
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

// A glance notices whatever is removed or added by hand, and nothing else.
func TestGlance(t *testing.T) {
	for name, row := range map[string]struct {
		touch func(path string) error
		seen  bool
	}{
		"nothing":       {func(string) error { return nil }, false},
		"file removed":  {func(p string) error { return os.Remove(p + "/d/e/c") }, true},
		"file added":    {func(p string) error { return os.WriteFile(p+"/d/more", nil, 0o644) }, true},
		"file replaced": {replaceKeepingTime, true},
		"tree removed":  {func(p string) error { r, err := filepath.EvalSymlinks(p); return errors.Join(err, os.RemoveAll(r)) }, true},
		"link removed":  {os.Remove, true},
		"link turned":   {func(p string) error { return errors.Join(os.Remove(p), os.Symlink(".dags.sync/tree-000002", p)) }, true},
		"manifest removed": {func(p string) error {
			r, err := filepath.EvalSymlinks(p)
			return errors.Join(err, os.Remove(r+".manifest"))
		}, true},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHarness(t)
			h.publish(content{"a": "1", "d/b": "1", "d/e/c": "1"})
			base, c := h.base()
			folders := Folders(base.Entries)
			require.ElementsMatch(t, []string{"", "d", "d/e"}, folders)
			before, err := h.store.Glance(t.Context(), c.Current, folders)
			require.NoError(t, err)
			time.Sleep(20 * time.Millisecond) // the file system's clock ticks
			require.NoError(t, row.touch(h.target))
			after, err := h.store.Glance(t.Context(), c.Current, folders)
			require.Equal(t, row.seen, err != nil || after != before)
		})
	}
}
