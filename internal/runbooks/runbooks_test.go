package runbooks

import (
	"encoding/json"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write aws.json anew")

func pages(t *testing.T) map[string]string {
	t.Helper()
	files, err := filepath.Glob("../../docs/runbooks/*.md")
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(files), 18)
	texts := map[string]string{}
	for _, file := range append(files, "../../README.md") {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		texts[file] = string(text)
	}
	return texts
}

func checker(t *testing.T) *Checker {
	t.Helper()
	c, err := NewChecker("../../Makefile")
	require.NoError(t, err)
	return c
}

func TestRunbookCommandsExist(t *testing.T) {
	c, total := checker(t), 0
	for file, page := range pages(t) {
		count, faults := c.Commands(file, page)
		assert.Empty(t, faults)
		total += count
	}
	require.Greater(t, total, 120)
}

// TestRunbookOperationsAreAWSs compares aws.json with botocore's models.
func TestRunbookOperationsAreAWSs(t *testing.T) {
	// The provider rehearsal's Python, whose lock has botocore.
	printed, err := exec.CommandContext(t.Context(), "python3", "../../test/provider/run.py", "python").Output()
	require.NoError(t, err)
	lines := strings.Split(strings.TrimSpace(string(printed)), "\n")
	python := lines[len(lines)-1]
	if !filepath.IsAbs(python) {
		t.Skipf("no botocore: aws.json isn't compared with AWS's service models: %s", printed)
	}
	used := ""
	for file, page := range pages(t) {
		list, faults := commands(file, page)
		require.Empty(t, faults)
		for _, command := range list {
			if w := command.words; len(w) > 3 && w[0] == "aws" && w[2] == "wait" {
				used += w[1] + " wait " + w[3] + "\n"
			} else if len(w) > 2 && w[0] == "aws" {
				used += w[1] + " " + w[2] + "\n"
			}
		}
	}
	derive := exec.CommandContext(t.Context(), python, "operations.py")
	var refused strings.Builder
	derive.Stdin, derive.Stderr = strings.NewReader(used), &refused
	derived, err := derive.Output()
	require.NoError(t, err, refused.String())
	require.Empty(t, refused.String())
	if *update {
		require.NoError(t, os.WriteFile("aws.json", derived, 0o644))
		return
	}
	// Newer models know more: it is the commands that must be right by them.
	c := checker(t)
	c.aws = nil
	require.NoError(t, json.Unmarshal(derived, &c.aws))
	for file, page := range pages(t) {
		_, faults := c.Commands(file, page)
		assert.Empty(t, faults)
	}
}

func TestRunbookCheckerRefuses(t *testing.T) {
	c := checker(t)
	for text, fault := range map[string]string{
		"make destory":                                     `no make target "destory"`,
		"x | make up preveiw":                              `no make target "preveiw"`,
		"aws ecs list-task --cluster x":                    `no operation "list-task"`,
		"aws ecs list-tasks --clutser x":                   "no parameter --clutser",
		"A=$(aws ecs stop-tasks --cluster x)":              `no operation "stop-tasks"`,
		"aws rds wait db-instance-availble":                `no operation "wait db-instance-availble"`,
		"aws ecs stop-task --cluster x":                    "needs --task",
		"pulumi stak export":                               "no such sub-command",
		"kubectl get pods":                                 "no program",
		"for x in 1; do\naws ecs list-taks; done":          `no operation "list-taks"`,
		"while aws ecs list-taks; do date; done":           `no operation "list-taks"`,
		"echo \"$(aws rds describe-db-instance --x 'a')\"": `no operation "describe-db-instance"`,
	} {
		_, faults := c.Commands("page.md", "```sh\n"+text+"\n```\n")
		require.NotEmpty(t, faults, text)
		assert.Contains(t, strings.Join(faults, "\n"), fault, text)
	}
	_, faults := c.Commands("page.md", "# Up\n\nRun `make upp` then\n\n1. x\n\n   ```sh\n   make up\n   A=1 make upp \\\n     STACK=dev\n   ```\n")
	assert.Equal(t, []string{
		`page.md:3: there is no make target "upp" (make upp)`, `page.md:9: there is no make target "upp" (make upp STACK=dev)`,
	}, faults)
	_, faults = c.Commands("page.md", "```sh\nmake up 'STACK=dev\n```\n")
	assert.Equal(t, []string{"page.md:2: 1:9: reached EOF without closing quote `'`"}, faults)
}

func TestRunbookNamesAreRefused(t *testing.T) {
	page := "see `pathwai-airflow-dev-schedular`\n```sh\naws x y --target-db-instance-identifier pathwai-airflow-dev-new\n```\n"
	planned := map[string]bool{"pathwai-airflow-dev-scheduler": true}
	assert.Equal(t, []string{"p.md: the plan has no pathwai-airflow-dev-schedular"}, UnknownNames("pathwai-airflow-dev", "p.md", page, planned))
}
