package main

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const fixture = "../../internal/plan/testdata/preview.json"

func TestBadUse(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "missing.json")
	for name, c := range map[string]struct {
		args     []string
		expected string
	}{
		"unknown command":      {[]string{"prize"}, `there is no command "prize"`},
		"no plan":              {[]string{"cost"}, "cost needs --plan FILE"},
		"a stray argument":     {[]string{"timeline", "plan.json"}, `what is "plan.json"? The plan is given with --plan FILE`},
		"a missing file":       {[]string{"timeline", "--plan", missing}, "no plan to read"},
		"one plan to compare":  {[]string{"cost", "--diff", fixture}, "takes two files"},
		"a plan and two plans": {[]string{"cost", "--plan", fixture, "--diff", fixture, fixture}, "takes two files"},
		"an unknown flag":      {[]string{"cost", "--everything"}, "-everything"},
		"no picture":           {[]string{"diagram", "--plan", fixture}, "diagram needs --svg FILE"},
		"nothing to check":     {[]string{"timeline", "--plan", fixture, "--svg", missing, "--check"}, "no picture to check"},
	} {
		t.Run(name, func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			err := run(c.args, &stdout, &stderr)
			require.ErrorContains(t, err, c.expected)
			assert.Empty(t, stdout.String())
		})
	}
	var stdout, stderr bytes.Buffer
	require.Error(t, run(nil, &stdout, &stderr))
	assert.Contains(t, stderr.String(), "plantool cost")
}

func TestStalePicture(t *testing.T) {
	svg := filepath.Join(t.TempDir(), "sub", "timeline.svg")
	args := []string{"timeline", "--plan", fixture, "--svg", svg}
	var stdout, stderr bytes.Buffer
	require.NoError(t, run(args, &stdout, &stderr))
	check := slices.Concat(args, []string{"--check"})
	require.NoError(t, run(check, &stdout, &stderr))
	data, err := os.ReadFile(svg)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(svg, []byte(strings.Replace(string(data), "airflow/dev", "airflow/old", 1)), 0o600))
	require.ErrorContains(t, run(check, &stdout, &stderr), "is stale")
	changed, err := os.ReadFile(svg)
	require.NoError(t, err)
	assert.Contains(t, string(changed), "airflow/old", "--check writes nothing")
}

func TestDiffOfTheSamePlan(t *testing.T) {
	var stdout, stderr bytes.Buffer
	require.NoError(t, run([]string{"cost", "--diff", fixture, fixture}, &stdout, &stderr))
	assert.Contains(t, stdout.String(), "costs nothing more or less")
}
