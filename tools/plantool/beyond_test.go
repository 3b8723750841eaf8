package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"

	"github.com/pathwai/airflow-on-fargate/internal/cost"
	"github.com/pathwai/airflow-on-fargate/internal/timeline"
)

// settingsFile is dev's file with the settings of a file in testdata laid over, group by group.
func settingsFile(t *testing.T, name string) string {
	t.Helper()
	var stack struct {
		Config map[string]any `yaml:"config"`
	}
	var over map[string]any
	for path, into := range map[string]any{filepath.Join(root, "Pulumi.dev.yaml"): &stack, filepath.Join("testdata", name+".yaml"): &over} {
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		require.NoError(t, yaml.Unmarshal(text, into))
	}
	for group, value := range over {
		below, wasMap := stack.Config["airflow:"+group].(map[string]any)
		if settings, isMap := value.(map[string]any); wasMap && isMap {
			for setting, value := range settings {
				below[setting] = value
			}
			continue
		}
		stack.Config["airflow:"+group] = value
	}
	text, err := yaml.Marshal(stack)
	require.NoError(t, err)
	return save(t, text)
}

// What reaches beyond the platform is in the picture, in the costs and in the timeline.
func TestStacksThatReachBeyond(t *testing.T) {
	for _, c := range []struct {
		name  string
		costs []string
		shown []string
	}{
		{"joined",
			[]string{"network-tgw-0123456789abcdef0", "resolver", "dns", "dns-allowed", "endpoints-vpce-svc-0123456789abcdef0"},
			[]string{
				"Transit gateway", "172.16.0.0/12", "offices and warehouses", "20.190.128.0/18, on the internet", "Resolver endpoint", "vpce-svc-0123456789abcdef0: a partner",
				"On the internet", "Also allowed: api-server → 20.190.128.0/18, on the internet 443", "Also allowed: worker → 172.20.1.0/24 5432",
				"Also allowed: worker → sg-0123456789abcdef0 9092", "Also allowed: worker → pl-0123456789abcdef0 443",
			}},
		{"existing", []string{"endpoints-ecr-dkr"}, []string{"VPC vpc-0123456789abcdef0, which was there"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Setenv("STACK_FILE", settingsFile(t, c.name))
			printed, err := pulumi(t, t.TempDir(), "dev", "preview", "--json", "--show-sames", "--non-interactive")
			require.NoError(t, err, "%s", printed)
			path := save(t, printed)
			var report cost.Report
			require.NoError(t, json.Unmarshal([]byte(tool(t, "cost", "--json", "--plan", path)), &report))
			assert.Empty(t, report.NotPriced, "give it a price in internal/cost, or a reason in free.yaml")
			priced := map[string]bool{}
			for _, row := range report.Rows {
				priced[row.Name] = true
			}
			for _, name := range c.costs {
				assert.True(t, priced[name], "no price of %s", name)
			}
			var times timeline.Report
			require.NoError(t, json.Unmarshal([]byte(tool(t, "timeline", "--json", "--plan", path)), &times))
			assert.LessOrEqual(t, times.Total.Slow, times.LimitMinutes*60)

			svg := filepath.Join(root, "docs/img/architecture-"+c.name+".svg")
			args := []string{"diagram", "--svg", svg, "--plan", path}
			if !*update {
				args = append(args, "--check")
			}
			tool(t, args...)
			picture, err := os.ReadFile(svg)
			require.NoError(t, err)
			assertReadable(t, picture)
			for _, text := range c.shown {
				assert.Contains(t, string(picture), text)
			}
		})
	}
}
