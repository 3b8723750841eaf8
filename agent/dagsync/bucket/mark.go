package bucket

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"time"
)

// MarkKey is the object below a prefix by which a push tells when it is under
// way and when it is complete. It is no file of the tree, whatever it holds.
// `ops push` writes it (docs/adr/0035).
const MarkKey = ".airflow-release"

// Mark is what a push says of itself.
type Mark struct {
	// ID tells pushes apart; State is Pushing or Complete.
	ID     string    `json:"id"`
	State  string    `json:"state"`
	At     time.Time `json:"at"`
	Commit string    `json:"commit,omitempty"`
}

// The states of a push. While it is Pushing, what lies below the prefix is
// partly of one release and partly of another.
const (
	Pushing  = "pushing"
	Complete = "complete"
)

// maxMark bounds what is read of a mark.
const maxMark = 4 << 10

// ReadMark fetches the mark of a prefix, just as it was listed. It fails with
// ErrChanged when there is another by now, or none.
func (b *Bucket) ReadMark(ctx context.Context, prefix string, listed Object) (Mark, error) {
	var mark Mark
	var text buffer
	listed.Key = MarkKey
	if listed.Size <= maxMark {
		if err := b.Fetch(ctx, prefix, listed, &text); err != nil {
			return Mark{}, err
		}
	}
	if err := json.Unmarshal(text.Bytes(), &mark); err != nil || mark.ID == "" || mark.State != Pushing && mark.State != Complete {
		return Mark{}, fmt.Errorf("mark %q is none that a push writes; push again, or delete it to publish what lies there", prefix+MarkKey)
	}
	return mark, nil
}

// buffer is a destination in memory.
type buffer struct{ bytes.Buffer }

func (b *buffer) Reset() error {
	b.Buffer.Reset()
	return nil
}

// SameMark fails with ErrChanged when the mark of a prefix isn't the one with
// this ETag ("" for none) any more: a push began since. It lists, since a
// missing object is a 403 to a role that may only read.
func (b *Bucket) SameMark(ctx context.Context, prefix, etag string) error {
	listing, err := b.List(ctx, prefix+MarkKey, func() {})
	if err != nil {
		return err
	}
	present := ""
	if len(listing.Objects) > 0 && listing.Objects[0].Key == "" {
		present = listing.Objects[0].ETag
	}
	if present != etag {
		return fmt.Errorf("mark %q: %w", prefix+MarkKey, ErrChanged)
	}
	return nil
}
