package images

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/ecr/types"

	"github.com/pathwai/airflow-on-fargate/config"
)

// Facts are what ECR knows of one image that the stack's settings name.
type Facts struct {
	Image  string `json:"image"`
	Digest string `json:"digest"`
	// Fault says why the stack can't run it: it is missing, or for another architecture.
	Fault         string     `json:"fault,omitempty"`
	PushedAt      *time.Time `json:"pushedAt,omitempty"`
	Architectures []string   `json:"architectures,omitempty"`
	// Bytes is what a task of the stack's architecture pulls, compressed; 0 when ECR doesn't tell.
	Bytes int64 `json:"bytes,omitempty"`
	// Scan is ECR's own word, such as COMPLETE; NONE when the image wasn't scanned.
	Scan     string           `json:"scan,omitempty"`
	Findings map[string]int32 `json:"findings,omitempty"`
}

// manifest is an image's, or an index of the images of several architectures.
type manifest struct {
	Manifests []struct {
		Digest   string `json:"digest"`
		Platform struct {
			OS           string `json:"os"`
			Architecture string `json:"architecture"`
		} `json:"platform"`
	} `json:"manifests"`
}

// Facts asks ECR about every image that the stack's settings name. An index
// has no size and no scan of its own: those are of the image in it that the
// stack's tasks pull.
func (r *Repositories) Facts(ctx context.Context) ([]Facts, error) {
	var all []Facts
	for _, image := range config.ImageNames {
		digest := r.Images.Digests[image]
		if digest == "" {
			continue // images.build: Pulumi builds it
		}
		facts, err := r.facts(ctx, image, digest)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", image, err)
		}
		all = append(all, facts)
	}
	return all, nil
}

func (r *Repositories) facts(ctx context.Context, image, digest string) (Facts, error) {
	facts := Facts{Image: image, Digest: digest}
	text, err := r.manifest(ctx, image, digest)
	switch {
	case errors.As(err, new(*types.RepositoryNotFoundException)):
		facts.Fault = "there is no repository " + *r.name(image)
		return facts, nil
	case err != nil:
		return facts, err
	case text == "":
		facts.Fault = "the repository doesn't hold this digest"
		return facts, nil
	}
	var m manifest
	if err := json.Unmarshal([]byte(text), &m); err != nil {
		return facts, fmt.Errorf("its manifest: %w", err)
	}
	pulled := digest
	for _, part := range m.Manifests {
		if part.Platform.OS != "linux" { // attestations have no platform
			continue
		}
		facts.Architectures = append(facts.Architectures, part.Platform.Architecture)
		if part.Platform.Architecture == r.architecture() {
			pulled = part.Digest
		}
	}
	if len(m.Manifests) > 0 && !slices.Contains(facts.Architectures, r.architecture()) {
		facts.Fault = fmt.Sprintf("it is for %q, and the stack's tasks run on %s", facts.Architectures, r.architecture())
	}
	return facts, r.describe(ctx, &facts, pulled)
}

// manifest is that of an image, empty when the repository doesn't hold the digest.
func (r *Repositories) manifest(ctx context.Context, image, digest string) (string, error) {
	answer, err := r.ECR.BatchGetImage(ctx, &ecr.BatchGetImageInput{
		RegistryId: aws.String(r.AccountID), RepositoryName: r.name(image), ImageIds: []types.ImageIdentifier{{ImageDigest: aws.String(digest)}},
		AcceptedMediaTypes: []string{
			"application/vnd.oci.image.index.v1+json", "application/vnd.docker.distribution.manifest.list.v2+json",
			"application/vnd.oci.image.manifest.v1+json", "application/vnd.docker.distribution.manifest.v2+json",
		},
	})
	if err != nil {
		return "", err
	}
	for _, failure := range answer.Failures {
		if failure.FailureCode != types.ImageFailureCodeImageNotFound {
			return "", fmt.Errorf("%s: %s", failure.FailureCode, aws.ToString(failure.FailureReason))
		}
	}
	if len(answer.Images) == 0 {
		return "", nil
	}
	return aws.ToString(answer.Images[0].ImageManifest), nil
}

// describe adds when the image was pushed, and size and scan of what is pulled.
func (r *Repositories) describe(ctx context.Context, facts *Facts, pulled string) error {
	ids := []types.ImageIdentifier{{ImageDigest: aws.String(facts.Digest)}}
	if pulled != facts.Digest {
		ids = append(ids, types.ImageIdentifier{ImageDigest: aws.String(pulled)})
	}
	answer, err := r.ECR.DescribeImages(ctx, &ecr.DescribeImagesInput{RegistryId: aws.String(r.AccountID), RepositoryName: r.name(facts.Image), ImageIds: ids})
	if errors.As(err, new(*types.ImageNotFoundException)) {
		facts.Fault = "it is an index whose image for " + r.architecture() + " isn't in the repository: " + pulled
		return nil
	}
	if err != nil {
		return err
	}
	for _, detail := range answer.ImageDetails {
		if aws.ToString(detail.ImageDigest) == facts.Digest {
			facts.PushedAt = detail.ImagePushedAt
		}
		if aws.ToString(detail.ImageDigest) != pulled {
			continue
		}
		facts.Bytes = aws.ToInt64(detail.ImageSizeInBytes)
		facts.Scan = "NONE"
		if detail.ImageScanStatus != nil {
			facts.Scan = string(detail.ImageScanStatus.Status)
		}
		if detail.ImageScanFindingsSummary != nil {
			facts.Findings = maps.Clone(detail.ImageScanFindingsSummary.FindingSeverityCounts)
		}
	}
	return nil
}
