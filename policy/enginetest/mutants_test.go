package enginetest

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pathwai/airflow-on-fargate/policy/internal/cases"
	"github.com/pathwai/airflow-on-fargate/policy/rules"
)

// batch is a stack that holds several mutants at once: their groups don't
// touch each other.
type batch struct {
	run       run
	mutants   []cases.Mutant
	shared    bool
	resources int
}

// full is how many resources a batch takes: what a preview takes grows with
// their square.
const full = 400

// batches puts mutants that need a stack of their own apart from those that
// share one.
func batches(mutants []cases.Mutant) []*batch {
	shared := map[string]*batch{}
	var all []*batch
	for _, m := range mutants {
		stack := m.Stack
		if stack == "" {
			stack = "dev"
		}
		switch {
		case m.Quick:
		case m.Alone:
			all = append(all, &batch{run: run{stack: stack, config: m.Config}, mutants: []cases.Mutant{m}})
		default:
			b := shared[stack]
			if b == nil || b.resources+len(m.Group) > full {
				b = &batch{run: run{stack: stack}, shared: true}
				shared[stack] = b
				all = append(all, b)
			}
			b.mutants, b.resources = append(b.mutants, m), b.resources+len(m.Group)
		}
	}
	return all
}

// TestMutants shows that the real CLI, with the real pack, refuses every
// mutant by its own rule, names the resource, and finds nothing else. It prints
// a table: go test ./enginetest -run TestMutants -v
func TestMutants(t *testing.T) {
	e := newEngine(t, "")
	var table [][]string
	refused := map[string]bool{}
	for _, b := range batches(cases.Mutants()) {
		found, output, err := e.do(t, b.run, func(ctx *pulumi.Context) error {
			return b.declare(ctx)
		})
		require.Error(t, err, "%v", b.mutants)
		assert.Contains(t, output, "Policies:")
		table = append(table, b.judge(t, found)...)
		for _, m := range b.mutants {
			refused[m.Rule] = true
		}
	}
	for _, rule := range rules.All() {
		assert.True(t, refused[rule.Name], "no mutant of %s met the engine", rule.Name)
	}
	printTable(table)
}

func (b *batch) declare(ctx *pulumi.Context) error {
	if b.shared {
		// What endpoints-present wants of a stack with services and a VPC.
		if err := declare(ctx, "doors", cases.Compliant()["endpoints"]); err != nil {
			return err
		}
	}
	for i, m := range b.mutants {
		if err := declare(ctx, id(i), m.Group); err != nil {
			return fmt.Errorf("%s: %w", m.Title, err)
		}
	}
	return nil
}

func id(i int) string { return fmt.Sprintf("m%03d", i) }

// judge compares what was found with what each mutant wants, as sets of
// "policy name", and returns the table's rows.
func (b *batch) judge(t *testing.T, found []violation) [][]string {
	t.Helper()
	messages := map[string]string{}
	for _, v := range found {
		assert.Equal(t, mandatory, v.level, v.policy)
		messages[v.policy+" "+nameIn(v.urn)] += v.message
	}
	var rows [][]string
	for i, m := range b.mutants {
		at := id(i) + "-" + m.At
		if m.At == "" {
			at = project + "-" + b.run.stack
		}
		key := m.Rule + " " + at
		verdict := "refused"
		for _, says := range append([]string{m.Says}, m.More...) {
			if !assert.Contains(t, messages[key], says, "%s: %s", m.Rule, m.Title) {
				verdict = "NOT REFUSED"
			}
		}
		delete(messages, key)
		for _, also := range m.Also {
			rule, name, _ := strings.Cut(also, " ")
			other := rule + " " + id(i) + "-" + name
			assert.Contains(t, messages, other, "%s: %s", m.Rule, m.Title)
			delete(messages, other)
		}
		rows = append(rows, []string{m.Rule, m.Title, verdict, m.Says})
	}
	for key, message := range messages {
		t.Errorf("nobody asked for %s: %s", key, message)
	}
	return rows
}

func printTable(rows [][]string) {
	slices.SortStableFunc(rows, func(a, b []string) int { return strings.Compare(a[0], b[0]) })
	fmt.Printf("%-32s %-48s %-12s %s\n", "RULE", "MUTANT", "VERDICT", "SAYS")
	count := 0
	for _, row := range rows {
		fmt.Printf("%-32s %-48s %-12s %s\n", row[0], row[1], row[2], row[3])
		if row[2] == "refused" {
			count++
		}
	}
	fmt.Printf("%d of %d mutants refused, each by its own rule\n", count, len(rows))
}
