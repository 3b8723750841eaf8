package tree

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// File is a file that is being written. It comes to be with the first Reset.
type File struct {
	dir  *Dir
	fd   int
	name string
}

// New prepares a new file.
func (d *Dir) New(name string) *File { return &File{dir: d, fd: -1, name: name} }

// Open is true once the file is there.
func (f *File) Open() bool { return f.fd >= 0 }

// Reset makes the file, which everyone can read, or empties it, so that it can
// be written anew.
func (f *File) Reset() error {
	if !f.Open() {
		return f.dir.call("create", f.name, func() (err error) {
			f.fd, err = unix.Openat(f.dir.fd, f.name, unix.O_WRONLY|unix.O_CREAT|unix.O_EXCL|unix.O_CLOEXEC|unix.O_NOFOLLOW, 0o644)
			return err
		})
	}
	return f.dir.call("truncate", f.name, func() error {
		if err := unix.Ftruncate(f.fd, 0); err != nil {
			return err
		}
		_, err := unix.Seek(f.fd, 0, unix.SEEK_SET)
		return err
	})
}

// Write appends to the file.
func (f *File) Write(p []byte) (int, error) {
	written := 0
	for written < len(p) {
		err := f.dir.call("write", f.name, func() error {
			n, err := unix.Write(f.fd, p[written:])
			written += max(n, 0)
			return err
		})
		if err != nil {
			return written, err
		}
	}
	return written, nil
}

// Close finishes the file and says what it is now. Network file systems
// report failed writes here.
func (f *File) Close() (Info, error) {
	if !f.Open() {
		return Info{}, nil
	}
	var st unix.Stat_t
	err := f.dir.call("close", f.name, func() error { return unix.Fstat(f.fd, &st) })
	if closeErr := unix.Close(f.fd); err == nil && closeErr != nil {
		err = &fs.PathError{Op: "close", Path: filepath.Join(f.dir.path, f.name), Err: closeErr}
	}
	f.fd = -1
	return info(&st), err
}

// Read reads the first bytes of a file, at most so many; what is no plain file
// is an error.
func (d *Dir) Read(name string, most int64) ([]byte, error) {
	var file *os.File
	err := d.call("open", name, func() error {
		fd, err := unix.Openat(d.fd, name, unix.O_RDONLY|unix.O_CLOEXEC|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0)
		if err == nil {
			file = os.NewFile(uintptr(fd), filepath.Join(d.path, name))
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }() // nothing was written through it
	var data []byte
	err = d.call("read", name, func() error {
		info, err := file.Stat()
		if err == nil && !info.Mode().IsRegular() {
			err = errors.New("it is no plain file")
		}
		if err == nil {
			data = make([]byte, min(info.Size(), most))
			_, err = io.ReadFull(file, data)
		}
		return err
	})
	return data, err
}
