package cli

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pathwai/airflow-on-fargate/ops/internal/awstest"
	"github.com/pathwai/airflow-on-fargate/ops/stack"
)

// walk is a stack's life against moto: `go test ./cli -run Walkthrough -v`
// prints each command line and what it answers.
type walk struct {
	*home
	aws   *awstest.AWS
	fleet *awstest.Fleet
}

// step is one command line. A new command of ops gets one here.
type step struct {
	// what happens before it, in a sentence, and by do.
	what string
	do   func(w *walk)
	// ops is the command line, without ops.
	ops string
	// code is how it ends, and says a part of what it prints.
	code int
	says string
	// keep gets what it printed as its result.
	keep func(w *walk, out string)
}

func TestWalkthrough(t *testing.T) {
	w := &walk{home: newHome(t, map[string]string{"pulumi": fakePulumi, "make": inWorktree, "gh": `true`})}
	w.aws, w.fleet = cluster(t)
	t.Setenv("PULL_REQUEST", "42")
	first := w.git("rev-parse", "HEAD")
	second := w.commit("second")

	for _, s := range []step{
		{
			what: "the first commit is deployed, with images \"a\"",
			do: func(w *walk) {
				w.setHistory(historyEntry("succeeded", first, "a"))
				w.release("a")
			},
			ops: "setting dev images.digests.scheduler", says: "sha256:aaaa",
		},
		{ops: "deployed dev", says: "commit " + first, keep: func(w *walk, out string) { w.write("bin/deployed.txt", out, 0o644) }},
		{ops: "plan-comment dev"},
		{
			what: "make up deploys the second commit, with images \"b\"",
			do: func(w *walk) {
				w.setHistory(historyEntry("succeeded", second, "b"), historyEntry("succeeded", first, "a"))
				w.release("b")
			},
			ops: "stable dev", says: "pathwai-airflow-dev-triggerer 1/1 pathwai-airflow-dev-triggerer:3 COMPLETED",
		},
		{what: "plugins were pushed: processes must read them", ops: "redeploy dev", says: "pathwai-airflow-dev-scheduler: new tasks of pathwai-airflow-dev-scheduler:3"},
		{ops: "drift dev"},
		{
			what: "the stack's file has images \"d\", which nobody deployed",
			do:   func(w *walk) { w.setDigests("d") },
			ops:  "stable dev", code: ExitNotAsked, says: "as Pulumi made it, has the image worker@sha256:bbbb",
		},
		{ops: "redeploy dev", code: ExitNotAsked, says: "make up makes it so"},
		{
			what: "make up deploys images \"c\", and ECS takes the triggerer back",
			do: func(w *walk) {
				w.release("c")
				w.fleet.Deploy("pathwai-airflow-dev-triggerer", awstest.Revision("pathwai-airflow-dev-triggerer", 3))
			},
			ops: "stable dev", code: ExitNotAsked,
			says: "pathwai-airflow-dev-triggerer runs pathwai-airflow-dev-triggerer:3, and pathwai-airflow-dev-triggerer:4 was asked for",
		},
		{ops: "redeploy dev", code: ExitNotAsked, says: "it was rolled back"},
		{
			what: "back: make up of the first commit makes new revisions with images \"a\"",
			do:   func(w *walk) { w.release("a") },
			ops:  "roll-back dev --to bin/deployed.txt", says: "pathwai-airflow-dev-triggerer 1/1 pathwai-airflow-dev-triggerer:5 COMPLETED",
		},
		{ops: "stable dev --output json", says: `"revision": "pathwai-airflow-dev-worker:5"`},
	} {
		if s.what != "" {
			t.Log("# " + s.what)
		}
		if s.do != nil {
			s.do(w)
		}
		got := w.ops(strings.Fields(s.ops)...)
		t.Logf("$ ops %s\n%s%s[%d]", s.ops, got.said, got.out, got.code)
		assert.Equal(t, s.code, got.code, s.ops)
		assert.Contains(t, got.said+got.out, s.says, s.ops)
		if s.keep != nil {
			s.keep(w, got.out)
		}
	}
}

// release is what `make digests up` does: images in the stack's file, new
// revisions in ECS and in Pulumi's state.
func (w *walk) release(digest string) {
	w.t.Helper()
	for _, image := range []string{"scheduler", "triggerer", "worker"} {
		revision := register(w.fleet, image, digest)
		w.fleet.Deploy("pathwai-airflow-dev-"+image, revision)
		w.fleet.Asked("pathwai-airflow-dev-"+image, revision)
	}
	w.setDigests(digest)
	w.setState(w.fleet.State())
}

// setDigests is what `make digests` does.
func (w *walk) setDigests(digest string) {
	w.t.Helper()
	digests := map[string]string{}
	for _, image := range []string{"scheduler", "triggerer", "worker"} {
		digests[image] = "sha256:" + strings.Repeat(digest, 64)
	}
	require.NoError(w.t, stack.SetDigests(stack.File(w.folder, "dev"), digests))
}
