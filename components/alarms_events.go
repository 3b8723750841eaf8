package components

import (
	"fmt"
	"maps"
	"slices"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
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

// blockedMetric counts names that the DNS firewall blocked, as its log says.
const blockedMetric = "BlockedNames"

// blockedNames is the other alarm on a metric of [Alarms.watchLogs].
func (args *AlarmsArgs) blockedNames() Alarm {
	return Alarm{
		Name: "dns-blocked", Severity: Warn, Runbook: "dns-blocked",
		Meaning:   "Somebody in the VPC asked for a name that is not on the allow list: a DAG needs one more, or data is on its way out.",
		Namespace: MetricsNamespace + "/" + args.Scope.Prefix, Metric: blockedMetric, Statistic: "Sum",
		Above: Threshold(0), PeriodSeconds: 300, Periods: 1,
	}
}

// watchNames counts blocked names in the resolver's log.
func (a *Alarms) watchNames(ctx *pulumi.Context, name string, args *AlarmsArgs) error {
	if args.DNS == nil {
		return nil
	}
	return a.count(ctx, name+"-dns-blocked", args, logCount{
		name: "dns-blocked", group: args.DNS.LogGroup, pattern: `{ $.firewall_rule_action = "BLOCK" }`, metric: blockedMetric,
	}, []pulumi.Resource{args.DNS.Logs()})
}

// logCount is a metric of how many lines of a log group fit a pattern.
type logCount struct{ name, group, pattern, metric string }

// count makes the metric, in the stack's own namespace.
func (a *Alarms) count(ctx *pulumi.Context, name string, args *AlarmsArgs, c logCount, after []pulumi.Resource) error {
	if _, err := cloudwatch.NewLogMetricFilter(ctx, name, &cloudwatch.LogMetricFilterArgs{
		Name:         pulumi.String(args.Scope.Name(c.name)),
		LogGroupName: pulumi.String(c.group),
		Pattern:      pulumi.String(c.pattern),
		MetricTransformation: &cloudwatch.LogMetricFilterMetricTransformationArgs{
			Namespace: pulumi.String(MetricsNamespace + "/" + args.Scope.Prefix),
			Name:      pulumi.String(c.metric),
			Value:     pulumi.String("1"),
			Unit:      pulumi.String("Count"),
		},
	}, pulumi.Parent(a), pulumi.DependsOn(after)); err != nil {
		return fmt.Errorf("alarms: log filter %s: %w", c.name, err)
	}
	return nil
}

// Threshold is for [Alarm].
func Threshold(value float64) *float64 { return &value }

// watchLogs counts refused calls in the containers' logs.
func (a *Alarms) watchLogs(ctx *pulumi.Context, name string, args *AlarmsArgs) error {
	for _, service := range slices.Sorted(maps.Keys(args.LogGroups)) {
		if err := a.count(ctx, name+"-refused-"+service, args, logCount{
			name: service + "-refused", group: args.LogGroups[service], metric: refusedMetric,
			pattern: `?AccessDenied ?AccessDeniedException ?"is not authorized to perform"`,
		}, args.LogGroupsReady); err != nil {
			return err
		}
	}
	return a.watchNames(ctx, name, args)
}

// look says what the alarm looks at: its queries, or its metric.
func (alarm *Alarm) look(metric *cloudwatch.MetricAlarmArgs) {
	if len(alarm.Queries) > 0 {
		metric.MetricQueries = metricQueries(alarm.Queries)
		return
	}
	metric.Namespace, metric.MetricName = pulumi.String(alarm.Namespace), pulumi.String(alarm.Metric)
	metric.Dimensions, metric.Period = alarm.Dimensions, pulumi.Int(alarm.PeriodSeconds)
	if alarm.Statistic[0] == 'p' {
		metric.ExtendedStatistic = pulumi.String(alarm.Statistic)
	} else {
		metric.Statistic = pulumi.String(alarm.Statistic)
	}
}

// rule is a pattern of events, told to the topic of a severity. Its description
// is not in the message: the runbook is for whoever looks the rule up.
type rule struct {
	name, description, runbook string
	severity                   Severity
	pattern                    map[string]any
}

// watchEvents tells what has no metric: failed deployments, tasks that don't
// start, fail or are killed for memory, the database's failovers and failures.
func (a *Alarms) watchEvents(ctx *pulumi.Context, name string, args *AlarmsArgs) error {
	for _, rule := range append(args.taskEvents(), args.databaseEvents()...) {
		created, err := cloudwatch.NewEventRule(ctx, name+"-"+rule.name, &cloudwatch.EventRuleArgs{
			Name:         pulumi.String(args.Scope.Name(rule.name)),
			Description:  pulumi.String(fmt.Sprintf("%s. Runbook: docs/runbooks/%s.md", rule.description, rule.runbook)),
			EventPattern: pulumi.JSONMarshal(rule.pattern).ToStringPtrOutput(),
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
	return nil
}

// taskEvents are ECS's; codes are those of the ECS API, "Task": stopCode.
// ServiceSchedulerInitiated and SpotInterruption are everyday.
func (args *AlarmsArgs) taskEvents() []rule {
	stopped := func(code string, more map[string]any) map[string]any {
		detail := map[string]any{"clusterArn": []any{args.ClusterARN}, "lastStatus": []string{"STOPPED"}, "stopCode": []string{code}}
		maps.Copy(detail, more)
		return map[string]any{"source": []string{"aws.ecs"}, "detail-type": []string{"ECS Task State Change"}, "detail": detail}
	}
	return append(args.scheduledEvents(stopped), []rule{
		{"deployment-failed", "A deployment failed and was rolled back", "deploy-and-roll-back", Page, map[string]any{
			"source": []string{"aws.ecs"}, "detail-type": []string{"ECS Deployment State Change"},
			"detail": map[string]any{"eventName": []string{"SERVICE_DEPLOYMENT_FAILED"}},
			// These events name services, not clusters: theirs begin with the cluster's name.
			"resources": []any{map[string]any{"prefix": args.Scope.ARN("ecs", "service/"+args.Scope.Name("cluster")+"/")}},
		}},
		{"task-killed", "A container was killed, mostly for lack of memory", "queue-stuck", Warn, stopped("EssentialContainerExited", map[string]any{
			"containers": map[string]any{"exitCode": []int{137}},
		})},
		// What KMS, Secrets Manager, ECR or EFS refuse happens before there is a log.
		{"task-not-started", "A task could not be started: its image, secrets, key or files", "scheduler-dead", Warn, stopped("TaskFailedToStart", nil)},
		// Of services alone: commands that people run end by themselves. 143 is how
		// the other containers end after an essential one, 0 those that are done.
		{"task-exited", "A container of a service ended with an error", "scheduler-dead", Warn, stopped("EssentialContainerExited", map[string]any{
			"group":      []any{map[string]any{"prefix": "service:"}},
			"containers": map[string]any{"exitCode": []any{map[string]any{"anything-but": []int{0, 137, 143}}}},
		})},
	}...)
}

// scheduledEvents tell of scheduled tasks that ended with an error. One that
// didn't start is told of like any other task.
func (args *AlarmsArgs) scheduledEvents(stopped func(string, map[string]any) map[string]any) []rule {
	if len(args.Scheduled) == 0 {
		return nil
	}
	var families []string
	for _, family := range args.Scheduled {
		families = append(families, "family:"+family)
	}
	fine := []int{0}
	if args.OffHours {
		fine = append(fine, exitAway)
	}
	return []rule{{"cleanup-failed", "The clean-up of the database failed: some tables grow", "cleanup-late", Warn, stopped("EssentialContainerExited", map[string]any{
		"group":      families,
		"containers": map[string]any{"exitCode": []any{map[string]any{"anything-but": fine}}},
	})}}
}

// exitAway is how the clean-up ends where the database can't be asked: no fault
// where it may be off (docs/adr/0091).
const exitAway = 75

// databaseEvents are RDS's own, over EventBridge: an RDS event subscription
// sends nothing to encrypted topics (RDS API, "CreateEventSubscription":
// SnsTopicArn). Categories are those of the RDS user guide, "Amazon RDS event
// categories and event messages"; availability, which tells each start and
// stop, is left out: off-hours would send it twice a day.
func (args *AlarmsArgs) databaseEvents() []rule {
	about := func(categories ...string) map[string]any {
		return map[string]any{
			"source": []string{"aws.rds"}, "detail-type": []string{"RDS DB Instance Event"},
			"detail": map[string]any{
				"SourceArn": []string{args.Scope.ARN("rds", "db:"+args.DatabaseID)}, "EventCategories": categories,
			},
		}
	}
	return []rule{
		{"db-events", "The database failed over, failed, recovers or runs out of storage", "exhaustion", Page, about("failover", "failure", "low storage", "recovery")},
		{"db-maintenance", "RDS maintains the database, or wants to", "exhaustion", Warn, about("maintenance")},
	}
}
