package cli

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pathwai/airflow-on-fargate/ops/internal/awstest"
)

// cluster is dev's services in moto, and what Pulumi's state says of them.
func cluster(t *testing.T) (*awstest.AWS, *awstest.Fleet) {
	t.Helper()
	a := awstest.Start(t)
	f := a.Fleet(t, "pathwai-airflow-dev-cluster")
	for _, image := range []string{"scheduler", "triggerer", "worker"} {
		f.Service("pathwai-airflow-dev-"+image, register(f, image, "a"))
	}
	return a, f
}

// register makes a revision of the service that runs an image.
func register(f *awstest.Fleet, image, digest string) string {
	return f.Register("pathwai-airflow-dev-"+image, image,
		awstest.Account+".dkr.ecr.us-east-1.amazonaws.com/pathwai-airflow-dev/"+image+"@sha256:"+strings.Repeat(digest, 64))
}

func TestRollBackAndDriftTakeWhatIsDeployed(t *testing.T) {
	h := newHome(t, map[string]string{"pulumi": fakePulumi, "make": inWorktree})
	first := h.git("rev-parse", "HEAD")
	second := h.commit("second")
	third := h.commit("third")
	_, fleet := cluster(t)
	for _, image := range []string{"scheduler", "triggerer", "worker"} {
		register(fleet, image, "b")
	}
	part := strings.Replace(historyEntry("succeeded", third, "c"), `"environment": {}`, `"environment": {"pulumi.flag.target": "set"}`, 1)
	destroyed := strings.Replace(historyEntry("succeeded", third, "c"), `"kind": "update"`, `"kind": "destroy"`, 1)

	for name, test := range map[string]struct {
		updates []string
		back    string // the commit and digest of roll-back
		now     string // of drift
	}{
		"the last update succeeded": {[]string{historyEntry("succeeded", second, "b"), historyEntry("succeeded", first, "a")}, first + ", web a", second + ", web b"},
		"the last update failed":    {[]string{historyEntry("failed", second, "b"), historyEntry("succeeded", first, "a")}, first + ", web a", first + ", web a"},
		"deployed twice":            {[]string{historyEntry("succeeded", second, "b"), historyEntry("succeeded", second, "b"), historyEntry("succeeded", first, "a")}, first + ", web a", second + ", web b"},
		"other digests only":        {[]string{historyEntry("succeeded", second, "b"), historyEntry("succeeded", second, "a")}, second + ", web a", second + ", web b"},
		"parts and destroys":        {[]string{part, destroyed, historyEntry("succeeded", second, "b"), part, historyEntry("succeeded", first, "a")}, first + ", web a", second + ", web b"},
		"the first deployment":      {[]string{historyEntry("failed", second, "b")}, "", ""},
		"one deployment":            {[]string{historyEntry("succeeded", second, "b")}, "", second + ", web b"},
	} {
		t.Run(name, func(t *testing.T) {
			h.t = t
			h.setHistory(test.updates...)
			h.setState(fleet.State())
			back := h.ops("roll-back", "dev")
			if test.back == "" {
				assert.Equal(t, ExitNothing, back.code)
				assert.Equal(t, "ops: dev has no earlier update that succeeded: no deployment\n", back.said)
				assert.Empty(t, back.called)
			} else {
				require.Equal(t, 0, back.code, back.said)
				assert.Equal(t, "make up STACK=dev CLOUD=aws ARGS=--yes --non-interactive at "+test.back+"\n", back.called)
				assert.Contains(t, back.out, "pathwai-airflow-dev-scheduler 1/1 pathwai-airflow-dev-scheduler:1 COMPLETED\n")
			}
			drift := h.ops("drift", "dev", "--", "--diff")
			if test.now == "" {
				assert.Equal(t, ExitNothing, drift.code)
				assert.Equal(t, "ops: dev has no update that succeeded: no deployment\n", drift.said)
				assert.Empty(t, drift.called)
			} else {
				require.Equal(t, 0, drift.code, drift.said)
				assert.Equal(t, "pulumi preview --refresh --expect-no-changes --non-interactive --diff --stack dev at "+test.now+"\n", drift.called)
			}
			h.untouched()
		})
	}

	t.Run("saved before the update", func(t *testing.T) {
		h.t = t
		h.setHistory(historyEntry("succeeded", first, "a"))
		saved := h.ops("deployed", "dev")
		require.Equal(t, 0, saved.code, saved.said)
		h.write("bin/deployed.txt", saved.out, 0o644)
		h.setHistory(historyEntry("succeeded", third, "c"), historyEntry("succeeded", second, "b"), historyEntry("succeeded", first, "a"))
		back := h.ops("roll-back", "dev", "--to", "bin/deployed.txt")
		require.Equal(t, 0, back.code, back.said)
		assert.Equal(t, "make up STACK=dev CLOUD=aws ARGS=--yes --non-interactive at "+first+", web a\n", back.called)
	})
	t.Run("no commit is said", func(t *testing.T) {
		h.t = t
		h.setHistory(historyEntry("succeeded", "unknown", "a"))
		drift := h.ops("drift", "dev")
		assert.Equal(t, ExitFailure, drift.code)
		assert.Contains(t, drift.said, "the update of dev at then doesn't say its commit (make up does)")
	})
	t.Run("a commit that isn't here", func(t *testing.T) {
		h.t = t
		h.setHistory(historyEntry("succeeded", strings.Repeat("0", 40), "a"))
		drift := h.ops("drift", "dev")
		assert.Equal(t, ExitNothing, drift.code)
		assert.Contains(t, drift.said, "isn't in this clone, git fetch --unshallow gets it")
	})
	t.Run("make up fails", func(t *testing.T) {
		h.t = t
		h.setHistory(historyEntry("failed", second, "b"), historyEntry("succeeded", first, "a"))
		h.write("bin/make", "#!/bin/sh\necho no capacity\nexit 2\n", 0o755)
		back := h.ops("roll-back", "dev")
		h.write("bin/make", "#!/usr/bin/env bash\n"+inWorktree+"\n", 0o755)
		assert.Equal(t, ExitFailure, back.code)
		assert.Contains(t, back.said, "no capacity\nops: what was changed by then stays so: make up STACK=dev")
		assert.Contains(t, back.said, "\nagain: make roll-back STACK=dev CLOUD=aws BACK_TO=bin/back-to-dev.txt\n")

		// By then the history leads to what it came from; the file doesn't.
		h.setHistory(historyEntry("failed", first, "a"), historyEntry("succeeded", second, "b"), historyEntry("succeeded", first, "a"))
		again := h.ops("roll-back", "dev", "--to", "bin/back-to-dev.txt")
		assert.Contains(t, again.called, "make up STACK=dev CLOUD=aws ARGS=--yes --non-interactive at "+first+", web a")
		h.setHistory(historyEntry("failed", second, "b"), historyEntry("succeeded", first, "a"))
		assert.Empty(t, back.out)
		h.untouched()
	})
	t.Run("the old revision is taken back, too", func(t *testing.T) {
		h.t = t
		fleet.Move("pathwai-airflow-dev-triggerer", strings.TrimSuffix(register(fleet, "triggerer", "b"), ":3")+":2")
		h.setState(fleet.State())
		back := h.ops("roll-back", "dev")
		assert.Equal(t, ExitNotAsked, back.code)
		assert.Contains(t, back.said, "ops: not what was asked for:\npathwai-airflow-dev-triggerer runs pathwai-airflow-dev-triggerer:2, and pathwai-airflow-dev-triggerer:1 was asked for")
		assert.Empty(t, back.out)
	})
	t.Run("the old digests aren't what runs", func(t *testing.T) {
		h.t = t
		h.setHistory(historyEntry("failed", second, "b"), historyEntry("succeeded", first, "c"))
		back := h.ops("roll-back", "dev")
		assert.Equal(t, ExitNotAsked, back.code)
		assert.Contains(t, back.said, "of pathwai-airflow-dev-worker:1, as Pulumi made it, has the image worker@sha256:aaa")
	})
}

