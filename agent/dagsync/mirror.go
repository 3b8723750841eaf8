package dagsync

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
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
	lister  *bucket.Lister
	store   *tree.Store
	// beat is called whenever something got done, for the health check.
	beat func()
	// locked says that the lock was ours at the last look.
	locked bool

	// state is what is known to be in step; known is false until the first
	// look, and whenever something may have changed the target.
	known bool
	state state
	// verified is when the shown tree was last compared with its manifest.
	verified time.Time
	// listed is when the last complete listing ended.
	listed time.Time
	// mark is the last mark that was read, of a push; markTag is its ETag.
	mark    bucket.Mark
	markTag string

	// stage is a next tree that was begun and not finished; only when no
	// upkeep is running.
	stage *tree.Stage
	// prepared says that the stage on disk was made by this process.
	prepared bool
	upkeep   *upkeep
}

// state is what the target holds.
type state struct {
	digest  bucket.Digest
	tree    int
	files   int
	bytes   int64
	skipped []keys.Skip
	// at is S3's time of the listing.
	at time.Time
	// mark is the ETag of the mark of the push that this is the release of.
	mark string
}

// errEmpty protects the DAGs against a prefix that was emptied by accident.
var errEmpty = errors.New("the prefix holds no files any more; the present ones stay. If they are meant to go, run with --allow-empty")

// errPushing stands for a push that has begun and not ended: readers keep the
// release before it.
var errPushing = errors.New("a push is under way")

// pass looks at the bucket once and brings the target in step. changed says
// whether readers got a new tree.
func (m *mirror) pass(ctx context.Context) (changed bool, err error) {
	if m.known && !m.store.Shown(m.state.tree) {
		m.log.Warn("the link was changed by somebody else", "target", m.pair.Target)
		m.known = false
	}
	due := time.Since(m.verified) >= m.options.verifyEvery
	// A quiet prefix needs its digest only.
	listing, err := m.list(ctx, !m.known)
	if err != nil {
		return false, err
	}
	if m.known && !due && listing.Digest == m.state.digest {
		m.state.at, m.state.mark = listing.Time, listing.Mark
		return false, nil
	}
	if !due {
		if err := m.whole(ctx, listing.Mark); err != nil && !errors.Is(err, bucket.ErrChanged) {
			return false, err
		}
	}
	m.stopUpkeep()
	now, err := m.examine(ctx, due || !m.known)
	if err != nil {
		return false, err
	}
	if now.matches(m.pair, listing) {
		m.remember(now.number, now.manifest, listing)
		return false, nil
	}
	if m.known && listing.Mark != "" && listing.Mark != m.state.mark {
		listing, err = m.list(ctx, true) // a push has just said that it is complete
	} else {
		listing, err = m.settle(ctx, listing)
	}
	for attempt := 1; err == nil; attempt++ {
		// Of a push that ended during the listing, keys that sort before the
		// mark were listed as they had been before.
		older := listing.Mark != "" && listing.Mark != m.markTag
		if err = m.whole(ctx, listing.Mark); err == nil && older {
			err = fmt.Errorf("listed before the push ended: %w", bucket.ErrChanged)
		}
		if err == nil {
			changed, err = m.bring(ctx, now, listing)
		}
		if m.heal(ctx, err, listing.Time) || !errors.Is(err, bucket.ErrChanged) || attempt == maxRelists {
			break
		}
		listing, err = m.list(ctx, true)
	}
	return changed, err
}

// whole fails while a push is under way: then what lies below the prefix is of
// two releases. etag is the mark's in the listing.
func (m *mirror) whole(ctx context.Context, etag string) error {
	if etag == "" {
		return nil
	}
	if etag != m.markTag {
		mark, err := m.bucket.ReadMark(ctx, m.pair.Prefix, etag)
		if err != nil {
			return err
		}
		if mark.ID == m.mark.ID && mark.State == m.mark.State {
			m.mark, m.markTag = mark, etag // a sign of life
			return m.whole(ctx, etag)
		}
		m.mark, m.markTag = mark, etag
		m.log.Info("push", "source", m.pair.Source(), "id", mark.ID, "state", mark.State, "commit", mark.Commit, "since", mark.At)
	}
	if m.mark.State == bucket.Pushing {
		return fmt.Errorf("%w: %s since %s; what readers see stays until it is complete (push again, if nobody pushes any more)",
			errPushing, m.mark.ID, m.mark.At.Format(time.RFC3339))
	}
	return nil
}

// maxRelists is how often one pass lists again because objects changed under
// it, before it waits for the next.
const maxRelists = 3

