package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsconfig "github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pathwai/airflow-on-fargate/config"
	"github.com/pathwai/airflow-on-fargate/ops/images"
	"github.com/pathwai/airflow-on-fargate/ops/internal/awstest"
	"github.com/pathwai/airflow-on-fargate/ops/stack"
)

const registry = awstest.Account + ".dkr.ecr.us-east-1.amazonaws.com/pathwai-airflow-"

// fakeDocker has an engine, tells the digest of what it pushed, and fails at $BREAKS.
// What it copies is in moto, with the digest $WRAPS if that is set.
const fakeDocker = `echo "docker $*" >>"$CALLS"
if [ -n "${BREAKS:-}" ]; then case "$*" in *"$BREAKS"*) echo "the network was away"; exit 1 ;; esac; fi
case "$*" in *imagetools*)
	python3 - "$5" "${WRAPS:-${6#*@}}" <<'PY'
import json, os, sys, urllib.request
name, tag = sys.argv[1].split("/", 1)[1].rsplit(":", 1)
image = {"repositoryName": name, "imageTag": tag, "imageDigest": sys.argv[2], "imageManifest": json.dumps({"mediaType": "x", "of": sys.argv[2]})}
urllib.request.urlopen(urllib.request.Request(os.environ["AWS_ENDPOINT_URL"], json.dumps(image).encode(), {
    "X-Amz-Target": "AmazonEC2ContainerRegistry_V20150921.PutImage", "Content-Type": "application/x-amz-json-1.1",
    "Authorization": "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/ecr/aws4_request, SignedHeaders=host, Signature=x"}))
PY
esac
while [ $# -gt 0 ]; do
    if [ "$1" = --metadata-file ]; then echo "${METADATA:-{\"containerimage.digest\": \"sha256:` + bbb + `\"\}}" >"$2"; fi
    shift
done`

const bbb = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

// repositories are ECR's in moto.
type repositories struct {
	t   *testing.T
	ecr *ecr.Client
}

func newRepositories(t *testing.T, stacks ...string) *repositories {
	t.Helper()
	cfg, err := awsconfig.LoadDefaultConfig(t.Context())
	require.NoError(t, err)
	r := &repositories{t, ecr.NewFromConfig(cfg)}
	for _, name := range stacks {
		for _, image := range config.ImageNames {
			_, err := r.ecr.CreateRepository(t.Context(), &ecr.CreateRepositoryInput{RepositoryName: aws.String("pathwai-airflow-" + name + "/" + image)})
			require.NoError(t, err)
		}
	}
	return r
}

// put pushes an image, or an index of images: architecture to digest.
func (r *repositories) put(repository, digest, tag string, index map[string]string) {
	r.t.Helper()
	kind, text := "application/vnd.oci.image.manifest.v1+json", `{"config": {"size": 412345678}, "layers": [{"digest": "`+digest+`"}]}`
	if index != nil {
		kind = "application/vnd.oci.image.index.v1+json"
		parts := []string{`{"digest": "sha256:0", "platform": {"os": "unknown", "architecture": "unknown"}}`}
		for architecture, of := range index {
			parts = append(parts, fmt.Sprintf(`{"digest": %q, "platform": {"os": "linux", "architecture": %q}}`, of, architecture))
		}
		text = `{"manifests": [` + strings.Join(parts, ",") + `]}`
	}
	in := &ecr.PutImageInput{
		RepositoryName: aws.String("pathwai-airflow-" + repository), ImageManifest: aws.String(text), ImageManifestMediaType: aws.String(kind), ImageDigest: aws.String(digest),
	}
	if tag != "" {
		in.ImageTag = aws.String(tag)
	}
	_, err := r.ecr.PutImage(r.t.Context(), in)
	require.NoError(r.t, err)
}

func digestOf(character string) string { return "sha256:" + strings.Repeat(character, 64) }

