package components

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"

	"github.com/pathwai/airflow-on-fargate/config"
	"github.com/pathwai/airflow-on-fargate/internal/recorder"
	"github.com/pathwai/airflow-on-fargate/internal/scaling"
)

const (
	scalingPolicyToken = "aws:appautoscaling/policy:Policy"
	alarmToken         = "aws:cloudwatch/metricAlarm:MetricAlarm"
)

func runScaling(t *testing.T, change func(*ScalingArgs)) *recorder.Record {
	return run(t, func(ctx *pulumi.Context) error {
		w, err := newWorld(ctx, "", nil)
		if err != nil {
			return err
		}
		service, err := NewService(ctx, "worker", serviceArgs(w, Container{Name: "worker", Image: "worker"}))
		if err != nil {
			return err
		}
		if err := service.Start(ctx); err != nil {
			return err
		}
		args := &ScalingArgs{Scope: testScope, Cluster: w.cluster, Service: service, Min: 0, Max: 4}
		change(args)
		_, err = NewScaling(ctx, "worker", args)
		return err
	})
}

func TestScalableTarget(t *testing.T) {
	record := runScaling(t, func(a *ScalingArgs) { a.Min, a.Max = 2, 7 })
	target := one(t, record, "aws:appautoscaling/target:Target", "worker")
	require.Equal(t, map[string]any{
		"serviceNamespace": "ecs", "scalableDimension": "ecs:service:DesiredCount",
		"resourceId":  "service/acme-airflow-test-cluster/acme-airflow-test-worker",
		"minCapacity": 2.0, "maxCapacity": 7.0,
	}, without(target, "tags"))
	require.Contains(t, raw(t, record, "aws:appautoscaling/target:Target", "worker").DependsOn, "aws:ecs/service:Service worker", "the service must be there")
	require.Empty(t, raw(t, record, "aws:appautoscaling/target:Target", "worker").IgnoreChanges, "the bounds are ours alone")
	require.Empty(t, record.Of(scalingPolicyToken))
	require.Empty(t, record.Of(alarmToken))
}

// Application Auto Scaling refuses two at a time on one target.
func TestPoliciesComeOneByOne(t *testing.T) {
	record := runScaling(t, func(a *ScalingArgs) {
		a.Max, a.TrackLoad, a.Backlog = 4, true, &BacklogArgs{Queues: []string{"default"}, Concurrency: 4}
	})
	policies := record.Of(scalingPolicyToken)
	require.Greater(t, len(policies), 2)
	waited := map[string]bool{} // each for another one
	for _, policy := range policies {
		for _, before := range policy.DependsOn {
			if strings.HasPrefix(before, scalingPolicyToken) {
				require.False(t, waited[before], "two wait for %s alone", before)
				waited[before] = true
			}
		}
	}
	require.Len(t, waited, len(policies)-1)
}

// What config accepts, the rules can be made of, and no more.
func TestPoolsOfConfigFitTheRules(t *testing.T) {
	for _, queues := range []int{1, config.MostQueues, config.MostQueues + 1} {
		pool := scaling.Pool{Stack: "s", Concurrency: 1, Max: config.MostWorkers, IdleMemory: 100 * config.IdleWorkerMemoryMiB / 2048}
		for i := range queues {
			pool.Queues = append(pool.Queues, fmt.Sprintf("q%d", i))
		}
		_, err := scaling.Rules(pool)
		require.Equal(t, queues > config.MostQueues, err != nil, "%d queues: %v", queues, err)
	}
	_, err := scaling.Rules(scaling.Pool{Stack: "s", Queues: []string{"q"}, Concurrency: 1, Max: config.MostWorkers + 1})
	require.Error(t, err)
}

// The recorded steps, taken the way Application Auto Scaling takes them, give
// ceil(backlog / concurrency), no less than min and no more than max.
func TestBacklogSteps(t *testing.T) {
	for _, c := range []struct{ minimum, maximum, concurrency int }{
		{0, 4, 4}, {0, 1, 1}, {2, 5, 3}, {3, 3, 16}, {0, 20, 64}, {1, 10, 8},
	} {
		t.Run(fmt.Sprintf("%d-%d workers of %d", c.minimum, c.maximum, c.concurrency), func(t *testing.T) {
			record := runScaling(t, func(a *ScalingArgs) {
				a.Min, a.Max, a.Backlog = c.minimum, c.maximum, &BacklogArgs{Queues: []string{"default"}, Concurrency: c.concurrency}
			})
			for backlog := 0; backlog <= (c.maximum+3)*c.concurrency; backlog++ {
				want := min(max((backlog+c.concurrency-1)/c.concurrency, c.minimum), c.maximum)
				require.Equal(t, want, scaled(t, record, float64(backlog)), "backlog %d", backlog)
			}
		})
	}
}

