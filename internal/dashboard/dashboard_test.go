package dashboard

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pathwai/airflow-on-fargate/internal/plan"
	"github.com/pathwai/airflow-on-fargate/internal/plan/plantest"
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

// drawn is the picture of a dashboard.
func drawn(t *testing.T, widgets ...string) string {
	t.Helper()
	board, err := Parse(body(widgets...))
	require.NoError(t, err)
	var picture strings.Builder
	require.NoError(t, board.Draw(&picture))
	require.NoError(t, xml.Unmarshal([]byte(picture.String()), &struct{}{}))
	return picture.String()
}

// texts are what a picture says, in its order.
func texts(t *testing.T, picture string) []string {
	t.Helper()
	var read struct {
		Texts []string `xml:"text"`
	}
	require.NoError(t, xml.Unmarshal([]byte(picture), &read))
	return read.Texts
}

func TestNamesEveryLine(t *testing.T) {
	said := texts(t, drawn(t,
		graph(0, 0, 12, 6, "CPU & more", `,"stat":"Maximum","period":60,"stacked":true,"metrics":[
			["AWS/ECS","CPUUtilization","ClusterName","c","ServiceName","one",{"label":"first"}],
			["AWS/ECS","CPUUtilization","ClusterName","c","ServiceName","two"]],"yAxis":{"left":{"label":"percent","min":0,"max":100}}`),
		graph(12, 0, 12, 6, "Mixed", `,"metrics":[
			["Own","A","Stack","s",{"stat":"p99","id":"a","visible":false}],["AWS/EFS","B","FileSystemId","fs-0123456789abcdef0"],[{"expression":"a*2"}]]`)))
	assert.Subset(t, said, []string{
		"CPU & more", "Maximum over 60 s, in percent, stacked", "AWS/ECS CPUUtilization · ClusterName c · by ServiceName",
		"first", "one", "CPUUtilization", "two", "0", "100", "time",
		"Mixed", "Average over 300 s", "A", "Own A · Stack s, p99, called a, not drawn", "B", "AWS/EFS B · FileSystemId fs-…", "a*2",
		"2 graphs of 5 lines, on CloudWatch's grid of 24 columns",
		"No data: drawn from its definition. “…” is an end of a name that AWS makes up.",
	})
}

// The only marks in a graph are axes and thresholds.
func TestDrawsNoCurves(t *testing.T) {
	picture := drawn(t, graph(0, 0, 6, 6, "CPU", oneMetric), graph(6, 0, 6, 6, "Now", oneMetric+`,"view":"singleValue"`))
	assert.Equal(t, 1, strings.Count(picture, "<path"), "axes, and none for a number")
	for _, mark := range []string{"<line", "<polyline", "<polygon", "<circle"} {
		assert.NotContains(t, picture, mark)
	}
	assert.Contains(t, picture, "Average over 300 s, shown as singleValue")
	assert.NotContains(t, texts(t, picture), "0", "an axis without a minimum has no number")
}

func TestThresholds(t *testing.T) {
	picture := drawn(t, graph(0, 0, 12, 6, "CPU", oneMetric+`,"yAxis":{"left":{"min":0,"max":100}},"annotations":{
		"horizontal":[{"label":"warn","value":75,"color":"#123456"},[{"label":"low","value":25},{"value":50}]],
		"alarms":["arn:aws:cloudwatch:us-east-1:1:alarm:db-cpu"]}`))
	assert.Subset(t, texts(t, picture), []string{"warn: 75", "low: 25", "50", "threshold of alarm db-cpu"})
	assert.Equal(t, 3, strings.Count(picture, `<line class="threshold"`))
	assert.Contains(t, picture, `stroke="#123456"`)

	for name, c := range map[string]struct {
		low, high *float64
		values    []float64
		from, to  float64
	}{
		"nothing known":       {nil, nil, nil, 0, 1},
		"above a threshold":   {nil, nil, []float64{100}, 0, 130},
		"below a threshold":   {nil, nil, []float64{-10, 100}, -10, 130},
		"as the axis says":    {pointer(20), pointer(50), []float64{40}, 20, 50},
		"an axis upside down": {pointer(5), nil, []float64{1}, 5, 6},
	} {
		w := Widget{Axis: Axis{Min: c.low, Max: c.high}}
		for _, value := range c.values {
			w.Thresholds = append(w.Thresholds, Threshold{Value: value})
		}
		from, to := w.span()
		assert.InDelta(t, c.from, from, 0, name)
		assert.InDelta(t, c.to, to, 0, name)
	}
}

