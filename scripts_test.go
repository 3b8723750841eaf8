package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestRealStackFileOnTheSimulatedCloud: a stack file as `pulumi stack init` and
// `pulumi config set --secret` leave it behind works without its keys.
func TestRealStackFileOnTheSimulatedCloud(t *testing.T) {
	file := filepath.Join(t.TempDir(), "stack.yaml")
	require.NoError(t, os.WriteFile(file, []byte(`secretsprovider: awskms:///alias/pathwai-airflow-state?region=us-east-1
encryptedkey: AQICAHhexample
encryptionsalt: v1:AAAAAAAAAAA=:v1:BBBBBBBBBBBBBBBB:CCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCC==
config:
  airflow:token:
    # the value of a comment's key
    secure: >-
      AAABAExample
      AAABAExample
  airflow:deep:
    plain: kept
    inline: {secure: AAABAExample}
    list:
      - secure: AAABAExample
      - {"secure": "AAAB}AExample"}
      - name: first
        value:
          secure: AAABAExample
`), 0o600))
	printed, err := engine(t, []string{"STACK_FILE=" + file}, "scripts/pulumi", "dev", "config", "--json", "--show-secrets")
	require.NoError(t, err, printed)
	assert.NotContains(t, printed, "Example")
	for _, kept := range []string{
		`"value": "simulated-secret"`,
		`\"plain\":\"kept\"`, `\"inline\":\"simulated-secret\"`,
		`\"list\":[\"simulated-secret\",\"simulated-secret\",{\"name\":\"first\",\"value\":\"simulated-secret\"}]`,
	} {
		assert.Contains(t, printed, kept)
	}
}

// TestRepositoriesComeFirst: `make repositories` makes the repositories and
// their key, no service, and the whole stack follows in the same state.
func TestRepositoriesComeFirst(t *testing.T) {
	home := []string{"SIM_HOME=" + t.TempDir()}
	printed, err := engine(t, home, "scripts/repositories", "dev", "--yes", "--skip-preview", "--non-interactive")
	require.NoError(t, err, printed)
	state, err := engine(t, home, "scripts/pulumi", "dev", "stack", "export")
	require.NoError(t, err, state)
	kinds := map[string]int{}
	for _, match := range regexp.MustCompile(`"urn": "urn:pulumi:dev::airflow::(?:[^"]*\$)?([^":]+:[^":]+:[^":]+)::`).FindAllStringSubmatch(state, -1) {
		if !strings.HasPrefix(match[1], "pulumi:") {
			kinds[match[1]]++
		}
	}
	assert.Equal(t, map[string]int{
		"airflow:index:Keys": 1, "aws:kms/key:Key": 1, "aws:kms/alias:Alias": 1,
		"airflow:index:Images": 1, "awsx:ecr:Repository": 6,
		"aws:ecr/repository:Repository": 6, "aws:ecr/lifecyclePolicy:LifecyclePolicy": 6,
	}, kinds)
	printed, err = engine(t, home, "scripts/pulumi", "dev", "preview", "--non-interactive", "--policy-pack", pack(t))
	require.NoError(t, err, printed)
}
