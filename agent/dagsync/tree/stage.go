package tree

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pathwai/airflow-on-fargate/agent/dagsync/bucket"
	"github.com/pathwai/airflow-on-fargate/agent/dagsync/keys"
	"golang.org/x/sync/errgroup"
	"golang.org/x/sys/unix"
)

// Stage is the next tree while it is made. It begins empty, so that nothing
// can lie in it that nobody knows of; one that failed is never shown, and what
// was fetched for it is linked into the next.
type Stage struct {
	dir *Dir
	// Entries are the files that lie in it for certain, in order of their keys.
	Entries []Entry
	// Refused are keys that S3 lists, but doesn't give.
	Refused []keys.Skip
	// Linked and Fetched count what was done; Fetched files came from S3.
	Linked, Fetched int
}

// Close lets go of the stage's directory.
func (s *Stage) Close() { s.dir.Close() }

// OpenStage begins the next tree. What lies in the place of the stage is moved
// aside, where it is rubbish.
func (s *Store) OpenStage() (*Stage, error) {
	c, err := s.Scan()
	if err != nil {
		return nil, err
	}
	// An unfinished tree's name: the number is never given to a finished one,
	// because the next number is above all that exist.
	err = s.home.Rename(stageName, treeName(c.next))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	if err := s.home.Mkdir(stageName); err != nil {
		return nil, err
	}
	dir, err := s.home.OpenDir(stageName)
	if err != nil {
		return nil, err
	}
	return &Stage{dir: dir}, nil
}

// Base is where unchanged files are linked from.
type Base struct {
	Dir     *Dir
	Entries []Entry // in order of their keys
}

// Base is a stage that failed, for the next attempt.
func (s *Stage) Base() Base { return Base{s.dir, s.Entries} }

// find gives the base's file for a key.
func (b Base) find(key string) (Entry, bool) {
	i, ok := slices.BinarySearchFunc(b.Entries, key, func(e Entry, key string) int { return cmp.Compare(e.Key, key) })
	if !ok {
		return Entry{}, false
	}
	return b.Entries[i], true
}

// Fetch writes one object to a new file.
type Fetch func(ctx context.Context, o bucket.Object, to *File) error

// filling holds one run of Fill.
type filling struct {
	stage *Stage
	bases []Base
	want  []bucket.Object
	// files and done belong to want, index by index.
	files   []Entry
	done    []bool
	linked  atomic.Int64
	fetched atomic.Int64
	mu      sync.Mutex // for the stage's Refused
}

// Fill puts the wanted objects into the stage, which is new. What a base has
// with the same ETag is linked, all else is fetched; the first base is the tree
// that readers see. Of an object that S3 refuses to give, readers keep the
// file that they have, if they have one.
func (s *Stage) Fill(ctx context.Context, want []bucket.Object, bases []Base, workers int, fetch Fetch) error {
	f := &filling{stage: s, bases: bases, want: want, files: make([]Entry, len(want)), done: make([]bool, len(want))}
	err := f.linkAll(ctx)
	if err == nil {
		err = f.fetchAll(ctx, workers, fetch)
	}
	for i, done := range f.done {
		if done {
			s.Entries = append(s.Entries, f.files[i])
		}
	}
	s.Linked, s.Fetched = int(f.linked.Load()), int(f.fetched.Load())
	slices.SortFunc(s.Refused, func(a, b keys.Skip) int { return cmp.Compare(a.Key, b.Key) })
	return err
}

// linkAll makes all directories, and in each of them the links, several
// directories at a time: Linux makes changes in one directory of a network
// file system one after the other, however many ask.
func (f *filling) linkAll(ctx context.Context) error {
	folders := map[string][]int{"": nil}
	for i := range f.want {
		folder := parentOf(f.want[i].Key)
		folders[folder] = append(folders[folder], i)
		for above := parentOf(folder); folder != ""; folder, above = above, parentOf(above) {
			if _, known := folders[above]; known {
				break
			}
			folders[above] = nil
		}
	}
	return byDepth(ctx, folders, func(folder string) error {
		if folder != "" {
			if err := f.stage.dir.Mkdir(folder); err != nil {
				return err
			}
		}
		for _, i := range folders[folder] {
			if err := ctx.Err(); err != nil {
				return err
			}
			if err := f.link(i); err != nil {
				return err
			}
		}
		return nil
	})
}

