package tree

import (
	"fmt"
	"io/fs"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// File is a file that is being written.
type File struct {
	dir  *Dir
	fd   int
	name string
}

// Create makes a new file that everyone can read.
func (d *Dir) Create(name string) (*File, error) {
	f := &File{dir: d, name: name}
	err := d.call("create", name, func() (err error) {
		f.fd, err = unix.Openat(d.fd, name, unix.O_WRONLY|unix.O_CREAT|unix.O_EXCL|unix.O_CLOEXEC|unix.O_NOFOLLOW, 0o644)
		return err
	})
	if err != nil {
		return nil, err
	}
	return f, nil
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

// Reset empties the file, so that it can be written anew.
func (f *File) Reset() error {
	if n, err := unix.Seek(f.fd, 0, unix.SEEK_CUR); err == nil && n == 0 {
		return nil // nothing was written yet
	}
	return f.dir.call("truncate", f.name, func() error {
		if err := unix.Ftruncate(f.fd, 0); err != nil {
			return err
		}
		_, err := unix.Seek(f.fd, 0, unix.SEEK_SET)
		return err
	})
}

// Close finishes the file and says what it is now. Network file systems
// report failed writes here.
func (f *File) Close() (Info, error) {
	var st unix.Stat_t
	err := f.dir.call("close", f.name, func() error {
		if err := unix.Fstat(f.fd, &st); err != nil {
			return err
		}
		return nil
	})
	if closeErr := unix.Close(f.fd); err == nil && closeErr != nil {
		err = &fs.PathError{Op: "close", Path: filepath.Join(f.dir.path, f.name), Err: closeErr}
	}
	return info(&st), err
}

// Source is a file that is being read.
type Source struct {
	dir  *Dir
	fd   int
	name string
}

// Read opens a file.
func (d *Dir) Read(name string) (*Source, error) {
	s := &Source{dir: d, name: name}
	err := d.call("open", name, func() (err error) {
		s.fd, err = unix.Openat(d.fd, name, unix.O_RDONLY|unix.O_CLOEXEC|unix.O_NOFOLLOW, 0)
		return err
	})
	if err != nil {
		return nil, err
	}
	return s, nil
}

// Path is the file's path, for messages.
func (s *Source) Path() string { return filepath.Join(s.dir.path, s.name) }

// Close lets go of the file.
func (s *Source) Close() {
	_ = unix.Close(s.fd) // nothing was written through it
}

// next reads the next part into buffer; 0 bytes are the end.
func (s *Source) next(buffer []byte) (n int, err error) {
	err = s.dir.call("read", s.name, func() (err error) {
		n, err = unix.Read(s.fd, buffer)
		return err
	})
	return max(n, 0), err
}

// CopyTo writes the whole file to another.
func (s *Source) CopyTo(to *File) (int64, error) {
	buffer := make([]byte, 32<<10)
	var total int64
	for {
		n, err := s.next(buffer)
		if err != nil || n == 0 {
			return total, err
		}
		total += int64(n)
		if _, err := to.Write(buffer[:n]); err != nil {
			return total, err
		}
	}
}

// ReadFile reads a file of at most maxManifest bytes whole.
func (d *Dir) ReadFile(name string) ([]byte, error) {
	s, err := d.Read(name)
	if err != nil {
		return nil, err
	}
	defer s.Close()
	var st unix.Stat_t
	if err := unix.Fstat(s.fd, &st); err != nil {
		return nil, &fs.PathError{Op: "read", Path: s.Path(), Err: err}
	}
	if st.Mode&unix.S_IFMT != unix.S_IFREG || st.Size > maxManifest {
		return nil, fmt.Errorf("%s: not a file of at most %d bytes", s.Path(), maxManifest)
	}
	data := make([]byte, st.Size)
	for read := 0; read < len(data); {
		n, err := s.next(data[read:])
		if err != nil {
			return nil, err
		}
		if n == 0 {
			return data[:read], nil
		}
		read += n
	}
	return data, nil
}
