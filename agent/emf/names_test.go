package emf_test

import (
	"bytes"
	"encoding/json"
	"regexp"
	"strings"
	"testing"

	"github.com/pathwai/airflow-on-fargate/agent/emf"
	"github.com/stretchr/testify/require"
)

// accepted is what CloudWatch takes as the value of a dimension.
var accepted = regexp.MustCompile(`^[!-9;-~][!-~]*$`)

func TestDimensionValue(t *testing.T) {
	for text, want := range map[string]string{
		"default":        "default",
		"a:b-c_d.e/f":    "a:b-c_d.e/f",
		"two words":      "two%20words",
		" ":              "%20",
		"tab\tand\nline": "tab%09and%0Aline",
		"größe":          "gr%C3%B6%C3%9Fe",
		":colon":         "%3Acolon",
		"50%":            "50%25",
		"a%20b":          "a%2520b",
		"\x00\x7f":       "%00%7F",
		"":               "%",
	} {
		require.Equal(t, want, emf.DimensionValue(text))
	}
	long := emf.DimensionValue(strings.Repeat("ü", 300))
	require.Len(t, long, emf.MaxDimensionValue)
	require.NotEqual(t, long, emf.DimensionValue(strings.Repeat("ü", 301)))
	require.Equal(t, strings.Repeat("x", 1024), emf.DimensionValue(strings.Repeat("x", 1024)))
}

func TestCheckNamespace(t *testing.T) {
	for _, good := range []string{"Airflow", "Team/Airflow", "a.b-c_d#e:f", strings.Repeat("n", 255)} {
		require.NoError(t, emf.CheckNamespace(good))
	}
	for _, bad := range []string{"", "two words", ":x", "größe", "AWS/ECS", strings.Repeat("n", 256)} {
		require.ErrorContains(t, emf.CheckNamespace(bad), "none of CloudWatch's")
	}
}

func FuzzDimensionValue(f *testing.F) {
	f.Add("größe", "gr")
	f.Add(" :", ":")
	f.Fuzz(func(t *testing.T, a, b string) {
		require.Regexp(t, accepted, emf.DimensionValue(a))
		require.LessOrEqual(t, len(emf.DimensionValue(a)), emf.MaxDimensionValue)
		require.Equal(t, a == b, emf.DimensionValue(a) == emf.DimensionValue(b), "two texts stay two")
	})
}

func TestALineHoldsItsDimensionsInCloudWatchsForm(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, emf.NewWriter(&out, "Airflow").Write([]emf.Dimension{{Name: "Queue", Value: "a b"}}, emf.Metric{Name: "X"}))
	var members map[string]any
	require.NoError(t, json.Unmarshal(out.Bytes(), &members))
	require.Equal(t, "a%20b", members["Queue"])
}
