package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/spf13/cobra"

	"github.com/pathwai/airflow-on-fargate/ops/deployment"
	"github.com/pathwai/airflow-on-fargate/ops/internal/program"
	"github.com/pathwai/airflow-on-fargate/ops/rollout"
	"github.com/pathwai/airflow-on-fargate/ops/stack"
	"github.com/pathwai/airflow-on-fargate/ops/upgrade"
)

const asAsked = "Asked for is the task definition that Pulumi's state has for a service, with the digests in the stack's file. " +
	"It ends with 4 when ECS took a service back, with the reason from its events and the last lines of the container that failed, " +
	"and with 1 when the time is up. A busy worker is protected: old ones may live on beside the new ones."

func (t *tool) stable() *cobra.Command {
	limit := rollout.DefaultLimit
	cmd := &cobra.Command{
		Use:     "stable STACK",
		Short:   "Wait until every service of a stack runs what was asked for, on all its tasks",
		Long:    "Stable follows the deployments that make up began, and changes nothing. " + asAsked,
		Example: "  ops stable dev\n  ops stable prod --timeout 1h --output json",
		Args:    stackArg,
		RunE: t.on(func(ctx context.Context, s *stack.Stack, _ []string) error {
			r, err := t.rollout(ctx, s, s.Images.Digests, limit)
			if err != nil {
				return err
			}
			return t.rolled(r.Stable(ctx))
		}),
	}
	timeLimit(cmd, &limit)
	return cmd
}

func (t *tool) redeploy() *cobra.Command {
	limit := rollout.DefaultLimit
	cmd := &cobra.Command{
		Use:   "redeploy STACK",
		Short: "Replace every task of a stack by one of the same revision",
		Long: "Redeploy is for what a process reads when it starts, such as plugins. The scheduler is replaced first, since it migrates the database; " +
			"the others follow when it is stable. " + asAsked + " A service that isn't on its revision before is told, and nothing is replaced.",
		Example: "  ops redeploy dev",
		Args:    stackArg,
		RunE: t.on(func(ctx context.Context, s *stack.Stack, _ []string) error {
			r, err := t.rollout(ctx, s, s.Images.Digests, limit)
			if err != nil {
				return err
			}
			return t.rolled(r.Redeploy(ctx, s.Prefix()+"-scheduler"))
		}),
	}
	timeLimit(cmd, &limit)
	return cmd
}

func (t *tool) rollBack() *cobra.Command {
	limit, to := rollout.DefaultLimit, ""
	cmd := &cobra.Command{
		Use:   "roll-back STACK",
		Short: "Deploy what a stack ran before: its commit, with its digests",
		Long: "Roll-back runs make up in the commit of an earlier deployment, in a work tree of its own, and waits as ops stable does until that is what " +
			"every service runs. Without --to, Pulumi's history says what to go back to: the last update that succeeded when the last one failed, else the " +
			"last different one. The database keeps its schema.",
		Example: "  ops roll-back dev\n  ops roll-back dev --to deployed.txt",
		Args:    stackArg,
		RunE: t.on(func(ctx context.Context, s *stack.Stack, _ []string) error {
			d, err := t.target(ctx, s, to)
			if err != nil {
				return err
			}
			// The history of a roll-back that fails leads to what it comes from.
			again := to
			if again == "" {
				again = filepath.Join("bin", "back-to-"+s.Name+".txt")
				if err := os.WriteFile(filepath.Join(t.Root, again), []byte(d.String()), 0o600); err != nil {
					return err
				}
			}
			if err := t.goBack(ctx, s, d, limit); err != nil {
				return fmt.Errorf("%w\nagain: make roll-back STACK=%s CLOUD=aws BACK_TO=%s", err, s.Name, again)
			}
			return nil
		}),
	}
	cmd.Flags().StringVar(&to, "to", "", "a file that ops deployed wrote, to go back to what it says")
	timeLimit(cmd, &limit)
	return cmd
}

