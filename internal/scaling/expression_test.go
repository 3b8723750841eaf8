package scaling

import (
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

func evaluate(text string, values map[string]point, d dialect) (float64, error) {
	e, err := parseExpression(text)
	if err != nil {
		return 0, err
	}
	got, err := e(scope{d, func(id string) (point, error) {
		v, ok := values[id]
		if !ok {
			return point{}, fmt.Errorf("no id %q", id)
		}
		return v, nil
	}})
	return got.value, err
}

var (
	none = math.NaN()
	// never is a metric that was never published, gap one that has no value now.
	testValues = map[string]point{
		"a": {value: 6, series: true}, "b": {value: 2, series: true}, "zero": {series: true},
		"gap": {value: none, series: true}, "never": {value: none, series: true, empty: true},
	}
)

func requireValue(t *testing.T, text string, d dialect, want float64) {
	t.Helper()
	got, err := evaluate(text, testValues, d)
	require.NoError(t, err, text)
	if math.IsNaN(want) {
		require.True(t, math.IsNaN(got), "%s is %v in %+v", text, got, d)
	} else {
		require.InDelta(t, want, got, 1e-9, "%s in %+v", text, d)
	}
}

func TestExpressions(t *testing.T) {
	for text, want := range map[string]float64{
		"a+b*3": 12, "(a+b)*3": 24, "a-b-1": 3, "a/b/3": 1, "-a+1": -5, "2 * -b": -4, "1.5*b": 3,
		"a>b": 1, "a<b": 0, "a>=6": 1, "a<=5": 0, "a==6": 1, "a!=6": 0,
		"a>1 AND b>1": 1, "a>1 && b>9": 0, "a>9 OR b>1": 1, "a>9 || b>9": 0, "a>9 AND b>1 OR a>1": 1,
		"a + b > 7": 1, "IF(a>b, 10, 20)": 10, "IF(a<b, 10, 20)": 20, "IF(zero, 1)": none,
		"MAX([a,b])": 6, "MIN([a, b, zero])": 0, "SUM([a,b])": 8, "AVG([a,b])": 4, "MAX(a)": 6,
		"CEIL(a/4)": 2, "FLOOR(a/4)": 1, "ABS(b-a)": 4, "a/zero": none,
		"gap": none, "gap+1": none, "gap>1": none, "MAX([a, gap])": none,
		"FILL(gap, 7)": 7, "FILL(a, 7)": 6, "FILL(gap,0) > 1 OR FILL(gap, 0) < 1": 1,
		"IF(FILL(gap,0)>85, a+b, a)": 6,
	} {
		for _, d := range []dialect{{}, {zeroMissing: true}, {fillsEmpty: true}, {true, true}} {
			requireValue(t, text, d, want)
		}
	}
	for text, want := range map[string]string{
		"": "a value wanted", "a+": "a value wanted", "(a": `")" wanted`, "a b": `unexpected "b"`, "RATE(a)": "RATE is not simulated",
		"MAX([a)": `"]" wanted`, "IF(a)": "IF has 1 arguments", "a ? b": "unexpected", "unknown+1": `no id "unknown"`, ")": "a value wanted",
	} {
		_, err := evaluate(text, testValues, dialect{})
		require.ErrorContains(t, err, want, text)
	}
}

// The rows of the tables in AWS's document, and its sentences on missing values.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html
func TestMissingValues(t *testing.T) {
	for text, want := range map[string]float64{
		"b < gap": 0, "gap < b": 1, "gap > gap": none, // of two series, a missing value is 0
		"IF(a, gap, 5)": 0, "IF(zero, gap, 5)": 5, "IF(gap, b, 5)": none,
		"IF(a, b, gap)": 2, "IF(zero, b, gap)": none, "IF(gap, b, a)": none, "IF(zero, 5, gap)": none,
		"never > b": 0, "IF(never > b, never, b)": 2, "IF(b > never, b, never)": 2,
	} {
		for _, d := range []dialect{{}, {true, true}} {
			requireValue(t, text, d, want)
		}
	}
	for text, want := range map[string][2]float64{ // strict, and as the document says
		"a + gap": {none, 6}, "gap * a": {none, 0}, "gap - b": {none, -2}, "a / gap": {none, none}, "gap + gap": {none, none},
		"gap + 1": {none, none}, "never + a": {none, 6},
	} {
		requireValue(t, text, dialect{}, want[0])
		requireValue(t, text, dialect{zeroMissing: true}, want[1])
	}
	for text, want := range map[string][2]float64{ // empty stays empty, and is filled
		"FILL(never, 7)": {none, 7}, "FILL(never + 1, 7)": {none, 7}, "FILL(never + a, 7)": {none, 7}, "FILL(CEIL(never), 7)": {none, 7},
		"FILL(never > gap, 7)": {7, 7}, "FILL(IF(never, 1), 7)": {none, 7}, "FILL(MAX([never, a]), 7)": {none, 7},
	} {
		requireValue(t, text, dialect{}, want[0])
		requireValue(t, text, dialect{fillsEmpty: true}, want[1])
	}
}

func FuzzExpression(f *testing.F) {
	f.Add("IF(b0 > 0, MAX([b0, FILL(cpu, 0) * 2]), 0)")
	f.Add("((((")
	f.Fuzz(func(t *testing.T, text string) {
		e, err := parseExpression(text)
		if err != nil {
			return
		}
		if _, err := e(scope{value: func(string) (point, error) { return point{value: 1, series: true}, nil }}); err != nil {
			t.Fatal(err)
		}
	})
}
