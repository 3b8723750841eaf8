package main

import (
	"errors"
	"fmt"
)

// Limits of the agent. CPU is compared with the floor's on the same machine
// in the same minute, since times alone tell more about the machine; it
// counts at limitFiles only, because with few files the start of the process
// is most of it.
const (
	limitFiles   = 10000
	limitListing = 20 // MB resident, most in a run
	limitIdle    = 15 // MB resident at rest
	limitBinary  = 15 // MB
)

var limitCPU = map[string]float64{"cold": 1.3, "no change": 1.5, "1 changed": 1.5}

// limits keeps what exceeded its limit, for the end.
type limits struct{ exceeded []error }

func (l *limits) check(what string, value, most float64, unit string) {
	if value > most {
		l.exceeded = append(l.exceeded, fmt.Errorf("LIMIT EXCEEDED: %s: %.2f%s, at most %.2f%s", what, value, unit, most, unit))
	}
}

// checkSpeed holds the agent's row of a speed table against the limits.
func (l *limits) checkSpeed(count int, row string, ratio, megabytes float64) {
	if count == limitFiles {
		l.check(row+": CPU to the floor", ratio, limitCPU[row], "x")
	}
	l.check(fmt.Sprintf("%s, %d files: resident", row, count), megabytes, limitListing, " MB")
}

func (l *limits) err() error { return errors.Join(l.exceeded...) }
