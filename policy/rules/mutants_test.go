package rules

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pathwai/airflow-on-fargate/policy/internal/cases"
)

func TestCompliantGroupsPass(t *testing.T) {
	t.Parallel()
	for name, group := range cases.Compliant() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, f := range analyze(Options{Preview: true}, group) {
				if f.Policy == PostponedName || f.Policy == JoinsName {
					continue
				}
				t.Errorf("%s on %s: %s", f.Policy, f.URN, f.Message)
			}
		})
	}
}

func TestMutantsAreRefusedByTheirRuleAlone(t *testing.T) {
	t.Parallel()
	for _, m := range cases.Mutants() {
		t.Run(m.Rule+"/"+m.Title, func(t *testing.T) {
			t.Parallel()
			stackName := m.Stack
			if stackName == "" {
				stackName = "dev"
			}
			found := withoutPostponed(analyze(Options{Preview: true, Stack: stackName, Config: configs(m.Config)}, m.Group))
			at := m.At
			if at == "" {
				at = "test-" + stackName
			}
			want := append([]string{m.Rule + " " + at}, m.Also...)
			slices.Sort(want)
			require.Equal(t, want, brief(found))
			var messages []string
			for _, f := range found {
				assert.Regexp(t, `(?s)^What: .+\nWhy: .+\nFix: .+\.$`, f.Message)
				if f.Policy == m.Rule && strings.HasSuffix(f.URN, "::"+at) {
					messages = append(messages, f.Message)
				}
			}
			for _, says := range append([]string{m.Says}, m.More...) {
				assert.Contains(t, strings.Join(messages, "\n"), says)
			}
		})
	}
}

func TestEveryRuleHasAMutant(t *testing.T) {
	t.Parallel()
	mutated := map[string]int{}
	for _, m := range cases.Mutants() {
		mutated[m.Rule]++
	}
	for _, rule := range All() {
		assert.NotZero(t, mutated[rule.Name], "no mutant for %s", rule.Name)
		delete(mutated, rule.Name)
	}
	assert.Empty(t, mutated, "mutants for rules that do not exist")
}

// withoutPostponed leaves out the notice of what the update will judge.
func withoutPostponed(found []Finding) []Finding {
	return slices.DeleteFunc(found, func(f Finding) bool { return f.Policy == PostponedName || f.Policy == JoinsName })
}
