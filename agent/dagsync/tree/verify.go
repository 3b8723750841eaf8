package tree

import (
	"context"
	"errors"
	"io/fs"
	"sync"
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
// size, time of change and number, and that nothing else is there. It reads
// no content. caches says whether Python's caches may lie there, which readers
// make when they may write.
func Verify(ctx context.Context, dir *Dir, entries []Entry, caches bool) (Damage, error) {
	var damage Damage
	var mu sync.Mutex
	err := parallel(ctx, byDirectory(len(entries), func(i int) string { return entries[i].Key }), func(i int) error {
		e := &entries[i]
		info, err := dir.Stat(e.Key)
		if err == nil && info.Regular() && info.Size == e.Size && info.MTime == e.MTime && info.Inode == e.Inode {
			return nil
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, errNotDir) {
			return err
		}
		mu.Lock()
		defer mu.Unlock()
		damage.Bad = append(damage.Bad, i)
		return nil
	})
	if err != nil {
		return Damage{}, err
	}
	folders, counts := expected(entries)
	err = parallel(ctx, singly(len(folders)), func(i int) error {
		names, err := dir.Names(orDot(folders[i]))
		if err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, errNotDir) {
			return err
		}
		there := len(names)
		for _, name := range names {
			if caches && name == pythonCache && !counts[join(folders[i], name)].folder {
				there--
			}
		}
		if err == nil && there == counts[folders[i]].members {
			return nil
		}
		mu.Lock()
		defer mu.Unlock()
		damage.Folders = append(damage.Folders, folders[i])
		return nil
	})
	if err != nil {
		return Damage{}, err
	}
	return damage, nil
}

type count struct {
	members int
	folder  bool
}

// expected counts what each directory must hold.
func expected(entries []Entry) ([]string, map[string]count) {
	folders := []string{""}
	counts := map[string]count{"": {folder: true}}
	last, members := "", 0
	flush := func() {
		c := counts[last]
		c.members += members
		counts[last], members = c, 0
	}
	for _, e := range entries {
		folder := parentOf(e.Key)
		if folder != last {
			flush()
			last = folder
		}
		members++
		for !counts[folder].folder {
			c := counts[folder]
			c.folder = true
			counts[folder] = c
			folders = append(folders, folder)
			folder = parentOf(folder)
			above := counts[folder]
			above.members++
			counts[folder] = above
		}
	}
	flush()
	return folders, counts
}

func orDot(folder string) string {
	if folder == "" {
		return "."
	}
	return folder
}

func join(folder, name string) string {
	if folder == "" {
		return name
	}
	return folder + "/" + name
}
