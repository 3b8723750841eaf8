package cli

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/spf13/cobra"

	"github.com/pathwai/airflow-on-fargate/ops/deployment"
	"github.com/pathwai/airflow-on-fargate/ops/doctor"
	"github.com/pathwai/airflow-on-fargate/ops/internal/program"
	"github.com/pathwai/airflow-on-fargate/ops/rollout"
	"github.com/pathwai/airflow-on-fargate/ops/smoke"
	"github.com/pathwai/airflow-on-fargate/ops/stack"
	"github.com/pathwai/airflow-on-fargate/ops/upgrade"
)

const upgradeLong = `Upgrade goes to the line of Airflow that the stack's file names, with the images
whose digests are there. It looks first whether the stack is well, the images are
there and new, and the database can be migrated; all that isn't so is told at once,
and nothing is done. Then it takes a snapshot of the database, runs make up, waits
as ops stable does, and asks as ops smoke does (SMOKE_USER, SMOKE_PASSWORD).

The scheduler's task migrates the database. From then on the line before can't use
it: the way back is the snapshot (docs/runbooks/upgrade-airflow.md), and ops
roll-back refuses to go back to the line before.

With --prepare it ends after the snapshot, for a pipeline that deploys by itself.`

type upgraded struct {
	From     string `json:"from"`
	To       string `json:"to"`
	Snapshot string `json:"snapshot,omitempty"`
}

// upgradeRun is one run of the command.
type upgradeRun struct {
	*tool
	stack          *stack.Stack
	to             string
	prepare        bool
	limit          time.Duration
	throughSession bool
	smoke          smoke.Options
	pace           time.Duration // between two looks at the snapshot
}

func (t *tool) upgrade() *cobra.Command {
	u := &upgradeRun{tool: t, limit: rollout.DefaultLimit, pace: upgrade.DefaultPace, smoke: smoke.Defaults(t.say)}
	cmd := &cobra.Command{
		Use:     "upgrade STACK --to LINE",
		Short:   "Go to another line of Airflow: checks, snapshot, deployment, smoke test",
		Long:    upgradeLong,
		Example: "  ops upgrade dev --to 3.3\n  ops upgrade prod --to 3.3 --prepare",
		Args:    stackArg,
		RunE: t.on(func(ctx context.Context, s *stack.Stack, _ []string) error {
			u.stack = s
			return u.run(ctx)
		}),
	}
	timeLimit(cmd, &u.limit)
	cmd.Flags().StringVar(&u.to, "to", "", "the line, as airflow.version in the stack's file says it")
	cmd.Flags().BoolVar(&u.prepare, "prepare", false, "end after the snapshot: the pipeline deploys")
	cmd.Flags().BoolVar(&u.throughSession, "through-session", false, "of the smoke test, as in ops smoke")
	cmd.Flags().StringVar(&u.smoke.URL, "url", "", "of the smoke test, as in ops smoke")
	cmd.Flags().StringVar(&u.smoke.CA, "ca", "", "of the smoke test, as in ops smoke")
	return cmd
}

func (u *upgradeRun) run(ctx context.Context) error {
	s := u.stack
	if u.to != s.Airflow.Version {
		return usage("--to is %q, and airflow.version in the file of %s is %q: put the line into the file, build and push its images, and their digests into the file, before", u.to, s.Name, s.Airflow.Version)
	}
	if err := u.fromSettings(s.Name, &u.smoke); err != nil {
		return err
	}
	u.smoke.User, u.smoke.Secret = u.Getenv("SMOKE_USER"), u.Getenv("SMOKE_PASSWORD")
	if err := u.smoke.Check(); err != nil && !u.prepare {
		return &Failure{Code: ExitUsage, Err: fmt.Errorf("the smoke test at the end: %w", err)}
	}
	from, err := u.running(ctx, s)
	switch {
	case err != nil:
		return err
	case from == u.to:
		u.say("%s runs Airflow %s already", s.Name, u.to)
		return u.tell(upgraded{From: from, To: u.to})
	case upgrade.Older(u.to, from):
		return usage("%s runs Airflow %s: no migration leads back to %s, a snapshot does (docs/runbooks/upgrade-airflow.md)", s.Name, from, u.to)
	}
	cfg, err := s.AWS(ctx)
	if err != nil {
		return err
	}
	database := &upgrade.Database{
		Stack: s, RDS: rds.NewFromConfig(cfg), Now: time.Now, Pace: u.pace, Limit: upgrade.DefaultLimit, Say: u.say,
	}
	if err := u.ready(ctx, cfg, database); err != nil {
		return err
	}
	snapshot, err := database.Snapshot(ctx, u.to)
	if err != nil {
		return fmt.Errorf("%w\nnothing else was done", err)
	}
	done := upgraded{From: from, To: u.to, Snapshot: snapshot}
	if u.prepare {
		return u.tell(done)
	}
	if err := u.deploy(ctx); err != nil {
		return &Failure{Code: code(err), Err: fmt.Errorf("%w\nof before is the snapshot %s: again, ops upgrade %s --to %s; back, docs/runbooks/upgrade-airflow.md", err, snapshot, s.Name, u.to)}
	}
	return u.tell(done)
}

