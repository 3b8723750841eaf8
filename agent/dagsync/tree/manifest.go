package tree

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/pathwai/airflow-on-fargate/agent/dagsync/bucket"
	"github.com/pathwai/airflow-on-fargate/agent/dagsync/keys"
	"golang.org/x/sys/unix"
)

// maxManifest bounds what is read into memory as a manifest: 100,000 keys
// take about 15 MB.
const maxManifest = 256 << 20

// Entry is one file of a tree.
type Entry struct {
	// Key is the path below the tree; ETag is S3's name for the content.
	Key, ETag string
	Info
}

// Manifest says what a tree holds. It lies beside the tree, and a tree
// without one is unfinished.
type Manifest struct {
	// Source is the S3 address that the tree mirrors.
	Source string
	// Digest is that of the listing that the tree mirrors.
	Digest bucket.Digest
	// Published is when the tree was put in place, in S3's time.
	Published time.Time
	// Skipped are the keys of that listing that could not become files.
	Skipped []keys.Skip
	// Entries are the files, in order of their keys.
	Entries []Entry
}

// Bytes is the size of all files together.
func (m *Manifest) Bytes() int64 {
	var n int64
	for _, e := range m.Entries {
		n += e.Size
	}
	return n
}

const manifestHead = "airflow-agent tree 1"

// encode writes the manifest as text, one line a file, closed by a checksum:
// people can read it, and a torn or edited one is noticed.
func (m *Manifest) encode(to io.Writer) error {
	sum := sha256.New()
	b := bufio.NewWriterSize(io.MultiWriter(sum, to), 32<<10)
	// A bufio.Writer keeps its first error until Flush.
	_, _ = fmt.Fprintf(b, "%s\nsource %s\nlisting %x\npublished %s\nskipped %d\n", manifestHead,
		strconv.Quote(m.Source), m.Digest, m.Published.UTC().Format(time.RFC3339), len(m.Skipped))
	for _, s := range m.Skipped {
		_, _ = fmt.Fprintf(b, "%s %s\n", strconv.Quote(s.Key), strconv.Quote(s.Reason))
	}
	_, _ = fmt.Fprintf(b, "files %d\n", len(m.Entries))
	for _, e := range m.Entries {
		line := append(b.AvailableBuffer(), e.ETag...)
		line = strconv.AppendInt(append(line, ' '), e.Size, 10)
		line = strconv.AppendInt(append(line, ' '), e.MTime, 10)
		line = strconv.AppendUint(append(line, ' '), e.Inode, 10)
		line = append(line, " 1 "...) // older agents count links here
		line = append(append(line, e.Key...), '\n')
		_, _ = b.Write(line)
	}
	if err := b.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(to, "end %x\n", sum.Sum(nil))
	return err
}

// decode reads a manifest. Whatever the bytes are, it returns either exactly
// what was encoded or an error.
func decode(data []byte) (*Manifest, error) {
	const tail = len("end ") + 2*sha256.Size + len("\n")
	if len(data) < tail || string(data[len(data)-tail:len(data)-tail+4]) != "end " {
		return nil, fmt.Errorf("manifest: it has no end")
	}
	body, end := data[:len(data)-tail], data[len(data)-tail:]
	sum := sha256.Sum256(body)
	if string(end) != "end "+hex.EncodeToString(sum[:])+"\n" {
		return nil, fmt.Errorf("manifest: its checksum is wrong")
	}
	r := &reader{rest: string(body)}
	m := r.manifest()
	if r.err != nil {
		return nil, fmt.Errorf("manifest: %w", r.err)
	}
	return m, nil
}

// reader takes the text apart; the first fault stays.
type reader struct {
	rest string
	err  error
}

func (r *reader) fail(format string, args ...any) {
	if r.err == nil {
		r.err = fmt.Errorf(format, args...)
	}
}

func (r *reader) line(label string) string {
	line, rest, ok := strings.Cut(r.rest, "\n")
	value, labelled := strings.CutPrefix(line, label)
	if !ok || !labelled {
		r.fail("a line %q was expected", label)
		return ""
	}
	r.rest = rest
	return value
}

func (r *reader) manifest() *Manifest {
	m := new(Manifest)
	r.line(manifestHead)
	m.Source = r.quoted(r.line("source "))
	digest := r.line("listing ")
	if n, err := hex.Decode(m.Digest[:], []byte(digest[:min(len(digest), 2*len(m.Digest))])); err != nil || n != len(m.Digest) {
		r.fail("the digest %q is none", digest)
	}
	var err error
	if m.Published, err = time.Parse(time.RFC3339, r.line("published ")); err != nil {
		r.fail("%w", err)
	}
	for n := r.count("skipped "); n > 0 && r.err == nil; n-- {
		line := r.line("")
		key, err := strconv.QuotedPrefix(line)
		if err != nil {
			r.fail("%q: %w", line, err)
			break
		}
		m.Skipped = append(m.Skipped, keys.Skip{Key: r.quoted(key), Reason: r.quoted(strings.TrimPrefix(line[len(key):], " "))})
	}
	n := r.count("files ")
	m.Entries = make([]Entry, 0, n)
	for ; n > 0 && r.err == nil; n-- {
		e := r.entry()
		if k := len(m.Entries); k > 0 && m.Entries[k-1].Key >= e.Key {
			r.fail("its keys are not in order")
		}
		m.Entries = append(m.Entries, e)
	}
	if r.rest != "" {
		r.fail("there is more behind the last file")
	}
	return m
}

func (r *reader) count(label string) int {
	n, err := strconv.Atoi(r.line(label))
	// No line is shorter than three bytes: a bound before memory is taken.
	if err != nil || n < 0 || n > len(r.rest)/3 {
		r.fail("bad number of %s", label)
		return 0
	}
	return n
}

func (r *reader) quoted(text string) string {
	s, err := strconv.Unquote(text)
	if err != nil {
		r.fail("%q: %w", text, err)
	}
	return s
}

func (r *reader) entry() Entry {
	line := r.line("")
	var e Entry
	e.ETag, line, _ = strings.Cut(line, " ")
	e.Size = r.number(&line)
	e.MTime = r.number(&line)
	inode, line, _ := strings.Cut(line, " ")
	var err error
	if e.Inode, err = strconv.ParseUint(inode, 10, 64); err != nil {
		r.fail("%q is no file number", inode)
	}
	r.number(&line)
	e.Mode = unix.S_IFREG
	e.Key = line
	if reason := keys.Check(bucket.Object{Key: e.Key, ETag: e.ETag}); reason != "" {
		r.fail("the key %q can't be a file: %s", e.Key, reason)
	}
	return e
}

func (r *reader) number(line *string) int64 {
	text, rest, ok := strings.Cut(*line, " ")
	n, err := strconv.ParseInt(text, 10, 64)
	if !ok || err != nil {
		r.fail("%q is no number", text)
	}
	*line = rest
	return n
}
