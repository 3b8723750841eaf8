package cli

import (
	"fmt"

	"github.com/spf13/cobra"
)

func (t *tool) setting() *cobra.Command {
	return &cobra.Command{
		Use:     "setting STACK PATH",
		Short:   "Print one setting of a stack, its default where the stack has none",
		Example: "  ops setting dev network.cidr",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 2 {
				return usage("a stack and a setting are needed, such as: ops setting dev network.cidr")
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error {
			s, err := t.stack(args[0])
			if err != nil {
				return err
			}
			value, err := s.Setting(args[1])
			if err != nil {
				return &Failure{Code: ExitUsage, Err: err}
			}
			_, err = fmt.Fprintln(t.Out, value)
			return err
		},
	}
}
