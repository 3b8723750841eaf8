package main

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pathwai/airflow-on-fargate/internal/cost"
	"github.com/pathwai/airflow-on-fargate/internal/timeline"
)

var update = flag.Bool("update", false, "write the pictures and tables in docs anew")

var stacks = []string{"dev", "prod"}

const root = "../.."

// pulumi runs the engine on a stack of the project, on the simulated cloud, and
// returns what it prints. The programs in bin/ are the Makefile's business:
// `make test` builds them first.
func pulumi(t *testing.T, home, stack string, args ...string) ([]byte, error) {
	t.Helper()
	for _, program := range []string{"pulumi", "pulumi-language-go", "sim/pulumi-resource-aws", "sim/pulumi-resource-awsx", "sim/pulumi-resource-random"} {
		if _, err := os.Stat(filepath.Join(root, "bin", program)); err != nil {
			t.Skipf("bin/%s is not built: run make tools sim", program)
		}
	}
	command := exec.CommandContext(t.Context(), filepath.Join(root, "scripts/pulumi"), append([]string{stack}, args...)...)
	command.Env = append(os.Environ(), "CLOUD=sim", "SIM_HOME="+home)
	var printed, faults bytes.Buffer
	command.Stdout, command.Stderr = &printed, &faults
	if err := command.Run(); err != nil {
		return printed.Bytes(), fmt.Errorf("pulumi %s: %w: %s", strings.Join(args, " "), err, faults.String())
	}
	return printed.Bytes(), nil
}

var previews = struct {
	sync.Mutex
	of map[string][]byte
}{of: map[string][]byte{}}

// preview writes the plan of a stack that doesn't exist yet to a file, and
// returns its path.
func preview(t *testing.T, stack string) string {
	t.Helper()
	previews.Lock()
	defer previews.Unlock()
	if previews.of[stack] == nil {
		printed, err := pulumi(t, t.TempDir(), stack, "preview", "--json", "--show-sames", "--non-interactive")
		require.NoError(t, err, "%s", printed)
		previews.of[stack] = printed
	}
	return save(t, previews.of[stack])
}

func save(t *testing.T, data []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "plan.json")
	require.NoError(t, os.WriteFile(path, data, 0o600))
	return path
}

// tool runs plantool.
func tool(t *testing.T, args ...string) string {
	t.Helper()
	var stdout, stderr bytes.Buffer
	require.NoError(t, run(args, &stdout, &stderr), "%s", stderr.String())
	return stdout.String()
}

func TestStacksCost(t *testing.T) {
	low := map[string]float64{}
	for _, stack := range stacks {
		t.Run(stack, func(t *testing.T) {
			var report cost.Report
			require.NoError(t, json.Unmarshal([]byte(tool(t, "cost", "--json", "--plan", preview(t, stack))), &report))
			assert.Empty(t, report.NotPriced, "give it a price in internal/cost, or a reason in free.yaml")
			require.Positive(t, report.Budget)
			assert.LessOrEqual(t, report.Planned.High, report.Budget, "what the plan fixes is beyond the budget")
			require.NotNil(t, report.NAT)
			assert.Positive(t, report.NAT.BreakEvenGB)
			services := map[string]float64{}
			for _, r := range report.Rows {
				services[r.Service] += r.High
			}
			for _, service := range []string{"Fargate", "RDS", "ElastiCache", "EFS", "S3", "ECR", "Endpoints", "Load balancing", "Logs", "Alarms", "Metrics", "KMS", "Secrets Manager", "Route 53"} {
				assert.Positive(t, services[service], service)
			}
			low[stack] = report.Total.Low
		})
	}
	assert.Less(t, low["dev"], low["prod"])
}

func TestStacksDeployInTime(t *testing.T) {
	for _, stack := range stacks {
		t.Run(stack, func(t *testing.T) {
			var report timeline.Report
			require.NoError(t, json.Unmarshal([]byte(tool(t, "timeline", "--json", "--plan", preview(t, stack))), &report))
			assert.LessOrEqual(t, report.Total.Slow, report.LimitMinutes*60)
			require.NotEmpty(t, report.Path)
			assert.True(t, report.Path[len(report.Path)-1].Tasks, "the last thing to happen is that tasks run")
			for _, edge := range report.Costly {
				assert.Less(t, edge.Seconds, 30.0, "%s waits for %s: does it have to?", edge.From, edge.To)
			}
		})
	}
}

