package dagsync

import "context"

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
	m.stopUpkeep() // it may be using the lock
	m.closeStage()
	m.known, m.prepared, m.locked = false, false, false
	m.store.Unlock()
}

// closeStage lets go of an unfinished stage; what lies on disk is rubbish
// from then on.
func (m *mirror) closeStage() {
	if m.stage != nil {
		m.stage.Close()
		m.stage = nil
	}
}

// observe looks whether another writer has the target in step, and changes
// nothing.
func (m *mirror) observe(ctx context.Context) (bool, error) {
	listing, err := m.list(ctx, false)
	if err != nil {
		return false, err
	}
	now, err := m.examine(ctx, false)
	if err != nil || !now.matches(m.pair, listing) {
		return false, err
	}
	m.remember(now.number, now.manifest, listing)
	return true, nil
}
