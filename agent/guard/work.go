package guard

import (
	"time"

	"github.com/pathwai/airflow-on-fargate/agent/ecsprotect"
)

// wisher turns looks at the worker into wishes for the task's protection.
type wisher struct {
	releaseAfter time.Duration
	idleSince    time.Time
	wish         ecsprotect.Wish
}

// next says what is wanted after a look. Work protects at once; only idleness
// that was seen for the whole release time releases. What isn't known changes
// nothing, so a worker that was busy when the broker went away stays
// protected. A worker that is given up is neither protected anew nor released.
func (w *wisher) next(o observation, givenUp bool) ecsprotect.Wish {
	switch {
	case givenUp:
		w.idleSince = time.Time{}
		w.wish = ecsprotect.Hold
	case o.err != nil:
		w.idleSince = time.Time{}
	case o.held > 0:
		w.idleSince = time.Time{}
		w.wish = ecsprotect.Protect
	case w.idleSince.IsZero():
		w.idleSince = o.at
	case o.at.Sub(w.idleSince) >= w.releaseAfter:
		w.wish = ecsprotect.Release
	}
	return w.wish
}
