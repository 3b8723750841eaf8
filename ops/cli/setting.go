package cli

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/pathwai/airflow-on-fargate/ops/stack"
)

func (t *tool) setting() *cobra.Command {
	return &cobra.Command{
		Use:     "setting STACK PATH",
		Short:   "Print one setting of a stack, its default where the stack has none",
		Long:    "Setting prints a text as it is, and anything else as JSON.",
		Example: "  ops setting dev network.cidr",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 2 {
				return usage("a stack and a setting are needed, such as: ops setting dev network.cidr")
			}
			return nil
		},
		RunE: t.on(func(_ context.Context, s *stack.Stack, args []string) error {
			value, err := s.Setting(args[0])
			if err != nil {
				return &Failure{Code: ExitUsage, Err: err}
			}
			if text, ok := value.(string); ok && !t.json {
				_, err = fmt.Fprintln(t.Out, text)
				return err
			}
			return json.NewEncoder(t.Out).Encode(value)
		}),
	}
}
