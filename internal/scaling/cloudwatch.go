package scaling

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
)

// sample is a value that was measured at one time and can be read from another
// on. Times are seconds.
type sample struct {
	at, visible int
	value       float64
}

// metrics holds what was published.
type metrics map[string][]sample

func metricKey(namespace, name string, dimensions map[string]string) string {
	parts := []string{namespace, name}
	for _, d := range slices.Sorted(maps.Keys(dimensions)) {
		parts = append(parts, d+"="+dimensions[d])
	}
	return strings.Join(parts, "|")
}

func (m *Metric) key() string { return metricKey(m.Namespace, m.Name, m.Dimensions) }

func (m metrics) put(key string, s sample) { m[key] = append(m[key], s) }

// read computes a statistic over [from, to) as it is seen at a moment; NaN
// without data.
func (m metrics) read(key, stat string, from, to, now int) (float64, error) {
	samples := m[key]
	// Samples are in the order of their time.
	start, _ := slices.BinarySearchFunc(samples, from, func(s sample, t int) int { return s.at - t })
	low, high, total, n := math.Inf(1), math.Inf(-1), 0.0, 0.0
	for _, s := range samples[start:] {
		if s.at >= to {
			break
		}
		if s.visible > now {
			continue
		}
		low, high, total, n = min(low, s.value), max(high, s.value), total+s.value, n+1
	}
	if n == 0 {
		return math.NaN(), nil
	}
	switch stat {
	case "Maximum":
		return high, nil
	case "Minimum":
		return low, nil
	case "Average":
		return total / n, nil
	case "Sum":
		return total, nil
	case "SampleCount":
		return n, nil
	}
	return 0, fmt.Errorf("the statistic %s is not simulated", stat)
}

// State is an alarm's state.
type State string

// States of an alarm.
const (
	OK               State = "OK"
	InAlarm          State = "ALARM"
	InsufficientData State = "INSUFFICIENT_DATA"
)

// alarm evaluates an Alarm over time.
//
// An alarm with a period of a minute or more is evaluated every minute, and its
// window slides: the end of the newest period is the evaluated minute.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-evaluation.html
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-evaluation-window.html
type alarm struct {
	Alarm
	period      int
	expressions map[string]expression
	watched     string
	breaches    func(v float64) bool
	// extra is how many periods more than the evaluation periods are
	// retrieved. AWS says that it is more, not how many.
	extra int
	dialect

	state State
	// values are the data points behind the state, oldest first.
	values []float64
}

func newAlarm(a Alarm, extra int, d dialect) (*alarm, error) {
	c := &alarm{Alarm: a, expressions: map[string]expression{}, extra: extra, dialect: d, state: InsufficientData}
	var err error
	if c.breaches, err = comparison(a.Comparison, a.Threshold); err != nil {
		return nil, err
	}
	if !slices.Contains([]string{"missing", "ignore", "breaching", "notBreaching"}, a.Missing) {
		return nil, fmt.Errorf("treat missing data as %q is not simulated", a.Missing)
	}
	if a.EvaluationPeriods < 1 || a.DatapointsToAlarm < 1 || a.DatapointsToAlarm > a.EvaluationPeriods {
		return nil, fmt.Errorf("%d out of %d data points can't be", a.DatapointsToAlarm, a.EvaluationPeriods)
	}
	for _, q := range a.Queries {
		if q.Return {
			if c.watched != "" {
				return nil, errors.New("two queries return data")
			}
			c.watched = q.ID
		}
		if q.Metric == nil {
			if c.expressions[q.ID], err = parseExpression(q.Expression); err != nil {
				return nil, err
			}
			continue
		}
		if c.period != 0 && c.period != q.Metric.PeriodSeconds {
			return nil, errors.New("metrics of different periods are not simulated")
		}
		c.period = q.Metric.PeriodSeconds
	}
	if c.period < 60 || c.period%60 != 0 {
		return nil, fmt.Errorf("a period of %d s is not simulated", c.period)
	}
	if c.watched == "" {
		return nil, errors.New("no query returns data")
	}
	_, err = c.points(metrics{}, 0) // finds ids that don't exist
	return c, err
}