// scaled is the capacity that the recorded alarms and policies set for a
// backlog (Application Auto Scaling user guide, "Step scaling policies": a
// step's interval counts from the threshold, lower end in, upper end out above
// it, and the other way round below it).
func scaled(t *testing.T, record *recorder.Record, backlog float64) int {
	t.Helper()
	for _, name := range []string{"worker-backlog", "worker-idle"} {
		alarm := one(t, record, alarmToken, name)
		threshold := alarm["threshold"].(float64)
		above := alarm["comparisonOperator"] == "GreaterThanThreshold"
		if above && backlog <= threshold || !above && backlog >= threshold {
			continue
		}
		policy := one(t, record, scalingPolicyToken, name)
		require.Equal(t, []any{"arn:aws:mock:::" + scalingPolicyToken + "/" + name}, alarm["alarmActions"])
		configuration := policy["stepScalingPolicyConfiguration"].(map[string]any)
		require.Equal(t, "ExactCapacity", configuration["adjustmentType"])
		steps := configuration["stepAdjustments"].([]any)
		require.LessOrEqual(t, len(steps), 20, "quota of a step scaling policy")
		hits, capacity := 0, 0
		for _, step := range steps {
			step := step.(map[string]any)
			if within(backlog-threshold, step, above) {
				hits++
				capacity = int(step["scalingAdjustment"].(float64))
			}
		}
		require.Equal(t, 1, hits, "steps for backlog %v: a gap or an overlap", backlog)
		return capacity
	}
	t.Fatalf("no alarm for backlog %v", backlog)
	return 0
}

func within(distance float64, step map[string]any, above bool) bool {
	bound := func(key string, otherwise float64) float64 {
		text, given := step[key].(string)
		if !given {
			return otherwise
		}
		value, err := strconv.ParseFloat(text, 64)
		if err != nil {
			panic(err)
		}
		return value
	}
	lower, upper := bound("metricIntervalLowerBound", -1e9), bound("metricIntervalUpperBound", 1e9)
	if above {
		return distance >= lower && distance < upper
	}
	return distance > lower && distance <= upper
}

func TestBacklogIsWhatTheAgentPublishes(t *testing.T) {
	record := runScaling(t, func(a *ScalingArgs) {
		a.Backlog = &BacklogArgs{Queues: []string{"default", "small"}, Concurrency: 4}
	})
	for _, name := range []string{"worker-backlog", "worker-idle"} {
		alarm := one(t, record, alarmToken, name)
		require.NotContains(t, []any{nil, "breaching"}, alarm["treatMissingData"], "without data nothing is known, and the number of workers stays")
		dimensions, metrics, watched, summed := map[string]any{}, 0, 0, false
		for _, query := range alarm["metricQueries"].([]any) {
			query := query.(map[string]any)
			metric, isMetric := query["metric"].(map[string]any)
			if query["returnData"] == true {
				watched++
			}
			if !isMetric {
				expression := query["expression"].(string)
				require.LessOrEqual(t, len(expression), 1024)
				require.Equal(t, strings.Count(expression, "("), strings.Count(expression, ")"))
				summed = summed || strings.Contains(expression, "b0+b1")
				continue
			}
			metrics++
			if metric["metricName"] == "Backlog" {
				require.Equal(t, "Airflow", metric["namespace"])
				require.Equal(t, "Maximum", metric["stat"])
				dimensions[query["id"].(string)] = metric["dimensions"]
				continue
			}
			if metric["namespace"] == "AWS/ECS" {
				require.Equal(t, map[string]any{"ClusterName": "acme-airflow-test-cluster", "ServiceName": "acme-airflow-test-worker"}, metric["dimensions"])
			}
		}
		require.Equal(t, map[string]any{
			"b0": map[string]any{"Stack": "acme-airflow-test", "Queue": "default"},
			"b1": map[string]any{"Stack": "acme-airflow-test", "Queue": "small"},
		}, dimensions)
		require.LessOrEqual(t, metrics, 10, "quota of an alarm")
		require.Equal(t, 1, watched, "an alarm watches one result")
		require.True(t, summed, "the queues aren't added up")
	}
}

func TestLoadTracking(t *testing.T) {
	record := runScaling(t, func(a *ScalingArgs) { a.TrackLoad = true })
	for metric, target := range map[string]float64{"CPU": 60, "Memory": 75} {
		policy := one(t, record, scalingPolicyToken, "worker-"+metric)
		require.Equal(t, "TargetTrackingScaling", policy["policyType"])
		configuration := policy["targetTrackingScalingPolicyConfiguration"].(map[string]any)
		require.Equal(t, "acme-airflow-test-worker-"+metric, policy["name"])
		require.Equal(t, target, configuration["targetValue"])
		// Up within a minute, down only after five: load comes in waves.
		require.Equal(t, 60.0, configuration["scaleOutCooldown"])
		require.Equal(t, 300.0, configuration["scaleInCooldown"])
		require.Equal(t, map[string]any{"predefinedMetricType": "ECSServiceAverage" + metric + "Utilization"}, configuration["predefinedMetricSpecification"])
	}
	require.Len(t, record.Of(scalingPolicyToken), 2)
}

func TestOffHoursHaveTheBounds(t *testing.T) {
	record := runScaling(t, func(a *ScalingArgs) { a.Min, a.Max, a.OffHours = 1, 6, true })
	require.Equal(t, []string{"minCapacity", "maxCapacity"}, raw(t, record, "aws:appautoscaling/target:Target", "worker").IgnoreChanges,
		"an update at night would turn the service on")
}
