package dashboard

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// properties are a widget's properties as CloudWatch writes them
// (https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html).
type properties struct {
	Title, Markdown, View, Stat string
	Period                      int
	Stacked                     bool
	Metrics                     [][]any
	Alarms                      []string
	YAxis                       struct{ Left, Right *axis }
	Annotations                 struct {
		Horizontal []json.RawMessage
		Vertical   []json.RawMessage
		Alarms     []string
	}
}

type axis struct {
	Label    string
	Min, Max *float64
}

// fill puts the properties into a widget of its type, and CloudWatch's defaults
// for what isn't given.
func (p properties) fill(w *Widget) error {
	w.Title = p.Title
	for _, arn := range append(p.Alarms, p.Annotations.Alarms...) {
		w.Alarms = append(w.Alarms, alarmName(arn))
	}
	switch w.Type {
	case textWidget:
		w.Markdown = p.Markdown
		return nil
	case alarmWidget:
		return nil
	case metricWidget:
	default:
		return fmt.Errorf("of type %q, which the picture doesn't know: metric, text or alarm", w.Type)
	}
	if len(p.Annotations.Vertical) > 0 || p.YAxis.Right != nil {
		return errors.New("vertical annotations and right axes are not understood")
	}
	w.View, w.Stacked = cmp.Or(p.View, timeSeries), p.Stacked
	w.Statistic, w.Period = cmp.Or(p.Stat, "Average"), cmp.Or(p.Period, 300)
	if p.YAxis.Left != nil {
		w.Axis = Axis(*p.YAxis.Left)
	}
	for _, line := range p.Metrics {
		metric, err := readMetric(line)
		if err != nil {
			return err
		}
		w.Metrics = append(w.Metrics, metric)
	}
	for _, raw := range p.Annotations.Horizontal {
		thresholds, err := readThresholds(raw)
		if err != nil {
			return err
		}
		w.Thresholds = append(w.Thresholds, thresholds...)
	}
	return nil
}

// alarmName is the name in an alarm's ARN.
func alarmName(arn string) string {
	_, name, found := strings.Cut(arn, ":alarm:")
	if !found {
		return arn
	}
	return name
}

// readMetric reads namespace, name, dimensions' names and values in turn, and
// the options, if any. An expression has nothing but options.
func readMetric(line []any) (Metric, error) {
	var m Metric
	if len(line) > 0 {
		if options, ok := line[len(line)-1].(map[string]any); ok {
			m.read(options)
			line = line[:len(line)-1]
		}
	}
	if m.Expression != "" && len(line) == 0 {
		return m, nil
	}
	var words []string
	for _, element := range line {
		word, ok := element.(string)
		if !ok || word == "." || word == "..." {
			return m, fmt.Errorf("a metric with %v, which is not understood: write it out", element)
		}
		words = append(words, word)
	}
	if len(words) < 2 || len(words)%2 == 1 {
		return m, fmt.Errorf("%q is no metric: namespace, name, and dimensions in pairs", words)
	}
	m.Namespace, m.Name = words[0], words[1]
	for i := 2; i < len(words); i += 2 {
		m.Dimensions = append(m.Dimensions, Dimension{words[i], words[i+1]})
	}
	return m, nil
}

func (m *Metric) read(options map[string]any) {
	for key, target := range map[string]*string{"label": &m.Label, "stat": &m.Statistic, "color": &m.Color, "expression": &m.Expression, "id": &m.ID} {
		*target, _ = options[key].(string)
	}
	m.Hidden = options["visible"] == false
}

// readThresholds reads a horizontal annotation: a line, or a band between two.
func readThresholds(raw json.RawMessage) ([]Threshold, error) {
	type line struct {
		Label, Color string
		Value        *float64
	}
	var lines []line
	if json.Unmarshal(raw, &lines) != nil {
		var one line
		if err := json.Unmarshal(raw, &one); err != nil {
			return nil, fmt.Errorf("annotation %s: %w", raw, err)
		}
		lines = []line{one}
	}
	var thresholds []Threshold
	for _, l := range lines {
		if l.Value == nil {
			return nil, fmt.Errorf("annotation %s has no value", raw)
		}
		thresholds = append(thresholds, Threshold{l.Label, *l.Value, l.Color})
	}
	return thresholds, nil
}
