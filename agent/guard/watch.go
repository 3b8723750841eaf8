package guard

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/pathwai/airflow-on-fargate/agent/celery"
)

const (
	// answerTime is how long a healthy but loaded worker may take.
	answerTime = 5 * time.Second
	// quietAfter is after how many unanswered looks a lighter one is taken: a
	// stopped worker would find all of them in its mailbox when it wakes.
	quietAfter = 3
	drainTime  = 10 * time.Second
)

// watch looks at the worker until ctx ends.
func (g *guard) watch(ctx context.Context) {
	ticker := time.NewTicker(g.interval)
	defer ticker.Stop()
	unanswered, was, told := 0, errNotYet, false
	for first := true; ; first = false {
		o := g.look(ctx, unanswered > quietAfter)
		if ctx.Err() != nil {
			return
		}
		if unanswered++; o.err == nil || blind(o.err) {
			unanswered = 0
		}
		g.verdict.observe(o)
		now := g.verdict.check()
		g.report(o, was, now)
		g.reportBroker(o.err, first)
		was = now
		if unanswered == 20 && !told && !g.verdict.ever {
			told = true
			g.nameOthers(ctx)
		}
		if g.keeper != nil {
			// A worker that was never seen is starting, not given up.
			g.keeper.Wish(g.wisher.next(o, now != nil && g.verdict.ever))
		}
		g.reached.Store(!blind(o.err))
		g.looked.Store(time.Now().UnixNano())
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

func (g *guard) look(ctx context.Context, light bool) observation {
	ctx, cancel := context.WithTimeout(ctx, answerTime)
	defer cancel()
	o := observation{}
	if light {
		if _, o.err = g.client.Ask(ctx, g.worker, celery.Command{Method: "ping"}); o.err != nil {
			o.at = time.Now()
			return o
		}
	}
	o.snapshot, o.err = g.client.Inspect(ctx, g.worker)
	o.at = time.Now()
	if o.err != nil {
		return o
	}
	g.takes = o.snapshot.Queues
	o.answered = true
	o.waiting, o.err = g.waiting(ctx, o.snapshot.Queues)
	return o
}

func (g *guard) waiting(ctx context.Context, queues []string) (int64, error) {
	if len(queues) == 0 {
		return 0, nil
	}
	lengths, err := g.client.Waiting(ctx, queues)
	var sum int64
	for _, n := range lengths {
		sum += n
	}
	return sum, err
}

// report logs what changed with the worker.
func (g *guard) report(o observation, was, now error) {
	switch {
	case was != nil && now == nil:
		g.log.Info("the worker consumes", "worker", g.worker, "queues", o.snapshot.Queues, "slots", o.snapshot.Slots)
	case was == nil && now != nil:
		g.log.Error("the worker does not consume", "worker", g.worker, "reason", now.Error())
	}
}

// reportBroker logs whether the broker answers: at the first look, and when
// that changes.
func (g *guard) reportBroker(err error, first bool) {
	switch reached := !blind(err); {
	case !first && reached == g.reached.Load():
	case reached:
		g.log.Info("the broker answers")
	default:
		g.log.Warn("the broker can't be asked: the worker's state is unknown", "error", err.Error())
	}
}

// nameOthers helps to find a wrong worker name, the likeliest reason for a
// worker that never answers.
func (g *guard) nameOthers(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	answers, err := g.client.Broadcast(ctx, celery.Command{Method: "ping"})
	if err != nil {
		return
	}
	names := make([]string, 0, len(answers))
	for name := range answers {
		names = append(names, name)
	}
	slices.Sort(names)
	g.log.Warn("the worker never answered; if it has another name, set AGENT_WORKER_NAME", "worker", g.worker, "answering", names)
}

// drain has the worker take nothing new. It tries until the worker confirms,
// or has left, or the time is up: the worker was told to stop as well and may
// be gone already.
func (g *guard) drain(ctx context.Context) {
	queues := slices.Clone(g.queues)
	for _, queue := range g.takes {
		if !slices.Contains(queues, queue) {
			queues = append(queues, queue)
		}
	}
	if len(queues) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, drainTime)
	defer cancel()
	for ctx.Err() == nil {
		attempt, done := context.WithTimeout(ctx, 3*time.Second)
		err := g.client.StopConsuming(attempt, g.worker, queues)
		done()
		switch {
		case err == nil:
			g.log.Info("the worker takes no new work", "worker", g.worker, "queues", queues)
			return
		case errors.Is(err, celery.ErrNoWorker):
			g.log.Info("the worker has left the broker", "worker", g.worker)
			return
		case ctx.Err() == nil:
			time.Sleep(200 * time.Millisecond)
		}
	}
	g.log.Warn("the worker did not confirm that it takes no new work", "worker", g.worker)
}
