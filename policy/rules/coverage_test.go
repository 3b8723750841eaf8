package rules

import (
	"encoding/csv"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// asked is a line of coverage.csv: a rule of another list, or, without a rule,
// types that the list has none for.
type asked struct {
	list, rule  string
	types       []string
	asks        string
	by          []string
	why         string
	onEveryType bool
}

func coverage(t *testing.T) []asked {
	t.Helper()
	file, err := os.Open("coverage.csv")
	require.NoError(t, err)
	defer func() { _ = file.Close() }()
	reader := csv.NewReader(file)
	reader.Comment = '#'
	lines, err := reader.ReadAll()
	require.NoError(t, err)
	var all []asked
	for _, line := range lines[1:] {
		types := strings.Fields(line[2])
		all = append(all, asked{list: line[0], rule: line[1], types: types, asks: line[3], by: strings.Fields(line[4]), why: line[5],
			onEveryType: slices.Contains(types, "*")})
	}
	return all
}

// TestCoverageNamesRulesThatExist also wants a reason wherever no rule asks.
func TestCoverageNamesRulesThatExist(t *testing.T) {
	t.Parallel()
	known, seen := map[string]bool{}, map[string]bool{}
	for _, rule := range All() {
		known[rule.Name] = true
	}
	for _, a := range coverage(t) {
		assert.Contains(t, []string{"checkov", "awsguard", "further"}, a.list)
		for _, name := range a.by {
			assert.True(t, known[name], "%s is said to be covered by %s, which doesn't exist", a.rule, name)
		}
		assert.True(t, len(a.by) > 0 || a.why != "", "%s is neither covered nor explained", a.rule)
		if a.rule == "" {
			continue
		}
		assert.False(t, seen[a.rule], "%s stands there twice", a.rule)
		assert.NotEmpty(t, a.asks, a.rule)
		seen[a.rule] = true
	}
	assert.GreaterOrEqual(t, len(seen), 140)
}

// TestCoverageKnowsTheStacksTypes finds a type that somebody added to a stack
// and to no line: what others ask of it has not been looked up.
func TestCoverageKnowsTheStacksTypes(t *testing.T) {
	t.Parallel()
	looked := map[string]string{}
	for _, a := range coverage(t) {
		for _, token := range a.types {
			if a.list == "checkov" && !a.onEveryType {
				if a.rule == "" {
					assert.Empty(t, looked[token], "%s has rules, and is said to have none", token)
				}
				looked[token] += a.rule + " "
			}
		}
	}
	inventories, err := filepath.Glob("../../platform/testdata/golden/*.txt")
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(inventories), 2, "the stacks' inventories have moved")
	count := 0
	for _, path := range inventories {
		raw, err := os.ReadFile(path)
		require.NoError(t, err)
		for _, line := range strings.Split(string(raw), "\n") {
			if token := strings.TrimSpace(line); strings.Count(token, ":") == 2 && !strings.ContainsAny(line, " #") {
				count++
				assert.NotEmpty(t, looked[token], "%s: %s is in no line of coverage.csv: look up what Checkov asks of it", filepath.Base(path), token)
			}
		}
	}
	assert.Greater(t, count, 80, "the inventories' form has changed")
}

// TestCoverageTable keeps docs/policy-coverage.md to coverage.csv.
func TestCoverageTable(t *testing.T) {
	const path = "../../docs/policy-coverage.md"
	want := coverageTable(coverage(t))
	if *update {
		require.NoError(t, os.WriteFile(path, []byte(want), 0o644))
		return
	}
	got, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, want, string(got), "run go test ./rules -run Coverage -update")
}

const coverageHead = `# What other rule lists ask

<!-- Written by go test ./rules -run Coverage -update in policy/, from policy/rules/coverage.csv. -->

The policy pack's rules ([policy/README.md](../policy/README.md)) beside lists that others keep: Checkov's for
Terraform (3.3.30, the version that ` + "`make scan`" + ` runs), AWSGuard's (pulumi-policy-aws, June 2024), and at the end
twenty controls of AWS Foundational Security Best Practices, Prowler and AWS's guides that neither has in full. There is a line for
every rule about a type of resource that a stack here has; Checkov's rules for Terraform's data sources ask the same as
those for aws_iam_role_policy. Checkov's names are its own. What the pack refuses beyond
these lists stands in its README; that it refuses it in these stacks, ` + "`make mutants`" + ` shows.
`

func coverageTable(all []asked) string {
	var text strings.Builder
	text.WriteString(coverageHead)
	for _, list := range []struct{ name, title string }{{"checkov", "Checkov"}, {"awsguard", "AWSGuard"}, {"further", "Further controls"}} {
		covered, total := 0, 0
		var lines, rest strings.Builder
		for _, a := range all {
			switch {
			case a.list != list.name:
			case a.rule == "":
				fmt.Fprintf(&rest, "\n%s %s\n", a.why, shortTypes(a.types))
			default:
				total++
				by := "**not covered**"
				if len(a.by) > 0 {
					covered++
					by = "`" + strings.Join(a.by, "` `") + "`"
				}
				of := shortTypes(a.types)
				if list.name == "further" {
					of = "any"
				}
				fmt.Fprintf(&lines, "| %s | %s | %s | %s | %s |\n", a.rule, of, cell(a.asks), by, cell(a.why))
			}
		}
		fmt.Fprintf(&text, "\n## %s: %d of %d covered\n\n| rule | of | asks | answered by | why, or how far |\n|---|---|---|---|---|\n%s%s", list.title, covered, total, lines.String(), rest.String())
	}
	return text.String()
}

// shortTypes writes aws:s3/bucketPolicy:BucketPolicy as s3 BucketPolicy.
func shortTypes(tokens []string) string {
	var names []string
	for _, token := range tokens {
		parts := strings.Split(token, ":")
		switch {
		case token == "*":
			names = append(names, "every type")
		case parts[0] == "aws":
			module, _, _ := strings.Cut(parts[1], "/")
			names = append(names, module+" "+parts[2])
		default:
			names = append(names, token)
		}
	}
	if len(names) == 0 {
		return "none here"
	}
	return strings.Join(names, ", ")
}
