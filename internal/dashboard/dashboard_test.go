package dashboard

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// graph is a metric widget with more in its properties.
func graph(x, y, width, height int, title, properties string) string {
	return widget(metricWidget, x, y, width, height, `"title":"`+title+`"`+properties)
}

func widget(kind string, x, y, width, height int, properties string) string {
	place, _ := json.Marshal(map[string]any{"type": kind, "x": x, "y": y, "width": width, "height": height})
	return strings.TrimSuffix(string(place), "}") + `,"properties":{` + properties + "}}"
}

func body(widgets ...string) string { return `{"widgets":[` + strings.Join(widgets, ",") + "]}" }

const oneMetric = `,"metrics":[["AWS/RDS","CPUUtilization","DBInstanceIdentifier","db"]]`

func TestReadsMetrics(t *testing.T) {
	board, err := Parse(body(graph(0, 0, 12, 6, "x", `,"metrics":[
		["AWS/ECS","CPUUtilization","ClusterName","c","ServiceName","one",{"label":"first"}],["AWS/S3","Bytes"],[{"expression":"a*2"}]]`)))
	require.NoError(t, err)
	assert.Equal(t, []Metric{{"AWS/ECS", "CPUUtilization", []string{"ClusterName", "ServiceName"}}, {"AWS/S3", "Bytes", nil}, {}}, board.Widgets[0].Metrics)
}

func TestRefuses(t *testing.T) {
	for expected, widgets := range map[string][]string{
		"has no widgets":                 nil,
		`of type "log"`:                  {widget("log", 0, 0, 6, 6, `"title":"x"`)},
		"write it out":                   {graph(0, 0, 6, 6, "x", `,"metrics":[["A","B","C","d"],[".","B"]]`)},
		"is no metric":                   {graph(0, 0, 6, 6, "x", `,"metrics":[["A","B","C"]]`)},
		"not the body of a dashboard":    {"{"},
		"widget 2: of type \"explorer\"": {graph(0, 0, 6, 6, "x", oneMetric), widget("explorer", 6, 0, 6, 6, "")},
	} {
		_, err := Parse(body(widgets...))
		assert.ErrorContains(t, err, expected)
	}
}

func TestFaults(t *testing.T) {
	for name, c := range map[string]struct {
		widgets []string
		faults  []string
	}{
		"side by side and below": {[]string{graph(0, 0, 12, 6, "a", oneMetric), graph(12, 0, 12, 6, "b", oneMetric), graph(0, 6, 24, 6, "c", oneMetric)}, nil},
		"in whatever order":      {[]string{graph(12, 6, 12, 6, "c", oneMetric), graph(0, 6, 12, 6, "b", oneMetric), graph(0, 0, 24, 6, "a", oneMetric)}, nil},
		"by a column":            {[]string{graph(0, 0, 12, 6, "a", oneMetric), graph(11, 0, 12, 6, "b", oneMetric)}, []string{`"a" and "b" lie upon each other`}},
		"by a row":               {[]string{graph(0, 0, 12, 6, "a", oneMetric), graph(0, 5, 12, 6, "b", oneMetric)}, []string{`"a" and "b" lie upon each other`}},
		"too far right":          {[]string{graph(13, 0, 12, 6, "a", oneMetric)}, []string{`"a" lies outside of the grid's 24 columns: x 13, y 0, 12 × 6`}},
		"too far left":           {[]string{graph(-1, 0, 12, 6, "a", oneMetric)}, []string{`"a" lies outside of the grid's 24 columns: x -1, y 0, 12 × 6`}},
		"nothing of it":          {[]string{graph(0, 0, 6, 0, "a", oneMetric)}, []string{`"a" lies outside of the grid's 24 columns: x 0, y 0, 6 × 0`}},
		"without words": {[]string{
			graph(0, 0, 6, 6, "", oneMetric), graph(6, 0, 6, 6, "b", ""), widget(textWidget, 12, 0, 6, 6, ""), widget(alarmWidget, 18, 0, 6, 6, `"title":"c"`),
		}, []string{"the metric widget at 0, 0 has no title", `"b" has no metrics`, "the text widget at 12, 0 has no text", `"c" has no alarms`}},
	} {
		board, err := Parse(body(c.widgets...))
		require.NoError(t, err, name)
		assert.Equal(t, c.faults, board.Faults(), name)
	}
}
