package components

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/scheduler"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// scheduledCall is a call to an AWS API that the EventBridge scheduler makes by
// itself, a "universal target": there is no function to maintain.
type scheduledCall struct {
	// name follows the component's in the resource's name.
	name, description string
	// when is a cron expression.
	when string
	// api is service:action, such as rds:stopDBInstance; input its parameters.
	api   string
	input any
}

// What the scheduler retries for an hour at most: it would try for a day, and
// a stop of yesterday evening must not come after today's start.
const (
	callAgeSeconds = 3600
	callAttempts   = 185 // as many as there are
)

// newSchedule has the scheduler make a call, with the rights of acting.
func newSchedule(ctx *pulumi.Context, parent pulumi.Resource, name, physical, timezone string, acting *role, call scheduledCall) error {
	_, err := scheduler.NewSchedule(ctx, name, &scheduler.ScheduleArgs{
		Name:                       pulumi.String(physical),
		Description:                pulumi.String(call.description),
		ScheduleExpression:         pulumi.String(call.when),
		ScheduleExpressionTimezone: pulumi.String(timezone),
		FlexibleTimeWindow:         &scheduler.ScheduleFlexibleTimeWindowArgs{Mode: pulumi.String("OFF")},
		Target: &scheduler.ScheduleTargetArgs{
			Arn:     pulumi.String("arn:aws:scheduler:::aws-sdk:" + call.api),
			RoleArn: acting.Arn,
			Input:   pulumi.String(mustJSON(call.input)),
			RetryPolicy: &scheduler.ScheduleTargetRetryPolicyArgs{
				MaximumEventAgeInSeconds: pulumi.Int(callAgeSeconds),
				MaximumRetryAttempts:     pulumi.Int(callAttempts),
			},
		},
	}, pulumi.Parent(parent), pulumi.DependsOn(acting.ready))
	if err != nil {
		return fmt.Errorf("schedule %s: %w", physical, err)
	}
	return nil
}
