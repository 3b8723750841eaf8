// Package guard is `airflow-agent guard`: it stands beside one Celery worker
// in an ECS task, protects the task from scale-in while the worker has work,
// says whether the worker really consumes, and stops it from taking new work
// when the task is told to stop.
package guard

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/pathwai/airflow-on-fargate/agent/celery"
	"github.com/pathwai/airflow-on-fargate/agent/cli"
	"github.com/pathwai/airflow-on-fargate/agent/ecsprotect"
	"github.com/pathwai/airflow-on-fargate/agent/healthz"
)

const about = `airflow-agent guard stands beside one Celery worker in an ECS task.

It protects the task from scale-in while the worker has work, serves /worker
(200: the worker really consumes, else 503 and why), and on SIGTERM tells the
worker to take nothing new.

Secrets come from the environment alone:
  AGENT_BROKER_URL   Airflow's broker URL (required), for example
                     rediss://:PASSWORD@HOST:6379/0?ssl_cert_reqs=required

Exit code 0: stopped in order. 1: it could not work. 2: wrong usage.`

type settings struct {
	broker, worker, listen, agentURI string
	queues                           []string
	// interval is the time between two looks at the worker; patience for how
	// long it may fail to prove that it consumes; releaseAfter for how long it
	// must be idle before its task may be stopped; protect how long one
	// protection lasts, which is renewed at a third of it.
	interval, patience, releaseAfter, protect time.Duration
}

// Command is the guard's row in the table of commands.
func Command() cli.Command {
	return cli.Command{
		Name:    "guard",
		Summary: "protect a busy worker's task from scale-in; serve its health",
		Run:     run,
	}
}

func run(ctx context.Context, inv cli.Invocation) int {
	s, code, done := parse(inv)
	if done {
		return code
	}
	log := inv.Logger()
	if err := serve(ctx, s, log); err != nil {
		log.Error("guard stopped", "error", err.Error())
		return cli.ExitFailure
	}
	return cli.ExitOK
}

func parse(inv cli.Invocation) (s settings, code int, done bool) {
	f := cli.NewFlags("guard", about)
	worker := f.String("worker", "AGENT_WORKER_NAME", "celery@%h", "the worker's Celery `name`; %h is this host's name")
	queues := f.List("queue", "AGENT_WORKER_QUEUES", "a `queue` that the worker must take from; repeatable (default: whatever it takes from)")
	agentURI := f.URL("ecs-agent-uri", "ECS_AGENT_URI", "", "the ECS agent's `address`; ECS sets it. Without it nothing is protected")
	listen := f.Address("listen", "AGENT_LISTEN", "127.0.0.1:9102", "the `address` of /healthz, /readyz and /worker")
	broker, _ := inv.LookupEnv("AGENT_BROKER_URL")
	f.Check(func() error {
		if broker == "" {
			return errors.New("AGENT_BROKER_URL: not set; give it Airflow's broker URL")
		}
		if err := celery.CheckURL(broker); err != nil {
			return fmt.Errorf("AGENT_BROKER_URL: %w", err)
		}
		return nil
	})
	f.Check(func() error {
		if slices.Contains(*queues, "") {
			return errors.New("--queue: an empty name; AGENT_WORKER_QUEUES is a list like default,large")
		}
		return nil
	})
	if code, done := f.Parse(inv); done {
		return settings{}, code, true
	}
	host, err := os.Hostname()
	if err != nil {
		_, _ = fmt.Fprintf(inv.Stderr, "airflow-agent guard: host name: %v\n", err)
		return settings{}, cli.ExitFailure, true
	}
	return settings{
		broker: broker, worker: strings.ReplaceAll(*worker, "%h", host), listen: *listen, agentURI: *agentURI,
		queues: *queues, interval: 3 * time.Second, patience: 90 * time.Second, releaseAfter: 15 * time.Second, protect: 30 * time.Minute,
	}, 0, false
}

// serve works until ctx ends, then has the worker stop taking work.
func serve(ctx context.Context, s settings, log *slog.Logger) error {
	listener, err := healthz.Listen(ctx, s.listen)
	if err != nil {
		return err
	}
	client, err := celery.Open(s.broker, s.worker)
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	g := newGuard(s, client, log)
	server := healthz.New(g.alive, g.ready)
	server.Handle("/worker", g.verdict.check)
	served := make(chan error, 1)
	work, stop := context.WithCancel(ctx)
	defer stop()
	go func() {
		// The health address must not outlive the work, nor the work it.
		defer stop()
		served <- server.Run(work, listener)
	}()
	kept := make(chan struct{})
	go func() {
		defer close(kept)
		if g.keeper != nil {
			g.keeper.Run(work)
		}
	}()
	g.watch(work)
	if ctx.Err() != nil {
		g.drain(context.WithoutCancel(ctx))
	}
	<-kept
	err = <-served
	farewell, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
	defer cancel()
	if e := client.Close(farewell); e != nil {
		log.Warn("the broker was not told goodbye", "error", e.Error())
	}
	return err
}

type guard struct {
	settings
	client  *celery.Client
	log     *slog.Logger
	verdict *verdict
	wisher  wisher
	keeper  *ecsprotect.Keeper // nil: not on ECS
	looked  atomic.Int64       // when the last look ended, Unix nanoseconds
	reached atomic.Bool        // the last look reached the broker
	takes   []string           // what the worker was last seen taking from
}

func newGuard(s settings, client *celery.Client, log *slog.Logger) *guard {
	g := &guard{settings: s, client: client, log: log}
	g.verdict = newVerdict(s.queues, s.patience)
	g.wisher = wisher{releaseAfter: s.releaseAfter}
	if s.agentURI == "" {
		log.Warn("ECS_AGENT_URI is not set: the worker's task is not protected")
	} else {
		g.keeper = ecsprotect.NewKeeper(ecsprotect.NewClient(s.agentURI), int(s.protect/time.Minute), log)
	}
	g.looked.Store(time.Now().UnixNano())
	return g
}

// alive says whether looks still end; one can take an answer's timeout and
// the broker's.
func (g *guard) alive() error {
	if age := time.Since(time.Unix(0, g.looked.Load())); age > g.interval+time.Minute {
		return fmt.Errorf("the last look at the worker ended %s ago", age.Round(time.Second))
	}
	return nil
}

func (g *guard) ready() error {
	if !g.reached.Load() {
		return errors.New("the broker was not reached")
	}
	return nil
}
