package repository

import (
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestWhatActsOnAWSSaysSo: without CLOUD=aws a target of that section does and
// builds nothing; those that change nothing on AWS are named here.
func TestWhatActsOnAWSSaysSo(t *testing.T) {
	harmless := map[string]bool{"bootstrap": true, "images": true, "digests": true, "smoke": true} // bootstrap has a rehearsal
	makefile, err := os.ReadFile("../../Makefile")
	require.NoError(t, err)
	_, section, _ := strings.Cut(string(makefile), "##@ On AWS")
	section, _, _ = strings.Cut(section, "##@")
	targets := regexp.MustCompile(`(?m)^([a-z-]+):.*## `).FindAllStringSubmatch(section, -1)
	require.Greater(t, len(targets), 10)
	for _, target := range targets {
		for cloud, refused := range map[string]bool{"sim": !harmless[target[1]], "aws": false} {
			printed, err := exec.CommandContext(t.Context(), "make", "-C", "../..", "--dry-run", target[1], "CLOUD="+cloud).CombinedOutput()
			says := "*** make " + target[1] + " acts on AWS: say CLOUD=aws (without an account: make preview, make rehearse).  Stop."
			assert.Equal(t, refused, err != nil, "%s: %s", target[1], printed)
			assert.Equal(t, refused, strings.Contains(string(printed), says), string(printed))
		}
	}
}
