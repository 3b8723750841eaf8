// Package dashboard reads the JSON of a CloudWatch dashboard and draws it. The
// picture shows the definition: what stands where, and which metrics it names.
// It holds no data, and so no curves.
package dashboard

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/pathwai/airflow-on-fargate/internal/plan"
)

// Board is a dashboard.
type Board struct {
	Name    string
	Widgets []Widget
}

// Widget is one rectangle of a dashboard, in units of the grid.
type Widget struct {
	Type string
	X, Y int
	// Width and Height reach from X and Y to the right and down.
	Width, Height int
	Title         string
	// Markdown is the text of a text widget.
	Markdown string
	// Alarms are the names of an alarm widget's alarms, and of those whose
	// thresholds a metric widget shows.
	Alarms []string

	// The rest is of metric widgets. View is how they are shown, such as
	// timeSeries; Statistic and Period are those of all metrics that have none
	// of their own.
	View       string
	Statistic  string
	Period     int
	Stacked    bool
	Axis       Axis
	Metrics    []Metric
	Thresholds []Threshold
}

// Axis is the left axis of a graph. Min and Max are nil when CloudWatch chooses.
type Axis struct {
	Label    string
	Min, Max *float64
}

// Metric is one line of a graph: a metric, or an expression on others.
type Metric struct {
	Namespace, Name string
	Dimensions      []Dimension
	Expression      string
	// ID is the name by which expressions call it.
	ID    string
	Label string
	Color string
	// Statistic is empty when it is the widget's.
	Statistic string
	// Hidden ones are there for expressions only.
	Hidden bool
}

// Dimension is a dimension with its value.
type Dimension struct{ Name, Value string }

// Threshold is a horizontal line of a graph.
type Threshold struct {
	Label string
	Value float64
	Color string
}

// The kinds of widgets that are understood.
const (
	metricWidget = "metric"
	textWidget   = "text"
	alarmWidget  = "alarm"
)

// timeSeries is the view with axes.
const timeSeries = "timeSeries"

func (w Widget) overTime() bool { return w.View == timeSeries }

// Type is the type of a dashboard in a plan.
const Type = "aws:cloudwatch/dashboard:Dashboard"

// Make reads the one dashboard of a plan. The plan must show its body: that of a
// stack that doesn't exist yet can't, since a dashboard names what AWS makes.
func Make(p *plan.Plan) (*Board, error) {
	all := p.Of(Type)
	if len(all) != 1 {
		return nil, fmt.Errorf("the plan has %d dashboards", len(all))
	}
	if !all[0].Shown("dashboardBody") {
		return nil, errors.New("the plan doesn't show the dashboard's body, which names things that AWS makes in `up`: give the output of `pulumi stack export`")
	}
	board, err := Parse(all[0].Text("dashboardBody"))
	if err != nil {
		return nil, err
	}
	board.Name = all[0].Text("dashboardName")
	if faults := board.Faults(); len(faults) > 0 {
		return nil, fmt.Errorf("dashboard %s: %s", board.Name, strings.Join(faults, "; "))
	}
	return board, nil
}

// Parse reads a dashboard's body. It fails on what it wouldn't show.
func Parse(body string) (*Board, error) {
	var document struct {
		Widgets []struct {
			Type                string
			X, Y, Width, Height int
			Properties          properties
		}
	}
	if err := json.Unmarshal([]byte(body), &document); err != nil {
		return nil, fmt.Errorf("not the body of a dashboard: %w", err)
	}
	board := &Board{}
	for i, read := range document.Widgets {
		w := Widget{Type: read.Type, X: read.X, Y: read.Y, Width: read.Width, Height: read.Height}
		if err := read.Properties.fill(&w); err != nil {
			return nil, fmt.Errorf("widget %d: %w", i+1, err)
		}
		board.Widgets = append(board.Widgets, w)
	}
	if len(board.Widgets) == 0 {
		return nil, errors.New("the dashboard has no widgets")
	}
	return board, nil
}