func (m *mirror) list(ctx context.Context, keep bool) (bucket.Listing, error) {
	listing, err := m.lister.List(ctx, keep)
	if err == nil {
		m.listed = time.Now()
		m.beat()
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
	contents tree.Contents
	// number and manifest belong to the newest usable tree; 0 and an empty
	// manifest when there is none.
	number   int
	manifest *tree.Manifest
	// intact is true when readers see just that tree, undamaged.
	intact bool
	// holds is true when readers may see files.
	holds bool
}

// matches is true when nothing needs to be done to be in step.
func (v view) matches(pair Pair, listing bucket.Listing) bool {
	return v.intact && v.manifest.Source == pair.Source() && v.manifest.Digest == listing.Digest
}

// examine looks what lies at the target.
func (m *mirror) examine(ctx context.Context, verify bool) (view, error) {
	contents, err := m.store.Scan()
	if err != nil {
		return view{}, err
	}
	v := view{contents: contents, manifest: new(tree.Manifest), holds: contents.Linked}
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
	v.number, v.manifest, v.intact = candidate, manifest, candidate == contents.Current
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
	damage, err := tree.Verify(ctx, dir, v.manifest.Entries, true)
	if err != nil {
		return err
	}
	m.verified = time.Now()
	if damage.None() {
		return nil
	}
	v.intact = false
	m.known = false // also when a push lets it be mended only later
	bad := make(map[int]bool, len(damage.Bad))
	for _, i := range damage.Bad {
		bad[i] = true
	}
	whole := make([]tree.Entry, 0, len(v.manifest.Entries))
	for i, e := range v.manifest.Entries {
		if !bad[i] {
			whole = append(whole, e)
		}
	}
	m.log.Warn("somebody changed the published tree; publishing a new one",
		"target", m.pair.Target, "files", len(damage.Bad), "directories", damage.Folders)
	v.manifest.Entries = whole
	return nil
}

// bring makes the target hold what the listing says.
func (m *mirror) bring(ctx context.Context, now view, listing bucket.Listing) (bool, error) {
	wanted, skipped := keys.Select(listing.Objects)
	if len(wanted) == 0 && now.holds && !m.options.allowEmpty {
		return false, fmt.Errorf("%s: %w", m.pair.Source(), errEmpty)
	}
	next := &tree.Manifest{Source: m.pair.Source(), Digest: listing.Digest, Published: listing.Time, Skipped: skipped}
	if now.intact && now.manifest.Source == next.Source && same(now.manifest.Entries, wanted) {
		// Only keys that can't be files came or went.
		next.Entries, next.Published = now.manifest.Entries, now.manifest.Published
		if err := m.store.Amend(now.number, next); err != nil {
			return false, err
		}
		m.remember(now.number, next, listing)
		return false, nil
	}
	begin := time.Now()
	changes, err := m.build(ctx, now, wanted, listing.Time)
	if err != nil {
		return false, err
	}
	// A push that began after the listing has changed nothing of what was
	// fetched, but may have changed what was listed while it was being listed.
	if err := m.bucket.SameMark(ctx, m.pair.Prefix, listing.Mark); err != nil {
		return false, err
	}
	next.Entries = m.stage.Entries()
	stage := m.stage
	m.stage = nil
	number, err := m.store.Publish(stage, next)
	if err != nil {
		stage.Close()
		m.known = false
		return false, fmt.Errorf("publishing: %w", err)
	}
	m.verified = time.Now()
	m.remember(number, next, listing)
	m.log.Info("published", "source", next.Source, "target", m.pair.Target, "tree", number,
		"files", m.state.files, "bytes", m.state.bytes, "fetched", changes.Fetched, "removed", changes.Removed,
		"linked", changes.Linked, "kept", changes.Kept, "skipped", len(skipped), "seconds", time.Since(begin).Seconds())
	return true, nil
}

// build makes a stage that holds the wanted objects.
func (m *mirror) build(ctx context.Context, now view, wanted []bucket.Object, at time.Time) (tree.Changes, error) {
	if err := m.store.CheckLock(); err != nil {
		return tree.Changes{}, fmt.Errorf("preparing: %w", err)
	}
	if m.stage == nil {
		stage, err := m.openStage(ctx, now.contents, at, m.prepared)
		if err != nil {
			return tree.Changes{}, fmt.Errorf("preparing: %w", err)
		}
		m.stage = stage
	}
	m.prepared = false
	return m.advance(ctx, m.stage, now, wanted)
}

func (m *mirror) openStage(ctx context.Context, contents tree.Contents, at time.Time, checked bool) (*tree.Stage, error) {
	recycle := 0
	if expired := m.store.Expired(contents, at, m.options.keep); len(expired) > 0 {
		recycle = expired[len(expired)-1]
	}
	return m.store.OpenStage(ctx, contents, recycle, checked)
}

func (m *mirror) advance(ctx context.Context, stage *tree.Stage, now view, wanted []bucket.Object) (tree.Changes, error) {
	base := &tree.Base{Entries: now.manifest.Entries}
	if now.number > 0 {
		dir, err := m.store.OpenTree(now.number)
		if err != nil {
			return tree.Changes{}, err
		}
		defer dir.Close()
		base.Dir = dir
	}
	return stage.Advance(ctx, wanted, base, bucket.Connections, func() tree.Fetch {
		fetcher := m.bucket.NewFetcher(m.pair.Prefix)
		return func(ctx context.Context, o bucket.Object, to *tree.File) error {
			err := fetcher.Fetch(ctx, o, to)
			m.beat()
			return err
		}
	})
}

// same is true when a tree holds just the wanted objects.
func same(entries []tree.Entry, wanted []bucket.Object) bool {
	if len(entries) != len(wanted) {
		return false
	}
	for i := range entries {
		if entries[i].Key != wanted[i].Key || entries[i].ETag != wanted[i].ETag {
			return false
		}
	}
	return true
}

// remember keeps what is in step, and names the keys that were skipped when
// they are not the ones that were named before.
func (m *mirror) remember(number int, manifest *tree.Manifest, listing bucket.Listing) {
	if !m.known || !sameSkips(m.state.skipped, manifest.Skipped) {
		for _, s := range manifest.Skipped {
			m.log.Warn("key skipped", "source", m.pair.Source(), "key", s.Key, "reason", s.Reason)
		}
	}
	m.known = true
	m.state = state{
		digest: listing.Digest, tree: number, files: len(manifest.Entries), bytes: manifest.Bytes(),
		skipped: append([]keys.Skip(nil), manifest.Skipped...), at: listing.Time, mark: listing.Mark,
	}
}

func sameSkips(a, b []keys.Skip) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

// close lets go of everything.
func (m *mirror) close() {
	m.unlock()
	m.store.Close()
}
