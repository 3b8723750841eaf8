package dagsync

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/pathwai/airflow-on-fargate/agent/dagsync/bucket"
	"github.com/pathwai/airflow-on-fargate/agent/dagsync/keys"
	"github.com/pathwai/airflow-on-fargate/agent/dagsync/tree"
)

// errEmpty protects the DAGs against a prefix that was emptied by accident.
var errEmpty = errors.New("the prefix holds no files any more; the present ones stay. If they are meant to go, run with --allow-empty")

// massDeletion is how many files must go at once, and more than half of all,
// for it to look like an accident.
const massDeletion = 10

// guard fails when what was listed looks like an accident: nothing is left, or
// less than half and no push has said that it is meant.
func (m *mirror) guard(now view, listing bucket.Listing, wanted int) error {
	if m.options.allowEmpty || !now.holds {
		return nil
	}
	if wanted == 0 {
		return fmt.Errorf("%s: %w", m.pair.Source(), errEmpty)
	}
	before := len(now.manifest.Entries)
	pushed := listing.Mark.ETag != "" && listing.Mark.Modified.Truncate(time.Second).After(now.manifest.Published)
	if m.known {
		pushed = listing.Mark.ETag != "" && listing.Mark.ETag != m.state.mark
	}
	if gone := before - wanted; gone >= massDeletion && 2*gone > before && now.manifest.Source == m.pair.Source() && !pushed {
		return fmt.Errorf("%s: %d of %d files are gone, and no push said so; the present ones stay. If they are meant to go, push, or run with --allow-empty",
			m.pair.Source(), gone, before)
	}
	return nil
}

// bring makes the target hold what the listing says.
func (m *mirror) bring(ctx context.Context, now view, listing bucket.Listing) (bool, error) {
	wanted, skipped := keys.Select(listing.Objects)
	if err := m.guard(now, listing, len(wanted)); err != nil {
		return false, err
	}
	next := &tree.Manifest{Source: m.pair.Source(), Digest: listing.Digest, Published: later(listing.Time, m.options.clock()), Skipped: skipped}
	if now.holdsJust(next.Source, wanted) {
		return false, m.amend(ctx, now, next, listing, nil) // only keys that can't be files came or went
	}
	begin := time.Now()
	stage, err := m.build(ctx, now, wanted)
	if err != nil {
		return false, err
	}
	refused := only(wanted, stage.Refused)
	next.Skipped, next.Entries = slices.Concat(skipped, stage.Refused), stage.Entries
	if stage.Fetched == 0 && len(refused) > 0 && now.holdsJust(next.Source, objects(stage.Entries)) {
		// Readers see already all that can be read.
		return false, m.amend(ctx, now, next, listing, refused)
	}
	// A push that began after the listing has changed nothing of what was
	// fetched, but may have changed what was listed while it was being listed.
	if err := m.bucket.SameMark(ctx, m.pair.Prefix, listing.Mark.ETag); err != nil {
		return false, err
	}
	number, glance, err := m.store.Publish(ctx, next)
	if err != nil {
		m.drop()
		m.known = false
		return false, fmt.Errorf("publishing: %w", err)
	}
	m.verified = time.Now()
	m.log.Info("published", "source", next.Source, "target", m.pair.Target, "tree", number, "files", len(next.Entries), "bytes", next.Bytes(),
		"fetched", stage.Fetched, "linked", stage.Linked, "skipped", len(next.Skipped), "seconds", time.Since(begin).Seconds())
	m.remember(ctx, view{number: number, manifest: next, glance: glance}, listing, refused)
	return true, nil
}

// amend replaces the record of the present tree, whose files stay.
func (m *mirror) amend(ctx context.Context, now view, next *tree.Manifest, listing bucket.Listing, refused []bucket.Object) error {
	next.Entries, next.Published = now.manifest.Entries, now.manifest.Published
	if err := m.store.Amend(now.number, next); err != nil {
		return err
	}
	glance, err := m.store.Glance(ctx, now.number, tree.Folders(next.Entries))
	if err == nil {
		m.remember(ctx, view{number: now.number, manifest: next, glance: glance}, listing, refused)
	}
	return err
}

