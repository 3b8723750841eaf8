package cli

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestRepositoriesComeFirst: under the real Pulumi CLI, on the simulated cloud,
// it makes the repositories and their key, no service, and the whole stack
// follows in the same state.
func TestRepositoriesComeFirst(t *testing.T) {
	root, err := filepath.Abs("../..")
	require.NoError(t, err)
	for _, program := range []string{"pulumi", "pulumi-language-go", "policy-pack", "sim/pulumi-resource-aws", "sim/pulumi-resource-awsx", "sim/pulumi-resource-random"} {
		if !exists(filepath.Join(root, "bin", program)) {
			t.Skipf("bin/%s is not built: run make tools policy sim", program)
		}
	}
	h := newHome(t, nil)
	t.Setenv("SIM_HOME", t.TempDir())
	// Ops acts on AWS alone; this is the simulated one.
	h.write("scripts/pulumi", "#!/bin/sh\nCLOUD=sim exec "+root+"/scripts/pulumi \"$@\"\n", 0o755)
	require.NoError(t, os.Remove(filepath.Join(h.folder, "bin/policy-pack")))
	require.NoError(t, os.Symlink(filepath.Join(root, "bin/policy-pack"), filepath.Join(h.folder, "bin/policy-pack")))

	got := h.ops("repositories", "dev", "--", "--yes", "--skip-preview", "--non-interactive")
	require.Equal(t, 0, got.code, got.said)
	pulumi := func(args ...string) string {
		printed, err := exec.CommandContext(t.Context(), filepath.Join(h.folder, "scripts/pulumi"), args...).CombinedOutput()
		require.NoError(t, err, string(printed))
		return string(printed)
	}
	kinds := map[string]int{}
	for _, match := range regexp.MustCompile(`"urn": "urn:pulumi:dev::airflow::(?:[^"]*\$)?([^":]+:[^":]+:[^":]+)::`).FindAllStringSubmatch(pulumi("dev", "stack", "export"), -1) {
		if !strings.HasPrefix(match[1], "pulumi:") {
			kinds[match[1]]++
		}
	}
	assert.Equal(t, map[string]int{
		"airflow:index:Keys": 1, "aws:kms/key:Key": 1, "aws:kms/alias:Alias": 1,
		"airflow:index:Images": 1, "awsx:ecr:Repository": 6,
		"aws:ecr/repository:Repository": 6, "aws:ecr/lifecyclePolicy:LifecyclePolicy": 6,
	}, kinds)
	pulumi("dev", "preview", "--non-interactive", "--policy-pack", root+"/bin/policy-pack")
}

func TestRepositoriesAreMadeOfAPlanThatThePackPassed(t *testing.T) {
	h := newHome(t, map[string]string{"pulumi": `echo "pulumi $*" >>"$CALLS"; if [ "$1" = "${BREAKS:-}" ]; then echo "refused"; exit 1; fi; if [ "$1" = up ]; then cat; fi`})
	t.Setenv("BREAKS", "preview")
	got := h.ops("repositories", "dev")
	assert.Equal(t, ExitFailure, got.code)
	assert.Equal(t, "pulumi preview --non-interactive --policy-pack "+h.folder+"/bin/policy-pack --stack dev\n", got.called)
	assert.Contains(t, got.said, "refused\nops: nothing was made: scripts/pulumi dev preview")
	t.Setenv("BREAKS", "up")
	got = h.ops("repositories", "dev", "--", "--yes")
	assert.Equal(t, ExitFailure, got.code)
	assert.Contains(t, got.called, "pulumi up --target **pulumi:providers:* --target **airflow:index:Keys::keys --target ")
	assert.Contains(t, got.called, " --yes --stack dev\n")
	assert.Equal(t, "refused\nops: what was made by then stays so, and the same command goes on from there: pulumi up: exit status 1\n", got.said)

	t.Setenv("BREAKS", "")
	var said strings.Builder
	code := Run(t.Context(), []string{"repositories", "dev"}, Streams{In: strings.NewReader("yes\n"), Out: &said, Err: &said, Root: h.folder, Getenv: os.Getenv})
	assert.Equal(t, 0, code)
	assert.Equal(t, "yes\n", said.String(), "Pulumi asks, and a person answers")
	got = h.ops("repositories", "dev", "prod")
	assert.Equal(t, ExitUsage, got.code)
	assert.Contains(t, got.said, "which stack?")

	t.Run("interrupted", func(t *testing.T) {
		h.write("bin/pulumi", "#!/usr/bin/env bash\nif [ $1 = up ]; then trap 'echo tidy >>$CALLS; kill $!; exit 255' INT; echo begun >>$CALLS; sleep 60 & wait; fi\n", 0o755)
		ctx, stop := context.WithCancel(t.Context())
		go func() {
			for ctx.Err() == nil { // until Pulumi runs
				if called, _ := os.ReadFile(h.calls); strings.Contains(string(called), "begun") {
					stop()
				}
				time.Sleep(10 * time.Millisecond)
			}
		}()
		got := h.opsUntil(ctx, "repositories", "dev")
		assert.Equal(t, ExitInterrupted, got.code)
		assert.Equal(t, "begun\ntidy\n", got.called)
		assert.Contains(t, got.said, "ops: interrupted: what was made by then stays so")
	})
}
