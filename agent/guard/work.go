package guard

import (
	"time"

	"github.com/pathwai/airflow-on-fargate/agent/ecsprotect"
)

// wisher turns looks at the worker into wishes for the task's protection.
type wisher struct {
	releaseAfter time.Duration
	idleSince    time.Time
	started      int64 // tasks that the worker had begun when it was idle
	wish         ecsprotect.Wish
}

// next says what is wanted after a look. Work protects at once; only idleness
// for the whole release time, from one look to another, releases. What isn't
// known changes nothing, so a worker that was busy when the broker went away
// stays protected; nor does it end an idleness in which, as the worker's count
// tells afterwards, no task began. A worker that is given up is neither
// protected anew nor released.
func (w *wisher) next(o observation, givenUp bool) ecsprotect.Wish {
	switch {
	case givenUp:
		w.idleSince = time.Time{}
		w.wish = ecsprotect.Hold
	case !o.answered:
	case o.snapshot.Held() > 0:
		w.idleSince = time.Time{}
		w.wish = ecsprotect.Protect
	case w.idleSince.IsZero() || o.snapshot.Started != w.started:
		w.idleSince, w.started = o.at, o.snapshot.Started
	case o.at.Sub(w.idleSince) >= w.releaseAfter:
		w.wish = ecsprotect.Release
	}
	return w.wish
}
