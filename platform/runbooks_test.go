package platform

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pathwai/airflow-on-fargate/config"
	"github.com/pathwai/airflow-on-fargate/internal/recorder"
	"github.com/pathwai/airflow-on-fargate/internal/runbooks"
)

// TestRunbookNamesAreInThePlan: every name with dev's prefix in a runbook is
// one of a resource that the stack declares, or one that the runbook makes.
func TestRunbookNamesAreInThePlan(t *testing.T) {
	cfg := loadStack(t, "dev", func(c *config.Config) {
		c.Schedule.Stop, c.Schedule.Start = "cron(0 20 ? * MON-FRI *)", "cron(0 6 ? * MON-FRI *)"
	})
	planned := map[string]bool{}
	for _, resource := range record(t, cfg).All() {
		for _, name := range runbooks.Names(cfg.Prefix(), fmt.Sprintf("%q", resource.Plain())) {
			planned[name] = true
		}
	}
	require.Greater(t, len(planned), 80)
	files, err := filepath.Glob("../docs/runbooks/*.md")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range append(files, "../README.md") {
		page, err := os.ReadFile(file)
		require.NoError(t, err)
		assert.Empty(t, runbooks.UnknownNames(cfg.Prefix(), file, string(page), planned))
	}
}

var runbookOf = regexp.MustCompile(`^\[(page|warn)\] (.+) Runbook: (docs/runbooks/[a-z-]+\.md)$`)

// alarmResources are the recorded alarms that tell people; those of
// autoscaling act by themselves.
func alarmResources(declared *recorder.Record) []recorder.Resource {
	var list []recorder.Resource
	for _, alarm := range declared.Of("aws:cloudwatch/metricAlarm:MetricAlarm") {
		if alarm.Plain()["alarmDescription"] != nil && runbookOf.MatchString(alarm.Plain()["alarmDescription"].(string)) {
			list = append(list, alarm)
		}
	}
	return list
}

func TestRunbookOfEveryAlarmExists(t *testing.T) {
	for _, stack := range []string{"dev", "prod"} {
		alarms := alarmResources(record(t, loadStack(t, stack)))
		require.Greater(t, len(alarms), 25)
		for _, alarm := range alarms {
			match := runbookOf.FindStringSubmatch(alarm.Plain()["alarmDescription"].(string))
			assert.FileExists(t, "../"+match[3], alarm.Name)
		}
	}
}
