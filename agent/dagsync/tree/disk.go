package tree

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// Disk is the file system below the trees. Its calls work on open directories
// and short names: on EFS each path component can cost a round trip.
type Disk struct {
	// Before, when set, is asked before each call that goes to the file
	// system, with the call's name and the path it is about to touch. An
	// error is returned in place of the call. Tests and benchmarks use it to
	// add latency, faults and crashes; it must be safe for several goroutines.
	Before func(op, path string) error
}

func (d *Disk) before(op, path string) error {
	if d.Before == nil {
		return nil
	}
	if err := d.Before(op, path); err != nil {
		return &fs.PathError{Op: op, Path: path, Err: err}
	}
	return nil
}

// Dir is an open directory. Names given to its methods are relative to it and
// stay below it: callers pass keys that package keys has let through.
type Dir struct {
	disk *Disk
	fd   int
	path string
}

// Info is what is known of a file: enough to see that it isn't the one that
// was written.
type Info struct {
	Size  int64
	MTime int64 // nanoseconds since 1970
	Inode uint64
	Mode  uint32 // the kind of file, unix.S_IFMT
}

// Regular is true for plain files.
func (i Info) Regular() bool { return i.Mode == unix.S_IFREG }

// IsDir is true for directories.
func (i Info) IsDir() bool { return i.Mode == unix.S_IFDIR }

// OpenDir opens a directory.
func (d *Disk) OpenDir(path string) (*Dir, error) {
	return d.openDirAt(unix.AT_FDCWD, path, path)
}

func (d *Disk) openDirAt(at int, name, path string) (*Dir, error) {
	if err := d.before("opendir", path); err != nil {
		return nil, err
	}
	for {
		fd, err := unix.Openat(at, name, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC|unix.O_NOFOLLOW, 0)
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return nil, &fs.PathError{Op: "opendir", Path: path, Err: err}
		}
		return &Dir{disk: d, fd: fd, path: path}, nil
	}
}

// Path is the directory's path, for messages.
func (d *Dir) Path() string { return d.path }

// Close lets go of the directory.
func (d *Dir) Close() {
	_ = unix.Close(d.fd) // nothing was written through it
}

// call runs one system call on name, as often as signals interrupt it.
func (d *Dir) call(op, name string, f func() error) error {
	path := filepath.Join(d.path, name)
	if err := d.disk.before(op, path); err != nil {
		return err
	}
	for {
		err := f()
		if err == nil {
			return nil
		}
		if !errors.Is(err, unix.EINTR) {
			return &fs.PathError{Op: op, Path: path, Err: err}
		}
	}
}

// OpenDir opens a directory below.
func (d *Dir) OpenDir(name string) (*Dir, error) {
	return d.disk.openDirAt(d.fd, name, filepath.Join(d.path, name))
}

// Mkdir makes a directory that everyone can read; one that exists is fine.
func (d *Dir) Mkdir(name string) error {
	return d.call("mkdir", name, func() error {
		err := unix.Mkdirat(d.fd, name, 0o755)
		if err == unix.EEXIST {
			return nil
		}
		return err
	})
}

// Rmdir removes an empty directory.
func (d *Dir) Rmdir(name string) error {
	return d.call("rmdir", name, func() error { return unix.Unlinkat(d.fd, name, unix.AT_REMOVEDIR) })
}

// Unlink removes a file's name; one that isn't there is fine.
func (d *Dir) Unlink(name string) error {
	return d.call("unlink", name, func() error {
		err := unix.Unlinkat(d.fd, name, 0)
		if err == unix.ENOENT {
			return nil
		}
		return err
	})
}

// Link gives the file called name in from the same name here. It is called
// once for each unchanged file, so it does without closures and joined paths.
func (d *Dir) Link(from *Dir, name string) error {
	if d.disk.Before != nil {
		if err := d.disk.before("link", filepath.Join(d.path, name)); err != nil {
			return err
		}
	}
	for {
		err := unix.Linkat(from.fd, name, d.fd, name, 0)
		if err == nil {
			return nil
		}
		if !errors.Is(err, unix.EINTR) {
			return &fs.PathError{Op: "link", Path: filepath.Join(d.path, name), Err: err}
		}
	}
}

// Rename moves a name within the directory, replacing what is there.
func (d *Dir) Rename(from, to string) error {
	return d.call("rename", to, func() error { return unix.Renameat(d.fd, from, d.fd, to) })
}

// Symlink makes a symbolic link.
func (d *Dir) Symlink(target, name string) error {
	return d.call("symlink", name, func() error { return unix.Symlinkat(target, d.fd, name) })
}

// Readlink reads a symbolic link.
func (d *Dir) Readlink(name string) (string, error) {
	buffer := make([]byte, unix.PathMax)
	n := 0
	err := d.call("readlink", name, func() (err error) {
		n, err = unix.Readlinkat(d.fd, name, buffer)
		return err
	})
	return string(buffer[:max(n, 0)]), err
}

// Stat looks at a name without following links. Like Link it is called for
// each file.
func (d *Dir) Stat(name string) (Info, error) {
	if d.disk.Before != nil {
		if err := d.disk.before("stat", filepath.Join(d.path, name)); err != nil {
			return Info{}, err
		}
	}
	var st unix.Stat_t
	for {
		err := unix.Fstatat(d.fd, name, &st, unix.AT_SYMLINK_NOFOLLOW)
		if err == nil {
			return info(&st), nil
		}
		if !errors.Is(err, unix.EINTR) {
			return Info{}, &fs.PathError{Op: "stat", Path: filepath.Join(d.path, name), Err: err}
		}
	}
}

func info(st *unix.Stat_t) Info {
	return Info{Size: st.Size, MTime: st.Mtim.Nano(), Inode: st.Ino, Mode: st.Mode & unix.S_IFMT}
}

// Names lists a directory below ("." for itself), in no order.
func (d *Dir) Names(name string) ([]string, error) {
	entries, err := d.entries(name)
	names := make([]string, len(entries))
	for i, e := range entries {
		names[i] = e.Name()
	}
	return names, err
}

func (d *Dir) entries(name string) (entries []fs.DirEntry, err error) {
	err = d.call("readdir", name, func() error {
		fd, err := unix.Openat(d.fd, name, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC|unix.O_NOFOLLOW, 0)
		if err != nil {
			return err
		}
		dir := os.NewFile(uintptr(fd), filepath.Join(d.path, name))
		defer func() { _ = dir.Close() }()
		entries, err = dir.ReadDir(-1)
		return err
	})
	return entries, err
}

// SetMTime sets a file's time of change, in nanoseconds since 1970.
func (d *Dir) SetMTime(name string, ns int64) error {
	times := []unix.Timespec{unix.NsecToTimespec(ns), unix.NsecToTimespec(ns)}
	return d.call("utimes", name, func() error {
		return unix.UtimesNanoAt(d.fd, name, times, unix.AT_SYMLINK_NOFOLLOW)
	})
}

// Fsync makes the names in this directory durable.
func (d *Dir) Fsync() error {
	return d.call("fsync", ".", func() error { return unix.Fsync(d.fd) })
}

// SyncAll makes everything durable that was written to this file system. One
// call for a whole tree: an fsync for each of thousands of files would take
// longer than all else.
func (d *Dir) SyncAll() error {
	return d.call("syncfs", ".", func() error { return unix.Syncfs(d.fd) })
}
