package dagsync

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/pathwai/airflow-on-fargate/agent/cli"
	"github.com/pathwai/airflow-on-fargate/agent/dagsync/bucket"
	"github.com/pathwai/airflow-on-fargate/agent/dagsync/tree"
	"github.com/pathwai/airflow-on-fargate/agent/emf"
)

// syncer runs one mirror and tells the world how it does.
type syncer struct {
	mirror  *mirror
	options options
	metrics *emf.Writer
	stack   string
	log     *slog.Logger
	gauge   gauge
}

// gauge is what health checks and metrics look at while the mirror works.
type gauge struct {
	mu       sync.Mutex
	started  time.Time
	progress time.Time // something got done
	inStep   time.Time // the last complete look that ended in step; zero: none yet
	standby  bool
	missing  *missing // nil: not known
	errors   int      // since the last report
}

func newSyncer(pair Pair, c config, b *bucket.Bucket, store *tree.Store, metrics *emf.Writer, log *slog.Logger) *syncer {
	s := &syncer{options: c.options, metrics: metrics, stack: c.stack, log: log}
	s.gauge.started = time.Now()
	s.gauge.progress = s.gauge.started
	s.mirror = &mirror{
		pair: pair, options: c.options, log: log, bucket: b, store: store, beat: s.beat,
	}
	return s
}

func (s *syncer) beat() {
	s.gauge.mu.Lock()
	defer s.gauge.mu.Unlock()
	s.gauge.progress = time.Now()
}

const (
	// stalled is how long nothing may get done before the process counts as
	// hung. S3 being away is no hang: failed attempts are progress.
	stalled = 5 * time.Minute
	// stale is how old the last complete look may be for readiness.
	stale = time.Minute
)

func (s *syncer) healthy() error {
	s.gauge.mu.Lock()
	defer s.gauge.mu.Unlock()
	if idle := time.Since(s.gauge.progress); idle > stalled {
		return fmt.Errorf("%s: nothing got done for %s", s.mirror.pair.Name, idle.Round(time.Second))
	}
	return nil
}

func (s *syncer) ready() error {
	s.gauge.mu.Lock()
	defer s.gauge.mu.Unlock()
	switch {
	case s.gauge.standby:
		return fmt.Errorf("%s: another writer holds the lock", s.mirror.pair.Name)
	case s.gauge.inStep.IsZero():
		return fmt.Errorf("%s: not yet in step", s.mirror.pair.Name)
	case time.Since(s.gauge.inStep) > stale:
		return fmt.Errorf("%s: last in step %s ago", s.mirror.pair.Name, time.Since(s.gauge.inStep).Round(time.Second))
	}
	return nil
}

// once brings the target in step and returns the exit code. While another
// writer holds the lock it is that one's work, and only looked at.
func (s *syncer) once(ctx context.Context) int {
	defer s.report()
	begin := time.Now()
	changed, err := s.turn(ctx)
	for errors.Is(err, errStandby) && time.Since(begin) < s.options.lockWait && sleep(ctx, 100*time.Millisecond) == nil {
		changed, err = s.turn(ctx)
	}
	message := "in step"
	if errors.Is(err, errStandby) {
		message = "in step by another writer"
		if _, err = s.mirror.pass(ctx); err != nil {
			err = fmt.Errorf("another writer has held the lock for %s: %s: %w", s.options.lockWait, s.mirror.store.Holder(), err)
		}
		s.note(err)
	}
	if err != nil {
		s.log.Error("not in step", "source", s.mirror.pair.Source(), "error", err)
		return cli.ExitFailure
	}
	state := s.mirror.state
	s.log.Info(message, "source", s.mirror.pair.Source(), "target", s.mirror.pair.Target, "tree", state.tree, "changed", changed,
		"files", len(state.manifest.Entries), "bytes", state.manifest.Bytes(), "skipped", len(state.skipped), "seconds", time.Since(begin).Seconds())
	if len(state.skipped) > 0 {
		return cli.ExitPartial
	}
	return cli.ExitOK
}

