package rules

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/property"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/policyx"
	"github.com/stretchr/testify/require"

	"github.com/pathwai/airflow-on-fargate/policy/internal/cases"
)

// finding is one violation as the engine would get it.
type finding struct{ policy, urn, message string }

// recorder is the policy manager of one call.
type recorder struct {
	policy, urn string
	found       *[]finding
}

func (r recorder) ReportViolation(message, urn string) {
	if urn == "" {
		urn = r.urn
	}
	*r.found = append(*r.found, finding{r.policy, urn, message})
}

// analyze does what the engine does: every resource policy for each resource
// in turn, then every stack policy.
func analyze(t *testing.T, options Options, config map[string]any, group cases.Group) []finding {
	t.Helper()
	if options.Now == nil {
		options.Now = time.Now
	}
	if options.Stack == "" {
		options.Stack = "dev"
	}
	pack, err := New(options).PolicyPack()
	require.NoError(t, err)
	resources := analyzerResources(options.Stack, group)
	var found []finding
	for _, res := range resources {
		for _, policy := range pack.Policies() {
			if p, ok := policy.(policyx.ResourceValidationPolicy); ok {
				settings, _ := config[p.Name()].(map[string]any)
				require.NoError(t, p.Validate(context.Background(), policyx.ResourceValidationArgs{
					Manager: recorder{p.Name(), res.URN, &found}, Resource: res, Config: settings,
				}))
			}
		}
	}
	for _, policy := range pack.Policies() {
		if p, ok := policy.(policyx.StackValidationPolicy); ok {
			require.NoError(t, p.Validate(context.Background(), policyx.StackValidationArgs{
				Manager: recorder{policy: p.Name(), found: &found}, Resources: resources,
			}))
		}
	}
	return found
}

func stackURN(stackName string) string {
	return fmt.Sprintf("urn:pulumi:%s::test::%s::test-%s", stackName, stackType, stackName)
}

func urnOf(stackName string, res *cases.Resource) string {
	return fmt.Sprintf("urn:pulumi:%s::test::%s::%s", stackName, res.Type, res.Name)
}

func analyzerResources(stackName string, group cases.Group) []policyx.AnalyzerResource {
	all := []policyx.AnalyzerResource{{Type: stackType, Name: "test-" + stackName, URN: stackURN(stackName)}}
	for _, res := range group {
		deps := map[string][]string{}
		props := map[string]property.Value{}
		for key, value := range res.Props {
			props[key] = toValue(value, func(ref cases.Ref) {
				deps[key] = append(deps[key], urnOf(stackName, group.Find(ref.Name)))
			})
		}
		all = append(all, policyx.AnalyzerResource{
			Type: res.Type, Name: res.Name, URN: urnOf(stackName, res),
			Properties: property.NewMap(props), PropertyDependencies: deps,
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
func brief(found []finding) []string {
	var lines []string
	for _, f := range found {
		lines = append(lines, f.policy+" "+f.urn[strings.LastIndex(f.urn, "::")+2:])
	}
	slices.Sort(lines)
	return slices.Compact(lines)
}
