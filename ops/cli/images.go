package cli

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/spf13/cobra"

	"github.com/pathwai/airflow-on-fargate/config"
	"github.com/pathwai/airflow-on-fargate/ops/images"
	"github.com/pathwai/airflow-on-fargate/ops/stack"
)

func (t *tool) images() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "images",
		Short:   "Build and push a stack's container images, and tell facts about them",
		Example: "  ops images push dev\n  ops images facts prod",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usage("there is no command \"images %s\": build, push, keep or facts", args[0])
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(t.imagesBuild(), t.imagesPush(), t.imagesKeep(), t.imagesFacts())
	return cmd
}

// ecr are a stack's repositories on AWS.
func (t *tool) ecr(ctx context.Context, s *stack.Stack) (*images.Repositories, error) {
	cfg, err := s.AWS(ctx)
	if err != nil {
		return nil, err
	}
	return &images.Repositories{Stack: s, ECR: ecr.NewFromConfig(cfg), Out: t.Err, Say: t.say}, nil
}

// stackAndImages checks STACK [IMAGE …].
func stackAndImages(_ *cobra.Command, args []string) error {
	if len(args) == 0 {
		return usage("which stack? one name is needed, such as dev")
	}
	for _, image := range args[1:] {
		if !slices.Contains(config.ImageNames, image) {
			return usage("there is no image %q: %s", image, strings.Join(config.ImageNames, " "))
		}
	}
	return nil
}

// named are the images of a command line, all when it names none, and their tag.
func named(ctx context.Context, s *stack.Stack, args []string, tag string) ([]string, string, error) {
	if len(args) == 0 {
		args = config.ImageNames
	}
	if tag != "" {
		return args, tag, nil
	}
	tag, err := images.Commit(ctx, s.Root)
	return args, tag, err
}

func (t *tool) imagesBuild() *cobra.Command {
	var tag, registry, prefix string
	cmd := &cobra.Command{
		Use:     "build STACK [IMAGE …]",
		Short:   "Build images for the stack's architecture into the Docker engine",
		Example: "  ops images build dev\n  ops images build dev web --registry local --prefix airflow --tag pr",
		Args:    stackAndImages,
		RunE: t.on(func(ctx context.Context, s *stack.Stack, args []string) error {
			which, tag, err := named(ctx, s, args, tag)
			if err != nil {
				return err
			}
			if registry == "" {
				registry, _, _ = strings.Cut(s.Registry(), "/")
			}
			if prefix == "" {
				prefix = s.Prefix()
			}
			r := &images.Repositories{Stack: s, Out: t.Err, Say: t.say}
			return r.Build(ctx, registry+"/"+prefix, tag, which)
		}),
	}
	cmd.Flags().StringVar(&tag, "tag", "", "the images' tag (default the commit that is checked out)")
	cmd.Flags().StringVar(&registry, "registry", "", "the first part of the images' names (default the stack's registry)")
	cmd.Flags().StringVar(&prefix, "prefix", "", "the middle part of the images' names (default the stack's prefix)")
	return cmd
}

func (t *tool) imagesPush() *cobra.Command {
	tag := ""
	cmd := &cobra.Command{
		Use:   "push STACK [IMAGE …]",
		Short: "Build images and push them to the stack's repositories",
		Long: "Push prints \"IMAGE DIGEST\" for each image when all are pushed. No tag moves: an image that was pushed under this tag before is " +
			"taken as it is, so after a failure the same command goes on. Without --tag it refuses what isn't committed in docker/ and agent/. Docker must have " +
			"logged in to the registry.",
		Example: "  ops images push dev >digests.txt\n  ops images push dev web worker --tag 3.1.8-2",
		Args:    stackAndImages,
		RunE: t.on(func(ctx context.Context, s *stack.Stack, args []string) error {
			if tag == "" {
				if err := images.Uncommitted(ctx, s.Root); err != nil {
					return &Failure{Code: ExitUsage, Err: err}
				}
			}
			which, tag, err := named(ctx, s, args, tag)
			if err != nil {
				return err
			}
			r, err := t.ecr(ctx, s)
			if err != nil {
				return err
			}
			digests, err := r.Push(ctx, tag, which)
			if err != nil {
				return err
			}
			text := ""
			for _, image := range slices.Sorted(maps.Keys(digests)) {
				text += image + " " + digests[image] + "\n"
			}
			return t.print(digests, text)
		}),
	}
	cmd.Flags().StringVar(&tag, "tag", "", "the images' tag (default the commit that is checked out)")
	return cmd
}

func (t *tool) imagesFacts() *cobra.Command {
	return &cobra.Command{
		Use:   "facts STACK",
		Short: "Tell what ECR knows of the images that the stack's settings name",
		Long: "Facts tells digest, time of the push, architectures, size and scan of every image. It ends with 4 when one is missing, or is for another " +
			"architecture than the stack's tasks. Size and scan are those of the image for the stack's architecture. A manifest of one image doesn't " +
			"say its architecture; what ops images push pushed does.",
		Example: "  ops images facts dev\n  ops images facts prod --output json",
		Args:    stackArg,
		RunE: t.on(func(ctx context.Context, s *stack.Stack, _ []string) error {
			r, err := t.ecr(ctx, s)
			if err != nil {
				return err
			}
			all, err := r.Facts(ctx)
			if err != nil {
				return err
			}
			if len(all) == 0 {
				return &Failure{Code: ExitNothing, Err: fmt.Errorf("the settings of %s name no image: Pulumi builds them (images.build)", s.Name)}
			}
			if err := t.printFacts(all); err != nil {
				return err
			}
			var faults []error
			for _, facts := range all {
				if facts.Fault != "" {
					faults = append(faults, fmt.Errorf("%s@%s: %s", facts.Image, facts.Digest, facts.Fault))
				}
			}
			if len(faults) > 0 {
				return &Failure{Code: ExitNotAsked, Err: errors.Join(faults...)}
			}
			return nil
		}),
	}
}

func (t *tool) printFacts(all []images.Facts) error {
	text := ""
	for _, f := range all {
		line := fmt.Sprintf("%-13s %s", f.Image, f.Digest)
		if f.PushedAt != nil {
			line += fmt.Sprintf("  %s  %d MB  %s", f.PushedAt.UTC().Format(time.RFC3339), (f.Bytes+500_000)/1_000_000, or(strings.Join(f.Architectures, ","), "architecture not told"))
			line += "  scan " + f.Scan
			for _, severity := range slices.Sorted(maps.Keys(f.Findings)) {
				line += fmt.Sprintf(" %s=%d", severity, f.Findings[severity])
			}
		}
		if f.Fault != "" {
			line += "  RED: " + f.Fault
		}
		text += line + "\n"
	}
	return t.print(all, text)
}

func or(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text
}

func (t *tool) imagesKeep() *cobra.Command {
	return &cobra.Command{
		Use:   "keep STACK",
		Short: "Tag the images that the stack's settings name, so that newer ones don't push them out",
		Long: "Keep gives each image a tag deployed-…; the repositories keep images.keep of these, whatever else is pushed. `make up` does it first. " +
			"An image that isn't in its repository is told, with all others that aren't.",
		Example: "  ops images keep dev",
		Args:    stackArg,
		RunE: t.on(func(ctx context.Context, s *stack.Stack, _ []string) error {
			repositories, err := t.ecr(ctx, s)
			if err != nil {
				return err
			}
			return repositories.Keep(ctx)
		}),
	}
}
