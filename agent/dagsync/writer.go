package dagsync

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/pathwai/airflow-on-fargate/agent/dagsync/bucket"
)

// lock makes this process the one writer. When the lock was lost meanwhile,
// another writer may have been at work: nothing that was known still holds.
func (m *mirror) lock() (bool, error) {
	if m.locked {
		err := m.store.CheckLock()
		if err == nil {
			return true, nil
		}
		m.log.Warn("the lock was lost; asking for it again", "target", m.pair.Target, "error", err)
		m.unlock()
	}
	ok, err := m.store.Lock()
	m.locked = ok
	return ok, err
}

// unlock lets the next writer in, and forgets all that depends on being the
// only one.
func (m *mirror) unlock() {
	m.failed = nil
	m.known, m.locked = false, false
	m.store.Unlock()
}

// close lets go of everything.
func (m *mirror) close() {
	m.unlock()
	m.store.Close()
}

// push is what is known of the push that comes by the mark.
type push struct {
	mark bucket.Mark
	etag string
	// gone is when the mark of a push that was under way was first missing.
	gone time.Time
}

// errPushing stands for a push that has begun and not ended: readers keep the
// release before it.
var errPushing = errors.New("a push is under way")

// missingMark is how long the mark of a push that is under way may be missing
// before it counts as deleted on purpose: a push renews it every 30 s.
const missingMark = 45 * time.Second

// whole fails while a push is under way: then what lies below the prefix is of
// two releases. listed is the mark in the listing.
func (m *mirror) whole(ctx context.Context, listed bucket.Object) error {
	p := &m.push
	if listed.ETag == "" {
		if p.mark.State == bucket.Pushing && p.gone.IsZero() {
			p.gone = time.Now()
		}
		if p.mark.State == bucket.Pushing && time.Since(p.gone) < missingMark {
			return fmt.Errorf("%w: the mark of %s is missing since %s", errPushing, p.mark.ID, p.gone.Format(time.RFC3339))
		}
		*p = push{}
		return nil
	}
	p.gone = time.Time{}
	if listed.ETag != p.etag {
		mark, err := m.bucket.ReadMark(ctx, m.pair.Prefix, listed)
		if err != nil {
			return err
		}
		if mark.ID != p.mark.ID || mark.State != p.mark.State { // else it is a sign of life
			m.log.Info("push", "source", m.pair.Source(), "id", mark.ID, "state", mark.State, "commit", mark.Commit, "since", mark.At)
		}
		p.mark, p.etag = mark, listed.ETag
	}
	if p.mark.State == bucket.Pushing {
		return fmt.Errorf("%w: %s since %s; what readers see stays until it is complete (push again, if nobody pushes any more)",
			errPushing, p.mark.ID, p.mark.At.Format(time.RFC3339))
	}
	return nil
}
