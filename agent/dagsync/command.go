// Package dagsync mirrors S3 prefixes to directories that Airflow reads. What
// readers see is always one whole tree: see docs/dagsync.md.
package dagsync

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
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
	listen := flags.Address("listen", "AGENT_LISTEN", "127.0.0.1:9100", "address of /healthz and /readyz (not with --once)")
	namespace := flags.String("namespace", "AGENT_METRICS_NAMESPACE", "Airflow", "CloudWatch namespace of the metrics")
	stack := flags.String("stack", "AGENT_STACK", "local", "value of the metrics' Stack dimension")
	flags.Check(func() (err error) {
		c.pairs, err = pairs(*sources, *targets)
		if *interval < 10*time.Millisecond || *interval > 30*time.Second {
			err = errors.Join(err, fmt.Errorf("--interval: %s is not between 10ms and 30s; DAGs are promised within 60s", *interval))
		}
		if *keep < 0 {
			err = errors.Join(err, fmt.Errorf("--keep: %s is below zero", *keep))
		}
		return errors.Join(err, emf.CheckNamespace(*namespace), emf.CheckStack(*stack))
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
		var codes []int
		for _, s := range syncers {
			codes = append(codes, s.once(ctx))
		}
		for _, gravest := range []int{cli.ExitFailure, cli.ExitPartial} {
			if slices.Contains(codes, gravest) {
				return gravest
			}
		}
		return cli.ExitOK
	}
	return c.forever(ctx, syncers, log)
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
	listener, err := healthz.Listen(ctx, c.listen)
	if err != nil {
		log.Error("can't start", "error", err)
		return cli.ExitFailure
	}
	server := healthz.New(
		func() error { return each(syncers, (*syncer).healthy) },
		func() error { return each(syncers, (*syncer).ready) },
	)
	var group sync.WaitGroup
	group.Go(func() {
		if err := server.Run(ctx, listener); err != nil {
			log.Error("health address", "error", err)
		}
	})
	for _, s := range syncers {
		log.Info("mirroring", "source", s.mirror.pair.Source(), "target", s.mirror.pair.Target, "interval", c.interval.String())
		group.Go(func() { s.loop(ctx) })
	}
	group.Wait()
	log.Info("stopped on request")
	return cli.ExitOK
}

func each(syncers []*syncer, check func(*syncer) error) error {
	var faults []error
	for _, s := range syncers {
		faults = append(faults, check(s))
	}
	return errors.Join(faults...)
}
