package components

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/scheduler"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// ScheduledTaskArgs describes a task that runs at times and ends by itself.
type ScheduledTaskArgs struct {
	// Task describes it. What is a service's alone stays empty: Count, Autoscaled,
	// OnDemandBase, SpotPercent, Exec and Target. It runs on demand.
	Task *ServiceArgs
	// When is a cron expression such as cron(17 3 * * ? *), and Timezone the IANA
	// name of its zone.
	When, Timezone string
}

// ScheduledTask is a task of EventBridge Scheduler, with a task definition,
// security group, log group and roles of its own. Nobody waits for its end: an
// alarm tells when one fails (see [AlarmsArgs].Scheduled).
type ScheduledTask struct {
	pulumi.ResourceState

	// Family is the task definition's, LogGroup its containers' log group.
	Family   string
	LogGroup string

	args  *ScheduledTaskArgs
	parts *Service
}

// NewScheduledTask creates all that the task called <prefix>-<name> needs. It
// runs from [ScheduledTask.Start] on, once others let it in.
func NewScheduledTask(ctx *pulumi.Context, name string, args *ScheduledTaskArgs, opts ...pulumi.ResourceOption) (*ScheduledTask, error) {
	t := &ScheduledTask{args: args, parts: &Service{}}
	if err := register(ctx, "ScheduledTask", name, t, opts); err != nil {
		return nil, err
	}
	if err := t.parts.prepare(ctx, t, name, args.Task); err != nil {
		return nil, err
	}
	t.Family, t.LogGroup = t.parts.Name, t.parts.LogGroup
	return t, nil
}

// Start creates the schedule, and the role that it starts the task in.
func (t *ScheduledTask) Start(ctx *pulumi.Context, after ...pulumi.Resource) error {
	args, name := t.args.Task, t.parts.name
	starting, err := newRole(ctx, t, name+"-schedule", t.Family+"-schedule", "Starts the task "+t.Family, args.Scope.trust("scheduler"), t.permissions())
	if err != nil {
		return err
	}
	_, err = scheduler.NewSchedule(ctx, name, &scheduler.ScheduleArgs{
		Name:                       pulumi.String(t.Family),
		Description:                pulumi.String("runs the task " + t.Family),
		ScheduleExpression:         pulumi.String(t.args.When),
		ScheduleExpressionTimezone: pulumi.String(t.args.Timezone),
		FlexibleTimeWindow:         &scheduler.ScheduleFlexibleTimeWindowArgs{Mode: pulumi.String("OFF")},
		Target: &scheduler.ScheduleTargetArgs{
			Arn:     args.Cluster.ARN,
			RoleArn: starting.Arn,
			EcsParameters: &scheduler.ScheduleTargetEcsParametersArgs{
				TaskDefinitionArn:    t.parts.definition.Arn,
				LaunchType:           pulumi.String("FARGATE"),
				PlatformVersion:      pulumi.String(platformVersion),
				EnableEcsManagedTags: pulumi.Bool(true),
				PropagateTags:        pulumi.String("TASK_DEFINITION"),
				NetworkConfiguration: &scheduler.ScheduleTargetEcsParametersNetworkConfigurationArgs{
					Subnets: args.SubnetIDs, SecurityGroups: pulumi.StringArray{t.parts.SecurityGroupID}, AssignPublicIp: pulumi.Bool(false),
				},
			},
			RetryPolicy: &scheduler.ScheduleTargetRetryPolicyArgs{
				MaximumEventAgeInSeconds: pulumi.Int(startAgeSeconds),
				MaximumRetryAttempts:     pulumi.Int(startAttempts),
			},
		},
	}, pulumi.Parent(t), pulumi.DependsOn(append(t.parts.ready(after), starting.ready...)))
	if err != nil {
		return fmt.Errorf("scheduled task %s: schedule: %w", name, err)
	}
	return ctx.RegisterResourceOutputs(t, pulumi.Map{"family": pulumi.String(t.Family)})
}

// permissions are what EventBridge Scheduler needs to run this task, in any
// revision, and no other (EventBridge Scheduler user guide, "Using templated
// targets").
func (t *ScheduledTask) permissions() Document {
	scope, cluster := t.args.Task.Scope, t.args.Task.Cluster.Name
	return Document{
		{
			Sid: "Run", Effect: allow, Actions: []string{"ecs:RunTask"},
			Resources:  []string{scope.ARN("ecs", "task-definition/"+t.Family+":*")},
			Conditions: Conditions{"ArnEquals": {"ecs:cluster": {scope.ARN("ecs", "cluster/"+cluster)}}},
		},
		{
			Sid: "TagWhatRuns", Effect: allow, Actions: []string{"ecs:TagResource"},
			Resources:  []string{scope.ARN("ecs", "task/"+cluster+"/*")},
			Conditions: Conditions{"StringEquals": {"ecs:CreateAction": {"RunTask"}}},
		},
		{
			Sid: "GiveRoles", Effect: allow, Actions: []string{"iam:PassRole"},
			Resources:  []string{scope.GlobalARN("iam", "role/"+t.Family+"-execution"), scope.GlobalARN("iam", "role/"+t.Family+"-task")},
			Conditions: Conditions{"StringEquals": {"iam:PassedToService": {AWSService("ecs-tasks")}}},
		},
	}
}

// Logs is the log group, for what must exist after it.
func (t *ScheduledTask) Logs() pulumi.Resource { return t.parts.logs }

// Peer is the task as one end of an [Edge].
func (t *ScheduledTask) Peer() Peer { return t.parts.Peer() }
