package engine

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// documented compares a stack's outputs with what docs/outputs.md lists.
func documented(t *testing.T, printed string) {
	t.Helper()
	var outputs map[string]any
	require.NoError(t, json.Unmarshal([]byte(printed), &outputs))
	text, err := os.ReadFile(filepath.Join(root, "docs/outputs.md"))
	require.NoError(t, err)
	var listed []string
	for _, row := range regexp.MustCompile("(?m)^\\| (`[^|]*`) \\|").FindAllStringSubmatch(string(text), -1) {
		for _, name := range strings.Split(row[1], ", ") {
			listed = append(listed, strings.Trim(name, "`"))
		}
	}
	assert.ElementsMatch(t, slices.Collect(maps.Keys(outputs)), listed, "docs/outputs.md, and what a stack hands out")
}

// example is a folder of examples with a state and a project of its own, beside
// the platform's in a simulated cloud's home.
type example struct {
	project     string
	environment []string
}

func newExample(t *testing.T, name, home string) *example {
	t.Helper()
	folder, err := filepath.Abs(filepath.Join(root, "examples", name))
	require.NoError(t, err)
	bin, err := filepath.Abs(filepath.Join(root, "bin"))
	require.NoError(t, err)
	e := &example{project: t.TempDir(), environment: append(os.Environ(),
		"PATH="+strings.Join([]string{filepath.Join(bin, "sim"), bin, os.Getenv("PATH")}, string(os.PathListSeparator)),
		"PULUMI_HOME="+filepath.Join(home, "pulumi"), "PULUMI_BACKEND_URL=file://"+filepath.Join(home, "state"), "PULUMI_CONFIG_PASSPHRASE=simulated",
		"PULUMI_SKIP_UPDATE_CHECK=1", "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION=true",
	)}
	for _, file := range []string{"Pulumi.yaml", "Pulumi.dev.yaml"} {
		text, err := os.ReadFile(filepath.Join(folder, file))
		require.NoError(t, err)
		if file == "Pulumi.yaml" {
			text = append(text, "main: "+folder+"\n"...)
		}
		require.NoError(t, os.WriteFile(filepath.Join(e.project, file), text, 0o600))
	}
	printed, err := e.pulumi(t, "stack", "init", "dev", "--non-interactive")
	require.NoError(t, err, printed)
	return e
}

func (e *example) pulumi(t *testing.T, args ...string) (string, error) {
	t.Helper()
	var printed bytes.Buffer
	command := exec.CommandContext(t.Context(), filepath.Join(root, "bin", "pulumi"), append([]string{"--cwd", e.project}, args...)...)
	command.Env, command.Stdout, command.Stderr = e.environment, &printed, &printed
	err := command.Run()
	return printed.String(), err
}

// TestASecondStackAttaches: the example takes the platform's outputs and passes
// the pack, without exceptions.
func TestASecondStackAttaches(t *testing.T) {
	home := t.TempDir()
	environment := []string{"SIM_HOME=" + home, "STACK_FILE=" + settingsOver(t, pool+`egress: [{to: sg-0123456789abcdef0, ports: [5432], why: the warehouse}]}]`)}
	printed, err := engine(t, environment, "scripts/pulumi", "dev", "up", "--yes", "--skip-preview", "--non-interactive")
	require.NoError(t, err, printed)
	printed, err = engine(t, environment, "scripts/pulumi", "dev", "stack", "output", "--json")
	require.NoError(t, err, printed)
	var outputs struct {
		SecurityGroupIDs map[string]string `json:"securityGroupIds"`
	}
	require.NoError(t, json.Unmarshal([]byte(printed), &outputs))
	documented(t, printed)

	second := newExample(t, "warehouse", home)
	const connection = "postgresql://reader:hunter2@db.warehouse.example.com:5432/warehouse"
	printed, err = second.pulumi(t, "config", "set", "--secret", "connection", connection, "--stack", "dev")
	require.NoError(t, err, printed)
	printed, err = second.pulumi(t, "preview", "--non-interactive", "--diff", "--policy-pack", pack(t))
	require.NoError(t, err, printed)
	for _, line := range []string{
		"aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule: (create)", `referencedSecurityGroupId: "` + outputs.SecurityGroupIDs["worker"] + `"`,
		"aws:iam/rolePolicy:RolePolicy: (create)", `"pathwai-airflow-dev-worker-task"`, "arn:aws:s3:::pathwai-warehouse-exports/daily/*",
		"aws:secretsmanager/secret:Secret: (create)", `"airflow/connections/warehouse"`, `kmsKeyId`, "aws:secretsmanager/secretVersion:SecretVersion: (create)",
	} {
		assert.Contains(t, printed, line)
	}
	assert.NotContains(t, printed, "hunter2")

	printed, err = second.pulumi(t, "preview", "--non-interactive", "--config", "airflow-warehouse:platform=organization/airflow/another")
	require.Error(t, err)
	assert.Contains(t, printed, `unknown stack "organization/airflow/another"`)
}
