package tree

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// mostTrees is how many trees stay, whatever their age. A file has a link in
// each tree that holds it, and EFS allows 177.
// https://docs.aws.amazon.com/efs/latest/ug/limits.html
const mostTrees = 100

// Tidy removes what nobody needs: rubbish, trees that stopped being shown at
// least keep ago, and the oldest ones of too many; not the one that is shown,
// nor one that a reader holds a lock on, nor the unfinished one that is spared.
// All recorded times are the later of S3's and this machine's; now must be the
// earlier of them, so that one wrong clock removes nothing. What it has no time
// for is left to the next call.
func (s *Store) Tidy(ctx context.Context, now time.Time, keep time.Duration, spared int) error {
	c, err := s.Scan()
	if err != nil {
		return err
	}
	var faults []error // one thing that can't be removed keeps no other
	for _, name := range c.Rubbish {
		if ctx.Err() != nil {
			break
		}
		if numberOf(name) == 0 || numberOf(name) != spared {
			faults = append(faults, s.clear(ctx, s.home+"/"+name, 2))
		}
	}
	for i, number := range c.Trees {
		if number == c.Current {
			continue
		}
		if ctx.Err() != nil {
			break
		}
		// The next tree's record tells when this one was replaced. Those after
		// one that isn't past its time aren't either, and need not be looked at.
		if len(c.Trees)-i <= mostTrees {
			if i+1 == len(c.Trees) {
				break
			}
			next, err := s.stat(s.manifest(c.Trees[i+1]))
			if err != nil || keep > 0 && now.Sub(time.Unix(0, next.MTime)) < keep {
				faults = append(faults, err)
				break
			}
		}
		faults = append(faults, s.retire(ctx, number))
	}
	return errors.Join(append(faults, ctx.Err())...)
}

// retire removes a tree, unless a reader uses it.
func (s *Store) retire(ctx context.Context, number int) error {
	err := s.call("lock", s.manifest(number), func() error {
		record, err := s.OpenFile(s.manifest(number), os.O_RDWR, 0)
		if err == nil {
			defer func() { _ = record.Close() }() // nothing was written through it
			err = unix.Flock(int(record.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		}
		if unlessGone(err) != nil { // what is no file, nobody locks
			return err
		}
		// Without its manifest it is rubbish: whoever locks it from now on finds
		// that it is gone, and what isn't removed now is later.
		return s.remove(s.manifest(number))
	})
	if errors.Is(err, unix.EWOULDBLOCK) {
		return nil
	}
	if err != nil {
		return err
	}
	return s.clear(ctx, s.tree(number), 2)
}

// clear removes a name with all below it, several at a time in its upper levels.
func (s *Store) clear(ctx context.Context, name string, levels int) error {
	if info, err := s.stat(name); err == nil && info.Kind == fs.ModeDir && levels > 0 {
		below, err := s.names(name)
		if err != nil {
			return err
		}
		if err := parallel(ctx, diskCalls, below, func(ctx context.Context, b string) error { return s.clear(ctx, name+"/"+b, levels-1) }); err != nil {
			return err
		}
	}
	return s.remove(name)
}
