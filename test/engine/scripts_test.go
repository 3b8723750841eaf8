package engine

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestRealStackFileOnTheSimulatedCloud: a stack file as `pulumi stack init` and
// `pulumi config set --secret` leave it behind works without its keys.
func TestRealStackFileOnTheSimulatedCloud(t *testing.T) {
	file := filepath.Join(t.TempDir(), "stack.yaml")
	require.NoError(t, os.WriteFile(file, []byte(`secretsprovider: awskms:///alias/pathwai-airflow-state?region=us-east-1
encryptedkey: AQICAHhexample
encryptionsalt: v1:AAAAAAAAAAA=:v1:BBBBBBBBBBBBBBBB:CCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCC==
config:
  airflow:token:
    # the value of a comment's key
    secure: >-
      AAABAExample
      AAABAExample
  airflow:deep:
    plain: kept
    inline: {secure: AAABAExample}
    list:
      - secure: AAABAExample
      - {"secure": "AAAB}AExample"}
      - name: first
        value:
          secure: AAABAExample
`), 0o600))
	printed, err := engine(t, []string{"STACK_FILE=" + file}, "scripts/pulumi", "dev", "config", "--json", "--show-secrets")
	require.NoError(t, err, printed)
	assert.NotContains(t, printed, "Example")
	for _, kept := range []string{
		`"value": "simulated-secret",
    "secret": true`,
		`\"plain\":\"kept\"`, `\"inline\":\"simulated-secret\"`,
		`\"list\":[\"simulated-secret\",\"simulated-secret\",{\"name\":\"first\",\"value\":\"simulated-secret\"}]`,
	} {
		assert.Contains(t, printed, kept)
	}
}

// scriptsHome is a git repository of its own with the project's scripts, whose
// outside programs are fakes: each a shell script that stands first on PATH
// and in bin/. They append to $CALLS what they are asked.
type scriptsHome struct {
	t           *testing.T
	home, calls string
	environment []string
}

func newScriptsHome(t *testing.T, fakes map[string]string) *scriptsHome {
	t.Helper()
	p := &scriptsHome{t: t, home: filepath.Join(t.TempDir(), "repository"), calls: filepath.Join(t.TempDir(), "calls")}
	require.NoError(t, os.CopyFS(filepath.Join(p.home, "scripts"), os.DirFS(root+"/scripts")))
	for _, file := range []string{"Pulumi.dev.yaml", "Pulumi.prod.yaml"} {
		data, err := os.ReadFile(filepath.Join(root, file))
		require.NoError(t, err)
		p.write(file, string(data), 0o644)
	}
	p.write(".gitignore", "/bin/\n", 0o644)
	for name, body := range fakes {
		p.write("bin/"+name, "#!/usr/bin/env bash\nset -euo pipefail\n"+body+"\n", 0o755)
	}
	p.environment = append(os.Environ(), "CLOUD=aws", "CALLS="+p.calls, "PATH="+filepath.Join(p.home, "bin")+":"+os.Getenv("PATH"))
	p.git("init", "--quiet")
	p.commit("first")
	return p
}

func (p *scriptsHome) write(path, text string, mode os.FileMode) {
	p.t.Helper()
	path = filepath.Join(p.home, path)
	require.NoError(p.t, os.MkdirAll(filepath.Dir(path), 0o755))
	require.NoError(p.t, os.WriteFile(path, []byte(text), mode))
}

func (p *scriptsHome) git(args ...string) string {
	p.t.Helper()
	args = append([]string{"-C", p.home, "-c", "user.name=test", "-c", "user.email=test@example.com"}, args...)
	output, err := exec.CommandContext(p.t.Context(), "git", args...).CombinedOutput()
	require.NoError(p.t, err, string(output))
	return strings.TrimSpace(string(output))
}

// commit changes something and returns the commit's name.
func (p *scriptsHome) commit(text string) string {
	p.t.Helper()
	p.write("change.txt", text, 0o644)
	p.git("add", ".")
	p.git("commit", "--quiet", "-m", text)
	return p.git("rev-parse", "HEAD")
}

// run starts a script of the project; said is what it printed, called what the fakes were asked.
func (p *scriptsHome) run(script string, args ...string) (said, called string, err error) {
	p.t.Helper()
	require.NoError(p.t, os.WriteFile(p.calls, nil, 0o600))
	command := exec.CommandContext(p.t.Context(), filepath.Join(p.home, "scripts", script), args...)
	command.Env, command.Dir = p.environment, p.home
	output, err := command.CombinedOutput()
	calls, readErr := os.ReadFile(p.calls)
	require.NoError(p.t, readErr)
	return string(output), string(calls), err
}

// TestBaseWithoutTheCommandIsNothing: the cost of a branch can be told against
// a commit that is older than the command, and not against one that isn't there.
func TestBaseWithoutTheCommandIsNothing(t *testing.T) {
	p := newScriptsHome(t, nil)
	now := p.git("rev-parse", "HEAD")
	p.git("rm", "--quiet", "--cached", "scripts/plan")
	p.git("commit", "--quiet", "-m", "before the command")
	said, _, err := p.run("base-plan", p.git("rev-parse", "HEAD"), "dev")
	require.NoError(t, err, said)
	assert.Contains(t, said, "has no scripts/plan: everything is new against it")
	assert.Contains(t, said, `{"steps": [{"op": "create", "urn": "urn:pulumi:dev::airflow::pulumi:pulumi:Stack::airflow-dev"`)
	said, _, err = p.run("base-plan", strings.Repeat("0", 40), "dev")
	require.Error(t, err)
	assert.Contains(t, said, "there is no commit")
	_, _, err = p.run("base-plan", now, "dev")
	require.Error(t, err, "it has the command, and nothing to run it with")
}