func (t *tool) goBack(ctx context.Context, s *stack.Stack, d *deployment.Deployment, limit time.Duration) error {
	err := d.In(ctx, s, t.say, func(folder string) error {
		if err := t.sameLine(ctx, s, folder); err != nil {
			return err
		}
		up := program.Command(ctx, folder, "make", "up", "STACK="+s.Name, "CLOUD=aws", "ARGS=--yes --non-interactive")
		if err := program.Run(up, t.Err); err != nil {
			return fmt.Errorf("what was changed by then stays so: %w", err)
		}
		return nil
	})
	if err != nil {
		return err
	}
	r, err := t.rollout(ctx, s, d.Digests, limit)
	if err != nil {
		return err
	}
	return t.rolled(r.Stable(ctx))
}

// sameLine refuses the way back over a migration: the line before would wait for
// ever beside the newer schema.
func (t *tool) sameLine(ctx context.Context, s *stack.Stack, folder string) error {
	before, err := stack.Line(folder, s.Name)
	if err != nil {
		return err
	}
	now, err := t.running(ctx, s)
	if errors.Is(err, upgrade.ErrNone) { // of a program from before it was told
		return nil
	}
	if err == nil && upgrade.Older(before, now) {
		err = &Failure{Code: ExitNothing, Err: fmt.Errorf("%s runs Airflow %s, and its images can't go back to %s over the migration: nothing was done; the snapshot of before leads back (docs/runbooks/upgrade-airflow.md)", s.Name, now, before)}
	}
	return err
}

// target is the deployment to go back to.
func (t *tool) target(ctx context.Context, s *stack.Stack, file string) (*deployment.Deployment, error) {
	if file == "" {
		return current(ctx, s, true)
	}
	if !filepath.IsAbs(file) {
		file = filepath.Join(t.Root, file)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, &Failure{Code: ExitUsage, Err: err}
	}
	d, err := deployment.Parse(string(text))
	if err != nil && !errors.Is(err, deployment.ErrNone) {
		err = &Failure{Code: ExitUsage, Err: err}
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return d, nil
}

func timeLimit(cmd *cobra.Command, limit *time.Duration) {
	cmd.PreRunE = func(*cobra.Command, []string) error {
		if *limit <= 0 {
			return usage("--timeout is %s: more than nothing, such as 45m", *limit)
		}
		return nil
	}
	cmd.Flags().DurationVar(limit, "timeout", *limit, "how long services may take; a new task alone may wait 15 minutes for a migration")
}

// rollout is ready to follow what the stack's state asks for.
func (t *tool) rollout(ctx context.Context, s *stack.Stack, digests map[string]string, limit time.Duration) (*rollout.Rollout, error) {
	cfg, err := s.AWS(ctx)
	if err != nil {
		return nil, err
	}
	state, err := program.Output(s.Pulumi(ctx, s.Root, "stack", "export"))
	if err != nil {
		return nil, err
	}
	if s.Images.Build {
		digests = nil // Pulumi's state alone knows them
	}
	client := rollout.Client(cfg)
	asked, err := rollout.Asked(ctx, client, rollout.Stack{Cluster: s.Cluster(), Prefix: s.Prefix(), Registry: s.Registry(), Digests: digests}, state)
	if err != nil {
		return nil, rolloutFault(err)
	}
	return &rollout.Rollout{
		ECS: client, Logs: cloudwatchlogs.NewFromConfig(cfg), Cluster: s.Cluster(),
		Asked: asked, Limit: limit, Pace: rollout.DefaultPace, Say: t.say,
	}, nil
}

// rolled prints how the services are, or gives the fault its exit code.
func (t *tool) rolled(states []rollout.State, err error) error {
	if err != nil {
		return rolloutFault(err)
	}
	text := ""
	for _, state := range states {
		text += fmt.Sprintln(state)
	}
	return t.print(states, text)
}

func rolloutFault(err error) error {
	var fault *rollout.NotAsked
	if errors.As(err, &fault) {
		return &Failure{Code: ExitNotAsked, Err: fmt.Errorf("not what was asked for:\n%w", err)}
	}
	return err
}
