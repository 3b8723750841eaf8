package components

import (
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
	for _, call := range []scheduledCall{
		{name: "stop", description: "stop the database", when: args.OffHours.Stop, api: "rds:stopDBInstance"},
		{name: "start", description: "start the database", when: args.OffHours.Start, api: "rds:startDBInstance"},
	} {
		call.input = map[string]string{"DbInstanceIdentifier": args.Database.Identifier}
		if err := newSchedule(ctx, d, name+"-"+call.name, args.Scope.Name("db-"+call.name), args.OffHours.Timezone, acting, call); err != nil {
			return nil, err
		}
	}
	return d, ctx.RegisterResourceOutputs(d, pulumi.Map{})
}
