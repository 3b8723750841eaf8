// Package dagsync mirrors S3 prefixes to directories that Airflow reads. What
// readers see is always one whole tree: see docs/dagsync.md.
package dagsync

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/pathwai/airflow-on-fargate/agent/cli"
	"github.com/pathwai/airflow-on-fargate/agent/dagsync/bucket"
	"github.com/pathwai/airflow-on-fargate/agent/dagsync/tree"
	"github.com/pathwai/airflow-on-fargate/agent/emf"
	"github.com/pathwai/airflow-on-fargate/agent/healthz"
	"github.com/pathwai/airflow-on-fargate/agent/version"
	"golang.org/x/sys/unix"
)

const about = `airflow-agent dagsync mirrors S3 prefixes to directories, for ever or once.

  airflow-agent dagsync --source s3://BUCKET/PREFIX/ --target PATH [--source … --target …]

PATH is what readers open. It becomes a symbolic link to the current tree; the
trees and what is known about them lie beside it, in .NAME.sync. A tree is
published whole, by one rename, and never changes afterwards; old trees stay
for readers that still use them. Deletions in the bucket are followed, but a
prefix that lost all or most of its files never empties PATH. Keys that can't be
files (.., //, control characters and the like), and objects that S3 refuses to
give, are named in the log and skipped.

The usual AWS environment is read (AWS_REGION, AWS_ENDPOINT_URL, credentials).
Logs go to stderr, metrics (CloudWatch EMF) to stdout.

Exit codes: 0 in step (or stopped on request); 3 in step, but some keys were
skipped; 1 not in step; 2 wrong usage.`

// Command is `airflow-agent dagsync`.
func Command() cli.Command {
	return cli.Command{Name: "dagsync", Summary: "mirror S3 prefixes to directories that Airflow reads", Run: run}
}

// options are settings that all mirrors of a process share.
type options struct {
	interval    time.Duration
	settle      time.Duration
	keep        time.Duration
	verifyEvery time.Duration
	report      time.Duration
	lockWait    time.Duration // of --once, for another writer
	allowEmpty  bool
	clock       func() time.Time // this machine's
}

const defaultListen = "127.0.0.1:9100"

// config is the whole command line.
type config struct {
	options
	pairs     []Pair
	once      bool
	listen    string
	namespace string
	stack     string
}

func parse(inv cli.Invocation) (c config, code int, done bool) {
	flags := cli.NewFlags("dagsync", about)
	sources := flags.List("source", "AGENT_SOURCE", "S3 address to mirror, `s3://BUCKET/PREFIX/`; may be repeated, each with its --target")
	targets := flags.List("target", "AGENT_TARGET", "path that readers open")
	once := flags.Bool("once", "AGENT_ONCE", "bring the targets in step once and end")
	interval := flags.Duration("interval", "AGENT_INTERVAL", 5*time.Second, "time between two looks at the bucket, 10ms to 30s")
	keep := flags.Duration("keep", "AGENT_KEEP", 24*time.Hour, "how long a tree stays after it was replaced: longer than a task may run; at most 100 stay")
	allowEmpty := flags.Bool("allow-empty", "AGENT_ALLOW_EMPTY", "let a prefix that lost all or most of its files empty the target")
	listen := flags.String("listen", "AGENT_LISTEN", defaultListen, "address of /healthz and /readyz (not with --once)")
	namespace := flags.String("namespace", "AGENT_METRICS_NAMESPACE", "Airflow", "CloudWatch namespace of the metrics")
	stack := flags.String("stack", "AGENT_STACK", "local", "value of the metrics' Stack dimension")
	flags.Check(func() (err error) {
		c.pairs, err = pairs(*sources, *targets)
		return err
	})
	flags.Check(func() error {
		if *interval < 10*time.Millisecond || *interval > 30*time.Second {
			return fmt.Errorf("--interval: %s is not between 10ms and 30s; DAGs are promised within 60s", *interval)
		}
		return nil
	})
	flags.Check(func() error {
		if *keep < 0 {
			return fmt.Errorf("--keep: %s is below zero", *keep)
		}
		return nil
	})
	flags.Check(func() error {
		if *namespace == "" || *stack == "" {
			return errors.New("--namespace, --stack: they can't be empty")
		}
		return nil
	})
	code, done = flags.Parse(inv)
	c.options = options{
		interval: *interval, keep: *keep, allowEmpty: *allowEmpty,
		// An upload that pauses for a fifth of the interval counts as done.
		settle: *interval / 5, verifyEvery: time.Hour, report: time.Minute, lockWait: 30 * time.Second, clock: time.Now,
	}
	c.once, c.listen, c.namespace, c.stack = *once, *listen, *namespace, *stack
	return c, code, done
}