func TestPushTakesTagsThatExist(t *testing.T) {
	h := newHome(t, map[string]string{"docker": fakeDocker})
	moto := awstest.Start(t)
	r := newRepositories(t, "dev")
	r.put("dev/web", digestOf("a"), "tag1", nil)

	got := h.ops("images", "push", "dev", "web", "agent", "--tag", "tag1")
	require.Equal(t, 0, got.code, got.said)
	assert.Equal(t, "agent "+digestOf("b")+"\nweb "+digestOf("a")+"\n", got.out)
	assert.Contains(t, got.said, "images: web:tag1 is in the repository already\nimages: agent for linux/arm64\n")
	assert.Regexp(t, `docker buildx version\ndocker info\ndocker buildx build --platform linux/arm64 --tag `+registry+
		`dev/agent:tag1 --file docker/agent/Dockerfile --build-arg VERSION=tag1 --push --provenance=mode=max --sbom=true --metadata-file \S+ \.\n$`, got.called)

	moto.Fail("DescribeImages", 1, 400, "ThrottlingException")
	got = h.ops("images", "push", "dev", "web", "--tag", "tag1", "--output", "json")
	require.Equal(t, 0, got.code, got.said)
	assert.JSONEq(t, `{"web": "`+digestOf("a")+`"}`, got.out)

	moto.Fail("DescribeImages", 1, 400, "AccessDeniedException")
	got = h.ops("images", "push", "dev", "web", "--tag", "tag1")
	assert.Equal(t, ExitFailure, got.code)
	assert.Contains(t, got.said, "AccessDenied")
	assert.NotContains(t, got.called, "buildx build")

	t.Run("by default all, under the commit", func(t *testing.T) {
		h.t = t
		got := h.ops("images", "push", "dev")
		require.Equal(t, 0, got.code, got.said)
		assert.Equal(t, 6, strings.Count(got.called, ":"+h.git("rev-parse", "--short=12", "HEAD")+" --file"), got.called)
	})
	t.Run("half of them", func(t *testing.T) {
		h.t = t
		t.Setenv("BREAKS", "dev/agent:")
		got := h.ops("images", "push", "dev", "web", "agent", "--tag", "tag1")
		assert.Equal(t, ExitFailure, got.code)
		assert.Empty(t, got.out, "what a pipeline reads is whole or nothing")
		assert.Contains(t, got.said, "the network was away\nops: 1 of 2 images are in the repositories, and the same command takes them as they are: docker buildx build")
	})
	h.t = t
	for metadata, says := range map[string]string{"{}": `docker told the digest "" of agent: sha256: and 64 hex digits`, "no": "what docker told of agent: invalid character"} {
		t.Setenv("METADATA", metadata)
		got := h.ops("images", "push", "dev", "agent", "--tag", "tag1")
		assert.Equal(t, ExitFailure, got.code)
		assert.Contains(t, got.said, says)
	}
	ctx, stop := context.WithCancel(t.Context())
	moto.On("DescribeImages", 1, stop)
	got = h.opsUntil(ctx, "images", "push", "dev", "web", "--tag", "tag1")
	assert.Equal(t, ExitInterrupted, got.code)
	assert.Contains(t, got.said, "ops: interrupted: 0 of 1 images are in the repositories")
}

func TestBuildNeedsDockerAndNoAWS(t *testing.T) {
	h := newHome(t, map[string]string{"docker": fakeDocker})
	got := h.ops("images", "build", "dev", "web", "--registry", "local", "--prefix", "airflow", "--tag", "pr")
	require.Equal(t, 0, got.code, got.said)
	assert.Contains(t, got.called, "docker buildx build --platform linux/arm64 --tag local/airflow/web:pr --file docker/airflow/Dockerfile --build-arg AIRFLOW=3.1 --target web --load docker/airflow\n")
	got = h.ops("images", "build", "dev", "agent", "--tag", "pr")
	require.Equal(t, 0, got.code, got.said)
	assert.Contains(t, got.called, "--tag "+registry+"dev/agent:pr ")

	got = h.ops("images", "build", "dev", "wbe")
	assert.Equal(t, ExitUsage, got.code)
	assert.Equal(t, "ops: there is no image \"wbe\": web scheduler worker dag-processor triggerer agent\n", got.said)
	got = h.ops("images", "biuld", "dev")
	assert.Equal(t, ExitUsage, got.code)
	assert.Equal(t, "ops: there is no command \"images biuld\": build, push, keep or facts\n", got.said)
	for _, lack := range []string{"buildx version", "info"} {
		t.Setenv("BREAKS", lack)
		got = h.ops("images", "build", "dev", "web", "--tag", "pr")
		assert.Equal(t, ExitNothing, got.code)
		assert.Contains(t, got.said, "ops: no Docker engine with buildx answers here; the images are built where one does, or by the deploy workflow\n")
		assert.NotContains(t, got.called, "buildx build")
	}
}