// loop mirrors until ctx ends.
func (s *syncer) loop(ctx context.Context) {
	failures := 0
	reported := time.Time{}
	for {
		begin := time.Now()
		_, err := s.turn(ctx)
		if ctx.Err() != nil {
			return
		}
		wait := s.options.interval
		switch {
		case errors.Is(err, errStandby):
			wait = min(s.options.interval, 2*time.Second)
		case errors.Is(err, errPushing):
			failures = 0 // the lag grows, and an alarm tells of a push that never ends
		case err != nil:
			failures++
			wait = backoff(s.options.interval, failures)
			s.log.Error("not in step", "source", s.mirror.pair.Source(), "error", err, "retry_seconds", wait.Seconds())
		default:
			failures = 0
		}
		if time.Since(reported) >= s.options.report {
			reported = time.Now()
			s.report()
		}
		if err == nil {
			wait -= time.Since(begin)
		}
		if sleep(ctx, wait) != nil {
			return
		}
	}
}

var errStandby = errors.New("another writer holds the lock")

// turn looks once, as the one writer, and removes what nobody needs any more,
// of attempts that failed as well.
func (s *syncer) turn(ctx context.Context) (changed bool, err error) {
	ok, err := s.mirror.lock()
	s.setStandby(err == nil && !ok)
	if err == nil && !ok {
		return false, errStandby
	}
	if err == nil {
		changed, err = s.mirror.pass(ctx)
	}
	s.note(err)
	if fault := s.mirror.tidyUp(ctx); fault != nil && ctx.Err() == nil {
		s.log.Warn("old trees could not be removed; it is tried again later", "target", s.mirror.pair.Target, "error", fault)
	}
	return changed, err
}

func (s *syncer) setStandby(standby bool) {
	s.gauge.mu.Lock()
	defer s.gauge.mu.Unlock()
	if standby && !s.gauge.standby {
		s.log.Info("standing by: another writer holds the lock", "target", s.mirror.pair.Target, "writer", s.mirror.store.Holder())
	}
	s.gauge.standby = standby
	s.gauge.progress = time.Now()
}

// missing is what of the source a target doesn't hold.
type missing struct{ skipped, refused int }

// note keeps the result of one look.
func (s *syncer) note(err error) {
	s.gauge.mu.Lock()
	defer s.gauge.mu.Unlock()
	g := &s.gauge
	g.progress = time.Now()
	if err != nil {
		if !errors.Is(err, errPushing) {
			g.errors++
		}
		return
	}
	g.inStep = s.mirror.listed
	g.missing = &missing{len(s.mirror.state.skipped), len(s.mirror.state.refused)}
}

// longestBackoff keeps the promise of 60 s: S3 that works again is noticed
// well within it.
const longestBackoff = 15 * time.Second

// backoff is the time until the next attempt after a number of failures in a
// row: it doubles up to longestBackoff, and half of it is random.
func backoff(interval time.Duration, failures int) time.Duration {
	ceiling := longestBackoff
	if failures < 10 {
		ceiling = min(longestBackoff, interval<<(failures-1))
	}
	ceiling = max(ceiling, min(interval, longestBackoff))
	return ceiling/2 + rand.N(ceiling/2+1)
}

// report writes the metrics.
func (s *syncer) report() {
	s.gauge.mu.Lock()
	g := &s.gauge
	if g.standby {
		s.gauge.mu.Unlock()
		return // the writer reports
	}
	since := g.inStep
	if since.IsZero() {
		since = g.started
	}
	list := []emf.Metric{
		{Name: "SyncLagSeconds", Unit: emf.Seconds, Value: time.Since(since).Seconds()},
		{Name: "SyncErrors", Unit: emf.Count, Value: float64(g.errors)},
	}
	if g.missing != nil {
		list = append(list,
			emf.Metric{Name: "SyncSkippedKeys", Unit: emf.Count, Value: float64(g.missing.skipped)},
			emf.Metric{Name: "SyncRefusedKeys", Unit: emf.Count, Value: float64(g.missing.refused)})
	}
	g.errors = 0
	s.gauge.mu.Unlock()
	err := s.metrics.Write([]emf.Dimension{{Name: "Stack", Value: s.stack}, {Name: "Source", Value: s.mirror.pair.Name}}, list...)
	if err != nil {
		s.log.Error("metrics were lost", "error", err)
	}
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(max(d, 0))
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
