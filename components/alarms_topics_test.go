package components

import (
	"encoding/json"
	"maps"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"

	"github.com/pathwai/airflow-on-fargate/internal/recorder"
)

func runTopics(t *testing.T, args AlarmsArgs) *recorder.Record {
	return run(t, func(ctx *pulumi.Context) error {
		args.Scope, args.LogsKeyARN = testScope, pulumi.String(logsKeyARN)
		args.ClusterARN, args.DatabaseID = pulumi.String("arn:aws:ecs:eu-west-1:123456789012:cluster/acme-airflow-test-cluster"), "acme-airflow-test-db"
		_, err := NewAlarms(ctx, "alarms", &args)
		return err
	})
}

// EventBridge doesn't take conditions in the policies of topics; the services
// that do keep theirs.
func TestTopicsTakeEventsWithoutCondition(t *testing.T) {
	record := runTopics(t, AlarmsArgs{})
	for _, severity := range []string{"page", "warn"} {
		policy := parsePolicy(t, one(t, record, "aws:sns/topicPolicy:TopicPolicy", "alarms-"+severity)["policy"])
		events := policy["PublishEvents"]
		require.Equal(t, map[string]any{"Service": "events.amazonaws.com"}, events.Principal)
		require.Equal(t, "sns:Publish", events.Action)
		require.Empty(t, events.Condition)
		require.Equal(t, "123456789012", policy["Publish"].Condition["StringEquals"]["aws:SourceAccount"])
		require.NotContains(t, policy["Publish"].Principal.(map[string]any)["Service"], "events.amazonaws.com")
	}
}

// eventPattern reads what a rule looks for.
func eventPattern(t *testing.T, record *recorder.Record, name string) map[string]any {
	var pattern map[string]any
	require.NoError(t, json.Unmarshal([]byte(one(t, record, "aws:cloudwatch/eventRule:EventRule", "alarms-"+name)["eventPattern"].(string)), &pattern))
	return pattern
}

// Each way in which a task ends badly has a rule; those of every day have none.
func TestTaskEvents(t *testing.T) {
	record := runTopics(t, AlarmsArgs{})
	stopped := func(code string, more map[string]any) map[string]any {
		detail := map[string]any{
			"clusterArn": []any{"arn:aws:ecs:eu-west-1:123456789012:cluster/acme-airflow-test-cluster"},
			"lastStatus": []any{"STOPPED"}, "stopCode": []any{code},
		}
		maps.Copy(detail, more)
		return detail
	}
	for name, want := range map[string]map[string]any{
		"task-not-started": stopped("TaskFailedToStart", nil),
		"task-killed":      stopped("EssentialContainerExited", map[string]any{"containers": map[string]any{"exitCode": []any{137.0}}}),
		"task-exited": stopped("EssentialContainerExited", map[string]any{
			"group":      []any{map[string]any{"prefix": "service:"}},
			"containers": map[string]any{"exitCode": []any{map[string]any{"anything-but": []any{0.0, 137.0, 143.0}}}},
		}),
	} {
		require.Equal(t, want, eventPattern(t, record, name)["detail"], name)
	}
	for _, rule := range record.Of("aws:cloudwatch/eventRule:EventRule") {
		_, runbook, _ := strings.Cut(rule.Plain()["description"].(string), ". Runbook: ")
		require.FileExists(t, "../"+runbook, rule.Name)
	}
}

// A clean-up that finds no database is no failure where that is off at times.
func TestScheduledTaskEvents(t *testing.T) {
	require.NotContains(t, names(runTopics(t, AlarmsArgs{}), "aws:cloudwatch/eventRule:EventRule"), "alarms-cleanup-failed")
	for offHours, fine := range map[bool][]any{false: {0.0}, true: {0.0, 75.0}} {
		detail := eventPattern(t, runTopics(t, AlarmsArgs{Scheduled: []string{"acme-airflow-test-cleanup"}, OffHours: offHours}), "cleanup-failed")["detail"].(map[string]any)
		require.Equal(t, []any{"family:acme-airflow-test-cleanup"}, detail["group"])
		require.Equal(t, map[string]any{"exitCode": []any{map[string]any{"anything-but": fine}}}, detail["containers"])
		require.Equal(t, []any{"EssentialContainerExited"}, detail["stopCode"])
	}
}

// RDS itself sends nothing to encrypted topics: its events go over EventBridge.
func TestDatabaseEventsReachTheEncryptedTopics(t *testing.T) {
	record := runTopics(t, AlarmsArgs{})
	require.Empty(t, record.Of("aws:rds/eventSubscription:EventSubscription"))
	for name, categories := range map[string][]any{
		"db-events":      {"failover", "failure", "low storage", "recovery"},
		"db-maintenance": {"maintenance"},
	} {
		require.Equal(t, map[string]any{
			"source": []any{"aws.rds"}, "detail-type": []any{"RDS DB Instance Event"},
			"detail": map[string]any{
				"SourceArn":       []any{"arn:aws:rds:eu-west-1:123456789012:db:acme-airflow-test-db"},
				"EventCategories": categories,
			},
		}, eventPattern(t, record, name))
	}
	require.NotEmpty(t, one(t, record, "aws:cloudwatch/eventTarget:EventTarget", "alarms-db-events")["arn"])
}
