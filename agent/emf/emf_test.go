package emf_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pathwai/airflow-on-fargate/agent/emf"
	"github.com/stretchr/testify/require"
)

type line struct {
	AWS struct {
		Timestamp         int64
		CloudWatchMetrics []struct {
			Namespace  string
			Dimensions [][]string
			Metrics    []struct{ Name, Unit string }
		}
	} `json:"_aws"`
}

var dimensions = []emf.Dimension{{Name: "Stack", Value: "dev"}, {Name: "Queue", Value: `odd"queue"`}}

// The shape is that of the specification: each metric and dimension that is
// declared stands beside _aws under its name.
func TestWrite(t *testing.T) {
	var out bytes.Buffer
	w := emf.NewWriter(&out, "Airflow")
	require.NoError(t, w.Write(dimensions, emf.Metric{Name: "Backlog", Unit: emf.Count, Value: 3}, emf.Metric{Name: "Age", Unit: emf.Seconds, Value: 0.25}))
	require.Equal(t, 1, strings.Count(out.String(), "\n"))
	var l line
	require.NoError(t, json.Unmarshal(out.Bytes(), &l))
	require.InDelta(t, time.Now().UnixMilli(), l.AWS.Timestamp, 5000)
	require.Len(t, l.AWS.CloudWatchMetrics, 1)
	d := l.AWS.CloudWatchMetrics[0]
	require.Equal(t, "Airflow", d.Namespace)
	require.Equal(t, [][]string{{"Stack", "Queue"}}, d.Dimensions)
	require.Equal(t, []struct{ Name, Unit string }{{"Backlog", "Count"}, {"Age", "Seconds"}}, d.Metrics)
	var members map[string]any
	require.NoError(t, json.Unmarshal(out.Bytes(), &members))
	delete(members, "_aws")
	require.Equal(t, map[string]any{"Stack": "dev", "Queue": `odd"queue"`, "Backlog": 3.0, "Age": 0.25}, members)
}

func TestDistributionIsCutAtALineOf100(t *testing.T) {
	var out bytes.Buffer
	w := emf.NewWriter(&out, "Airflow")
	values := make([]float64, 250)
	for i := range values {
		values[i] = float64(i)
	}
	require.NoError(t, w.WriteDistribution(dimensions, emf.Distribution{Name: "TaskDurationSeconds", Unit: emf.Seconds, Values: values}))
	var got []float64
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	require.Len(t, lines, 3)
	for _, text := range lines {
		var l struct{ TaskDurationSeconds []float64 }
		require.NoError(t, json.Unmarshal([]byte(text), &l))
		require.LessOrEqual(t, len(l.TaskDurationSeconds), 100)
		got = append(got, l.TaskDurationSeconds...)
	}
	require.Equal(t, values, got)
}

func TestNothingToWrite(t *testing.T) {
	var out bytes.Buffer
	w := emf.NewWriter(&out, "Airflow")
	require.NoError(t, w.Write(dimensions))
	require.NoError(t, w.WriteDistribution(dimensions, emf.Distribution{Name: "X"}))
	require.Zero(t, out.Len())
}

func TestValuesThatJSONCannotHold(t *testing.T) {
	var out bytes.Buffer
	w := emf.NewWriter(&out, "Airflow")
	for _, v := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
		require.ErrorContains(t, w.Write(dimensions, emf.Metric{Name: "Age", Value: v}), "Age is")
		require.ErrorContains(t, w.WriteDistribution(dimensions, emf.Distribution{Name: "Age", Values: []float64{1, v}}), "Age is")
	}
	require.Zero(t, out.Len())
}

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, errors.New("gone") }

func TestLostOutputIsTold(t *testing.T) {
	require.ErrorContains(t, emf.NewWriter(broken{}, "Airflow").Write(dimensions, emf.Metric{Name: "X"}), "gone")
}

func TestLinesStayWhole(t *testing.T) {
	var out bytes.Buffer
	w := emf.NewWriter(&out, "Airflow")
	var group sync.WaitGroup
	for range 20 {
		group.Go(func() {
			for range 50 {
				if err := w.Write(dimensions, emf.Metric{Name: "X", Unit: emf.Count, Value: 1}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	require.Len(t, lines, 1000)
	for _, l := range lines {
		require.True(t, json.Valid([]byte(l)), l)
	}
}
