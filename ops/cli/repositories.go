package cli

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/pathwai/airflow-on-fargate/ops/internal/program"
	"github.com/pathwai/airflow-on-fargate/ops/stack"
)

// repositoryTargets are a stack's image repositories and the key that encrypts
// them. Every one of their parents is named, since Pulumi makes nothing whose
// parent is left out; what depends on them isn't.
var repositoryTargets = []string{
	"**pulumi:providers:*",
	"**airflow:index:Keys::keys",
	"**aws:kms/key:Key::keys-data", "**aws:kms/alias:Alias::keys-data",
	"**airflow:index:Images::images",
	"**awsx:ecr:Repository::images-*",
	"**aws:ecr/repository:Repository::images-*", "**aws:ecr/lifecyclePolicy:LifecyclePolicy::images-*",
}

func (t *tool) repositories() *cobra.Command {
	return &cobra.Command{
		Use:   "repositories STACK [-- ARGUMENT …]",
		Short: "Make only the image repositories of a new stack, and the key that encrypts them",
		Long: "Repositories puts the whole plan before the policy pack, then makes this part of it; Pulumi asks before it does, unless --yes is among " +
			"the arguments after --, which go to pulumi up.",
		Example: "  ops repositories dev\n  ops repositories dev -- --yes --non-interactive",
		Args:    stackAndDash,
		RunE: t.on(func(ctx context.Context, s *stack.Stack, args []string) error {
			root, err := filepath.Abs(s.Root)
			if err != nil {
				return err
			}
			// Of a part the pack would judge what is left out, too, by properties that aren't there.
			preview := s.Pulumi(ctx, s.Root, "preview", "--non-interactive", "--policy-pack", filepath.Join(root, "bin", "policy-pack"))
			if err := program.Run(preview, t.Err); err != nil {
				return fmt.Errorf("nothing was made: %w", err)
			}
			up := []string{"up"}
			for _, target := range repositoryTargets {
				up = append(up, "--target", target)
			}
			if err := t.converse(s.Pulumi(ctx, s.Root, append(up, args...)...)); err != nil {
				return fmt.Errorf("what was made by then stays so, and the same command goes on from there: pulumi up: %w", err)
			}
			return nil
		}),
	}
}

// stackAndDash is the argument check of commands whose arguments after -- are
// another program's.
func stackAndDash(cmd *cobra.Command, args []string) error {
	if dash := cmd.ArgsLenAtDash(); dash >= 0 {
		args = args[:dash]
	}
	return stackArg(cmd, args)
}

// converse runs a program that may ask a person: it needs the terminal. There
// Ctrl-C reaches it without us, and a second interrupt would make Pulumi drop
// what it has begun.
func (t *tool) converse(cmd *exec.Cmd) error {
	cmd.Stdin, cmd.Stdout, cmd.Stderr = t.In, t.Err, t.Err
	if terminal(t.In) {
		cmd.SysProcAttr = nil
		cmd.Cancel = func() error { return nil }
	}
	return cmd.Run()
}

func terminal(in io.Reader) bool {
	file, ok := in.(*os.File)
	if !ok {
		return false
	}
	info, err := file.Stat()
	none, noneErr := os.Stat(os.DevNull)
	return err == nil && noneErr == nil && info.Mode()&os.ModeCharDevice != 0 && !os.SameFile(info, none)
}
