package components

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// DashboardArgs describes the stack's dashboard.
type DashboardArgs struct {
	Scope Scope
	// Rows stand below each other.
	Rows []DashboardRow
}

// DashboardRow is a headline and the graphs under it, side by side.
type DashboardRow struct {
	// Title is the headline.
	Title string
	// Graphs share the width; there must be one at least.
	Graphs []Graph
}

// Graph shows metrics over time.
type Graph struct {
	// Title stands above the graph.
	Title string
	// Statistic is CloudWatch's, of every minute: Average, Maximum, Sum, p95.
	Statistic string
	// Unit is the label of the axis, which starts at 0.
	Unit string
	// Metrics are the lines.
	Metrics []GraphMetric
}

// GraphMetric is one line of a [Graph].
type GraphMetric struct {
	// Namespace and Name are the metric's in CloudWatch.
	Namespace, Name string
	// Dimensions are name and value in turn, plain strings or outputs.
	Dimensions []any
	// Label is the line's in the legend.
	Label string
}

// Dashboard is a CloudWatch dashboard with the stack's name.
type Dashboard struct {
	pulumi.ResourceState
}

// The grid of a dashboard is 24 units wide.
const (
	gridWidth   = 24
	titleHeight = 1
	graphHeight = 6
)

// NewDashboard creates the dashboard called after the stack.
func NewDashboard(ctx *pulumi.Context, name string, args *DashboardArgs, opts ...pulumi.ResourceOption) (*Dashboard, error) {
	d := &Dashboard{}
	if err := register(ctx, "Dashboard", name, d, opts); err != nil {
		return nil, err
	}
	if _, err := cloudwatch.NewDashboard(ctx, name, &cloudwatch.DashboardArgs{
		DashboardName: pulumi.String(args.Scope.Prefix),
		DashboardBody: pulumi.JSONMarshal(map[string]any{"widgets": args.widgets()}),
	}, pulumi.Parent(d)); err != nil {
		return nil, fmt.Errorf("dashboard: %w", err)
	}
	return d, ctx.RegisterResourceOutputs(d, pulumi.Map{})
}

func (args *DashboardArgs) widgets() []any {
	var widgets []any
	top := 0
	for _, row := range args.Rows {
		widgets = append(widgets, map[string]any{
			"type": "text", "x": 0, "y": top, "width": gridWidth, "height": titleHeight,
			"properties": map[string]any{"markdown": "## " + row.Title, "background": "transparent"},
		})
		top += titleHeight
		width := gridWidth / len(row.Graphs)
		for i, graph := range row.Graphs {
			widgets = append(widgets, map[string]any{
				"type": "metric", "x": i * width, "y": top, "width": width, "height": graphHeight,
				"properties": graph.properties(args.Scope.Region),
			})
		}
		top += graphHeight
	}
	return widgets
}

func (g Graph) properties(region string) map[string]any {
	lines := make([]any, 0, len(g.Metrics))
	for _, metric := range g.Metrics {
		line := append([]any{metric.Namespace, metric.Name}, metric.Dimensions...)
		lines = append(lines, append(line, map[string]any{"label": metric.Label}))
	}
	return map[string]any{
		"title": g.Title, "view": "timeSeries", "stacked": false, "region": region, "stat": g.Statistic, "period": 60,
		"metrics": lines,
		"yAxis":   map[string]any{"left": map[string]any{"min": 0, "label": g.Unit, "showUnits": false}},
	}
}
