package tree

import (
	"cmp"
	"context"
	"errors"
	"hash/maphash"
	"io/fs"
	"maps"
	"slices"
	"sync"
	"sync/atomic"

	"golang.org/x/sys/unix"
)

// Damage is how a tree differs from its manifest.
type Damage struct {
	// Bad are the indices of entries that are gone or are no longer the file
	// that was written, in no order.
	Bad []int
	// Folders are directories that are gone or hold something that doesn't
	// belong there; "" is the top.
	Folders []string
}

// None is true when all is as it was written.
func (d Damage) None() bool { return len(d.Bad) == 0 && len(d.Folders) == 0 }

const pythonCache = "__pycache__"

// Verify compares a tree with the entries of its manifest: each file's kind,
// size, time of change and number, and that nothing else is there but Python's
// caches, which readers make when they may write. It reads no content.
func Verify(ctx context.Context, dir *Dir, entries []Entry) (Damage, error) {
	var damage Damage
	var mu sync.Mutex
	folders := map[string][]int{"": nil} // to the entries in each
	for i := range entries {
		folder := parentOf(entries[i].Key)
		folders[folder] = append(folders[folder], i)
	}
	subfolders := map[string]int{}
	for _, folder := range Folders(entries) {
		if _, known := folders[folder]; !known {
			folders[folder] = nil // nothing but folders in it
		}
		if folder != "" {
			subfolders[parentOf(folder)]++
		}
	}
	err := parallel(ctx, slices.Collect(maps.Keys(folders)), func(folder string) error {
		var bad []int
		for _, i := range folders[folder] {
			e := &entries[i]
			info, err := dir.Stat(e.Key)
			if err != nil && !missing(err) {
				return err
			}
			if err != nil || info != e.Info {
				bad = append(bad, i)
			}
		}
		names, err := dir.Names(orDot(folder))
		if err != nil && !missing(err) {
			return err
		}
		there := len(names)
		for _, name := range names {
			if _, ours := folders[join(folder, name)]; name == pythonCache && !ours {
				there--
			}
		}
		mu.Lock()
		defer mu.Unlock()
		damage.Bad = append(damage.Bad, bad...)
		if err != nil || there != len(folders[folder])+subfolders[folder] {
			damage.Folders = append(damage.Folders, folder)
		}
		return nil
	})
	if err != nil {
		return Damage{}, err
	}
	return damage, nil
}

// missing is true for what isn't there, or lies where a file is.
func missing(err error) bool { return errors.Is(err, fs.ErrNotExist) || errors.Is(err, unix.ENOTDIR) }

// Folders are all directories of a tree, "" for itself.
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

// Glance gives a number that changes when somebody removes something of a
// tree, or adds something: of its link, its manifest, its directories and the
// names in them. It costs a call for each directory.
func (s *Store) Glance(ctx context.Context, number int, folders []string) (uint64, error) {
	link, err := s.parent.Readlink(s.name)
	if err != nil {
		return 0, err
	}
	return s.glance(ctx, link, number, folders)
}

func (s *Store) glance(ctx context.Context, link string, number int, folders []string) (uint64, error) {
	record, err := s.home.Stat(treeName(number) + manifestSuffix)
	if err != nil {
		return 0, err
	}
	// Their sum doesn't depend on the order, in which they are looked at.
	var sum atomic.Uint64
	add := func(name string, i Info) { sum.Add(maphash.Comparable(seed, named{name, i})) }
	add(link, record)
	tree := treeName(number)
	err = parallel(ctx, folders, func(folder string) error {
		info, err := s.home.Stat(join(tree, folder))
		add(folder, info)
		return err
	})
	return sum.Load(), err
}

var seed = maphash.MakeSeed()

type named struct {
	name string
	Info
}

func orDot(folder string) string { return cmp.Or(folder, ".") }

func join(folder, name string) string {
	if folder == "" || name == "" {
		return folder + name
	}
	return folder + "/" + name
}
