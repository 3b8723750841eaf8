package main

import (
	"errors"
	"fmt"
)

// Goals of the agent (docs/adr/0036): what users of a stack notice, on the
// quarter of a vCPU that its task has.
const (
	limitFiles   = 10000
	limitMemory  = 64 // MB resident, at any time
	limitLook    = 10 // % of a quarter of a vCPU, at rest
	limitCold    = 60 // s for a cold start on a quarter of a vCPU
	limitVisible = 10 // s from put to visible, p99
)

// limits keeps what exceeded its limit, for the end.
type limits struct{ exceeded []error }

func (l *limits) check(what string, value, most float64, unit string) {
	if value > most {
		l.exceeded = append(l.exceeded, fmt.Errorf("LIMIT EXCEEDED: %s: %.2f%s, at most %.2f%s", what, value, unit, most, unit))
	}
}

func (l *limits) err() error { return errors.Join(l.exceeded...) }
