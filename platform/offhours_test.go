package platform

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pathwai/airflow-on-fargate/config"
)

// Out of hours no service runs, so that every alarm on silence would sound:
// exactly those are quiet, and each is looked at anew in the morning.
func TestAlarmsOnSilenceAreQuietOutOfHours(t *testing.T) {
	for _, stack := range []string{"dev", "prod"} {
		t.Run(stack, func(t *testing.T) {
			cfg := loadStack(t, stack, func(c *config.Config) {
				c.Schedule.Stop, c.Schedule.Start = "cron(0 20 ? * MON-FRI *)", "cron(0 6 ? * MON-FRI *)"
			})
			declared := record(t, cfg)
			var silence []string
			for _, alarm := range declared.Of("aws:cloudwatch/metricAlarm:MetricAlarm") {
				if inputs := alarm.Plain(); inputs["treatMissingData"] == "breaching" {
					silence = append(silence, inputs["name"].(string))
				}
			}
			slices.Sort(silence)
			for _, alarm := range []string{"scheduler-heartbeat", "web-down", "sync-lag-dags", "sync-lag-plugins", "api-server-tasks", "dagsync-tasks"} {
				require.Contains(t, silence, cfg.Name(alarm))
			}
			called := map[string][]string{}
			for _, schedule := range declared.Of("aws:scheduler/schedule:Schedule") {
				target := schedule.Plain()["target"].(map[string]any)
				api, isAlarms := strings.CutPrefix(target["arn"].(string), "arn:aws:scheduler:::aws-sdk:cloudwatch:")
				if !isAlarms {
					continue
				}
				var input struct {
					AlarmName  string
					AlarmNames []string
				}
				require.NoError(t, json.Unmarshal([]byte(target["input"].(string)), &input))
				if input.AlarmName != "" {
					input.AlarmNames = append(input.AlarmNames, input.AlarmName)
				}
				called[api] = append(called[api], input.AlarmNames...)
			}
			for _, names := range called {
				slices.Sort(names)
			}
			require.Equal(t, map[string][]string{"disableAlarmActions": silence, "enableAlarmActions": silence, "setAlarmState": silence}, called)
			require.LessOrEqual(t, len(silence), 100, "as many as one call takes (CloudWatch API, DisableAlarmActions)")
		})
	}
}
