package guard

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/pathwai/airflow-on-fargate/agent/celery"
	"github.com/pathwai/airflow-on-fargate/agent/cli"
	"github.com/pathwai/airflow-on-fargate/agent/internal/celerytest"
	"github.com/pathwai/airflow-on-fargate/agent/internal/locked"
	"github.com/pathwai/airflow-on-fargate/agent/internal/loopback"
)

func TestMain(m *testing.M) {
	// go-redis's own look for a broker that is down ends up to a second after its client.
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/redis/go-redis/v9/internal/pool.(*ConnPool).tryDial"))
}

const name = "celery@guarded"

// patience is longer than a worker on a busy machine takes for an answer.
const patience = 10 * time.Second

// ecs stands for the ECS agent's protection endpoint.
type ecs struct {
	url string

	mu        sync.Mutex
	protected bool
	asked     []string
	fails     int // so many requests to protect fail
}

func startECS(t testing.TB) *ecs {
	t.Helper()
	e := &ecs{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		e.mu.Lock()
		defer e.mu.Unlock()
		body, _ := io.ReadAll(r.Body)
		e.asked = append(e.asked, r.Method+" "+r.URL.Path+" "+string(body))
		if e.fails > 0 && strings.Contains(string(body), "true") {
			e.fails--
			w.WriteHeader(http.StatusInternalServerError)
			_, _ = io.WriteString(w, `{"requestID":"1","error":{"Arn":"a","Code":"ServerException","Message":"later"}}`)
			return
		}
		var wish struct{ ProtectionEnabled bool }
		if json.Unmarshal(body, &wish) != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		e.protected = wish.ProtectionEnabled
		_, _ = fmt.Fprintf(w, `{"protection":{"ExpirationDate":"2026-01-01T00:00:00Z","ProtectionEnabled":%t,"TaskArn":"a"}}`, e.protected)
	}))
	t.Cleanup(server.Close)
	e.url = server.URL
	return e
}

func (e *ecs) isProtected() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.protected
}

type running struct {
	t       testing.TB
	address string
	stop    context.CancelFunc
	ended   chan error
	log     *locked.Buffer
}

func startGuard(t testing.TB, broker, agentURI string) *running {
	t.Helper()
	address := loopback.Address(t)
	ctx, cancel := context.WithCancel(context.Background())
	r := &running{t: t, address: address, stop: cancel, ended: make(chan error, 1), log: &locked.Buffer{}}
	s := settings{
		broker: broker, worker: name, listen: address, agentURI: agentURI, queues: []string{"default"},
		interval: 200 * time.Millisecond, patience: patience, releaseAfter: time.Second, protect: 3 * time.Minute,
	}
	go func() { r.ended <- serve(ctx, s, slog.New(slog.NewJSONHandler(r.log, nil))) }()
	t.Cleanup(r.end)
	celerytest.Eventually(t, "the guard listens", func() bool { return r.status("/healthz") == 200 })
	return r
}

// end is what SIGTERM does.
func (r *running) end() {
	r.stop()
	select {
	case err, ok := <-r.ended:
		if ok {
			close(r.ended)
			require.NoError(r.t, err)
		}
		if r.t.Failed() {
			r.t.Logf("the guard's log:\n%s", r.log)
		}
	case <-time.After(time.Minute):
		r.t.Error("the guard did not end")
	}
}

