package main

import (
	"os"
	"path/filepath"
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
