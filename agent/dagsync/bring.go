package dagsync

import (
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
	before := len(now.manifest.Entries)
	pushed := listing.Mark.ETag != "" && listing.Mark.ETag != now.manifest.Mark
	switch gone := before - wanted; {
	case m.options.allowEmpty || !now.holds:
	case wanted == 0:
		return fmt.Errorf("%s: %w", m.pair.Source(), errEmpty)
	case gone >= massDeletion && 2*gone > before && now.manifest.Source == m.pair.Source() && !pushed:
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
	if now.holdsJust(m.pair.Source(), wanted) {
		m.remember(ctx, now, listing, skipped, nil) // only keys that can't be files came or went
		return false, nil
	}
	begin := time.Now()
	stage, err := m.build(ctx, now, wanted)
	if err != nil {
		return false, err
	}
	refused, err := m.refused(ctx, wanted, stage)
	if err != nil {
		return false, err
	}
	skipped = slices.Concat(skipped, stage.Refused)
	next := view{
		tree: stage.Number, folders: tree.Folders(stage.Entries), intact: true, holds: len(stage.Entries) > 0,
		manifest: &tree.Manifest{
			Source: m.pair.Source(), Mark: listing.Mark.ETag, Published: listing.Time, Entries: stage.Entries,
		},
	}
	if pushed := listing.Mark.ETag != "" && listing.Mark.ETag != now.manifest.Mark; pushed { // else somebody changed what it had brought
		next.manifest.Commit = m.push.mark.Commit
	}
	// Of a record the later of two clocks counts, S3's and this machine's, of the
	// present the earlier one: so one wrong clock makes no tree look old.
	if clock := m.options.clock(); clock.After(listing.Time) {
		next.manifest.Published = clock
	}
	if len(refused) > 0 && now.intact && now.manifest.Source == next.manifest.Source && slices.Equal(stage.Entries, now.manifest.Entries) {
		m.remember(ctx, now, listing, skipped, refused) // readers see already all that can be read
		return false, nil
	}
	// A push that began after the listing has changed nothing of what was
	// fetched, but may have changed what was listed while it was being listed.
	if err := m.bucket.SameMark(ctx, m.pair.Prefix, listing.Mark.ETag); err != nil {
		return false, err
	}
	if next.glance, err = m.store.Publish(ctx, stage, next.manifest, next.folders); err != nil {
		m.failed = nil // what a disk failed to keep must not be linked into the next
		return false, fmt.Errorf("publishing: %w", err)
	}
	m.verified = time.Now()
	m.log.Info("published", "source", m.pair.Source(), "target", m.pair.Target, "tree", stage.Number, "files", len(stage.Entries),
		"bytes", next.manifest.Bytes(), "fetched", stage.Fetched, "linked", stage.Linked, "skipped", len(skipped), "seconds", time.Since(begin).Seconds())
	m.remember(ctx, next, listing, skipped, refused)
	return true, nil
}

// build makes a stage that holds the wanted objects. Of one that fails, the
// next attempt takes what it has.
func (m *mirror) build(ctx context.Context, now view, wanted []bucket.Object) (*tree.Stage, error) {
	if err := m.store.CheckLock(); err != nil {
		return nil, err
	}
	bases := []tree.Base{{Number: now.tree, Entries: now.manifest.Entries}}
	if m.failed != nil {
		bases = append(bases, tree.Base{Number: m.failed.Number, Entries: m.failed.Entries})
	}
	m.untidy = true
	stage, err := m.store.NewStage()
	if err != nil {
		return nil, fmt.Errorf("preparing: %w", err)
	}
	m.failed = stage
	return stage, stage.Fill(ctx, wanted, bases, func(ctx context.Context, o bucket.Object, to *tree.File) error {
		return m.bucket.Fetch(ctx, m.pair.Prefix, o, beating{to, m.beat})
	})
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

// refused gives the objects that S3 refused for this stage. It fails when S3
// refuses not some objects, but all: then it is the permission to read that is
// missing.
func (m *mirror) refused(ctx context.Context, wanted []bucket.Object, stage *tree.Stage) (list []bucket.Object, err error) {
	if len(stage.Refused) == 0 {
		return nil, nil
	}
	reasons := map[string]string{}
	for _, s := range stage.Refused {
		reasons[s.Key] = s.Reason
	}
	readable := stage.Fetched > 0
	for _, o := range wanted {
		switch {
		case reasons[o.Key] != "":
			list = append(list, o)
		case !readable:
			if err := m.bucket.Readable(ctx, m.pair.Prefix, o); err != nil {
				return nil, err
			}
			readable = true
		}
	}
	if !readable {
		return nil, fmt.Errorf("none of the %d objects can be read: %s: %s", len(list), list[0].Key, reasons[list[0].Key])
	}
	return list, nil
}

// tidyTime bounds what a look spends on removing things; the rest is left to
// the next.
const tidyTime = 2 * time.Second

// tidyUp removes old trees and rubbish, if there may be any.
func (m *mirror) tidyUp(ctx context.Context) error {
	if !m.untidy || !m.locked {
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
	now, spared := m.options.clock(), 0
	if m.at.Before(now) {
		now = m.at
	}
	if m.failed != nil {
		spared = m.failed.Number
	}
	return m.store.Tidy(ctx, now, m.options.keep, spared)
}
