// Package celerytest runs a real Redis and real Celery workers for tests. They
// listen on loopback and end with the test. A test whose programs are not
// installed is skipped with a line that says what to install.
package celerytest

import (
	"context"
	_ "embed"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/pathwai/airflow-on-fargate/agent/internal/locked"
	"github.com/pathwai/airflow-on-fargate/agent/internal/loopback"
)

//go:embed app.py
var application []byte

// Redis is a server that can be stopped and started again at the same port
// with its memory lost.
type Redis struct {
	t    testing.TB
	args []string
	host string
	port int
	cmd  *exec.Cmd
}

// StartRedis starts a server; args are appended to its command line, where
// PORT stands for the chosen port.
func StartRedis(t testing.TB, args ...string) *Redis {
	t.Helper()
	host, port := loopback.Free(t)
	return StartRedisAt(t, host, port, args...)
}

// StartRedisAt is [StartRedis] at an address that the test has chosen.
func StartRedisAt(t testing.TB, host string, port int, args ...string) *Redis {
	t.Helper()
	if _, err := exec.LookPath("redis-server"); err != nil {
		t.Skip("SKIP: needs redis-server: apt-get install redis-server")
	}
	r := &Redis{t: t, host: host, port: port}
	if len(args) == 0 {
		args = []string{"--port", "PORT"}
	}
	for i := range args {
		if args[i] == "PORT" {
			args[i] = strconv.Itoa(r.port)
		}
	}
	r.args = append([]string{"--bind", r.host, "--save", "", "--appendonly", "no", "--dir", t.TempDir()}, args...)
	r.Start()
	t.Cleanup(r.Stop)
	return r
}

// Address is the server's host and port.
func (r *Redis) Address() string { return net.JoinHostPort(r.host, strconv.Itoa(r.port)) }

// URL is the broker URL of a server without TLS and password.
func (r *Redis) URL() string { return "redis://" + r.Address() + "/0" }

// Start starts the stopped server and waits until it accepts connections.
func (r *Redis) Start() {
	r.t.Helper()
	r.cmd = exec.CommandContext(context.Background(), "redis-server", r.args...)
	r.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := r.cmd.Start(); err != nil {
		r.t.Fatalf("redis-server: %v", err)
	}
	Eventually(r.t, "redis-server accepts connections", func() bool {
		var dialer net.Dialer
		conn, err := dialer.DialContext(context.Background(), "tcp", r.Address())
		if err != nil {
			return false
		}
		return conn.Close() == nil
	})
}

// Stop kills the server: all it knew is gone.
func (r *Redis) Stop() {
	if r.cmd == nil {
		return
	}
	_ = r.cmd.Process.Kill()
	_ = r.cmd.Wait()
	r.cmd = nil
}

// Worker is a Celery worker process and its pool.
type Worker struct {
	// Name is what Celery calls the worker.
	Name string
	t    testing.TB
	cmd  *exec.Cmd
	log  *locked.Buffer
	gone chan struct{}
}

// App is the Celery application of the tests, tied to one broker.
type App struct {
	// Environment is given to the workers in addition, as NAME=value.
	Environment []string
	// Pool is the workers' pool in Celery's form, at first the image's.
	Pool string

	t              testing.TB
	python, folder string
	broker         string
}

// NewApp prepares the application for a broker URL.
func NewApp(t testing.TB, broker string) *App {
	t.Helper()
	python := findPython(t)
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "app.py"), application, 0o600); err != nil {
		t.Fatal(err)
	}
	return &App{Pool: "airflow_fargate.pool:TaskPool", t: t, python: python, folder: folder, broker: broker}
}

// imageModules is the folder of the modules that the image adds to Python's path.
func imageModules(t testing.TB) string {
	t.Helper()
	_, here, _, _ := runtime.Caller(0)
	folder := filepath.Join(filepath.Dir(here), "../../../docker/airflow/python")
	if _, err := os.Stat(folder); err != nil {
		t.Fatal(err)
	}
	return folder
}

func findPython(t testing.TB) string {
	t.Helper()
	candidates := []string{os.Getenv("AGENT_TEST_PYTHON"), "python3"}
	for _, python := range candidates {
		if python != "" && exec.CommandContext(context.Background(), python, "-c", "import celery, redis").Run() == nil {
			return python
		}
	}
	t.Skip("SKIP: needs a Python with celery: pip install 'celery[redis]==5.6.2', " +
		"or name one that has it in AGENT_TEST_PYTHON")
	return ""
}

