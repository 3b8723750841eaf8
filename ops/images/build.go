package images

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"github.com/pathwai/airflow-on-fargate/config"
	"github.com/pathwai/airflow-on-fargate/ops/internal/program"
)

// Commit is the tag that images get by default: the commit that is checked out.
func Commit(ctx context.Context, folder string) (string, error) {
	name, err := program.Output(program.Command(ctx, folder, "git", "rev-parse", "--short=12", "HEAD"))
	if err != nil {
		return "", err
	}
	return string(name[:len(name)-1]), nil
}

// Uncommitted fails when what images are made of isn't as in the commit that is
// checked out: under its tag it would stand for good.
func Uncommitted(ctx context.Context, folder string) error {
	differs, err := program.Output(program.Command(ctx, folder, "git", "status", "--porcelain", "--", "docker", "agent"))
	if err != nil || len(differs) == 0 {
		return err
	}
	return fmt.Errorf("this isn't in the commit whose tag the images would have: commit it, or say --tag\n%s", bytes.TrimRight(differs, "\n"))
}

// Build builds images for the stack's architecture into the Docker engine,
// as <repository>/<image>:<tag>.
func (r *Repositories) Build(ctx context.Context, repository, tag string, images []string) error {
	if err := r.engine(ctx); err != nil {
		return err
	}
	for _, image := range images {
		if err := r.build(ctx, repository, tag, image, "--load"); err != nil {
			return err
		}
	}
	return nil
}

// Push builds and pushes images, and returns their digests. Those that were
// pushed under this tag before are taken as they are: after a failure the same
// call goes on.
func (r *Repositories) Push(ctx context.Context, tag string, images []string) (map[string]string, error) {
	if err := r.engine(ctx); err != nil {
		return nil, err
	}
	digests := map[string]string{}
	for _, image := range images {
		digest, err := r.push(ctx, tag, image)
		if err != nil {
			return nil, fmt.Errorf("%d of %d images are in the repositories, and the same command takes them as they are: %w", len(digests), len(images), err)
		}
		digests[image] = digest
	}
	return digests, nil
}

func (r *Repositories) push(ctx context.Context, tag, image string) (string, error) {
	there, err := r.Digest(ctx, image, tag)
	if err != nil {
		return "", err
	}
	if there != "" {
		r.Say("images: %s:%s is in the repository already", image, tag)
		return there, nil
	}
	folder, err := os.MkdirTemp("", "airflow-image-")
	if err != nil {
		return "", err
	}
	defer func() { _ = os.RemoveAll(folder) }()
	file := filepath.Join(folder, "metadata.json")
	// Provenance and a list of contents go with what is pushed.
	if err := r.build(ctx, r.Registry(), tag, image, "--push", "--provenance=mode=max", "--sbom=true", "--metadata-file", file); err != nil {
		return "", err
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("docker told nothing of what it pushed: %w", err)
	}
	var metadata struct {
		Digest string `json:"containerimage.digest"`
	}
	if err := json.Unmarshal(data, &metadata); err != nil {
		return "", fmt.Errorf("what docker told of %s: %w", image, err)
	}
	if !config.DigestForm.MatchString(metadata.Digest) {
		return "", fmt.Errorf("docker told the digest %q of %s: sha256: and 64 hex digits", metadata.Digest, image)
	}
	return metadata.Digest, nil
}

func (r *Repositories) build(ctx context.Context, repository, tag, image string, output ...string) error {
	where := []string{"--file", "docker/airflow/Dockerfile", "--build-arg", "AIRFLOW=" + r.Airflow.Version, "--target", image}
	folder := "docker/airflow"
	if image == "agent" { // built from the sources in agent/
		where = []string{"--file", "docker/agent/Dockerfile", "--build-arg", "VERSION=" + tag}
		folder = "."
	}
	platform := "linux/" + r.architecture()
	r.Say("images: %s for %s", image, platform)
	args := append([]string{"buildx", "build", "--platform", platform, "--tag", repository + "/" + image + ":" + tag}, where...)
	return r.docker(ctx, append(append(args, output...), folder)...)
}

// architecture is that of the stack's tasks, as images name it.
func (r *Repositories) architecture() string {
	if r.Services.Architecture == "ARM64" {
		return "arm64"
	}
	return "amd64"
}
