package components

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"
)

// Another project's environment of the same name is not in the sum.
func TestBudgetIsOfThisProject(t *testing.T) {
	record := run(t, func(ctx *pulumi.Context) error {
		alarms, err := NewAlarms(ctx, "alarms", &AlarmsArgs{Scope: testScope, LogsKeyARN: pulumi.String(logsKeyARN), ClusterARN: pulumi.String("c"), DatabaseID: "d"})
		if err != nil {
			return err
		}
		_, err = NewBudget(ctx, "budget", &BudgetArgs{Scope: testScope, MonthlyUSD: 70, Project: "acme-airflow", Environment: "test", Alarms: alarms})
		return err
	})
	require.Equal(t, []any{map[string]any{
		"name": "TagKeyValue", "values": []any{"user:Environment$test", "user:Project$acme-airflow"},
	}}, one(t, record, "aws:budgets/budget:Budget", "budget")["costFilters"])
	require.Contains(t, raw(t, record, "aws:budgets/budget:Budget", "budget").DependsOn, "aws:sns/topicPolicy:TopicPolicy alarms-warn", "the topic's policy, which lets budgets.amazonaws.com publish, is there first")
}
