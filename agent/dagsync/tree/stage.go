package tree

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
	"sync"
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
	store *Store
	// Number is the tree's.
	Number int
	// Entries are the files that lie in it for certain, in order of their keys.
	Entries []Entry
	// Refused are keys that S3 lists, but doesn't give.
	Refused []keys.Skip
	// Linked and Fetched count what was done; Fetched files came from S3.
	Linked, Fetched int
	mu              sync.Mutex
}

// NewStage begins the next tree.
func (s *Store) NewStage() (*Stage, error) {
	c, err := s.Scan()
	if err != nil {
		return nil, err
	}
	if numberOf(path.Base(s.tree(c.next))) == 0 {
		return nil, fmt.Errorf("%s: there is no number after that of the last tree, which is none of dagsync's: remove it", s.tree(c.next-1))
	}
	return &Stage{store: s, Number: c.next}, s.mkdir(s.tree(c.next))
}

// Base is where unchanged files are linked from: a tree, or a stage that failed.
type Base struct {
	Number  int
	Entries []Entry // in order of their keys
}

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

// Fill puts the wanted objects into the stage, which is new. What a base has
// with the same ETag is linked, all else is fetched; the first base is the tree
// that readers see. Of an object that S3 refuses to give, readers keep the
// file that they have, if they have one.
func (s *Stage) Fill(ctx context.Context, want []bucket.Object, bases []Base, fetch Fetch) error {
	defer func() {
		slices.SortFunc(s.Entries, func(a, b Entry) int { return cmp.Compare(a.Key, b.Key) })
		slices.SortFunc(s.Refused, func(a, b keys.Skip) int { return cmp.Compare(a.Key, b.Key) })
	}()
	folders := map[string][]bucket.Object{"": nil}
	for _, o := range want {
		folders[parentOf(o.Key)] = append(folders[parentOf(o.Key)], o)
	}
	var missing []bucket.Object
	err := parallel(ctx, diskCalls, slices.Collect(maps.Keys(folders)), func(ctx context.Context, folder string) error {
		err, left := s.store.mkdir(s.path(folder)), folders[folder]
		for _, base := range bases {
			if err == nil {
				left, err = s.link(ctx, folder, left, base)
			}
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		missing = append(missing, left...)
		return err
	})
	if err != nil {
		return err
	}
	return parallel(ctx, bucket.Connections, missing, func(ctx context.Context, o bucket.Object) error { return s.fetch(ctx, o, bases[0], fetch) })
}

func (s *Stage) path(key string) string { return join(s.store.tree(s.Number), key) }

// link takes files of one folder from a base that has them, and gives those
// that it hasn't. What can't be linked any more, because it has as many links as
// the file system allows or somebody removed it, is among them.
func (s *Stage) link(ctx context.Context, folder string, want []bucket.Object, base Base) (missing []bucket.Object, err error) {
	link, done, err := s.store.linker(join(s.store.tree(base.Number), folder), s.path(folder))
	if err != nil {
		return want, unlessGone(err)
	}
	defer done()
	for _, o := range want {
		e, ok := base.find(o.Key)
		if !ok || e.ETag != o.ETag {
			missing = append(missing, o)
			continue
		}
		err := errors.Join(ctx.Err(), link(path.Base(o.Key)))
		switch {
		case err == nil:
			s.mu.Lock()
			s.Entries = append(s.Entries, e)
			s.Linked++
			s.mu.Unlock()
		case ctx.Err() == nil && (errors.Is(err, unix.EMLINK) || unlessGone(err) == nil):
			missing = append(missing, o)
		default:
			return missing, err
		}
	}
	return missing, nil
}

func (s *Stage) fetch(ctx context.Context, o bucket.Object, shown Base, fetch Fetch) error {
	to := &File{in: s.store.directory, name: s.path(o.Key)}
	old, had := shown.find(o.Key)
	err := fetch(ctx, o, to)
	var refused *bucket.RefusedError
	if errors.As(err, &refused) && to.file == nil {
		s.mu.Lock()
		s.Refused = append(s.Refused, keys.Skip{Key: o.Key, Reason: refused.Reason})
		s.mu.Unlock()
		if !had {
			return nil
		}
		missing, err := s.link(ctx, parentOf(o.Key), []bucket.Object{{Key: o.Key, ETag: old.ETag}}, shown)
		if err == nil && len(missing) > 0 {
			return fmt.Errorf("what readers have of %q, which S3 refuses, can't be linked: %w", o.Key, refused)
		}
		return err
	}
	info, closeErr := to.close()
	if err = errors.Join(err, closeErr); err != nil {
		return err // half a file may lie there: the stage is never shown
	}
	// Python takes a cached .pyc for the source's own when second and size
	// agree: a changed file must have a later second, whatever the clock says.
	if second := old.MTime / int64(time.Second); had && info.MTime/int64(time.Second) <= second {
		later := time.Unix(second+1, 0)
		info.MTime = later.UnixNano()
		if err := s.store.setTime(to.name, later); err != nil {
			return err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.Entries = append(s.Entries, Entry{Key: o.Key, ETag: o.ETag, Info: info})
	s.Fetched++
	return nil
}

// Full is true for errors that say that there is no room left.
func Full(err error) bool {
	return errors.Is(err, unix.ENOSPC) || errors.Is(err, unix.EDQUOT)
}

// diskCalls at a time hide the latency of a network file system, where each is
// a round trip of milliseconds.
const diskCalls = 32

// parallel calls do for all items, some at a time. The first error stops it.
func parallel[T any](ctx context.Context, atOnce int, items []T, do func(context.Context, T) error) error {
	group, inner := errgroup.WithContext(ctx)
	group.SetLimit(atOnce)
	for _, item := range items {
		if inner.Err() != nil {
			break
		}
		group.Go(func() error { return do(inner, item) })
	}
	return errors.Join(group.Wait(), ctx.Err())
}

// parentOf is the directory of a key, "" for the top.
func parentOf(key string) string { return key[:max(strings.LastIndexByte(key, '/'), 0)] }

func join(folder, name string) string {
	if folder == "" || name == "" {
		return folder + name
	}
	return folder + "/" + name
}