func (r *running) status(path string) int {
	client := http.Client{Timeout: 15 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Get("http://" + r.address + path)
	if err != nil {
		return 0
	}
	_ = response.Body.Close()
	return response.StatusCode
}

func (r *running) eventually(status int) {
	r.t.Helper()
	celerytest.Eventually(r.t, fmt.Sprintf("/worker answers %d", status), func() bool { return r.status("/worker") == status })
}

func TestABusyWorkerIsProtected(t *testing.T) {
	t.Parallel()
	redis := celerytest.StartRedis(t)
	app := celerytest.NewApp(t, redis.URL())
	e := startECS(t)
	e.fails = 2
	app.StartWorker(name, "default", 2)
	g := startGuard(t, redis.URL(), e.url)
	g.eventually(200)
	require.Equal(t, 200, g.status("/readyz"))

	app.Work("default", 1)
	celerytest.Eventually(t, "the task is protected, though ECS failed twice", e.isProtected)
	e.mu.Lock()
	require.Zero(t, e.fails)
	require.Contains(t, e.asked, `PUT /task-protection/v1/state {"ExpiresInMinutes":3,"ProtectionEnabled":true}`)
	e.mu.Unlock()
	require.Equal(t, 200, g.status("/worker"))
	app.End()
	celerytest.Eventually(t, "the task is released when idle", func() bool { return !e.isProtected() })
}

func TestSigtermStopsTheWorkerFromTakingWork(t *testing.T) {
	t.Parallel()
	redis := celerytest.StartRedis(t)
	app := celerytest.NewApp(t, redis.URL())
	w := app.StartWorker(name, "default", 2)
	g := startGuard(t, redis.URL(), "")
	app.Work("default", 1)
	g.eventually(200)
	celerytest.Eventually(t, "the task runs", func() bool { return w.Said("Task app.work[") })
	g.end()
	require.Contains(t, g.log.String(), "the worker takes no new work")
	celerytest.Eventually(t, "the worker gives up its queue", func() bool { return w.Said("Canceling queue default") })
	app.Nap("default", 1, 0)
	app.End()
	celerytest.Eventually(t, "the running task ends", func() bool { return w.Said("succeeded in") })
	time.Sleep(500 * time.Millisecond)
	require.False(t, w.Gone())
	require.Equal(t, "1", queueLength(t, redis), "the new task stays in the queue")
}

// A broker that is away when the task is told to stop is asked until it answers.
func TestSigtermWhileTheBrokerIsAway(t *testing.T) {
	t.Parallel()
	redis := celerytest.StartRedis(t)
	client, err := celery.Open(redis.URL(), name)
	require.NoError(t, err)
	log := new(locked.Buffer)
	g := newGuard(settings{worker: name, queues: []string{"default"}}, client, slog.New(slog.NewJSONHandler(log, nil)))
	redis.Stop()
	drained := make(chan struct{})
	go func() {
		defer close(drained)
		g.drain(context.Background())
	}()
	time.Sleep(time.Second)
	redis.Start()
	<-drained
	require.Contains(t, log.String(), "the worker has left the broker")
	require.NoError(t, client.Close(t.Context()))
}

// A warm shutdown, as Celery does on SIGTERM, must not hang the guard.
func TestSigtermToBoth(t *testing.T) {
	t.Parallel()
	redis := celerytest.StartRedis(t)
	app := celerytest.NewApp(t, redis.URL())
	w := app.StartWorker(name, "default", 2)
	g := startGuard(t, redis.URL(), "")
	app.Work("default", 1)
	g.eventually(200)
	celerytest.Eventually(t, "the task runs", func() bool { return w.Said("Task app.work[") })
	w.Signal(syscall.SIGTERM)
	g.end()
	app.End()
	celerytest.Eventually(t, "the worker ends", w.Gone)
	require.True(t, w.Said("succeeded in"), "the running task ended first")
}

// The soft shutdown that the platform sets: what doesn't end in time goes back
// to the queue.
func TestSigtermToBothWithASoftShutdown(t *testing.T) {
	t.Parallel()
	redis := celerytest.StartRedis(t)
	app := celerytest.NewApp(t, redis.URL())
	app.Environment = []string{"REMAP_SIGTERM=SIGQUIT", "TEST_SOFT_SHUTDOWN=3"}
	w := app.StartWorker(name, "default", 2)
	g := startGuard(t, redis.URL(), "")
	app.Work("default", 2)
	g.eventually(200)
	celerytest.Eventually(t, "both tasks run", func() bool { return strings.Count(w.Log(), "Task app.work[") == 2 })
	w.Signal(syscall.SIGTERM)
	g.end()
	app.Nap("default", 1, 0)
	celerytest.Eventually(t, "the worker ends", w.Gone)
	require.Equal(t, "3", queueLength(t, redis), "two came back, and none was taken")
}

func TestAFrozenWorkerIsSeen(t *testing.T) {
	t.Parallel()
	redis := celerytest.StartRedis(t)
	app := celerytest.NewApp(t, redis.URL())
	w := app.StartWorker(name, "default", 1)
	g := startGuard(t, redis.URL(), "")
	g.eventually(200)
	w.Signal(syscall.SIGSTOP)
	g.eventually(503)
	require.Equal(t, 200, g.status("/healthz"), "the guard itself is well")
	w.Signal(syscall.SIGCONT)
	g.eventually(200)
	w.Signal(syscall.SIGKILL)
	g.eventually(503)
}

func TestACatatonicWorkerIsSeen(t *testing.T) {
	t.Parallel()
	redis := celerytest.StartRedis(t)
	app := celerytest.NewApp(t, redis.URL())
	app.StartWorker(name, "default", 2)
	g := startGuard(t, redis.URL(), "")
	g.eventually(200)
	app.Catatonic(true)
	time.Sleep(1500 * time.Millisecond) // the wait that is under way ends within a second
	app.Nap("default", 2, time.Second)
	g.eventually(503)
	require.NotEqual(t, "0", queueLength(t, redis), "it answered all commands and took at most what was under way")
}

// Redis restarts with its memory lost: the worker's tasks go on, so the task
// must stay protected and healthy, and the worker must be seen to come back.
func TestABrokerRestartIsNotTheWorkersFault(t *testing.T) {
	t.Parallel()
	redis := celerytest.StartRedis(t)
	app := celerytest.NewApp(t, redis.URL())
	e := startECS(t)
	w := app.StartWorker(name, "default", 2)
	g := startGuard(t, redis.URL(), e.url)
	app.Work("default", 1)
	celerytest.Eventually(t, "the task is protected", e.isProtected)
	redis.Stop()
	for end := time.Now().Add(patience + 3*time.Second); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		require.Equal(t, 200, g.status("/worker"))
		require.True(t, e.isProtected())
	}
	require.Equal(t, 503, g.status("/readyz"))
	redis.Start()
	celerytest.Eventually(t, "the guard is back", func() bool { return g.status("/readyz") == 200 })
	celerytest.Eventually(t, "the worker is back and healthy", func() bool {
		return strings.Count(w.Log(), "Connected to redis") >= 2 && g.status("/worker") == 200 && strings.Count(g.log.String(), "the broker answers") > 0
	})
	app.Nap("default", 1, 0)
	celerytest.Eventually(t, "new work is taken", func() bool { return queueLength(t, redis) == "0" })
	require.True(t, e.isProtected())
	app.End()
	// A worker that sees the loss late may have put the long task back: then it
	// runs twice.
	celerytest.Eventually(t, "the long task ends", func() bool { return strings.Count(w.Log(), "succeeded in") >= 2 })
	celerytest.Eventually(t, "the task is released", func() bool { return !e.isProtected() })
	list := ""
	celerytest.Eventually(t, "the worker answers", func() bool { list = active(t, redis); return list != "" })
	require.Equal(t, "[]", list, "the worker knows of its end")
	require.Equal(t, 200, g.status("/worker"))
	w.Signal(syscall.SIGTERM)
	celerytest.Eventually(t, "the worker leaves: it waits for nobody", w.Gone)
	require.Equal(t, "0", queueLength(t, redis), "what ended was acknowledged")
}

