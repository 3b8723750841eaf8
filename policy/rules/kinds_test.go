package rules

import (
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pathwai/airflow-on-fargate/policy/internal/cases"
)

// TestKinds judges every variant of each kind of fault, and what looks like it,
// and keeps what is said in testdata/kinds.txt:
//
//	go test ./rules -run TestKinds -update
func TestKinds(t *testing.T) {
	const path = "testdata/kinds.txt"
	families := map[string]string{}
	for _, rule := range All() {
		families[rule.Name] = rule.Family
	}
	var said strings.Builder
	type count struct{ refused, passed int }
	counts := map[string]*count{}
	for i, v := range cases.Kinds() {
		require.Contains(t, cases.KindNames, v.Kind)
		if counts[v.Kind] == nil {
			counts[v.Kind] = &count{}
		}
		found := withoutPostponed(analyze(Options{Preview: true, Config: configs(v.Config)}, v.Group))
		if !v.Refused {
			assert.Empty(t, found, "%d, %s: %s is right", i, v.Kind, v.Title)
			counts[v.Kind].passed++
			continue
		}
		counts[v.Kind].refused++
		assert.True(t, slices.ContainsFunc(found, func(f Finding) bool {
			of := cases.KindRules[v.Kind]
			return of == nil || slices.Contains(of, f.Policy) || slices.Contains(of, families[f.Policy])
		}), "%d, %s: %s of %s passes: %v", i, v.Kind, v.Title, v.Group[0].Type, brief(found))
		fmt.Fprintf(&said, "%s %s, %s\n", v.Kind, v.Title, v.Group[0].Type)
		for _, f := range found {
			what, _, _ := strings.Cut(f.Message, "\n")
			fmt.Fprintf(&said, "    %s: %s\n", f.Policy, strings.TrimPrefix(what, "What: "))
		}
	}
	for _, kind := range slices.Sorted(maps.Keys(counts)) {
		fmt.Printf("%s %-46s %3d variants refused, %3d look-alikes pass\n", kind, cases.KindNames[kind], counts[kind].refused, counts[kind].passed)
		assert.GreaterOrEqual(t, counts[kind].refused, 5, kind)
		assert.GreaterOrEqual(t, counts[kind].passed, 3, kind)
	}
	var table strings.Builder
	table.WriteString("| kind of fault | variants refused | look-alikes that pass |\n|---|---|---|\n")
	for _, kind := range slices.Sorted(maps.Keys(counts)) {
		fmt.Fprintf(&table, "| %s | %d | %d |\n", cases.KindNames[kind], counts[kind].refused, counts[kind].passed)
	}
	readme, err := os.ReadFile("../README.md")
	require.NoError(t, err)
	between := regexp.MustCompile(`(?s)(<!-- kinds: [^>]*-->\n)(.*?)(<!-- end of kinds -->)`)
	if *update {
		require.NoError(t, os.WriteFile(path, []byte(said.String()), 0o644))
		require.NoError(t, os.WriteFile("../README.md", between.ReplaceAll(readme, []byte("${1}\n"+table.String()+"\n${3}")), 0o644))
		return
	}
	assert.Equal(t, "\n"+table.String()+"\n", string(between.FindSubmatch(readme)[2]), "run go test ./rules -run TestKinds -update")
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	before, after := strings.Split(string(want), "\n"), strings.Split(said.String(), "\n")
	for i := range max(len(before), len(after)) {
		if i >= len(before) || i >= len(after) || before[i] != after[i] {
			require.Equal(t, before[min(i, len(before)-1)], after[min(i, len(after)-1)], "line %d: run go test ./rules -run TestKinds -update, and read the difference", i+1)
		}
	}
}
