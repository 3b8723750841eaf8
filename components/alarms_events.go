package components

import (
	"fmt"
	"maps"
	"slices"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/rds"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// refusedMetric counts calls that AWS refused to a container, as its log says.
const refusedMetric = "AccessDenied"

// refusedCalls is the alarm on the metric that [Alarms.watchLogs] makes.
func (args *AlarmsArgs) refusedCalls() Alarm {
	return Alarm{
		Name: "access-denied", Severity: Warn, Runbook: "access-denied",
		Meaning:   "AWS refused calls of a container: a role, a key or an endpoint policy is too narrow, or somebody tries doors.",
		Namespace: MetricsNamespace + "/" + args.Scope.Prefix, Metric: refusedMetric, Statistic: "Sum",
		Above: Threshold(0), PeriodSeconds: 300, Periods: 1,
	}
}

// Threshold is for [Alarm].
func Threshold(value float64) *float64 { return &value }

// watchLogs counts refused calls in the containers' logs.
func (a *Alarms) watchLogs(ctx *pulumi.Context, name string, args *AlarmsArgs) error {
	for _, service := range slices.Sorted(maps.Keys(args.LogGroups)) {
		if _, err := cloudwatch.NewLogMetricFilter(ctx, name+"-refused-"+service, &cloudwatch.LogMetricFilterArgs{
			Name:         pulumi.String(args.Scope.Name(service + "-refused")),
			LogGroupName: pulumi.String(args.LogGroups[service]),
			Pattern:      pulumi.String(`?AccessDenied ?AccessDeniedException ?"is not authorized to perform"`),
			MetricTransformation: &cloudwatch.LogMetricFilterMetricTransformationArgs{
				Namespace: pulumi.String(MetricsNamespace + "/" + args.Scope.Prefix),
				Name:      pulumi.String(refusedMetric),
				Value:     pulumi.String("1"),
				Unit:      pulumi.String("Count"),
			},
		}, pulumi.Parent(a), pulumi.DependsOn(args.LogGroupsReady)); err != nil {
			return fmt.Errorf("alarms: log filter of %s: %w", service, err)
		}
	}
	return nil
}

// watchEvents tells what has no metric: failed deployments, tasks that were
// killed for memory, the database's failovers and failures.
func (a *Alarms) watchEvents(ctx *pulumi.Context, name string, args *AlarmsArgs) error {
	for _, rule := range []struct {
		name, description, detailType string
		severity                      Severity
		detail                        map[string]any
	}{
		{
			"deployment-failed", "A deployment failed and was rolled back", "ECS Deployment State Change", Page,
			map[string]any{"eventName": []string{"SERVICE_DEPLOYMENT_FAILED"}},
		},
		{
			"task-killed", "A container was killed, mostly for lack of memory", "ECS Task State Change", Warn,
			map[string]any{
				"clusterArn": []any{args.ClusterARN}, "lastStatus": []string{"STOPPED"},
				"stopCode": []string{"EssentialContainerExited"}, "containers": map[string]any{"exitCode": []int{137}},
			},
		},
	} {
		pattern := map[string]any{"source": []string{"aws.ecs"}, "detail-type": []string{rule.detailType}, "detail": rule.detail}
		if rule.detailType == "ECS Deployment State Change" {
			// These events name services, not clusters: theirs begin with the cluster's name.
			pattern["resources"] = []any{map[string]any{"prefix": args.Scope.ARN("ecs", "service/"+args.Scope.Name("cluster")+"/")}}
		}
		created, err := cloudwatch.NewEventRule(ctx, name+"-"+rule.name, &cloudwatch.EventRuleArgs{
			Name:         pulumi.String(args.Scope.Name(rule.name)),
			Description:  pulumi.String(rule.description),
			EventPattern: pulumi.JSONMarshal(pattern).ToStringPtrOutput(),
		}, pulumi.Parent(a))
		if err != nil {
			return fmt.Errorf("alarms: rule %s: %w", rule.name, err)
		}
		if _, err := cloudwatch.NewEventTarget(ctx, name+"-"+rule.name, &cloudwatch.EventTargetArgs{
			Rule: created.Name, Arn: a.TopicARNs[rule.severity],
		}, pulumi.Parent(created)); err != nil {
			return fmt.Errorf("alarms: target of %s: %w", rule.name, err)
		}
	}
	if _, err := rds.NewEventSubscription(ctx, name+"-database", &rds.EventSubscriptionArgs{
		Name:            pulumi.String(args.Scope.Name("db-events")),
		SnsTopic:        a.TopicARNs[Page],
		SourceType:      pulumi.String("db-instance"),
		SourceIds:       pulumi.ToStringArray([]string{args.DatabaseID}),
		EventCategories: pulumi.ToStringArray([]string{"failover", "failure", "low storage", "recovery"}),
	}, pulumi.Parent(a)); err != nil {
		return fmt.Errorf("alarms: database events: %w", err)
	}
	return nil
}