func (a *App) command(args ...string) *exec.Cmd {
	cmd := exec.CommandContext(context.Background(), a.python, args...)
	cmd.Dir = a.folder
	cmd.Env = append(os.Environ(), "TEST_BROKER="+a.broker, "TEST_CATATONIC="+a.catatonicFile(), "TEST_END="+filepath.Join(a.folder, "end"),
		"TEST_POOL="+a.Pool, "PYTHONPATH="+imageModules(a.t), "PYTHONDONTWRITEBYTECODE=1")
	cmd.Env = append(cmd.Env, a.Environment...)
	// A group of its own, so that the pool's processes can be ended with it.
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
	return cmd
}

func (a *App) catatonicFile() string { return filepath.Join(a.folder, "catatonic") }

// Catatonic makes the application's workers take no message any more while
// they answer all commands, or heals them.
func (a *App) Catatonic(on bool) {
	a.t.Helper()
	var err error
	if on {
		err = os.WriteFile(a.catatonicFile(), nil, 0o600)
	} else {
		err = os.Remove(a.catatonicFile())
	}
	if err != nil {
		a.t.Fatal(err)
	}
}

// Nap queues n tasks that sleep.
func (a *App) Nap(queue string, n int, d time.Duration) {
	a.t.Helper()
	a.queue(fmt.Sprintf("for _ in range(%d): app.nap.apply_async((%f,), queue=%q)", n, d.Seconds(), queue))
}

// Work queues n tasks that run until [App.End].
func (a *App) Work(queue string, n int) {
	a.t.Helper()
	a.queue(fmt.Sprintf("for _ in range(%d): app.work.apply_async(queue=%q)", n, queue))
}

// End lets the tasks of [App.Work] succeed.
func (a *App) End() {
	a.t.Helper()
	if err := os.WriteFile(filepath.Join(a.folder, "end"), nil, 0o600); err != nil {
		a.t.Fatal(err)
	}
}

func (a *App) queue(code string) {
	a.t.Helper()
	if out, err := a.command("-c", "import app\n"+code).CombinedOutput(); err != nil {
		a.t.Fatalf("queueing tasks: %v\n%s", err, out)
	}
}

// StartWorker starts a worker and waits until it says that it is ready.
func (a *App) StartWorker(name, queues string, concurrency int) *Worker {
	a.t.Helper()
	w := &Worker{Name: name, t: a.t, log: &locked.Buffer{}, gone: make(chan struct{})}
	w.cmd = a.command("-m", "celery", "-A", "app", "worker", "-n", name, "-Q", queues,
		"-c", strconv.Itoa(concurrency), "--without-mingle", "--without-gossip", "--loglevel", "INFO")
	w.cmd.Stdout, w.cmd.Stderr = w.log, w.log
	if err := w.cmd.Start(); err != nil {
		a.t.Fatalf("celery: %v", err)
	}
	go func() {
		_ = w.cmd.Wait()
		close(w.gone)
	}()
	a.t.Cleanup(func() {
		_ = syscall.Kill(-w.cmd.Process.Pid, syscall.SIGKILL)
		<-w.gone
		if a.t.Failed() {
			a.t.Logf("log of %s:\n%s", name, w.log.String())
		}
	})
	Eventually(a.t, "the worker is ready", func() bool { return w.Said(" ready.") })
	return w
}

// Said tells whether the worker's log holds a text.
func (w *Worker) Said(text string) bool { return strings.Contains(w.log.String(), text) }

// Log is what the worker said so far.
func (w *Worker) Log() string { return w.log.String() }

// Signal sends a signal to the worker's main process, as ECS does.
func (w *Worker) Signal(s syscall.Signal) {
	w.t.Helper()
	if err := w.cmd.Process.Signal(s); err != nil {
		w.t.Fatalf("signal %s: %v", s, err)
	}
}

// Gone tells whether the worker's main process ended.
func (w *Worker) Gone() bool {
	select {
	case <-w.gone:
		return true
	default:
		return false
	}
}

// Running counts the processes of this name that the worker's tasks started.
func (w *Worker) Running(name string) int {
	w.t.Helper()
	// It ends with 1 when there is none.
	out, err := exec.CommandContext(context.Background(), "pgrep", "-c", "-g", strconv.Itoa(w.cmd.Process.Pid), "-x", name).Output()
	n, fault := strconv.Atoi(strings.TrimSpace(string(out)))
	if fault != nil {
		w.t.Fatalf("pgrep: %q: %v", out, err)
	}
	return n
}

// patience is how long a busy machine may take for anything.
const patience = 3 * time.Minute

// Eventually waits until cond holds, and fails the test when it doesn't. How
// soon it holds is nothing that it shows.
func Eventually(t testing.TB, what string, cond func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(25 * time.Millisecond) {
		if cond() {
			return
		}
	}
	t.Fatalf("not within %s: %s", patience, what)
}
