// Package cli is ops' command line: one file a command, which reads flags and
// settings, calls the package that does the work, and prints what it returns.
package cli

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/pathwai/airflow-on-fargate/ops/stack"
)

// Streams is what a run of ops reads and writes. Results go to Out and are what
// a pipeline reads; progress and faults go to Err.
type Streams struct {
	In       io.Reader
	Out, Err io.Writer
	// Root is the project's folder, in which Pulumi.yaml lies.
	Root string
	// Getenv looks up an environment variable; secrets come by no other way.
	Getenv func(string) string
}

// System returns the process's own streams; the project is the working folder.
func System() Streams {
	return Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr, Root: ".", Getenv: os.Getenv}
}

// tool is what all commands share.
type tool struct {
	Streams
	json bool // --output json
	stop context.CancelFunc
}

// Run executes one command line and returns the exit code (see exit.go).
func Run(ctx context.Context, args []string, streams Streams) int {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	t := &tool{Streams: streams, stop: stop}
	root := t.root()
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	if ctx.Err() != nil && err != nil {
		err = &Failure{Code: ExitInterrupted, Err: fmt.Errorf("interrupted: %w", err)}
	}
	if err != nil {
		_, _ = fmt.Fprintln(t.Err, "ops:", err)
	}
	return code(err)
}

func (t *tool) root() *cobra.Command {
	output := "text"
	root := &cobra.Command{
		Use:   "ops COMMAND STACK",
		Short: "Operate a deployed stack",
		Long:  "Ops does to a deployed stack what isn't Pulumi's: it pushes DAGs, follows deployments, takes them back, and asks whether all is well.\n\n" + exitCodes,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usage("there is no command %q%s", args[0], didYouMean(cmd.SuggestionsFor(args[0])))
			}
			return nil
		},
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
		SilenceUsage:  true,
		SilenceErrors: true,
		PersistentPreRunE: func(*cobra.Command, []string) error {
			if output != "text" && output != "json" {
				return usage("--output is %q: text or json", output)
			}
			t.json = output == "json"
			return nil
		},
	}
	root.SetIn(t.In)
	root.SetOut(t.Out)
	root.SetErr(t.Err)
	root.PersistentFlags().StringVar(&output, "output", output, "text for people, json for a pipeline")
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usage("%w", err) })
	root.SuggestionsMinimumDistance = 2
	root.CompletionOptions.HiddenDefaultCmd = true
	root.AddCommand(t.init(), t.doctor(), t.setting(), t.push())
	root.AddCommand(t.digests(), t.images(), t.promote(), t.repositories(), t.accessAnalyzer(), t.smoke(), t.open(), t.hibernate(), t.wake())
	root.AddCommand(t.deployed(), t.stable(), t.redeploy(), t.rollBack(), t.upgrade(), t.drift(), t.planComment())
	return root
}

func didYouMean(commands []string) string {
	if len(commands) == 0 {
		return ""
	}
	return "; did you mean " + strings.Join(commands, " or ") + "?"
}

// stackArg is the cobra argument check of commands that act on one stack.
func stackArg(_ *cobra.Command, args []string) error {
	if len(args) != 1 {
		return usage("which stack? one name is needed, such as dev, and %d were given", len(args))
	}
	return nil
}

// stack returns the valid settings of a stack, or all their faults.
func (t *tool) stack(name string) (*stack.Stack, error) {
	s, err := stack.Load(t.Root, name)
	if err != nil {
		return nil, &Failure{Code: ExitUsage, Err: err}
	}
	return s, nil
}

// on is a command that acts on the stack that its first argument names; it gets
// the valid settings, and the other arguments.
func (t *tool) on(act func(ctx context.Context, s *stack.Stack, args []string) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		s, err := t.stack(args[0])
		if err != nil {
			return err
		}
		return act(cmd.Context(), s, args[1:])
	}
}

// say tells progress, a line at a time. Where nobody listens any more it is an interrupt.
func (t *tool) say(format string, args ...any) {
	if _, err := fmt.Fprintf(t.Err, format+"\n", args...); err != nil {
		t.stop()
	}
}
