package components

import (
	"encoding/json"
	"flag"
	"os"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"

	"github.com/pathwai/airflow-on-fargate/internal/recorder"
)

const machineToken = "aws:sfn/stateMachine:StateMachine"

func runHours(t *testing.T) *recorder.Record {
	return run(t, func(ctx *pulumi.Context) error {
		hourly := func(name string, least, most int) Hourly {
			return Hourly{Service: &Service{Name: testScope.Name(name)}, Min: least, Max: most}
		}
		_, err := NewHours(ctx, "hours", &HoursArgs{
			Scope: testScope, Cluster: &Cluster{Name: testScope.Name("cluster")}, Database: &Database{Identifier: testScope.Name("db")},
			Stop: "cron(0 20 ? * MON-FRI *)", Start: "cron(0 6 ? * MON-FRI *)", Timezone: "Europe/Berlin", DrainMinutes: 90,
			Workers: []Hourly{hourly("worker", 0, 4), hourly("worker-heavy", 1, 2)},
			Others:  []Hourly{hourly("api-server", 1, 3), hourly("scheduler", 2, 0)},
			Alarms:  []string{testScope.Name("web-down")},
		})
		return err
	})
}

var writeHours = flag.Bool("write-hours", false, "write testdata/hours.json anew")

// What the machine does, test/provider/tests/test_hours.py sees by running it:
// this definition.
func TestHoursDefinitionIsTheOneThatRuns(t *testing.T) {
	var definition any
	require.NoError(t, json.Unmarshal([]byte(one(t, runHours(t), machineToken, "hours")["definition"].(string)), &definition))
	printed, err := json.MarshalIndent(definition, "", " ")
	require.NoError(t, err)
	printed = append(printed, '\n')
	if *writeHours {
		require.NoError(t, os.WriteFile("testdata/hours.json", printed, 0o644))
	}
	kept, err := os.ReadFile("testdata/hours.json")
	require.NoError(t, err)
	require.True(t, string(kept) == string(printed), "testdata/hours.json is out of date: go test ./components -run HoursDefinition -write-hours, then test/provider/run.py test")
}

// machineStates are the machine's, each with all that it says.
func machineStates(t *testing.T) map[string]map[string]any {
	var definition struct{ States map[string]map[string]any }
	require.NoError(t, json.Unmarshal([]byte(one(t, runHours(t), machineToken, "hours")["definition"].(string)), &definition))
	return definition.States
}

func TestHoursSchedules(t *testing.T) {
	record := runHours(t)
	for to, when := range map[string]string{"off": "cron(0 20 ? * MON-FRI *)", "on": "cron(0 6 ? * MON-FRI *)"} {
		schedule := one(t, record, "aws:scheduler/schedule:Schedule", "hours-"+to)
		require.Equal(t, "acme-airflow-test-hours-"+to, schedule["name"])
		require.Equal(t, when, schedule["scheduleExpression"])
		require.Equal(t, "Europe/Berlin", schedule["scheduleExpressionTimezone"])
		require.Equal(t, map[string]any{
			"arn":         "arn:aws:states:eu-west-1:123456789012:stateMachine:acme-airflow-test-hours",
			"roleArn":     "arn:aws:mock:::aws:iam/role:Role/hours-schedule",
			"input":       `{"by":"schedule","to":"` + to + `"}`,
			"retryPolicy": map[string]any{"maximumEventAgeInSeconds": 3600.0, "maximumRetryAttempts": 185.0},
		}, schedule["target"])
	}
}

// After one state comes another: workers, the wait for them, the rest, its end,
// and only then the database; in the morning the other way round.
func TestHoursOrder(t *testing.T) {
	states := machineStates(t)
	follow := func(from, to string) (path []string) {
		for name := from; ; {
			path = append(path, name)
			if name == to {
				return path
			}
			next, _ := states[name]["Next"].(string)
			if rules, isChoice := states[name]["Choices"].([]any); isChoice {
				next = rules[0].(map[string]any)["Next"].(string)
				if name == "Drained 1" {
					next = states[name]["Default"].(string)
				}
			}
			require.NotEmpty(t, next, "%s leads nowhere, by %v", name, path)
			name = next
		}
	}
	require.Equal(t, []string{
		"Quiet alarms", "Workers off", "Rounds until drained", "Busy 1", "Drained 1", "Done 1", "Scaled off", "Fixed off", "Tasks end",
		"Rounds until the database is down", "Database to stop", "Database down", "Stop database", "Off",
	}, follow("Quiet alarms", "Off"))
	require.Equal(t, []string{
		"Rounds until the database is up", "Database to start", "Database up", "Scaled on", "Fixed on", "Workers on", "Alarms wait", "Alarms on",
		"Alarms act", "Alarms anew", "On",
	}, follow("Rounds until the database is up", "On"))
	require.Equal(t, []any{map[string]any{"Next": "Drain 1", "And": []any{
		map[string]any{"Or": []any{
			map[string]any{"Variable": "$.busy.running[0]", "NumericGreaterThan": 0.0}, map[string]any{"Variable": "$.busy.running[1]", "NumericGreaterThan": 0.0},
		}},
		map[string]any{"Variable": "$.rounds.n", "NumericLessThan": 90.0},
	}}}, states["Drained 1"]["Choices"], "a worker that never ends would keep the platform on")
	require.Greater(t, states["Tasks end"]["Seconds"], 120.0, "Fargate lets tasks stop that long")
}

// What the machine may do is about this stack alone.
func TestHoursPermissions(t *testing.T) {
	policy := rolePolicy(t, runHours(t), "hours")
	require.Equal(t, []string{"Bounds", "Database", "EndRuns", "Override", "Quiet", "Runs", "Services"}, sids(policy))
	require.Equal(t, []any{
		"arn:aws:ecs:eu-west-1:123456789012:service/acme-airflow-test-cluster/acme-airflow-test-api-server",
		"arn:aws:ecs:eu-west-1:123456789012:service/acme-airflow-test-cluster/acme-airflow-test-scheduler",
		"arn:aws:ecs:eu-west-1:123456789012:service/acme-airflow-test-cluster/acme-airflow-test-worker",
		"arn:aws:ecs:eu-west-1:123456789012:service/acme-airflow-test-cluster/acme-airflow-test-worker-heavy",
	}, policy["Services"].Resource)
	require.Equal(t, "arn:aws:scheduler:eu-west-1:123456789012:schedule/default/acme-airflow-test-hours-override", policy["Override"].Resource)
	require.Equal(t, map[string]map[string]any{"StringEquals": {"aws:ResourceTag/Project": "acme-airflow", "aws:ResourceTag/Environment": "test"}}, policy["Bounds"].Condition)
	require.Equal(t, "states:StartExecution", rolePolicy(t, runHours(t), "hours-schedule")["Start"].Action)
}
