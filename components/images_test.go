package components

import (
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"

	"github.com/pathwai/airflow-on-fargate/internal/recorder"
)

const (
	repositoryToken = "awsx:ecr:Repository"
	imageToken      = "awsx:ecr:Image"
)

func runImages(t *testing.T, change func(*ImagesArgs)) (*recorder.Record, *Images) {
	args := &ImagesArgs{
		Scope: testScope, Names: []string{"web", "agent"}, Digests: map[string]string{"web": "sha256:aa", "agent": "sha256:bb"},
		Architecture: "ARM64", Keep: 7, DataKeyARN: pulumi.String(dataKeyARN),
	}
	if change != nil {
		change(args)
	}
	var images *Images
	record := run(t, func(ctx *pulumi.Context) (err error) {
		images, err = NewImages(ctx, "images", args)
		return err
	})
	return record, images
}

func TestImageRepositories(t *testing.T) {
	record, _ := runImages(t, nil)
	require.Equal(t, []string{"images-agent", "images-web"}, names(record, repositoryToken))
	repository := one(t, record, repositoryToken, "images-web")
	require.Equal(t, "acme-airflow-test/web", repository["name"])
	require.Equal(t, "IMMUTABLE", repository["imageTagMutability"])
	require.Equal(t, map[string]any{"scanOnPush": true}, repository["imageScanningConfiguration"])
	require.Equal(t, []any{map[string]any{"encryptionType": "KMS", "kmsKey": dataKeyARN}}, repository["encryptionConfigurations"])
	require.Equal(t, false, repository["forceDelete"])
	rules := repository["lifecyclePolicy"].(map[string]any)["rules"].([]any)
	require.Equal(t, []any{
		map[string]any{"description": "keep 7 images that were deployed", "maximumNumberOfImages": 7.0, "tagStatus": "tagged", "tagPrefixList": []any{"deployed-"}},
		map[string]any{"description": "keep 7 others", "maximumNumberOfImages": 7.0, "tagStatus": "any"},
	}, rules, "an image that runs isn't expired by pushes")
}

func TestImagesByDigest(t *testing.T) {
	record, images := runImages(t, nil)
	require.Empty(t, record.Of(imageToken), "a build without being asked")
	require.Equal(t, "123456789012.dkr.ecr.eu-west-1.amazonaws.com/acme-airflow-test/web@sha256:aa", known(t, images.URI("web")))
	require.Equal(t, "123456789012.dkr.ecr.eu-west-1.amazonaws.com/acme-airflow-test/agent@sha256:bb", known(t, images.URI("agent")))
}

func TestImagesBuilt(t *testing.T) {
	for architecture, platform := range map[string]string{"ARM64": "linux/arm64", "X86_64": "linux/amd64"} {
		record, images := runImages(t, func(a *ImagesArgs) { a.Build, a.Digests, a.Architecture = true, nil, architecture })
		web := one(t, record, imageToken, "images-web")
		require.Equal(t, platform, web["platform"])
		require.Equal(t, "docker/airflow/Dockerfile", web["dockerfile"])
		require.Equal(t, "docker/airflow", web["context"], "what the Dockerfile copies lies there")
		require.Equal(t, "web", web["target"])
		require.Equal(t, "registry/images-web", web["repositoryUrl"], "the stack's own repository")
		require.Equal(t, "built/images-web", known(t, images.URI("web")), "what was built")
		agent := one(t, record, imageToken, "images-agent")
		require.Equal(t, "docker/agent/Dockerfile", agent["dockerfile"])
		require.Equal(t, ".", agent["context"])
		require.NotContains(t, agent, "target")
		require.Len(t, images.ready["web"], 2, "a service waits for repository and push")
	}
}

// known waits for an output's value; it fails rather than hang when there is none.
func known(t *testing.T, output pulumi.StringOutput) string {
	t.Helper()
	value := make(chan string, 1)
	output.ApplyT(func(text string) string {
		value <- text
		return text
	})
	select {
	case text := <-value:
		return text
	case <-time.After(time.Minute):
		t.Fatal("the output was never known")
		return ""
	}
}
