package cost

import (
	"slices"
	"strings"

	"github.com/pathwai/airflow-on-fargate/internal/plan"
)

// Change is what a resource costs more or less than before.
type Change struct {
	// Kind is "added", "removed" or "changed".
	Kind    string `json:"kind"`
	Service string `json:"service"`
	Name    string `json:"name"`
	// Before and After tell what is billed.
	Before []Line `json:"before,omitempty"`
	After  []Line `json:"after,omitempty"`
	// Range is the difference, at the same use.
	Range
}

// Difference is what a change of the plan costs a month.
type Difference struct {
	Stack   string   `json:"stack"`
	Changes []Change `json:"changes"`
	Total   Range    `json:"total"`
	// From and To are the totals.
	From Range `json:"from"`
	To   Range `json:"to"`
	// Budget is the new plan's, 0 when it makes none; Verdict is on the new plan.
	Budget    float64    `json:"budget,omitempty"`
	Verdict   string     `json:"verdict"`
	NotPriced []Unpriced `json:"notPriced"`
}

// Compare prices two plans of one stack.
func Compare(before, after *plan.Plan) (*Difference, error) {
	was, err := totals(before)
	if err != nil {
		return nil, err
	}
	is, err := totals(after)
	if err != nil {
		return nil, err
	}
	d := &Difference{
		Stack: is.Stack, Total: is.Total.Minus(was.Total), From: was.Total, To: is.Total,
		Budget: is.Budget, Verdict: is.Verdict, NotPriced: newlyUnpriced(was, is),
	}
	old := map[string]Row{}
	for _, row := range was.Rows {
		old[row.key()] = row
	}
	for _, row := range is.Rows {
		change := Change{Kind: "added", Service: row.Service, Name: row.Name, After: row.Lines, Range: row.Range}
		if previous, existed := old[row.key()]; existed {
			change.Kind, change.Before, change.Range = "changed", previous.Lines, row.Minus(previous.Range)
			delete(old, row.key())
		}
		d.keep(change)
	}
	for _, row := range was.Rows {
		if _, gone := old[row.key()]; gone {
			d.keep(Change{Kind: "removed", Service: row.Service, Name: row.Name, Before: row.Lines, Range: row.Times(-1)})
		}
	}
	// The largest first.
	slices.SortStableFunc(d.Changes, func(a, b Change) int {
		x, y := max(a.Middle(), -a.Middle()), max(b.Middle(), -b.Middle())
		switch {
		case x > y:
			return -1
		case x < y:
			return 1
		}
		return strings.Compare(a.Name, b.Name)
	})
	return d, nil
}

func (d *Difference) keep(c Change) {
	if !c.zero() {
		d.Changes = append(d.Changes, c)
	}
}

// key tells rows apart: several resources of different types share a name.
func (r Row) key() string { return r.URN + "|" + r.Service + "|" + r.Name }

func newlyUnpriced(was, is *Report) []Unpriced {
	known := map[Unpriced]bool{}
	for _, u := range was.NotPriced {
		known[u] = true
	}
	var fresh []Unpriced
	for _, u := range is.NotPriced {
		if !known[u] {
			fresh = append(fresh, u)
		}
	}
	return fresh
}
