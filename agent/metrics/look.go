package metrics

import (
	"context"
	"maps"
	"math"
	"slices"
	"time"

	"github.com/pathwai/airflow-on-fargate/agent/emf"
)

const (
	// maxOthers is how many queues are published that nobody asked for by name,
	// and othersQueue the name that all further ones have together.
	maxOthers   = 20
	othersQueue = "(others)"
	// sqlFailed takes at most one part in failedShare of the time, and is asked
	// at least every failedPause: well within a late commit.
	failedShare = 200
	failedPause = time.Minute
)

// look asks the database and publishes. All questions are asked before the
// first line is printed, so that a failing database prints nothing.
func (p *publisher) look(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, connectTime+6*statementTime)
	defer cancel()
	if err := p.session.ensure(ctx); err != nil {
		return err
	}
	var now time.Time
	if err := p.session.db.QueryRow(ctx, sqlNow).Scan(&now); err != nil {
		return err
	}
	if !p.session.leader {
		p.waited, p.ended = now, nil
		return nil
	}
	a, err := p.ask(ctx, now)
	if err != nil {
		return err
	}
	return p.publish(a)
}

// answers are the database's of one look.
type answers struct {
	backlog  map[string]queue
	ages     map[string]float64
	pools    []pool
	parsing  parsing
	attempts []attempt
}

func (p *publisher) ask(ctx context.Context, now time.Time) (a answers, err error) {
	db := p.session.db
	if a.backlog, err = readBacklog(ctx, db); err != nil {
		return a, err
	}
	if a.ages, err = readHeartbeats(ctx, db); err != nil {
		return a, err
	}
	if a.pools, err = readPools(ctx, db); err != nil {
		return a, err
	}
	if a.parsing, err = readParsing(ctx, db); err != nil {
		return a, err
	}
	a.attempts, err = p.endedNow(ctx, now)
	return a, err
}

// endedNow finds the attempts that ended since the last look.
func (p *publisher) endedNow(ctx context.Context, now time.Time) ([]attempt, error) {
	if p.ended == nil {
		// The one who published before may not have told what ended since its
		// last look: rather tell it twice than never.
		from := p.waited.Add(-p.interval)
		if p.waited.IsZero() {
			from = now
		}
		p.ended = newEnded(from)
	}
	beatAfter, endAfter := p.ended.window()
	all, err := readAttempts(ctx, p.session.db, sqlEnded, beatAfter, endAfter)
	if err != nil {
		return nil, err
	}
	if began := time.Now(); !began.Before(p.askFailed) {
		failed, err := readAttempts(ctx, p.session.db, sqlFailed, endAfter)
		if err != nil {
			return nil, err
		}
		p.askFailed = began.Add(min(failedShare*time.Since(began), failedPause))
		all = append(all, failed...)
	}
	return p.ended.fresh(now, all), nil
}

func (p *publisher) stackDimension() []emf.Dimension {
	return []emf.Dimension{{Name: "Stack", Value: p.stack}}
}

func (p *publisher) queueDimensions(queue string) []emf.Dimension {
	return append(p.stackDimension(), emf.Dimension{Name: "Queue", Value: queue})
}

func (p *publisher) poolDimensions(pool string) []emf.Dimension {
	return append(p.stackDimension(), emf.Dimension{Name: "Pool", Value: pool})
}

func (p *publisher) publish(a answers) error {
	backlog := p.bounded(a.backlog)
	for _, name := range slices.Sorted(maps.Keys(backlog)) {
		q := backlog[name]
		err := p.out.Write(p.queueDimensions(name),
			emf.Metric{Name: "Backlog", Unit: emf.Count, Value: float64(q.queued + q.running)},
			emf.Metric{Name: "OldestQueuedSeconds", Unit: emf.Seconds, Value: q.oldest},
		)
		if err != nil {
			return &outputError{err}
		}
	}
	if err := p.publishPools(a.pools); err != nil {
		return err
	}
	failures, durations := sum(a.attempts)
	metrics := []emf.Metric{
		{Name: "TaskFailures", Unit: emf.Count, Value: failures},
		{Name: "ImportErrors", Unit: emf.Count, Value: float64(a.parsing.importErrors)},
		{Name: "SlowestParseSeconds", Unit: emf.Seconds, Value: a.parsing.slowest},
	}
	for _, jobType := range slices.Sorted(maps.Keys(a.ages)) {
		metrics = append(metrics, emf.Metric{Name: heartbeatMetrics[jobType], Unit: emf.Seconds, Value: a.ages[jobType]})
	}
	if err := p.out.Write(p.stackDimension(), metrics...); err != nil {
		return &outputError{err}
	}
	err := p.out.WriteDistribution(p.stackDimension(), emf.Distribution{Name: "TaskDurationSeconds", Unit: emf.Seconds, Values: durations})
	if err != nil {
		return &outputError{err}
	}
	return nil
}

// bounded returns the queues to publish: those that were asked for, also when
// nothing is in them; the first maxOthers further ones that this process saw;
// and all else as one. A DAG names a task's queue as it likes, and CloudWatch
// bills each name for itself.
func (p *publisher) bounded(backlog map[string]queue) map[string]queue {
	published := map[string]queue{}
	for _, name := range p.queues {
		published[name] = queue{}
	}
	for _, name := range slices.Sorted(maps.Keys(backlog)) {
		as := name
		if _, asked := published[name]; !asked && !p.admit(name) {
			as = othersQueue
		}
		sum, q := published[as], backlog[name]
		published[as] = queue{sum.queued + q.queued, sum.running + q.running, max(sum.oldest, q.oldest)}
	}
	return published
}

// admit says whether a queue that wasn't asked for is published under its name.
func (p *publisher) admit(name string) bool {
	switch {
	case p.others[name]:
		return true
	case name == "": // no dimension is empty
		return false
	case len(p.others) == maxOthers:
		if !p.flooded {
			p.flooded = true
			p.log.Warn("too many queues that nobody asked for: further ones are published as one", "name", othersQueue, "queues", maxOthers)
		}
		return false
	}
	p.others[name] = true
	return true
}

// sum counts the tasks that failed for good, and lists how long attempts took.
func sum(attempts []attempt) (failures float64, durations []float64) {
	for _, a := range attempts {
		if a.state == "failed" {
			failures++
		}
		if a.duration >= 0 && !math.IsInf(a.duration, 1) {
			durations = append(durations, a.duration)
		}
	}
	return failures, durations
}
