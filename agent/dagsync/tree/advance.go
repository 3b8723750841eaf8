package tree

import (
	"cmp"
	"context"
	"errors"
	"math"
	"slices"
	"sync/atomic"
	"time"

	"github.com/pathwai/airflow-on-fargate/agent/dagsync/bucket"
	"golang.org/x/sync/errgroup"
)

// Base is the tree that the next one is made from.
type Base struct {
	Dir     *Dir
	Entries []Entry
}

// Fetch writes one object to a new file.
type Fetch func(ctx context.Context, o bucket.Object, to *File) error

// Changes says what was done to get from one tree to the next.
type Changes struct {
	Kept, Linked, Fetched, Removed int
}

// advance holds one run of Advance.
type advance struct {
	stage *Stage
	base  *Base
	want  []bucket.Object
	// files and done belong to want, index by index.
	files []Entry
	done  []bool
	// before is the base's entry for a wanted key, or nil.
	before []*Entry
	// stale are the stage's files that have to go, and gone tells which did.
	stale []Entry
	gone  []bool
}

// Advance makes the stage hold exactly the wanted objects. For each of them,
// the decision table (tested row by row in tree_test.go) is:
//
//	in the stage                    | in the base       | what is done
//	the base's very file, or a copy | same ETag         | kept
//	another file, or none           | same ETag         | linked (copied near the link limit)
//	fetched by an attempt before    | other ETag, none  | kept
//	anything else                   | other ETag, none  | fetched
//
// and what is in the stage but not wanted is removed. When it fails the stage
// is still usable: it knows what it has.
func (s *Stage) Advance(ctx context.Context, want []bucket.Object, base *Base, workers int, newFetch func() Fetch) (Changes, error) {
	a := &advance{
		stage: s, base: base, want: want,
		files: make([]Entry, len(want)), done: make([]bool, len(want)), before: make([]*Entry, len(want)),
	}
	links, fetches := a.plan()
	changes := Changes{Linked: len(links), Fetched: len(fetches), Removed: len(a.stale)}
	changes.Kept = len(want) - changes.Linked - changes.Fetched
	err := a.run(ctx, links, fetches, workers, newFetch)
	a.record()
	return changes, err
}

// plan walks the three sorted lists side by side.
func (a *advance) plan() (links, fetches []int) {
	old, base := a.stage.entries, a.base.Entries
	for i := range a.want {
		key := a.want[i].Key
		for len(old) > 0 && old[0].Key < key {
			a.stale = append(a.stale, old[0])
			old = old[1:]
		}
		for len(base) > 0 && base[0].Key < key {
			base = base[1:]
		}
		if len(base) > 0 && base[0].Key == key {
			a.before[i] = &base[0]
		}
		same := a.before[i] != nil && a.before[i].ETag == a.want[i].ETag
		if len(old) > 0 && old[0].Key == key {
			present := old[0]
			old = old[1:]
			switch {
			case same && present.ETag == a.want[i].ETag && present.Info == a.before[i].Info:
				a.files[i], a.done[i] = *a.before[i], true
				// A stage that was linked from this base counted one more.
				if present.Links < math.MaxInt32 {
					a.files[i].Links = max(a.files[i].Links, present.Links)
				}
				continue
			case same && present.ETag == a.want[i].ETag && present.MTime == a.before[i].MTime && present.Links < linkLimit(key):
				a.files[i], a.done[i] = present, true // a copy of the base's file
				continue
			case !same && a.stage.fresh[key] && present.ETag == a.want[i].ETag:
				a.files[i], a.done[i] = present, true
				continue
			}
			a.stale = append(a.stale, present)
		}
		if same {
			links = append(links, i)
		} else {
			fetches = append(fetches, i)
		}
	}
	a.stale = append(a.stale, old...)
	a.gone = make([]bool, len(a.stale))
	return links, fetches
}

func (a *advance) run(ctx context.Context, links, fetches []int, workers int, newFetch func() Fetch) error {
	s := a.stage
	staleKey := func(i int) string { return a.stale[i].Key }
	err := parallel(ctx, byDirectory(len(a.stale), staleKey), func(i int) error {
		err := s.drop(a.stale[i].Key)
		a.gone[i] = err == nil
		return err
	})
	if err != nil {
		return err
	}
	folders := foldersOf(len(a.want), func(i int) string { return a.want[i].Key })
	if err := s.removeFolders(ctx, folders); err != nil {
		return err
	}
	if err := s.makeFolders(ctx, folders); err != nil {
		return err
	}
	linkKey := func(i int) string { return a.want[links[i]].Key }
	err = parallel(ctx, byDirectory(len(links), linkKey), func(i int) (err error) {
		w := links[i]
		a.files[w], err = s.link(a.base.Dir, *a.before[w])
		a.done[w] = err == nil
		return err
	})
	if err != nil {
		return err
	}
	return a.fetch(ctx, fetches, workers, newFetch)
}

func (a *advance) fetch(ctx context.Context, fetches []int, workers int, newFetch func() Fetch) error {
	group, ctx := errgroup.WithContext(ctx)
	var next atomic.Int64
	for range min(workers, len(fetches)) {
		group.Go(func() error {
			fetch := newFetch()
			for {
				n := int(next.Add(1)) - 1
				if n >= len(fetches) {
					return nil
				}
				if err := ctx.Err(); err != nil {
					return err
				}
				w := fetches[n]
				e, err := a.fetchOne(ctx, w, fetch)
				if err != nil {
					return err
				}
				a.files[w], a.done[w] = e, true
			}
		})
	}
	err := group.Wait()
	for _, w := range fetches {
		if a.done[w] {
			a.stage.fresh[a.want[w].Key] = true
		}
	}
	return err
}

func (a *advance) fetchOne(ctx context.Context, w int, fetch Fetch) (Entry, error) {
	o := a.want[w]
	f, err := a.stage.create(o.Key)
	if err != nil {
		return Entry{}, err
	}
	err = fetch(ctx, o, f)
	info, closeErr := f.Close()
	if err = errors.Join(err, closeErr); err != nil {
		// What is half there has no place in the stage's list.
		return Entry{}, errors.Join(err, a.stage.drop(o.Key))
	}
	// Python takes a cached .pyc for the source's own when second and size
	// agree: a changed file must have a later second, whatever the clock says.
	if before := a.before[w]; before != nil && info.MTime/int64(time.Second) <= before.MTime/int64(time.Second) {
		info.MTime = (before.MTime/int64(time.Second) + 1) * int64(time.Second)
		if err := a.stage.dir.SetMTime(o.Key, info.MTime); err != nil {
			return Entry{}, errors.Join(err, a.stage.drop(o.Key))
		}
	}
	return Entry{Key: o.Key, ETag: o.ETag, Info: info, Links: 1}, nil
}

// record writes down what the stage holds now.
func (a *advance) record() {
	s := a.stage
	complete := true
	s.entries = a.files
	for i, done := range a.done {
		if !done {
			complete = false
			a.files[i].Key = ""
		}
	}
	if !complete {
		s.entries = slices.DeleteFunc(a.files, func(e Entry) bool { return e.Key == "" })
	}
	for i, e := range a.stale {
		// Nothing new takes a name before all of them are gone.
		if !a.gone[i] {
			s.entries = append(s.entries, e)
			complete = false
		}
	}
	if !complete {
		slices.SortFunc(s.entries, func(x, y Entry) int { return cmp.Compare(x.Key, y.Key) })
	}
}