// link takes a file from the first base that has it. What can't be linked any
// more, because it has as many links as the file system allows (EFS: 177) or
// somebody removed it, is fetched.
func (f *filling) link(i int) error {
	o := f.want[i]
	for _, base := range f.bases {
		e, ok := base.find(o.Key)
		if !ok || e.ETag != o.ETag {
			continue
		}
		err := f.stage.dir.Link(base.Dir, o.Key)
		if err == nil {
			f.files[i], f.done[i] = e, true
			f.linked.Add(1)
			return nil
		}
		if !errors.Is(err, unix.EMLINK) && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

func (f *filling) fetchAll(ctx context.Context, workers int, fetch Fetch) error {
	group, inner := errgroup.WithContext(ctx)
	group.SetLimit(workers)
	for i := range f.want {
		if inner.Err() != nil {
			break
		}
		if !f.done[i] {
			group.Go(func() error { return f.fetch(inner, i, fetch) })
		}
	}
	if err := group.Wait(); err != nil {
		return err
	}
	return ctx.Err()
}

func (f *filling) fetch(ctx context.Context, i int, fetch Fetch) error {
	o := f.want[i]
	to := f.stage.dir.New(o.Key)
	err := fetch(ctx, o, to)
	var refused *bucket.RefusedError
	if errors.As(err, &refused) && !to.Open() {
		return f.keep(i, refused.Reason)
	}
	info, closeErr := to.Close()
	if err = errors.Join(err, closeErr); err != nil {
		return err // half a file may lie there: the stage is never shown
	}
	// Python takes a cached .pyc for the source's own when second and size
	// agree: a changed file must have a later second, whatever the clock says.
	if before, ok := f.bases[0].find(o.Key); ok && info.MTime/int64(time.Second) <= before.MTime/int64(time.Second) {
		info.MTime = (before.MTime/int64(time.Second) + 1) * int64(time.Second)
		if err := f.stage.dir.SetMTime(o.Key, info.MTime); err != nil {
			return err
		}
	}
	f.files[i], f.done[i] = Entry{Key: o.Key, ETag: o.ETag, Info: info}, true
	f.fetched.Add(1)
	return nil
}

// keep takes the file that readers have, if they have one, in place of an
// object that S3 refuses.
func (f *filling) keep(i int, reason string) error {
	key := f.want[i].Key
	f.mu.Lock()
	f.stage.Refused = append(f.stage.Refused, keys.Skip{Key: key, Reason: reason})
	f.mu.Unlock()
	e, ok := f.bases[0].find(key)
	if !ok {
		return nil
	}
	err := f.stage.dir.Link(f.bases[0].Dir, key)
	if err == nil {
		f.files[i], f.done[i] = e, true
	}
	return err
}

// Full is true for errors that say that there is no room left.
func Full(err error) bool {
	return errors.Is(err, unix.ENOSPC) || errors.Is(err, unix.EDQUOT) || errors.Is(err, unix.EFBIG)
}

// parallelCalls hide the latency of a network file system, where each call is
// a round trip of milliseconds.
const parallelCalls = 32

// parallel calls do for all items, several at a time. The first error stops it.
func parallel[T any](ctx context.Context, items []T, do func(T) error) error {
	group, inner := errgroup.WithContext(ctx)
	group.SetLimit(parallelCalls)
	for _, item := range items {
		if inner.Err() != nil {
			break
		}
		group.Go(func() error { return do(item) })
	}
	if err := group.Wait(); err != nil {
		return err
	}
	return ctx.Err()
}

// byDepth calls do for all folders, those above before those below.
func byDepth[T any](ctx context.Context, folders map[string]T, do func(folder string) error) error {
	var levels [][]string
	for folder := range folders {
		depth := 0
		if folder != "" {
			depth = 1 + strings.Count(folder, "/")
		}
		for len(levels) <= depth {
			levels = append(levels, nil)
		}
		levels[depth] = append(levels[depth], folder)
	}
	for _, level := range levels {
		if err := parallel(ctx, level, do); err != nil {
			return err
		}
	}
	return nil
}

// parentOf is the directory of a key, "" for the top.
func parentOf(key string) string { return key[:max(strings.LastIndexByte(key, '/'), 0)] }
