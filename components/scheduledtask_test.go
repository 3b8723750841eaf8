package components

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"

	"github.com/pathwai/airflow-on-fargate/internal/recorder"
)

const scheduleToken = "aws:scheduler/schedule:Schedule"

func runScheduledTask(t *testing.T) *recorder.Record {
	return run(t, func(ctx *pulumi.Context) error {
		w, err := newWorld(ctx, "", nil)
		if err != nil {
			return err
		}
		task := serviceArgs(w, (&Airflow{Scope: testScope, Config: testConfig(), Secrets: w.secrets}).Cleanup()...)
		made, err := NewScheduledTask(ctx, "cleanup", &ScheduledTaskArgs{Task: task, When: "cron(17 3 * * ? *)", Timezone: "UTC"})
		if err != nil {
			return err
		}
		require.Equal(t, "acme-airflow-test-cleanup", made.Family)
		require.Equal(t, "/acme-airflow-test/cleanup", made.LogGroup)
		require.Equal(t, "cleanup", made.Peer().Name)
		return made.Start(ctx)
	})
}

func TestScheduledTaskRunsPrivatelyAndOnDemand(t *testing.T) {
	record := runScheduledTask(t)
	require.Empty(t, record.Of(serviceToken), "nothing keeps it running")
	schedule := one(t, record, scheduleToken, "cleanup")
	for property, want := range map[string]any{
		"name": "acme-airflow-test-cleanup", "scheduleExpression": "cron(17 3 * * ? *)", "scheduleExpressionTimezone": "UTC",
		"flexibleTimeWindow": map[string]any{"mode": "OFF"},
	} {
		require.Equal(t, want, schedule[property], property)
	}
	target := schedule["target"].(map[string]any)
	require.Equal(t, map[string]any{
		"taskDefinitionArn": "arn:aws:mock:::aws:ecs/taskDefinition:TaskDefinition/cleanup", "launchType": "FARGATE", "platformVersion": "1.4.0",
		"enableEcsManagedTags": true, "propagateTags": "TASK_DEFINITION",
		"networkConfiguration": map[string]any{"subnets": []any{"subnet-a", "subnet-c"}, "securityGroups": []any{"cleanup-id"}, "assignPublicIp": false},
	}, target["ecsParameters"])
	require.Equal(t, map[string]any{"maximumEventAgeInSeconds": 3600.0, "maximumRetryAttempts": 185.0}, target["retryPolicy"])
	require.Equal(t, "arn:aws:mock:::aws:iam/role:Role/cleanup-schedule", target["roleArn"])
	waits := raw(t, record, scheduleToken, "cleanup").DependsOn
	for _, needed := range []string{
		"aws:ecs/clusterCapacityProviders:ClusterCapacityProviders cluster", "awsx:ecr:Repository images-scheduler",
		"aws:iam/rolePolicy:RolePolicy cleanup-execution", "aws:iam/role:Role cleanup-task",
		"aws:iam/rolePolicy:RolePolicy cleanup-schedule", "aws:cloudwatch/logGroup:LogGroup cleanup",
	} {
		require.Contains(t, waits, needed)
	}
}

// EventBridge Scheduler may start this task and give it its own two roles.
func TestScheduledTaskIsStartedWithLeastPrivilege(t *testing.T) {
	record := runScheduledTask(t)
	policy := rolePolicy(t, record, "cleanup-schedule")
	require.Equal(t, []string{"GiveRoles", "Run", "TagWhatRuns"}, sids(policy))
	require.Equal(t, "arn:aws:ecs:eu-west-1:123456789012:task-definition/acme-airflow-test-cleanup:*", policy["Run"].Resource)
	require.Equal(t, map[string]map[string]any{"ArnEquals": {"ecs:cluster": "arn:aws:ecs:eu-west-1:123456789012:cluster/acme-airflow-test-cluster"}}, policy["Run"].Condition)
	require.Equal(t, []string{
		"arn:aws:iam::123456789012:role/acme-airflow-test-cleanup-execution", "arn:aws:iam::123456789012:role/acme-airflow-test-cleanup-task",
	}, texts(policy["GiveRoles"].Resource))
	require.Equal(t, map[string]map[string]any{"StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}}, policy["GiveRoles"].Condition)
	require.Equal(t, map[string]map[string]any{"StringEquals": {"ecs:CreateAction": "RunTask"}}, policy["TagWhatRuns"].Condition)
	trust := parsePolicy(t, one(t, record, "aws:iam/role:Role", "cleanup-schedule")["assumeRolePolicy"])
	require.Equal(t, map[string]any{"Service": "scheduler.amazonaws.com"}, trust["Assume"].Principal)
	require.Equal(t, []string{"DecryptSecrets", "FetchSecrets", "PullImages", "SignInToRegistry", "WriteLogs"}, sids(rolePolicy(t, record, "cleanup-execution")))
	require.NotContains(t, names(record, "aws:iam/rolePolicy:RolePolicy"), "cleanup-task", "the clean-up talks to the database alone")
}