func pointer(v float64) *float64 { return &v }

func TestTextsAndAlarms(t *testing.T) {
	picture := drawn(t,
		widget(textWidget, 0, 0, 24, 1, `"markdown":"## Tasks **now**\n\nSee [the page](https://x/y) and `+"`code`"+`."`),
		widget(alarmWidget, 0, 1, 24, 2, `"title":"All alarms","alarms":["arn:aws:cloudwatch:us-east-1:1:alarm:one","arn:aws:cloudwatch:us-east-1:1:alarm:two"]`))
	assert.Subset(t, texts(t, picture), []string{"Tasks now", "See the page and code.", "All alarms", "one", "two"})
	assert.Contains(t, picture, `<text class="head"`)
	assert.Equal(t, 2, strings.Count(picture, `class="alarm"`), "a box for each state")
}

func TestWrap(t *testing.T) {
	wide := line{class: "zone", text: "AWS/RDS CPUUtilization · DBInstanceIdentifier a-long-name", color: "red"}
	var said, colors []string
	for _, l := range wrap(wide, textWidth("DBInstanceIdentifier", "zone")) {
		said, colors = append(said, l.text), append(colors, l.color)
	}
	assert.Equal(t, []string{"AWS/RDS", "CPUUtilization", "DBInstanceIdentifier", "a-long-name"}, said)
	assert.Equal(t, []string{"red", "", "", ""}, colors)
	assert.Len(t, wrap(wide, textWidth("DBInstanceIdentifier a-long-name", "zone")), 2, "between parts first")
	assert.Len(t, wrap(wide, 1000), 1)
}

func TestRefuses(t *testing.T) {
	for expected, widgets := range map[string][]string{
		"has no widgets":                  nil,
		`of type "log"`:                   {widget("log", 0, 0, 6, 6, `"title":"x"`)},
		"write it out":                    {graph(0, 0, 6, 6, "x", `,"metrics":[["A","B","C","d"],[".","B"]]`)},
		"is no metric":                    {graph(0, 0, 6, 6, "x", `,"metrics":[["A","B","C"]]`)},
		"vertical annotations":            {graph(0, 0, 6, 6, "x", oneMetric+`,"annotations":{"vertical":[{"value":"2026-01-01"}]}`)},
		"right axes":                      {graph(0, 0, 6, 6, "x", oneMetric+`,"yAxis":{"right":{"min":0}}`)},
		"has no value":                    {graph(0, 0, 6, 6, "x", oneMetric+`,"annotations":{"horizontal":[{"label":"x"}]}`)},
		"not the body of a dashboard":     {"{"},
		"widget 2: of type \"explorer\"":  {graph(0, 0, 6, 6, "x", oneMetric), widget("explorer", 6, 0, 6, 6, "")},
		"annotation \"x\": json: cannot ": {graph(0, 0, 6, 6, "x", oneMetric+`,"annotations":{"horizontal":["x"]}`)},
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

func TestMake(t *testing.T) {
	board := func(text any) *plan.Resource {
		return plantest.Resource(Type, "board", plantest.Inputs{"dashboardName": "airflow-dev", "dashboardBody": text})
	}
	made, err := Make(plantest.Plan(t, board(body(graph(0, 0, 6, 6, "x", oneMetric)))))
	require.NoError(t, err)
	assert.Equal(t, "airflow-dev", made.Name)
	for expected, resources := range map[string][]*plan.Resource{
		"has 0 dashboards":                                    nil,
		"give the output of `pulumi ":                         {board(plan.Unknown{})},
		"not the body of a dashboard":                         {board("[]")},
		`dashboard airflow-dev: "x" lies outside of the grid`: {board(body(graph(20, 0, 6, 6, "x", oneMetric)))},
	} {
		_, err := Make(plantest.Plan(t, resources...))
		assert.ErrorContains(t, err, expected)
	}
}

// broken refuses to be written to.
type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, errors.New("full") }

func TestDrawTellsOfErrors(t *testing.T) {
	board, err := Parse(body(graph(0, 0, 6, 6, "x", oneMetric)))
	require.NoError(t, err)
	require.ErrorContains(t, board.Draw(io.Writer(broken{})), "full")
}
