package components

import (
	"fmt"
	"slices"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/sns"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/pathwai/airflow-on-fargate/internal/scaling"
)

// Severity says what an alarm asks of a person.
type Severity string

const (
	// Page: somebody's work stands still, look now.
	Page Severity = "page"
	// Warn: look in working hours.
	Warn Severity = "warn"
)

// Alarm is one alarm on one metric, or on what an expression makes of several.
type Alarm struct {
	// Name follows the stack's prefix.
	Name string
	// Severity chooses the topic that is told, of the alarm and of its end.
	Severity Severity
	// Meaning and Runbook are what the message says: a sentence, and the name of
	// a page of docs/runbooks without .md.
	Meaning, Runbook string

	// Namespace, Metric and Statistic are CloudWatch's; a Statistic with p in
	// front is a percentile, such as p95.
	Namespace, Metric, Statistic string
	// Dimensions must be all that the metric has, or it matches nothing.
	Dimensions pulumi.StringMap
	// Queries are watched in place of one metric: of all of the same dimensions,
	// for PeriodSeconds each. Exactly one has Return set.
	Queries []scaling.Query
	// Above or Below is the threshold, which must be passed, not just reached;
	// exactly one is set, or [NewAlarms] fails.
	Above, Below *float64
	// PeriodSeconds and Periods: the condition must hold in each of Periods
	// periods in a row, of PeriodSeconds each.
	PeriodSeconds, Periods int
	// MissingBreaches makes silence an alarm: for metrics that somebody must publish.
	MissingBreaches bool
}

// AlarmsArgs describes who is told, and what is watched.
type AlarmsArgs struct {
	Scope Scope
	// Emails are subscribed to both topics' messages; each must confirm.
	Emails []string
	// LogsKeyARN is the KMS key that encrypts the topics; its policy lets the
	// services that publish use it.
	LogsKeyARN pulumi.StringInput
	// Alarms are created beside the one on refused calls, which is always there.
	Alarms []Alarm
	// OffHours leaves it to [Hours] whether the alarms that take silence for one
	// tell of it.
	OffHours bool
	// ClusterARN is whose failed deployments and killed tasks are told.
	ClusterARN pulumi.StringInput
	// DatabaseID is whose failovers and failures are told.
	DatabaseID string
	// Scheduled are the families of the scheduled tasks whose failures are told.
	Scheduled []string
	// LogGroups are searched for refused AWS calls: service to name of its group.
	LogGroups map[string]string
	// LogGroupsReady must exist before they can be searched.
	LogGroupsReady []pulumi.Resource
	// DNS is whose log is searched for blocked names; nil for none.
	DNS *DNSFirewall
}

// Alarms are CloudWatch alarms and EventBridge rules, told over one encrypted
// SNS topic per severity.
type Alarms struct {
	pulumi.ResourceState

	// TopicARNs are the topics' for each severity.
	TopicARNs map[Severity]pulumi.StringOutput

	// open are the topics' policies: until one is there, nobody may publish.
	open map[Severity]pulumi.Resource
}

// NewAlarms creates the topics and everything that publishes to them.
func NewAlarms(ctx *pulumi.Context, name string, args *AlarmsArgs, opts ...pulumi.ResourceOption) (*Alarms, error) {
	a := &Alarms{TopicARNs: map[Severity]pulumi.StringOutput{}, open: map[Severity]pulumi.Resource{}}
	if err := register(ctx, "Alarms", name, a, opts); err != nil {
		return nil, err
	}
	for _, severity := range []Severity{Page, Warn} {
		if err := a.newTopic(ctx, name, args, severity); err != nil {
			return nil, fmt.Errorf("alarms: topic %s: %w", severity, err)
		}
	}
	alarms := append(slices.Clone(args.Alarms), args.refusedCalls())
	if args.DNS != nil {
		alarms = append(alarms, args.blockedNames())
	}
	for _, alarm := range alarms {
		if err := a.newAlarm(ctx, name, args, alarm); err != nil {
			return nil, fmt.Errorf("alarms: %s: %w", alarm.Name, err)
		}
	}
	if err := a.watchLogs(ctx, name, args); err != nil {
		return nil, err
	}
	if err := a.watchEvents(ctx, name, args); err != nil {
		return nil, err
	}
	return a, ctx.RegisterResourceOutputs(a, pulumi.Map{})
}

