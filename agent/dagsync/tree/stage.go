package tree

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"slices"
	"strings"
	"sync/atomic"

	"golang.org/x/sys/unix"
)

// Stage is the next tree while it is made. It always knows exactly which
// files lie in it, so that work that failed half-way goes on where it ended.
type Stage struct {
	store   *Store
	dir     *Dir
	entries []Entry // in order of their keys
	folders map[string]bool
	// fresh are keys that were fetched for the tree in the making, while the
	// tree before has another content or none.
	fresh map[string]bool
	// doubtful is set when a call failed of which it isn't known what it did.
	doubtful atomic.Bool
}

// Entries are the files of the stage, in order of their keys.
func (s *Stage) Entries() []Entry { return s.entries }

// Close lets go of the stage's directory.
func (s *Stage) Close() {
	if s.dir != nil {
		s.dir.Close()
		s.dir = nil
	}
}

// OpenStage starts the next tree from the cheapest thing there is: a stage
// that was prepared, an old tree that nobody may still read, or nothing.
// recycle is the number of such a tree, or 0. When checked is set the
// prepared stage is known to be whole.
func (s *Store) OpenStage(ctx context.Context, c Contents, recycle int, checked bool) (*Stage, error) {
	if !c.Stage && recycle > 0 {
		stage, err := s.recycle(ctx, c, recycle)
		if stage != nil || err != nil {
			return stage, err
		}
	}
	if c.Stage {
		m, err := s.load(stageName)
		if err == nil {
			return s.adopt(ctx, m, checked)
		}
	}
	return s.emptyStage(c)
}

// recycle turns an old tree into the stage; it returns nil when the tree's
// manifest is of no use.
func (s *Store) recycle(ctx context.Context, c Contents, number int) (*Stage, error) {
	m, err := s.Load(number)
	if err != nil {
		return nil, nil
	}
	// How many links these files got since is not known: they are kept only
	// where the base has the very same file and knows it.
	for i := range m.Entries {
		m.Entries[i].Links = math.MaxInt32
	}
	if err := s.clearStage(c); err != nil {
		return nil, err
	}
	// The manifest goes first: from here on the tree is no tree.
	if err := s.home.Unlink(treeName(number) + manifestSuffix); err != nil {
		return nil, err
	}
	if err := s.home.Rename(treeName(number), stageName); err != nil {
		return nil, err
	}
	return s.adopt(ctx, m, false)
}

// adopt takes over a directory called stage whose manifest is m. If it
// isn't quite as the manifest says, it is thrown away.
func (s *Store) adopt(ctx context.Context, m *Manifest, checked bool) (*Stage, error) {
	if err := s.home.Unlink(stageName + manifestSuffix); err != nil {
		return nil, err
	}
	dir, err := s.home.OpenDir(stageName)
	if err != nil {
		return nil, err
	}
	stage := &Stage{store: s, dir: dir, entries: m.Entries, folders: foldersOf(len(m.Entries), func(i int) string { return m.Entries[i].Key }), fresh: map[string]bool{}}
	if checked {
		return stage, nil
	}
	damage, err := Verify(ctx, dir, m.Entries, false)
	if err == nil && damage.None() {
		return stage, nil
	}
	stage.Close()
	if err != nil {
		return nil, err
	}
	c, err := s.Scan()
	if err != nil {
		return nil, err
	}
	return s.emptyStage(c)
}

