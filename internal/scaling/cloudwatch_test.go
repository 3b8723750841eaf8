package scaling

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestStatistics(t *testing.T) {
	m := metrics{}
	key := metricKey("n", "m", map[string]string{"b": "2", "a": "1"})
	require.Equal(t, metricKey("n", "m", map[string]string{"a": "1", "b": "2"}), key)
	for i, v := range []float64{4, 1, 7, 100} {
		m.put(key, sample{at: i * 10, visible: i*10 + 5, value: v})
	}
	for stat, want := range map[string]float64{"Maximum": 7, "Minimum": 1, "Average": 4, "Sum": 12, "SampleCount": 3} {
		got, err := m.read(key, stat, 0, 30, 100)
		require.NoError(t, err)
		require.InDelta(t, want, got, 0, stat)
	}
	got, err := m.read(key, "Maximum", 0, 40, 34)
	require.NoError(t, err)
	require.InDelta(t, 7, got, 0, "the last one can't be seen yet")
	got, err = m.read(key, "Maximum", 40, 60, 100)
	require.NoError(t, err)
	require.True(t, math.IsNaN(got))
	_, err = m.read(key, "p99", 0, 40, 100)
	require.ErrorContains(t, err, "p99 is not simulated")
}

func watch(a Alarm) Alarm {
	if a.Queries == nil {
		a.Queries = []Query{{ID: "m", Return: true, Metric: &Metric{Namespace: "n", Name: "m", Stat: "Maximum", PeriodSeconds: 60}}}
	}
	if a.Comparison == "" {
		a.Comparison = "GreaterThanThreshold"
	}
	return a
}

// The rows of AWS's tables for "3 out of 3" and "2 out of 3", oldest first: 0
// is good, X is breaching, - is missing.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
func TestMissingData(t *testing.T) {
	const stays = State("stays")
	for _, tt := range []struct {
		m                                        int
		points                                   string
		missing, ignore, breaching, notBreaching State
	}{
		{3, "0-X-X", OK, OK, OK, OK},
		{3, "----0", OK, OK, OK, OK},
		{3, "-----", InsufficientData, stays, InAlarm, OK},
		{3, "0XX-X", InAlarm, InAlarm, InAlarm, InAlarm},
		{3, "--X--", InAlarm, stays, InAlarm, OK},
		{2, "0-X-X", InAlarm, InAlarm, InAlarm, InAlarm},
		{2, "00X0X", InAlarm, InAlarm, InAlarm, InAlarm},
		{2, "-----", InsufficientData, stays, InAlarm, OK},
	} {
		for missing, want := range map[string]State{
			"missing": tt.missing, "ignore": tt.ignore, "breaching": tt.breaching, "notBreaching": tt.notBreaching,
		} {
			a, err := newAlarm(watch(Alarm{EvaluationPeriods: 3, DatapointsToAlarm: tt.m, Missing: missing}), 2, dialect{})
			require.NoError(t, err)
			a.state = stays
			var newest []float64
			for _, c := range tt.points {
				v := map[rune]float64{'0': 0, 'X': 1, '-': math.NaN()}[c]
				newest = append([]float64{v}, newest...)
			}
			got, _ := a.next(newest)
			require.Equal(t, want, got, "%d of 3, %s, %s", tt.m, tt.points, missing)
		}
	}
}

// A window of five minutes that is looked at every minute: it opens within a
// minute and closes five minutes after.
func TestTheWindowSlides(t *testing.T) {
	rules, err := Rules(pool())
	require.NoError(t, err)
	a, err := newAlarm(rules[0].Alarm, 0, dialect{})
	require.NoError(t, err)
	dims, err := findDimensions(rules)
	require.NoError(t, err)
	m := metrics{}
	for at := 0; at < 1200; at += 10 {
		value := 0.0
		if at == 310 {
			value = 7 // one look saw work
		}
		m.put(dims.backlogs[0], sample{at, at, value})
	}
	for minute, want := range map[int]State{5: OK, 6: InAlarm, 7: InAlarm, 10: InAlarm, 11: OK, 12: OK} {
		invoked, err := a.evaluate(m, minute*60+30)
		require.NoError(t, err)
		require.Equal(t, want, a.state, "minute %d", minute)
		require.Equal(t, want == InAlarm, invoked)
	}
}

func TestIdleNeedsFiveMinutesOfData(t *testing.T) {
	rules, err := Rules(pool())
	require.NoError(t, err)
	dims, err := findDimensions(rules)
	require.NoError(t, err)
	for extra := range 4 {
		a, err := newAlarm(rules[1].Alarm, extra, dialect{})
		require.NoError(t, err)
		m := metrics{}
		put := func(minute int, value float64) { m.put(dims.backlogs[0], sample{minute * 60, minute * 60, value}) }
		put(0, 3)
		for minute := 1; minute <= 4; minute++ {
			put(minute, 0)
		}
		_, err = a.evaluate(m, 300)
		require.NoError(t, err)
		require.Equal(t, OK, a.state, "four quiet minutes")
		for minute := 6; minute < 30; minute++ {
			_, err = a.evaluate(m, minute*60)
			require.NoError(t, err)
			require.Equal(t, OK, a.state, "silence is no quiet")
		}
		put(5, 0)
		_, err = a.evaluate(m, 360)
		require.NoError(t, err)
		require.Equal(t, InAlarm, a.state)
	}
}

func TestWhatIsNotSimulatedIsRefused(t *testing.T) {
	metric := func(period int) *Metric {
		return &Metric{Namespace: "n", Name: "m", Stat: "Maximum", PeriodSeconds: period}
	}
	for want, a := range map[string]Alarm{
		"LessThanLowerThreshold is not":      {Comparison: "LessThanLowerThreshold", EvaluationPeriods: 1, DatapointsToAlarm: 1, Missing: "missing"},
		`treat missing data as "" is not`:    {EvaluationPeriods: 1, DatapointsToAlarm: 1},
		"2 out of 1 data points":             {EvaluationPeriods: 1, DatapointsToAlarm: 2, Missing: "missing"},
		"a period of 10 s is not":            {EvaluationPeriods: 1, DatapointsToAlarm: 1, Missing: "missing", Queries: []Query{{ID: "m", Return: true, Metric: metric(10)}}},
		"different periods":                  {EvaluationPeriods: 1, DatapointsToAlarm: 1, Missing: "missing", Queries: []Query{{ID: "m", Return: true, Metric: metric(60)}, {ID: "n", Metric: metric(300)}}},
		"two queries return":                 {EvaluationPeriods: 1, DatapointsToAlarm: 1, Missing: "missing", Queries: []Query{{ID: "m", Return: true, Metric: metric(60)}, {ID: "n", Return: true, Metric: metric(60)}}},
		"no query returns":                   {EvaluationPeriods: 1, DatapointsToAlarm: 1, Missing: "missing", Queries: []Query{{ID: "m", Metric: metric(60)}}},
		`names "x", and no query has`:        {EvaluationPeriods: 1, DatapointsToAlarm: 1, Missing: "missing", Queries: []Query{{ID: "m", Metric: metric(60)}, {ID: "e", Return: true, Expression: "m+x"}}},
		`expression "m+": a value wanted be`: {EvaluationPeriods: 1, DatapointsToAlarm: 1, Missing: "missing", Queries: []Query{{ID: "m", Metric: metric(60)}, {ID: "e", Return: true, Expression: "m+"}}},
	} {
		_, err := newAlarm(watch(a), 0, dialect{})
		require.ErrorContains(t, err, want)
	}
}
