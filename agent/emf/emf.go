// Package emf writes metrics as CloudWatch's embedded metric format: one JSON
// object a line on stdout, which the log driver carries and CloudWatch turns
// into metrics, so that no metrics endpoint is needed.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
package emf

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"sync"
	"time"
)

// Unit is one of CloudWatch's units.
type Unit string

// The units that the agent needs.
const (
	Count   Unit = "Count"
	Seconds Unit = "Seconds"
)

// Metric is one measured value.
type Metric struct {
	Name  string
	Unit  Unit
	Value float64
}

// Distribution is a metric with several values in one line, for example the
// durations of the tasks that ended since the last line. CloudWatch takes at
// most 100 values a line: Write cuts longer ones into several lines.
type Distribution struct {
	Name   string
	Unit   Unit
	Values []float64
}

// Dimension is a name and a value that a metric is kept apart by. The value
// may be any text: see [DimensionValue].
type Dimension struct{ Name, Value string }

// maxValues is CloudWatch's limit of values for one metric in one line.
const maxValues = 100

// Writer writes lines for one namespace. It is safe for several goroutines.
type Writer struct {
	namespace string
	now       func() time.Time

	mu  sync.Mutex
	out io.Writer
}

// NewWriter writes to out; each call of Write issues whole lines.
func NewWriter(out io.Writer, namespace string) *Writer {
	return &Writer{namespace: namespace, now: time.Now, out: out}
}

type definition struct {
	Name string `json:"Name"`
	Unit Unit   `json:"Unit"`
}

type directive struct {
	Namespace  string       `json:"Namespace"`
	Dimensions [][]string   `json:"Dimensions"`
	Metrics    []definition `json:"Metrics"`
}

type envelope struct {
	Timestamp         int64       `json:"Timestamp"`
	CloudWatchMetrics []directive `json:"CloudWatchMetrics"`
}

// Write puts the metrics into one line under the given dimensions.
func (w *Writer) Write(dimensions []Dimension, metrics ...Metric) error {
	if len(metrics) == 0 {
		return nil
	}
	values := make(map[string]any, len(metrics))
	definitions := make([]definition, 0, len(metrics))
	for _, m := range metrics {
		if err := finite(m.Name, m.Value); err != nil {
			return err
		}
		values[m.Name] = m.Value
		definitions = append(definitions, definition{m.Name, m.Unit})
	}
	return w.line(dimensions, definitions, values)
}

// WriteDistribution writes all values of one metric.
func (w *Writer) WriteDistribution(dimensions []Dimension, d Distribution) error {
	for _, v := range d.Values {
		if err := finite(d.Name, v); err != nil {
			return err
		}
	}
	for rest := d.Values; len(rest) > 0; {
		n := min(len(rest), maxValues)
		err := w.line(dimensions, []definition{{d.Name, d.Unit}}, map[string]any{d.Name: rest[:n]})
		if err != nil {
			return err
		}
		rest = rest[n:]
	}
	return nil
}

func (w *Writer) line(dimensions []Dimension, definitions []definition, values map[string]any) error {
	names := make([]string, len(dimensions))
	for i, d := range dimensions {
		names[i] = d.Name
		values[d.Name] = DimensionValue(d.Value)
	}
	values["_aws"] = envelope{
		Timestamp: w.now().UnixMilli(),
		CloudWatchMetrics: []directive{{
			Namespace: w.namespace, Dimensions: [][]string{names}, Metrics: definitions,
		}},
	}
	text, err := json.Marshal(values)
	if err != nil {
		return fmt.Errorf("metrics: %w", err)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, err := w.out.Write(append(text, '\n')); err != nil {
		return fmt.Errorf("metrics: %w", err)
	}
	return nil
}

// finite refuses values that JSON can't hold: CloudWatch drops such a line
// without a word.
func finite(name string, v float64) error {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return fmt.Errorf("metrics: %s is %v", name, v)
	}
	return nil
}
