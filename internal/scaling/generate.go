// Package scaling says how worker services follow their backlog, and proves it.
//
// generate.go holds the rule that the stack declares: how many workers a
// backlog needs, as step adjustments and alarms. The other files are a
// simulator of what AWS documents of CloudWatch alarms, Application Auto
// Scaling and ECS. It reads the policies and alarms from a plan of the stack,
// not from the rule, so that a change of the stack changes the proof.
package scaling

import (
	"errors"
	"fmt"
	"strings"
)

// MaxSteps is how many step adjustments a policy may have.
// https://docs.aws.amazon.com/autoscaling/application/userguide/application-auto-scaling-step-scaling-policies.html
const MaxSteps = 20

const (
	// Threshold lies between no work and one task.
	Threshold = 0.5
	// WindowSeconds is how long the highest backlog counts. A sliding window
	// is looked at every minute, so workers come within a minute, and go only
	// when less was to do for all of it.
	WindowSeconds = 300
	// QuietMinutes is how many minutes in a row must have brought data, and no
	// work, before the last workers go.
	QuietMinutes = 5
	// TargetCPU and TargetMemory are the loads of a worker, in percent, that
	// the number of workers aims at when the work needs more than its slots.
	TargetCPU    = 85
	TargetMemory = 90
	// shrinkShare of the targets is the load that takes a worker away.
	shrinkShare = 0.75
)

// Namespaces of the metrics.
const (
	NamespaceAirflow = "Airflow"
	NamespaceECS     = "AWS/ECS"
)

// Pool is a service of Celery workers.
type Pool struct {
	// Stack is the dimension of the agent's metrics; Queues are those that the
	// pool's workers take from.
	Stack  string
	Queues []string
	// Cluster and Service are the names of the ECS service.
	Cluster, Service string
	// Concurrency is how many tasks one worker runs.
	Concurrency int
	// Min and Max bound the number of workers. Max is at most MaxSteps.
	Min, Max int
	// IdleMemory is what a worker without work holds of its memory, in percent:
	// more workers can't take it over. Rather too high than too low: a worker
	// too many would be the price.
	IdleMemory int
}

// Step sets the number of workers while the metric lies between two distances
// from the alarm's threshold; nil is unbounded.
// https://docs.aws.amazon.com/autoscaling/application/APIReference/API_StepAdjustment.html
type Step struct {
	Lower, Upper *float64
	Adjustment   int
}

// Policy is a step scaling policy.
type Policy struct {
	AdjustmentType string
	// CooldownSeconds: 0 for exact numbers, which can't add up. (ECS's default
	// would be 300.)
	CooldownSeconds int
	// Aggregation is how several data points become one: Maximum, Minimum or
	// Average.
	Aggregation string
	Steps       []Step
}

// Metric is a metric and how it is read.
type Metric struct {
	Namespace, Name string
	Dimensions      map[string]string
	Stat            string
	PeriodSeconds   int
}

// Query is a metric, or an expression over other queries.
type Query struct {
	ID, Label  string
	Metric     *Metric
	Expression string
	// Return marks the one that the alarm watches.
	Return bool
}

// Alarm is a CloudWatch metric alarm.
type Alarm struct {
	Description string
	// Comparison is GreaterThanThreshold or another of CloudWatch's four.
	Comparison string
	Threshold  float64
	// EvaluationPeriods is N and DatapointsToAlarm is M of "M out of N".
	EvaluationPeriods, DatapointsToAlarm int
	// Missing is treat-missing-data: missing, ignore, breaching, notBreaching.
	Missing string
	Queries []Query
}

// Rule is a policy and the alarm that drives it.
type Rule struct {
	// Name is "backlog" or "idle".
	Name   string
	Policy Policy
	Alarm  Alarm
}

// Workers is the number of workers that a backlog needs.
func Workers(backlog, concurrency, low, high int) int {
	return min(max((backlog+concurrency-1)/concurrency, low), high)
}

// Steps are the step adjustments of the backlog policy: [k·c, (k+1)·c) above
// the threshold of one half is a backlog of k·c+1 to (k+1)·c, which needs k+1
// workers. The lower end belongs to a step and the upper doesn't, since the
// metric is above the threshold.
func Steps(concurrency, low, high int) []Step {
	var steps []Step
	for workers := max(low, 1); workers <= high; workers++ {
		s := Step{Adjustment: workers}
		if workers == max(low, 1) {
			s.Lower = new(float64)
		} else {
			s.Lower = at((workers - 1) * concurrency)
		}
		if workers < high {
			s.Upper = at(workers * concurrency)
		}
		steps = append(steps, s)
	}
	return steps
}

func at(distance int) *float64 {
	d := float64(distance)
	return &d
}

// Validate tells every fault of a pool.
func (p Pool) Validate() error {
	var faults []error
	check := func(ok bool, format string, args ...any) {
		if !ok {
			faults = append(faults, fmt.Errorf("pool %s: "+format, append([]any{p.Service}, args...)...))
		}
	}
	check(p.Concurrency >= 1, "concurrency is %d; a worker runs at least one task", p.Concurrency)
	check(p.Min >= 0, "min is %d; it can't be negative", p.Min)
	check(p.Max >= 1 && p.Max >= p.Min, "max is %d; it must be at least 1 and min (%d)", p.Max, p.Min)
	check(p.Max-max(p.Min, 1)+1 <= MaxSteps, "%d to %d workers need more than the %d steps that a policy may have", p.Min, p.Max, MaxSteps)
	check(len(p.Queues) >= 1, "has no queue")
	check(len(p.Queues) <= 7, "has %d queues; an alarm reads at most 10 metrics, three of them are the pool's load", len(p.Queues))
	check(p.IdleMemory >= 0 && p.IdleMemory < TargetMemory, "idle memory is %d %%; it must be below %d %%", p.IdleMemory, TargetMemory)
	return errors.Join(faults...)
}