// The image's pool is there for this alone: see docs/adr/0045.
func TestCelerysOwnPoolForgetsWhatRuns(t *testing.T) {
	t.Parallel()
	redis := celerytest.StartRedis(t)
	app := celerytest.NewApp(t, redis.URL())
	app.Pool = "prefork"
	w := app.StartWorker(name, "default", 2)
	app.Nap("default", 1, 10*time.Second)
	celerytest.Eventually(t, "the task runs", func() bool { return w.Said("Task app.nap[") })
	redis.Stop()
	redis.Start()
	celerytest.Eventually(t, "the worker is back", func() bool { return strings.Count(w.Log(), "Connected to redis") == 2 })
	time.Sleep(25 * time.Second) // the task has ended, on a busy machine as well
	list := ""
	celerytest.Eventually(t, "the worker answers", func() bool { list = active(t, redis); return list != "" })
	require.Contains(t, list, "nap", "Celery keeps what runs by itself now: airflow_fargate/pool.py can go")
}

// active is what the worker itself calls active.
func active(t testing.TB, redis *celerytest.Redis) string {
	t.Helper()
	c, err := celery.Open(redis.URL(), "spectator")
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	answers, err := c.Ask(ctx, name, celery.Command{Method: "active"})
	require.NoError(t, c.Close(context.WithoutCancel(ctx)))
	if err != nil {
		return "" // not yet
	}
	return string(answers[0])
}

