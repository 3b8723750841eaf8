package cli

import (
	"errors"
	"fmt"
	"slices"

	"github.com/pathwai/airflow-on-fargate/ops/deployment"
	"github.com/pathwai/airflow-on-fargate/ops/hours"
	"github.com/pathwai/airflow-on-fargate/ops/images"
	"github.com/pathwai/airflow-on-fargate/ops/rollout"
	"github.com/pathwai/airflow-on-fargate/ops/session"
	"github.com/pathwai/airflow-on-fargate/ops/upgrade"
)

// Exit codes, the same for every command; smoke has more of its own.
const (
	ExitFailure     = 1   // something that was asked for didn't work: AWS refused, a network was away
	ExitUsage       = 2   // the command line or the stack's settings are wrong; nothing was done
	ExitNothing     = 3   // what the command needs isn't there: no earlier deployment, no Docker engine
	ExitNotAsked    = 4   // it ended, but isn't what was asked for: rolled back, drifted, findings
	ExitInterrupted = 130 // a signal ended it; the last lines say what is half done
)

const exitCodes = `Exit codes:
    0  done, or as it should be
    1  something didn't work: AWS refused, a network was away, the time was up
    2  the command line or the settings are wrong; nothing was done
    3  what the command needs isn't there, such as an earlier deployment
    4  it ended, but isn't what was asked for: rolled back, drifted, findings
  130  interrupted; the last lines say what is half done`

// Failure is an error with the exit code that tells its kind.
type Failure struct {
	Code int
	Err  error
}

func (f *Failure) Error() string { return f.Err.Error() }
func (f *Failure) Unwrap() error { return f.Err }

func usage(format string, args ...any) error {
	return &Failure{Code: ExitUsage, Err: fmt.Errorf(format, args...)}
}

// nothing are the errors that say that what a command needs isn't there.
var nothing = []error{deployment.ErrNone, hours.ErrNone, images.ErrNoEngine, rollout.ErrNoServices, session.ErrNoWay, upgrade.ErrNone}

func code(err error) int {
	var failure *Failure
	switch {
	case err == nil:
		return 0
	case errors.As(err, &failure):
		return failure.Code
	case slices.ContainsFunc(nothing, func(one error) bool { return errors.Is(err, one) }):
		return ExitNothing
	}
	return ExitFailure
}
