package dagsync

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/pathwai/airflow-on-fargate/agent/dagsync/bucket"
	"github.com/pathwai/airflow-on-fargate/agent/dagsync/keys"
	"github.com/pathwai/airflow-on-fargate/agent/dagsync/tree"
)

// mirror keeps one target equal to one S3 prefix.
type mirror struct {
	pair    Pair
	options options
	log     *slog.Logger
	bucket  *bucket.Bucket
	store   *tree.Store
	// beat is called whenever something gets on, for the health check.
	beat func()
	// locked says that the lock was ours at the last look.
	locked bool

	// state is what is known to be in step; known is false until the first
	// look, and whenever something may have changed the target.
	known bool
	state state
	// verified is when the shown tree was last compared with its manifest.
	verified time.Time
	// listed is when the last complete listing ended, and at its time by S3's clock.
	listed, at time.Time
	push       push
	// failed is the stage of an attempt that failed: what was fetched for it is
	// used by the next.
	failed *tree.Stage
	// untidy says that something may be left to remove.
	untidy bool
	// asked counts the questions whether refused objects can be read by now.
	asked int
}

// state is what the target holds.
type state struct {
	view
	digest  bucket.Digest
	skipped []keys.Skip
	refused []bucket.Object
}

// view is what lies at the target.
type view struct {
	// tree and manifest belong to the newest usable tree; 0 and an empty
	// manifest when there is none.
	tree     int
	manifest *tree.Manifest
	// folders are those of the tree, and glance what a look at them showed
	// before anything was read.
	folders []string
	glance  uint64
	// intact is true when readers see just that tree, undamaged.
	intact bool
	// holds is true when readers may see files.
	holds bool
}

// holdsJust is true when readers see just the wanted objects, undamaged.
func (v view) holdsJust(source string, wanted []bucket.Object) bool {
	return v.intact && v.manifest.Source == source && slices.EqualFunc(v.manifest.Entries, wanted, func(e tree.Entry, o bucket.Object) bool {
		return e.Key == o.Key && e.ETag == o.ETag
	})
}

// pass looks at the bucket once and brings the target in step. changed says
// whether readers got a new tree.
func (m *mirror) pass(ctx context.Context) (changed bool, err error) {
	m.known = m.known && m.untouched(ctx) && !m.anotherReadable(ctx)
	due := !m.known || time.Since(m.verified) >= m.options.verifyEvery
	listing, err := m.list(ctx)
	if err != nil {
		return false, err
	}
	if !due && listing.Digest == m.state.digest {
		m.state.manifest.Mark = listing.Mark.ETag
		if m.failed != nil { // what it was for isn't wanted any more
			m.failed, m.untidy = nil, true
		}
		return false, nil
	}
	if !due {
		if err := m.whole(ctx, listing.Mark); err != nil && !errors.Is(err, bucket.ErrChanged) {
			return false, err
		}
	}
	now := m.state.view
	if due {
		if now, err = m.examine(ctx); err != nil {
			return false, err
		}
		if wanted, skipped := keys.Select(listing.Objects); now.holdsJust(m.pair.Source(), wanted) {
			m.remember(ctx, now, listing, skipped, nil)
			return false, nil
		}
	}
	if m.known && listing.Mark.ETag != "" && listing.Mark.ETag != m.state.manifest.Mark {
		listing, err = m.list(ctx) // a push has just said that it is complete
	} else {
		listing, err = m.settle(ctx, listing)
	}
	for attempt := 1; err == nil; attempt++ {
		// Of a push that ended during the listing, keys that sort before the
		// mark were listed as they had been before.
		older := listing.Mark.ETag != "" && listing.Mark.ETag != m.push.etag
		if err = m.whole(ctx, listing.Mark); err == nil && older {
			err = fmt.Errorf("listed before the push ended: %w", bucket.ErrChanged)
		}
		if err == nil {
			changed, err = m.bring(ctx, now, listing)
		}
		if !errors.Is(err, bucket.ErrChanged) || attempt == maxRelists {
			break
		}
		listing, err = m.list(ctx)
	}
	if tree.Full(err) {
		m.failed = nil // what is unfinished would only keep the disk full
	}
	return changed, err
}

