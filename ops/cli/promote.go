package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/pathwai/airflow-on-fargate/ops/images"
)

func (t *tool) promote() *cobra.Command {
	return &cobra.Command{
		Use:   "promote FROM TO",
		Short: "Copy the images that a stack's file names from another stack's repositories",
		Long: "Promote copies the images that TO's settings name, digests unchanged, and tags them with the commit that is checked out. No tag moves: one " +
			"that is there with another digest is refused before anything is copied. After a failure the same command goes on. Docker must have " +
			"logged in to both registries.",
		Example: "  ops promote dev prod",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 2 {
				return usage("two stacks are needed, such as: ops promote dev prod")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			from, err := t.stack(args[0])
			if err != nil {
				return err
			}
			to, err := t.stack(args[1])
			if err != nil {
				return err
			}
			tag, err := images.Commit(cmd.Context(), to.Root)
			if err != nil {
				return err
			}
			r, err := t.ecr(cmd.Context(), to)
			if err != nil {
				return err
			}
			copied, err := r.Promote(cmd.Context(), from, tag)
			if err != nil {
				return noEngine(err)
			}
			if t.json {
				return t.printJSON(copied)
			}
			for _, c := range copied {
				if _, err := fmt.Fprintln(t.Out, c.Image, c.Digest); err != nil {
					return err
				}
			}
			return nil
		},
	}
}
