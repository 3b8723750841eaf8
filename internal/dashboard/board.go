// Package dashboard reads the JSON of a CloudWatch dashboard, so that tests see
// what it would show.
package dashboard

import (
	"encoding/json"
	"errors"
	"fmt"
)

// Type is the type of a dashboard in a plan.
const Type = "aws:cloudwatch/dashboard:Dashboard"

// Board is a dashboard.
type Board struct{ Widgets []Widget }

// Widget is one rectangle of a dashboard, in units of the grid.
type Widget struct {
	Type string
	X, Y int
	// Width and Height reach from X and Y to the right and down.
	Width, Height int
	Title         string
	// Markdown is a text widget's, Alarms are an alarm widget's, Metrics a
	// metric widget's.
	Markdown string
	Alarms   []string
	Metrics  []Metric
}

// Metric is one line of a graph, with the names of its dimensions; an
// expression over others has none of them.
type Metric struct {
	Namespace, Name string
	Dimensions      []string
}

// The kinds of widgets that are understood.
const (
	metricWidget = "metric"
	textWidget   = "text"
	alarmWidget  = "alarm"
)

// Parse reads a dashboard's body
// (https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html).
// It fails on what [Board.Faults] doesn't know how to judge.
func Parse(body string) (*Board, error) {
	var document struct {
		Widgets []struct {
			Type                string
			X, Y, Width, Height int
			Properties          struct {
				Title, Markdown string
				Alarms          []string
				Metrics         [][]any
			}
		}
	}
	if err := json.Unmarshal([]byte(body), &document); err != nil {
		return nil, fmt.Errorf("not the body of a dashboard: %w", err)
	}
	board := &Board{}
	for i, read := range document.Widgets {
		p := read.Properties
		w := Widget{read.Type, read.X, read.Y, read.Width, read.Height, p.Title, p.Markdown, p.Alarms, nil}
		if w.Type != metricWidget && w.Type != textWidget && w.Type != alarmWidget {
			return nil, fmt.Errorf("widget %d: of type %q, which is not understood: metric, text or alarm", i+1, w.Type)
		}
		for _, line := range p.Metrics {
			metric, err := readMetric(line)
			if err != nil {
				return nil, fmt.Errorf("widget %d: %w", i+1, err)
			}
			w.Metrics = append(w.Metrics, metric)
		}
		board.Widgets = append(board.Widgets, w)
	}
	if len(board.Widgets) == 0 {
		return nil, errors.New("the dashboard has no widgets")
	}
	return board, nil
}

// readMetric reads namespace, name, dimensions' names and values in turn, and
// the options, if any. An expression has nothing but options.
func readMetric(line []any) (Metric, error) {
	var m Metric
	if len(line) > 0 {
		if options, ok := line[len(line)-1].(map[string]any); ok {
			line = line[:len(line)-1]
			if options["expression"] != nil && len(line) == 0 {
				return m, nil
			}
		}
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
		m.Dimensions = append(m.Dimensions, words[i])
	}
	return m, nil
}
