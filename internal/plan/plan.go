// Package plan reads what a stack will be: the output of
//
//	pulumi preview --json --show-sames
//
// or of `pulumi stack export`, into one small model. Cost, timeline and diagram
// are made from it, and so from what the engine would really do, never from the
// stack's config (docs/adr/0070).
package plan

import (
	"fmt"
	"slices"
	"strings"
)

// Plan is what a stack will hold once it is up.
type Plan struct {
	Project string
	Stack   string
	// Resources are in the order in which the engine met them: what a resource
	// refers to comes before it.
	Resources []*Resource

	byURN    map[string]*Resource
	children map[string][]*Resource
}

// Resource is one resource of a plan.
type Resource struct {
	URN string
	// Type is the token, such as aws:ec2/vpc:Vpc.
	Type string
	// Name is the resource's name in the program.
	Name string
	// Parent is the URN of the parent, empty for the stack itself.
	Parent string
	// Custom resources exist in the cloud; others are components.
	Custom bool
	// Inputs are as the provider would get them. What isn't known before `up`
	// and what is secret is [Unknown].
	Inputs map[string]any
	// Dependencies are the URNs of all that it waits for, whether a property
	// refers to it or the program said DependsOn.
	Dependencies []string
	// PropertyDependencies are the URNs behind each property.
	PropertyDependencies map[string][]string
	// Protect is Pulumi's own protection from deletion.
	Protect bool
}

// New makes a plan of resources. It fails when two have the same URN.
func New(project, stack string, resources []*Resource) (*Plan, error) {
	p := &Plan{
		Project: project, Stack: stack, Resources: resources,
		byURN: map[string]*Resource{}, children: map[string][]*Resource{},
	}
	for _, r := range resources {
		if p.byURN[r.URN] != nil {
			return nil, fmt.Errorf("the plan holds %s twice", r.URN)
		}
		p.byURN[r.URN] = r
		p.children[r.Parent] = append(p.children[r.Parent], r)
	}
	return p, nil
}

// Resource returns the resource of a URN, nil when the plan has none.
func (p *Plan) Resource(urn string) *Resource { return p.byURN[urn] }

// Of returns the resources of a type, by name.
func (p *Plan) Of(token string) []*Resource {
	var list []*Resource
	for _, r := range p.Resources {
		if r.Type == token {
			list = append(list, r)
		}
	}
	slices.SortFunc(list, func(a, b *Resource) int { return strings.Compare(a.Name, b.Name) })
	return list
}

// Refs returns the resources of a type behind a property of r, by name.
func (p *Plan) Refs(r *Resource, property, token string) []*Resource {
	var list []*Resource
	for _, urn := range r.PropertyDependencies[property] {
		if target := p.byURN[urn]; target != nil && target.Type == token {
			list = append(list, target)
		}
	}
	slices.SortFunc(list, func(a, b *Resource) int { return strings.Compare(a.Name, b.Name) })
	return list
}

// Ref returns the one resource of a type behind a property of r, nil when there
// is none or several.
func (p *Plan) Ref(r *Resource, property, token string) *Resource {
	if list := p.Refs(r, property, token); len(list) == 1 {
		return list[0]
	}
	return nil
}

// Component returns the topmost component above r, nil when r hangs directly
// below the stack.
func (p *Plan) Component(r *Resource) *Resource {
	var top *Resource
	for above := p.byURN[r.Parent]; above != nil; above = p.byURN[above.Parent] {
		if !above.Custom && above.Type != StackType {
			top = above
		}
	}
	return top
}

// Clone returns a plan whose inputs can be changed without changing p's.
func (p *Plan) Clone() *Plan {
	copies := make([]*Resource, 0, len(p.Resources))
	for _, r := range p.Resources {
		c := *r
		c.Inputs = cloneValue(r.Inputs).(map[string]any)
		copies = append(copies, &c)
	}
	clone, err := New(p.Project, p.Stack, copies)
	if err != nil {
		panic(err) // p had no URN twice
	}
	return clone
}

// Without returns a plan that lacks the resources that drop tells.
func (p *Plan) Without(drop func(*Resource) bool) *Plan {
	clone := p.Clone()
	kept := slices.DeleteFunc(clone.Resources, drop)
	without, err := New(p.Project, p.Stack, kept)
	if err != nil {
		panic(err)
	}
	return without
}

func cloneValue(v any) any {
	switch v := v.(type) {
	case map[string]any:
		c := make(map[string]any, len(v))
		for key, element := range v {
			c[key] = cloneValue(element)
		}
		return c
	case []any:
		c := make([]any, len(v))
		for i, element := range v {
			c[i] = cloneValue(element)
		}
		return c
	default:
		return v
	}
}

// StackType is the type of the root, which stands for the stack itself.
const StackType = "pulumi:pulumi:Stack"

// parseURN takes urn:pulumi:<stack>::<project>::<parent types>$<type>::<name> apart.
func parseURN(urn string) (stack, project, token, name string, err error) {
	rest, ok := strings.CutPrefix(urn, "urn:pulumi:")
	parts := strings.SplitN(rest, "::", 4)
	if !ok || len(parts) != 4 {
		return "", "", "", "", fmt.Errorf("%q is not a URN", urn)
	}
	types := parts[2]
	return parts[0], parts[1], types[strings.LastIndex(types, "$")+1:], parts[3], nil
}
