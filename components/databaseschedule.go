package components

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/scheduler"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// DatabaseScheduleArgs describes when the database is off.
type DatabaseScheduleArgs struct {
	Scope    Scope
	Database *Database
	// OffHours say when; the expressions are those of EventBridge Scheduler too.
	OffHours OffHoursArgs
}

// DatabaseSchedule stops the database out of hours and starts it again. The
// EventBridge scheduler calls RDS itself: there is no function to maintain.
// RDS starts a stopped instance by itself after seven days.
type DatabaseSchedule struct {
	pulumi.ResourceState
}

// NewDatabaseSchedule creates the two schedules and the role that they act in.
func NewDatabaseSchedule(ctx *pulumi.Context, name string, args *DatabaseScheduleArgs, opts ...pulumi.ResourceOption) (*DatabaseSchedule, error) {
	d := &DatabaseSchedule{}
	if err := register(ctx, "DatabaseSchedule", name, d, opts); err != nil {
		return nil, err
	}
	instance := args.Scope.ARN("rds", "db:"+args.Database.Identifier)
	acting, err := newRole(ctx, d, name, args.Scope.Name("db-schedule"), "Stops and starts the database out of hours",
		args.Scope.trust("scheduler"), Document{{
			Sid: "StopAndStart", Effect: allow,
			Actions: []string{"rds:StartDBInstance", "rds:StopDBInstance"}, Resources: []string{instance},
		}})
	if err != nil {
		return nil, err
	}
	for _, action := range []struct{ name, call, when string }{
		{"stop", "stopDBInstance", args.OffHours.Stop},
		{"start", "startDBInstance", args.OffHours.Start},
	} {
		if _, err := scheduler.NewSchedule(ctx, name+"-"+action.name, &scheduler.ScheduleArgs{
			Name:                       pulumi.String(args.Scope.Name("db-" + action.name)),
			Description:                pulumi.String(action.name + " the database"),
			ScheduleExpression:         pulumi.String(action.when),
			ScheduleExpressionTimezone: pulumi.String(args.OffHours.Timezone),
			FlexibleTimeWindow:         &scheduler.ScheduleFlexibleTimeWindowArgs{Mode: pulumi.String("OFF")},
			Target: &scheduler.ScheduleTargetArgs{
				Arn:     pulumi.String("arn:aws:scheduler:::aws-sdk:rds:" + action.call),
				RoleArn: acting.Arn,
				Input:   pulumi.String(mustJSON(map[string]string{"DbInstanceIdentifier": args.Database.Identifier})),
			},
		}, pulumi.Parent(d), pulumi.DependsOn(acting.ready)); err != nil {
			return nil, fmt.Errorf("database schedule: %s: %w", action.name, err)
		}
	}
	return d, ctx.RegisterResourceOutputs(d, pulumi.Map{})
}
