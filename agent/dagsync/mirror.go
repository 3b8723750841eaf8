package dagsync

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
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
	digest  bucket.Digest
	tree    int
	files   int
	bytes   int64
	skipped []keys.Skip
	refused []bucket.Object
	// mark is the ETag of the mark of the push that this is the release of.
	mark string
	// folders are those of the tree, and glance what a look at them showed.
	folders []string
	glance  uint64
}

// pass looks at the bucket once and brings the target in step. changed says
// whether readers got a new tree.
func (m *mirror) pass(ctx context.Context) (changed bool, err error) {
	if m.known {
		m.known = m.untouched(ctx)
	}
	if m.known && len(m.state.refused) > 0 {
		// One at each look: there may be many, and each costs a request.
		m.asked++
		m.known = m.bucket.Fetch(ctx, m.pair.Prefix, m.state.refused[m.asked%len(m.state.refused)], nowhere{}) != nil
	}
	due := time.Since(m.verified) >= m.options.verifyEvery
	// A quiet prefix needs its digest only.
	listing, err := m.list(ctx, !m.known)
	if err != nil {
		return false, err
	}
	if m.known && !due && listing.Digest == m.state.digest {
		m.state.mark = listing.Mark.ETag
		return false, nil
	}
	if !due {
		if err := m.whole(ctx, listing.Mark.ETag); err != nil && !errors.Is(err, bucket.ErrChanged) {
			return false, err
		}
	}
	now, err := m.examine(ctx, due || !m.known)
	if err != nil {
		return false, err
	}
	if now.matches(m.pair, listing) && !now.refused() {
		m.remember(ctx, now, listing, nil)
		return false, nil
	}
	if m.known && listing.Mark.ETag != "" && listing.Mark.ETag != m.state.mark {
		listing, err = m.list(ctx, true) // a push has just said that it is complete
	} else {
		listing, err = m.settle(ctx, listing)
	}
	for attempt := 1; err == nil; attempt++ {
		// Of a push that ended during the listing, keys that sort before the
		// mark were listed as they had been before.
		older := listing.Mark.ETag != "" && listing.Mark.ETag != m.push.etag
		if err = m.whole(ctx, listing.Mark.ETag); err == nil && older {
			err = fmt.Errorf("listed before the push ended: %w", bucket.ErrChanged)
		}
		if err == nil {
			changed, err = m.bring(ctx, now, listing)
		}
		if !errors.Is(err, bucket.ErrChanged) || attempt == maxRelists {
			break
		}
		listing, err = m.list(ctx, true)
	}
	if tree.Full(err) {
		// What is unfinished would only keep the disk full.
		m.drop()
		err = errors.Join(err, m.tidy(ctx))
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

// nowhere is where an object goes that is only tried.
type nowhere struct{}

func (nowhere) Write(p []byte) (int, error) { return len(p), nil }
func (nowhere) Reset() error                { return nil }

func (m *mirror) list(ctx context.Context, keep bool) (bucket.Listing, error) {
	listing, err := m.bucket.List(ctx, m.pair.Prefix, keep, m.beat)
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
	if m.options.settle == 0 {
		return m.list(ctx, true)
	}
	for range 3 {
		if err := sleep(ctx, m.options.settle); err != nil {
			return bucket.Listing{}, err
		}
		listing, err := m.list(ctx, true)
		if err != nil || listing.Digest == before.Digest {
			return listing, err
		}
		before = listing
	}
	return before, nil
}

// view is what lies at the target.
type view struct {
	// number and manifest belong to the newest usable tree; 0 and an empty
	// manifest when there is none.
	number   int
	manifest *tree.Manifest
	// glance is what a look at the tree showed before anything was read.
	glance uint64
	// intact is true when readers see just that tree, undamaged.
	intact bool
	// holds is true when readers may see files.
	holds bool
}

// matches is true when nothing needs to be done to be in step.
func (v view) matches(pair Pair, listing bucket.Listing) bool {
	return v.intact && v.manifest.Source == pair.Source() && v.manifest.Digest == listing.Digest
}

// refused is true when S3 gave not all that could be files.
func (v view) refused() bool {
	return slices.ContainsFunc(v.manifest.Skipped, func(s keys.Skip) bool { return keys.Refused(s.Reason) })
}

// examine looks what lies at the target.
func (m *mirror) examine(ctx context.Context, verify bool) (view, error) {
	contents, err := m.store.Scan()
	if err != nil {
		return view{}, err
	}
	v := view{manifest: new(tree.Manifest), holds: contents.Linked}
	candidate := contents.Current
	if n := len(contents.Trees); candidate == 0 && n > 0 {
		candidate = contents.Trees[n-1]
	}
	if candidate == 0 {
		return v, nil
	}
	manifest, err := m.store.Load(candidate)
	if err != nil {
		var fault *fs.PathError
		if errors.As(err, &fault) && !errors.Is(err, fs.ErrNotExist) {
			return view{}, err // the disk fails; that heals by itself or not at all
		}
		m.log.Warn("the record of the tree can't be used; fetching all files anew", "error", err)
		return v, nil
	}
	v.number, v.manifest = candidate, manifest
	v.glance, err = m.store.Glance(ctx, candidate, tree.Folders(manifest.Entries))
	v.intact = err == nil && candidate == contents.Current // a file in the place of a folder is found below
	v.holds = len(manifest.Entries) > 0
	if verify {
		if err := m.verify(ctx, &v); err != nil {
			return view{}, err
		}
	}
	return v, nil
}

// verify compares the tree with its manifest and takes damaged files off the
// list, so that they are fetched anew.
func (m *mirror) verify(ctx context.Context, v *view) error {
	dir, err := m.store.OpenTree(v.number)
	if err != nil {
		return err
	}
	defer dir.Close()
	damage, err := tree.Verify(ctx, dir, v.manifest.Entries)
	if err != nil {
		return err
	}
	m.verified = time.Now()
	if damage.None() {
		return nil
	}
	v.intact = false
	m.known = false // also when a push lets it be mended only later
	slices.Sort(damage.Bad)
	whole := make([]tree.Entry, 0, len(v.manifest.Entries))
	for i, e := range v.manifest.Entries {
		if _, bad := slices.BinarySearch(damage.Bad, i); !bad {
			whole = append(whole, e)
		}
	}
	m.log.Warn("somebody changed the published tree; publishing a new one",
		"target", m.pair.Target, "files", len(damage.Bad), "directories", damage.Folders)
	v.manifest.Entries = whole
	return nil
}

// remember keeps what is in step, and names the keys that were skipped when
// they are not the ones that were named before.
func (m *mirror) remember(ctx context.Context, now view, listing bucket.Listing, refused []bucket.Object) {
	m.drop()
	manifest := now.manifest
	if !m.known || !slices.Equal(m.state.skipped, manifest.Skipped) {
		for _, s := range manifest.Skipped {
			level := slog.LevelWarn
			if keys.Refused(s.Reason) {
				level = slog.LevelError
			}
			m.log.Log(ctx, level, "key skipped", "source", m.pair.Source(), "key", s.Key, "reason", s.Reason)
		}
	}
	m.known, m.untidy = true, true
	m.state = state{
		digest: listing.Digest, tree: now.number, files: len(manifest.Entries), bytes: manifest.Bytes(),
		skipped: slices.Clone(manifest.Skipped), refused: refused, mark: listing.Mark.ETag,
		folders: tree.Folders(manifest.Entries), glance: now.glance,
	}
}
