package scaling

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func pools() []Pool {
	var all []Pool
	for _, size := range []struct {
		concurrency, low, high int
		queues                 []string
	}{
		{4, 0, 10, []string{"default"}},
		{16, 0, 20, []string{"default", "large"}},
		{1, 0, 3, []string{"heavy"}},
		{8, 2, 10, []string{"default"}},
	} {
		p := pool()
		p.Concurrency, p.Min, p.Max, p.Queues = size.concurrency, size.low, size.high, size.queues
		all = append(all, p)
	}
	return all
}

// drawn are a world's numbers as rapid draws them: it makes a world that breaks
// a promise as plain as it can, and the file that it names plays it again.
type drawn struct{ *rapid.T }

func (d drawn) IntN(n int) int { return rapid.IntRange(0, n-1).Draw(d.T, "number") }

// A world takes seconds: -rapid.checks says how many there are, if not these.
// They are the same each time; another -rapid.seed draws others.
func init() { _, _ = flag.Set("rapid.checks", "15"), flag.Set("rapid.seed", "1") }

// The proof reads a plan, as it will read the stack's.
func TestProof(t *testing.T) {
	for _, p := range pools() {
		t.Run(fmt.Sprintf("concurrency %d, %d to %d", p.Concurrency, p.Min, p.Max), func(t *testing.T) {
			t.Parallel()
			rules, err := Rules(p)
			require.NoError(t, err)
			targets, err := readPlan(t, planOf(p, rules))
			require.NoError(t, err)
			rapid.Check(t, func(r *rapid.T) {
				seed := rapid.Uint64Range(0, 1<<16).Draw(r, "seed")
				require.NoError(r, proveIn(seed, func() draws { return drawn{r} }, targets[0], p.Concurrency))
			})
		})
	}
}

// Every change that breaks a promise must be seen, or the proof proves nothing.
func TestProofSeesWhatIsWrong(t *testing.T) {
	alarm := func(name string, apply func(in object)) func(object) {
		return func(d object) {
			change(d, "worker-"+name, func(in object) {
				if in["threshold"] != nil {
					apply(in)
				}
			})
		}
	}
	policy := func(name string, apply func(in object)) func(object) {
		return func(d object) {
			change(d, "worker-"+name, func(in object) {
				if c, ok := in["stepScalingPolicyConfiguration"].(object); ok {
					apply(c)
				}
			})
		}
	}
	queries := func(in object) []any { return in["metricQueries"].([]any) }
	for _, tt := range []struct {
		name, want string
		break_     func(object)
	}{
		{"the backlog's window is a minute", "does not flap", alarm("backlog", func(in object) {
			for _, q := range queries(in) {
				if m, ok := q.(object)["metric"].(object); ok {
					m["period"] = 60
				}
			}
		})},
		{"the threshold is one task", "leaves zero", alarm("backlog", func(in object) { in["threshold"] = 1.5 })},
		{"the backlog alarm waits for three periods", "leaves zero", alarm("backlog", func(in object) { in["evaluationPeriods"], in["datapointsToAlarm"] = 3, 3 })},
		{"no data counts as idle", "survives silence", alarm("idle", func(in object) { in["treatMissingData"] = "breaching" })},
		{"one quiet minute is idle", "does not flap", alarm("idle", func(in object) { in["evaluationPeriods"], in["datapointsToAlarm"] = 1, 1 })},
		{"idleness by a window of five minutes that may be half empty", "survives silence", alarm("idle", func(in object) {
			queries(in)[0].(object)["metric"].(object)["period"] = 300
			in["evaluationPeriods"], in["datapointsToAlarm"] = 1, 1
		})},
		{"the idle alarm never fires", "returns to zero", alarm("idle", func(in object) { in["threshold"] = -1.0 })},
		{"the idle policy leaves one", "returns to zero", policy("idle", func(c object) { c["stepAdjustments"].([]any)[0].(object)["scalingAdjustment"] = 1 })},
		{"the average of the backlog", "leaves zero", alarm("backlog", func(in object) {
			queries(in)[0].(object)["metric"].(object)["stat"] = "Average"
		})},
		{"a worker too few", "are needed", policy("backlog", func(c object) {
			for _, s := range c["stepAdjustments"].([]any) {
				s := s.(object)
				s["scalingAdjustment"] = max(s["scalingAdjustment"].(int)-1, 1)
			}
		})},
		{"steps as wide as another concurrency", "are needed", policy("backlog", func(c object) {
			for _, s := range c["stepAdjustments"].([]any) {
				for _, bound := range []string{"metricIntervalLowerBound", "metricIntervalUpperBound"} {
					if v, ok := s.(object)[bound].(string); ok && v != "0" {
						s.(object)[bound] = v + "0"
					}
				}
			}
		})},
		{"workers are added one by one", "reaches the need", policy("backlog", func(c object) {
			c["adjustmentType"], c["stepAdjustments"] = "ChangeInCapacity", []any{object{"scalingAdjustment": 1, "metricIntervalLowerBound": "0"}}
		})},
		{"one worker more while the average is high", "does not flap", alarm("backlog", func(in object) {
			q := queries(in)
			in["metricQueries"] = append(q[:4:4], object{"id": "demand", "returnData": true,
				"expression": "IF(b0 > 0 AND (FILL(cpu, 0) > 85 OR FILL(memory, 0) > 85), b0 + 4, b0)"})
		})},
		{"load without work keeps workers", "returns to zero", alarm("backlog", func(in object) {
			q := queries(in)
			q[len(q)-1].(object)["expression"] = "IF(backlog > 0, IF(loadtasks > backlog, loadtasks, backlog), 1)"
		})},
		{"MAX of a load that never was", "leaves zero", alarm("backlog", func(in object) {
			q := queries(in)
			q[len(q)-1].(object)["expression"] = "IF(backlog > 0, MAX([backlog, loadtasks]), 0)"
		})},
		{"the load is not filled", "leaves zero", alarm("backlog", func(in object) {
			q := queries(in)
			q[len(q)-1].(object)["expression"] = "IF(backlog > 0, MAX([backlog, cpu]), 0)"
		})},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			rules, err := Rules(pool())
			require.NoError(t, err)
			document := planOf(pool(), rules)
			tt.break_(document)
			targets, err := readPlan(t, document)
			require.NoError(t, err)
			err = Prove(targets[0], pool().Concurrency, 60)
			require.ErrorContains(t, err, tt.want)
			t.Log(err)
		})
	}
}

