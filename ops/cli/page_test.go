package cli

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestThePageHasEveryCommand: docs/ops.md names each command as its help does, and
// the same exit codes. Each has examples, which its flags and arguments admit.
func TestThePageHasEveryCommand(t *testing.T) {
	text, err := os.ReadFile("../../docs/ops.md")
	require.NoError(t, err)
	var listed []string
	for _, match := range regexp.MustCompile("(?m)^\\| `(ops .+?)` \\|").FindAllStringSubmatch(string(text), -1) {
		listed = append(listed, match[1])
	}
	root := (&tool{}).root()
	assert.ElementsMatch(t, commandLines(root), listed)
	each(root, func(c *cobra.Command) {
		require.NotEmpty(t, c.Example, c.CommandPath())
		for _, line := range strings.Split(strings.ReplaceAll(c.Example, "\\\n", ""), "\n") {
			_, call, found := strings.Cut(line, c.CommandPath())
			require.True(t, found, "%s: an example that doesn't call it: %s", c.CommandPath(), line)
			call, _, _ = strings.Cut(call, " >")
			require.NoError(t, c.ParseFlags(strings.Fields(strings.ReplaceAll(call, `"`, ""))), line)
		}
	})
	for _, match := range regexp.MustCompile(`(?m)^ +(\d+)  (.+)$`).FindAllStringSubmatch(exitCodes, -1) {
		assert.Contains(t, string(text), "\n| "+match[1]+" | "+match[2]+" |\n")
	}
}

// each visits every command that does something.
func each(c *cobra.Command, do func(*cobra.Command)) {
	for _, below := range c.Commands() {
		each(below, do)
	}
	if !c.HasSubCommands() && c.Name() != "help" {
		do(c)
	}
}

// commandLines are all commands, as their help writes them.
func commandLines(root *cobra.Command) (lines []string) {
	each(root, func(c *cobra.Command) { lines = append(lines, strings.TrimSuffix(c.UseLine(), " [flags]")) })
	return lines
}
