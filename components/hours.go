package components

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/scheduler"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/sfn"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// HoursArgs describes what is off out of hours, and when.
type HoursArgs struct {
	Scope    Scope
	Cluster  *Cluster
	Database *Database
	// Stop and Start are cron expressions such as cron(0 20 ? * MON-FRI *), and
	// Timezone is the IANA name of the zone that both are in.
	Stop, Start, Timezone string
	// DrainMinutes is how long workers may go on with what they run after Stop,
	// while all that they need stays.
	DrainMinutes int
	// Workers stop first and start last, Others in between; the database is off
	// while nothing else is on.
	Workers, Others []Hourly
	// Alarms are the names of those that take silence for an alarm.
	Alarms []string
}

// Hourly is a service that is off at times.
type Hourly struct {
	// Service is turned off and on.
	Service *Service
	// Min is the number of tasks that it starts with. Max is the upper bound of
	// one that autoscaling moves, 0 of one that it doesn't.
	Min, Max int
}

// Hours turns the platform off and on again in the right order, by a Step
// Functions state machine of calls to AWS's APIs: there is no function to
// maintain. The schedule starts it, and so do `ops hibernate` and `ops wake`
// (docs/adr/0091).
type Hours struct {
	pulumi.ResourceState
}

// HoursMachine is the ARN of the stack's state machine.
func (s Scope) HoursMachine() string { return s.ARN("states", "stateMachine:"+s.Name("hours")) }

// A start that can't be made is tried for an hour at most: the scheduler would
// try for a day, and yesterday's stop must not come after today's start.
const (
	startAgeSeconds = 3600
	startAttempts   = 185 // as many as there are
)

// NewHours creates the state machine, its schedules, and a role for each.
func NewHours(ctx *pulumi.Context, name string, args *HoursArgs, opts ...pulumi.ResourceOption) (*Hours, error) {
	h := &Hours{}
	if err := register(ctx, "Hours", name, h, opts); err != nil {
		return nil, err
	}
	scope, machine := args.Scope, args.Scope.HoursMachine()
	acting, err := newRole(ctx, h, name, scope.Name("hours"), "Turns the platform off and on", scope.trust("states"), args.permissions())
	if err != nil {
		return nil, err
	}
	made, err := sfn.NewStateMachine(ctx, name, &sfn.StateMachineArgs{
		Name:       pulumi.String(scope.Name("hours")),
		RoleArn:    acting.Arn,
		Definition: pulumi.String(mustJSON(args.definition())),
		Tags:       named(scope.Name("hours")),
	}, pulumi.Parent(h), pulumi.DependsOn(acting.ready))
	if err != nil {
		return nil, fmt.Errorf("hours: state machine: %w", err)
	}
	starting, err := newRole(ctx, h, name+"-schedule", scope.Name("hours-schedule"), "Starts the state machine of hours", scope.trust("scheduler"),
		Document{{Sid: "Start", Effect: allow, Actions: []string{"states:StartExecution"}, Resources: []string{machine}}})
	if err != nil {
		return nil, err
	}
	for to, when := range map[string]string{"off": args.Stop, "on": args.Start} {
		if _, err := scheduler.NewSchedule(ctx, name+"-"+to, &scheduler.ScheduleArgs{
			Name:                       pulumi.String(scope.Name("hours-" + to)),
			Description:                pulumi.String("turns the platform " + to),
			ScheduleExpression:         pulumi.String(when),
			ScheduleExpressionTimezone: pulumi.String(args.Timezone),
			FlexibleTimeWindow:         &scheduler.ScheduleFlexibleTimeWindowArgs{Mode: pulumi.String("OFF")},
			Target: &scheduler.ScheduleTargetArgs{
				Arn:     pulumi.String(machine),
				RoleArn: starting.Arn,
				Input:   pulumi.String(mustJSON(map[string]string{"to": to, "by": "schedule"})),
				RetryPolicy: &scheduler.ScheduleTargetRetryPolicyArgs{
					MaximumEventAgeInSeconds: pulumi.Int(startAgeSeconds),
					MaximumRetryAttempts:     pulumi.Int(startAttempts),
				},
			},
		}, pulumi.Parent(h), pulumi.DependsOn(append([]pulumi.Resource{made}, starting.ready...))); err != nil {
			return nil, fmt.Errorf("hours: schedule %s: %w", to, err)
		}
	}
	return h, ctx.RegisterResourceOutputs(h, pulumi.Map{})
}

// permissions are the calls of the state machine, on what it turns off and on.
func (args *HoursArgs) permissions() Document {
	scope := args.Scope
	var services, alarms []string
	for _, hourly := range append(append([]Hourly{}, args.Workers...), args.Others...) {
		services = append(services, scope.ARN("ecs", "service/"+args.Cluster.Name+"/"+hourly.Service.Name))
	}
	for _, alarm := range args.Alarms {
		alarms = append(alarms, scope.ARN("cloudwatch", "alarm:"+alarm))
	}
	machine := scope.Name("hours")
	return Document{
		{
			Sid: "Services", Effect: allow,
			Actions: []string{"ecs:DescribeServices", "ecs:UpdateService"}, Resources: sorted(services),
		},
		{
			// The ids of scalable targets are AWS's own; their tags are the stack's.
			Sid: "Bounds", Effect: allow,
			Actions: []string{"application-autoscaling:RegisterScalableTarget"}, Resources: []string{scope.ARN("application-autoscaling", "scalable-target/*")},
			Conditions: Conditions{"StringEquals": scope.tagged()},
		},
		{
			Sid: "Database", Effect: allow,
			Actions:   []string{"rds:DescribeDBInstances", "rds:StartDBInstance", "rds:StopDBInstance"},
			Resources: []string{scope.ARN("rds", "db:"+args.Database.Identifier)},
		},
		{
			Sid: "Quiet", Effect: allow,
			Actions:   []string{"cloudwatch:DisableAlarmActions", "cloudwatch:EnableAlarmActions", "cloudwatch:SetAlarmState"},
			Resources: alarms,
		},
		{
			Sid: "Override", Effect: allow, Actions: []string{"scheduler:GetSchedule"},
			Resources: []string{scope.ARN("scheduler", "schedule/default/"+scope.Name("hours-override"))},
		},
		{Sid: "Runs", Effect: allow, Actions: []string{"states:ListExecutions"}, Resources: []string{scope.HoursMachine()}},
		{
			Sid: "EndRuns", Effect: allow, Actions: []string{"states:StopExecution"},
			Resources: []string{scope.ARN("states", "execution:"+machine+":*")},
		},
	}
}