func TestDeployedTellsWhatRuns(t *testing.T) {
	h := newHome(t, map[string]string{"pulumi": fakePulumi})
	commit := strings.Repeat("5", 40)
	entry := strings.Replace(historyEntry("succeeded", "", "a"), `"message": "commit "`, `"message": "by hand"`, 1)
	entry = strings.Replace(entry, `"environment": {}`, `"environment": {"git.head": "`+commit+`"}`, 1)
	none := `{"kind": "update", "result": "succeeded", "message": "commit ` + commit + `", "startTime": "then", "config": {}}`
	lines := "commit " + commit + "\n"
	for _, image := range []string{"agent", "dag-processor", "scheduler", "triggerer", "web", "worker"} {
		lines += image + " sha256:" + strings.Repeat("a", 64) + "\n"
	}
	for name, test := range map[string]struct {
		updates   []string
		args      []string
		code      int
		out, says string
	}{
		"a commit, and images by name":  {[]string{entry}, nil, 0, lines, ""},
		"images that Pulumi built":      {[]string{none}, nil, 0, "commit " + commit + "\n", ""},
		"as JSON":                       {[]string{none}, []string{"--output", "json"}, 0, "{\n  \"commit\": \"" + commit + "\",\n  \"digests\": null\n}\n", ""},
		"before it":                     {[]string{none, entry}, []string{"--before"}, 0, lines, ""},
		"nothing yet":                   {nil, nil, 0, "", "dev has no update that succeeded"},
		"nothing yet, as JSON":          {nil, []string{"--output", "json"}, 0, "null\n", ""},
		"nothing before":                {[]string{entry}, []string{"--before"}, 0, "", "dev has no earlier update that succeeded"},
		"a history that is no history":  {[]string{"oops"}, nil, ExitFailure, "", "the history of dev: invalid character"},
		"settings that are no settings": {[]string{strings.Replace(entry, `"{\"digests`, `"\"digests`, 1)}, nil, ExitFailure, "", "the update of dev at then: airflow:images: "},
		"two stacks":                    {nil, []string{"prod"}, ExitUsage, "", "which stack?"},
	} {
		t.Run(name, func(t *testing.T) {
			h.t = t
			h.setHistory(test.updates...)
			got := h.ops(append([]string{"deployed", "dev"}, test.args...)...)
			assert.Equal(t, test.code, got.code, got.said)
			assert.Equal(t, test.out, got.out)
			assert.Contains(t, got.said, test.says)
		})
	}
	t.Run("Pulumi refuses", func(t *testing.T) {
		h.t = t
		require.NoError(t, os.Remove(os.Getenv("HISTORY")))
		got := h.ops("deployed", "dev")
		assert.Equal(t, ExitFailure, got.code)
		assert.Contains(t, got.said, "ops: scripts/pulumi dev stack history --json --page-size 100: exit status 1: cat: ")
	})
}

