package engine

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
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
		`"value": "simulated-secret"`,
		`\"plain\":\"kept\"`, `\"inline\":\"simulated-secret\"`,
		`\"list\":[\"simulated-secret\",\"simulated-secret\",{\"name\":\"first\",\"value\":\"simulated-secret\"}]`,
	} {
		assert.Contains(t, printed, kept)
	}
}

// TestRepositoriesComeFirst: `make repositories` makes the repositories and
// their key, no service, and the whole stack follows in the same state.
func TestRepositoriesComeFirst(t *testing.T) {
	home := []string{"SIM_HOME=" + t.TempDir()}
	printed, err := engine(t, home, "scripts/repositories", "dev", "--yes", "--skip-preview", "--non-interactive")
	require.NoError(t, err, printed)
	state, err := engine(t, home, "scripts/pulumi", "dev", "stack", "export")
	require.NoError(t, err, state)
	kinds := map[string]int{}
	for _, match := range regexp.MustCompile(`"urn": "urn:pulumi:dev::airflow::(?:[^"]*\$)?([^":]+:[^":]+:[^":]+)::`).FindAllStringSubmatch(state, -1) {
		if !strings.HasPrefix(match[1], "pulumi:") {
			kinds[match[1]]++
		}
	}
	assert.Equal(t, map[string]int{
		"airflow:index:Keys": 1, "aws:kms/key:Key": 1, "aws:kms/alias:Alias": 1,
		"airflow:index:Images": 1, "awsx:ecr:Repository": 6,
		"aws:ecr/repository:Repository": 6, "aws:ecr/lifecyclePolicy:LifecyclePolicy": 6,
	}, kinds)
	printed, err = engine(t, home, "scripts/pulumi", "dev", "preview", "--non-interactive", "--policy-pack", pack(t))
	require.NoError(t, err, printed)
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

// setting answers for scripts/setting, which needs the whole program.
const setting = `case "$4" in accountId) echo 123456789012;; region) echo eu-west-1;; org) echo acme;;
	images.digests.*) echo "sha256:$(printf '%064d' 7)";; *) echo "no setting $4" >&2; exit 1;; esac`

const recorded = `echo "$(basename "$0") $*" >>"$CALLS"`

func TestTagsThatExistAreTaken(t *testing.T) {
	digest := "sha256:" + strings.Repeat("0", 63) + "7"
	p := newScriptsHome(t, map[string]string{
		"go": setting,
		"aws": recorded + `
case "$*" in
*/web*) echo "$THERE";;
*/broken*) echo "AccessDeniedException" >&2; exit 254;;
*) echo "An error occurred (ImageNotFoundException)" >&2; exit 254;;
esac`,
		"docker": recorded + `
while [ $# -gt 0 ]; do
    if [ "$1" = --metadata-file ]; then echo '"containerimage.digest": "sha256:` + strings.Repeat("b", 64) + `"' >"$2"; fi
    shift
done`,
	})
	p.environment = append(p.environment, "THERE="+digest)
	registry := "123456789012.dkr.ecr.eu-west-1.amazonaws.com/acme-airflow-"

	said, called, err := p.run("images", "push", registry+"dev", "tag1", "linux/arm64", "web", "agent")
	require.NoError(t, err, said)
	assert.Contains(t, said, "web "+digest+"\n")
	assert.Contains(t, said, "agent sha256:bbb")
	assert.Contains(t, called, "aws ecr describe-images --registry-id 123456789012 --region eu-west-1 --repository-name acme-airflow-dev/web --image-ids imageTag=tag1")
	assert.Equal(t, 1, strings.Count(called, "docker buildx build"), called)
	said, _, err = p.run("images", "push", registry+"dev", "tag1", "linux/arm64", "broken")
	require.Error(t, err)
	assert.Contains(t, said, "AccessDenied")

	said, called, err = p.run("promote", "dev", "prod")
	require.NoError(t, err, said)
	assert.Equal(t, 5, strings.Count(called, "docker buildx imagetools create"), called)
	assert.NotContains(t, called, "create --tag "+registry+"prod/web")
	p.environment = append(p.environment, "THERE=sha256:other")
	said, _, err = p.run("promote", "dev", "prod")
	require.Error(t, err)
	assert.Contains(t, said, "web:"+p.git("rev-parse", "--short=12", "HEAD")+" of prod is sha256:other")
}

func TestAccessAnalyzerAsksAboutEveryDocumentByItsKind(t *testing.T) {
	p := newScriptsHome(t, map[string]string{
		"pulumi": recorded + `; cat "$PLAN"`,
		"aws": recorded + `
case "$*" in *bad*) echo '{"findings": [{"findingType": "ERROR", "findingDetails": "not a policy"}]}';; *) echo '{"findings": []}';; esac`,
	})
	plan := filepath.Join(t.TempDir(), "plan.json")
	p.environment = append(p.environment, "PLAN="+plan)
	step := func(kind, key, document string) string {
		return fmt.Sprintf(`{"op": "same", "newState": {"type": %q, "urn": "urn:pulumi:dev::airflow::%s::x", "inputs": {%q: %q}}}`, kind, kind, key, document)
	}
	ask := func(steps ...string) (string, string, error) {
		require.NoError(t, os.WriteFile(plan, []byte(`{"steps": [`+strings.Join(steps, ",")+`]}`), 0o600))
		return p.run("access-analyzer", "dev")
	}
	good := []string{
		step("aws:iam/role:Role", "assumeRolePolicy", `{"trust"}`), step("aws:iam/rolePolicy:RolePolicy", "policy", `{"role"}`),
		step("aws:s3/bucketPolicy:BucketPolicy", "policy", `{"bucket"}`), step("aws:kms/key:Key", "policy", `{"key"}`),
	}
	said, called, err := ask(good...)
	require.NoError(t, err, said)
	assert.Contains(t, said, "4 documents, 0 errors")
	assert.Contains(t, called, "--show-sames")
	for _, asked := range []string{
		`RESOURCE_POLICY --validate-policy-resource-type AWS::IAM::AssumeRolePolicyDocument --policy-document {"trust"}`,
		`IDENTITY_POLICY --policy-document {"role"}`,
		`RESOURCE_POLICY --validate-policy-resource-type AWS::S3::Bucket --policy-document {"bucket"}`,
		`RESOURCE_POLICY --policy-document {"key"}`,
	} {
		assert.Contains(t, called, asked)
	}
	said, _, err = ask(append(good, step("aws:iam/policy:Policy", "policy", `{"bad"}`))...)
	require.Error(t, err)
	assert.Contains(t, said, "5 documents, 1 errors")
	said, _, err = ask()
	require.Error(t, err)
	assert.Contains(t, said, "the plan shows none")
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
