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
)

// file is a local file: its key below the prefix, size, and SHA-256 in base64,
// as S3 keeps it.
type file struct {
	key  string
	size int64
	sum  string
}

// local returns the files of a folder that belong in the bucket, in order of
// their keys: regular ones, without the folder tests/ at the top, what Python
// leaves behind, and hidden ones but .airflowignore. It names all that can't be
// published at once.
func local(folder string) ([]file, error) {
	var list []file
	var faults []error
	err := filepath.WalkDir(folder, func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		key, err := filepath.Rel(folder, name)
		if err != nil {
			return err
		}
		key = filepath.ToSlash(key)
		if entry.IsDir() {
			if key == "tests" || entry.Name() == "__pycache__" || key != "." && strings.HasPrefix(entry.Name(), ".") {
				return fs.SkipDir
			}
			return nil
		}
		if !entry.Type().IsRegular() || path.Ext(key) == ".pyc" || strings.HasPrefix(entry.Name(), ".") && entry.Name() != ".airflowignore" {
			return nil
		}
		if strings.ContainsFunc(key, unicode.IsControl) || strings.ToValidUTF8(key, "") != key {
			faults = append(faults, fmt.Errorf("%q: its name has control characters or is not UTF-8; dagsync would leave it out", key))
			return nil
		}
		f, err := sum(name, key)
		list = append(list, f)
		return err
	})
	if err == nil && len(list) == 0 {
		err = errors.New("it holds nothing to push, and what the bucket holds would go")
	}
	if err := errors.Join(append(faults, err)...); err != nil {
		return nil, fmt.Errorf("%s: %w", folder, err)
	}
	return list, nil
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
