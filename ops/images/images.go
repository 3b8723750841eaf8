// Package images is what a stack's ECR repositories hold: it builds images,
// pushes them, copies them between stacks, and tells facts about them. No tag
// moves: one that is there is taken as it is, or refused.
package images

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/ecr/types"

	"github.com/pathwai/airflow-on-fargate/ops/internal/program"
	"github.com/pathwai/airflow-on-fargate/ops/stack"
)

// ErrNoEngine says that images can't be built or copied on this machine.
var ErrNoEngine = errors.New("no Docker engine with buildx answers here; the images are built where one does, or by the deploy workflow")

// Repositories are a stack's image repositories.
type Repositories struct {
	*stack.Stack
	ECR *ecr.Client
	// Out gets what Docker says; Say gets progress, a line at a time.
	Out io.Writer
	Say func(format string, args ...any)
}

// name is that of an image's repository, without its registry.
func (r *Repositories) name(image string) *string { return aws.String(r.Prefix() + "/" + image) }

// Digest is the digest that a tag of an image has, empty when there is no such tag.
func (r *Repositories) Digest(ctx context.Context, image, tag string) (string, error) {
	answer, err := r.ECR.DescribeImages(ctx, &ecr.DescribeImagesInput{
		RegistryId: aws.String(r.AccountID), RepositoryName: r.name(image), ImageIds: []types.ImageIdentifier{{ImageTag: aws.String(tag)}},
	})
	if errors.As(err, new(*types.ImageNotFoundException)) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("%s:%s: %w", image, tag, err)
	}
	for _, detail := range answer.ImageDetails {
		if digest := aws.ToString(detail.ImageDigest); digest != "" {
			return digest, nil
		}
	}
	return "", fmt.Errorf("%s:%s: ECR tells no digest", image, tag)
}

// docker runs Docker in the project's folder.
func (r *Repositories) docker(ctx context.Context, args ...string) error {
	return program.Run(program.Command(ctx, r.Root, "docker", args...), r.Out)
}

// engine fails with ErrNoEngine where Docker can't build or copy.
func (r *Repositories) engine(ctx context.Context) error {
	for _, args := range [][]string{{"buildx", "version"}, {"info"}} {
		if _, err := program.Output(program.Command(ctx, r.Root, "docker", args...)); err != nil {
			return errors.Join(ErrNoEngine, err)
		}
	}
	return nil
}