func queueLength(t testing.TB, redis *celerytest.Redis) string {
	t.Helper()
	conn, err := net.Dial("tcp", redis.Address())
	require.NoError(t, err)
	defer func() { _ = conn.Close() }()
	_, err = io.WriteString(conn, "LLEN default\r\n")
	require.NoError(t, err)
	answer := make([]byte, 64)
	n, err := conn.Read(answer)
	require.NoError(t, err)
	return strings.TrimSpace(strings.TrimPrefix(string(answer[:n]), ":"))
}

func TestSettings(t *testing.T) {
	good := map[string]string{"AGENT_BROKER_URL": "rediss://:hush@h:6379/0", "AGENT_WORKER_QUEUES": "default,large"}
	invoke := func(env map[string]string, args ...string) (settings, int, string) {
		var stderr bytes.Buffer
		s, code, _ := parse(cli.Invocation{
			Args: args, Stdout: io.Discard, Stderr: &stderr,
			LookupEnv: func(k string) (string, bool) { v, ok := env[k]; return v, ok },
		})
		return s, code, stderr.String()
	}
	host, err := os.Hostname()
	require.NoError(t, err)
	s, code, stderr := invoke(good)
	require.Zero(t, code, stderr)
	require.Equal(t, "celery@"+host, s.worker)
	require.Equal(t, []string{"default", "large"}, s.queues)
	require.Equal(t, 30*time.Minute, s.protect)

	_, code, stderr = invoke(good, "--queue", "")
	require.Equal(t, cli.ExitUsage, code)
	require.Contains(t, stderr, "--queue: an empty name")
	wrong := map[string]string{
		"AGENT_BROKER_URL": "http://:hush@h", "AGENT_WORKER_QUEUES": "a,,b", "ECS_AGENT_URI": "169.254.170.2/api", "AGENT_LISTEN": "::1:9102",
	}
	_, code, stderr = invoke(wrong)
	require.Equal(t, cli.ExitUsage, code)
	require.NotContains(t, stderr, "hush")
	require.Contains(t, stderr, `ECS_AGENT_URI: "169.254.170.2/api" is no http address`)
	require.Equal(t, len(wrong)+1, strings.Count(stderr, "\n"), "all at once: %s", stderr)
	_, code, stderr = invoke(nil)
	require.Equal(t, cli.ExitUsage, code)
	require.Contains(t, stderr, "AGENT_BROKER_URL: not set")
	_, code, stderr = invoke(map[string]string{"AGENT_BROKER_URL": "rediss://:hush@h:6379/0?ssl_cert_reqs=none"})
	require.Equal(t, cli.ExitUsage, code)
	require.NotContains(t, stderr, "hush")
}
