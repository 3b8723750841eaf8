package stack

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func digest(of string) string { return "sha256:" + strings.Repeat(of, 64) }

func stackFile(t *testing.T, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "Pulumi.dev.yaml")
	require.NoError(t, os.WriteFile(file, []byte(text), 0o640))
	return file
}

func TestSetDigestsChangesNothingElse(t *testing.T) {
	before, err := os.ReadFile("../../Pulumi.dev.yaml")
	require.NoError(t, err)
	file := stackFile(t, string(before))
	require.NoError(t, SetDigests(file, map[string]string{"web": digest("a"), "agent": digest("b")}))
	after, err := os.ReadFile(file)
	require.NoError(t, err)
	want := strings.Replace(strings.Replace(string(before), digest("1"), digest("a"), 1), digest("6"), digest("b"), 1)
	assert.Equal(t, want, string(after))
	info, err := os.Stat(file)
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o640), info.Mode().Perm())
}

func TestSetDigestsInAnyForm(t *testing.T) {
	file := stackFile(t, `config:
  other: {web: `+digest("0")+`}
  airflow:images: {digests: {"wéb": "old", web: `+strings.Repeat("old", 99)+`, agent: '`+digest("0")+`'}} # web: `+digest("0")+`
`)
	require.NoError(t, SetDigests(file, map[string]string{"web": digest("a"), "agent": digest("b")}))
	after, err := os.ReadFile(file)
	require.NoError(t, err)
	assert.Equal(t, `config:
  other: {web: `+digest("0")+`}
  airflow:images: {digests: {"wéb": "old", web: `+digest("a")+`, agent: '`+digest("b")+`'}} # web: `+digest("0")+`
`, string(after))
}

func TestSetDigestsTellsAllFaultsAndWritesNothing(t *testing.T) {
	text := "config:\n  airflow:images:\n    digests:\n      web: " + digest("1") + "\n      agent: " + digest("2") + "\n"
	for name, test := range map[string]struct {
		digests map[string]string
		says    []string
	}{
		"none": {nil, []string{"digests: none were given; FILE is as it was"}},
		"several": {map[string]string{"web": digest("a"), "wbe": digest("b"), "agent": "latest"}, []string{
			`digests: agent is "latest": sha256: and 64 hex digits`, `digests: FILE has no image "wbe": agent web`,
		}},
	} {
		t.Run(name, func(t *testing.T) {
			file := stackFile(t, text)
			require.EqualError(t, SetDigests(file, test.digests), strings.ReplaceAll(strings.Join(test.says, "\n"), "FILE", file))
			after, err := os.ReadFile(file)
			require.NoError(t, err)
			assert.Equal(t, text, string(after))
			entries, err := os.ReadDir(filepath.Dir(file))
			require.NoError(t, err)
			assert.Len(t, entries, 1, "no temporary file stays")
		})
	}
	file := stackFile(t, "config: {'airflow:images': {digests: {web: ''}}}")
	require.EqualError(t, SetDigests(file, map[string]string{"web": digest("a")}),
		"digests: "+file+": web is written in a form that can't be replaced: write sha256:<64 hex digits> there")
	require.ErrorContains(t, SetDigests(filepath.Join(t.TempDir(), "none"), map[string]string{"web": digest("a")}), "no such file")
}
