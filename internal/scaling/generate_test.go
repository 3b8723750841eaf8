package scaling

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func pool() Pool {
	return Pool{
		Stack: "pathwai-airflow-dev", Queues: []string{"default"}, Cluster: "pathwai-airflow-dev-cluster",
		Service: "pathwai-airflow-dev-worker", Concurrency: 4, Min: 0, Max: 10, IdleMemory: 40,
	}
}

func TestSteps(t *testing.T) {
	b := func(v float64) *float64 { return &v }
	require.Equal(t, []Step{
		{b(0), b(4), 1}, {b(4), b(8), 2}, {b(8), nil, 3},
	}, Steps(4, 0, 3))
	require.Equal(t, []Step{
		{b(0), b(8), 2}, {b(8), nil, 3},
	}, Steps(4, 2, 3), "what min covers is one step")
	require.Equal(t, []Step{{b(0), nil, 3}}, Steps(4, 3, 3))
}

// Every backlog gets exactly the workers that it needs.
func TestStepsGiveTheNeed(t *testing.T) {
	for _, high := range []int{1, 2, 3, 10, 19, 20} {
		for _, low := range []int{0, 1, 2, 10, 20} {
			for _, concurrency := range []int{1, 2, 3, 4, 8, 16, 32} {
				if low > high {
					continue
				}
				p := Policy{AdjustmentType: "ExactCapacity", Aggregation: "Maximum", Steps: Steps(concurrency, low, high)}
				require.NoError(t, p.check())
				for backlog := 1; backlog <= 3*high*concurrency; backlog++ {
					step, ok := p.choose(float64(backlog) - Threshold)
					require.True(t, ok)
					require.Equal(t, Workers(backlog, concurrency, low, high), step.Adjustment,
						"backlog %d, concurrency %d, %d to %d workers", backlog, concurrency, low, high)
				}
			}
		}
	}
}

func TestWorkers(t *testing.T) {
	for backlog, want := range map[int]int{0: 0, 1: 1, 4: 1, 5: 2, 40: 10, 41: 10, 1000: 10} {
		require.Equal(t, want, Workers(backlog, 4, 0, 10), backlog)
	}
	require.Equal(t, 2, Workers(0, 4, 2, 10))
}

func TestValidate(t *testing.T) {
	require.NoError(t, pool().Validate())
	for want, change := range map[string]func(*Pool){
		"concurrency is 0":             func(p *Pool) { p.Concurrency = 0 },
		"min is -1":                    func(p *Pool) { p.Min = -1 },
		"max is 0":                     func(p *Pool) { p.Max = 0 },
		"max is 2; it must be":         func(p *Pool) { p.Min, p.Max = 3, 2 },
		"0 to 21 workers need more":    func(p *Pool) { p.Max = 21 },
		"has no queue":                 func(p *Pool) { p.Queues = nil },
		"has 8 queues":                 func(p *Pool) { p.Queues = make([]string, 8) },
		"idle memory is 90 %":          func(p *Pool) { p.IdleMemory = 90 },
		"idle memory is -1 %; it must": func(p *Pool) { p.IdleMemory = -1 },
	} {
		p := pool()
		change(&p)
		_, err := Rules(p)
		require.ErrorContains(t, err, want)
	}
	p := pool()
	p.Min, p.Max = 5, 24
	require.NoError(t, p.Validate(), "20 steps from 5 to 24")
}

// CloudWatch takes 10 metrics and 10 expressions in an alarm.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
func TestQueriesKeepTheLimits(t *testing.T) {
	p := pool()
	p.Queues = []string{"a", "b", "c", "d", "e", "f", "g"}
	rules, err := Rules(p)
	require.NoError(t, err)
	for _, rule := range rules {
		metrics, expressions, returned := 0, 0, 0
		ids := map[string]bool{}
		for _, q := range rule.Alarm.Queries {
			require.Regexp(t, `^[a-z][a-zA-Z0-9_]*$`, q.ID)
			require.False(t, ids[q.ID], q.ID)
			ids[q.ID] = true
			if q.Metric != nil {
				metrics++
			} else {
				expressions++
				require.LessOrEqual(t, len(q.Expression), 1024)
			}
			if q.Return {
				returned++
			}
		}
		require.LessOrEqual(t, metrics, 10)
		require.LessOrEqual(t, expressions, 10)
		require.Equal(t, 1, returned)
	}
}
