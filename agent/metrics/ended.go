package metrics

import "time"

const (
	// lateCommit is how long after its end a task may become visible: the end
	// is noted by the worker's clock, and the row is written later.
	lateCommit = 5 * time.Minute
	// silence is how long before its end a task may have sent its last
	// heartbeat: Airflow gives up a silent task after
	// [scheduler] task_instance_heartbeat_timeout (300 s) and looks every 10 s.
	silence = 10 * time.Minute
)

// ended finds the attempts that ended since the last look, each one once.
type ended struct {
	// after is the end from which on to ask: what ended up to then was told, or
	// is not ours to tell.
	after time.Time
	from  time.Time
	seen  map[seenKey]struct{}
}

type seenKey struct {
	id  string
	end time.Time
}

// newEnded starts at a moment by the database's clock.
func newEnded(from time.Time) *ended {
	return &ended{from: from, after: from, seen: map[seenKey]struct{}{}}
}

// window says from which heartbeat and from which end on to ask.
func (e *ended) window() (beatAfter, endAfter time.Time) {
	return e.after.Add(-silence), e.after
}

// fresh keeps those that were not told before, and moves the window: after a
// look at the given moment, an end that is older than a late commit can't turn
// up any more.
func (e *ended) fresh(now time.Time, all []attempt) []attempt {
	var fresh []attempt
	for _, a := range all {
		key := seenKey{a.id, a.end}
		if _, told := e.seen[key]; !told {
			e.seen[key] = struct{}{}
			fresh = append(fresh, a)
		}
	}
	if after := now.Add(-lateCommit); after.After(e.from) {
		e.after = after
	}
	for key := range e.seen {
		if !key.end.After(e.after) {
			delete(e.seen, key)
		}
	}
	return fresh
}
