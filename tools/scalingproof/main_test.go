package main

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// flapping scales by the last minute alone, which the proof must refuse.
const flapping = `{"steps":[
 {"op":"create","urn":"urn:pulumi:d::a::aws:appautoscaling/target:Target::w","newState":{"urn":"urn:pulumi:d::a::aws:appautoscaling/target:Target::w","custom":true,
  "inputs":{"resourceId":"service/c/pathwai-airflow-dev-worker","minCapacity":0,"maxCapacity":2}}},
 {"op":"create","urn":"urn:pulumi:d::a::aws:appautoscaling/policy:Policy::w-backlog","newState":{"urn":"urn:pulumi:d::a::aws:appautoscaling/policy:Policy::w-backlog","custom":true,
  "inputs":{"resourceId":"service/c/pathwai-airflow-dev-worker","policyType":"StepScaling","stepScalingPolicyConfiguration":{"adjustmentType":"ExactCapacity","cooldown":0,"metricAggregationType":"Maximum",
   "stepAdjustments":[{"metricIntervalLowerBound":"0","metricIntervalUpperBound":"4","scalingAdjustment":1},{"metricIntervalLowerBound":"4","scalingAdjustment":2}]}}}},
 {"op":"create","urn":"urn:pulumi:d::a::aws:cloudwatch/metricAlarm:MetricAlarm::w","newState":{"urn":"urn:pulumi:d::a::aws:cloudwatch/metricAlarm:MetricAlarm::w","custom":true,
  "inputs":{"comparisonOperator":"GreaterThanThreshold","threshold":0.5,"evaluationPeriods":1,"namespace":"Airflow","metricName":"Backlog","statistic":"Maximum","period":60,"dimensions":{}},
  "propertyDependencies":{"alarmActions":["urn:pulumi:d::a::aws:appautoscaling/policy:Policy::w-backlog"]}}}]}`

func invoke(t *testing.T, document string, args ...string) (string, error) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "plan.json")
	require.NoError(t, os.WriteFile(file, []byte(document), 0o600))
	var out, errs bytes.Buffer
	err := run(append([]string{"--runs", "3", "--plan", file}, args...), &out, &errs)
	return out.String(), err
}

func TestRun(t *testing.T) {
	t.Chdir("../..")
	out, err := invoke(t, flapping, "--stack", "dev")
	require.ErrorContains(t, err, "returns to zero", "no rule takes the last one away")
	require.Empty(t, out)
	_, err = invoke(t, flapping, "--stack", "prod")
	require.EqualError(t, err, "pathwai-airflow-dev-worker: the stack has no such pool\n"+
		"pathwai-airflow-prod-worker: the plan scales no such service by alarms\n"+
		"pathwai-airflow-prod-worker-heavy: the plan scales no such service by alarms")
	_, err = invoke(t, flapping, "--stack", "none")
	require.ErrorContains(t, err, "Pulumi.none.yaml")
	_, err = invoke(t, `{"steps":[{"op":"create","urn":"urn:pulumi:d::a::t::n","newState":{"urn":"urn:pulumi:d::a::t::n"}}]}`, "--stack", "dev")
	require.ErrorContains(t, err, "nothing is proven")
	_, err = invoke(t, `{}`, "--stack", "dev")
	require.ErrorContains(t, err, "not a plan")
	_, err = invoke(t, flapping)
	require.ErrorIs(t, err, flag.ErrHelp)
	_, err = invoke(t, flapping, "--stack", "dev", "w=4")
	require.ErrorIs(t, err, flag.ErrHelp)
}
