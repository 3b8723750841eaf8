package images

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/ecr/types"

	"github.com/pathwai/airflow-on-fargate/config"
)

// Keep gives every image that the stack's settings name a tag of its own,
// [config.DeployedTag] and the beginning of its digest: the repositories'
// lifecycle counts such images apart from those that are pushed and never
// deployed. An image that has the tag keeps it; all that are missing are told.
func (r *Repositories) Keep(ctx context.Context) error {
	var faults []error
	for _, image := range config.ImageNames {
		digest := r.Images.Digests[image]
		if digest == "" {
			continue // images.build: Pulumi builds it
		}
		if err := r.keep(ctx, image, digest); err != nil {
			faults = append(faults, fmt.Errorf("%s: %w", image, err))
		}
	}
	return errors.Join(faults...)
}

func (r *Repositories) keep(ctx context.Context, image, digest string) error {
	answer, err := r.ECR.BatchGetImage(ctx, &ecr.BatchGetImageInput{
		RegistryId: aws.String(r.AccountID), RepositoryName: r.name(image), ImageIds: []types.ImageIdentifier{{ImageDigest: aws.String(digest)}},
	})
	if err != nil {
		return err
	}
	if len(answer.Images) == 0 {
		return fmt.Errorf("the repository has no %s", digest)
	}
	tag := config.DeployedTag + digest[len("sha256:"):][:12]
	_, err = r.ECR.PutImage(ctx, &ecr.PutImageInput{
		RegistryId: aws.String(r.AccountID), RepositoryName: r.name(image), ImageTag: aws.String(tag), ImageDigest: aws.String(digest),
		ImageManifest: answer.Images[0].ImageManifest, ImageManifestMediaType: answer.Images[0].ImageManifestMediaType,
	})
	if errors.As(err, new(*types.ImageAlreadyExistsException)) {
		return nil
	}
	if err == nil {
		r.Say("images: %s is kept as %s", image, tag)
	}
	return err
}
