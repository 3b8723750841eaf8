package dagsync

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/pathwai/airflow-on-fargate/agent/cli"
	"github.com/pathwai/airflow-on-fargate/agent/dagsync/bucket"
	"github.com/pathwai/airflow-on-fargate/agent/dagsync/tree"
	"github.com/pathwai/airflow-on-fargate/agent/emf"
	"github.com/pathwai/airflow-on-fargate/agent/internal/fakes3"
	"github.com/pathwai/airflow-on-fargate/agent/internal/locked"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"golang.org/x/sys/unix"
)

// asChild turns the test binary into the agent, for tests that kill it.
const asChild = "DAGSYNC_TEST_CHILD"

func TestMain(m *testing.M) {
	if os.Getenv(asChild) != "" {
		ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
		code := cli.Dispatch(ctx, []cli.Command{Command()}, cli.Invocation{
			Args: os.Args[1:], LookupEnv: os.LookupEnv, Stdout: os.Stdout, Stderr: os.Stderr,
		})
		stop()
		os.Exit(code)
	}
	unix.Umask(0o022)
	goleak.VerifyTestMain(m)
}

// world is a bucket, a target and all that a run of the agent needs.
type world struct {
	t      testing.TB
	s3     *fakes3.Server
	target string
	disk   *tree.Disk
	config config
	logs   *locked.Buffer
	out    *locked.Buffer
}

const prefix = "dev/"

func newWorld(t testing.TB) *world {
	t.Helper()
	s3, err := fakes3.Start()
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s3.Close()) })
	w := &world{
		t: t, s3: s3, target: filepath.Join(t.TempDir(), "sync", "dags"),
		disk: new(tree.Disk), logs: new(locked.Buffer), out: new(locked.Buffer),
	}
	w.config = config{
		options: options{
			interval: 100 * time.Millisecond, settle: 20 * time.Millisecond, keep: time.Hour,
			verifyEvery: time.Hour, report: time.Hour, lockWait: 200 * time.Millisecond, clock: time.Now,
		},
		pairs: []Pair{{Bucket: fakes3.Bucket, Prefix: prefix, Target: w.target, Name: "dags"}},
		once:  true, listen: "127.0.0.1:0", namespace: "Airflow", stack: "test",
	}
	return w
}

// run is one run of the agent, as its main would do it.
func (w *world) run(ctx context.Context) int {
	client, err := bucket.New(w.s3.Config(), "test")
	require.NoError(w.t, err)
	defer client.Close()
	return w.config.run(ctx, client, w.disk, emf.NewWriter(w.out, w.config.namespace), slog.New(slog.NewJSONHandler(w.logs, nil)))
}

// open makes the agent's inner parts, as the one writer.
func (w *world) open(t testing.TB) *syncer {
	client, err := bucket.New(w.s3.Config(), "test")
	require.NoError(t, err)
	t.Cleanup(client.Close)
	syncers, err := w.config.open(client, w.disk, nil, slog.New(slog.NewJSONHandler(w.logs, nil)))
	require.NoError(t, err)
	ok, err := syncers[0].mirror.lock()
	require.NoError(t, err)
	require.True(t, ok)
	return syncers[0]
}

// once runs the agent with --once and wants an exit code.
func (w *world) once(code int) {
	w.t.Helper()
	w.logs.Reset()
	require.Equal(w.t, code, w.run(w.t.Context()), "%s", w.logs.String())
}

// start runs the agent for ever; stop ends it and returns its exit code.
func (w *world) start() (stop func() int) {
	w.config.once = false
	ctx, cancel := context.WithCancel(w.t.Context())
	done := make(chan int, 1)
	go func() { done <- w.run(ctx) }()
	return func() int {
		cancel()
		select {
		case code := <-done:
			return code
		case <-time.After(time.Minute):
			require.Fail(w.t, "the agent doesn't stop")
			return -1
		}
	}
}

// showing puts files, and runs the agent for ever, until readers see them.
func (w *world) showing(want files) (stop func() int) {
	w.t.Helper()
	w.put(want)
	stop = w.start()
	w.eventually(want)
	return stop
}

// put writes files: key below the prefix to content.
func (w *world) put(files files) {
	for key, text := range files {
		w.s3.Put(prefix+key, text)
	}
}

// eventually waits until readers see just these files.
func (w *world) eventually(want files) {
	w.t.Helper()
	var got files
	require.Eventually(w.t, func() bool {
		got = readersSee(w.target)
		return equal(got, want)
	}, time.Minute, 5*time.Millisecond, "readers see %.200v", &got)
}

// looksAgain waits until a look that began after now has ended, and with it what
// the looks before removed.
func (w *world) looksAgain() {
	w.t.Helper()
	lists, _ := w.s3.Requests()
	require.Eventually(w.t, func() bool {
		now, _ := w.s3.Requests()
		return now >= lists+2
	}, time.Minute, 5*time.Millisecond)
}

func (w *world) sees(want files) {
	w.t.Helper()
	require.Equal(w.t, want, readersSee(w.target))
}

// rest is what lies in the store beside finished trees and the lock.
func (w *world) rest() []string {
	entries, err := os.ReadDir(w.home())
	require.NoError(w.t, err)
	var rest []string
	for _, e := range entries {
		name := strings.TrimSuffix(e.Name(), ".manifest")
		if name != "lock" && !strings.HasPrefix(name, "tree-") {
			rest = append(rest, e.Name())
		}
	}
	return rest
}

func (w *world) home() string { return filepath.Join(filepath.Dir(w.target), ".dags.sync") }

// before has something happen before each call of one kind to the disk, on paths that end so.
func (w *world) before(op, ending string, do func() error) {
	w.disk.Before = func(called, path string) error {
		if called == op && strings.HasSuffix(path, ending) {
			return do()
		}
		return nil
	}
}

// trees are the records of the trees there are.
func (w *world) trees() []string {
	list, err := filepath.Glob(w.home() + "/tree-*.manifest")
	require.NoError(w.t, err)
	return list
}

// metrics gives the newest metric line.
func (w *world) metrics() map[string]any {
	lines := strings.Split(strings.TrimSpace(w.out.String()), "\n")
	var m map[string]any
	require.NoError(w.t, json.Unmarshal([]byte(lines[len(lines)-1]), &m))
	return m
}

type files map[string]string

// readersSee reads what readers see through one resolved path, or nil when that
// can't be read in peace.
func readersSee(path string) files {
	root, err := filepath.EvalSymlinks(path)
	if err != nil {
		return nil
	}
	got := files{}
	err = filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		if strings.Contains(name, "__pycache__") {
			return nil
		}
		text, err := os.ReadFile(name)
		key, keyErr := filepath.Rel(root, name)
		got[key] = string(text)
		return errors.Join(err, keyErr)
	})
	if err != nil {
		return nil
	}
	return got
}

func equal(a, b files) bool {
	if len(a) != len(b) || a == nil || b == nil {
		return false
	}
	for key, text := range b {
		if got, ok := a[key]; !ok || got != text {
			return false
		}
	}
	return true
}