// The engine tells the same in both forms: before anything exists, and when
// everything does.
func TestPreviewAndExportAgree(t *testing.T) {
	home := t.TempDir()
	printed, err := pulumi(t, home, "dev", "up", "--yes", "--skip-preview", "--non-interactive")
	require.NoError(t, err, "%s", printed)
	exported, err := pulumi(t, home, "dev", "stack", "export")
	require.NoError(t, err)
	again, err := pulumi(t, home, "dev", "preview", "--json", "--show-sames", "--non-interactive")
	require.NoError(t, err)
	before, state, after := preview(t, "dev"), save(t, exported), save(t, again)
	for name, path := range map[string]string{"export": state, "preview of what exists": after} {
		t.Run(name, func(t *testing.T) {
			assert.Contains(t, tool(t, "cost", "--diff", before, path), "This change costs nothing more or less")
			svg := filepath.Join(t.TempDir(), "picture.svg")
			tool(t, "diagram", "--plan", before, "--svg", svg)
			tool(t, "diagram", "--plan", path, "--svg", svg, "--check")
		})
	}
	half, err := pulumi(t, home, "dev", "preview", "--json", "--non-interactive")
	require.NoError(t, err)
	require.ErrorContains(t, run([]string{"cost", "--plan", save(t, half)}, io.Discard, io.Discard), "--show-sames")
}

// Pictures and tables in docs are those of the stacks; -update writes them.
func TestDocs(t *testing.T) {
	for _, stack := range stacks {
		t.Run(stack, func(t *testing.T) {
			path := preview(t, stack)
			for _, args := range [][]string{
				{"diagram", "--svg", filepath.Join(root, "docs/img/architecture-"+stack+".svg")},
				{"timeline", "--svg", filepath.Join(root, "docs/img/timeline-"+stack+".svg")},
			} {
				args = append(args, "--plan", path)
				if !*update {
					args = append(args, "--check")
				}
				tool(t, args...)
				picture, err := os.ReadFile(args[2])
				require.NoError(t, err)
				assertReadable(t, picture)
			}
			checkSection(t, filepath.Join(root, "docs/cost.md"), stack, tool(t, "cost", "--plan", path))
			checkSection(t, filepath.Join(root, "docs/timeline.md"), stack, tool(t, "timeline", "--plan", path))
		})
	}
}

// checkSection compares the text between two marks of a document.
func checkSection(t *testing.T, path, stack, text string) {
	t.Helper()
	begin, end := "<!-- begin "+stack+" -->\n", "<!-- end "+stack+" -->"
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	head, rest, found := strings.Cut(string(data), begin)
	present, tail, closed := strings.Cut(rest, end)
	require.True(t, found && closed, "%s has no marks for %s", path, stack)
	if *update {
		require.NoError(t, os.WriteFile(path, []byte(head+begin+text+end+tail), 0o644))
		return
	}
	assert.Equal(t, text, present, "%s is stale: run go test ./tools/plantool -run Docs -update", path)
}

// label is a text of a picture with the space that it takes.
type label struct {
	text                     string
	left, right, top, bottom float64
}

// assertReadable checks that no two texts of a picture lie upon each other, and
// that none runs out of it.
func assertReadable(t *testing.T, svg []byte) {
	t.Helper()
	var picture struct {
		Width  float64 `xml:"width,attr"`
		Height float64 `xml:"height,attr"`
		Texts  []struct {
			Class  string  `xml:"class,attr"`
			X      float64 `xml:"x,attr"`
			Y      float64 `xml:"y,attr"`
			Anchor string  `xml:"text-anchor,attr"`
			Text   string  `xml:",chardata"`
		} `xml:"text"`
	}
	require.NoError(t, xml.Unmarshal(svg, &picture))
	require.Greater(t, len(picture.Texts), 10)
	sizes := map[string]float64{"title": 19, "name": 14, "port": 12, "zone": 11}
	var labels []label
	for _, text := range picture.Texts {
		size := sizes[text.Class]
		if size == 0 {
			size = 13
		}
		width := 0.55 * size * float64(len([]rune(text.Text)))
		l := label{text: text.Text, left: text.X, top: text.Y - 0.75*size, bottom: text.Y + 0.2*size}
		switch text.Anchor {
		case "middle":
			l.left -= width / 2
		case "end":
			l.left -= width
		}
		l.right = l.left + width
		assert.True(t, l.left >= 0 && l.right <= picture.Width && l.bottom <= picture.Height, "%q runs out of the picture", l.text)
		for _, other := range labels {
			apart := l.right <= other.left || other.right <= l.left || l.bottom <= other.top || other.bottom <= l.top
			assert.True(t, apart, "%q and %q lie upon each other", l.text, other.text)
		}
		labels = append(labels, l)
	}
}
