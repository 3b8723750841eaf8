package cli

import (
	"os"
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

// elsewhere are commands with a world of their own: their tests walk through it.
var elsewhere = map[string]string{
	"doctor": "an account's quotas", "open": "Session Manager", "hibernate": "off-hours", "wake": "off-hours", "upgrade": "a database",
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
	w := &walk{home: newHome(t, map[string]string{
		"pulumi": `case "$*" in *--show-sames*) cat "$PLAN"; exit ;; esac` + "\n" + fakePulumi, "make": inWorktree, "gh": `true`, "docker": fakeDocker,
	})}
	w.aws, w.fleet = cluster(t)
	t.Setenv("PULL_REQUEST", "42")
	ecr := newRepositories(t, "dev", "prod")
	dagBucket(t)
	newAnalyzer(t)
	t.Setenv("PLAN", w.calls+".plan")
	t.Setenv("SMOKE_USER", "ann")
	t.Setenv("SMOKE_PASSWORD", "right")
	address, ca := (&fake{healthy: true, version: "3.1.8", state: "success", log: said}).serve(t)
	first := w.git("rev-parse", "HEAD")
	second := w.commit("second")

	missing := map[string]bool{}
	for _, line := range commandLines((&tool{}).root()) {
		if name := strings.Fields(line)[1]; elsewhere[name] == "" {
			missing[name] = true
		}
	}
	for _, s := range []step{
		{
			ops:  "init team --set org=acme --set accountId=210987654321 --set aws:region=eu-west-1 --set loadBalancer.hostname=airflow.acme.com",
			code: ExitUsage, says: "loadBalancer.certificateArn: required",
		},
		{ops: "digests dev --check", code: ExitUsage, says: "still has the example digests"},
		{ops: "repositories dev -- --yes"},
		{ops: "images build dev web --registry local --prefix airflow --tag pr", says: "images: web for linux/arm64"},
		{ops: "images push dev", says: "agent sha256:bbb", keep: func(w *walk, out string) { w.write("bin/digests.txt", out, 0o644) }},
		{ops: "digests dev bin/digests.txt", says: "Pulumi.dev.yaml: 6; review and commit it"},
		{
			what: "Docker has pushed the web image, and nothing else",
			do:   func(*walk) { ecr.put("dev/web", digestOf("b"), first[:12], map[string]string{"amd64": digestOf("e")}) },
			ops:  "images facts dev", code: ExitNotAsked, says: `it is for ["amd64"], and the stack's tasks run on arm64`,
		},
		{ops: "images keep dev", code: ExitFailure, says: "agent: the repository has no sha256:bbbb"},
		{
			what: "a plan with a policy that lets everybody in",
			do:   func(w *walk) { w.plan(`{"Version": "2012-10-17", "Statement": [{"Principal": "*"}]}`) },
			ops:  "access-analyzer dev", code: ExitNotAsked, says: "SECURITY_WARNING: aws:kms/key:Key x: Everybody is let in.",
		},
		{
			what: "the first commit is deployed, with images \"a\"",
			do: func(w *walk) {
				w.setHistory(historyEntry("succeeded", first, "a"))
				w.release("a")
			},
			ops: "setting dev images.digests.scheduler", says: "sha256:aaaa",
		},
		{ops: "deployed dev", says: "commit " + first, keep: func(w *walk, out string) { w.write("bin/deployed.txt", out, 0o644) }},
		{ops: "plan-comment dev --base HEAD"},
		{
			what: "make up deploys the second commit, with images \"b\"",
			do: func(w *walk) {
				w.setHistory(historyEntry("succeeded", second, "b"), historyEntry("succeeded", first, "a"))
				w.release("b")
			},
			ops: "stable dev", says: "pathwai-airflow-dev-triggerer 1/1 pathwai-airflow-dev-triggerer:3 COMPLETED",
		},
		{
			what: "a first release",
			do:   func(w *walk) { w.write("dags/a.py", "1", 0o644) },
			ops:  "push dev", says: "push: 1 pushed and 0 removed in dags/",
		},
		{
			// Of files that go up side by side, nobody knows which one a refusal stops.
			what: "S3 refuses the next release's only new file",
			do: func(w *walk) {
				w.write("dags/b.py", "1", 0o644)
				w.aws.Fail("PUT /pathwai-airflow3-dags/dev/b.py", 1, 403, "AccessDenied")
			},
			ops: "push dev", code: ExitFailure, says: "AccessDenied",
		},
		{ops: "push dev", says: "push: 1 pushed and 0 removed in dags/"},
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
		{ops: "smoke dev --url " + address + " --ca " + ca, says: "smoke: log      ok"},
		{ops: "promote dev prod", says: "agent sha256:eee"},
	} {
		if s.what != "" {
			t.Log("# " + s.what)
		}
		if s.do != nil {
			s.do(w)
		}
		got := w.ops(strings.Fields(s.ops)...)
		t.Logf("$ ops %s\n%s%s[%d]", s.ops, got.said, got.out, got.code)
		delete(missing, strings.Fields(s.ops)[0])
		assert.Equal(t, s.code, got.code, s.ops)
		assert.Contains(t, got.said+got.out, s.says, s.ops)
		if s.keep != nil {
			s.keep(w, got.out)
		}
	}
	assert.Empty(t, missing, "commands that have no step")
}

// plan says what the previews for programs show: a key with a policy.
func (w *walk) plan(policy string) {
	w.t.Helper()
	require.NoError(w.t, os.WriteFile(w.calls+".plan", []byte(`{"steps": [`+planStep("aws:kms/key:Key", "policy", policy)+`]}`), 0o600))
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
