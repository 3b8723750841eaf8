package components

import (
	"fmt"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/appautoscaling"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// backlogSteps says, for each range of the backlog, how many workers there
// are to be. The ranges are distances from the alarm's threshold of 0.5,
// lower end in, upper end out: with a concurrency of 4, a backlog of 1 to 4
// is 0.5 to 3.5 above it, in the first step.
func backlogSteps(args *ScalingArgs) appautoscaling.PolicyStepScalingPolicyConfigurationStepAdjustmentArray {
	var steps appautoscaling.PolicyStepScalingPolicyConfigurationStepAdjustmentArray
	for workers := 1; workers <= args.Max; workers++ {
		step := &appautoscaling.PolicyStepScalingPolicyConfigurationStepAdjustmentArgs{
			MetricIntervalLowerBound: pulumi.StringPtr(fmt.Sprint((workers - 1) * args.Backlog.Concurrency)),
			ScalingAdjustment:        pulumi.Int(max(workers, args.Min)),
		}
		if workers < args.Max {
			step.MetricIntervalUpperBound = pulumi.StringPtr(fmt.Sprint(workers * args.Backlog.Concurrency))
		}
		steps = append(steps, step)
	}
	return steps
}

// saturated is the CPU or memory, in percent, above which a pool that has work
// gets one worker more than the backlog asks for.
const saturated = 85

// backlogQueries compute the demand: the highest backlog of the window over
// the pool's queues, and one worker's worth more while the workers are at
// their limits. Load is part of the one metric, since a second policy for it
// would fight with the first.
func backlogQueries(args *ScalingArgs) cloudwatch.MetricAlarmMetricQueryArray {
	var queries cloudwatch.MetricAlarmMetricQueryArray
	var sum []string
	metric := func(id, namespace, name, statistic string, dimensions pulumi.StringMap) {
		queries = append(queries, &cloudwatch.MetricAlarmMetricQueryArgs{
			Id: pulumi.String(id),
			Metric: &cloudwatch.MetricAlarmMetricQueryMetricArgs{
				Namespace: pulumi.String(namespace), MetricName: pulumi.String(name), Stat: pulumi.String(statistic),
				Period: pulumi.Int(backlogWindowSeconds), Dimensions: dimensions,
			},
		})
	}
	for i, queue := range args.Backlog.Queues {
		id := fmt.Sprintf("b%d", i)
		sum = append(sum, id)
		metric(id, MetricsNamespace, "Backlog", "Maximum", pulumi.StringMap{
			"Stack": pulumi.String(args.Scope.Prefix), "Queue": pulumi.String(queue),
		})
	}
	service := pulumi.StringMap{
		"ClusterName": pulumi.String(args.Cluster.Name), "ServiceName": pulumi.String(args.Service.Name),
	}
	metric("cpu", "AWS/ECS", "CPUUtilization", "Average", service)
	metric("memory", "AWS/ECS", "MemoryUtilization", "Average", service)
	backlog := strings.Join(sum, "+")
	queries = append(queries, &cloudwatch.MetricAlarmMetricQueryArgs{
		Id:    pulumi.String("demand"),
		Label: pulumi.String("Backlog, and one worker's worth when the workers are saturated"),
		// A pool at zero has no CPU and memory metrics: filled, they say "not saturated".
		Expression: pulumi.String(fmt.Sprintf("IF((%s) > 0 AND (FILL(cpu, 0) > %d OR FILL(memory, 0) > %d), (%s) + %d, (%s))",
			backlog, saturated, saturated, backlog, args.Backlog.Concurrency, backlog)),
		ReturnData: pulumi.Bool(true),
	})
	return queries
}
