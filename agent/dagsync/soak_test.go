package dagsync

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/pathwai/airflow-on-fargate/agent/cli"
	"github.com/stretchr/testify/require"
)

// CI runs a short form of these; make soak the long one.
var (
	kills     = flag.Int("soak.kills", 25, "how often the agent is killed")
	publishes = flag.Int("soak.publishes", 60, "how many versions are published under a reader")
)

// child starts the agent as a process of its own.
func (w *world) child(args ...string) *exec.Cmd {
	source := "s3://" + w.config.pairs[0].Bucket + "/" + prefix
	all := append([]string{"dagsync", "--source", source, "--target", w.target, "--listen", "127.0.0.1:0"}, args...)
	cmd := exec.Command(os.Args[0], all...)
	cmd.Env = append([]string{asChild + "=1", "HOME=" + w.t.TempDir()}, w.s3.Environment()...)
	cmd.Stderr = w.logs
	return cmd
}

// aVersion makes the files of one version: some change with each, some never,
// some come and go, some turn from file to folder and back.
func aVersion(n int) files {
	stamp := func(every int) string { return fmt.Sprintf("version %d\n%s", n/every, strings.Repeat("#", 200)) }
	v := files{"always.py": stamp(1), "pkg/__init__.py": "", "pkg/always.py": stamp(1)}
	for i := range 60 {
		v[fmt.Sprintf("d%d/slow%d.py", i%6, i)] = stamp(3 + i)
	}
	for i := range 20 {
		if (n+i)%3 > 0 {
			v[fmt.Sprintf("comes/and/goes%d.py", i)] = stamp(1)
		}
	}
	if n%2 == 0 {
		v["turns"] = stamp(1)
	} else {
		v["turns/into.py"] = stamp(1)
	}
	return v
}

// change takes the bucket from one version to the next.
func (w *world) change(from, to files) {
	for key := range from {
		if _, stays := to[key]; !stays {
			w.s3.Delete(prefix + key)
		}
	}
	for key, text := range to {
		if old, there := from[key]; !there || old != text {
			w.s3.Put(prefix+key, text)
		}
	}
}

// TestKill kills the agent at random moments while it publishes version after
// version. Each time readers must see one whole version, the newest or one
// before it; what the agent left behind must not hinder the next.
func TestKill(t *testing.T) {
	w := newWorld(t)
	current := aVersion(0)
	w.change(nil, current)
	require.NoError(t, w.child("--once").Run(), "%s", w.logs.String())
	// The delay before a kill is drawn from a span that follows the machine's
	// speed, so that about half of the kills come before the new tree is shown.
	span := w.timeOnce()
	history := []files{current}
	moved, stayed := 0, 0
	for n := 1; n <= *kills; n++ {
		next := aVersion(n)
		w.change(current, next)
		current = next
		history = append(history, current)
		before := w.seen(history, n-1)

		args := []string{"--once"}
		if n%2 == 0 {
			args = []string{"--interval", "100ms", "--keep", "0s"}
		}
		cmd := w.child(args...)
		require.NoError(t, cmd.Start())
		time.Sleep(time.Duration(rand.Int64N(int64(2 * span))))
		require.NoError(t, cmd.Process.Signal(syscall.SIGKILL))
		_ = cmd.Wait() // it was killed, or had just ended
		after := w.seen(history, n)
		require.GreaterOrEqual(t, after, before, "readers went back in time")
		if after > before {
			moved++
			span -= span / 8
		} else {
			stayed++
			span += span / 8
		}
		if n%20 == 0 {
			w.once(cli.ExitOK)
			w.sees(current)
			w.wholeTrees()
		}
	}
	w.config.keep = 0
	w.once(cli.ExitOK)
	w.once(cli.ExitOK)
	w.sees(current)
	w.wholeTrees()
	require.Empty(t, w.rest())
	t.Logf("%d kills: a new version was shown before %d of them, not before %d; no half file, no mixed tree", *kills, moved, stayed)
	require.Positive(t, moved)
	require.Positive(t, stayed)
}