// running is the line that a stack was made with.
func (t *tool) running(ctx context.Context, s *stack.Stack) (string, error) {
	state, err := program.Output(s.Pulumi(ctx, s.Root, "stack", "export"))
	if err != nil {
		return "", err
	}
	return upgrade.Running(state)
}

// checkedFirst are the doctor's checks that an upgrade needs.
var checkedFirst = []string{"fargate-quotas", "images"}

// ready tells everything that speaks against the upgrade, or nothing.
func (u *upgradeRun) ready(ctx context.Context, cfg aws.Config, database *upgrade.Database) error {
	before, err := current(ctx, u.stack, false)
	if err != nil {
		return err
	}
	faults := upgrade.SameImages(before.Digests, u.stack.Images.Digests)
	d := &doctor.Doctor{Stack: u.stack, AWS: cfg, Resolve: net.DefaultResolver.LookupNetIP, Now: time.Now}
	found, err := d.Examine(ctx, checkedFirst...)
	if err != nil {
		return err
	}
	for _, f := range found {
		if f.Level == doctor.Red || f.Level == doctor.Unknown {
			faults = append(faults, fmt.Sprintf("%s: %s: %s", f.Check, f.Of, f.Says))
		}
	}
	of, err := database.Faults(ctx)
	if err != nil {
		return err
	}
	unstable, err := u.unstable(ctx, before)
	if err != nil {
		return err
	}
	if faults = slices.Concat(faults, of, unstable); len(faults) > 0 {
		return &Failure{Code: ExitNotAsked, Err: fmt.Errorf("%s isn't ready for Airflow %s; nothing was done:\n%s", u.stack.Name, u.to, strings.Join(faults, "\n"))}
	}
	return nil
}

// settled is how long services may take to be what was asked for before.
const settled = time.Minute

// unstable says which services don't run what was deployed before.
func (u *upgradeRun) unstable(ctx context.Context, before *deployment.Deployment) ([]string, error) {
	r, err := u.rollout(ctx, u.stack, before.Digests, min(settled, u.limit))
	if err == nil {
		_, err = r.Stable(ctx)
	}
	var not *rollout.NotAsked
	var late *rollout.Unfinished
	switch {
	case errors.As(err, &not):
		return not.Faults, nil
	case errors.As(err, &late):
		return late.Lines, nil
	}
	return nil, err
}

// deploy brings the line, and asks whether it works.
func (u *upgradeRun) deploy(ctx context.Context) error {
	up := program.Command(ctx, u.Root, "make", "up", "STACK="+u.stack.Name, "CLOUD=aws", "ARGS=--yes --non-interactive")
	if err := program.Run(up, u.Err); err != nil {
		return fmt.Errorf("what was changed by then stays so: %w", err)
	}
	r, err := u.rollout(ctx, u.stack, u.stack.Images.Digests, u.limit)
	if err != nil {
		return err
	}
	if _, err := r.Stable(ctx); err != nil {
		return rolloutFault(err)
	}
	test := func() error { return u.hops(ctx, u.smoke) }
	if u.throughSession {
		return u.session(ctx, u.stack.Name, &u.smoke, test)
	}
	return test()
}

func (u *upgradeRun) tell(done upgraded) error {
	text := fmt.Sprintf("%s runs Airflow %s", u.stack.Name, done.To)
	if u.prepare {
		text = fmt.Sprintf("%s is ready for Airflow %s", u.stack.Name, done.To)
	}
	if done.Snapshot != "" {
		text += ", the snapshot of before is " + done.Snapshot
	}
	return u.print(done, text+"\n")
}
