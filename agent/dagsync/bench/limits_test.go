package main

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestLimits(t *testing.T) {
	var l limits
	l.check("cold start", 60, limitCold, " s")
	require.NoError(t, l.err())
	l.check("cold start", 60.01, limitCold, " s")
	l.check("a look", 10.1, limitLook, " %")
	require.EqualError(t, l.err(), `LIMIT EXCEEDED: cold start: 60.01 s, at most 60.00 s
LIMIT EXCEEDED: a look: 10.10 %, at most 10.00 %`)
}

func TestQuantile(t *testing.T) {
	var values []float64
	for i := range 200 {
		values = append(values, float64(200-i))
	}
	require.InDelta(t, 198, quantile(values, 99), 0)
	require.InDelta(t, 100, quantile(values, 50), 0)
	require.InDelta(t, 7, quantile([]float64{7}, 99), 0)
}
