// Package tree keeps the published trees of the DAG sync on a file system
// that others read at the same time.
//
// Beside the path that readers open lies one directory of ours:
//
//	/sync/dags                            → .dags.sync/tree-000042, a symbolic link
//	/sync/.dags.sync/tree-000042/         what readers see
//	/sync/.dags.sync/tree-000042.manifest what that tree holds
//	/sync/.dags.sync/tree-000041/ …       old trees, for readers that still use them
//	/sync/.dags.sync/tree-000043/         the next tree, while it is made
//	/sync/.dags.sync/lock                 locked by the one writer
//
// A tree is never changed once it has a manifest, until it is removed.
// Publishing is one rename of the symbolic link. A tree without a manifest is
// unfinished and gets removed; its number is not used again.
package tree

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// Store is where the trees of one target lie.
type Store struct {
	directory        // holds the link
	folder    string // where readers look for it
	name      string // of the link
	home      string // holds the trees
	locked    *os.File
}

// Open prepares the directory of trees beside target, which is the path that
// readers open. It refuses a target that is neither free nor a link of ours,
// since replacing it would lose somebody's files.
func Open(disk *Disk, target string) (*Store, error) {
	folder, name := filepath.Split(filepath.Clean(target))
	if !filepath.IsAbs(target) || name == "" {
		return nil, fmt.Errorf("target %q: an absolute path is needed, like /sync/dags", target)
	}
	s := &Store{directory: directory{disk: disk}, folder: folder, name: name, home: filepath.Base(Home(target))}
	if err := s.prepare(); err != nil {
		s.Close()
		return nil, fmt.Errorf("target %s: %w", target, err)
	}
	return s, nil
}

// Home is the directory that holds the trees of a target.
func Home(target string) string {
	folder, name := filepath.Split(filepath.Clean(target))
	return folder + "." + name + ".sync"
}

// prepare takes hold of the directory in which readers look for the link.
func (s *Store) prepare() error {
	if err := os.MkdirAll(s.folder, 0o755); err != nil {
		return err
	}
	root, err := os.OpenRoot(s.folder)
	if err != nil {
		return err
	}
	if s.Root != nil {
		_ = s.Root.Close() // nothing was written through it
	}
	s.Root = root
	if err := s.checkTarget(); err != nil {
		return err
	}
	return s.mkdir(s.home)
}

// checkPlace fails when readers look elsewhere by now: the directory that holds
// the link was moved or removed, and what is written in it nobody sees.
func (s *Store) checkPlace() error {
	return s.call("stat", ".", func() error {
		held, err := s.Stat(".")
		if err != nil {
			return err
		}
		there, err := os.Stat(s.folder)
		if err == nil && !os.SameFile(held, there) {
			err = fmt.Errorf("%s: somebody put another directory in its place", s.folder)
		}
		return err
	})
}

// Close lets go of the store and of its lock.
func (s *Store) Close() {
	s.Unlock()
	if s.Root != nil {
		_ = s.Root.Close() // nothing was written through it
	}
}

func (s *Store) checkTarget() error {
	info, err := s.stat(s.name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case info.Kind == fs.ModeSymlink:
		to, err := s.readlink(s.name)
		if err == nil && s.shownBy(to) == 0 {
			err = fmt.Errorf("it is a link to %q that somebody else made: remove it first", to)
		}
		return err
	case info.Kind == fs.ModeDir:
		if err := s.call("remove", s.name, func() error { return s.Remove(s.name) }); err != nil {
			return fmt.Errorf("it is a directory with files in it, and a link must take its place: move it away first: %w", err)
		}
		return nil
	}
	return errors.New("it is a file, and a link must take its place: move it away first")
}

// shownBy takes the number out of a link's target; 0 when it is none of ours.
func (s *Store) shownBy(link string) int {
	if filepath.Dir(link) != s.home {
		return 0
	}
	return numberOf(filepath.Base(link))
}

const manifestSuffix = ".manifest"

var treePattern = regexp.MustCompile(`^tree-(\d{6}|[1-9]\d{6,17})$`)

func numberOf(name string) int {
	match := treePattern.FindStringSubmatch(name)
	if match == nil {
		return 0
	}
	n, _ := strconv.Atoi(match[1]) // the pattern lets numbers through only
	return n
}

// tree is the name of a tree in the store, manifest that of its record.
func (s *Store) tree(n int) string     { return fmt.Sprintf("%s/tree-%06d", s.home, n) }
func (s *Store) manifest(n int) string { return s.tree(n) + manifestSuffix }
func (s *Store) lockName() string      { return s.home + "/lock" }

