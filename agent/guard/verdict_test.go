package guard

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pathwai/airflow-on-fargate/agent/celery"
	"github.com/pathwai/airflow-on-fargate/agent/ecsprotect"
)

var (
	noBroker = observation{err: fmt.Errorf("%w: refused", celery.ErrBroker)}
	noReply  = observation{err: celery.ErrNoReply}
	noWorker = observation{err: celery.ErrNoWorker}
)

func answers(started int64, held, waiting int, queues ...string) observation {
	return observation{
		answered: true,
		snapshot: celery.Snapshot{Slots: 4, Active: held, Started: started, Queues: queues},
		waiting:  int64(waiting),
	}
}

func TestVerdict(t *testing.T) {
	idle := answers(0, 0, 0, "default")
	tests := []struct {
		name string
		// looks are 10 s apart; the patience is 30 s.
		looks []observation
		want  string // "" means consuming
	}{
		{"nothing seen yet", nil, "not seen consuming yet"},
		{"the broker was never reached", []observation{noBroker, noBroker}, "not seen consuming yet"},
		{"idle and answering", []observation{idle}, ""},
		{"never answered", []observation{noReply}, "did not answer"},
		{"nobody on the broker", []observation{noWorker}, "no worker listens"},
		{"takes from more than asked", []observation{answers(0, 0, 0, "large", "default")}, ""},
		{"takes from another queue", []observation{answers(0, 0, 0, "large")}, "does not take from default"},
		{"takes from nothing", []observation{answers(0, 0, 0)}, "does not take from default"},
		{"busy and full while work waits", []observation{answers(4, 4, 9, "default"), answers(4, 4, 9, "default"), answers(4, 4, 9, "default"), answers(4, 4, 9, "default"), answers(4, 4, 9, "default")}, ""},
		{"takes work while more waits", []observation{answers(4, 1, 9, "default"), answers(9, 1, 9, "default"), answers(12, 1, 9, "default"), answers(15, 1, 9, "default"), answers(17, 0, 9, "default")}, ""},
		{"one short hiccup", []observation{idle, noReply, noReply, noReply}, ""},
		{"silent for longer than the patience", []observation{idle, noReply, noReply, noReply, noReply}, "for 40s: the worker did not answer"},
		{"silent, then answers", []observation{idle, noReply, noReply, noReply, noReply, idle}, ""},
		{"work waits, room, takes none", []observation{idle, answers(0, 1, 3, "default"), answers(0, 1, 3, "default"), answers(0, 1, 3, "default"), answers(0, 1, 3, "default")}, "3 messages wait, the worker has room and takes none"},
		{"the same, just within the patience", []observation{idle, answers(0, 1, 3, "default"), answers(0, 1, 3, "default"), answers(0, 1, 3, "default")}, ""},
		{"gave up a queue", []observation{idle, answers(0, 0, 0), answers(0, 0, 0), answers(0, 0, 0), answers(0, 0, 0)}, "does not take from default"},
		{"the broker is down for long", []observation{idle, noBroker, noBroker, noBroker, noBroker, noBroker, noBroker}, ""},
		{"the broker was down, then the worker reconnects", []observation{idle, noBroker, noBroker, noBroker, noBroker, noWorker, noReply, idle}, ""},
		{"the broker was down, the worker has time from then on", []observation{idle, noBroker, noBroker, noBroker, noBroker, noWorker, noReply, noReply, noReply}, ""},
		{"the broker was down, the worker never comes back", []observation{idle, noBroker, noBroker, noWorker, noReply, noReply, noReply, noReply}, "for 40s"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			v := newVerdict([]string{"default"}, 30*time.Second)
			at := time.Unix(1e9, 0)
			for _, o := range tt.looks {
				at = at.Add(10 * time.Second)
				o.at = at
				v.observe(o)
			}
			err := v.check()
			if tt.want == "" {
				require.NoError(t, err)
			} else {
				require.ErrorContains(t, err, tt.want)
			}
		})
	}
}

func TestAnyQueueWillDoWhenNoneIsNamed(t *testing.T) {
	v := newVerdict(nil, time.Minute)
	v.observe(answers(0, 0, 0))
	require.ErrorContains(t, v.check(), "takes from no queue")
	v.observe(answers(0, 0, 0, "whatever"))
	require.NoError(t, v.check())
}

// Each queue counts: a worker that takes from one of two isn't whole.
func TestAllQueuesCount(t *testing.T) {
	v := newVerdict([]string{"default", "large", "small"}, time.Minute)
	v.observe(answers(0, 0, 0, "large"))
	require.ErrorContains(t, v.check(), "the worker does not take from default, small")
	v.observe(answers(0, 0, 0, "large", "default", "small"))
	require.NoError(t, v.check())
}

func TestWishes(t *testing.T) {
	idle, busy := answers(0, 0, 0, "q"), answers(1, 1, 0, "q")
	givenUp := observation{err: errNotYet} // stands for it, in the midst
	const hold, protect, release = ecsprotect.Hold, ecsprotect.Protect, ecsprotect.Release
	tests := []struct {
		name    string
		looks   []observation // 10 s apart; release after 20 s of idleness
		givenUp bool          // after the last look
		want    ecsprotect.Wish
	}{
		{"nothing known", nil, false, hold},
		{"busy", []observation{busy}, false, protect},
		{"idle for a moment after a start", []observation{idle, idle}, false, hold},
		{"idle for long", []observation{busy, idle, idle, idle}, false, release},
		{"not idle for long enough", []observation{busy, idle, idle}, false, protect},
		{"idleness starts anew", []observation{busy, idle, idle, busy, idle, idle}, false, protect},
		{"work after a release", []observation{busy, idle, idle, idle, busy}, false, protect},
		{"the broker goes while busy", []observation{busy, noBroker, noBroker, noBroker, noBroker}, false, protect},
		{"silence is no idleness", []observation{busy, idle, noReply, noReply}, false, protect},
		{"silence that began no task doesn't end idleness", []observation{busy, idle, noReply, idle}, false, release},
		{"a broker that answers now and then", []observation{busy, idle, noBroker, noBroker, idle}, false, release},
		{"a task came and went unseen", []observation{busy, idle, noReply, answers(1, 0, 0, "q"), answers(1, 0, 0, "q")}, false, protect},
		{"busy, and the queues can't be asked", []observation{idle, {answered: true, snapshot: celery.Snapshot{Active: 1}, err: celery.ErrBroker}}, false, protect},
		{"a task is taken, none runs yet", []observation{idle, {answered: true, snapshot: celery.Snapshot{Reserved: 1}}}, false, protect},
		{"given up", []observation{busy, noReply, noReply}, true, hold},
		{"given up, and back", []observation{busy, idle, givenUp, idle, idle}, false, hold},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := wisher{releaseAfter: 20 * time.Second}
			at, got := time.Unix(1e9, 0), hold
			for i, o := range tt.looks {
				at = at.Add(10 * time.Second)
				o.at = at
				got = w.next(o, tt.givenUp && i == len(tt.looks)-1 || errors.Is(o.err, errNotYet))
			}
			require.Equal(t, tt.want, got)
		})
	}
}
