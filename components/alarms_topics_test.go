package components

import (
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
