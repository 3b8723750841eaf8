package enginetest

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// preview runs `pulumi preview` in a program's folder as a person would, and
// returns what it printed.
func (e *engine) preview(t *testing.T, program string) (string, error) {
	t.Helper()
	if _, err := exec.LookPath("pulumi-language-go"); err != nil {
		t.Skip("SKIPPED: no Go language host for Pulumi: run `make tools`, or install Pulumi")
	}
	dir, err := filepath.Abs(filepath.Join("../testdata", program))
	require.NoError(t, err)
	environment := os.Environ()
	for name, value := range e.env {
		environment = append(environment, name+"="+value)
	}
	pulumi := func(args ...string) (string, error) {
		command := exec.Command("pulumi", args...)
		command.Dir, command.Env = dir, environment
		out, err := command.CombinedOutput()
		return string(out), err
	}
	out, err := pulumi("stack", "init", "dev")
	require.NoError(t, err, out)
	// The stack's salt would otherwise stay in the program's folder.
	t.Cleanup(func() { _ = os.Remove(filepath.Join(dir, "Pulumi.dev.yaml")) })
	return pulumi("preview", "--non-interactive", "--policy-pack", e.pack)
}

// refusals returns the lines "rule (type: name)" under Policies, of mandatory level.
func refusals(output string) map[string][]string {
	found := map[string][]string{}
	for _, match := range regexp.MustCompile(`\[mandatory\]\s+(\S+)\s+\((\S+): (\S+)\)`).FindAllStringSubmatch(output, -1) {
		found[match[1]] = append(found[match[1]], match[3])
	}
	return found
}

func TestNATGatewayIsRefused(t *testing.T) {
	e := newEngine(t, "")
	output, err := e.preview(t, "nat")
	require.Error(t, err, output)
	assert.Equal(t, map[string][]string{"no-nat-gateway": {"egress"}}, refusals(output), output)
}

// TestAwsxDefaultVPCIsRefused needs the simulated cloud, whose awsx makes what
// the real one does: every child that leads out is named.
func TestAwsxDefaultVPCIsRefused(t *testing.T) {
	sim, err := filepath.Abs("../../bin/sim")
	require.NoError(t, err)
	if _, err := os.Stat(filepath.Join(sim, "pulumi-resource-awsx")); err != nil {
		t.Skip("SKIPPED: no simulated awsx in bin/sim: run make preview once")
	}
	e := newEngine(t, sim)
	output, err := e.preview(t, "awsx-default-vpc")
	require.Error(t, err, output)
	found := refusals(output)
	assert.Len(t, found["no-nat-gateway"], 3, output)
	assert.Len(t, found["no-elastic-ip"], 3)
	assert.Len(t, found["no-internet-gateway"], 1)
	assert.Len(t, found["no-public-subnet"], 3)
	assert.Len(t, found["no-default-route"], 6)
	assert.Len(t, found["default-security-group-declared"], 1)
	assert.NotContains(t, strings.Join(found["no-public-subnet"], " "), "private")
}
