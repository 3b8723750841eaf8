package rules

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/property"

	"github.com/pathwai/airflow-on-fargate/policy/internal/cases"
)

// analyze does what the engine does: it asks about each resource in turn, then
// about all of them.
func analyze(options Options, group cases.Group) []Finding {
	if options.Now == nil {
		options.Now = time.Now
	}
	if options.Stack == "" {
		options.Stack = "dev"
	}
	pack := New(options)
	resources := resourcesOf(options.Stack, group)
	var found []Finding
	for _, res := range resources {
		found = append(found, pack.Analyze(res)...)
	}
	return slices.DeleteFunc(append(found, pack.AnalyzeStack(resources)...), func(f Finding) bool { return f.Policy == UnreadName })
}

func stackURN(stackName string) string {
	return fmt.Sprintf("urn:pulumi:%s::test::%s::test-%s", stackName, stackType, stackName)
}

func urnOf(stackName string, res *cases.Resource) string {
	return fmt.Sprintf("urn:pulumi:%s::test::%s::%s", stackName, res.Type, res.Name)
}

func resourcesOf(stackName string, group cases.Group) []Resource {
	nothing := func() property.Map { return property.Map{} }
	all := []Resource{{Type: stackType, Name: "test-" + stackName, URN: stackURN(stackName), Properties: nothing}}
	for _, res := range group {
		deps := map[string][]string{}
		props := map[string]property.Value{}
		for key, value := range res.Props {
			props[key] = toValue(value, func(ref cases.Ref) {
				deps[key] = append(deps[key], urnOf(stackName, group.Find(ref.Name)))
			})
		}
		all = append(all, Resource{
			Type: res.Type, Name: res.Name, URN: urnOf(stackName, res),
			Properties: func() property.Map { return property.NewMap(props) }, Dependencies: deps,
		})
	}
	return all
}

func toValue(v any, refers func(cases.Ref)) property.Value {
	switch v := v.(type) {
	case nil:
		return property.New(property.Null)
	case cases.Unknown:
		return property.New(property.Computed)
	case cases.Secret:
		return toValue(v.Value, refers).WithSecret(true)
	case cases.Ref:
		refers(v)
		return property.New(property.Computed)
	case cases.Format:
		return toValue(v.Ref, refers)
	case string:
		return property.New(v)
	case bool:
		return property.New(v)
	case int:
		return property.New(float64(v))
	case []any:
		list := make([]property.Value, 0, len(v))
		for _, item := range v {
			list = append(list, toValue(item, refers))
		}
		return property.New(list)
	case map[string]any:
		m := map[string]property.Value{}
		for key, value := range v {
			m[key] = toValue(value, refers)
		}
		return property.New(m)
	}
	panic(fmt.Sprintf("%T", v))
}

// brief lists findings as "policy name", sorted, each once.
func brief(found []Finding) []string {
	var lines []string
	for _, f := range found {
		lines = append(lines, f.Policy+" "+f.URN[strings.LastIndex(f.URN, "::")+2:])
	}
	slices.Sort(lines)
	return slices.Compact(lines)
}

// configs gives a mutant's settings the type that the pack takes.
func configs(given map[string]any) map[string]map[string]any {
	typed := map[string]map[string]any{}
	for policy, config := range given {
		typed[policy] = config.(map[string]any)
	}
	return typed
}
