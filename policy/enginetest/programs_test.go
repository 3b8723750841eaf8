package enginetest

import (
	"fmt"
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
	for _, match := range regexp.MustCompile(`\[mandatory\]\s+(?:\[severity: \w+\]\s+)?(\S+)\s+\((\S+): (\S+)\)`).FindAllStringSubmatch(output, -1) {
		found[match[1]] = append(found[match[1]], match[3])
	}
	return found
}

// TestPrograms previews the programs that are there to be refused, and prints
// who was refused by what.
func TestPrograms(t *testing.T) {
	t.Run("nat", func(t *testing.T) {
		output, err := newEngine(t, "").preview(t, "nat")
		require.Error(t, err, output)
		found := refusals(output)
		assert.Equal(t, map[string][]string{"no-nat-gateway": {"egress"}}, found, output)
		printRefusals("testdata/nat", found)
	})
	t.Run("awsx-default-vpc", func(t *testing.T) {
		found := awsxDefaultVPC(t)
		for rule, want := range map[string]int{
			"no-nat-gateway": 3, "no-elastic-ip": 3, "no-internet-gateway": 1, "no-public-subnet": 3, "no-default-route": 6, "default-security-group-declared": 1, "flow-log-declared": 1,
			"dns-firewall-declared": 2, "resolver-log-declared": 1,
		} {
			assert.Len(t, found[rule], want, rule)
			delete(found, rule)
		}
		assert.Empty(t, found, "refused by rules that nobody expected")
	})
}

// awsxDefaultVPC needs the simulated cloud, whose awsx makes what the real one does.
func awsxDefaultVPC(t *testing.T) map[string][]string {
	t.Helper()
	sim, err := filepath.Abs("../../bin/sim")
	require.NoError(t, err)
	if _, err := os.Stat(filepath.Join(sim, "pulumi-resource-awsx")); err != nil {
		t.Skip("SKIPPED: no simulated awsx in bin/sim: run `make sim` at the root of the repository")
	}
	output, err := newEngine(t, sim).preview(t, "awsx-default-vpc")
	require.Error(t, err, output)
	found := refusals(output)
	require.NotEmpty(t, found, output)
	printRefusals("testdata/awsx-default-vpc", found)
	return found
}

func printRefusals(program string, found map[string][]string) {
	for _, rule := range slices.Sorted(maps.Keys(found)) {
		fmt.Printf("%-28s refused by %-32s %s\n", program, rule, strings.Join(found[rule], ", "))
	}
}
