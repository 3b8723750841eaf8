package tree

import (
	"context"
	"errors"
	"io/fs"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// mostTrees is how many trees stay, whatever their age. A file has a link in
// each tree that holds it, and EFS allows 177.
// https://docs.aws.amazon.com/efs/latest/ug/limits.html
const mostTrees = 100

// Tidy removes what nobody needs: rubbish, trees that stopped being shown at
// least keep ago, and the oldest ones of too many; not the one that is shown,
// nor one that a reader holds a lock on. All recorded times are the later of
// S3's and this machine's; now must be the earlier of them, so that one wrong
// clock removes nothing. The stage of an attempt that
// failed may be spared. What it has no time for is left to the next call.
func (s *Store) Tidy(ctx context.Context, now time.Time, keep time.Duration, spareStage bool) error {
	c, err := s.Scan()
	if err != nil {
		return err
	}
	for _, name := range c.Rubbish {
		if spareStage && name == stageName {
			continue
		}
		if err := s.Remove(ctx, name); err != nil {
			return err
		}
	}
	if c.Current == 0 {
		return nil
	}
	for i, number := range c.Trees {
		if number == c.Current {
			continue
		}
		// The next tree's record tells when this one was replaced. Those after
		// one that isn't past its time aren't either: their records need not be read.
		if len(c.Trees)-i <= mostTrees && (i+1 == len(c.Trees) || !s.past(c.Trees[i+1], now, keep)) {
			break
		}
		if err := s.retire(ctx, number); err != nil {
			return err
		}
	}
	return nil
}

// past is true when a tree was published at least keep ago.
func (s *Store) past(number int, now time.Time, keep time.Duration) bool {
	if keep == 0 {
		return true
	}
	// The lines before it have 2,500 bytes at most.
	head, err := s.home.Read(treeName(number)+manifestSuffix, 4<<10)
	if err != nil {
		return false
	}
	_, rest, _ := strings.Cut(string(head), "\npublished ")
	text, _, _ := strings.Cut(rest, "\n")
	published, err := time.Parse(time.RFC3339, text)
	return err == nil && now.Sub(published) >= keep
}

// retire removes a tree, unless a reader uses it.
func (s *Store) retire(ctx context.Context, number int) error {
	name := treeName(number) + manifestSuffix
	used := false
	err := s.home.call("lock", name, func() error {
		fd, err := unix.Openat(s.home.fd, name, unix.O_RDWR|unix.O_CLOEXEC|unix.O_NOFOLLOW, 0)
		if err != nil {
			return err
		}
		defer func() { _ = unix.Close(fd) }()
		err = unix.Flock(fd, unix.LOCK_EX|unix.LOCK_NB)
		if used = err == unix.EWOULDBLOCK; used {
			return nil
		}
		return err
	})
	if err != nil || used {
		return err
	}
	// Without its manifest it is rubbish, and will be removed by the next
	// writer if this one doesn't get to the end.
	if err := s.home.Unlink(name); err != nil {
		return err
	}
	return s.Remove(ctx, treeName(number))
}

// Remove removes one name of the store, with all below it. It never follows a
// link.
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
	// Level by level, several directories at a time; those found last lie deepest.
	levels := [][]string{{""}}
	for len(levels[len(levels)-1]) > 0 {
		level := levels[len(levels)-1]
		below := make([][]string, len(level))
		err := parallel(ctx, positions(len(level)), func(i int) (err error) {
			below[i], err = dir.clear(ctx, level[i])
			return err
		})
		if err != nil {
			return err
		}
		levels = append(levels, slices.Concat(below...))
	}
	for _, level := range slices.Backward(levels[1:]) {
		if err := parallel(ctx, level, dir.Rmdir); err != nil {
			return err
		}
	}
	return s.home.Rmdir(name)
}

func positions(n int) []int {
	list := make([]int, n)
	for i := range list {
		list[i] = i
	}
	return list
}

// clear removes the files in a directory and names the directories in it.
func (d *Dir) clear(ctx context.Context, folder string) (below []string, err error) {
	entries, err := d.entries(orDot(folder))
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		name := join(folder, e.Name())
		if e.IsDir() {
			below = append(below, name)
			continue
		}
		if err := errors.Join(ctx.Err(), d.Unlink(name)); err != nil {
			return nil, err
		}
	}
	return below, nil
}
