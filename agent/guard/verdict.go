package guard

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/pathwai/airflow-on-fargate/agent/celery"
)

// observation is one look at the worker.
type observation struct {
	at time.Time
	// err is nil, or wraps one of the celery package's errors.
	err error
	// answered: the worker told its state, which snapshot is.
	answered bool
	snapshot celery.Snapshot
	// waiting counts the messages in the worker's queues.
	waiting int64
}

// verdict decides whether the worker really consumes. The rule:
//
//	broker can't be asked                         nothing is known: the clock stands still
//	no answer                                     not proven
//	answers, but takes not from all its queues    not proven
//	answers; work waits; it has room; took none   not proven
//	answers otherwise                             proven
//
// A worker that stays unproven for longer than the patience is reported as
// bad. A broker that is down is not the worker's fault: replacing the worker
// would kill its running tasks and repair nothing.
type verdict struct {
	queues   []string
	patience time.Duration

	mu       sync.Mutex
	ever     bool
	last     observation
	unproven time.Duration
	reason   error
	started  int64
}

// free says whether the worker could take another message.
func (o observation) free() bool {
	return o.snapshot.Slots == 0 || o.snapshot.Held() < o.snapshot.Slots
}

var errNotYet = errors.New("the worker was not seen consuming yet")

func newVerdict(queues []string, patience time.Duration) *verdict {
	return &verdict{queues: queues, patience: patience, reason: errNotYet, started: -1}
}

// observe takes a look into account. The looks' times must not go back.
func (v *verdict) observe(o observation) {
	v.mu.Lock()
	defer v.mu.Unlock()
	// Time counts against the worker only between two looks that both reached
	// the broker.
	var passed time.Duration
	if !v.last.at.IsZero() && !blind(v.last.err) && !blind(o.err) {
		passed = o.at.Sub(v.last.at)
	}
	v.last = o
	if blind(o.err) {
		return
	}
	reason := v.fault(o)
	if reason == nil {
		v.ever, v.unproven, v.reason = true, 0, nil
		return
	}
	v.unproven += passed
	v.reason = reason
}

func (v *verdict) fault(o observation) error {
	if o.err != nil {
		return o.err
	}
	took := o.snapshot.Started != v.started
	v.started = o.snapshot.Started
	var missing []string
	for _, queue := range v.queues {
		if !slices.Contains(o.snapshot.Queues, queue) {
			missing = append(missing, queue)
		}
	}
	switch {
	case len(missing) > 0:
		return fmt.Errorf("the worker does not take from %s", strings.Join(missing, ", "))
	case len(o.snapshot.Queues) == 0:
		return errors.New("the worker takes from no queue")
	case o.waiting > 0 && o.free() && !took:
		return fmt.Errorf("%d messages wait, the worker has room and takes none", o.waiting)
	}
	return nil
}

func blind(err error) bool { return errors.Is(err, celery.ErrBroker) }

// check answers nil while the worker counts as consuming.
func (v *verdict) check() error {
	v.mu.Lock()
	defer v.mu.Unlock()
	switch {
	case !v.ever:
		return v.reason
	case v.unproven > v.patience:
		return fmt.Errorf("for %s: %w", v.unproven.Round(time.Second), v.reason)
	}
	return nil
}
