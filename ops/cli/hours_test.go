package cli

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsconfig "github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/scheduler"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pathwai/airflow-on-fargate/ops/internal/awstest"
)

// nightly is dev with off-hours, on moto, which runs no state machine for real:
// what is asked of it is what counts.
type nightly struct {
	*home
	aws       *awstest.AWS
	schedules *scheduler.Client
	machines  *sfn.Client
}

const hoursARN = "arn:aws:states:us-east-1:381492153064:stateMachine:pathwai-airflow-dev-hours"

func newNightly(t *testing.T) *nightly {
	t.Helper()
	n := &nightly{home: newHome(t, nil), aws: awstest.Start(t)}
	dev, err := os.ReadFile(filepath.Join(n.folder, "Pulumi.dev.yaml"))
	require.NoError(t, err)
	n.write("Pulumi.dev.yaml", string(dev)+"  airflow:schedule: {stop: \"cron(0 20 ? * MON-FRI *)\", start: \"cron(0 7 ? * MON-FRI *)\", timezone: Europe/Berlin}\n", 0o600)
	cfg, err := awsconfig.LoadDefaultConfig(t.Context(), awsconfig.WithRegion("us-east-1"))
	require.NoError(t, err)
	n.schedules, n.machines = scheduler.NewFromConfig(cfg), sfn.NewFromConfig(cfg)
	return n
}

// up makes the state machine, as make up does.
func (n *nightly) up() {
	n.t.Helper()
	_, err := n.machines.CreateStateMachine(n.t.Context(), &sfn.CreateStateMachineInput{
		Name: aws.String("pathwai-airflow-dev-hours"), RoleArn: aws.String("arn:aws:iam::381492153064:role/pathwai-airflow-dev-hours"),
		Definition: aws.String(`{"StartAt": "On", "States": {"On": {"Type": "Succeed"}}}`),
	})
	require.NoError(n.t, err)
}

// runs are the inputs of the state machine's runs, the newest first.
func (n *nightly) runs() []string {
	n.t.Helper()
	list, err := n.machines.ListExecutions(n.t.Context(), &sfn.ListExecutionsInput{StateMachineArn: aws.String(hoursARN)})
	require.NoError(n.t, err)
	inputs := []string{}
	for _, run := range list.Executions {
		one, err := n.machines.DescribeExecution(n.t.Context(), &sfn.DescribeExecutionInput{ExecutionArn: run.ExecutionArn})
		require.NoError(n.t, err)
		inputs = append(inputs, aws.ToString(one.Input))
	}
	return inputs
}

// override is the one-time schedule: when, and what it starts with; nothing without one.
func (n *nightly) override() string {
	n.t.Helper()
	one, err := n.schedules.GetSchedule(n.t.Context(), &scheduler.GetScheduleInput{Name: aws.String("pathwai-airflow-dev-hours-override")})
	if err != nil {
		require.ErrorContains(n.t, err, "ResourceNotFoundException")
		return ""
	}
	require.Equal(n.t, hoursARN, aws.ToString(one.Target.Arn))
	require.Equal(n.t, "arn:aws:iam::381492153064:role/pathwai-airflow-dev-hours-schedule", aws.ToString(one.Target.RoleArn))
	require.Equal(n.t, "DELETE", string(one.ActionAfterCompletion))
	require.Equal(n.t, "UTC", aws.ToString(one.ScheduleExpressionTimezone))
	return aws.ToString(one.ScheduleExpression) + " " + aws.ToString(one.Target.Input)
}

func TestHibernateAndWake(t *testing.T) {
	n := newNightly(t)
	n.up()
	berlin, err := time.LoadLocation("Europe/Berlin")
	require.NoError(t, err)
	day := time.Now().In(berlin).AddDate(0, 0, 10)
	morning := time.Date(day.Year(), day.Month(), day.Day(), 7, 30, 0, 0, berlin)
	at := func(when time.Time) string { return "at(" + when.UTC().Format("2006-01-02T15:04:05") + ")" }

	got := n.ops("hibernate", "dev", "--until", morning.Format("2006-01-02 15:04"))
	require.Equal(t, 0, got.code, got.said)
	assert.Contains(t, got.out, "dev goes off, and the contrary comes at "+morning.Format(time.RFC3339)+"\n")
	assert.Contains(t, got.out, "--execution-arn arn:aws:states:us-east-1:381492153064:execution:pathwai-airflow-dev-hours:operator-off-")
	assert.Equal(t, at(morning)+` {"to":"on","by":"override"}`, n.override())
	assert.Equal(t, []string{`{"to":"off","by":"operator"}`}, n.runs())

	got = n.ops("hibernate", "dev", "--until", day.AddDate(0, 0, 1).Format(time.DateOnly), "--output", "json")
	require.Equal(t, 0, got.code, got.said)
	midnight := time.Date(day.Year(), day.Month(), day.Day()+1, 0, 0, 0, 0, berlin)
	assert.Equal(t, at(midnight)+` {"to":"on","by":"override"}`, n.override(), "a later end takes the place of the former")
	var turned struct {
		To, Execution string
		Until         time.Time
	}
	require.NoError(t, json.Unmarshal([]byte(got.out), &turned))
	assert.Equal(t, "off", turned.To)
	assert.True(t, turned.Until.Equal(midnight))
	assert.Contains(t, turned.Execution, ":execution:pathwai-airflow-dev-hours:operator-off-")

	got = n.ops("wake", "dev")
	require.Equal(t, 0, got.code, got.said)
	assert.Contains(t, got.out, "dev goes on; after that as the schedule says\n")
	assert.Empty(t, n.override())
	assert.Equal(t, 0, n.ops("wake", "dev").code, "again: there is no override to take back")

	got = n.ops("wake", "dev", "--until", morning.Format(time.RFC3339))
	require.Equal(t, 0, got.code, got.said)
	assert.Equal(t, at(morning)+` {"to":"off","by":"override"}`, n.override())
	assert.Len(t, n.runs(), 5)
}

