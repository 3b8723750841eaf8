package main

import (
	"encoding/json"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"

	"github.com/pathwai/airflow-on-fargate/internal/recorder"
)

// reading returns what read makes of a stack's settings; the recorder calls every project airflow.
func reading(t *testing.T, values map[string]string) (settings, error) {
	t.Helper()
	encoded, err := json.Marshal(values)
	require.NoError(t, err)
	t.Setenv("PULUMI_CONFIG", string(encoded))
	var s settings
	var faults error
	_, err = recorder.Run("bootstrap", func(ctx *pulumi.Context) error {
		s, faults = read(ctx)
		return nil
	})
	require.NoError(t, err)
	return s, faults
}

func TestWhatIsMissingIsAskedForAtOnce(t *testing.T) {
	_, err := reading(t, map[string]string{"airflow:accountId": "12345", "airflow:org": ""})
	require.EqualError(t, err, `airflow-bootstrap:region: required, but missing: an AWS region such as us-east-1
airflow-bootstrap:accountId is "12345": an AWS account id: 12 digits, in quotes
airflow-bootstrap:org: required, but missing: 1 to 16 lower-case letters and digits, a letter first
airflow-bootstrap:stateBucket: required, but missing: a bucket name: 3 to 63 lower-case letters, digits and hyphens
airflow-bootstrap:repository: required, but missing: a GitHub repository as owner/name`)
}

func TestAnswersAreTaken(t *testing.T) {
	s, err := reading(t, map[string]string{
		"airflow:region": "eu-west-1", "airflow:accountId": "210987654321", "airflow:org": "acme",
		"airflow:stateBucket": "acme-state", "airflow:repository": "acme/airflow", "airflow:reuseGithubProvider": "true",
	})
	require.NoError(t, err)
	require.Equal(t, settings{
		region: "eu-west-1", account: "210987654321", org: "acme", bucket: "acme-state", repository: "acme/airflow", reuseProvider: true,
	}, s)
}
