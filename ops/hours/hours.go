// Package hours turns a stack off and on for as long as a person says, over
// its schedule, by the state machine that the schedule starts.
package hours

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/scheduler"
	schedules "github.com/aws/aws-sdk-go-v2/service/scheduler/types"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	executions "github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"github.com/pathwai/airflow-on-fargate/ops/stack"
)

// ErrNone says that the stack has no state machine of hours.
var ErrNone = errors.New("the stack is always on")

// Hours turns one stack off and on.
type Hours struct {
	*stack.Stack
	Schedules *scheduler.Client
	Machines  *sfn.Client
}

// New has clients of the stack's account.
func New(s *stack.Stack, cfg aws.Config) *Hours {
	return &Hours{Stack: s, Schedules: scheduler.NewFromConfig(cfg), Machines: sfn.NewFromConfig(cfg)}
}

// Turned is what was begun.
type Turned struct {
	// To is "off" or "on".
	To string `json:"to"`
	// Until is when the other comes again by itself; nil leaves that to the schedule.
	Until *time.Time `json:"until,omitempty"`
	// Execution is the ARN of the state machine's run.
	Execution string `json:"execution"`
}

// input is the state machine's.
type input struct {
	To string `json:"to"`
	By string `json:"by"`
}

func (i input) json() *string {
	text, _ := json.Marshal(i) // two texts
	return aws.String(string(text))
}

// Turn begins to turn the stack "off" or "on". With an end the schedule's calls
// for the contrary are held back until then, and the contrary comes then by
// itself; without one (the zero time) the schedule is as it was. The end is set
// first: no stack is left off with nobody to wake it.
func (h *Hours) Turn(ctx context.Context, to string, until time.Time) (*Turned, error) {
	turned := &Turned{To: to}
	if until.IsZero() {
		if err := h.forget(ctx); err != nil {
			return nil, err
		}
	} else {
		turned.Until = &until
		if err := h.override(ctx, contrary(to), until); err != nil {
			return nil, err
		}
	}
	// One name, one run: a call whose answer was lost begins no second one.
	name := fmt.Sprintf("operator-%s-%d", to, time.Now().UnixNano())
	_, err := h.Machines.StartExecution(ctx, &sfn.StartExecutionInput{
		StateMachineArn: aws.String(h.machine()), Name: &name, Input: input{to, "operator"}.json(),
	})
	if err != nil && !errors.As(err, new(*executions.ExecutionAlreadyExists)) {
		return nil, h.halfDone(to, until, err)
	}
	turned.Execution = h.arn("states", "execution:"+h.Config.Name("hours")+":"+name)
	return turned, nil
}

// halfDone says what stands when the end is set and nothing was begun.
func (h *Hours) halfDone(to string, until time.Time, err error) error {
	if errors.As(err, new(*executions.StateMachineDoesNotExist)) {
		err = fmt.Errorf("%w: there is no %s yet (make up)", ErrNone, h.Config.Name("hours"))
	}
	said := "the schedule is as declared"
	if !until.IsZero() {
		said = fmt.Sprintf("%s at %s stands; ops wake %s takes it back", contrary(to), until.Format(time.RFC3339), h.Name)
	}
	return fmt.Errorf("not begun: %w\nthe same command again begins it; %s", err, said)
}

func contrary(to string) string {
	if to == "on" {
		return "off"
	}
	return "on"
}

func (h *Hours) machine() string { return h.arn("states", "stateMachine:"+h.Config.Name("hours")) }

func (h *Hours) arn(service, rest string) string {
	return fmt.Sprintf("arn:aws:%s:%s:%s:%s", service, h.Region, h.AccountID, rest)
}

// override sets the one-time schedule that brings the contrary, and by being
// there holds the declared one back. It deletes itself.
func (h *Hours) override(ctx context.Context, to string, at time.Time) error {
	role := fmt.Sprintf("arn:aws:iam::%s:role/%s", h.AccountID, h.Config.Name("hours-schedule"))
	create := &scheduler.CreateScheduleInput{
		Name: aws.String(h.Config.Name("hours-override")), Description: aws.String("turns the platform " + to + ", as somebody asked for"),
		ScheduleExpression:         aws.String("at(" + at.UTC().Format("2006-01-02T15:04:05") + ")"),
		ScheduleExpressionTimezone: aws.String("UTC"),
		ActionAfterCompletion:      schedules.ActionAfterCompletionDelete,
		FlexibleTimeWindow:         &schedules.FlexibleTimeWindow{Mode: schedules.FlexibleTimeWindowModeOff},
		Target: &schedules.Target{
			Arn: aws.String(h.machine()), RoleArn: aws.String(role), Input: input{to, "override"}.json(),
		},
	}
	_, err := h.Schedules.CreateSchedule(ctx, create)
	if !errors.As(err, new(*schedules.ConflictException)) {
		return err
	}
	_, err = h.Schedules.UpdateSchedule(ctx, &scheduler.UpdateScheduleInput{ // one is there already
		Name: create.Name, Description: create.Description, ScheduleExpression: create.ScheduleExpression,
		ScheduleExpressionTimezone: create.ScheduleExpressionTimezone, ActionAfterCompletion: create.ActionAfterCompletion,
		FlexibleTimeWindow: create.FlexibleTimeWindow, Target: create.Target,
	})
	return err
}

// forget takes an override back.
func (h *Hours) forget(ctx context.Context) error {
	_, err := h.Schedules.DeleteSchedule(ctx, &scheduler.DeleteScheduleInput{Name: aws.String(h.Config.Name("hours-override"))})
	if errors.As(err, new(*schedules.ResourceNotFoundException)) {
		return nil
	}
	return err
}

// Bounds of an end: later than what a run needs to begin, and no year's typing error.
const (
	soonest = 10 * time.Minute
	latest  = 366 * 24 * time.Hour
)

// End reads when something ends: a date (its midnight) or a date and time in the
// schedule's time zone, or a time with its own zone.
func End(text, timezone string, now time.Time) (time.Time, error) {
	zone, err := time.LoadLocation(timezone)
	if err != nil {
		return time.Time{}, err
	}
	for _, form := range []string{time.RFC3339, "2006-01-02T15:04", "2006-01-02 15:04", time.DateOnly} {
		end, err := time.ParseInLocation(form, text, zone)
		if err != nil {
			continue
		}
		if away := end.Sub(now); away < soonest || away > latest {
			return time.Time{}, fmt.Errorf("%q is %s: 10 minutes to a year from now", text, end.Format(time.RFC3339))
		}
		return end, nil
	}
	return time.Time{}, fmt.Errorf("%q: a date, or date and time, such as 2026-12-24, \"2026-12-24 18:00\" (in %s, the schedule's zone) or 2026-12-24T18:00:00+01:00", text, timezone)
}
