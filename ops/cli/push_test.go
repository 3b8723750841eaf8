package cli

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsconfig "github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pathwai/airflow-on-fargate/ops/internal/awstest"
)

// dagBucket makes the bucket of dev's DAGs.
func dagBucket(t *testing.T) *s3.Client {
	t.Helper()
	cfg, err := awsconfig.LoadDefaultConfig(t.Context())
	require.NoError(t, err)
	client := s3.NewFromConfig(cfg)
	_, err = client.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: aws.String("pathwai-airflow3-dags")})
	require.NoError(t, err)
	return client
}

func TestPush(t *testing.T) {
	awstest.Start(t)
	client := dagBucket(t)
	h := newHome(t, map[string]string{"make": inWorktree, "pulumi": fakePulumi})
	h.setHistory() // nothing runs yet
	h.write("dags/a.py", "1", 0o644)
	h.write("dags/query.sql", "1", 0o644)
	h.write("plugins/mine.py", "1", 0o644)
	pushed := h.ops("push", "dev", "--redeploy", "--output", "json")
	require.Equal(t, 0, pushed.code, pushed.said)
	var results map[string]map[string][]string
	require.NoError(t, json.Unmarshal([]byte(pushed.out), &results))
	assert.Equal(t, map[string]map[string][]string{
		"dags": {"changed": {"a.py", "query.sql"}, "removed": {}}, "plugins": {"changed": {"mine.py"}, "removed": {}},
	}, results)
	assert.Contains(t, pushed.said, "set URL, SMOKE_USER and SMOKE_PASSWORD")
	listed, err := client.ListObjectsV2(t.Context(), &s3.ListObjectsV2Input{Bucket: aws.String("pathwai-airflow3-dags")})
	require.NoError(t, err)
	var keys []string
	for _, object := range listed.Contents {
		keys = append(keys, aws.ToString(object.Key))
	}
	assert.Equal(t, []string{"dev-plugins/.airflow-release", "dev-plugins/mine.py", "dev/.airflow-release", "dev/a.py", "dev/query.sql"}, keys)

	t.Setenv("URL", "https://127.0.0.1:1/")
	t.Setenv("SMOKE_USER", "ann")
	t.Setenv("SMOKE_PASSWORD", "right")
	h.write("dags/a.py", "2", 0o644)
	h.write("dags/query.sql", "2", 0o644)
	pushed = h.ops("push", "dev")
	require.Equal(t, 10, pushed.code, pushed.said) // the smoke test's first hop
	assert.Contains(t, pushed.said, "push: 2 pushed and 0 removed in dags/")
	assert.Contains(t, pushed.said, "network")
}

// A plugin that nobody loads is no release: it is refused, or every task is replaced.
func TestPushOfPluginsReplacesTasks(t *testing.T) {
	moto, fleet := cluster(t)
	client := dagBucket(t)
	h := newHome(t, map[string]string{"pulumi": fakePulumi})
	h.setHistory(historyEntry("succeeded", strings.Repeat("5", 40), "a"))
	h.setState(fleet.State())
	updates := func() int {
		return strings.Count(strings.Join(moto.Calls(), "\n"), "V20141113.UpdateService")
	}
	h.write("dags/a.py", "1", 0o644)
	h.write("plugins/mine.py", "1", 0o644)
	pushed := h.ops("push", "dev")
	assert.Equal(t, ExitUsage, pushed.code)
	assert.Contains(t, pushed.said, "ops: plugins/ differs from the bucket's (changed or removed: 1): Airflow loads plugins when its processes start")
	listed, err := client.ListObjectsV2(t.Context(), &s3.ListObjectsV2Input{Bucket: aws.String("pathwai-airflow3-dags")})
	require.NoError(t, err)
	assert.Empty(t, listed.Contents, "nothing was pushed, of the DAGs neither")
	assert.Zero(t, updates())

	pushed = h.ops("push", "dev", "--redeploy")
	require.Equal(t, 0, pushed.code, pushed.said)
	assert.Equal(t, 3, updates())
	assert.Contains(t, pushed.said, "pathwai-airflow-dev-scheduler: new tasks of pathwai-airflow-dev-scheduler:1\n")

	h.write("dags/a.py", "2", 0o644)
	for _, args := range [][]string{{"push", "dev"}, {"push", "dev", "--redeploy"}} {
		pushed = h.ops(args...)
		require.Equal(t, 0, pushed.code, pushed.said)
		assert.Equal(t, 3, updates(), "no plugin changed")
	}

	h.write("plugins/mine.py", "2", 0o644)
	moto.Fail("V20141113.UpdateService", 1, 400, "AccessDeniedException")
	pushed = h.ops("push", "dev", "--redeploy")
	assert.Equal(t, ExitFailure, pushed.code)
	assert.Contains(t, pushed.said, "ops: the push is complete, and its plugins aren't loaded everywhere: ops redeploy dev loads them: pathwai-airflow-dev-scheduler: operation error ECS: UpdateService")
}