// Rules are the two policies of a pool and their alarms. They can't fight:
// "idle" needs five minutes without any work, and then the window of "backlog"
// holds none either.
func Rules(p Pool) ([]Rule, error) {
	if err := p.Validate(); err != nil {
		return nil, err
	}
	return []Rule{
		{
			Name: "backlog",
			Policy: Policy{
				AdjustmentType: "ExactCapacity", Aggregation: "Maximum", Steps: Steps(p.Concurrency, p.Min, p.Max),
			},
			Alarm: Alarm{
				Description: "Sets the number of workers to what the work needs",
				Comparison:  "GreaterThanThreshold", Threshold: Threshold,
				EvaluationPeriods: 1, DatapointsToAlarm: 1,
				// Without data nothing is known: no action, the workers stay.
				Missing: "missing",
				Queries: demandQueries(p),
			},
		},
		{
			Name: "idle",
			Policy: Policy{
				AdjustmentType: "ExactCapacity", Aggregation: "Maximum",
				Steps: []Step{{Upper: new(float64), Adjustment: p.Min}},
			},
			Alarm: Alarm{
				Description: "Takes the last workers away after minutes that are known to have had no work",
				Comparison:  "LessThanThreshold", Threshold: Threshold,
				EvaluationPeriods: QuietMinutes, DatapointsToAlarm: QuietMinutes,
				// A minute without data is no quiet minute.
				Missing: "notBreaching",
				Queries: idleQueries(p),
			},
		},
	}, nil
}

func backlogQueries(p Pool, period int) (queries []Query, sum string) {
	ids := make([]string, len(p.Queues))
	for i, queue := range p.Queues {
		ids[i] = fmt.Sprintf("b%d", i)
		queries = append(queries, Query{ID: ids[i], Label: "Backlog of " + queue, Metric: &Metric{
			Namespace: NamespaceAirflow, Name: "Backlog", Stat: "Maximum", PeriodSeconds: period,
			Dimensions: map[string]string{"Stack": p.Stack, "Queue": queue},
		}})
	}
	return queries, strings.Join(ids, "+")
}

func idleQueries(p Pool) []Query {
	queries, sum := backlogQueries(p, 60)
	return append(queries, Query{ID: "backlog", Label: "Backlog", Expression: sum, Return: true})
}

// demandQueries compute the demand in tasks: the backlog, or what the load of
// the workers amounts to when that is more.
//
// The load is the average over the workers times their number, in workers: it
// stays what it is when a worker is added. A rule like "one more worker while
// the average is above 85 %" would add one, see the average fall, take it away
// again, and so on. For the same reason the load that takes a worker away is
// lower than the one that adds it; between the two the number stays.
//
// All the load's metrics are filled: without workers there are none, and the
// backlog decides alone. That doesn't hang on FILL, of which no document says
// what it makes of a metric without any value, such as those of a service that
// never ran a task: a comparison takes a missing value for 0, and so chooses the
// backlog. MAX([backlog, loadtasks]) promises nothing. Without any backlog there
// is no demand, whatever the load is.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html
func demandQueries(p Pool) []Query {
	queries, sum := backlogQueries(p, WindowSeconds)
	metric := func(id, namespace, name string, dimensions map[string]string) {
		queries = append(queries, Query{ID: id, Label: name, Metric: &Metric{
			Namespace: namespace, Name: name, Stat: "Average", PeriodSeconds: WindowSeconds, Dimensions: dimensions,
		}})
	}
	expression := func(id, label, format string, args ...any) {
		queries = append(queries, Query{ID: id, Label: label, Expression: fmt.Sprintf(format, args...)})
	}
	service := map[string]string{"ClusterName": p.Cluster, "ServiceName": p.Service}
	metric("cpu", NamespaceECS, "CPUUtilization", service)
	metric("memory", NamespaceECS, "MemoryUtilization", service)
	metric("counted", NamespaceAirflow, "Workers", map[string]string{"Stack": p.Stack, "Queue": p.Queues[0]})

	expression("backlog", "Backlog", "%s", sum)
	// While the number changes its average lies between the old and the new.
	expression("fewer", "Workers, or the fewer of two numbers", "FLOOR(FILL(counted, 0))")
	expression("more", "Workers, or the more of two numbers", "CEIL(FILL(counted, 0))")
	load := func(id, label string, idle, target int) {
		expression(id+"load", label+" if each were at its target", "(FILL(%s, 0) - %d) * FILL(counted, 0) / %d", id, idle, target-idle)
		expression(id+"need", label, "IF(%[1]sload > more, %[1]sload, IF(%[1]sload / %[2]g < fewer, %[1]sload / %[2]g, IF(%[1]sload / %[2]g > more, more, fewer)))",
			id, shrinkShare)
	}
	load("cpu", "Workers that the CPU needs", 0, TargetCPU)
	load("memory", "Workers that the memory needs", p.IdleMemory, TargetMemory)
	expression("loadtasks", "The load in tasks", "IF(cpuneed > memoryneed, cpuneed, memoryneed) * %d", p.Concurrency)
	expression("demand", "Demand in tasks", "IF(backlog > 0, IF(loadtasks > backlog, loadtasks, backlog), 0)")
	queries[len(queries)-1].Return = true
	return queries
}
