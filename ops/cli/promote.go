package cli

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/pathwai/airflow-on-fargate/ops/images"
	"github.com/pathwai/airflow-on-fargate/ops/stack"
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
		RunE: t.on(func(ctx context.Context, from *stack.Stack, args []string) error {
			to, err := t.stack(args[0])
			if err != nil {
				return err
			}
			tag, err := images.Commit(ctx, to.Root)
			if err != nil {
				return err
			}
			r, err := t.ecr(ctx, to)
			if err != nil {
				return err
			}
			copied, err := r.Promote(ctx, from, tag)
			if err != nil {
				return err
			}
			text := ""
			for _, c := range copied {
				text += c.Image + " " + c.Digest + "\n"
			}
			return t.print(copied, text)
		}),
	}
}
