// Package keys decides which S3 keys may become files. S3 takes nearly any
// text as a key; a file tree doesn't, and a tree that others execute must not
// be written outside of itself. Keys that can't be files are skipped, each
// with a reason, and never stop the rest.
package keys

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/pathwai/airflow-on-fargate/agent/dagsync/bucket"
)

// Skip is a key that is left out, and why.
type Skip struct{ Key, Reason string }

// Limits of the file system. EFS takes names of 255 bytes; a whole path must
// also fit the 4,096 bytes that Linux takes, with the target before it, which
// S3's own limit of 1,024 bytes a key ensures.
// https://docs.aws.amazon.com/efs/latest/ug/limits.html
const maxName = 255

// The reasons, as they appear in the log.
const (
	Marker    = "it is a folder marker (its key ends in a slash)"
	Absolute  = "it begins with a slash"
	Empty     = "it has an empty path segment"
	Dots      = "it has a path segment of dots (. or ..)"
	Control   = "it has a control character or is not UTF-8"
	TooLong   = "it has a path segment of more than 255 bytes"
	Folder    = "there are keys below it, so that it must be a folder"
	Twin      = "it differs only in upper and lower case from a key that is newer, or as old and before it"
	Archived  = "it is archived in Glacier and can't be read"
	UnfitETag = "its ETag has a control character or is not UTF-8"
)

// refusedBy begins the reasons of package bucket's RefusedError.
const refusedBy = "S3 refuses it"

// Refused is true for the reason of a key that S3 refuses to give.
func Refused(reason string) bool { return strings.HasPrefix(reason, refusedBy) }

// Select parts the objects of one complete listing into those that become
// files and those that are skipped. The objects must be in order of their
// keys. The decision depends on the listing alone: whoever looks at the same
// bucket decides the same.
//
// The decision table (tested row by row in keys_test.go):
//
//	key                       decision
//	a/b.py                    file
//	"" (the prefix itself)    passed over in silence: consoles create it
//	a/                        skip: folder marker
//	/a, a//b                  skip: absolute, empty segment
//	./a, a/../b               skip: dots
//	a\nb, invalid UTF-8       skip: control characters
//	a segment > 255 bytes     skip: too long
//	a and a/b                 a is skipped: one stray key must not hide a folder
//	A.py and a.py             the older one is skipped; of one second the later in byte order
//	GLACIER, DEEP_ARCHIVE     skip: archived
func Select(objects []bucket.Object) (kept []bucket.Object, skipped []Skip) {
	for _, o := range objects {
		if o.Key == "" && o.Size == 0 {
			continue
		}
		if reason := Check(o); reason != "" {
			skipped = append(skipped, Skip{o.Key, reason})
			continue
		}
		kept = append(kept, o)
	}
	kept, skipped = withoutFolders(kept, skipped)
	return withoutTwins(kept, skipped)
}

// Check says why an object can't become a file whatever the others are
// called, or nothing.
func Check(o bucket.Object) string {
	switch {
	case o.Archived:
		return Archived
	case o.Key == "" || strings.HasSuffix(o.Key, "/"):
		return Marker
	case !printable(o.Key):
		return Control
	case !printable(o.ETag):
		return UnfitETag
	case o.Key[0] == '/':
		return Absolute
	}
	for rest, more := o.Key, true; more; {
		var name string
		name, rest, more = strings.Cut(rest, "/")
		switch {
		case name == "":
			return Empty
		case name == "." || name == "..":
			return Dots
		case len(name) > maxName:
			return TooLong
		}
	}
	return ""
}

// printable is false for control characters, for text that is not UTF-8, and
// for the character that stands for a byte that could not be read.
func printable(s string) bool {
	for _, r := range s {
		if r < utf8.RuneSelf {
			if r < 0x20 || r == 0x7f {
				return false
			}
		} else if r == utf8.RuneError || unicode.IsControl(r) || r == '\u2028' || r == '\u2029' {
			return false
		}
	}
	return true
}

// withoutFolders skips keys that others need as a folder. In the order of
// keys all that begin with some text stand together behind it, so a stack of
// the keys that the present one begins with is enough.
func withoutFolders(objects []bucket.Object, skipped []Skip) ([]bucket.Object, []Skip) {
	var open []int
	folder := map[int]bool{}
	for i, o := range objects {
		for len(open) > 0 && !strings.HasPrefix(o.Key, objects[open[len(open)-1]].Key) {
			open = open[:len(open)-1]
		}
		for _, j := range open {
			if o.Key[len(objects[j].Key)] == '/' {
				folder[j] = true
			}
		}
		open = append(open, i)
	}
	return without(objects, folder, skipped, Folder)
}

// without takes the objects at some places out, and names them as skipped.
func without(objects []bucket.Object, out map[int]bool, skipped []Skip, reason string) ([]bucket.Object, []Skip) {
	var kept []bucket.Object
	for i, o := range objects {
		if out[i] {
			skipped = append(skipped, Skip{o.Key, reason})
		} else {
			kept = append(kept, o)
		}
	}
	return kept, skipped
}

// withoutTwins skips keys that are the same as another one but for upper and
// lower case: developers' machines can't hold both. The one that was written
// last stays, so that an old one doesn't hide it.
func withoutTwins(objects []bucket.Object, skipped []Skip) ([]bucket.Object, []Skip) {
	newest := make(map[string]int, len(objects))
	older := map[int]bool{}
	for i, o := range objects {
		// By way of upper case all forms of a letter become the same.
		folded := strings.ToLower(strings.ToUpper(o.Key))
		k, twin := newest[folded]
		switch {
		case !twin:
			newest[folded] = i
		case o.Modified.After(objects[k].Modified):
			older[k], newest[folded] = true, i
		default:
			older[i] = true
		}
	}
	return without(objects, older, skipped, Twin)
}