// timeOnce is how long the agent takes for a version.
func (w *world) timeOnce() time.Duration {
	w.s3.Put(prefix+"always.py", "other")
	begin := time.Now()
	require.NoError(w.t, w.child("--once").Run(), "%s", w.logs.String())
	return time.Since(begin)
}

// seen says which version readers see: it must be exactly one of them.
func (w *world) seen(history []files, newest int) int {
	w.t.Helper()
	got := readersSee(w.target)
	for n := newest; n >= 0; n-- {
		if equal(got, history[n]) {
			return n
		}
	}
	if got["always.py"] == "other" {
		return 0 // the tree of timeOnce
	}
	for key, text := range history[newest] {
		if got[key] != text {
			w.t.Errorf("%s: %.20q, in version %d it is %.20q", key, got[key], newest, text)
		}
	}
	require.Fail(w.t, "readers see no whole version")
	return -1
}

// reader is a Python process that imports again and again, as Airflow does.
// It resolves the path once for each round.
const reader = `
import importlib, json, os, sys
path, rounds, seen = sys.argv[1], 0, set()
sys.dont_write_bytecode = False
print("ready", flush=True)
stop = False
while not stop:
    stop = os.path.exists(sys.argv[2])
    root = os.path.realpath(path)
    sys.path[0] = root
    importlib.invalidate_caches()
    for name in [m for m in sys.modules if m == "dag" or m.startswith("part")]:
        del sys.modules[name]
    dag = importlib.import_module("dag")
    text = open(os.path.join(root, "query.sql")).read()
    versions = set(dag.versions) | {int(text)}
    assert len(dag.versions) == 21, dag.versions
    assert len(versions) == 1, versions
    rounds += 1
    seen |= versions
print(json.dumps({"rounds": rounds, "versions": len(seen), "last": max(seen)}), flush=True)
`

// release is one version of a package whose modules must not be mixed. Each
// has the same size in each version, so that only times tell them apart.
func release(n int) files {
	dag := "versions = []\n"
	v := files{"query.sql": fmt.Sprintf("%06d", n)}
	for i := range 20 {
		v[fmt.Sprintf("parts/part%d.py", i)] = fmt.Sprintf("VERSION = 1%06d - 1000000\n", n)
		dag += fmt.Sprintf("import parts.part%d; versions.append(parts.part%d.VERSION)\n", i, i)
	}
	v["parts/__init__.py"] = ""
	v["dag.py"] = fmt.Sprintf("%sversions.append(1%06d - 1000000)\n", dag, n)
	return v
}

// TestImportsDuringPublishes: a Python process imports a package of many
// modules all the time while new versions are published.
func TestImportsDuringPublishes(t *testing.T) {
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skipf("SKIPPED: there is no python3 on PATH: %v", err)
	}
	w := newWorld(t)
	current := release(0)
	w.change(nil, current)
	w.once(cli.ExitOK)
	stopFile := filepath.Join(t.TempDir(), "stop")
	cmd := exec.Command(python, "-c", reader, w.target, stopFile)
	cmd.Stderr = w.logs
	stdout, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	lines := bufio.NewScanner(stdout)
	require.True(t, lines.Scan(), "%s", w.logs.String())
	for n := 1; n <= *publishes; n++ {
		next := release(n)
		w.change(current, next)
		current = next
		w.once(cli.ExitOK)
	}
	require.NoError(t, os.WriteFile(stopFile, nil, 0o644))
	w.logs.Reset()
	ok := lines.Scan()
	text := lines.Text()
	require.NoError(t, cmd.Wait(), "%s", w.logs.String())
	require.True(t, ok)
	var result struct{ Rounds, Versions, Last int }
	require.NoError(t, json.Unmarshal([]byte(text), &result))
	t.Logf("%d publications, %d imports of 21 modules, %d versions seen: each import saw one version", *publishes, result.Rounds, result.Versions)
	require.Equal(t, *publishes, result.Last)
	require.Greater(t, result.Versions, *publishes/10)
}