// maxRelists is how often one pass lists again because objects changed under
// it, before it waits for the next.
const maxRelists = 3

// untouched is false when somebody removed something of what readers see, or
// turned the link.
func (m *mirror) untouched(ctx context.Context) bool {
	glance, err := m.store.Glance(ctx, m.state.tree, m.state.folders)
	if err == nil && glance == m.state.glance {
		return true
	}
	m.log.Info("the published tree was touched by somebody else: looking at it closely", "target", m.pair.Target, "error", err)
	return false
}

// anotherReadable asks for one of the objects that S3 refused: there may be
// many, and each costs a request.
func (m *mirror) anotherReadable(ctx context.Context) bool {
	refused := m.state.refused
	if len(refused) == 0 {
		return false
	}
	m.asked++
	return m.bucket.Readable(ctx, m.pair.Prefix, refused[m.asked%len(refused)]) == nil
}

func (m *mirror) list(ctx context.Context) (bucket.Listing, error) {
	listing, err := m.bucket.List(ctx, m.pair.Prefix, m.beat)
	if listing.Time.IsZero() {
		listing.Time = m.options.clock() // a server without a clock
	}
	if err == nil {
		m.listed, m.at = time.Now(), listing.Time
	}
	return listing, err
}

// settle waits until an upload that is under way pauses, so that a release of
// many files that comes by other means than a push is published once and
// whole, if it takes seconds to upload. --once doesn't wait.
func (m *mirror) settle(ctx context.Context, before bucket.Listing) (bucket.Listing, error) {
	for range 3 {
		if err := sleep(ctx, m.options.settle); err != nil {
			return bucket.Listing{}, err
		}
		listing, err := m.list(ctx)
		if err != nil || listing.Digest == before.Digest {
			return listing, err
		}
		before = listing
	}
	return before, nil
}

// examine looks what lies at the target, and compares it with its record.
// Damaged files are taken off the list, so that they are fetched anew.
func (m *mirror) examine(ctx context.Context) (view, error) {
	contents, err := m.store.Scan()
	v := view{manifest: new(tree.Manifest), holds: contents.Linked}
	v.tree = contents.Current
	if n := len(contents.Trees); v.tree == 0 && n > 0 {
		v.tree = contents.Trees[n-1]
	}
	if err != nil || v.tree == 0 {
		return v, err
	}
	if v.manifest, err = m.store.Load(v.tree); err != nil {
		m.log.Warn("the record of the tree can't be used; fetching all files anew", "error", err)
		return view{manifest: new(tree.Manifest), holds: v.holds}, nil
	}
	v.folders = tree.Folders(v.manifest.Entries)
	v.glance, err = m.store.Glance(ctx, v.tree, v.folders)
	v.intact = err == nil && v.tree == contents.Current
	v.holds = len(v.manifest.Entries) > 0
	before := len(v.manifest.Entries)
	undamaged, whole, err := m.store.Verify(ctx, v.tree, v.manifest.Entries)
	if err != nil {
		return v, err
	}
	m.verified = time.Now()
	if !whole {
		v.manifest.Entries, v.intact = undamaged, false
		m.known = false // also when a push lets it be mended only later
		m.log.Warn("somebody changed the published tree; publishing a new one", "target", m.pair.Target, "files", before-len(undamaged))
	}
	return v, nil
}

// remember keeps what is in step, and names the keys that were skipped when
// they are not the ones that were named before.
func (m *mirror) remember(ctx context.Context, now view, listing bucket.Listing, skipped []keys.Skip, refused []bucket.Object) {
	m.failed = nil
	if !m.known || !slices.Equal(m.state.skipped, skipped) {
		for _, s := range skipped {
			level := slog.LevelWarn
			if keys.Refused(s.Reason) {
				level = slog.LevelError
			}
			m.log.Log(ctx, level, "key skipped", "source", m.pair.Source(), "key", s.Key, "reason", s.Reason)
		}
	}
	now.manifest.Mark = listing.Mark.ETag
	m.known, m.untidy = true, true
	m.state = state{view: now, digest: listing.Digest, skipped: skipped, refused: refused}
}
