package platform

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pathwai/airflow-on-fargate/config"
	"github.com/pathwai/airflow-on-fargate/internal/simcloud/learned"
)

// What the real provider was seen to refuse (`test/provider/run.py refusals`) is in
// no resource that the program declares; and the rules, which come from
// mistakes in the stacks' resources, take all of them as they are.
func TestNothingThatTheRealProviderRefuses(t *testing.T) {
	t.Setenv("PULUMI_CONFIG", `{"airflow:oidcClientSecret":"of-a-test"}`)
	judged := 0
	for name, change := range roleStacks() {
		cfg := stackOf(t, name, change)
		for _, resource := range record(t, cfg).All() {
			require.Empty(t, learned.Faults(resource.Type, resource.Inputs), "%s: %s %s", name, resource.Type, resource.Name)
			judged += len(learned.All()[resource.Type])
		}
	}
	require.Greater(t, judged, 1000)

	broken := loadStack(t, "dev", func(c *config.Config) { c.Services.Architecture = "RISC" })
	faults := 0
	for _, resource := range record(t, broken).All() {
		faults += len(learned.Faults(resource.Type, resource.Inputs))
	}
	require.NotZero(t, faults, "the rules refuse nothing")
}
