// Package tree keeps the published trees of the DAG sync on a file system
// that others read at the same time.
//
// Beside the path that readers open lies one directory of ours:
//
//	/sync/dags                            → .dags.sync/tree-000042, a symbolic link
//	/sync/.dags.sync/tree-000042/         what readers see
//	/sync/.dags.sync/tree-000042.manifest what that tree holds
//	/sync/.dags.sync/tree-000041/ …       old trees, for readers that still use them
//	/sync/.dags.sync/stage/               the next tree, while it is made
//	/sync/.dags.sync/lock                 locked by the one writer
//
// A tree is never changed once it was visible, until nobody may still read
// it. Publishing is one rename of the symbolic link. A tree that has no whole
// manifest is unfinished and gets removed.
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
	disk   *Disk
	parent *Dir   // holds the link
	home   *Dir   // holds the trees
	name   string // of the link
	lock   int
}

// Open prepares the directory of trees beside target, which is the path that
// readers open. It refuses a target that is neither free nor a link of ours,
// since replacing it would lose somebody's files.
func Open(disk *Disk, target string) (*Store, error) {
	folder, name := filepath.Split(filepath.Clean(target))
	if !filepath.IsAbs(target) || name == "" {
		return nil, fmt.Errorf("target %q: an absolute path is needed, like /sync/dags", target)
	}
	if err := disk.before("mkdir", folder); err != nil {
		return nil, fmt.Errorf("target %s: %w", target, err)
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return nil, fmt.Errorf("target %s: %w", target, err)
	}
	resolved, err := filepath.EvalSymlinks(folder)
	if err != nil {
		return nil, fmt.Errorf("target %s: %w", target, err)
	}
	s := &Store{disk: disk, name: name, lock: -1}
	if s.parent, err = disk.OpenDir(resolved); err != nil {
		return nil, fmt.Errorf("target %s: %w", target, err)
	}
	err = s.checkTarget()
	if err == nil {
		err = s.openHome()
	}
	if err != nil {
		s.parent.Close()
		return nil, fmt.Errorf("target %s: %w", target, err)
	}
	return s, nil
}

// Close lets go of the store and of its lock.
func (s *Store) Close() {
	s.Unlock()
	s.home.Close()
	s.parent.Close()
}

// openHome makes the directory of trees, if it isn't there.
func (s *Store) openHome() error {
	if err := s.parent.Mkdir(s.homeName()); err != nil {
		return err
	}
	home, err := s.parent.OpenDir(s.homeName())
	if err != nil {
		return err
	}
	if s.home != nil {
		s.home.Close()
	}
	s.home = home
	return nil
}

func (s *Store) homeName() string { return "." + s.name + ".sync" }

func (s *Store) checkTarget() error {
	info, err := s.parent.Stat(s.name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case info.Mode == unix.S_IFLNK:
		to, err := s.parent.Readlink(s.name)
		if err == nil && s.treeNumber(to) == 0 {
			err = fmt.Errorf("it is a link to %q that somebody else made: remove it first", to)
		}
		return err
	case info.IsDir():
		names, err := s.parent.Names(s.name)
		if err == nil && len(names) > 0 {
			err = errors.New("it is a directory with files in it, and a link must take its place: move it away first")
		}
		return err
	}
	return errors.New("it is a file, and a link must take its place: move it away first")
}

// treeNumber takes the number out of a link's target; 0 when it is none of
// ours.
func (s *Store) treeNumber(link string) int {
	name, ok := strings.CutPrefix(link, s.homeName()+"/")
	if !ok {
		return 0
	}
	return numberOf(name)
}

const (
	stageName      = "stage"
	lockName       = "lock"
	manifestSuffix = ".manifest"
)

var treePattern = regexp.MustCompile(`^tree-([0-9]{6,9})$`)

func treeName(n int) string { return fmt.Sprintf("tree-%06d", n) }

