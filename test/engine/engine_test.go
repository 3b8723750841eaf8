// Package engine runs the project's programs and scripts under the real Pulumi CLI.
package engine

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const root = "../.."

// engine runs a script of the project against the simulated cloud, with state
// of its own, and returns what it printed. The programs in bin/ are the
// Makefile's business: `make test` builds them first.
func engine(t *testing.T, environment []string, script string, args ...string) (string, error) {
	t.Helper()
	for _, program := range []string{"pulumi", "pulumi-language-go", "policy-pack", "sim/pulumi-resource-aws", "sim/pulumi-resource-awsx", "sim/pulumi-resource-random", "sim/simulated-stack"} {
		if _, err := os.Stat(filepath.Join(root, "bin", program)); err != nil {
			t.Skipf("bin/%s is not built: run make tools policy sim", program)
		}
	}
	var printed bytes.Buffer
	command := exec.CommandContext(t.Context(), filepath.Join(root, script), args...)
	command.Env = append(os.Environ(), "CLOUD=sim", "SIM_HOME="+t.TempDir())
	command.Env = append(command.Env, environment...)
	command.Stdout, command.Stderr = &printed, &printed
	err := command.Run()
	return printed.String(), err
}

func pack(t *testing.T) string {
	t.Helper()
	path, err := filepath.Abs(root + "/bin/policy-pack")
	require.NoError(t, err)
	return path
}

func TestPreviewUnderThePolicyPack(t *testing.T) {
	for _, stack := range []string{"dev", "prod"} {
		t.Run(stack, func(t *testing.T) {
			printed, err := engine(t, nil, "scripts/pulumi", stack, "preview", "--non-interactive", "--policy-pack", pack(t))
			require.NoError(t, err, printed)
			assert.Contains(t, printed, "SIMULATED AWS")
			assert.NotContains(t, printed, "NatGateway")
			for _, part := range []string{
				"airflow:index:Network", "airflow:index:Endpoints", "airflow:index:Keys", "airflow:index:Database",
				"airflow:index:Broker", "airflow:index:Files", "airflow:index:Buckets", "airflow:index:Secrets",
				"airflow:index:Images", "airflow:index:LoadBalancer", "airflow:index:Cluster", "airflow:index:Service",
				"airflow:index:Scaling",
			} {
				assert.Contains(t, printed, part)
			}
		})
	}
}

// TestUnchangedProgramIsNotLinkedAgain: the second preview starts what the first one linked.
// Go leaves a target that is up to date in its place, with a new time.
func TestUnchangedProgramIsNotLinkedAgain(t *testing.T) {
	begun := time.Now()
	linked := func() os.FileInfo {
		printed, err := engine(t, nil, "scripts/pulumi", "dev", "preview", "--non-interactive")
		require.NoError(t, err, printed)
		info, err := os.Stat(root + "/bin/platform")
		require.NoError(t, err, "buildTarget in Pulumi.yaml")
		return info
	}
	first, second := linked(), linked()
	assert.WithinRange(t, first.ModTime(), begun.Add(-time.Second), second.ModTime(), "bin/platform was not built by this preview")
	assert.True(t, os.SameFile(first, second), "bin/platform is another file after a second preview")
}

// TestCheckpointsOnAWS: an update saves the state as it goes, a preview has none to save.
func TestCheckpointsOnAWS(t *testing.T) {
	home := newScriptsHome(t, map[string]string{"pulumi": `echo "$* skips: ${PULUMI_SKIP_CHECKPOINTS:-none}" >"$CALLS"`})
	for command, want := range map[string]string{"up": "none", "destroy": "none", "refresh": "none", "preview": "true"} {
		said, called, err := home.run("pulumi", "dev", command)
		require.NoError(t, err, said)
		assert.Equal(t, command+" --stack dev skips: "+want+"\n", called)
	}
}

func TestRehearsal(t *testing.T) {
	for _, stack := range []string{"dev", "prod"} {
		t.Run(stack, func(t *testing.T) {
			printed, err := engine(t, nil, "scripts/rehearse", stack)
			require.NoError(t, err, printed)
			assert.Contains(t, printed, "Stack '"+stack+"' has been removed!")
		})
	}
}

// stackFile writes a changed copy of a stack file.
func stackFile(t *testing.T, stack string, replacements ...string) string {
	t.Helper()
	data, err := os.ReadFile(root + "/Pulumi." + stack + ".yaml")
	require.NoError(t, err)
	text := string(data)
	for i := 0; i < len(replacements); i += 2 {
		require.Contains(t, text, replacements[i])
		text = strings.Replace(text, replacements[i], replacements[i+1], 1)
	}
	path := filepath.Join(t.TempDir(), "stack.yaml")
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

func TestPreviewPrintsAllFaults(t *testing.T) {
	file := stackFile(t, "dev",
		"cidr: 10.40.0.0/16", "cidr: 10.40.0.0/30",
		"oneZone: us-east-1a", "oneZone: us-east-1f",
		"recoveryDays: 0", "recoveryDays: 3",
		"concurrency: 4", "concurrency: many",
		"hostname: airflow", "hostnam: airflow",
		"  airflow:org: pathwai\n", "",
	)
	printed, err := engine(t, []string{"STACK_FILE=" + file}, "scripts/pulumi", "dev", "preview", "--non-interactive")
	require.Error(t, err)
	assert.Contains(t, printed, "7 faults")
	for _, fault := range []string{
		"network.cidr", "files.oneZone", "secrets.recoveryDays", "workerPools[0].concurrency", "loadBalancer.hostnam:",
		"loadBalancer.hostname: required, but missing", "airflow:org: required, but missing",
	} {
		assert.Contains(t, printed, fault)
	}
	assert.NotContains(t, printed, "goroutine")
	assert.NotContains(t, printed, "panic")
}

func TestStateHoldsNoPlainSecret(t *testing.T) {
	home := t.TempDir()
	printed, err := engine(t, []string{"SIM_HOME=" + home}, "scripts/pulumi", "dev", "up", "--yes", "--skip-preview", "--non-interactive")
	require.NoError(t, err, printed)
	opened, err := engine(t, []string{"SIM_HOME=" + home}, "scripts/pulumi", "dev", "stack", "export", "--show-secrets")
	require.NoError(t, err, opened)
	sealed, err := os.ReadFile(filepath.Join(home, "state", ".pulumi", "stacks", "airflow", "dev.json"))
	require.NoError(t, err)

	found := secrets(t, opened)
	require.Len(t, found, 10)
	for _, secret := range found {
		assert.NotContains(t, string(sealed), secret)
		assert.NotContains(t, printed, secret)
	}
}

// secrets returns what random resources made up, from an opened state.
func secrets(t *testing.T, export string) []string {
	t.Helper()
	var state struct {
		Deployment struct {
			Resources []struct {
				Type    string
				Outputs map[string]any
			}
		}
	}
	_, body, found := strings.Cut(export, "{")
	require.True(t, found, export)
	require.NoError(t, json.Unmarshal([]byte("{"+body), &state))
	var values []string
	for _, resource := range state.Deployment.Resources {
		if !strings.HasPrefix(resource.Type, "random:") {
			continue
		}
		for _, name := range []string{"result", "base64"} {
			if sealed, ok := resource.Outputs[name].(map[string]any); ok {
				var value string
				require.NoError(t, json.Unmarshal([]byte(sealed["plaintext"].(string)), &value))
				values = append(values, value)
			}
		}
	}
	return values
}