func run(ctx context.Context, inv cli.Invocation) int {
	c, code, done := parse(inv)
	if done {
		return code
	}
	// Readers run as other users.
	unix.Umask(0o022)
	log := inv.Logger()
	client, err := bucket.Load(ctx, version.String())
	if err != nil {
		log.Error("can't start", "error", err)
		return cli.ExitFailure
	}
	defer client.Close()
	return c.run(ctx, client, new(tree.Disk), emf.NewWriter(inv.Stdout, c.namespace), log)
}

// run does the work with what the command line and the environment gave.
func (c config) run(ctx context.Context, client *bucket.Client, disk *tree.Disk, metrics *emf.Writer, log *slog.Logger) int {
	if c.once {
		c.settle = 0
	}
	syncers, err := c.open(client, disk, metrics, log)
	defer func() {
		for _, s := range syncers {
			s.mirror.close()
		}
	}()
	if err != nil {
		log.Error("can't start", "error", err)
		return cli.ExitFailure
	}
	if c.once {
		code := cli.ExitOK
		for _, s := range syncers {
			code = worse(code, s.once(ctx))
		}
		return code
	}
	return c.forever(ctx, syncers, log)
}

// worse gives the graver of two exit codes: not in step, then skipped keys.
func worse(a, b int) int {
	for _, code := range []int{cli.ExitFailure, cli.ExitPartial} {
		if a == code || b == code {
			return code
		}
	}
	return cli.ExitOK
}

func (c config) open(client *bucket.Client, disk *tree.Disk, metrics *emf.Writer, log *slog.Logger) ([]*syncer, error) {
	var syncers []*syncer
	for _, pair := range c.pairs {
		store, err := tree.Open(disk, pair.Target)
		if err != nil {
			return syncers, err
		}
		syncers = append(syncers, newSyncer(pair, c, client.Bucket(pair.Bucket), store, metrics, log))
	}
	return syncers, nil
}

func (c config) forever(ctx context.Context, syncers []*syncer, log *slog.Logger) int {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var group sync.WaitGroup
	defer group.Wait()
	defer cancel()
	if !c.serveHealth(ctx, &group, syncers, log) {
		return cli.ExitFailure
	}
	for _, s := range syncers {
		log.Info("mirroring", "source", s.mirror.pair.Source(), "target", s.mirror.pair.Target, "interval", c.interval.String())
		group.Go(func() { s.loop(ctx) })
	}
	<-ctx.Done()
	group.Wait()
	log.Info("stopped on request")
	return cli.ExitOK
}

// serveHealth opens the health address. When nobody asked for a certain one
// and the usual one is taken, the mirroring goes on without.
func (c config) serveHealth(ctx context.Context, group *sync.WaitGroup, syncers []*syncer, log *slog.Logger) bool {
	listener, err := healthz.Listen(ctx, c.listen)
	if err != nil {
		log.Error("no health address", "error", err)
		return c.listen == defaultListen
	}
	server := healthz.New(
		func() error { return each(syncers, (*syncer).healthy) },
		func() error { return each(syncers, (*syncer).ready) },
	)
	group.Go(func() {
		if err := server.Run(ctx, listener); err != nil {
			log.Error("health address", "error", err)
		}
	})
	return true
}

func each(syncers []*syncer, check func(*syncer) error) error {
	var faults []error
	for _, s := range syncers {
		faults = append(faults, check(s))
	}
	return errors.Join(faults...)
}
