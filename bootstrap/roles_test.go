package main

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"

	"github.com/pathwai/airflow-on-fargate/internal/recorder"
)

func roles(t *testing.T, reuse bool) *recorder.Record {
	s := settings{region: "us-east-1", account: "381492153064", org: "pathwai", bucket: "state", repository: "o/r", reuseProvider: reuse}
	record, err := recorder.Run("bootstrap", func(ctx *pulumi.Context) error { return newRoles(ctx, s, pulumi.Protect(false)) })
	require.NoError(t, err)
	return record
}

// An account has one identity provider of GitHub: a second one is refused.
func TestProviderOfGitHubCanBeTheAccounts(t *testing.T) {
	const provider = "aws:iam/openIdConnectProvider:OpenIdConnectProvider"
	require.Len(t, roles(t, false).Of(provider), 1)
	reused := roles(t, true)
	require.Empty(t, reused.Of(provider))
	for _, name := range []string{"preview", "deploy"} {
		role, err := reused.One("aws:iam/role:Role", name)
		require.NoError(t, err)
		require.Contains(t, role.Plain()["assumeRolePolicy"], "arn:aws:iam::381492153064:oidc-provider/token.actions.githubusercontent.com")
	}
}

// A drift check reads what the stacks are made of, secrets among it, and
// Access Analyzer is asked about their policies; nothing is changed.
func TestPreviewRoleReadsWhatDriftCompares(t *testing.T) {
	record := roles(t, false)
	managed, err := record.One("aws:iam/rolePolicyAttachment:RolePolicyAttachment", "preview")
	require.NoError(t, err)
	require.Equal(t, "arn:aws:iam::aws:policy/ReadOnlyAccess", managed.Plain()["policyArn"])
	own, err := record.One("aws:iam/rolePolicy:RolePolicy", "preview")
	require.NoError(t, err)
	policy := own.Plain()["policy"]
	require.Contains(t, policy, `"access-analyzer:ValidatePolicy"`)
	require.Contains(t, policy, `"Resource":"arn:aws:secretsmanager:us-east-1:381492153064:secret:pathwai-airflow-*"`)
	require.Contains(t, policy, `"kms:ResourceAliases":"alias/pathwai-airflow-*-secrets"`)
}
