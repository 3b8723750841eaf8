package scaling

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// pictures are the traces in docs/img.
func pictures(t *testing.T) map[string]Picture {
	t.Helper()
	rules, err := Rules(pool())
	require.NoError(t, err)
	target := Target{Min: 0, Max: 10, Rules: rules}
	run := func(target Target, w World) *Trace {
		trace, err := Run(target, w)
		require.NoError(t, err)
		require.Zero(t, trace.Lost)
		return trace
	}
	burst := Defaults(4)
	burst.Seconds = 45 * 60
	burst.Load = append(tasks(1, Task{At: 300, Seconds: 200}), tasks(90, Task{At: 600, Seconds: 240})...)

	day := Defaults(4)
	day.Seconds = 6 * 3600
	for at := 600; at < 5*3600; at++ {
		hour := at / 3600
		rest := Span{2 * 3600, 2*3600 + 1500}
		if at%(40-7*min(hour, 4)) == 0 && !rest.holds(at) {
			day.Load = append(day.Load, Task{At: at, Seconds: 90 + at%400, CPU: 8, Memory: 6})
		}
	}
	silence := Defaults(4)
	silence.Seconds = 90 * 60
	silence.Load = append(tasks(18, Task{At: 300, Seconds: 900}), tasks(6, Task{At: 3000, Seconds: 600})...)
	silence.PublisherDown = []Span{{660, 2400}}

	hot := Defaults(4)
	hot.Seconds = 2 * 3600
	for at := 600; at < 100*60; at += 30 {
		for i := range 4 {
			hot.Load = append(hot.Load, Task{At: at + i*7, Seconds: 30, CPU: 24, Memory: 5})
		}
	}
	naive := rules[0]
	naive.Alarm.Queries = append(naive.Alarm.Queries[:3:3], Query{ID: "demand", Return: true,
		Expression: "IF(b0 > 0 AND FILL(cpu, 0) > 85, b0 + 4, b0)"})
	return map[string]Picture{
		"scaling-burst": {"One task, then ninety: from zero to ten workers and back", run(target, burst), nil},
		"scaling-day":   {"Six hours of growing work with a break", run(target, day), nil},
		"scaling-silence": {"Nothing is published for half an hour: the workers stay", run(target, silence),
			map[string]Span{"no metrics": silence.PublisherDown[0]}},
		"scaling-load":       {"Four tasks of 24 % CPU at a time: two workers, steadily", run(target, hot), nil},
		"scaling-load-naive": {"The same with \"one more above 85 %\" (not used): it never settles", run(Target{Max: 10, Rules: []Rule{naive, rules[1]}}, hot), nil},
	}
}

// go test ./internal/scaling -run Pictures -update
func TestPictures(t *testing.T) {
	for name, picture := range pictures(t) {
		var got bytes.Buffer
		require.NoError(t, picture.SVG(&got))
		decoder := xml.NewDecoder(bytes.NewReader(got.Bytes()))
		for {
			if _, err := decoder.Token(); errors.Is(err, io.EOF) {
				break
			} else {
				require.NoError(t, err, name)
			}
		}
		path := filepath.Join("..", "..", "docs", "img", name+".svg")
		if *update {
			require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
			require.NoError(t, os.WriteFile(path, got.Bytes(), 0o644))
			continue
		}
		want, err := os.ReadFile(path)
		require.NoError(t, err, "make it with: go test ./internal/scaling -run Pictures -update")
		require.Equal(t, string(want), got.String(), "%s is stale: go test ./internal/scaling -run Pictures -update", path)
	}
}
