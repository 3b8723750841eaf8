package timeline

import (
	"fmt"
	"io"
	"strings"

	"github.com/pathwai/airflow-on-fargate/internal/lines"
)

// Print writes the report as text.
func (r *Report) Print(w io.Writer) error {
	out := &lines.Writer{W: w}
	out.Line("Timeline of a first deployment of %s/%s (AWS's usual times; slow is slow but not rare)\n", r.Project, r.Stack)
	out.Line("Critical path: what must happen one after the other\n")
	out.Line("| start | takes | slow | basis | what | why |")
	out.Line("| ----: | ----: | ---: | ----- | ---- | --- |")
	for _, t := range r.Path {
		out.Line("| %s | %s | %s | %s | %s | %s |", clock(t.Start), clock(t.Typical), clock(t.Slow), t.Basis, t.Name, t.Why)
	}
	out.Line("")
	out.Line("| phase | typical | slow |")
	out.Line("| ----- | ------: | ---: |")
	for _, step := range r.Beforehand {
		out.Line("| before: %s | %s | %s |", step.Name, clock(step.Typical), clock(step.Slow))
	}
	out.Line("| pulumi up | %s | %s |", clock(r.Up.Typical), clock(r.Up.Slow))
	out.Line("| until all services' tasks run | %s | %s |", clock(r.Running.Typical), clock(r.Running.Slow))
	out.Line("| **total, with what comes before** | **%s** | **%s** |", clock(r.Total.Typical), clock(r.Total.Slow))
	out.Line("\nVerdict: %s.", r.verdict())
	for _, workers := range []int{8, 16} {
		out.Line("With --parallel %d (the default on %d processors), up takes %s.", workers, workers/4, clock(r.Limited[workers]))
	}
	out.Line("\n%d DependsOn edges; %d are implied by other edges, %d lengthen up.", r.DependsOn, len(r.Needless), len(r.Costly))
	for _, g := range groups(r.Needless) {
		out.Line("- implied, %d×: such as %s waits for %s, and so does %s, which it waits for", g.count, g.first.From, g.first.To, g.first.Via)
	}
	for _, e := range r.Costly {
		out.Line("- %s waits for %s: %s of up", e.From, e.To, clock(e.Seconds))
	}
	return out.Err
}

// group is edges between the same kinds of resources.
type group struct {
	first Edge
	count int
}

func groups(edges []Edge) []group {
	kinds := func(e Edge) string {
		from, _, _ := strings.Cut(e.From, " ")
		to, _, _ := strings.Cut(e.To, " ")
		via, _, _ := strings.Cut(e.Via, " ")
		return from + " " + to + " " + via
	}
	var list []group
	at := map[string]int{}
	for _, e := range edges {
		i, known := at[kinds(e)]
		if !known {
			i = len(list)
			at[kinds(e)] = i
			list = append(list, group{first: e})
		}
		list[i].count++
	}
	return list
}

func (r *Report) verdict() string {
	limit := r.LimitMinutes * 60
	switch {
	case r.Total.Slow <= limit:
		return fmt.Sprintf("within %g minutes even when AWS is slow", r.LimitMinutes)
	case r.Total.Typical <= limit:
		return fmt.Sprintf("within %g minutes typically, OVER them by %s when AWS is slow", r.LimitMinutes, clock(r.Total.Slow-limit))
	}
	return fmt.Sprintf("OVER %g minutes by %s", r.LimitMinutes, clock(r.Total.Typical-limit))
}
