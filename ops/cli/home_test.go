package cli

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// home is a git repository with the project's scripts and settings, whose
// outside programs are fakes: each a shell script that stands first on PATH
// and in bin/. They append to $CALLS what they are asked.
type home struct {
	t             *testing.T
	folder, calls string
}

func newHome(t *testing.T, fakes map[string]string) *home {
	t.Helper()
	h := &home{t: t, folder: filepath.Join(t.TempDir(), "project"), calls: filepath.Join(t.TempDir(), "calls")}
	require.NoError(t, os.CopyFS(filepath.Join(h.folder, "scripts"), os.DirFS("../../scripts")))
	for _, file := range []string{"Pulumi.yaml", "Pulumi.dev.yaml", "Pulumi.prod.yaml"} {
		data, err := os.ReadFile("../../" + file)
		require.NoError(t, err)
		h.write(file, string(data), 0o644)
	}
	h.write(".gitignore", "/bin/\n", 0o644)
	h.write("bin/policy-pack", "", 0o755)
	h.write("bin/sim/simulated-stack", "#!/bin/sh\ncat \"$1\"\n", 0o755)
	for name, body := range fakes {
		h.write("bin/"+name, "#!/usr/bin/env bash\nset -euo pipefail\n"+body+"\n", 0o755)
	}
	t.Setenv("PATH", filepath.Join(h.folder, "bin")+":"+os.Getenv("PATH"))
	t.Setenv("CALLS", h.calls)
	t.Setenv("HISTORY", h.calls+".history")
	t.Setenv("STATE", h.calls+".state")
	h.git("init", "--quiet")
	h.commit("first")
	return h
}

func (h *home) write(path, text string, mode os.FileMode) {
	h.t.Helper()
	path = filepath.Join(h.folder, path)
	require.NoError(h.t, os.MkdirAll(filepath.Dir(path), 0o755))
	require.NoError(h.t, os.WriteFile(path, []byte(text), mode))
}

func (h *home) git(args ...string) string {
	h.t.Helper()
	args = append([]string{"-C", h.folder, "-c", "user.name=test", "-c", "user.email=test@example.com"}, args...)
	output, err := exec.CommandContext(h.t.Context(), "git", args...).CombinedOutput()
	require.NoError(h.t, err, string(output))
	return strings.TrimSpace(string(output))
}

// commit changes something and returns the commit's name.
func (h *home) commit(text string) string {
	h.t.Helper()
	h.write("change.txt", text, 0o644)
	h.git("add", ".")
	h.git("commit", "--quiet", "-m", text)
	return h.git("rev-parse", "HEAD")
}

// answer is how a command line of ops ended.
type answer struct {
	code      int
	out, said string
	called    string // what the fakes were asked
}

// ops runs one command line in the project's folder.
func (h *home) ops(args ...string) answer { return h.opsUntil(h.t.Context(), args...) }

func (h *home) opsUntil(ctx context.Context, args ...string) answer {
	h.t.Helper()
	require.NoError(h.t, os.WriteFile(h.calls, nil, 0o600))
	var out, said bytes.Buffer
	code := Run(ctx, args, Streams{In: strings.NewReader(""), Out: &out, Err: &said, Root: h.folder, Getenv: os.Getenv})
	called, err := os.ReadFile(h.calls)
	require.NoError(h.t, err)
	return answer{code: code, out: out.String(), said: said.String(), called: string(called)}
}

// untouched: the work tree is as it was, and there is no other one.
func (h *home) untouched() {
	h.t.Helper()
	assert.Empty(h.t, h.git("status", "--porcelain"), "the work tree is as it was")
	assert.NotContains(h.t, h.git("worktree", "list"), "\n")
}

// inWorktree is a fake that tells the commit and the web image's digest of the folder it runs in.
const inWorktree = `echo "$(basename "$0") $* at $(git rev-parse HEAD), web $(sed -n 's/^      web: sha256:\(.\).*/\1/p' "${STACK_FILE:-Pulumi.dev.yaml}")" >>"$CALLS"`

// fakePulumi answers with $HISTORY and $STATE, files, and tells of anything else.
const fakePulumi = `case "$1 $2" in
"stack history") cat "$HISTORY" ;;
"stack export") cat "$STATE" ;;
*) ` + inWorktree + `; exit "${PULUMI_ENDS:-0}" ;;
esac`

// historyEntry is an entry of Pulumi's history; an image's digest is one character, 64 times.
func historyEntry(result, commit, digest string) string {
	var digests []string
	for _, image := range []string{"web", "scheduler", "worker", "dag-processor", "triggerer", "agent"} {
		digests = append(digests, fmt.Sprintf(`\"%s\":\"sha256:%s\"`, image, strings.Repeat(digest, 64)))
	}
	return fmt.Sprintf(`{"kind": "update", "result": %q, "message": "commit %s", "environment": {}, "startTime": "then",
		"config": {"airflow:images": {"value": "{\"digests\":{%s}}", "secret": false}}}`, result, commit, strings.Join(digests, ","))
}

// setHistory says what Pulumi's history has, newest first.
func (h *home) setHistory(updates ...string) {
	h.t.Helper()
	require.NoError(h.t, os.WriteFile(h.calls+".history", []byte("["+strings.Join(updates, ",")+"]"), 0o600))
}

// setState says what Pulumi's state is.
func (h *home) setState(state []byte) {
	h.t.Helper()
	require.NoError(h.t, os.WriteFile(h.calls+".state", state, 0o600))
}
