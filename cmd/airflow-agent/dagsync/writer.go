package dagsync

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
