package cli

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pathwai/airflow-on-fargate/config"
	"github.com/pathwai/airflow-on-fargate/ops/internal/awstest"
)

// A tag never moves: what isn't in the commit gets none of its own by mistake.
func TestPushRefusesWhatIsNotCommitted(t *testing.T) {
	h := newHome(t, map[string]string{"docker": fakeDocker})
	awstest.Start(t)
	newRepositories(t, "dev")
	h.write("agent/main.go", "package main\n", 0o600)
	got := h.ops("images", "push", "dev", "agent")
	assert.Equal(t, ExitUsage, got.code)
	assert.Equal(t, "ops: this isn't in the commit whose tag the images would have: commit it, or say --tag\n?? agent/\n", got.said)
	assert.NotContains(t, got.called, "build")
	require.Equal(t, 0, h.ops("images", "push", "dev", "agent", "--tag", "mine").code)
	h.commit("it is now")
	require.Equal(t, 0, h.ops("images", "push", "dev", "agent").code)
}

// What a stack runs has a tag of its own, once; what is missing is told, all of it.
func TestKeepTagsWhatTheStackRuns(t *testing.T) {
	h := newHome(t, nil)
	awstest.Start(t)
	r := newRepositories(t, "dev")
	got := h.ops("images", "keep", "dev")
	require.NotEqual(t, 0, got.code)
	for _, image := range config.ImageNames {
		assert.Contains(t, got.said, image+": the repository has no sha256:")
	}
	for i, image := range config.ImageNames {
		r.put("dev/"+image, digestOf(fmt.Sprint(i+1)), "commit", nil)
	}
	for _, said := range []bool{true, false} {
		got = h.ops("images", "keep", "dev")
		require.Equal(t, 0, got.code, got.said)
		assert.Equal(t, said, strings.Contains(got.said, "images: web is kept as deployed-111111111111"), got.said)
	}
	answer, err := r.ecr.DescribeImages(t.Context(), &ecr.DescribeImagesInput{RepositoryName: aws.String("pathwai-airflow-dev/web")})
	require.NoError(t, err)
	assert.ElementsMatch(t, []string{"commit", "deployed-111111111111"}, answer.ImageDetails[0].ImageTags)
}

func TestKeepThroughFaults(t *testing.T) {
	h := newHome(t, nil)
	moto := awstest.Start(t)
	r := newRepositories(t, "dev")
	for i, image := range config.ImageNames {
		r.put("dev/"+image, digestOf(fmt.Sprint(i+1)), "commit", nil)
	}
	ctx, stop := context.WithCancel(t.Context())
	moto.On("BatchGetImage", 1, stop)
	assert.Equal(t, ExitInterrupted, h.opsUntil(ctx, "images", "keep", "dev").code)

	moto.Fail("PutImage", 1, 400, "AccessDeniedException")
	got := h.ops("images", "keep", "dev")
	assert.Equal(t, ExitFailure, got.code)
	assert.Regexp(t, `^(images: \S+ is kept as deployed-\d{12}\n){5}ops: web: operation error ECR: PutImage, .*AccessDeniedException`, got.said)

	moto.Fail("BatchGetImage", 1, 400, "ThrottlingException")
	moto.Cut("PutImage", 1, true) // the tag is there, and nobody was told
	got = h.ops("images", "keep", "dev")
	require.Equal(t, 0, got.code, got.said)
	got = h.ops("images", "keep", "dev")
	assert.Equal(t, 0, got.code)
	assert.Empty(t, got.said, "all are kept already")
	assert.Equal(t, ExitUsage, h.ops("images", "keep", "dev", "web").code)
}
