package platform

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pathwai/airflow-on-fargate/config"
)

// A role without the boundary is one that the pipelines may not make.
func TestEveryRoleIsBounded(t *testing.T) {
	const arn = "arn:aws:iam::381492153064:policy/pathwai-airflow-github-dev-boundary"
	hours := func(c *config.Config) {
		c.Schedule.Stop, c.Schedule.Start = "cron(0 20 ? * MON-FRI *)", "cron(0 6 ? * MON-FRI *)"
	}
	roles := record(t, loadStack(t, "dev", hours)).Of("aws:iam/role:Role")
	require.Greater(t, len(roles), 13)
	for _, role := range roles {
		require.Equal(t, arn, role.Plain()["permissionsBoundary"], role.Name)
	}
	for _, role := range record(t, loadStack(t, "dev", func(c *config.Config) { c.PermissionsBoundaryARN = "" })).Of("aws:iam/role:Role") {
		require.NotContains(t, role.Plain(), "permissionsBoundary", role.Name)
	}
}
