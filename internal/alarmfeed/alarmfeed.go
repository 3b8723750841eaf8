// Package alarmfeed knows which metrics are really produced: by AWS (a table
// with its documents), by the agent (read from its source), by the stack's log
// filters (read from what it declares). An alarm on any other one never sounds.
package alarmfeed

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

//go:embed aws.yaml
var awsFile []byte

// Metric is a metric with the names of its dimensions.
type Metric struct {
	Namespace, Name string
	Dimensions      []string
}

func (m Metric) key() string {
	names := slices.Sorted(slices.Values(m.Dimensions))
	return m.Namespace + " " + m.Name + " [" + strings.Join(names, " ") + "]"
}

// Feeds says for each metric who produces it.
type Feeds map[string]string

// Add notes that by produces m.
func (f Feeds) Add(m Metric, by string) { f[m.key()] = by }

// By is who produces m, or an error that says what is missing.
func (f Feeds) By(m Metric) (string, error) {
	by, ok := f[m.key()]
	if !ok {
		return "", fmt.Errorf("nobody produces %s: neither AWS, by aws.yaml, nor the agent, nor a log filter", m.key())
	}
	return by, nil
}

// AWS returns what AWS publishes by itself.
func AWS() (Feeds, error) {
	var table []struct {
		Namespace           string
		Metrics, Dimensions []string
		Document            string
	}
	if err := yaml.Unmarshal(awsFile, &table); err != nil {
		return nil, fmt.Errorf("aws.yaml: %w", err)
	}
	feeds := Feeds{}
	for _, row := range table {
		if !strings.HasPrefix(row.Document, "https://docs.aws.amazon.com/") {
			return nil, fmt.Errorf("aws.yaml: %s %v: no document of AWS", row.Namespace, row.Metrics)
		}
		for _, name := range row.Metrics {
			feeds.Add(Metric{row.Namespace, name, row.Dimensions}, fmt.Sprintf("AWS ([document](%s))", row.Document))
		}
	}
	return feeds, nil
}
