// Package plantest makes small plans for tests.
package plantest

import (
	"maps"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pathwai/airflow-on-fargate/internal/plan"
)

// Inputs are a resource's inputs. A *plan.Resource among them, or a list of
// them, is a reference: its value is unknown, as at preview.
type Inputs map[string]any

// Resource makes a custom resource of stack dev.
func Resource(token, name string, inputs Inputs) *plan.Resource {
	r := &plan.Resource{
		URN:  "urn:pulumi:dev::airflow::" + token + "::" + name,
		Type: token, Name: name, Custom: true,
		Inputs: map[string]any{}, PropertyDependencies: map[string][]string{},
	}
	for _, key := range slices.Sorted(maps.Keys(inputs)) {
		switch value := inputs[key].(type) {
		case *plan.Resource:
			refer(r, key, value)
			r.Inputs[key] = plan.Unknown{}
		case []*plan.Resource:
			list := []any{}
			for _, target := range value {
				refer(r, key, target)
				list = append(list, plan.Unknown{})
			}
			r.Inputs[key] = list
		default:
			r.Inputs[key] = value
		}
	}
	return r
}

// Under puts a resource below another one.
func Under(parent, r *plan.Resource) *plan.Resource {
	r.Parent = parent.URN
	return r
}

// After makes a resource wait for others, as DependsOn does.
func After(r *plan.Resource, others ...*plan.Resource) *plan.Resource {
	for _, other := range others {
		r.Dependencies = append(r.Dependencies, other.URN)
	}
	return r
}

// Component makes a component.
func Component(token, name string) *plan.Resource {
	r := Resource(token, name, nil)
	r.Custom = false
	return r
}

// Plan makes a plan of stack dev.
func Plan(t *testing.T, resources ...*plan.Resource) *plan.Plan {
	t.Helper()
	p, err := plan.New("airflow", "dev", resources)
	require.NoError(t, err)
	return p
}

func refer(r *plan.Resource, property string, target *plan.Resource) {
	r.PropertyDependencies[property] = append(r.PropertyDependencies[property], target.URN)
	r.Dependencies = append(r.Dependencies, target.URN)
}