// Lock tries to become the one writer of this store. It is a lock of the
// kernel, or of the NFS server: it ends with its holder, however that ends.
func (s *Store) Lock() (bool, error) {
	s.Unlock()
	err := s.mkdir(s.home) // somebody may have removed it
	if s.checkPlace() != nil {
		err = s.prepare()
	}
	if err != nil {
		return false, err
	}
	err = s.call("lock", s.lockName(), func() (err error) {
		if s.locked, err = s.OpenFile(s.lockName(), os.O_RDWR|os.O_CREATE, 0o644); err != nil {
			return err
		}
		return unix.Flock(int(s.locked.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	})
	taken := errors.Is(err, unix.EWOULDBLOCK)
	if err == nil {
		host, _ := os.Hostname() // only to tell people who it is
		_, err = s.locked.WriteAt(fmt.Appendf(nil, "%-80s\n", fmt.Sprintf("%s process %d", host, os.Getpid())), 0)
	}
	if err == nil {
		err = s.CheckLock()
	}
	if err == nil {
		return true, nil
	}
	s.Unlock()
	if taken {
		return false, nil
	}
	return false, fmt.Errorf("%s: %w", s.lockName(), err)
}

// Unlock lets the next writer in.
func (s *Store) Unlock() {
	if s.locked != nil {
		_ = s.locked.Close()
		s.locked = nil
	}
}

// Holder tells who wrote last that it holds the lock, for messages.
func (s *Store) Holder() string {
	text, err := s.ReadFile(s.lockName())
	if err != nil || len(text) == 0 {
		return "unknown"
	}
	return strings.TrimSpace(string(text[:min(len(text), 80)]))
}

// CheckLock fails when the lock is no longer ours: the file was replaced, the
// NFS server gave the lock up while this machine was cut off, or readers look
// elsewhere.
func (s *Store) CheckLock() error {
	if s.locked == nil {
		return fmt.Errorf("%s: not locked", s.lockName())
	}
	if err := s.checkPlace(); err != nil {
		return err
	}
	mine, err := s.locked.Stat()
	if err == nil {
		// Reading through a descriptor whose lock was lost fails on NFS.
		_, err = s.locked.ReadAt(make([]byte, 1), 0)
	}
	if err != nil {
		return err
	}
	there, err := s.stat(s.lockName())
	if err == nil && there.Inode != infoOf(mine).Inode {
		err = fmt.Errorf("%s: somebody replaced the lock file", s.lockName())
	}
	return err
}

// Contents are what lies in a store.
type Contents struct {
	// Current is the number of the tree that readers see, 0 when there is
	// none.
	Current int
	// Linked is true when readers see something, were it a tree whose
	// manifest is gone.
	Linked bool
	// Trees are the numbers of all finished trees, oldest first.
	Trees []int
	// Rubbish are names that nobody needs: unfinished trees, what older agents left.
	Rubbish []string
	// next is the number of the next tree.
	next int
}

// Scan looks what lies in the store.
func (s *Store) Scan() (Contents, error) {
	names, err := s.names(s.home)
	if err != nil {
		return Contents{}, err
	}
	link, err := s.readlink(s.name)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return Contents{}, err
	}
	there := map[string]bool{}
	for _, name := range names {
		there[name] = true
	}
	c, shown := Contents{next: 1}, s.shownBy(link)
	for _, name := range names {
		base := strings.TrimSuffix(name, manifestSuffix)
		number := numberOf(base)
		c.next = max(c.next, number+1)
		whole := number > 0 && there[base] && there[base+manifestSuffix]
		switch {
		case name == "lock" || whole && name != base:
		case name == base && number > 0 && number == shown:
			// Readers see it: without a record it is no rubbish until another takes its place.
			c.Linked = true
			if whole {
				c.Current = number
				c.Trees = append(c.Trees, number)
			}
		case whole:
			c.Trees = append(c.Trees, number)
		default:
			c.Rubbish = append(c.Rubbish, name)
		}
	}
	slices.Sort(c.Trees)
	return c, nil
}

// Load reads the manifest of a tree.
func (s *Store) Load(number int) (m *Manifest, err error) {
	info, err := s.stat(s.manifest(number))
	if err == nil && info.Kind != 0 {
		err = errors.New("manifest: it is no file")
	}
	if err != nil {
		return nil, err
	}
	err = s.call("read", s.manifest(number), func() error {
		data, err := s.ReadFile(s.manifest(number))
		if err == nil {
			m, err = decode(data)
		}
		return err
	})
	return m, err
}

// Publish makes a stage the tree that readers see, and gives what a glance at
// it shows, taken before anybody sees it. When it fails, readers see what they
// saw before.
func (s *Store) Publish(ctx context.Context, stage *Stage, m *Manifest, folders []string) (glance uint64, err error) {
	// Without the lock another writer may be at work.
	if err := s.CheckLock(); err != nil {
		return 0, err
	}
	if err := s.record(stage.Number, m); err != nil {
		return 0, err
	}
	// All of the tree must be durable before the link can lead to it.
	if err := s.syncfs(); err != nil {
		return 0, err
	}
	if glance, err = s.glance(ctx, s.tree(stage.Number), stage.Number, folders); err != nil {
		return 0, err
	}
	if err := s.CheckLock(); err != nil {
		return 0, err
	}
	// The link is relative: readers mount this file system at another path.
	next := s.home + "/next"
	if err := s.remove(next); err != nil {
		return 0, err
	}
	if err := s.symlink(s.tree(stage.Number), next); err != nil {
		return 0, err
	}
	// The moment in which readers go from one tree to the next.
	if err := s.rename(next, s.name); err != nil {
		return 0, err
	}
	return glance, s.fsync(".")
}

// record puts a manifest in place, whole or not at all. Its time of change is
// that of the publication.
func (s *Store) record(number int, m *Manifest) error {
	text, err := m.encode()
	if err != nil {
		return err
	}
	f := &File{in: s.directory, name: s.tree(number) + ".tmp"}
	if err := s.remove(f.name); err != nil { // a dead writer's
		return err
	}
	if err := f.Reset(); err != nil {
		return err
	}
	_, err = f.Write(text)
	_, closeErr := f.close()
	if err = errors.Join(err, closeErr); err != nil {
		return err
	}
	if err := s.setTime(f.name, m.Published); err != nil {
		return err
	}
	return s.rename(f.name, s.manifest(number))
}
