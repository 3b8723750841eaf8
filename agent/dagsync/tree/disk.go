package tree

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Disk is where the trees lie.
type Disk struct {
	// Before, when set, is asked before each call that goes to the file
	// system, with the call's name and the path it is about to touch. An
	// error is returned in place of the call. Tests and benchmarks use it to
	// add latency, faults and crashes; it must be safe for several goroutines.
	Before func(op, path string) error
}

// directory is one directory with all below it. Names are relative to it, and
// lead out of it by no link, whoever made that.
type directory struct {
	*os.Root
	disk *Disk
}

func (d directory) call(op, name string, do func() error) error {
	if d.disk.Before != nil {
		path := filepath.Join(d.Name(), name)
		if err := d.disk.Before(op, path); err != nil {
			return &fs.PathError{Op: op, Path: path, Err: err}
		}
	}
	return do()
}

// Info is what is known of a file: enough to see that it isn't the one that
// was written.
type Info struct {
	Size  int64       `json:"size"`
	MTime int64       `json:"mtime"` // nanoseconds since 1970
	Inode uint64      `json:"inode"`
	Kind  fs.FileMode `json:"-"` // 0: a plain file
}

func infoOf(i fs.FileInfo) Info {
	return Info{Size: i.Size(), MTime: i.ModTime().UnixNano(), Inode: i.Sys().(*syscall.Stat_t).Ino, Kind: i.Mode().Type()}
}

// unlessGone drops the error of what isn't there, or isn't what it was: another
// kind, or reached by a link that somebody put in the place of a directory.
func unlessGone(err error) error {
	var fault unix.Errno // os.Root's own refusals are none
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, unix.ENOTDIR) || errors.Is(err, unix.EISDIR) || errors.Is(err, unix.ELOOP) || !errors.As(err, &fault) {
		return nil
	}
	return err
}

// stat looks at a name without following links.
func (d directory) stat(name string) (info Info, err error) {
	err = d.call("stat", name, func() error {
		found, err := d.Lstat(name)
		if err == nil {
			info = infoOf(found)
		}
		return err
	})
	return info, err
}

// mkdir makes a directory that everyone can read, and those above it; one that
// exists is fine.
func (d directory) mkdir(name string) error {
	return d.call("mkdir", name, func() error { return d.MkdirAll(name, 0o755) })
}

// remove removes a name, with all below it; one that isn't there is fine.
func (d directory) remove(name string) error {
	return d.call("remove", name, func() error { return d.RemoveAll(name) })
}

// linker opens two folders and gives a function that links names from the one
// to the other. On a network file system each opening of a folder asks the
// server: too much for each link of thousands.
func (d directory) linker(from, to string) (link func(name string) error, done func(), err error) {
	var files [2]*os.File
	done = func() { _, _ = files[0].Close(), files[1].Close() } // nothing was written through them
	for i, name := range []string{from, to} {
		err := d.call("opendir", name, func() (err error) {
			files[i], err = d.openFolder(name)
			return err
		})
		if err != nil {
			done()
			return nil, nil, err
		}
	}
	return func(name string) error {
		return d.call("link", join(to, name), func() error {
			return unix.Linkat(int(files[0].Fd()), name, int(files[1].Fd()), name, 0)
		})
	}, done, nil
}

func (d directory) symlink(leadsTo, name string) error {
	return d.call("symlink", name, func() error { return d.Symlink(leadsTo, name) })
}

func (d directory) readlink(name string) (to string, err error) {
	err = d.call("readlink", name, func() (err error) {
		to, err = d.Readlink(name)
		return err
	})
	return to, err
}

// rename moves a name, replacing what is there.
func (d directory) rename(from, to string) error {
	return d.call("rename", to, func() error { return d.Rename(from, to) })
}

// setTime sets a file's time of change.
func (d directory) setTime(name string, t time.Time) error {
	return d.call("utimes", name, func() error { return d.Chtimes(name, t, t) })
}

// names lists a directory, in no order.
func (d directory) names(name string) (names []string, err error) {
	err = d.with("readdir", name, func(open *os.File) (err error) {
		names, err = open.Readdirnames(-1)
		return err
	})
	return names, err
}

// openFolder opens nothing but a directory: opening a pipe would wait for ever.
func (d directory) openFolder(name string) (*os.File, error) {
	return d.OpenFile(name, os.O_RDONLY|unix.O_DIRECTORY, 0)
}

// with does something to an open directory.
func (d directory) with(op, name string, do func(open *os.File) error) error {
	return d.call(op, name, func() error {
		open, err := d.openFolder(name)
		if err != nil {
			return err
		}
		return errors.Join(do(open), open.Close())
	})
}

// fsync makes the names in a directory durable.
func (d directory) fsync(name string) error { return d.with("fsync", name, (*os.File).Sync) }

// syncfs makes everything durable that was written to this file system. One
// call for a whole tree: an fsync for each of thousands of files would take
// longer than all else.
func (d directory) syncfs() error {
	return d.with("syncfs", ".", func(open *os.File) error { return unix.Syncfs(int(open.Fd())) })
}

// File is a new file that is being written. It comes to be with the first Reset.
type File struct {
	in   directory
	name string
	file *os.File
}

// Reset makes the file, which everyone can read, or empties it, so that it can
// be written anew.
func (f *File) Reset() error {
	return f.in.call("create", f.name, func() (err error) {
		if f.file == nil {
			f.file, err = f.in.OpenFile(f.name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
			return err
		}
		_, err = f.file.Seek(0, 0)
		return errors.Join(err, f.file.Truncate(0))
	})
}

// Write appends to the file.
func (f *File) Write(p []byte) (n int, err error) {
	err = f.in.call("write", f.name, func() (err error) {
		n, err = f.file.Write(p)
		return err
	})
	return n, err
}

// close finishes the file and says what it is now. Network file systems
// report failed writes here.
func (f *File) close() (info Info, err error) {
	if f.file == nil {
		return Info{}, nil
	}
	err = f.in.call("close", f.name, func() error {
		found, err := f.file.Stat()
		if err == nil {
			info = infoOf(found)
		}
		return err
	})
	return info, errors.Join(err, f.file.Close())
}
