package timeline

import (
	"slices"
	"strings"

	"github.com/pathwai/airflow-on-fargate/internal/plan"
)

// Task is the creation of a resource, in seconds from the start of `up`.
type Task struct {
	URN  string `json:"urn"`
	Type string `json:"type"`
	Name string `json:"name"`
	Duration
	// Start and End are for typical durations and as much parallelism as the
	// graph allows.
	Start float64 `json:"start"`
	End   float64 `json:"end"`
	// Slack is by how much it could take longer without delaying the end.
	Slack float64 `json:"slack"`
	// Critical tasks are those of the critical path.
	Critical bool `json:"critical"`
	// Tasks marks the start of a service's first tasks, after its creation.
	Tasks bool `json:"tasks,omitempty"`
}

// Report is the timeline of a first deployment.
type Report struct {
	Project string `json:"project"`
	Stack   string `json:"stack"`
	Tasks   []Task `json:"tasks"`
	// Path is the critical path, first to last: what must be done one after
	// the other until the last thing of the platform runs.
	Path []Task `json:"path"`
	// Up is the length of `pulumi up`; Running until the last service's tasks
	// run; Total with what is done beforehand. All in seconds.
	Up      Duration `json:"up"`
	Running Duration `json:"running"`
	Total   Duration `json:"total"`
	// Limited is the length of `up` with a limited number of operations at a
	// time, typical durations.
	Limited map[int]float64 `json:"limited"`

	Beforehand   []Step  `json:"beforehand"`
	LimitMinutes float64 `json:"limitMinutes"`
	// DependsOn counts the edges that no property implies. Of them, Needless
	// are implied by other edges, and Costly are waited for: without one, `up`
	// would be shorter.
	DependsOn int               `json:"dependsOn"`
	Needless  []Edge            `json:"needless"`
	Costly    []Edge            `json:"costly"`
	Sources   map[string]string `json:"sources"`
}

// runningSuffix marks the time after a service's creation until its tasks run.
const runningSuffix = " (tasks run)"

// Make computes the timeline of a plan as if nothing existed yet.
func Make(p *plan.Plan) (*Report, error) {
	t, err := readTimes()
	if err != nil {
		return nil, err
	}
	order, err := p.Order()
	if err != nil {
		return nil, err
	}
	g := newGraph(p, t, order)
	typical := g.schedule(func(d Duration) float64 { return d.Typical })
	slow := g.schedule(func(d Duration) float64 { return d.Slow })
	report := &Report{
		Project: p.Project, Stack: p.Stack,
		Up:      Duration{Typical: typical.up, Slow: slow.up},
		Running: Duration{Typical: typical.end, Slow: slow.end},
		Limited: map[int]float64{}, Beforehand: t.Beforehand, LimitMinutes: t.LimitMinutes, Sources: t.Sources,
	}
	report.Total = report.Running
	for _, step := range t.Beforehand {
		report.Total.Typical += step.Typical
		report.Total.Slow += step.Slow
	}
	report.Tasks = g.tasks(typical)
	report.Path = path(g, typical)
	for _, workers := range []int{8, 16} {
		report.Limited[workers] = g.limited(workers)
	}
	report.DependsOn, report.Needless, report.Costly = examine(p, g)
	return report, nil
}

// graph is the plan with durations; nodes are in an order in which each comes
// after what it waits for.
type graph struct {
	nodes []*node
	at    map[*plan.Resource]*node
}

type node struct {
	resource *plan.Resource
	duration Duration
	before   []*node
	// running marks the first tasks of a service, which start when it is
	// created and for which `up` doesn't wait.
	running bool
}

func (n *node) name() string {
	if n.running {
		return n.resource.Name + runningSuffix
	}
	return n.resource.Name
}

func newGraph(p *plan.Plan, t *times, order []*plan.Resource) *graph {
	g := &graph{at: map[*plan.Resource]*node{}}
	for _, r := range order {
		n := &node{resource: r, duration: t.of(r)}
		for _, before := range p.Before(r) {
			n.before = append(n.before, g.at[before])
		}
		g.at[r] = n
		g.nodes = append(g.nodes, n)
	}
	for _, r := range order {
		if r.Type != t.Running.Type {
			continue
		}
		g.nodes = append(g.nodes, &node{resource: r, duration: t.Running.Duration, before: []*node{g.at[r]}, running: true})
	}
	return g
}