func TestDriftIsNotAFailure(t *testing.T) {
	h := newHome(t, map[string]string{"pulumi": fakePulumi})
	h.setHistory(historyEntry("succeeded", h.git("rev-parse", "HEAD"), "a"))
	for ends, code := range map[string]int{"0": 0, "7": ExitNotAsked, "1": ExitFailure, "255": ExitFailure} {
		t.Setenv("PULUMI_ENDS", ends)
		got := h.ops("drift", "dev")
		assert.Equal(t, code, got.code, got.said)
		assert.Equal(t, ends == "7", strings.Contains(got.said, "dev was changed by another hand"), got.said)
		h.untouched()
	}
}

func TestTheCommentComesThoughThePlanFails(t *testing.T) {
	h := newHome(t, map[string]string{
		"pulumi": `if [[ $* == *" preview "* ]]; then printf 'é%.0s\n' $(seq 40000); echo "$PULUMI_BACKEND_URL $CLOUD ${AWS_ACCESS_KEY_ID-}" >>"$CALLS"; echo the end; exit "$PULUMI_ENDS"; fi
case "$*" in *" up "*) echo "made $(cat change.txt)" >>"$CALLS" ;; esac`,
		"make": `true`,
		"gh":   `echo "gh $1 $2 $3 $4" >>"$CALLS"; cat "$5" >"$COMMENT"; exit "${GH_ENDS:-0}"`,
	})
	h.commit("second")
	comment := filepath.Join(t.TempDir(), "comment.md")
	t.Setenv("COMMENT", comment)
	got := h.ops("plan-comment", "dev", "--base", "HEAD~1")
	assert.Equal(t, ExitUsage, got.code)
	assert.Contains(t, got.said, "PULL_REQUEST is not set")
	t.Setenv("PULL_REQUEST", "42")
	t.Setenv("PULUMI_ENDS", "1")
	got = h.ops("plan-comment", "dev", "--base", "HEAD~1")
	assert.Equal(t, ExitFailure, got.code, got.said)
	assert.Regexp(t, "^made first\nfile:///.*/sim/state sim \ngh pr comment 42 --body-file\n$", got.called, "the base's stack, then the plan upon it, without AWS")
	text, err := os.ReadFile(comment)
	require.NoError(t, err)
	assert.Regexp(t, "^### Plan of dev, simulated \\(exit 1\\)\n\n```\n(?:é\n|\n)", string(text))
	assert.True(t, strings.HasSuffix(string(text), "é\nthe end\n```\n"))
	assert.Less(t, len(text), 65536)
	t.Setenv("PULUMI_ENDS", "0")
	t.Setenv("GH_ENDS", "1")
	got = h.ops("plan-comment", "dev", "--base", "HEAD~1")
	assert.Equal(t, ExitFailure, got.code)
	assert.Contains(t, got.said, "ops: gh pr comment 42 --body-file ")
	got = h.ops("plan-comment", "dev", "--base", "elsewhere")
	assert.Equal(t, ExitFailure, got.code)
	assert.Contains(t, got.said, "base-state: there is no commit elsewhere in this clone\n")
	assert.NotContains(t, got.called, "gh ")
	h.untouched()
}