// clearStage moves what is left of a stage aside; it is removed later.
func (s *Store) clearStage(c Contents) error {
	if err := s.home.Unlink(stageName + manifestSuffix); err != nil {
		return err
	}
	// An unfinished tree's name: the number is never given to a finished one,
	// because the next number is above all that exist.
	err := s.home.Rename(stageName, treeName(c.next))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

func (s *Store) emptyStage(c Contents) (*Stage, error) {
	if err := s.clearStage(c); err != nil {
		return nil, err
	}
	if err := s.home.Mkdir(stageName); err != nil {
		return nil, err
	}
	dir, err := s.home.OpenDir(stageName)
	if err != nil {
		return nil, err
	}
	return &Stage{store: s, dir: dir, folders: map[string]bool{}, fresh: map[string]bool{}}, nil
}

// Keep makes a stage that equals its manifest last beyond this process.
func (s *Stage) Keep(m *Manifest) error {
	s.Close()
	if err := s.store.home.SyncAll(); err != nil {
		return err
	}
	return s.store.writeManifest(stageName, m)
}

// foldersOf gives all directories that n keys need.
func foldersOf(n int, key func(i int) string) map[string]bool {
	folders := map[string]bool{}
	last := ""
	for i := range n {
		folder := parentOf(key(i))
		if folder == last {
			continue
		}
		last = folder
		for folder != "" && !folders[folder] {
			folders[folder] = true
			folder = parentOf(folder)
		}
	}
	return folders
}

// makeFolders makes directories, those above first, and removeFolders takes
// them away, those below first.
func (s *Stage) makeFolders(ctx context.Context, want map[string]bool) error {
	return s.levels(ctx, missing(want, s.folders), func(folder string) error {
		return s.doubt(s.dir.Mkdir(folder))
	}, func(folder string) { s.folders[folder] = true })
}

func (s *Stage) removeFolders(ctx context.Context, want map[string]bool) error {
	levels := missing(s.folders, want)
	slices.Reverse(levels)
	return s.levels(ctx, levels, func(folder string) error {
		err := s.dir.Rmdir(folder)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return s.doubt(err)
	}, func(folder string) { delete(s.folders, folder) })
}

// missing gives the members of want that have doesn't have, by depth.
func missing(want, have map[string]bool) [][]string {
	var levels [][]string
	for folder := range want {
		if have[folder] {
			continue
		}
		depth := strings.Count(folder, "/")
		for len(levels) <= depth {
			levels = append(levels, nil)
		}
		levels[depth] = append(levels[depth], folder)
	}
	return levels
}

func (s *Stage) levels(ctx context.Context, levels [][]string, do func(string) error, done func(string)) error {
	for _, level := range levels {
		slices.Sort(level)
		ok := make([]bool, len(level))
		err := parallel(ctx, singly(len(level)), func(i int) error {
			err := do(level[i])
			ok[i] = err == nil
			return err
		})
		for i, folder := range level {
			if ok[i] {
				done(folder)
			}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// linkLimit is how many links a file may get before it is copied instead.
// EFS allows 177 for a file; files take turns, so that a big tree isn't copied
// all at once.
// https://docs.aws.amazon.com/efs/latest/ug/limits.html
func linkLimit(key string) int {
	const least, spread = 100, 70
	sum := uint32(2166136261)
	for i := 0; i < len(key); i++ {
		sum = (sum ^ uint32(key[i])) * 16777619
	}
	return least + int(sum%spread)
}

// link puts a file of an older tree into the stage.
func (s *Stage) link(base *Dir, e Entry) (Entry, error) {
	if e.Links < linkLimit(e.Key) {
		err := s.dir.Link(base, e.Key)
		if errors.Is(err, fs.ErrExist) {
			if err = s.dir.Unlink(e.Key); err == nil {
				err = s.dir.Link(base, e.Key)
			}
		}
		if err == nil {
			e.Links++
			return e, nil
		}
		if !errors.Is(err, unix.EMLINK) {
			return Entry{}, s.doubt(err)
		}
	}
	return s.copy(base, e)
}

// copy makes a second file with the same content and time.
func (s *Stage) copy(base *Dir, e Entry) (Entry, error) {
	from, err := base.Read(e.Key)
	if err != nil {
		return Entry{}, err
	}
	defer from.Close()
	to, err := s.create(e.Key)
	if err != nil {
		return Entry{}, err
	}
	n, err := from.CopyTo(to)
	info, closeErr := to.Close()
	if err = errors.Join(err, closeErr); err == nil && n != e.Size {
		err = fmt.Errorf("%s: it has %d bytes, %d were written", from.Path(), n, e.Size)
	}
	if err == nil {
		err = s.dir.SetMTime(e.Key, e.MTime)
	}
	if err != nil {
		return Entry{}, errors.Join(err, s.drop(e.Key))
	}
	e.Inode, e.Links = info.Inode, 1
	return e, nil
}

// create makes a new file; one that an interrupted attempt left is replaced.
func (s *Stage) create(key string) (*File, error) {
	f, err := s.dir.Create(key)
	if errors.Is(err, fs.ErrExist) {
		if err = s.dir.Unlink(key); err == nil {
			f, err = s.dir.Create(key)
		}
	}
	return f, s.doubt(err)
}

// doubt passes on the result of a call to the disk.
func (s *Stage) doubt(err error) error {
	if err != nil {
		s.doubtful.Store(true)
	}
	return err
}

// drop removes a file that isn't whole.
func (s *Stage) drop(key string) error { return s.doubt(s.dir.Unlink(key)) }

// Owns is true for the name in the store under which the stage lies.
func (s *Stage) Owns(name string) bool { return name == stageName }

// Full is true for errors that say that there is no room left.
func Full(err error) bool {
	return errors.Is(err, unix.ENOSPC) || errors.Is(err, unix.EDQUOT) || errors.Is(err, unix.EFBIG)
}

// Doubtful is true once the disk failed in a way after which other files may
// lie in the stage than it knows of. Such a stage must not be shown.
func (s *Stage) Doubtful() bool { return s.doubtful.Load() }
