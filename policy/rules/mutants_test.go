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
			for _, f := range analyze(t, Options{Preview: true}, nil, group) {
				t.Errorf("%s on %s: %s", f.policy, f.urn, f.message)
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
			found := analyze(t, Options{Preview: true, Stack: stackName}, m.Config, m.Group)
			at := m.At
			if at == "" {
				at = "test-" + stackName
			}
			want := append([]string{m.Rule + " " + at}, m.Also...)
			slices.Sort(want)
			require.Equal(t, want, brief(found))
			i := slices.IndexFunc(found, func(f finding) bool { return f.policy == m.Rule && strings.HasSuffix(f.urn, "::"+at) })
			message := found[i].message
			assert.Contains(t, message, m.Says)
			assert.Regexp(t, `(?s)^What: .+\nWhy: .+\nFix: .+\.$`, message)
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
