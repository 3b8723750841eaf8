package repository

import (
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const module = "github.com/pathwai/airflow-on-fargate"

var (
	row     = regexp.MustCompile("(?m)^\\| `([^`]+)` \\|.*\\| ([^|]+) \\|$")
	quoted  = regexp.MustCompile("`([^`]+)`")
	rootOwn = regexp.MustCompile(`(?s)\nAt the root lie [^:]+:(.*?)The entry imports ` + "`platform` alone")
)

// page is what docs/architecture.md says: the folders that each folder's Go may
// import (nil: no Go), and the patterns of files at the root.
func page(t *testing.T) (allowed map[string][]string, files []string) {
	t.Helper()
	text, err := os.ReadFile(root + "/docs/architecture.md")
	require.NoError(t, err)
	allowed = map[string][]string{".": {"platform"}}
	for _, match := range row.FindAllStringSubmatch(string(text), -1) {
		folder, rule := match[1], match[2]
		if rule == "no Go" {
			allowed[folder] = nil
			continue
		}
		allowed[folder] = []string{folder}
		for _, name := range quoted.FindAllStringSubmatch(rule, -1) {
			allowed[folder] = append(allowed[folder], name[1])
		}
		require.True(t, rule == "nothing" || len(allowed[folder]) > 1, "docs/architecture.md: %s may import %q: folders, nothing, or no Go", folder, rule)
	}
	own := rootOwn.FindStringSubmatch(string(text))
	require.NotNil(t, own, "docs/architecture.md doesn't list the files at the root")
	for _, name := range quoted.FindAllStringSubmatch(own[1], -1) {
		files = append(files, strings.ReplaceAll(name[1], "<stack>", "*"))
	}
	return allowed, files
}

// The page names every folder and every file at the root, and nothing that isn't there.
func TestThePageNamesWhatIsThere(t *testing.T) {
	allowed, files := page(t)
	_, err := os.ReadDir(root) // what git is asked isn't seen by Go, which keeps results of tests
	require.NoError(t, err)
	output, err := exec.CommandContext(t.Context(), "git", "-C", root, "ls-files", "--cached", "--others", "--exclude-standard").Output()
	require.NoError(t, err)
	folders := map[string]bool{".": true}
	met := map[string]bool{}
	for _, path := range strings.Fields(string(output)) {
		if folder, _, within := strings.Cut(path, "/"); within {
			folders[folder] = true
			continue
		}
		i := slices.IndexFunc(files, func(pattern string) bool { ok, err := filepath.Match(pattern, path); return ok && err == nil })
		if i < 0 {
			t.Errorf("%s lies at the root, and docs/architecture.md doesn't list it", path)
			continue
		}
		met[files[i]] = true
	}
	require.Equal(t, slices.Sorted(maps.Keys(folders)), slices.Sorted(maps.Keys(allowed)), "the folders there are, and those of docs/architecture.md")
	for _, pattern := range files {
		if !met[pattern] {
			t.Errorf("docs/architecture.md lists %s at the root, which isn't there", pattern)
		}
	}
}

// Every Go file of every module but the tests keeps to the page's table.
func TestImportsGoAsThePageSays(t *testing.T) {
	allowed, _ := page(t)
	seen := 0
	for folder := range allowed {
		for _, path := range goFiles(t, folder) {
			seen++
			file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(root, path), nil, parser.ImportsOnly)
			require.NoError(t, err)
			for _, spec := range file.Imports {
				if fault := fault(allowed, path, strings.Trim(spec.Path.Value, `"`)); fault != "" {
					t.Error(fault)
				}
			}
		}
	}
	require.Greater(t, seen, 200, "the files weren't found")
}

// goFiles are the Go files below a folder at the root, or at the root, but tests
// and what they read.
func goFiles(t *testing.T, folder string) []string {
	t.Helper()
	var files []string
	require.NoError(t, fs.WalkDir(os.DirFS(root), folder, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && path != folder && (folder == "." || entry.Name() == "testdata"):
			return fs.SkipDir
		case strings.HasSuffix(path, ".go") && !strings.HasSuffix(path, "_test.go"):
			files = append(files, path)
		}
		return nil
	}))
	return files
}

// fault says what is wrong with an import of a file, if it is one of the project's.
func fault(allowed map[string][]string, file, imported string) string {
	from, _, within := strings.Cut(file, "/")
	if !within {
		from = "."
	}
	if allowed[from] == nil {
		return file + ": docs/architecture.md says that there is no Go in " + from
	}
	rest, ours := strings.CutPrefix(imported, module+"/")
	to, _, _ := strings.Cut(rest, "/")
	if !ours || slices.Contains(allowed[from], to) {
		return ""
	}
	return file + " imports " + imported + ": docs/architecture.md lets " + from + " import " + strings.Join(allowed[from], ", ") + " only"
}

func TestAForbiddenImportIsNamed(t *testing.T) {
	allowed := map[string][]string{"policy": {"policy"}, "dags": nil, ".": {"platform"}}
	require.Equal(t, "policy/rules/rule.go imports "+module+"/config: docs/architecture.md lets policy import policy only",
		fault(allowed, "policy/rules/rule.go", module+"/config"))
	require.Equal(t, "main.go imports "+module+"/config: docs/architecture.md lets . import platform only", fault(allowed, "main.go", module+"/config"))
	require.Equal(t, "dags/x.go: docs/architecture.md says that there is no Go in dags", fault(allowed, "dags/x.go", "fmt"))
	for _, imported := range []string{"fmt", module + "/policy/serve", module + "-fork/config"} {
		require.Empty(t, fault(allowed, "policy/rules/rule.go", imported))
	}
}