// What the world itself gets wrong must be seen as well.
func TestProofSeesABusyWorkerStopped(t *testing.T) {
	rules, err := Rules(pool())
	require.NoError(t, err)
	target := Target{Min: 0, Max: 10, Rules: rules}
	w := Defaults(4)
	w.Seconds, w.GuardEvery = 7200, 3600 // a guard that doesn't look
	for at := range 3600 {
		if at%7 == 0 {
			w.Load = append(w.Load, Task{At: at, Seconds: 60 + at%300})
		}
	}
	trace, err := Run(target, w)
	require.NoError(t, err)
	require.Greater(t, slices.Max(trace.StoppedAt), 10)
	p := &proof{target: target, concurrency: 4}
	w.GuardEvery = 3
	p.run("x", w)
	require.Empty(t, p.faults, "with its guard no worker is stopped in its work")
}

func TestRunRefuses(t *testing.T) {
	rules, err := Rules(pool())
	require.NoError(t, err)
	_, err = Run(Target{Max: 1, Rules: rules}, World{})
	require.ErrorContains(t, err, "concurrency above 0")
	rules[0].Alarm.Queries[0].Metric.Name = "Misspelt"
	_, err = Run(Target{Max: 1, Rules: rules}, Defaults(4))
	require.ErrorContains(t, err, "Airflow/Misspelt, which nobody publishes")
}

// The numbers in docs/scaling.md: go test ./internal/scaling -run UsualRule -v
func TestTheUsualRuleFlaps(t *testing.T) {
	if testing.Short() {
		t.Skip("SKIP: 300 worlds take ten seconds")
	}
	rules, err := Rules(pool())
	require.NoError(t, err)
	started := func(rules []Rule) (worlds, most int) {
		for seed := range uint64(150) {
			p := &proof{target: Target{Min: 0, Max: 10, Rules: rules}, concurrency: 4, seed: seed, draws: rand.New(rand.NewPCG(seed, 1))}
			w, _ := p.hot()
			w.Uncounted = false
			if n := p.run("started", w).StartedIn(Span{settledAt, w.Seconds}); n > 0 {
				worlds, most = worlds+1, max(most, n)
			}
			require.Empty(t, p.faults)
		}
		return worlds, most
	}
	worlds, most := started(rules)
	t.Logf("the rule: settled workers move in %d of 150 worlds, at most %d start in two hours", worlds, most)
	require.Zero(t, worlds)
	usual := rules[0]
	usual.Alarm.Queries = append(usual.Alarm.Queries[:3:3], Query{ID: "demand", Return: true,
		Expression: "IF(b0 > 0 AND (FILL(cpu, 0) > 85 OR FILL(memory, 0) > 85), b0 + 4, b0)"})
	worlds, most = started([]Rule{usual, rules[1]})
	t.Logf("the usual rule: settled workers move in %d of 150 worlds, at most %d start in two hours", worlds, most)
	require.Greater(t, worlds, 30)
}