func TestHibernateRefusesWhatHasNoEnd(t *testing.T) {
	n := newNightly(t)
	for until, says := range map[string]string{
		"":                     "ops: --until is missing: a date, or date and time in the schedule's zone; nothing is off for ever by mistake\n",
		"tomorrow":             `ops: --until: "tomorrow": a date, or date and time, such as 2026-12-24, "2026-12-24 18:00" (in Europe/Berlin, the schedule's zone) or 2026-12-24T18:00:00+01:00` + "\n",
		"2020-01-01":           `ops: --until: "2020-01-01" is 2020-01-01T00:00:00+01:00: 10 minutes to a year from now` + "\n",
		"2126-12-24T18:00:00Z": `ops: --until: "2126-12-24T18:00:00Z" is 2126-12-24T18:00:00Z: 10 minutes to a year from now` + "\n",
	} {
		got := n.ops("hibernate", "dev", "--until", until)
		assert.Equal(t, ExitUsage, got.code)
		assert.Equal(t, says, got.said)
	}
	for _, command := range []string{"hibernate", "wake"} {
		got := n.ops(command, "prod")
		assert.Equal(t, ExitNothing, got.code)
		assert.Equal(t, "ops: the stack is always on: stack prod declares no off-hours, and what turns it off and on comes with them: airflow:schedule: {stop: ..., start: ...}\n", got.said)
	}
	assert.Empty(t, n.aws.Calls(), "nothing was asked")
}

func TestHibernateSaysWhatIsHalfDone(t *testing.T) {
	n := newNightly(t)
	until := time.Now().UTC().AddDate(0, 0, 3).Truncate(time.Second)
	hibernate := func() answer { return n.ops("hibernate", "dev", "--until", until.Format(time.RFC3339)) }
	stands := "the same command again begins it; on at " + until.Format(time.RFC3339) + " stands; ops wake dev takes it back\n"

	got := hibernate()
	assert.Equal(t, ExitNothing, got.code)
	assert.Equal(t, "ops: not begun: the stack is always on: there is no pathwai-airflow-dev-hours yet (make up)\n"+stands, got.said)
	n.up()
	n.aws.Fail("AWSStepFunctions.StartExecution", 9, 403, "AccessDeniedException")
	got = hibernate()
	assert.Equal(t, ExitFailure, got.code)
	assert.Contains(t, got.said, "ops: not begun: operation error SFN: StartExecution")
	assert.True(t, strings.HasSuffix(got.said, stands), got.said)
	n.aws.Heal()
	assert.Empty(t, n.runs())

	n.aws.Fail("POST /schedules", 9, 403, "AccessDeniedException")
	got = hibernate()
	assert.Equal(t, ExitFailure, got.code)
	assert.Contains(t, got.said, "CreateSchedule")
	assert.Empty(t, n.runs(), "without an end nothing goes off")
	n.aws.Heal()

	n.aws.Cut("POST /schedules", 1, true)
	n.aws.Fail("AWSStepFunctions.StartExecution", 1, 400, "ThrottlingException")
	require.Equal(t, 0, hibernate().code)
	n.aws.Cut("AWSStepFunctions.StartExecution", 1, true)
	require.Equal(t, 0, hibernate().code, "its answer was lost")
	assert.Len(t, n.runs(), 2, "one each")
	n.aws.Fail("AWSStepFunctions.StartExecution", 1, 400, "ExecutionAlreadyExists")
	require.Equal(t, 0, hibernate().code, "its answer was lost, and the run is over already")
	assert.NotEmpty(t, n.override())

	n.aws.Fail("DELETE /schedules", 9, 403, "AccessDeniedException")
	got = n.ops("wake", "dev")
	assert.Equal(t, ExitFailure, got.code)
	assert.Len(t, n.runs(), 2, "a platform that would be held off isn't woken")
	n.aws.Heal()

	ctx, stop := context.WithCancel(t.Context())
	n.aws.On("AWSStepFunctions.StartExecution", 1, stop)
	assert.Equal(t, ExitInterrupted, n.opsUntil(ctx, "wake", "dev").code)
}
