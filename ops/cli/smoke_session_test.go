package cli

import (
	"bytes"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestSmokeThroughASession(t *testing.T) {
	airflow := wellAirflow()
	w := newWayIn(t, airflow)
	smoke := func() answer {
		return w.ops("smoke", "dev", "--through-session", "--ca", w.ca, "--wait-for-health", "5s")
	}
	got := smoke()
	require.Equal(t, 0, got.code, got.said)
	assert.Contains(t, got.out, "smoke: network  ok")
	assert.Contains(t, got.out, "https://airflow.dev.pathwai.com answers (200)")
	assert.Contains(t, got.out, "smoke: log      ok")
	started, ended := w.sessions()
	assert.Len(t, started, 1)
	assert.Len(t, ended, 1)

	airflow.healthy = false
	assert.Equal(t, 11, smoke().code, "a fault of the deployment stays one")
	airflow.healthy = true
	assert.Equal(t, 18, w.ops("smoke", "dev", "--through-session").code, "a certificate that isn't trusted")

	w.aws.Fail("AmazonSSM.TerminateSession", 9, 403, "AccessDeniedException")
	got = smoke()
	assert.Equal(t, 0, got.code, "says nothing of the deployment")
	assert.Contains(t, got.said, "smoke: session ann-0123: operation error SSM: TerminateSession")
	w.aws.Heal()

	w.aws.Fail("AmazonSSM.StartSession", 9, 403, "AccessDeniedException")
	got = smoke()
	assert.Equal(t, 10, got.code)
	assert.Contains(t, got.said, "ops: smoke: nothing is known of the deployment, since this machine couldn't connect: no session by Session Manager: ")
	w.aws.Heal()

	airflow.state, airflow.asked = "running", func() { assert.NoError(t, os.WriteFile(os.Getenv("FAKE_MOMENT"), nil, 0o600)) }
	t.Setenv("FAKE_PLUGIN", "breaks")
	got = smoke()
	assert.Equal(t, 10, got.code, got.said)
	assert.Contains(t, got.out, "smoke: dags     ok", "in the middle of the run")
	assert.Contains(t, got.said, "couldn't connect: the session ann-0123 ended (exit status 1)")
	t.Setenv("FAKE_PLUGIN", "works")

	t.Setenv("FAKE_REMOTE", "127.0.0.1:"+unusedPort(t))
	got = smoke()
	assert.Equal(t, 10, got.code, "the task doesn't reach the load balancer")
	t.Setenv("FAKE_PLUGIN", "times out")
	got = smoke()
	assert.Equal(t, 10, got.code)
	t.Setenv("FAKE_VERSION", "1.0.0.0")
	got = smoke()
	assert.Equal(t, 10, got.code)
}

func TestSmokeThatMeetsNobodySaysSo(t *testing.T) {
	var out, said bytes.Buffer
	code := Run(t.Context(), []string{"smoke", "dev", "--url", "https://127.0.0.1:" + unusedPort(t) + "/"},
		Streams{Out: &out, Err: &said, Root: "../..", Getenv: environment("right")})
	assert.Equal(t, 10, code)
	assert.Contains(t, said.String(), "smoke: this machine couldn't connect, so nothing is known of the deployment; ops open --how says how it is reached\n")
}
