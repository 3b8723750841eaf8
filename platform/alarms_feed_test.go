package platform

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pathwai/airflow-on-fargate/components"
	"github.com/pathwai/airflow-on-fargate/internal/alarmfeed"
	"github.com/pathwai/airflow-on-fargate/internal/recorder"
)

var writeAlarms = flag.Bool("write-alarms", false, "write docs/alarms.md anew")

const (
	alarmsFile   = "../docs/alarms.md"
	alarmsHeader = `# Alarms, and who feeds them

Written by ` + "`go test ./platform -run AlarmFeed -write-alarms`" + ` from what the stacks declare. A test fails when an alarm's
namespace, metric and dimensions are produced by nobody: AWS by itself
([table with documents](../internal/alarmfeed/aws.yaml)), the agent (read from its source), or a log filter of the
stack. Autoscaling's alarms, on the same metrics, are part of that test and not of these tables. Failed deployments,
killed tasks and the database's failovers have no metric: EventBridge tells them to the same topics. The budget tells
its own.

Where to look when one sounds: the stack's CloudWatch dashboard. Its metrics pass the same test.

`
)

// alarmFeeds are all producers of metrics that a stack has.
func alarmFeeds(t *testing.T, declared *recorder.Record) alarmfeed.Feeds {
	t.Helper()
	feeds, err := alarmfeed.AWS()
	require.NoError(t, err)
	require.NoError(t, feeds.Agent("../agent", components.MetricsNamespace))
	for _, filter := range declared.Of("aws:cloudwatch/logMetricFilter:LogMetricFilter") {
		made := filter.Plain()["metricTransformation"].(map[string]any)
		feeds.Add(alarmfeed.Metric{Namespace: made["namespace"].(string), Name: made["name"].(string)}, "log filters of the stack")
	}
	return feeds
}

// alarmMetrics are what an alarm looks at: one metric, or those of its queries.
func alarmMetrics(alarm map[string]any) []alarmfeed.Metric {
	read := func(from map[string]any) alarmfeed.Metric {
		dimensions, _ := from["dimensions"].(map[string]any)
		return alarmfeed.Metric{
			Namespace: fmt.Sprint(from["namespace"]), Name: fmt.Sprint(from["metricName"]),
			Dimensions: slices.Sorted(maps.Keys(dimensions)),
		}
	}
	queries, _ := alarm["metricQueries"].([]any)
	if len(queries) == 0 {
		return []alarmfeed.Metric{read(alarm)}
	}
	var list []alarmfeed.Metric
	for _, query := range queries {
		if metric, ok := query.(map[string]any)["metric"].(map[string]any); ok {
			list = append(list, read(metric))
		}
	}
	return list
}

func TestAlarmFeed(t *testing.T) {
	page := alarmsHeader
	for _, stack := range []string{"dev", "prod"} {
		cfg := loadStack(t, stack)
		declared := record(t, cfg)
		feeds := alarmFeeds(t, declared)
		all := declared.Of("aws:cloudwatch/metricAlarm:MetricAlarm")
		require.Greater(t, len(all), 25)
		for _, alarm := range all {
			metrics := alarmMetrics(alarm.Plain())
			require.NotEmpty(t, metrics, alarm.Name)
			for _, metric := range metrics {
				_, err := feeds.By(metric)
				assert.NoError(t, err, alarm.Name)
			}
		}
		page += "## " + stack + "\n\n| alarm | severity | metric | dimensions | fed by | silence alarms | runbook |\n|---|---|---|---|---|---|---|\n"
		for _, alarm := range alarmResources(declared) {
			inputs := alarm.Plain()
			said := runbookOf.FindStringSubmatch(inputs["alarmDescription"].(string))
			metric := alarmMetrics(inputs)[0]
			by, _ := feeds.By(metric) // its absence is told above
			silence := "no"
			if inputs["treatMissingData"] == "breaching" {
				silence = "yes"
			}
			name := strings.TrimPrefix(said[3], "docs/")
			page += fmt.Sprintf("| `%s` | %s | %s `%s` | %s | %s | %s | [%s](%s) |\n", strings.TrimPrefix(inputs["name"].(string), cfg.Prefix()+"-"),
				said[1], metric.Namespace, metric.Name, strings.Join(metric.Dimensions, ", "), by, silence,
				strings.TrimSuffix(strings.TrimPrefix(name, "runbooks/"), ".md"), name)
		}
		page += "\n"
	}
	page = strings.TrimRight(page, "\n") + "\n"
	if *writeAlarms {
		require.NoError(t, os.WriteFile(alarmsFile, []byte(page), 0o644))
	}
	written, err := os.ReadFile(alarmsFile)
	require.NoError(t, err)
	require.Equal(t, page, string(written), "%s is out of date: go test ./platform -run AlarmFeed -write-alarms", alarmsFile)
}

func TestAlarmFeedMissesWhatNobodyProduces(t *testing.T) {
	feeds := alarmFeeds(t, record(t, loadStack(t, "dev")))
	for _, metric := range []alarmfeed.Metric{
		{Namespace: components.MetricsNamespace, Name: "SchedulerHeartbeatAge", Dimensions: []string{"Stack"}},
		{Namespace: components.MetricsNamespace, Name: "Backlog", Dimensions: []string{"Stack"}},
		{Namespace: components.MetricsNamespace, Name: "SyncLagSeconds", Dimensions: []string{"Stack"}},
		{Namespace: "AWS/EFS", Name: "BurstCredits", Dimensions: []string{"FileSystemId"}},
	} {
		_, err := feeds.By(metric)
		assert.ErrorContains(t, err, "nobody produces", metric.Name)
	}
}
