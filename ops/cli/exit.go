package cli

import (
	"errors"
	"fmt"
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

func code(err error) int {
	if err == nil {
		return 0
	}
	var failure *Failure
	if errors.As(err, &failure) {
		return failure.Code
	}
	return ExitFailure
}
