package components

import (
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/pathwai/airflow-on-fargate/config"
)

// onSilence are the names of the alarms that take silence for an alarm: all of
// them sound when the services are off.
func (args *AlarmsArgs) onSilence() []string {
	var names []string
	for _, alarm := range args.Alarms {
		if alarm.MissingBreaches {
			names = append(names, args.Scope.Name(alarm.Name))
		}
	}
	return names
}

// quietOutOfHours turns the actions of alarms on silence off with the services,
// and on again some time after them. An alarm acts when its state changes: one
// that still is in alarm when its actions come back would never tell. Each is
// therefore set to OK afterwards, which does nothing to one that is; CloudWatch
// looks again within a minute, and one whose service has not come up sounds.
func (a *Alarms) quietOutOfHours(ctx *pulumi.Context, name string, args *AlarmsArgs) error {
	alarms, hours := args.onSilence(), args.OffHours
	if hours == nil || len(alarms) == 0 {
		return nil
	}
	on, err := config.Later(hours.Start, config.AlarmDelayMinutes)
	if err != nil {
		return fmt.Errorf("alarms: off-hours: %w", err)
	}
	recheck, err := config.Later(hours.Start, config.AlarmRecheckMinutes)
	if err != nil {
		return fmt.Errorf("alarms: off-hours: %w", err)
	}
	arns := make([]string, 0, len(alarms))
	for _, alarm := range alarms {
		arns = append(arns, args.Scope.ARN("cloudwatch", "alarm:"+alarm))
	}
	acting, err := newRole(ctx, a, name+"-off-hours", args.Scope.Name("alarm-schedule"), "Keeps alarms on silence quiet out of hours",
		args.Scope.trust("scheduler"), Document{{
			Sid: "Quiet", Effect: allow,
			Actions:   []string{"cloudwatch:DisableAlarmActions", "cloudwatch:EnableAlarmActions", "cloudwatch:SetAlarmState"},
			Resources: arns,
		}})
	if err != nil {
		return err
	}
	calls := []scheduledCall{
		{"off", "alarms on silence are quiet out of hours", hours.Stop, "cloudwatch:disableAlarmActions", map[string]any{"AlarmNames": alarms}},
		{"on", "alarms on silence sound again", on, "cloudwatch:enableAlarmActions", map[string]any{"AlarmNames": alarms}},
	}
	for _, alarm := range args.Alarms {
		if alarm.MissingBreaches {
			calls = append(calls, scheduledCall{
				"recheck-" + alarm.Name, "tells when " + alarm.Name + " is still in alarm after the start", recheck, "cloudwatch:setAlarmState",
				map[string]any{
					"AlarmName": args.Scope.Name(alarm.Name), "StateValue": "OK", "StateReason": "looked at anew after the start of the services",
				},
			})
		}
	}
	for _, call := range calls {
		if err := newSchedule(ctx, a, name+"-"+call.name, args.Scope.Name("alarms-"+call.name), hours.Timezone, acting, call); err != nil {
			return err
		}
	}
	return nil
}