func TestPushFails(t *testing.T) {
	moto := awstest.Start(t)
	dagBucket(t)
	h := newHome(t, nil)
	pushed := h.ops("push", "dev")
	require.Equal(t, ExitFailure, pushed.code)
	require.Contains(t, pushed.said, "dags: no such file or directory")
	h.write("dags/a.py", "1", 0o644)
	moto.On("PUT /pathwai-airflow3-dags/dev/.airflow-release", 1, func() { moto.Fail("PUT /pathwai-airflow3-dags/dev/a.py", 1, 403, "AccessDenied") })
	pushed = h.ops("push", "dev")
	require.Equal(t, ExitFailure, pushed.code)
	require.Contains(t, pushed.said, "the push is half done: readers stay on the release before it")
}

// A release of forty modules, uploaded in two seconds and more while dagsync
// looks every 50 ms: its reader sees the old release or the new one, each whole.
func TestPushIsPublishedOnceAndWhole(t *testing.T) {
	moto := awstest.Start(t)
	dagBucket(t)
	h := newHome(t, nil)
	write := func(release string) {
		for i := range 40 {
			h.write(fmt.Sprintf("dags/pkg/m%02d.py", i), release, 0o644)
		}
	}
	push := func() {
		pushed := h.ops("push", "dev")
		require.Equal(t, 0, pushed.code, pushed.said)
	}
	write("1")
	push()

	agent := filepath.Join(t.TempDir(), "airflow-agent")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", agent, ".")
	build.Dir = "../../agent"
	printed, err := build.CombinedOutput()
	require.NoError(t, err, string(printed))
	target := filepath.Join(t.TempDir(), "sync", "dags")
	dagsync := exec.Command(agent, "dagsync", "--source", "s3://pathwai-airflow3-dags/dev/", "--target", target, "--interval", "50ms", "--listen", "127.0.0.1:0")
	dagsync.Env = append(os.Environ(), "AWS_ENDPOINT_URL="+moto.URL, "AWS_S3_USE_PATH_STYLE=true")
	log, err := os.Create(filepath.Join(t.TempDir(), "log"))
	require.NoError(t, err)
	dagsync.Stderr = log
	require.NoError(t, dagsync.Start())
	t.Cleanup(func() { _ = dagsync.Process.Signal(os.Interrupt); _ = dagsync.Wait() })
	logged := func() string { text, _ := os.ReadFile(log.Name()); return string(text) }
	require.Eventually(t, func() bool { return look(t, target) == "1 × 40" }, 2*time.Minute, 10*time.Millisecond, logged)

	seen, reader, stop := map[string]int{}, make(chan struct{}), atomic.Bool{}
	go func() {
		defer close(reader)
		for !stop.Load() {
			seen[look(t, target)]++
		}
	}()
	moto.On("PUT /pathwai-airflow3-dags/dev/pkg/", 40, func() { time.Sleep(time.Second) }) // sixteen at a time
	write("2")
	push()
	require.Eventually(t, func() bool { return look(t, target) == "2 × 40" }, 2*time.Minute, 10*time.Millisecond, logged)
	stop.Store(true)
	<-reader
	seen[look(t, target)]++ // it may have stopped before its first look at the new one
	require.Len(t, seen, 2, "%v", seen)
	require.Positive(t, seen["1 × 40"])
	require.Positive(t, seen["2 × 40"])
}

// look tells what a reader finds below one resolved path: how many files of which release.
func look(t *testing.T, target string) string {
	root, err := filepath.EvalSymlinks(target)
	if err != nil {
		return err.Error()
	}
	counts := map[string]int{}
	err = filepath.WalkDir(root, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := os.ReadFile(name)
		counts[string(text)]++
		return err
	})
	if err != nil {
		return err.Error()
	}
	var list []string
	for _, release := range []string{"1", "2"} {
		if counts[release] > 0 {
			list = append(list, fmt.Sprintf("%s × %d", release, counts[release]))
		}
	}
	return strings.Join(list, ", ")
}
