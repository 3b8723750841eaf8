package tree

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

var errNotDir = unix.ENOTDIR

// Retire removes a tree that nobody may still read.
func (s *Store) Retire(ctx context.Context, number int) error {
	// Without its manifest it is rubbish, and will be removed by the next
	// writer if this one doesn't get to the end.
	if err := s.home.Unlink(treeName(number) + manifestSuffix); err != nil {
		return err
	}
	return s.Remove(ctx, treeName(number))
}

// Remove removes one name of the store, with all below it.
func (s *Store) Remove(ctx context.Context, name string) error {
	info, err := s.home.Stat(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if !info.IsDir() {
		return s.home.Unlink(name)
	}
	dir, err := s.home.OpenDir(name)
	if err != nil {
		return err
	}
	defer dir.Close()
	if err := dir.empty(ctx); err != nil {
		return err
	}
	return s.home.Rmdir(name)
}

// empty removes all that lies in a directory. It never follows a link.
func (d *Dir) empty(ctx context.Context) error {
	folders := []string{""}
	for i := 0; i < len(folders); i++ {
		if err := ctx.Err(); err != nil {
			return err
		}
		files, below, err := d.list(folders[i])
		if err != nil {
			return err
		}
		folders = append(folders, below...)
		if err := parallel(ctx, byDirectory(len(files), func(i int) string { return files[i] }), func(i int) error {
			return d.Unlink(files[i])
		}); err != nil {
			return err
		}
	}
	// Those that were found last lie deepest.
	slices.SortFunc(folders, func(a, b string) int { return strings.Count(b, "/") - strings.Count(a, "/") })
	for _, folder := range folders {
		if folder == "" {
			continue
		}
		if err := d.Rmdir(folder); err != nil {
			return err
		}
	}
	return nil
}

func (d *Dir) list(folder string) (files, folders []string, err error) {
	path := d.path + "/" + folder
	if err := d.disk.before("readdir", path); err != nil {
		return nil, nil, err
	}
	fd, err := unix.Openat(d.fd, orDot(folder), unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC|unix.O_NOFOLLOW, 0)
	if err != nil {
		return nil, nil, &fs.PathError{Op: "readdir", Path: path, Err: err}
	}
	open := os.NewFile(uintptr(fd), path)
	defer func() { _ = open.Close() }()
	entries, err := open.ReadDir(-1)
	if err != nil {
		return nil, nil, err
	}
	for _, e := range entries {
		if e.IsDir() {
			folders = append(folders, join(folder, e.Name()))
		} else {
			files = append(files, join(folder, e.Name()))
		}
	}
	return files, folders, nil
}
