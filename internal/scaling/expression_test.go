package scaling

import (
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

func evaluate(text string, values map[string]float64) (float64, error) {
	e, err := parseExpression(text)
	if err != nil {
		return 0, err
	}
	return e(func(id string) (float64, error) {
		v, ok := values[id]
		if !ok {
			return 0, fmt.Errorf("no id %q", id)
		}
		return v, nil
	})
}

func TestExpressions(t *testing.T) {
	none := math.NaN()
	values := map[string]float64{"a": 6, "b": 2, "zero": 0, "none": none}
	for text, want := range map[string]float64{
		"a+b*3": 12, "(a+b)*3": 24, "a-b-1": 3, "a/b/3": 1, "-a+1": -5, "2 * -b": -4, "1.5*b": 3,
		"a>b": 1, "a<b": 0, "a>=6": 1, "a<=5": 0, "a==6": 1, "a!=6": 0,
		"a>1 AND b>1": 1, "a>1 && b>9": 0, "a>9 OR b>1": 1, "a>9 || b>9": 0, "a>9 AND b>1 OR a>1": 1,
		"a + b > 7": 1, "IF(a>b, 10, 20)": 10, "IF(a<b, 10, 20)": 20, "IF(zero, 1)": none,
		"MAX([a,b])": 6, "MIN([a, b, zero])": 0, "SUM([a,b])": 8, "AVG([a,b])": 4, "MAX(a)": 6,
		"CEIL(a/4)": 2, "FLOOR(a/4)": 1, "ABS(b-a)": 4, "a/zero": none,
		"none": none, "none+1": none, "none>1": none, "IF(none, 1, 2)": none, "MAX([a, none])": none, "none OR a": none,
		"FILL(none, 7)": 7, "FILL(a, 7)": 6, "FILL(none,0) > 1 OR FILL(none, 0) < 1": 1,
		"IF(FILL(none,0)>85, a+b, a)": 6,
	} {
		got, err := evaluate(text, values)
		require.NoError(t, err, text)
		if math.IsNaN(want) {
			require.True(t, math.IsNaN(got), "%s is %v", text, got)
		} else {
			require.InDelta(t, want, got, 1e-9, text)
		}
	}
	for text, want := range map[string]string{
		"": "a value wanted", "a+": "a value wanted", "(a": `")" wanted`, "a b": `unexpected "b"`, "RATE(a)": "RATE is not simulated",
		"MAX([a)": `"]" wanted`, "IF(a)": "IF has 1 arguments", "a ? b": "unexpected", "unknown+1": `no id "unknown"`, ")": "a value wanted",
	} {
		_, err := evaluate(text, values)
		require.ErrorContains(t, err, want, text)
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
		if _, err := e(func(string) (float64, error) { return 1, nil }); err != nil {
			t.Fatal(err)
		}
	})
}
