package leastprivilege

import (
	"fmt"
	"slices"
	"strings"
)

// Tables renders the roles of the stacks as Markdown: for each role who assumes
// it, and each permission with what it is needed for. Stacks that have the
// same role with the same permissions share a table.
func Tables(stacks []string, roles map[string][]Role, grants map[string][]Explained, prefixes map[string]string) string {
	var text strings.Builder
	for _, table := range collect(stacks, roles, grants, prefixes) {
		fmt.Fprintf(&text, "## %s (%s)\n\nAssumed by %s.\n\n", table.role, strings.Join(table.stacks, ", "), table.trusted)
		if len(table.rows) == 0 {
			text.WriteString("It has no permission of its own.\n\n")
			continue
		}
		text.WriteString("| may | on | only if | granted by | needed for | where |\n|---|---|---|---|---|---|\n")
		text.WriteString(strings.Join(table.rows, "\n") + "\n\n")
	}
	return strings.TrimSuffix(text.String(), "\n")
}

type table struct {
	role, trusted string
	stacks        []string
	rows          []string
}

func collect(stacks []string, roles map[string][]Role, grants map[string][]Explained, prefixes map[string]string) []*table {
	var tables []*table
	for _, stack := range stacks {
		for _, role := range roles[stack] {
			found := &table{
				role: strings.TrimPrefix(role.Name, prefixes[stack]+"-"), trusted: "`" + strings.Join(role.Trusted, "`, `") + "`",
				stacks: []string{stack}, rows: rowsOf(role.Name, grants[stack]),
			}
			same := slices.IndexFunc(tables, func(t *table) bool {
				return t.role == found.role && t.trusted == found.trusted && slices.Equal(t.rows, found.rows)
			})
			if same >= 0 {
				tables[same].stacks = append(tables[same].stacks, stack)
				continue
			}
			tables = append(tables, found)
		}
	}
	slices.SortStableFunc(tables, func(a, b *table) int { return strings.Compare(a.role, b.role) })
	return tables
}

// rowsOf is one row for each reason, with all actions that it explains.
func rowsOf(role string, grants []Explained) []string {
	var order []*Reason
	actions := map[*Reason][]string{}
	for _, grant := range grants {
		if grant.Role != role {
			continue
		}
		if !slices.Contains(order, grant.Reason) {
			order = append(order, grant.Reason)
		}
		actions[grant.Reason] = append(actions[grant.Reason], "`"+grant.Action+"`")
	}
	rows := make([]string, 0, len(order))
	for _, reason := range order {
		conditions := "–"
		if len(reason.Conditions) > 0 {
			conditions = "`" + strings.Join(reason.Conditions, "`, `") + "`"
		}
		rows = append(rows, fmt.Sprintf("| %s | `%s` | %s | %s | %s | %s |",
			strings.Join(actions[reason], " "), reason.Resource, conditions, reason.By, reason.Why, reason.Code))
	}
	return rows
}
