package plan

import (
	"fmt"
	"slices"
	"strings"
)

// ProviderPrefix starts the types of providers, which the engine makes itself.
const ProviderPrefix = "pulumi:providers:"

// Before returns what the engine must have finished before it starts with r:
// what properties or DependsOn name, and the nearest custom resource above it,
// since a child's registration needs its parent's URN. A component that others
// wait for is finished with its last child.
func (p *Plan) Before(r *Resource) []*Resource {
	urns := slices.Clone(r.Dependencies)
	for _, list := range r.PropertyDependencies {
		urns = append(urns, list...)
	}
	if !r.Custom && r.Type != StackType {
		for _, child := range p.children[r.URN] {
			urns = append(urns, child.URN)
		}
	}
	if above := p.customParent(r); above != nil && r.Custom {
		urns = append(urns, above.URN)
	}
	slices.Sort(urns)
	var before []*Resource
	for _, urn := range slices.Compact(urns) {
		if other := p.byURN[urn]; other != nil && other != r {
			before = append(before, other)
		}
	}
	return before
}

func (p *Plan) customParent(r *Resource) *Resource {
	for above := p.byURN[r.Parent]; above != nil; above = p.byURN[above.Parent] {
		if above.Custom {
			return above
		}
	}
	return nil
}

// Explicit returns the URNs that r waits for without a property of it naming
// them: what the program told with DependsOn.
func (r *Resource) Explicit() []string {
	implied := map[string]bool{}
	for _, list := range r.PropertyDependencies {
		for _, urn := range list {
			implied[urn] = true
		}
	}
	var explicit []string
	for _, urn := range r.Dependencies {
		if !implied[urn] {
			explicit = append(explicit, urn)
		}
	}
	slices.Sort(explicit)
	return explicit
}

// Order returns all resources such that each comes after what it waits for; of
// those that could come next, in the order of their URNs. It fails on a cycle.
func (p *Plan) Order() ([]*Resource, error) {
	const (
		open = iota + 1
		done
	)
	state := map[*Resource]int{}
	var order []*Resource
	var visit func(r *Resource, path []string) error
	visit = func(r *Resource, path []string) error {
		path = append(path, r.Name)
		switch state[r] {
		case done:
			return nil
		case open:
			return fmt.Errorf("the plan waits for itself: %s", strings.Join(path, " → "))
		}
		state[r] = open
		for _, before := range p.Before(r) {
			if err := visit(before, path); err != nil {
				return err
			}
		}
		state[r] = done
		order = append(order, r)
		return nil
	}
	sorted := slices.Clone(p.Resources)
	slices.SortFunc(sorted, func(a, b *Resource) int { return strings.Compare(a.URN, b.URN) })
	for _, r := range sorted {
		if err := visit(r, nil); err != nil {
			return nil, err
		}
	}
	return order, nil
}
