// Package metrics is `airflow-agent metrics`: it stands beside the scheduler,
// reads Airflow's database and prints metrics as EMF lines, among them the
// backlog that workers are scaled by.
package metrics

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/pathwai/airflow-on-fargate/agent/cli"
	"github.com/pathwai/airflow-on-fargate/agent/emf"
	"github.com/pathwai/airflow-on-fargate/agent/healthz"
)

const about = `airflow-agent metrics publishes what Airflow's database tells.

Every interval it prints, as CloudWatch EMF lines on stdout, each queue's
backlog, each pool's room, the ages of the heartbeats, the failures and durations
of the tasks that ended, import errors, the slowest DAG file; and what the
scheduler beside it says by StatsD: its longest loop, its executor's room. While the database can't be asked it prints nothing: no data is not
zero. Of several at one database only one publishes.

Secrets come from the environment alone:
  AGENT_DATABASE_URL   the database's address (required), for example
                       postgres://USER:PASSWORD@HOST:5432/airflow?sslmode=verify-full
                       A private authority: PGSSLROOTCERT names its file.
  AGENT_BROKER_URL     Airflow's broker URL; with it the workers of each queue
                       are counted as well

Exit code 0: stopped in order. 1: it could not work. 2: wrong usage.`

type settings struct {
	database                 *pgx.ConnConfig
	broker                   string
	namespace, stack, listen string
	statsd                   string
	queues                   []string
	interval                 time.Duration
	workersInterval          time.Duration
}

// Command is the row of metrics in the table of commands.
func Command() cli.Command {
	return cli.Command{
		Name:    "metrics",
		Summary: "publish backlog, heartbeats and task durations from Airflow's database",
		Run:     run,
	}
}

func run(ctx context.Context, inv cli.Invocation) int {
	s, code, done := parse(inv)
	if done {
		return code
	}
	log := inv.Logger()
	if err := serve(ctx, s, emf.NewWriter(inv.Stdout, s.namespace), log); err != nil {
		log.Error("metrics stopped", "error", err.Error())
		return cli.ExitFailure
	}
	return cli.ExitOK
}

// serve works until ctx ends.
func serve(ctx context.Context, s settings, out *emf.Writer, log *slog.Logger) error {
	listener, err := healthz.Listen(ctx, s.listen)
	if err != nil {
		return err
	}
	scheduler, err := (&net.ListenConfig{}).ListenPacket(ctx, "udp", s.statsd)
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	p := newPublisher(s, out, log)
	work, stop := context.WithCancel(ctx)
	defer stop()
	served := make(chan error, 1)
	go func() {
		defer stop()
		served <- healthz.New(p.alive, p.ready).Run(work, listener)
	}()
	counted, listened := make(chan error, 1), make(chan error, 1)
	go func() {
		defer stop()
		counted <- p.countWorkers(work)
	}()
	go func() {
		defer stop()
		listened <- p.hear(work, scheduler)
	}()
	err = p.watch(work)
	stop()
	return errors.Join(err, <-counted, <-listened, <-served)
}

type publisher struct {
	settings
	out     *emf.Writer
	log     *slog.Logger
	session session
	ended   *ended
	// askFailed is when sqlFailed may be asked again.
	askFailed time.Time
	others    map[string]bool // queues that were not asked for and are published
	flooded   bool            // it was said that there are too many
	manyPools bool            // and of pools
	// waited is when the lock was last seen in another's hands, by the
	// database's clock: from then on this one may be the only publisher.
	waited time.Time

	looked  atomic.Int64 // when the last look ended, Unix nanoseconds
	fault   atomic.Pointer[error]
	leading atomic.Bool
}

func newPublisher(s settings, out *emf.Writer, log *slog.Logger) *publisher {
	p := &publisher{settings: s, out: out, log: log, session: session{config: s.database}, others: map[string]bool{}}
	p.looked.Store(time.Now().UnixNano())
	p.fault.Store(&errNotYet)
	return p
}

var errNotYet = errors.New("the database was not asked yet")

func (p *publisher) alive() error {
	if age := time.Since(time.Unix(0, p.looked.Load())); age > p.interval+time.Minute {
		return fmt.Errorf("the last look at the database ended %s ago", age.Round(time.Second))
	}
	return nil
}

func (p *publisher) ready() error { return *p.fault.Load() }

// watch looks at the database every interval until ctx ends. It returns an
// error only when its output is gone.
func (p *publisher) watch(ctx context.Context) error {
	defer p.session.drop()
	failures := 0
	for {
		wait := p.interval
		err := p.look(ctx)
		if ctx.Err() != nil {
			return nil
		}
		var gone *outputError
		if errors.As(err, &gone) {
			return err
		}
		p.report(err)
		if err != nil {
			p.session.drop()
			wait = pause(failures, p.interval)
			failures++
		} else {
			failures = 0
		}
		p.leading.Store(p.session.leader)
		p.looked.Store(time.Now().UnixNano())
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(wait):
		}
	}
}

// pause is the time until the next try after so many failures: first soon, for
// a connection that was closed, and never longer than the interval, so that a
// database that is back is seen at once.
func pause(failures int, interval time.Duration) time.Duration {
	d := min(time.Second<<min(failures, 6), interval)
	return d/2 + rand.N(d/2)
}

// outputError means that a line could not be written.
type outputError struct{ error }

func (e *outputError) Unwrap() error { return e.error }

func (p *publisher) report(err error) {
	before := *p.fault.Load()
	p.fault.Store(&err)
	switch {
	case err == nil && before != nil:
		p.log.Info("the database answers", "publishing", p.session.leader)
	case err == nil && p.session.leader != p.leading.Load():
		p.log.Info("this one publishes now")
	case err != nil && before == nil:
		p.log.Warn("the database can't be asked: nothing is published", "error", err.Error())
	}
}