// OnSilence are the names of the alarms that take silence for an alarm: all of
// them sound when the services are off.
func (args *AlarmsArgs) OnSilence() []string {
	var names []string
	for _, alarm := range args.Alarms {
		if alarm.MissingBreaches {
			names = append(names, args.Scope.Name(alarm.Name))
		}
	}
	return names
}

func (a *Alarms) newTopic(ctx *pulumi.Context, name string, args *AlarmsArgs, severity Severity) error {
	physical := args.Scope.Name(string(severity))
	topic, err := sns.NewTopic(ctx, name+"-"+string(severity), &sns.TopicArgs{
		Name:           pulumi.String(physical),
		KmsMasterKeyId: args.LogsKeyARN.ToStringOutput().ToStringPtrOutput(),
		Tags:           named(physical),
	}, pulumi.Parent(a))
	if err != nil {
		return err
	}
	a.TopicARNs[severity] = topic.Arn
	policy, err := args.Scope.publishTo(physical).JSON()
	if err != nil {
		return err
	}
	if a.open[severity], err = sns.NewTopicPolicy(ctx, name+"-"+string(severity), &sns.TopicPolicyArgs{
		Arn: topic.Arn, Policy: pulumi.String(policy),
	}, pulumi.Parent(topic)); err != nil {
		return err
	}
	for i, email := range args.Emails {
		if _, err := sns.NewTopicSubscription(ctx, fmt.Sprintf("%s-%s-%d", name, severity, i), &sns.TopicSubscriptionArgs{
			Topic: topic.Arn, Protocol: pulumi.String("email"), Endpoint: pulumi.String(email),
		}, pulumi.Parent(topic)); err != nil {
			return err
		}
	}
	return nil
}

// publishTo lets the AWS services that tell about this account publish, over TLS.
func (s Scope) publishTo(topic string) Document {
	arn := s.ARN("sns", topic)
	return Document{
		{
			Sid: "Publish", Effect: allow,
			Principal: Principal{Services: []string{AWSService("cloudwatch"), AWSService("budgets")}},
			Actions:   []string{"sns:Publish"}, Resources: []string{arn},
			Conditions: Conditions{"StringEquals": {"aws:SourceAccount": {s.AccountID}}},
		},
		{
			// Without a condition: EventBridge doesn't take Condition blocks in the
			// policies of SNS topics (EventBridge user guide, "Amazon SNS
			// permissions" and "Troubleshooting"): its messages would be refused.
			Sid: "PublishEvents", Effect: allow,
			Principal: Principal{Services: []string{AWSService("events")}},
			Actions:   []string{"sns:Publish"}, Resources: []string{arn},
		},
		denyPlaintext("sns:Publish", arn),
	}
}

func (a *Alarms) newAlarm(ctx *pulumi.Context, name string, args *AlarmsArgs, alarm Alarm) error {
	threshold, comparison := alarm.Above, "GreaterThanThreshold"
	if alarm.Below != nil {
		threshold, comparison = alarm.Below, "LessThanThreshold"
	}
	if threshold == nil || alarm.Above != nil && alarm.Below != nil {
		return fmt.Errorf("exactly one of Above and Below must be set")
	}
	missing := "notBreaching"
	if alarm.MissingBreaches {
		missing = "breaching"
	}
	metric := &cloudwatch.MetricAlarmArgs{
		Name:               pulumi.String(args.Scope.Name(alarm.Name)),
		AlarmDescription:   pulumi.String(fmt.Sprintf("[%s] %s Runbook: docs/runbooks/%s.md", alarm.Severity, alarm.Meaning, alarm.Runbook)),
		EvaluationPeriods:  pulumi.Int(alarm.Periods),
		Threshold:          pulumi.Float64(*threshold),
		ComparisonOperator: pulumi.String(comparison),
		TreatMissingData:   pulumi.String(missing),
		AlarmActions:       pulumi.Array{a.TopicARNs[alarm.Severity]},
		OkActions:          pulumi.Array{a.TopicARNs[alarm.Severity]},
	}
	alarm.look(metric)
	options := parented(a)
	if args.OffHours && alarm.MissingBreaches {
		// That they are off at night is no drift.
		options = append(options, pulumi.IgnoreChanges([]string{"actionsEnabled"}))
	}
	_, err := cloudwatch.NewMetricAlarm(ctx, name+"-"+alarm.Name, metric, options...)
	return err
}
