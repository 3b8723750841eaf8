package components

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// parliament found actions in the keys' policies that could never apply:
// DescribeKey carries no encryption context, so a statement that asks for one
// never grants it, and ListAliases concerns the account, no key.
func TestKeyPoliciesGrantNothingInVain(t *testing.T) {
	scope := Scope{Prefix: "pathwai-airflow-dev", AccountID: "381492153064", Region: "us-east-1"}
	require.NotContains(t, scope.administerKey().Actions, "kms:ListAliases")
	withContext := 0
	for _, statement := range scope.useForLogs() {
		if _, context := statement.Conditions["ArnLike"]["kms:EncryptionContext:aws:logs:arn"]; context {
			withContext++
			require.NotContains(t, statement.Actions, "kms:DescribeKey", statement.Sid)
		}
	}
	require.Equal(t, 1, withContext)
	require.Contains(t, scope.useVia("rds")[0].Actions, "kms:DescribeKey")
}
