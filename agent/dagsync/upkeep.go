package dagsync

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/pathwai/airflow-on-fargate/agent/dagsync/bucket"
	"github.com/pathwai/airflow-on-fargate/agent/dagsync/tree"
)

// upkeep is the work that nobody waits for: removing trees that nobody may
// still read, and preparing the next tree, so that publishing it only takes
// what changed. It runs beside the polling and is stopped when a change
// comes.
type upkeep struct {
	cancel context.CancelFunc
	done   chan struct{}
}

// startUpkeep begins the upkeep after a publication, and from time to time.
func (m *mirror) startUpkeep(ctx context.Context) {
	m.stopUpkeep()
	ctx, cancel := context.WithCancel(ctx)
	u := &upkeep{cancel: cancel, done: make(chan struct{})}
	at := m.state.at // the polling goes on and changes it
	m.upkeep = u
	go func() {
		defer close(u.done)
		if err := m.maintain(ctx, at, true); err != nil && ctx.Err() == nil {
			m.log.Warn("upkeep failed; it is tried again later", "target", m.pair.Target, "error", err)
		}
		rest()
	}()
}

// stopUpkeep ends the upkeep and waits for it. A stage that it began is left
// to the caller, who goes on with it.
func (m *mirror) stopUpkeep() {
	if m.upkeep != nil {
		m.upkeep.cancel()
		<-m.upkeep.done
		m.upkeep = nil
	}
}

// maintain does the upkeep at once; at is S3's time. prepare says whether the
// next tree is to be prepared too.
func (m *mirror) maintain(ctx context.Context, at time.Time, prepare bool) error {
	if err := m.store.CheckLock(); err != nil {
		return err
	}
	if prepare && m.stage == nil && !m.prepared {
		err := m.prepare(ctx, at)
		if m.spoiled(err) {
			m.closeStage()
		}
		if ctx.Err() != nil {
			return err
		}
		if err != nil {
			// Old trees go even when the next can't be made, or just then.
			return errors.Join(err, m.clean(ctx, at))
		}
	}
	return m.clean(ctx, at)
}

// spoiled is true when a fault leaves nothing to go on with: the disk is full,
// and what is unfinished would only keep it full, or it isn't known what the
// next tree holds.
func (m *mirror) spoiled(fault error) bool {
	return tree.Full(fault) || (m.stage != nil && m.stage.Doubtful())
}

// heal removes what is unfinished after such a fault, so that the next attempt
// starts anew. It says whether it did.
func (m *mirror) heal(ctx context.Context, fault error, at time.Time) bool {
	if !m.spoiled(fault) {
		return false
	}
	m.closeStage()
	if err := m.clean(ctx, at); err != nil {
		m.log.Warn("what is unfinished could not be removed", "target", m.pair.Target, "error", err)
	}
	return true
}

// clean removes trees past their time and what nobody needs.
func (m *mirror) clean(ctx context.Context, at time.Time) error {
	if err := m.store.CheckLock(); err != nil {
		return err
	}
	contents, err := m.store.Scan()
	if err != nil {
		return err
	}
	for _, number := range m.store.Expired(contents, at, m.options.keep) {
		if err := m.store.Retire(ctx, number); err != nil {
			return err
		}
	}
	for _, name := range contents.Rubbish {
		if m.stage != nil && m.stage.Owns(name) {
			continue
		}
		if err := m.store.Remove(ctx, name); err != nil {
			return err
		}
	}
	return nil
}

// prepare makes a stage that equals the shown tree.
func (m *mirror) prepare(ctx context.Context, at time.Time) error {
	now, err := m.examine(ctx, false)
	if err != nil || !now.intact {
		return err
	}
	wanted := make([]bucket.Object, len(now.manifest.Entries))
	for i, e := range now.manifest.Entries {
		wanted[i] = bucket.Object{Key: e.Key, ETag: e.ETag, Size: e.Size}
	}
	stage, err := m.openStage(ctx, now.contents, at, false)
	if err != nil {
		return err
	}
	m.stage = stage
	if _, err := m.advance(ctx, stage, now, wanted); err != nil {
		return err // the stage knows how far it came
	}
	now.manifest.Entries = slices.Clone(stage.Entries())
	m.stage = nil
	if err := stage.Keep(now.manifest); err != nil {
		return err
	}
	m.prepared = true
	return nil
}
