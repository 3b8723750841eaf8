package stack

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pathwai/airflow-on-fargate/ops/internal/awstest"
)

func TestOnlyTheStacksAccount(t *testing.T) {
	aws := awstest.Start(t)
	s, err := Load("../..", "dev")
	require.NoError(t, err)
	_, err = s.AWS(t.Context())
	require.NoError(t, err)

	s.AccountID = "111111111111"
	_, err = s.AWS(t.Context())
	require.ErrorContains(t, err, "the credentials are of account 381492153064, and stack dev is in 111111111111")

	s.AccountID = awstest.Account
	aws.Fail("GetCallerIdentity", 2, 400, "Throttling")
	_, err = s.AWS(t.Context())
	require.NoError(t, err, "the SDK tries again")
	aws.Fail("GetCallerIdentity", 1, 403, "AccessDenied")
	_, err = s.AWS(t.Context())
	require.ErrorContains(t, err, "whose credentials are these?")
	assert.Contains(t, aws.Calls()[0], "GetCallerIdentity")
}
