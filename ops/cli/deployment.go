package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/pathwai/airflow-on-fargate/ops/deployment"
	"github.com/pathwai/airflow-on-fargate/ops/internal/program"
	"github.com/pathwai/airflow-on-fargate/ops/stack"
)

func (t *tool) deployed() *cobra.Command {
	before := false
	cmd := &cobra.Command{
		Use:   "deployed STACK",
		Short: "Tell what a stack runs: the commit, and the digests of its images",
		Long: "Deployed reads Pulumi's history and prints \"commit SHA\", then \"IMAGE DIGEST\" for each image, of the last update that succeeded; " +
			"nothing before the first.",
		Example: "  ops deployed dev\n  ops deployed dev --before --output json",
		Args:    stackArg,
		RunE: t.on(func(ctx context.Context, s *stack.Stack, _ []string) error {
			d, err := current(ctx, s, before)
			if errors.Is(err, deployment.ErrNone) {
				t.say("%v", err)
				d, err = nil, nil
			}
			if err != nil {
				return err
			}
			text := ""
			if d != nil {
				text = d.String()
			}
			return t.print(d, text)
		}),
	}
	cmd.Flags().BoolVar(&before, "before", false, "the deployment to go back to: the last that succeeded when the last one failed, else the last different one")
	return cmd
}

// current is what a stack runs, or ran before.
func current(ctx context.Context, s *stack.Stack, before bool) (*deployment.Deployment, error) {
	data, err := program.Output(s.Pulumi(ctx, s.Root, "stack", "history", "--json", "--page-size", "100"))
	if err != nil {
		return nil, err
	}
	history, err := deployment.ReadHistory(s.Name, data)
	if err != nil {
		return nil, err
	}
	if before {
		return history.Before()
	}
	return history.Last()
}

func (t *tool) drift() *cobra.Command {
	return &cobra.Command{
		Use:   "drift STACK [-- ARGUMENT …]",
		Short: "Compare what a stack was made from with what AWS has",
		Long: "Drift previews the commit that is deployed, with its digests, against AWS. A commit that waits for its deployment is no drift. " +
			"It ends with 4 when something was changed by another hand; arguments after -- go to pulumi preview.",
		Example: "  ops drift dev\n  ops drift dev -- --diff",
		Args:    stackAndDash,
		RunE: t.on(func(ctx context.Context, s *stack.Stack, args []string) error {
			d, err := current(ctx, s, false)
			if err != nil {
				return err
			}
			return d.In(ctx, s, t.say, func(folder string) error {
				preview := append([]string{"preview", "--refresh", "--expect-no-changes", "--non-interactive"}, args...)
				err := program.Run(s.Pulumi(ctx, folder, preview...), t.Err)
				if program.ExitCode(err) == pulumiChanges {
					return &Failure{Code: ExitNotAsked, Err: fmt.Errorf("%s was changed by another hand, see above; make up puts it back, ARGS=--refresh", s.Name)}
				}
				return err
			})
		}),
	}
}

// pulumiChanges is how a preview ends that expected no changes and has some.
const pulumiChanges = 7

func (t *tool) planComment() *cobra.Command {
	base := ""
	cmd := &cobra.Command{
		Use:   "plan-comment STACK",
		Short: "Write what a branch changes in a stack as a comment on a pull request",
		Long: "Plan-comment makes the stack as the base commit has it on the simulated cloud, previews it as it is here, and comments on the pull " +
			"request whose number is in PULL_REQUEST; gh writes the comment, with GH_TOKEN. It needs no AWS account. It fails when the preview does, " +
			"after it has commented.",
		Example: "  PULL_REQUEST=42 ops plan-comment dev --base origin/main",
		Args:    stackArg,
		RunE: t.on(func(ctx context.Context, s *stack.Stack, _ []string) error {
			request := t.Getenv("PULL_REQUEST")
			if request == "" {
				return usage("PULL_REQUEST is not set: the number of the pull request to comment on")
			}
			folder, err := os.MkdirTemp("", "airflow-plan-")
			if err != nil {
				return err
			}
			defer func() { _ = os.RemoveAll(folder) }()
			return deployment.Comment(ctx, s, folder, base, request, t.Err)
		}),
	}
	cmd.Flags().StringVar(&base, "base", "origin/main", "the commit that the branch is compared with")
	return cmd
}

// print prints a result, as JSON or as text.
func (t *tool) print(value any, text string) error {
	if t.json {
		return t.printJSON(value)
	}
	_, err := io.WriteString(t.Out, text)
	return err
}

func (t *tool) printJSON(value any) error {
	encoder := json.NewEncoder(t.Out)
	encoder.SetIndent("", "  ")
	return encoder.Encode(value)
}
