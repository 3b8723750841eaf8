package doclinks

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// write makes files below a new folder.
func write(t *testing.T, files map[string]string) string {
	t.Helper()
	root := t.TempDir()
	for name, text := range files {
		path := filepath.Join(root, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte(text), 0o644))
	}
	return root
}

var sound = map[string]string{
	"README.md": "# Home\n\n[a page](docs/page.md) ![a picture](docs/img/a%20b.svg) [a folder](docs) [above](#home) [the web](https://example.com/none.md)\n" +
		"`[code](none.md)`\n\n```sh\n[code](none.md)\n```\n\ndocs/adr/0001 says why, docs/page.md how.\n",
	"docs/page.md":           "# A page: `its` [title](../README.md)\n\n## Twice\n\n## Twice\n\n```\n# no heading\n```\n[back](../README.md#home) [here](#twice-1) [title](page.md#a-page-its-title)\n",
	"docs/img/a b.svg":       "<svg/>",
	"docs/adr/0001-first.md": "# 0001. First\n",
	"main.go":                "// See docs/adr/0001.\npackage main\n",
	"bin/main.go":            "// See docs/none.md.\n",
	".cache/README.md":       "[nothing](none.md)",
	"main.py":                "# docs/none.md\n",
	"main_test.go":           "// docs/none.md\n",
}

func TestSoundLinks(t *testing.T) {
	followed, faults, err := Check(write(t, sound), "bin")
	require.NoError(t, err)
	require.Empty(t, faults)
	require.Equal(t, 12, followed)
}

func TestFaults(t *testing.T) {
	for page, want := range map[string]string{
		"[a](none.md)":             "docs/a.md: none.md: no such file",
		"[a](none.md \"title\")":   "docs/a.md: none.md: no such file",
		"[a][b]\n\n[b]: none.md":   "docs/a.md: none.md: no such file",
		"![a](../docs/img/no.svg)": "docs/a.md: ../docs/img/no.svg: no such file",
		"[a](page.md#thrice)":      "docs/a.md: page.md#thrice: no such heading",
		"[a](page.md#no-heading)":  "docs/a.md: page.md#no-heading: no such heading",
		"# A\n\n[a](#b)":           "docs/a.md: #b: no such heading",
		"see docs/adr/0002.":       "docs/a.md: docs/adr/0002: no such document",
		"see docs/runbooks/x.md":   "docs/a.md: docs/runbooks/x.md: no such document",
		"[a](%zz)":                 `docs/a.md: %zz: invalid URL escape "%zz"`,
	} {
		files := map[string]string{"docs/a.md": page}
		for name, text := range sound {
			files[name] = text
		}
		_, faults, err := Check(write(t, files), "bin")
		require.NoError(t, err)
		require.Equal(t, []string{want}, faults, page)
	}
	_, faults, err := Check(write(t, sound))
	require.NoError(t, err)
	require.Equal(t, []string{"bin/main.go: docs/none.md: no such document"}, faults)
	_, _, err = Check(filepath.Join(t.TempDir(), "none"))
	require.ErrorContains(t, err, "doclinks: ")
}
