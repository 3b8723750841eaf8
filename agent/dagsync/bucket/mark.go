package bucket

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
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

// ReadMark fetches the mark of a prefix that a listing showed with this ETag.
// It fails with ErrChanged when there is another by now, or none.
func (b *Bucket) ReadMark(ctx context.Context, prefix, etag string) (Mark, error) {
	var text []byte
	err := b.again(ctx, func() error {
		object, err := b.get(ctx, prefix+MarkKey, etag)
		if err != nil {
			return err
		}
		defer func() { _ = object.Body.Close() }()
		if text, err = io.ReadAll(io.LimitReader(object.Body, maxMark+1)); err != nil {
			return tornf("reading the mark: %w", err)
		}
		return nil
	})
	if err != nil {
		return Mark{}, fmt.Errorf("mark %q: %w", prefix+MarkKey, err)
	}
	var mark Mark
	if err := json.Unmarshal(text, &mark); err != nil || len(text) > maxMark || mark.ID == "" || mark.State != Pushing && mark.State != Complete {
		return Mark{}, fmt.Errorf("mark %q is none that a push writes; push again, or delete it to publish what lies there", prefix+MarkKey)
	}
	return mark, nil
}

// SameMark fails with ErrChanged when the mark of a prefix isn't the one with
// this ETag ("" for none) any more: a push began since. It lists, since a
// missing object is a 403 to a role that may only read.
func (b *Bucket) SameMark(ctx context.Context, prefix, etag string) error {
	listing, err := b.List(ctx, prefix+MarkKey, true, func() {})
	if err != nil {
		return fmt.Errorf("mark %q: %w", prefix+MarkKey, err)
	}
	present := ""
	for _, object := range listing.Objects {
		if object.Key == "" {
			present = object.ETag
		}
	}
	if present != etag {
		return fmt.Errorf("mark %q: %w", prefix+MarkKey, ErrChanged)
	}
	return nil
}
