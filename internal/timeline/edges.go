package timeline

import (
	"slices"
	"strings"

	"github.com/pathwai/airflow-on-fargate/internal/plan"
)

// Edge is a wait that the program asked for with DependsOn.
type Edge struct {
	// From waits for To.
	From string `json:"from"`
	To   string `json:"to"`
	// Via is what From waits for anyway and what waits for To, if anything.
	Via string `json:"via,omitempty"`
	// Seconds is by how much `up` would be shorter without the edge.
	Seconds float64 `json:"seconds,omitempty"`
}

// examine counts the DependsOn edges, and finds those that other edges imply
// and those that lengthen `up`. Whether a costly edge is needed is for people
// to say: the plan doesn't tell why it is there.
func examine(p *plan.Plan, g *graph) (total int, needless, costly []Edge) {
	typical := func(d Duration) float64 { return d.Typical }
	up := g.schedule(typical).up
	reach := &reach{plan: p, memo: map[*plan.Resource]map[*plan.Resource]bool{}}
	for _, r := range p.Resources {
		for _, urn := range r.Explicit() {
			to := p.Resource(urn)
			if to == nil {
				continue
			}
			total++
			edge := Edge{From: label(r), To: label(to)}
			if via := reach.around(r, to); via != nil {
				edge.Via = label(via)
				needless = append(needless, edge)
				continue
			}
			if edge.Seconds = up - g.without(r, to).schedule(typical).up; edge.Seconds > 0 {
				costly = append(costly, edge)
			}
		}
	}
	byName := func(a, b Edge) int { return strings.Compare(a.From+"\x00"+a.To, b.From+"\x00"+b.To) }
	slices.SortFunc(needless, byName)
	slices.SortFunc(costly, byName)
	return total, needless, costly
}

// label names a resource with the last part of its type: names alone repeat.
func label(r *plan.Resource) string {
	return kind(r.Type) + " " + r.Name
}

// kind is the last part of a type token.
func kind(token string) string { return token[strings.LastIndex(token, ":")+1:] }

// without is the graph without one edge.
func (g *graph) without(from, to *plan.Resource) *graph {
	copies := map[*node]*node{}
	other := &graph{}
	for _, n := range g.nodes {
		c := &node{resource: n.resource, duration: n.duration, running: n.running}
		for _, before := range n.before {
			if n.resource != from || before.resource != to {
				c.before = append(c.before, copies[before])
			}
		}
		copies[n] = c
		other.nodes = append(other.nodes, c)
	}
	return other
}

// reach knows what each resource waits for, directly or not.
type reach struct {
	plan *plan.Plan
	memo map[*plan.Resource]map[*plan.Resource]bool
}

func (x *reach) all(r *plan.Resource) map[*plan.Resource]bool {
	if known, ok := x.memo[r]; ok {
		return known
	}
	all := map[*plan.Resource]bool{}
	for _, before := range x.plan.Before(r) {
		all[before] = true
		for further := range x.all(before) {
			all[further] = true
		}
	}
	x.memo[r] = all
	return all
}

// around returns something that r waits for directly and that waits for to.
func (x *reach) around(r, to *plan.Resource) *plan.Resource {
	for _, before := range x.plan.Before(r) {
		if x.all(before)[to] {
			return before
		}
	}
	return nil
}
