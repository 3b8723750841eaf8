package tree

import (
	"context"
	"hash/maphash"
	"io/fs"
	"slices"
	"sync/atomic"
)

const pythonCache = "__pycache__"

// Verify compares a tree with the entries of its manifest: each file's kind,
// size, time of change and number, and that nothing else is there but Python's
// caches, which readers make when they may write. It reads no content. It gives
// the entries that are undamaged, and whether that is all there is to say.
func (s *Store) Verify(ctx context.Context, number int, entries []Entry) (undamaged []Entry, whole bool, err error) {
	expected := map[string]int{} // files and folders in each folder
	folders := Folders(entries)
	for _, folder := range folders[1:] {
		expected[parentOf(folder)]++
	}
	places, good := make([]int, len(entries)), make([]bool, len(entries))
	for i, e := range entries {
		expected[parentOf(e.Key)]++
		places[i] = i
	}
	var strange atomic.Bool
	err = parallel(ctx, diskCalls, places, func(_ context.Context, i int) error {
		info, err := s.stat(join(s.tree(number), entries[i].Key))
		good[i] = err == nil && info == entries[i].Info
		return unlessGone(err)
	})
	if err == nil {
		err = parallel(ctx, diskCalls, folders, func(_ context.Context, folder string) error {
			path := join(s.tree(number), folder)
			info, err := s.stat(path)
			if err != nil || info.Kind != fs.ModeDir {
				strange.Store(true)
				return unlessGone(err)
			}
			names, err := s.names(path)
			there := len(names)
			if cache := join(folder, pythonCache); slices.Contains(names, pythonCache) {
				_, isFolder := expected[cache]
				_, isFile := Base{Entries: entries}.find(cache)
				if !isFolder && !isFile {
					there--
				}
			}
			if there != expected[folder] {
				strange.Store(true)
			}
			return unlessGone(err)
		})
	}
	for i, e := range entries {
		if good[i] {
			undamaged = append(undamaged, e)
		}
	}
	return undamaged, len(undamaged) == len(entries) && !strange.Load(), err
}

// Folders are all directories of a tree, "" for itself, in no order
func Folders(entries []Entry) []string {
	folders, known := []string{""}, map[string]bool{"": true}
	for i := range entries {
		for folder := parentOf(entries[i].Key); !known[folder]; folder = parentOf(folder) {
			known[folder] = true
			folders = append(folders, folder)
		}
	}
	return folders
}

// Glance gives a number that changes when somebody removes something of what
// readers see, or adds something: of the link, of the tree's manifest, its
// directories and the names in them. It costs a call for each directory.
func (s *Store) Glance(ctx context.Context, number int, folders []string) (uint64, error) {
	link, err := s.readlink(s.name)
	if err != nil {
		return 0, err
	}
	return s.glance(ctx, link, number, folders)
}

func (s *Store) glance(ctx context.Context, link string, number int, folders []string) (uint64, error) {
	// Their sum doesn't depend on the order, in which they are looked at.
	var sum atomic.Uint64
	paths := []string{s.manifest(number)}
	for _, folder := range folders {
		paths = append(paths, join(s.tree(number), folder))
	}
	sum.Add(maphash.String(seed, link))
	err := parallel(ctx, diskCalls, paths, func(_ context.Context, path string) error {
		info, err := s.stat(path)
		sum.Add(maphash.Comparable(seed, struct {
			string
			Info
		}{path, info}))
		return err
	})
	return sum.Load(), err
}

var seed = maphash.MakeSeed()