func numberOf(name string) int {
	match := treePattern.FindStringSubmatch(name)
	if match == nil {
		return 0
	}
	n, err := strconv.Atoi(match[1])
	if err != nil || treeName(n) != name {
		return 0
	}
	return n
}

// Lock tries to become the one writer of this store. It is a lock of the
// kernel, or of the NFS server: it ends with its holder, however that ends.
func (s *Store) Lock() (bool, error) {
	if s.lock >= 0 && s.CheckLock() == nil {
		return true, nil
	}
	s.Unlock()                           // one that is no longer ours
	if err := s.openHome(); err != nil { // somebody may have removed it
		return false, err
	}
	path := filepath.Join(s.home.path, lockName)
	if err := s.disk.before("lock", path); err != nil {
		return false, err
	}
	fd, err := unix.Openat(s.home.fd, lockName, unix.O_RDWR|unix.O_CREAT|unix.O_CLOEXEC|unix.O_NOFOLLOW, 0o644)
	if err != nil {
		return false, &fs.PathError{Op: "lock", Path: path, Err: err}
	}
	if err := unix.Flock(fd, unix.LOCK_EX|unix.LOCK_NB); err != nil {
		_ = unix.Close(fd)
		if err == unix.EWOULDBLOCK {
			return false, nil
		}
		return false, &fs.PathError{Op: "lock", Path: path, Err: err}
	}
	s.lock = fd
	if err := s.CheckLock(); err != nil {
		s.Unlock()
		return false, err
	}
	host, _ := os.Hostname() // only to tell people who it is
	owner := fmt.Sprintf("%s process %d\n", host, os.Getpid())
	err = unix.Ftruncate(fd, 0)
	if err == nil {
		_, err = unix.Pwrite(fd, []byte(owner), 0)
	}
	if err != nil {
		s.Unlock()
		return false, &fs.PathError{Op: "lock", Path: path, Err: err}
	}
	return true, nil
}

// Unlock lets the next writer in.
func (s *Store) Unlock() {
	if s.lock >= 0 {
		_ = unix.Close(s.lock)
		s.lock = -1
	}
}

// Holder tells who wrote last that it holds the lock, for messages.
func (s *Store) Holder() string {
	text, err := s.home.Read(lockName, 1<<10)
	if err != nil || len(text) == 0 {
		return "unknown"
	}
	return strings.TrimSpace(string(text))
}

// CheckLock fails when the lock is no longer ours: the file was replaced, or
// the NFS server gave the lock up while this machine was cut off.
func (s *Store) CheckLock() error {
	path := filepath.Join(s.home.path, lockName)
	if s.lock < 0 {
		return fmt.Errorf("%s: not locked", path)
	}
	var mine unix.Stat_t
	err := unix.Fstat(s.lock, &mine)
	if err == nil {
		// Reading through a descriptor whose lock was lost fails on NFS.
		_, err = unix.Pread(s.lock, make([]byte, 1), 0)
	}
	if err != nil {
		return &fs.PathError{Op: "lock", Path: path, Err: err}
	}
	there, err := s.parent.Stat(join(s.homeName(), lockName)) // all of it may have been moved away
	if err != nil {
		return err
	}
	if there.Inode != mine.Ino {
		return fmt.Errorf("%s: somebody replaced the lock file", path)
	}
	return nil
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
	// Rubbish are names that nobody needs: unfinished trees, stages, temporary
	// files.
	Rubbish []string
	// next is the number of the next tree.
	next int
}

