package images

import (
	"context"
	"errors"
	"fmt"

	"github.com/pathwai/airflow-on-fargate/config"
	"github.com/pathwai/airflow-on-fargate/ops/stack"
)

// Copied is one image of a promotion.
type Copied struct {
	Image  string `json:"image"`
	Digest string `json:"digest"`
	// Already says that the tag was there before.
	Already bool `json:"already"`
}

// Promote copies the images that the stack's settings name from another
// stack's repositories, digests unchanged, and gives them a tag. A tag that is
// there with another digest is refused before anything is copied. After a
// failure the same call goes on.
func (r *Repositories) Promote(ctx context.Context, from *stack.Stack, tag string) ([]Copied, error) {
	if from.Registry() == r.Registry() {
		r.Say("promote: %s holds its images already", r.Name)
		return nil, nil
	}
	all, missing, err := r.toCopy(ctx, tag)
	if err != nil {
		return nil, err
	}
	if missing == 0 {
		return all, nil
	}
	if err := r.engine(ctx); err != nil {
		return nil, err
	}
	there := len(all) - missing
	for _, c := range all {
		if c.Already {
			continue
		}
		r.Say("promote: %s %s", c.Image, c.Digest)
		err := r.docker(ctx, "buildx", "imagetools", "create", "--tag", r.Registry()+"/"+c.Image+":"+tag, from.Registry()+"/"+c.Image+"@"+c.Digest)
		if err == nil {
			err = r.unchanged(ctx, c, tag)
		}
		if err != nil {
			return nil, fmt.Errorf("%d of %d images are in %s's repositories, and the same command goes on from there: %w", there, len(all), r.Name, err)
		}
		there++
	}
	return all, nil
}

// unchanged fails when a copy has another digest: Docker makes an index of an
// image that isn't in one.
func (r *Repositories) unchanged(ctx context.Context, c Copied, tag string) error {
	there, err := r.Digest(ctx, c.Image, tag)
	if err == nil && there != c.Digest {
		err = fmt.Errorf("%s:%s became %q, and %s was asked for", c.Image, tag, there, c.Digest)
	}
	return err
}

// toCopy is what the stack's settings name, and how many of it aren't there yet.
func (r *Repositories) toCopy(ctx context.Context, tag string) (all []Copied, missing int, err error) {
	var faults []error
	for _, image := range config.ImageNames {
		asked := r.Images.Digests[image]
		if asked == "" {
			faults = append(faults, fmt.Errorf("airflow:images.digests.%s of %s is missing: which image is to be copied?", image, r.Name))
			continue
		}
		there, err := r.Digest(ctx, image, tag)
		switch {
		case err != nil:
			faults = append(faults, err)
		case there == asked:
			r.Say("promote: %s:%s is in %s's repository already", image, tag, r.Name)
		case there != "":
			faults = append(faults, fmt.Errorf("%s:%s of %s is %s, and %s was asked for: deploy another commit, or delete the tag", image, tag, r.Name, there, asked))
		default:
			missing++
		}
		all = append(all, Copied{image, asked, there == asked})
		if ctx.Err() != nil {
			break
		}
	}
	return all, missing, errors.Join(faults...)
}
