package main

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestLimits(t *testing.T) {
	var l limits
	l.checkSpeed(limitFiles, "cold", 1.3, 20)
	l.checkSpeed(limitFiles, "no change", 1.5, 20)
	l.checkSpeed(limitFiles, "1 changed", 1.5, 20)
	l.checkSpeed(1000, "cold", 9, 20)
	require.NoError(t, l.err())
	l.checkSpeed(limitFiles, "cold", 1.31, 20.1)
	l.checkSpeed(1000, "no change", 9, 21)
	l.check("binary", 16, limitBinary, " MB")
	require.EqualError(t, l.err(), `LIMIT EXCEEDED: cold: CPU to the floor: 1.31x, at most 1.30x
LIMIT EXCEEDED: cold, 10000 files: resident: 20.10 MB, at most 20.00 MB
LIMIT EXCEEDED: no change, 1000 files: resident: 21.00 MB, at most 20.00 MB
LIMIT EXCEEDED: binary: 16.00 MB, at most 15.00 MB`)
}
