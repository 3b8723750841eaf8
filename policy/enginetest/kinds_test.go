package enginetest

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pathwai/airflow-on-fargate/policy/internal/cases"
	"github.com/pathwai/airflow-on-fargate/policy/rules"
)

// TestKinds shows the real CLI every variant of each kind of fault, and what
// looks like it, and prints a table: go test ./enginetest -run TestKinds -v
func TestKinds(t *testing.T) {
	families := map[string]string{}
	for _, rule := range rules.All() {
		families[rule.Name] = rule.Family
	}
	e := newEngine(t, "")
	found := map[int][]string{}
	all := cases.Kinds()
	for _, numbers := range kindBatches(all) {
		reported, output, _ := e.do(t, run{stack: "dev", config: all[numbers[0]].Config}, func(ctx *pulumi.Context) error {
			for _, i := range numbers {
				if err := declare(ctx, id(i), all[i].Group); err != nil {
					return fmt.Errorf("%s: %w", all[i].Title, err)
				}
			}
			return nil
		})
		require.Contains(t, output, "Policies:")
		for _, v := range reported {
			var i int
			if _, err := fmt.Sscanf(nameIn(v.urn), "m%03d-", &i); err == nil {
				found[i] = append(found[i], v.policy)
			}
		}
	}
	type count struct{ refused, bad, passed, good int }
	counts := map[string]*count{}
	for i, v := range all {
		c := counts[v.Kind]
		if c == nil {
			c = &count{}
			counts[v.Kind] = c
		}
		if !v.Refused {
			c.good++
			if assert.Empty(t, found[i], "%s %s is right", v.Kind, v.Title) {
				c.passed++
			}
			continue
		}
		c.bad++
		of := cases.KindRules[v.Kind]
		if assert.True(t, slices.ContainsFunc(found[i], func(policy string) bool {
			return of == nil || slices.Contains(of, policy) || slices.Contains(of, families[policy])
		}), "%s %s passes: %v", v.Kind, v.Title, found[i]) {
			c.refused++
		}
	}
	for _, kind := range slices.Sorted(maps.Keys(counts)) {
		c := counts[kind]
		fmt.Printf("%s %-46s %3d of %3d refused, %2d of %2d look-alikes pass\n", kind, cases.KindNames[kind], c.refused, c.bad, c.passed, c.good)
	}
}

// kindBatches puts variants with the same settings together, as many as a
// preview takes quickly.
func kindBatches(all []cases.Variant) [][]int {
	open := map[string][]int{}
	var batches [][]int
	for i, v := range all {
		profile := strings.TrimSpace(fmt.Sprint(v.Config))
		open[profile] = append(open[profile], i)
		if len(open[profile]) == full/2 {
			batches = append(batches, open[profile])
			delete(open, profile)
		}
	}
	for _, profile := range slices.Sorted(maps.Keys(open)) {
		batches = append(batches, open[profile])
	}
	return batches
}
