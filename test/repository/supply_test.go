// Package repository checks the repository itself: documents, decisions,
// licences, workflows, and who may import whom.
package repository

import (
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"
)

func TestNoNAT(t *testing.T) {
	output, err := exec.CommandContext(t.Context(), "../../scripts/no-nat").CombinedOutput()
	require.NoError(t, err, string(output))
	for file, text := range map[string]string{
		"network.go":     "ec2.NewNatGateway(ctx, \"nat\", nil)",
		"stack.yaml":     "type: aws:ec2/natGateway:NatGateway",
		"sub/dir/vpc.go": "NatGatewayStrategySingle",
	} {
		folder := t.TempDir()
		path := filepath.Join(folder, file)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte(text), 0o644))
		output, err := exec.CommandContext(t.Context(), "../../scripts/no-nat", folder).CombinedOutput()
		require.Error(t, err, file)
		assert.Contains(t, string(output), filepath.Base(file))
	}
	folder := t.TempDir()
	require.NoError(t, os.MkdirAll(filepath.Join(folder, "policy"), 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(folder, "policy", "nat.go"), []byte("aws:ec2/natGateway"), 0o644))
	output, err = exec.CommandContext(t.Context(), "../../scripts/no-nat", folder).CombinedOutput()
	require.NoError(t, err, string(output))
}

func TestLicencesAreUpToDate(t *testing.T) {
	output, err := exec.CommandContext(t.Context(), "../../scripts/sbom", "--check").CombinedOutput()
	require.NoError(t, err, string(output))
}

const root = "../.."

var (
	writeDecisions = flag.Bool("write-decisions", false, "write docs/adr/README.md anew")
	title          = regexp.MustCompile(`^# (\d{4})[.:]? (.+)\n`)
)

const decisionsHeader = `# Decisions

What was decided, why, and what would change our mind. A new one copies [the template](0000-template.md), and
` + "`go test ./test/repository -run Decisions -write-decisions`" + ` adds it here.

`

// decades are the titles of the index: a decision's number says what it is about.
var decades = map[string]string{
	"000": "The platform", "001": "The platform", "003": "dagsync", "004": "Workers: guard, metrics, scaling",
	"005": "Airflow and its images", "006": "The real provider, scanners, permissions", "007": "Reports, settings, tools",
	"008": "Operation", "009": "The repository",
}

// TestDecisionsAreInTheIndex: docs/adr/README.md lists each decision by its title, below the one of its decade.
func TestDecisionsAreInTheIndex(t *testing.T) {
	files, err := filepath.Glob(root + "/docs/adr/[0-9]*.md")
	require.NoError(t, err)
	require.Greater(t, len(files), 14)
	index, above := strings.TrimSuffix(decisionsHeader, "\n"), ""
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		if name := filepath.Base(file); name != "0000-template.md" {
			match := title.FindSubmatch(text)
			require.NotNil(t, match, "%s doesn't begin with its number and title", file)
			decade := decades[string(match[1][:3])]
			require.NotEmpty(t, decade, "%s: its decade has no title, see decades in this file", name)
			if decade != above {
				index += "\n## " + decade + "\n\n"
				above = decade
			}
			index += "- [" + string(match[1]) + "](" + name + ") " + string(match[2]) + "\n"
		}
	}
	if *writeDecisions {
		require.NoError(t, os.WriteFile(root+"/docs/adr/README.md", []byte(index), 0o644))
	}
	written, err := os.ReadFile(root + "/docs/adr/README.md")
	require.NoError(t, err)
	require.Equal(t, index, string(written), "docs/adr/README.md is out of date: go test ./test/repository -run Decisions -write-decisions")
}

// TestActionsArePinned: each action of a workflow is named by a commit.
func TestActionsArePinned(t *testing.T) {
	files, err := filepath.Glob(root + "/.github/workflows/*.yml")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	pinned := regexp.MustCompile(`^[\w./-]+@[0-9a-f]{40} # v\d`)
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		for _, line := range strings.Split(string(text), "\n") {
			if _, action, uses := strings.Cut(line, "uses: "); uses && !strings.HasPrefix(action, "./") {
				assert.Regexp(t, pinned, action, file)
			}
		}
	}
}

// TestUpdatesAreAskedForEverywhere: Dependabot looks wherever dependencies are pinned, and nowhere else.
func TestUpdatesAreAskedForEverywhere(t *testing.T) {
	text, err := os.ReadFile(root + "/.github/dependabot.yml")
	require.NoError(t, err)
	var file struct {
		Updates []struct {
			Ecosystem   string `yaml:"package-ecosystem"`
			Directories []string
		}
	}
	require.NoError(t, yaml.Unmarshal(text, &file))
	asked := map[string][]string{}
	for _, update := range file.Updates {
		asked[update.Ecosystem] = update.Directories
	}
	for ecosystem, pins := range map[string]string{"gomod": "*go.mod", "pip": "*.lock", "docker": "*Dockerfile"} {
		output, err := exec.CommandContext(t.Context(), "git", "-C", root, "ls-files", pins).Output()
		require.NoError(t, err)
		var folders []string
		for _, path := range strings.Fields(string(output)) {
			if folder := filepath.Join("/", filepath.Dir(path)); !slices.Contains(folders, folder) {
				folders = append(folders, folder)
			}
		}
		assert.ElementsMatch(t, folders, asked[ecosystem], ecosystem)
	}
}

// TestOwnersAreOfWhatIsThere: a path of CODEOWNERS that is gone guards nothing.
func TestOwnersAreOfWhatIsThere(t *testing.T) {
	text, err := os.ReadFile(root + "/.github/CODEOWNERS")
	require.NoError(t, err)
	owned := map[string]bool{}
	for _, line := range strings.Split(string(text), "\n") {
		words := strings.Fields(line)
		if len(words) == 0 || strings.HasPrefix(line, "#") {
			continue
		}
		require.Greater(t, len(words), 1, "no owner: %s", line)
		owned[words[0]] = true
		for _, owner := range words[1:] {
			assert.Regexp(t, `^@[a-z0-9-]+/[a-z0-9-]+$`, owner, "a team, which outlives people")
		}
		if words[0] != "*" {
			_, err := os.Stat(root + words[0])
			assert.NoError(t, err)
		}
	}
	for _, path := range []string{"*", "/.github/", "/policy/", "/test/provider/suppressions.yaml", "/docker/airflow/requirements-3.1.lock", "/docker/airflow/requirements-3.3.lock"} {
		assert.True(t, owned[path], "CODEOWNERS names nobody for %s", path)
	}
}
