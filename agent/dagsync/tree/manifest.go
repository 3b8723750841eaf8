package tree

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/pathwai/airflow-on-fargate/agent/dagsync/bucket"
	"github.com/pathwai/airflow-on-fargate/agent/dagsync/keys"
)

// Entry is one file of a tree.
type Entry struct {
	// Key is the path below the tree; ETag is S3's name for the content.
	Key  string `json:"key"`
	ETag string `json:"etag"`
	Info
}

// Manifest says what a tree holds. It lies beside the tree, is never changed,
// and a tree without one is unfinished.
type Manifest struct {
	// Source is the S3 address that the tree mirrors.
	Source string `json:"source"`
	// Mark is the ETag of the mark of the push that this is the release of.
	Mark string `json:"mark"`
	// Commit is the one that this push names, if it does. Readers look for it
	// in front of the files.
	Commit string `json:"commit,omitempty"`
	// Published is when the tree was put in place, by the later of S3's clock
	// and this machine's.
	Published time.Time `json:"published"`
	// Entries are the files, in order of their keys.
	Entries []Entry `json:"files"`
}

// Bytes is the size of all files together.
func (m *Manifest) Bytes() int64 {
	var n int64
	for _, e := range m.Entries {
		n += e.Size
	}
	return n
}

// encode writes the manifest as JSON below a line with its checksum: people
// can read it, and a torn or edited one is noticed.
func (m *Manifest) encode() ([]byte, error) {
	body, err := json.Marshal(m)
	return append(fmt.Appendf(nil, "%x\n", sha256.Sum256(body)), body...), err
}

// decode reads a manifest. Whatever the bytes are, it returns either exactly
// what was encoded or an error.
func decode(data []byte) (*Manifest, error) {
	sum, body, _ := bytes.Cut(data, []byte("\n"))
	if string(sum) != fmt.Sprintf("%x", sha256.Sum256(body)) {
		return nil, errors.New("manifest: its checksum is wrong")
	}
	m := new(Manifest)
	if err := json.Unmarshal(body, m); err != nil {
		return nil, fmt.Errorf("manifest: %w", err)
	}
	for i, e := range m.Entries {
		if reason := keys.Check(bucket.Object{Key: e.Key, ETag: e.ETag}); reason != "" {
			return nil, fmt.Errorf("manifest: the key %q can't be a file: %s", e.Key, reason)
		}
		if i > 0 && m.Entries[i-1].Key >= e.Key {
			return nil, errors.New("manifest: its keys are not in order")
		}
	}
	return m, nil
}