func comparison(operator string, threshold float64) (func(float64) bool, error) {
	switch operator {
	case "GreaterThanThreshold":
		return func(v float64) bool { return v > threshold }, nil
	case "GreaterThanOrEqualToThreshold":
		return func(v float64) bool { return v >= threshold }, nil
	case "LessThanThreshold":
		return func(v float64) bool { return v < threshold }, nil
	case "LessThanOrEqualToThreshold":
		return func(v float64) bool { return v <= threshold }, nil
	}
	return nil, fmt.Errorf("the comparison %s is not simulated", operator)
}

// points are the data points that are retrieved at a time, newest first.
func (c *alarm) points(m metrics, now int) ([]float64, error) {
	newest := now - now%60
	all := make([]float64, c.EvaluationPeriods+c.extra)
	oldest := newest - len(all)*c.period
	empty := map[string]bool{} // without any data point in all this time
	for _, q := range c.Queries {
		if q.Metric != nil {
			n, err := m.read(q.Metric.key(), "SampleCount", oldest, newest, now)
			if err != nil {
				return nil, err
			}
			empty[q.ID] = math.IsNaN(n)
		}
	}
	for i := range all {
		end := newest - i*c.period
		in := scope{dialect: c.dialect}
		in.value = func(id string) (point, error) {
			for _, q := range c.Queries {
				if q.ID != id {
					continue
				}
				if q.Metric == nil {
					return c.expressions[id](in)
				}
				v, err := m.read(q.Metric.key(), q.Metric.Stat, end-c.period, end, now)
				return point{value: v, series: true, empty: empty[id]}, err
			}
			return point{}, fmt.Errorf("the expression names %q, and no query has this id", id)
		}
		watched, err := in.value(c.watched)
		if err != nil {
			return nil, err
		}
		all[i] = watched.value
	}
	return all, nil
}

// evaluate looks at the alarm and returns whether its actions are invoked: for
// Auto Scaling that is every minute while it is in ALARM, not only at a change.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/AlarmThatSendsEmail.html
func (c *alarm) evaluate(m metrics, now int) (bool, error) {
	all, err := c.points(m, now)
	if err != nil {
		return false, err
	}
	c.state, c.values = c.next(all)
	return c.state == InAlarm, nil
}

// next applies the rules for missing data points.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
func (c *alarm) next(newestFirst []float64) (State, []float64) {
	var real []float64
	for _, v := range newestFirst {
		if !math.IsNaN(v) && len(real) < c.EvaluationPeriods {
			real = append(real, v)
		}
	}
	missing := c.EvaluationPeriods - len(real)
	bad := 0
	for _, v := range real {
		if c.breaches(v) {
			bad++
		}
	}
	good := len(real) - bad
	switch c.Missing {
	case "breaching":
		bad += missing
	case "notBreaching":
		good += missing
	}
	values := slices.Clone(real)
	slices.Reverse(values)
	switch {
	case bad >= c.DatapointsToAlarm:
		return InAlarm, values
	case good > c.EvaluationPeriods-c.DatapointsToAlarm:
		return OK, values
	case len(real) == 0 && c.Missing == "missing":
		return InsufficientData, nil
	case c.Missing == "missing" && c.premature(newestFirst):
		return InAlarm, values
	case len(real) > 0 && bad == 0:
		return OK, values
	}
	return c.state, values
}

// premature: too few data points, but the oldest is breaching and old enough,
// and nothing since says otherwise.
func (c *alarm) premature(newestFirst []float64) bool {
	oldest := -1
	for i, v := range newestFirst {
		switch {
		case math.IsNaN(v):
		case !c.breaches(v):
			return false
		default:
			oldest = i
		}
	}
	return oldest >= c.DatapointsToAlarm-1
}