func TestWhatToGoBackToIsChecked(t *testing.T) {
	h := newHome(t, map[string]string{"pulumi": fakePulumi, "make": inWorktree})
	for text, test := range map[string]struct {
		code int
		says string
	}{
		"":                             {ExitNothing, `no line says "commit SHA": no deployment`},
		"commit main\nweb latest\nwhy": {ExitUsage, "line 1 is \"commit main\": one \"commit SHA\", and \"IMAGE sha256:<64 hex digits>\" once an image\nline 2 is \"web latest\""},
	} {
		h.write("bin/back.txt", text, 0o644)
		got := h.ops("roll-back", "dev", "--to", "bin/back.txt")
		assert.Equal(t, test.code, got.code)
		assert.Contains(t, got.said, test.says)
		assert.Empty(t, got.called)
	}
	got := h.ops("roll-back", "dev", "--to", "nowhere.txt")
	assert.Equal(t, ExitUsage, got.code)
	assert.Contains(t, got.said, "no such file")
	got = h.ops("roll-back", "dev", "--timeout", "-1s")
	assert.Equal(t, ExitUsage, got.code)
	assert.Contains(t, got.said, "--timeout is -1s: more than nothing, such as 45m")

	h.write("bin/back.txt", "commit "+h.git("rev-parse", "HEAD")+"\nnginx sha256:"+strings.Repeat("a", 64)+"\n", 0o644)
	got = h.ops("roll-back", "dev", "--to", "bin/back.txt")
	assert.Equal(t, ExitFailure, got.code)
	assert.Contains(t, got.said, `has no image "nginx"`)
	assert.Empty(t, got.called, "nothing was deployed")
	h.untouched()
}

// An interrupt reaches what runs once, which ends in its own time; then the
// work tree is removed.
func TestAnInterruptLeavesNoWorkTree(t *testing.T) {
	h := newHome(t, map[string]string{
		"pulumi": fakePulumi,
		"make":   `trap 'echo "interrupted, and tidy" >>"$CALLS"; kill $!; exit 130' INT; pwd >"$CALLS"; sleep 60 & wait`,
	})
	h.setHistory(historyEntry("failed", h.git("rev-parse", "HEAD"), "b"), historyEntry("succeeded", h.git("rev-parse", "HEAD"), "a"))
	h.setState([]byte(`{"deployment": {"resources": []}}`)) // no line of Airflow runs that is newer
	ctx, stop := context.WithCancel(t.Context())
	folder := make(chan string, 1)
	go func() {
		defer stop()
		for ctx.Err() == nil { // until make runs, or the test has ended
			if called, _ := os.ReadFile(h.calls); len(called) > 0 {
				folder <- strings.TrimSpace(string(called))
				return
			}
			time.Sleep(10 * time.Millisecond)
		}
	}()
	got := h.opsUntil(ctx, "roll-back", "dev")
	require.Equal(t, ExitInterrupted, got.code, got.said)
	assert.Equal(t, 1, strings.Count(got.called, "interrupted, and tidy"), got.called)
	assert.Contains(t, got.said, "ops: interrupted: what was changed by then stays so")
	assert.NoDirExists(t, <-folder)
	h.untouched()
}

// deaf is standard error after its reader has gone.
type deaf struct{}

func (deaf) Write([]byte) (int, error) { return 0, syscall.EPIPE }

// Where nobody hears what is going on any more, nothing is begun, and all is put away.
func TestNobodyListens(t *testing.T) {
	h := newHome(t, map[string]string{"pulumi": fakePulumi})
	h.setHistory(historyEntry("succeeded", h.git("rev-parse", "HEAD"), "a"))
	require.NoError(t, os.WriteFile(h.calls, nil, 0o600))
	code := Run(t.Context(), []string{"drift", "dev"}, Streams{Out: deaf{}, Err: deaf{}, Root: h.folder, Getenv: os.Getenv})
	assert.Equal(t, ExitInterrupted, code)
	called, err := os.ReadFile(h.calls)
	require.NoError(t, err)
	assert.Empty(t, string(called))
	h.untouched()
}
