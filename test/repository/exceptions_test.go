package repository

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestExceptionsAreWrittenDown looks for exceptions to policy rules that a script
// or workflow makes up, with a date that is today's on each run, and wants those
// that stand in files under CODEOWNERS' own line.
func TestExceptionsAreWrittenDown(t *testing.T) {
	root := "../.."
	computed := regexp.MustCompile(`"expires"|pack-settings.*exceptions`)
	for _, pattern := range []string{"scripts/*", ".github/workflows/*", "Makefile"} {
		files, err := filepath.Glob(filepath.Join(root, pattern))
		require.NoError(t, err)
		require.NotEmpty(t, files, pattern)
		for _, file := range files {
			if info, err := os.Stat(file); err != nil || info.IsDir() {
				continue
			}
			raw, err := os.ReadFile(file)
			require.NoError(t, err)
			assert.Empty(t, computed.FindString(string(raw)), "%s makes an exception up: write it into a file with a date that stands", file)
		}
	}
	raw, err := os.ReadFile(filepath.Join(root, "bootstrap/exceptions.json"))
	require.NoError(t, err)
	var file map[string]struct {
		Exceptions []struct{ Expires, Owner, Resource string }
	}
	require.NoError(t, json.Unmarshal(raw, &file))
	require.NotEmpty(t, file["pack-settings"].Exceptions)
	for _, exception := range file["pack-settings"].Exceptions {
		assert.Regexp(t, `^20\d\d-\d\d-\d\d$`, exception.Expires)
		assert.Equal(t, "@pathwai/security", exception.Owner)
		assert.Regexp(t, `::\*-\S+$`, exception.Resource, "stacks have the names that make init was given")
	}
	owners, err := os.ReadFile(filepath.Join(root, ".github/CODEOWNERS"))
	require.NoError(t, err)
	assert.True(t, strings.Contains(string(owners), "/bootstrap/                       @pathwai/security"), "CODEOWNERS has no line for bootstrap/exceptions.json")
}
