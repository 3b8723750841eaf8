package rules

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/pathwai/airflow-on-fargate/policy/internal/cases"
)

// TestForeignPrograms holds programs as strangers write them against both
// profiles: what is found is what one would expect, and nothing else.
func TestForeignPrograms(t *testing.T) {
	t.Parallel()
	programs := cases.Foreigners()
	assert.GreaterOrEqual(t, len(programs), 8)
	for _, program := range programs {
		t.Run(program.Name, func(t *testing.T) {
			t.Parallel()
			profile := func(name string) []string {
				config := map[string]map[string]any{SettingsName: {"profile": name}}
				return brief(withoutPostponed(analyze(Options{Preview: true, Config: config}, program.Group)))
			}
			baseline, further := profile(Baseline), []string{}
			assert.Equal(t, append([]string{}, program.Baseline...), append([]string{}, baseline...), "baseline")
			spoken := map[string]bool{}
			for _, finding := range baseline {
				spoken[strings.Fields(finding)[0]] = true
			}
			for _, finding := range profile(Strict) {
				if rule := strings.Fields(finding)[0]; !spoken[rule] {
					further = append(further, rule)
				}
			}
			assert.Equal(t, append([]string{}, program.Strict...), slices.Compact(further), "strict")
		})
	}
}
