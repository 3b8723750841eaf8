package rules

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write generated parts of README.md")

const (
	tableStart = "<!-- rules: written by go test ./rules -run Readme -update -->\n"
	tableEnd   = "<!-- end of rules -->\n"
)

// TestReadmeListsTheRules keeps the README's table to what the code says.
func TestReadmeListsTheRules(t *testing.T) {
	const path = "../README.md"
	raw, err := os.ReadFile(path)
	require.NoError(t, err)
	readme := string(raw)
	before, rest, found := strings.Cut(readme, tableStart)
	require.True(t, found, "README.md has lost its mark: %s", tableStart)
	_, after, found := strings.Cut(rest, tableEnd)
	require.True(t, found, "README.md has lost its mark: %s", tableEnd)
	want := before + tableStart + ruleTable() + tableEnd + after
	if *update {
		require.NoError(t, os.WriteFile(path, []byte(want), 0o600))
		return
	}
	require.Equal(t, want, readme, "run go test ./rules -run Readme -update")
}

func ruleTable() string {
	var table strings.Builder
	rules := All()
	families := []string{NoWayOut, OpenDoors, AtRest, InTransit, Identity, Completeness, PackItself}
	slices.SortStableFunc(rules, func(a, b Rule) int { return slices.Index(families, a.Family) - slices.Index(families, b.Family) })
	family := ""
	for _, rule := range rules {
		if rule.Family != family {
			family = rule.Family
			fmt.Fprintf(&table, "\n| %s | what must be so | otherwise |\n|---|---|---|\n", strings.ToUpper(family[:1])+family[1:])
		}
		asked := ""
		if rule.Stack != nil {
			asked = " (asked of the whole stack)"
		}
		fmt.Fprintf(&table, "| `%s` | %s%s | %s |\n", rule.Name, cell(rule.Description), asked, cell(rule.Fix))
	}
	return table.String() + "\n"
}

// cell makes a text fit a table's cell.
func cell(text string) string {
	return strings.NewReplacer("|", `\|`, "*", `\*`, "<", "&lt;", "\n", " ").Replace(text)
}