// Scan looks what lies in the store.
func (s *Store) Scan() (Contents, error) {
	names, err := s.home.Names(".")
	if err != nil {
		return Contents{}, err
	}
	slices.Sort(names)
	c := Contents{next: 1}
	has := func(name string) bool {
		_, found := slices.BinarySearch(names, name)
		return found
	}
	link, err := s.parent.Readlink(s.name)
	if err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, unix.EINVAL) {
		return Contents{}, err // EINVAL: it is an empty directory so far
	}
	shown := s.treeNumber(link)
	if has(treeName(shown)) {
		c.Linked = true
		if has(treeName(shown) + manifestSuffix) {
			c.Current = shown
		}
	}
	for _, name := range names {
		base := strings.TrimSuffix(name, manifestSuffix)
		number := numberOf(base)
		c.next = max(c.next, number+1)
		switch {
		case name == lockName:
		case name == base && number > 0 && number == shown && c.Current == 0:
			// Readers see it, so it is no rubbish until another takes its place.
		case number == 0 || !has(base) || !has(base+manifestSuffix):
			c.Rubbish = append(c.Rubbish, name)
		case name == base:
			c.Trees = append(c.Trees, number)
		}
	}
	return c, nil
}

// Load reads the manifest of a tree.
func (s *Store) Load(number int) (*Manifest, error) {
	name := treeName(number) + manifestSuffix
	data, err := s.home.Read(name, maxManifest)
	if err != nil {
		return nil, err
	}
	m, err := decode(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", filepath.Join(s.home.path, name), err)
	}
	return m, nil
}

// OpenTree opens the directory of a tree.
func (s *Store) OpenTree(number int) (*Dir, error) { return s.home.OpenDir(treeName(number)) }

// writeManifest puts a manifest in place, whole or not at all.
func (s *Store) writeManifest(name string, m *Manifest) error {
	temporary := name + ".tmp"
	if err := s.home.Unlink(temporary); err != nil {
		return err
	}
	f := s.home.New(temporary)
	if err := f.Reset(); err != nil {
		return err
	}
	err := m.encode(f)
	if _, closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err == nil {
		err = s.home.Rename(temporary, name+manifestSuffix)
	}
	return err
}

// Amend replaces the manifest of a tree whose files stay as they are.
func (s *Store) Amend(number int, m *Manifest) error {
	if err := s.writeManifest(treeName(number), m); err != nil {
		return err
	}
	return s.home.Fsync()
}

// Publish turns the stage into the tree that readers see. It returns the tree's
// number and what a glance at its folders shows, taken before anybody sees it.
// When it fails, readers see what they saw before.
func (s *Store) Publish(ctx context.Context, m *Manifest) (number int, glance uint64, err error) {
	// Without the lock the stage may be another writer's.
	if err := s.CheckLock(); err != nil {
		return 0, 0, err
	}
	c, err := s.Scan()
	if err != nil {
		return 0, 0, err
	}
	name := treeName(c.next)
	if err := s.home.Rename(stageName, name); err != nil {
		return 0, 0, err
	}
	if err := s.writeManifest(name, m); err != nil {
		return 0, 0, err
	}
	// All of the tree must be durable before the link can lead to it.
	if err := s.home.SyncAll(); err != nil {
		return 0, 0, err
	}
	if glance, err = s.glance(ctx, s.linkTo(name), c.next, Folders(m.Entries)); err != nil {
		return 0, 0, err
	}
	if err := s.CheckLock(); err != nil {
		return 0, 0, err
	}
	if err := s.swap(name); err != nil {
		return 0, 0, err
	}
	return c.next, glance, s.parent.Fsync()
}

// linkTo is a relative link: readers mount this file system at another path.
func (s *Store) linkTo(tree string) string { return s.homeName() + "/" + tree }

// swap is the moment in which readers go from one tree to the next.
func (s *Store) swap(tree string) error {
	next := s.homeName() + ".next"
	if err := s.parent.Unlink(next); err != nil {
		return err
	}
	if err := s.parent.Symlink(s.linkTo(tree), next); err != nil {
		return err
	}
	err := s.parent.Rename(next, s.name)
	if errors.Is(err, unix.EISDIR) || errors.Is(err, unix.EEXIST) || errors.Is(err, unix.ENOTEMPTY) {
		// An empty directory may stand there before the first tree.
		if err := s.parent.Rmdir(s.name); err != nil {
			return err
		}
		err = s.parent.Rename(next, s.name)
	}
	return err
}
