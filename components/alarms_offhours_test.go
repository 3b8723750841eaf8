package components

import (
	"encoding/json"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"

	"github.com/pathwai/airflow-on-fargate/internal/recorder"
)

const (
	scheduleToken = "aws:scheduler/schedule:Schedule"
)

func runAlarms(t *testing.T, hours *OffHoursArgs) (*recorder.Record, error) {
	t.Helper()
	return recorder.Run("test", func(ctx *pulumi.Context) error {
		alarm := func(name string, silence bool) Alarm {
			return Alarm{
				Name: name, Severity: Page, Meaning: "M.", Runbook: "r", Namespace: "N", Metric: "m", Statistic: "Minimum",
				Above: Threshold(1), PeriodSeconds: 60, Periods: 3, MissingBreaches: silence,
			}
		}
		_, err := NewAlarms(ctx, "alarms", &AlarmsArgs{
			Scope: testScope, LogsKeyARN: pulumi.String(logsKeyARN), ClusterARN: pulumi.String("cluster"), DatabaseID: "db", OffHours: hours,
			Alarms: []Alarm{alarm("heartbeat", true), alarm("busy", false), alarm("web-down", true)},
		})
		return err
	})
}

// call is what a schedule has the scheduler do, and when.
type call struct {
	when, zone, api string
	input           map[string]any
}

func scheduled(t *testing.T, record *recorder.Record) map[string]call {
	t.Helper()
	calls := map[string]call{}
	for _, res := range record.Of(scheduleToken) {
		inputs := res.Plain()
		target := inputs["target"].(map[string]any)
		require.Equal(t, map[string]any{"maximumEventAgeInSeconds": 3600.0, "maximumRetryAttempts": 185.0}, target["retryPolicy"],
			"a call of yesterday evening must not come after today's start")
		require.Equal(t, map[string]any{"mode": "OFF"}, inputs["flexibleTimeWindow"])
		c := call{when: inputs["scheduleExpression"].(string), zone: inputs["scheduleExpressionTimezone"].(string), api: target["arn"].(string)}
		require.NoError(t, json.Unmarshal([]byte(target["input"].(string)), &c.input))
		calls[inputs["name"].(string)] = c
	}
	return calls
}

// Alarms on silence are off while the services are. What is still in alarm when
// they come back is told: an alarm whose actions are off tells nothing later.
func TestAlarmsOutOfHours(t *testing.T) {
	record, err := runAlarms(t, &OffHoursArgs{Stop: "cron(0 20 ? * MON-FRI *)", Start: "cron(45 6 ? * MON-FRI *)", Timezone: "Europe/Berlin"})
	require.NoError(t, err)
	const prefix, zone, sdk = "acme-airflow-test-", "Europe/Berlin", "arn:aws:scheduler:::aws-sdk:cloudwatch:"
	both := map[string]any{"AlarmNames": []any{prefix + "heartbeat", prefix + "web-down"}}
	ok := func(alarm string) map[string]any {
		return map[string]any{"AlarmName": prefix + alarm, "StateValue": "OK", "StateReason": "looked at anew after the start of the services"}
	}
	require.Equal(t, map[string]call{
		prefix + "alarms-off":               {"cron(0 20 ? * MON-FRI *)", zone, sdk + "disableAlarmActions", both},
		prefix + "alarms-on":                {"cron(5 7 ? * MON-FRI *)", zone, sdk + "enableAlarmActions", both},
		prefix + "alarms-recheck-heartbeat": {"cron(7 7 ? * MON-FRI *)", zone, sdk + "setAlarmState", ok("heartbeat")},
		prefix + "alarms-recheck-web-down":  {"cron(7 7 ? * MON-FRI *)", zone, sdk + "setAlarmState", ok("web-down")},
	}, scheduled(t, record))

	statements := parsePolicy(t, one(t, record, "aws:iam/rolePolicy:RolePolicy", "alarms-off-hours")["policy"])
	require.Equal(t, []string{"Quiet"}, sids(statements))
	require.Equal(t, []string{"cloudwatch:DisableAlarmActions", "cloudwatch:EnableAlarmActions", "cloudwatch:SetAlarmState"}, texts(statements["Quiet"].Action))
	const arn = "arn:aws:cloudwatch:eu-west-1:123456789012:alarm:" + prefix
	require.Equal(t, []string{arn + "heartbeat", arn + "web-down"}, texts(statements["Quiet"].Resource))
	require.Contains(t, one(t, record, "aws:iam/role:Role", "alarms-off-hours")["assumeRolePolicy"], "scheduler.amazonaws.com")

	for name, ignored := range map[string][]string{"heartbeat": {"actionsEnabled"}, "web-down": {"actionsEnabled"}, "busy": nil, "access-denied": nil} {
		require.Equal(t, ignored, raw(t, record, alarmToken, "alarms-"+name).IgnoreChanges, "%s is off at night, and that is no drift", name)
	}
}

func TestAlarmsAlwaysOn(t *testing.T) {
	record, err := runAlarms(t, nil)
	require.NoError(t, err)
	require.Empty(t, record.Of(scheduleToken))
	require.Empty(t, record.Of("aws:iam/role:Role"))
	for _, alarm := range record.Of(alarmToken) {
		require.Empty(t, alarm.IgnoreChanges, alarm.Name)
	}
}

func TestAlarmsNeedAStartThatCanBeMoved(t *testing.T) {
	_, err := runAlarms(t, &OffHoursArgs{Stop: "cron(0 20 * * ? *)", Start: "cron(59 23 * * ? *)", Timezone: "UTC"})
	require.ErrorContains(t, err, "another day")
}

func TestDatabaseOutOfHours(t *testing.T) {
	record := run(t, func(ctx *pulumi.Context) error {
		_, err := NewDatabaseSchedule(ctx, "schedule", &DatabaseScheduleArgs{
			Scope: testScope, Database: &Database{Identifier: "acme-db"},
			OffHours: OffHoursArgs{Stop: "cron(0 20 * * ? *)", Start: "cron(0 6 * * ? *)", Timezone: "UTC"},
		})
		return err
	})
	id := map[string]any{"DbInstanceIdentifier": "acme-db"}
	require.Equal(t, map[string]call{
		"acme-airflow-test-db-stop":  {"cron(0 20 * * ? *)", "UTC", "arn:aws:scheduler:::aws-sdk:rds:stopDBInstance", id},
		"acme-airflow-test-db-start": {"cron(0 6 * * ? *)", "UTC", "arn:aws:scheduler:::aws-sdk:rds:startDBInstance", id},
	}, scheduled(t, record))
}