// build makes a stage that holds the wanted objects. Of one that fails, the
// next attempt takes what it has.
func (m *mirror) build(ctx context.Context, now view, wanted []bucket.Object) (*tree.Stage, error) {
	if err := m.store.CheckLock(); err != nil {
		return nil, fmt.Errorf("preparing: %w", err)
	}
	bases := make([]tree.Base, 1, 2)
	if now.number > 0 {
		dir, err := m.store.OpenTree(now.number)
		if err != nil {
			return nil, err
		}
		defer dir.Close()
		bases[0] = tree.Base{Dir: dir, Entries: now.manifest.Entries}
	}
	stage, err := m.store.OpenStage()
	if err != nil {
		return nil, fmt.Errorf("preparing: %w", err)
	}
	if m.failed != nil {
		bases = append(bases, m.failed.Base())
		defer m.failed.Close()
	}
	m.failed, m.untidy = stage, true
	err = stage.Fill(ctx, wanted, bases, bucket.Connections, func(ctx context.Context, o bucket.Object, to *tree.File) error {
		return m.bucket.Fetch(ctx, m.pair.Prefix, o, beating{to, m.beat})
	})
	if err == nil && len(stage.Refused) > 0 && stage.Fetched == 0 {
		err = m.othersReadable(ctx, wanted, stage.Refused)
	}
	return stage, err
}

// beating is a file whose bytes are progress.
type beating struct {
	*tree.File
	beat func()
}

func (b beating) Write(p []byte) (int, error) {
	b.beat()
	return b.File.Write(p)
}

// othersReadable fails when S3 refuses not some objects, but all: then it is
// the permission to read that is missing.
func (m *mirror) othersReadable(ctx context.Context, wanted []bucket.Object, refused []keys.Skip) error {
	for _, o := range wanted {
		if len(only([]bucket.Object{o}, refused)) == 0 {
			return m.bucket.Fetch(ctx, m.pair.Prefix, o, nowhere{})
		}
	}
	return fmt.Errorf("none of the %d objects can be read: %s: %s", len(refused), refused[0].Key, refused[0].Reason)
}

// only gives the objects that were refused. Both lists are in order of their keys.
func only(wanted []bucket.Object, refused []keys.Skip) []bucket.Object {
	var list []bucket.Object
	for _, o := range wanted {
		if _, ok := slices.BinarySearchFunc(refused, o.Key, func(s keys.Skip, key string) int { return cmp.Compare(s.Key, key) }); ok {
			list = append(list, o)
		}
	}
	return list
}

func objects(entries []tree.Entry) []bucket.Object {
	list := make([]bucket.Object, len(entries))
	for i, e := range entries {
		list[i] = bucket.Object{Key: e.Key, ETag: e.ETag}
	}
	return list
}

// holdsJust is true when readers see just the wanted objects, undamaged.
func (v view) holdsJust(source string, wanted []bucket.Object) bool {
	return v.intact && v.manifest.Source == source && slices.EqualFunc(v.manifest.Entries, wanted, func(e tree.Entry, o bucket.Object) bool {
		return e.Key == o.Key && e.ETag == o.ETag
	})
}

// later and earlier choose between S3's clock and this machine's: of a record
// the later one counts, of the present the earlier one. So one wrong clock
// makes no tree look old.
func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// tidyTime bounds what a look spends on removing things; the rest is left to
// the next.
const tidyTime = 2 * time.Second

// tidyUp removes old trees and rubbish, if there may be any.
func (m *mirror) tidyUp(ctx context.Context) error {
	if !m.untidy {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, tidyTime)
	defer cancel()
	err := m.tidy(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		return nil
	}
	m.untidy = false // after a fault the next publication, or the hourly look, asks for it again
	return err
}

func (m *mirror) tidy(ctx context.Context) error {
	if err := m.store.CheckLock(); err != nil {
		return err
	}
	return m.store.Tidy(ctx, earlier(m.at, m.options.clock()), m.options.keep, m.failed != nil)
}

// drop lets go of an unfinished stage; what lies on disk is rubbish from then on.
func (m *mirror) drop() {
	if m.failed != nil {
		m.failed.Close()
		m.failed = nil
	}
}
