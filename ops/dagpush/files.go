package dagpush

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"unicode"
	"unicode/utf8"
)

// file is a local file: its key below the prefix, size, and SHA-256 in base64,
// as S3 keeps it.
type file struct {
	key  string
	size int64
	sum  string
}

// ErrNothing says that a folder holds nothing to push.
var ErrNothing = errors.New("it holds nothing to push, and what the bucket holds would go")

// local returns the files of a folder that belong in the bucket, in order of
// their keys, without the folder tests/ at the top, what Python leaves behind,
// and hidden ones but .airflowignore. It names all that can't be published at once.
func local(folder string) ([]file, error) {
	root, err := filepath.EvalSymlinks(folder)
	if err != nil {
		return nil, err
	}
	var list []file
	var faults []error
	fault := func(key, reason string) { faults = append(faults, fmt.Errorf("%q: %s", key, reason)) }
	twins := map[string]string{}
	err = filepath.WalkDir(root, func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		key, err := filepath.Rel(root, name)
		if err != nil {
			return err
		}
		key = filepath.ToSlash(key)
		hidden := key != "." && strings.HasPrefix(entry.Name(), ".") && entry.Name() != ".airflowignore"
		switch {
		case entry.IsDir() && (hidden || key == "tests" || entry.Name() == "__pycache__"):
			return fs.SkipDir
		case entry.IsDir() || hidden || path.Ext(key) == ".pyc":
			return nil
		case unfit(key):
			fault(key, "its name has control characters or is not UTF-8; dagsync would leave it out")
			return nil
		case entry.Type()&fs.ModeSymlink != 0:
			fault(key, "it is a symbolic link, which a bucket can't hold; put there what it leads to")
			return nil
		case !entry.Type().IsRegular():
			fault(key, "it is no regular file")
			return nil
		}
		if twin, there := twins[strings.ToLower(key)]; there {
			fault(key, "it differs only in upper and lower case from "+twin+"; dagsync would leave it out")
		}
		twins[strings.ToLower(key)] = key
		f, err := sum(name, key)
		list = append(list, f)
		return err
	})
	if err == nil && len(faults) == 0 && len(list) == 0 {
		err = ErrNothing
	}
	if err := errors.Join(append(faults, err)...); err != nil {
		return nil, fmt.Errorf("%s: %w", folder, err)
	}
	return list, nil
}

// unfit is true for keys that dagsync takes for no file's name (agent/dagsync/keys).
func unfit(key string) bool {
	return !utf8.ValidString(key) || strings.ContainsFunc(key, func(r rune) bool {
		return unicode.IsControl(r) || r == utf8.RuneError || r == '\u2028' || r == '\u2029'
	})
}

func sum(name, key string) (file, error) {
	content, err := os.Open(name)
	if err != nil {
		return file{}, err
	}
	defer func() { _ = content.Close() }()
	hash := sha256.New()
	size, err := io.Copy(hash, content)
	return file{key, size, base64.StdEncoding.EncodeToString(hash.Sum(nil))}, err
}