// TestBuildsFindTheirSources: each Dockerfile gets a context that holds what it copies.
func TestBuildsFindTheirSources(t *testing.T) {
	h := newHome(t, map[string]string{"docker": fakeDocker})
	got := h.ops("images", "build", "dev", "web", "agent", "--tag", "tag")
	require.Equal(t, 0, got.code, got.said)
	builds := regexp.MustCompile(`(?m)^docker buildx build .*--file (\S+) .* (\S+)$`).FindAllStringSubmatch(got.called, -1)
	require.Len(t, builds, 2, got.called)
	for _, build := range builds {
		dockerfile, folder := filepath.Join("../..", build[1]), filepath.Join("../..", build[2])
		ignore := dockerfile + ".dockerignore"
		if _, err := os.Stat(ignore); err != nil {
			ignore = filepath.Join(folder, ".dockerignore")
		}
		rules, err := os.ReadFile(ignore)
		require.NoError(t, err)
		letIn := regexp.MustCompile(`(?m)^!(\S+)$`).FindAllStringSubmatch(string(rules), -1)
		text, err := os.ReadFile(dockerfile)
		require.NoError(t, err)
		copies := regexp.MustCompile(`(?m)^COPY ([^-].*) \S+$`).FindAllStringSubmatch(string(text), -1)
		require.NotEmpty(t, copies)
		for _, copied := range copies {
			for _, source := range strings.Fields(copied[1]) {
				source = strings.ReplaceAll(source, "${AIRFLOW}", "3.1") // the line of dev, which the build was told
				assert.True(t, exists(filepath.Join(folder, source)), "%s: %s is not in %s", dockerfile, source, folder)
				in := false
				for _, name := range letIn {
					matched, err := filepath.Match(name[1], source)
					require.NoError(t, err)
					in = in || matched || strings.HasPrefix(source, name[1]+"/")
				}
				assert.True(t, in, "%s keeps %s out", ignore, source)
			}
		}
	}
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

func TestPromoteGoesOnWhereItStopped(t *testing.T) {
	h := newHome(t, map[string]string{"docker": fakeDocker})
	moto := awstest.Start(t)
	r := newRepositories(t, "prod")
	tag := h.git("rev-parse", "--short=12", "HEAD")
	prod, err := stack.Load(h.folder, "prod")
	require.NoError(t, err)
	r.put("prod/web", prod.Images.Digests["web"], tag, nil)

	t.Setenv("BREAKS", "prod/dag-processor:") // the fourth of six
	got := h.ops("promote", "dev", "prod")
	assert.Equal(t, ExitFailure, got.code)
	assert.Empty(t, got.out)
	assert.Contains(t, got.said, "ops: 3 of 6 images are in prod's repositories, and the same command goes on from there: docker buildx imagetools create")
	assert.Contains(t, got.called, "docker buildx imagetools create --tag "+registry+"prod/worker:"+tag+" "+registry+"dev/worker@"+prod.Images.Digests["worker"]+"\n")
	assert.NotContains(t, got.called, "prod/web")
	assert.NotContains(t, got.called, "prod/triggerer")

	t.Setenv("BREAKS", "")
	r.put("prod/dag-processor", prod.Images.Digests["dag-processor"], tag, nil) // its answer was lost
	moto.Fail("DescribeImages", 2, 400, "ThrottlingException")
	got = h.ops("promote", "dev", "prod", "--output", "json")
	require.Equal(t, 0, got.code, got.said)
	assert.Equal(t, 2, strings.Count(got.called, "imagetools create"), got.called)
	var copied []images.Copied
	require.NoError(t, json.Unmarshal([]byte(got.out), &copied))
	assert.Len(t, copied, 6)
	assert.Equal(t, images.Copied{Image: "web", Digest: prod.Images.Digests["web"], Already: true}, copied[0])
	assert.Equal(t, images.Copied{Image: "agent", Digest: prod.Images.Digests["agent"]}, copied[5])

	t.Run("a tag never moves", func(t *testing.T) {
		h.t, r.t = t, t
		r.put("prod/triggerer", digestOf("e"), tag, nil)
		r.put("prod/agent", digestOf("f"), tag, nil)
		got := h.ops("promote", "dev", "prod")
		assert.Equal(t, ExitFailure, got.code)
		for image, there := range map[string]string{"triggerer": digestOf("e"), "agent": digestOf("f")} {
			assert.Contains(t, got.said, image+":"+tag+" of prod is "+there+", and "+prod.Images.Digests[image]+" was asked for: deploy another commit, or delete the tag")
		}
		assert.NotContains(t, got.called, "imagetools", "nothing is copied")
	})
	t.Run("a digest never changes", func(t *testing.T) {
		h.t = t
		tag := h.commit("wrapped")[:12]
		t.Setenv("WRAPS", digestOf("f"))
		got := h.ops("promote", "dev", "prod")
		assert.Equal(t, ExitFailure, got.code)
		assert.Contains(t, got.said, "ops: 0 of 6 images are in prod's repositories, and the same command goes on from there: "+
			"web:"+tag+" became \""+digestOf("f")+"\", and "+prod.Images.Digests["web"]+" was asked for\n")
	})
	t.Run("other commits", func(t *testing.T) {
		h.t = t
		h.commit("second")
		t.Setenv("BREAKS", "info")
		got := h.ops("promote", "dev", "prod")
		assert.Equal(t, ExitNothing, got.code)
		moto.Fail("DescribeImages", 1, 400, "AccessDeniedException")
		got = h.ops("promote", "dev", "prod")
		assert.Equal(t, ExitFailure, got.code)
		assert.Contains(t, got.said, "ops: web:"+h.git("rev-parse", "--short=12", "HEAD")+": ")
		assert.Contains(t, got.said, "AccessDenied")
		ctx, stop := context.WithCancel(t.Context())
		moto.On("DescribeImages", 1, stop)
		got = h.opsUntil(ctx, "promote", "dev", "prod")
		assert.Equal(t, ExitInterrupted, got.code)
		assert.NotContains(t, got.called, "imagetools")
	})
	h.t = t
	got = h.ops("promote", "dev", "dev")
	assert.Equal(t, 0, got.code)
	assert.Equal(t, "promote: dev holds its images already\n", got.said)
	got = h.ops("promote", "dev")
	assert.Equal(t, ExitUsage, got.code)
	assert.Equal(t, "ops: two stacks are needed, such as: ops promote dev prod\n", got.said)
}

func TestFactsOfWhatTheStackRuns(t *testing.T) {
	h := newHome(t, nil)
	moto := awstest.Start(t)
	r := newRepositories(t, "dev")
	for image, index := range map[string]map[string]string{
		"web": {"arm64": digestOf("a"), "amd64": digestOf("b")}, "scheduler": {"amd64": digestOf("b")}, "worker": {"arm64": digestOf("c")},
	} {
		dev, err := stack.Load(h.folder, "dev")
		require.NoError(t, err)
		r.put("dev/"+image, dev.Images.Digests[image], "t", index)
	}
	r.put("dev/web", digestOf("a"), "", nil)
	r.put("dev/dag-processor", digestOf("4"), "t", nil)
	_, err := r.ecr.DeleteRepository(t.Context(), &ecr.DeleteRepositoryInput{RepositoryName: aws.String("pathwai-airflow-dev/agent")})
	require.NoError(t, err)
	moto.Edit("DescribeImages", func(answer map[string]any) { // moto scans nothing
		for _, detail := range answer["imageDetails"].([]any) {
			if detail := detail.(map[string]any); detail["imageDigest"] == digestOf("a") {
				detail["imageScanStatus"] = map[string]any{"status": "COMPLETE"}
				detail["imageScanFindingsSummary"] = map[string]any{"findingSeverityCounts": map[string]any{"HIGH": 2, "CRITICAL": 1}}
			}
		}
	})
	moto.Fail("BatchGetImage", 1, 400, "ThrottlingException")

	got := h.ops("images", "facts", "dev")
	assert.Equal(t, ExitNotAsked, got.code, got.said)
	lines := strings.Split(got.out, "\n")
	require.Len(t, lines, 7, got.out)
	assert.Regexp(t, `^web           sha256:1{64}  20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ  412 MB  (arm64,amd64|amd64,arm64)  scan COMPLETE CRITICAL=1 HIGH=2$`, lines[0])
	assert.Regexp(t, `^dag-processor sha256:4{64}  \S+Z  412 MB  architecture not told  scan NONE$`, lines[3])
	faults := []string{
		"scheduler@" + digestOf("2") + `: it is for ["amd64"], and the stack's tasks run on arm64`,
		"worker@" + digestOf("3") + ": it is an index whose image for arm64 isn't in the repository: " + digestOf("c"),
		"triggerer@" + digestOf("5") + ": the repository doesn't hold this digest",
		"agent@" + digestOf("6") + ": there is no repository pathwai-airflow-dev/agent",
	}
	assert.Equal(t, "ops: "+strings.Join(faults, "\n")+"\n", got.said)
	assert.Contains(t, lines[5], "RED: there is no repository")

	got = h.ops("images", "facts", "dev", "--output", "json")
	assert.Equal(t, ExitNotAsked, got.code, got.said)
	var all []images.Facts
	require.NoError(t, json.Unmarshal([]byte(got.out), &all), got.out)
	require.Len(t, all, 6)
	assert.Equal(t, map[string]int32{"HIGH": 2, "CRITICAL": 1}, all[0].Findings)
	assert.Empty(t, all[0].Fault)
	assert.Equal(t, int64(412345678), all[0].Bytes)

	moto.Fail("DescribeImages", 1, 400, "AccessDeniedException")
	got = h.ops("images", "facts", "dev")
	assert.Equal(t, ExitFailure, got.code)
	assert.Contains(t, got.said, "ops: web: ")
	assert.Empty(t, got.out)
	ctx, stop := context.WithCancel(t.Context())
	moto.On("BatchGetImage", 1, stop)
	assert.Equal(t, ExitInterrupted, h.opsUntil(ctx, "images", "facts", "dev").code)
}

func TestDigestsAreWrittenWholeOrNotAtAll(t *testing.T) {
	h := newHome(t, nil)
	in := func(text string, args ...string) (int, string) {
		t.Helper()
		var out, said strings.Builder
		code := Run(t.Context(), append([]string{"digests"}, args...), Streams{In: strings.NewReader(text), Out: &out, Err: &said, Root: h.folder, Getenv: os.Getenv})
		return code, said.String()
	}
	before, err := os.ReadFile(stack.File(h.folder, "dev"))
	require.NoError(t, err)
	code, said := in("web "+digestOf("a")+"\n\nnginx "+digestOf("b")+"\nweb "+digestOf("b")+"\nagent latest\nworker\n", "dev")
	assert.Equal(t, ExitUsage, code)
	assert.Equal(t, `ops: digests: line 3 is "nginx `+digestOf("b")+`": the images are web scheduler worker dag-processor triggerer agent
digests: line 4 is "web `+digestOf("b")+`": web has a line before
digests: line 5 is "agent latest": a digest is sha256: and 64 hex digits
digests: line 6 is "worker": an image and its digest, no less and no more
`, said)
	code, said = in("", "dev", "-")
	assert.Equal(t, ExitUsage, code)
	assert.Equal(t, "ops: digests: none were given; "+stack.File(h.folder, "dev")+" is as it was\n", said)
	code, said = in("", "nope")
	assert.Equal(t, ExitUsage, code)
	assert.Equal(t, "ops: there is no stack \"nope\": Pulumi.<stack>.yaml exists for dev prod (make init STACK=nope makes one)\n", said)
	code, said = in("", "dev", filepath.Join(h.folder, "none.txt"))
	assert.Equal(t, ExitUsage, code)
	assert.Contains(t, said, "no such file")
	after, err := os.ReadFile(stack.File(h.folder, "dev"))
	require.NoError(t, err)
	assert.Equal(t, string(before), string(after))

	code, said = in("", "dev", "--check")
	assert.Equal(t, ExitUsage, code)
	assert.Equal(t, "ops: Pulumi.dev.yaml still has the example digests, which no registry holds: write those of your images\n", said)
	lines := ""
	for i, image := range config.ImageNames {
		lines += fmt.Sprintf("%s sha256:%063d%d\n", image, 0, i+1)
	}
	h.write("digests.txt", lines, 0o644)
	code, said = in("", "dev", filepath.Join(h.folder, "digests.txt"))
	assert.Equal(t, 0, code)
	assert.Equal(t, "digests written into "+stack.File(h.folder, "dev")+": 6; review and commit it\n", said)
	code, said = in("", "dev", "--check")
	assert.Equal(t, 0, code, said)
	difference, err := exec.CommandContext(t.Context(), "git", "-C", h.folder, "diff", "--numstat", "Pulumi.dev.yaml").Output()
	require.NoError(t, err)
	assert.Equal(t, "6\t6\tPulumi.dev.yaml\n", string(difference))
}
