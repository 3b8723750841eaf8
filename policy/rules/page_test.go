package rules

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pathwai/airflow-on-fargate/policy/internal/cases"
)

const pageHead = `# The rules, with examples

<!-- Written by go test ./rules -run Page -update in policy/. -->

Each rule with what it refuses and what it accepts. The examples are cases of the pack's own tests: what is refused here is
refused there, by that rule alone, and what is accepted passes all of them. Only the properties that make the difference are
shown. How to hold a program against the rules, profiles, exceptions and other settings: [README](README.md).

`

// TestRulePage keeps RULES.md to the rules and their cases.
func TestRulePage(t *testing.T) {
	const path = "../RULES.md"
	want := rulePage()
	if *update {
		require.NoError(t, os.WriteFile(path, []byte(want), 0o600))
		return
	}
	got, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, want, string(got), "run go test ./rules -run Page -update")
}

func rulePage() string {
	var page strings.Builder
	page.WriteString(pageHead)
	mutants := map[string]cases.Mutant{}
	for _, m := range cases.Mutants() {
		if _, found := mutants[m.Rule]; !found && m.At != "" {
			mutants[m.Rule] = m
		}
	}
	for _, rule := range All() {
		about := rule.Metadata()
		profile := Strict
		if about.Baseline {
			profile = Baseline
		}
		fmt.Fprintf(&page, "## %s\n\n%s Severity %s, profile %s", rule.Name, escape(rule.Description), about.Severity, profile)
		if len(about.Controls) > 0 {
			fmt.Fprintf(&page, "; near to %s", strings.Join(about.Controls, ", "))
		}
		fmt.Fprintf(&page, ".\n\nWhy: %s\n\nFix: %s\n\n", escape(rule.Why), escape(rule.Fix))
		if m, found := mutants[rule.Name]; found {
			page.WriteString(example(m))
		}
	}
	return strings.TrimRight(page.String(), "\n") + "\n"
}

func escape(text string) string {
	return strings.NewReplacer("*", `\*`, "<", "&lt;").Replace(text)
}

// example shows a mutant beside the fixture that it was made of.
func example(m cases.Mutant) string {
	refused := m.Group.Find(m.At)
	accepted, base := original(refused, m.Group)
	var text strings.Builder
	fmt.Fprintf(&text, "Refused (%s): %s, \"%s\"\n\n", escape(m.Title), "`"+refused.Type+"`", escape(strings.TrimSpace(m.Says)))
	shown, kept := refused.Props, map[string]any(nil)
	if accepted != nil {
		shown, kept = differing(refused.Props, accepted.Props), differing(accepted.Props, refused.Props)
	}
	if len(shown) > 0 {
		text.WriteString(block(shown))
	}
	gone := missing(base, m.Group)
	switch {
	case len(kept) > 0:
		text.WriteString("Accepted:\n\n" + block(kept))
	case len(gone) > 0:
		fmt.Fprintf(&text, "Accepted: with %s beside it.\n\n", strings.Join(gone, " and "))
	case accepted == nil:
		text.WriteString("Accepted: to leave it out.\n\n")
	case len(shown) > 0:
		text.WriteString("Accepted: without that.\n\n")
	}
	return text.String()
}

// original finds the fixture that a resource is a change of: of several with one
// such, that of which the least is missing.
func original(refused *cases.Resource, group cases.Group) (*cases.Resource, cases.Group) {
	var accepted *cases.Resource
	var base cases.Group
	groups := cases.Compliant()
	for _, name := range slices.Sorted(maps.Keys(groups)) {
		for _, res := range groups[name] {
			if res.Type == refused.Type && res.Name == refused.Name && (accepted == nil || len(missing(groups[name], group)) < len(missing(base, group))) {
				accepted, base = res, groups[name]
			}
		}
	}
	return accepted, base
}

func differing(of, from map[string]any) map[string]any {
	all := map[string]any{}
	for key, value := range of {
		if !reflect.DeepEqual(value, from[key]) {
			all[key] = value
		}
	}
	return all
}

func missing(base, group cases.Group) []string {
	var gone []string
	for _, res := range base {
		if !slices.ContainsFunc(group, func(other *cases.Resource) bool { return other.Name == res.Name && other.Type == res.Type }) {
			gone = append(gone, "`"+res.Type+"`")
		}
	}
	return gone
}

// block writes properties; documents stand there as what they hold.
func block(props map[string]any) string {
	raw, err := json.MarshalIndent(readable(props), "", "  ")
	if err != nil {
		panic(err)
	}
	return "```json\n" + strings.NewReplacer(`\u003c`, "<", `\u003e`, ">", `\u0026`, "&").Replace(string(raw)) + "\n```\n\n"
}

func readable(v any) any {
	switch v := v.(type) {
	case cases.Unknown, cases.Ref, cases.Format:
		return "<known after the update>"
	case cases.Secret:
		return "<secret>"
	case string:
		var document any
		if strings.HasPrefix(v, "{") || strings.HasPrefix(v, "[") {
			if json.Unmarshal([]byte(v), &document) == nil {
				return document
			}
		}
	case []any:
		list := []any{}
		for _, item := range v {
			list = append(list, readable(item))
		}
		return list
	case map[string]any:
		all := map[string]any{}
		for key, value := range v {
			all[key] = readable(value)
		}
		return all
	}
	return v
}
