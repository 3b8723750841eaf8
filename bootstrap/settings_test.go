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
		s, faults = read(ctx, "..")
		return nil
	})
	require.NoError(t, err)
	return s, faults
}

func TestWhatIsMissingIsAskedForAtOnce(t *testing.T) {
	_, err := reading(t, map[string]string{"airflow:accountId": "12345", "airflow:org": "", "airflow:vpcBlockPublicAccess": "on"})
	require.EqualError(t, err, `airflow-bootstrap:region: required, but missing: an AWS region such as us-east-1
airflow-bootstrap:accountId is "12345": an AWS account id: 12 digits, in quotes
airflow-bootstrap:org: required, but missing: 1 to 16 lower-case letters and digits, a letter first
airflow-bootstrap:stateBucket: required, but missing: a bucket name: 3 to 63 lower-case letters, digits and hyphens
airflow-bootstrap:repository: required, but missing: a GitHub repository as owner/name
airflow-bootstrap:vpcBlockPublicAccess is "on": one of ["off" "block-ingress" "block-bidirectional"]
airflow-bootstrap:environments: required, but missing: a list of stacks, each with its file Pulumi.<stack>.yaml`)
}

func answers(environments string) map[string]string {
	return map[string]string{
		"airflow:region": "us-east-1", "airflow:accountId": "381492153064", "airflow:org": "pathwai", "airflow:stateBucket": "acme-state",
		"airflow:repository": "acme/airflow", "airflow:reuseGithubProvider": "true", "airflow:vpcBlockPublicAccess": "block-ingress",
		"airflow:environments": environments,
	}
}

func TestAnswersAreTaken(t *testing.T) {
	s, err := reading(t, answers(`["prod"]`))
	require.NoError(t, err)
	require.Len(t, s.environments, 1)
	require.Equal(t, "pathwai-airflow3-dags-prod", s.environments[0].stack.Buckets.DAGs)
	require.Equal(t, "pathwai-airflow-prod", s.environments[0].prefix())
	s.environments = nil
	require.Equal(t, settings{
		region: "us-east-1", account: "381492153064", org: "pathwai", bucket: "acme-state", repository: "acme/airflow",
		blockPublicAccess: "block-ingress", reuseProvider: true,
	}, s)
}

func TestEnvironmentsAreStacksOfTheAccount(t *testing.T) {
	_, err := reading(t, answers(`["github", "prod", "prod", "staging"]`))
	require.EqualError(t, err, `airflow-bootstrap:environments has "github": another name: the pipelines' own roles are called <org>-airflow-github-…
airflow-bootstrap:environments names "prod" twice
airflow-bootstrap:environments has "staging": config: open ../Pulumi.staging.yaml: no such file or directory`)

	others := answers(`["dev"]`)
	others["airflow:org"], others["airflow:accountId"] = "acme", "210987654321"
	_, err = reading(t, others)
	require.EqualError(t, err, `airflow-bootstrap:accountId is "210987654321", and Pulumi.dev.yaml says "381492153064": an account is bootstrapped for stacks of its own
airflow-bootstrap:org is "acme", and Pulumi.dev.yaml says "pathwai": an account is bootstrapped for stacks of its own`)
}
