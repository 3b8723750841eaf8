package platform

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pathwai/airflow-on-fargate/config"
	"github.com/pathwai/airflow-on-fargate/internal/plan"
	"github.com/pathwai/airflow-on-fargate/internal/recorder"
	"github.com/pathwai/airflow-on-fargate/internal/scaling"
)

// scalingPlan makes a plan of what a stack declares about scaling. The recorder
// gives every resource an ARN, and so tells which policy an alarm names.
func scalingPlan(t *testing.T, stack string, declared *recorder.Record) *plan.Plan {
	t.Helper()
	urn := func(r recorder.Resource) string {
		return "urn:pulumi:" + stack + "::airflow::" + r.Type + "::" + r.Name
	}
	policies := map[string]string{}
	var resources []*plan.Resource
	for _, token := range []string{"aws:appautoscaling/target:Target", "aws:appautoscaling/policy:Policy", "aws:cloudwatch/metricAlarm:MetricAlarm"} {
		for _, r := range declared.Of(token) {
			policies["arn:aws:mock:::"+r.Type+"/"+r.Name] = urn(r)
			made := &plan.Resource{URN: urn(r), Type: r.Type, Name: r.Name, Custom: true, Inputs: r.Plain(), PropertyDependencies: map[string][]string{}}
			actions, _ := made.Inputs["alarmActions"].([]any)
			for _, arn := range actions {
				if of := policies[arn.(string)]; of != "" {
					made.PropertyDependencies["alarmActions"] = append(made.PropertyDependencies["alarmActions"], of)
				}
			}
			resources = append(resources, made)
		}
	}
	p, err := plan.New("airflow", stack, resources)
	require.NoError(t, err)
	return p
}

// TestScalingProof: what the real stacks declare keeps the scaling's promises,
// for each pool with the concurrency that its workers have.
func TestScalingProof(t *testing.T) {
	runs := 6
	if testing.Short() {
		runs = 3
	}
	for _, stack := range []string{"dev", "prod"} {
		cfg := loadStack(t, stack)
		targets, err := scaling.FromPlan(scalingPlan(t, stack, record(t, cfg)))
		require.NoError(t, err)
		proven := map[string]scaling.Target{}
		for _, target := range targets {
			proven[target.ResourceID] = target
		}
		require.Len(t, proven, len(cfg.WorkerPools))
		for _, pool := range cfg.WorkerPools {
			t.Run(stack+" "+pool.Name, func(t *testing.T) {
				t.Parallel()
				target, found := proven["service/"+cfg.Name("cluster")+"/"+cfg.Name(pool.ServiceName())]
				require.True(t, found, "it is scaled by no alarm")
				assertPool(t, pool, target)
				assert.NoError(t, scaling.Prove(target, pool.Concurrency, runs))
			})
		}
	}
}

// assertPool: the simulated world has the pool's queues and bounds.
func assertPool(t *testing.T, pool config.WorkerPool, target scaling.Target) {
	t.Helper()
	assert.Equal(t, []int{pool.Min, pool.Max}, []int{target.Min, target.Max})
	require.Len(t, target.Rules, 2)
	for _, rule := range target.Rules {
		var queues []string
		for _, query := range rule.Alarm.Queries {
			if query.Metric != nil && query.Metric.Name == "Backlog" {
				queues = append(queues, query.Metric.Dimensions["Queue"])
			}
		}
		assert.Equal(t, pool.Queues, queues, rule.Name)
	}
}