// schedule is when everything starts at the earliest.
type schedule struct {
	start, finish map[*node]float64
	// latest is when a node must end at the latest.
	latest map[*node]float64
	// up is the end of the last resource, end that of the last service's tasks.
	up, end float64
}

func (g *graph) schedule(length func(Duration) float64) *schedule {
	s := &schedule{start: map[*node]float64{}, finish: map[*node]float64{}, latest: map[*node]float64{}}
	for _, n := range g.nodes {
		for _, before := range n.before {
			s.start[n] = max(s.start[n], s.finish[before])
		}
		s.finish[n] = s.start[n] + length(n.duration)
		s.end = max(s.end, s.finish[n])
		if !n.running {
			s.up = max(s.up, s.finish[n])
		}
	}
	for _, n := range g.nodes {
		s.latest[n] = s.end
	}
	for _, n := range slices.Backward(g.nodes) {
		for _, before := range n.before {
			s.latest[before] = min(s.latest[before], s.latest[n]-length(n.duration))
		}
	}
	return s
}

// path follows the critical path back from the last node to end.
func path(g *graph, s *schedule) []Task {
	var last *node
	for _, n := range g.nodes {
		if last == nil || s.finish[n] > s.finish[last] {
			last = n
		}
	}
	var tasks []Task
	for n := last; n != nil; {
		if n.duration.Typical > 0 {
			tasks = append(tasks, s.task(n))
		}
		var next *node
		for _, before := range n.before {
			if s.finish[before] == s.start[n] && s.start[n] > 0 && (next == nil || s.finish[before] > s.finish[next]) {
				next = before
			}
		}
		n = next
	}
	slices.Reverse(tasks)
	return tasks
}

func (s *schedule) task(n *node) Task {
	slack := s.latest[n] - s.finish[n]
	return Task{
		URN: n.resource.URN, Type: n.resource.Type, Name: n.name(), Duration: n.duration,
		Start: s.start[n], End: s.finish[n], Slack: slack, Critical: slack < 0.5, Tasks: n.running,
	}
}

func (g *graph) tasks(s *schedule) []Task {
	var tasks []Task
	for _, n := range g.nodes {
		if n.duration.Typical > 0 {
			tasks = append(tasks, s.task(n))
		}
	}
	slices.SortStableFunc(tasks, func(a, b Task) int {
		if a.Start != b.Start {
			return int(a.Start - b.Start)
		}
		return strings.Compare(a.Name, b.Name)
	})
	return tasks
}

// limited is the length of `up` when no more than workers operations run at a
// time, as under `pulumi up --parallel`. Of those that could start, the engine
// takes the ones that became ready first.
func (g *graph) limited(workers int) float64 {
	waiting := map[*node]int{}
	behind := map[*node][]*node{}
	type job struct {
		n   *node
		end float64
	}
	var ready []*node
	var running []job
	for _, n := range g.nodes {
		if n.running {
			continue
		}
		waiting[n] = len(n.before)
		for _, before := range n.before {
			behind[before] = append(behind[before], n)
		}
		if len(n.before) == 0 {
			ready = append(ready, n)
		}
	}
	now := 0.0
	for len(ready) > 0 || len(running) > 0 {
		for len(ready) > 0 && len(running) < workers {
			running = append(running, job{ready[0], now + ready[0].duration.Typical})
			ready = ready[1:]
		}
		slices.SortStableFunc(running, func(a, b job) int {
			switch {
			case a.end < b.end:
				return -1
			case a.end > b.end:
				return 1
			}
			return 0
		})
		done := running[0]
		running = running[1:]
		now = done.end
		for _, n := range behind[done.n] {
			if waiting[n]--; waiting[n] == 0 {
				ready = append(ready, n)
			}
		}
	}
	return now
}
