package scaling

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func b(v float64) *float64 { return &v }

// The example of AWS's document: a threshold of 50.
// https://docs.aws.amazon.com/autoscaling/application/APIReference/API_StepAdjustment.html
func TestStepsAtTheirBounds(t *testing.T) {
	p := Policy{AdjustmentType: "ExactCapacity", Aggregation: "Maximum", Steps: []Step{
		{nil, b(-10), 1}, {b(-10), b(0), 2}, {b(0), b(10), 3}, {b(10), nil, 4},
	}}
	require.NoError(t, p.check())
	for value, want := range map[float64]int{39: 1, 40: 1, 40.5: 2, 49.9: 2, 50: 3, 59.9: 3, 60: 4, 100: 4} {
		step, ok := p.choose(value - 50)
		require.True(t, ok)
		require.Equal(t, want, step.Adjustment, value)
	}
}

func TestPoliciesThatAWSRefuses(t *testing.T) {
	many := make([]Step, 21)
	for i := range many {
		many[i] = Step{b(float64(i)), b(float64(i + 1)), i}
	}
	many[20].Upper = nil
	for want, steps := range map[string][]Step{
		"0 steps":                           nil,
		"21 steps":                          many,
		"gap or overlap":                    {{b(0), b(5), 1}, {b(6), nil, 2}},
		"steps 1 and 2 leave":               {{b(0), b(5), 1}, {b(4), nil, 2}},
		"no bound at all":                   {{nil, nil, 1}},
		"ends at 1 before it begins at 2":   {{b(2), b(1), 1}},
		"exact capacity of -1":              {{b(0), nil, -1}},
		"nothing lies above":                {{b(0), b(5), 1}},
		"nothing lies below the lowest bou": {{b(-5), nil, 1}},
	} {
		require.ErrorContains(t, Policy{AdjustmentType: "ExactCapacity", Aggregation: "Maximum", Steps: steps}.check(), want)
	}
	ok := []Step{{b(0), nil, 1}}
	require.ErrorContains(t, Policy{AdjustmentType: "PercentChangeInCapacity", Aggregation: "Maximum", Steps: ok}.check(), "not simulated")
	require.ErrorContains(t, Policy{AdjustmentType: "ExactCapacity", Aggregation: "Sum", Steps: ok}.check(), "not known")
}

func TestCooldownAndBounds(t *testing.T) {
	exact := &scaler{Policy: Policy{AdjustmentType: "ExactCapacity", Aggregation: "Maximum", CooldownSeconds: 300, Steps: Steps(1, 0, 20)}}
	require.Equal(t, 5, exact.act(0, []float64{5}, 0.5, 0, 0, 10))
	require.Equal(t, 7, exact.act(60, []float64{7}, 0.5, 5, 0, 10), "more is given while it cools down")
	require.Equal(t, 7, exact.act(120, []float64{2}, 0.5, 7, 0, 10), "nothing is taken")
	require.Equal(t, 2, exact.act(360, []float64{2}, 0.5, 7, 0, 10))
	require.Equal(t, 10, exact.act(361, []float64{20}, 0.5, 2, 0, 10), "never above max, and at once after a scale-in")
	require.Equal(t, 10, exact.act(1000, nil, 0.5, 10, 0, 10), "no data, no action")

	change := &scaler{Policy: Policy{AdjustmentType: "ChangeInCapacity", Aggregation: "Average", CooldownSeconds: 60, Steps: []Step{{b(0), nil, 2}}}}
	require.Equal(t, 5, change.act(0, []float64{1, 3}, 1, 3, 0, 10))
	require.Equal(t, 5, change.act(30, []float64{3}, 1, 5, 0, 10), "what was just added counts")
	require.Equal(t, 7, change.act(60, []float64{3}, 1, 5, 0, 10))
	require.Equal(t, 7, change.act(60, []float64{0, 1}, 1, 7, 0, 10), "no step below the threshold")
}
