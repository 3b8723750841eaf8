package metrics

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/pathwai/airflow-on-fargate/agent/emf"
	"github.com/pathwai/airflow-on-fargate/agent/internal/celerytest"
	"github.com/pathwai/airflow-on-fargate/agent/internal/locked"
	"github.com/pathwai/airflow-on-fargate/agent/internal/loopback"
	"github.com/pathwai/airflow-on-fargate/agent/internal/pgtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// lines collects what a publisher prints.
type lines struct{ locked.Buffer }

// all returns the values of a metric of a queue or pool, or of neither (""), one
// entry a line, as JSON.
func (l *lines) all(t *testing.T, name, metric string) []string {
	t.Helper()
	var values []string
	for _, text := range strings.Split(strings.TrimSpace(l.String()), "\n") {
		if text == "" {
			continue
		}
		var line map[string]json.RawMessage
		require.NoError(t, json.Unmarshal([]byte(text), &line), text)
		require.Equal(t, `"pathwai-airflow-test"`, string(line["Stack"]))
		of := string(line["Queue"]) + string(line["Pool"])
		if value, has := line[metric]; has && strings.Trim(of, `"`) == name {
			values = append(values, string(value))
		}
	}
	return values
}

func (l *lines) last(t *testing.T, queue, metric string) string {
	t.Helper()
	all := l.all(t, queue, metric)
	if len(all) == 0 {
		return ""
	}
	return all[len(all)-1]
}

type running struct {
	*lines
	t       *testing.T
	address string
	statsd  string
	log     *lines
	stop    func()
}

func start(t *testing.T, url string, change func(*settings)) *running {
	t.Helper()
	config, err := sessionConfig(url)
	require.NoError(t, err)
	r := &running{lines: &lines{}, log: &lines{}, t: t, address: loopback.Address(t), statsd: loopback.Address(t)}
	s := settings{
		database: config, stack: "pathwai-airflow-test", listen: r.address, statsd: r.statsd, queues: []string{"default", "large"},
		interval: 100 * time.Millisecond, workersInterval: 200 * time.Millisecond,
	}
	if change != nil {
		change(&s)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() {
		ended <- serve(ctx, s, emf.NewWriter(r.lines, "Airflow"), slog.New(slog.NewJSONHandler(r.log, nil)))
	}()
	var once sync.Once
	r.stop = func() {
		once.Do(func() {
			cancel()
			require.NoError(t, <-ended)
		})
	}
	t.Cleanup(r.stop)
	return r
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

func (r *running) eventually(queue, metric, value string) {
	r.t.Helper()
	celerytest.Eventually(r.t, fmt.Sprintf("%s of %q is %s", metric, queue, value), func() bool {
		return r.last(r.t, queue, metric) == value
	})
}

const task = `INSERT INTO task_instance (id, task_id, dag_id, run_id, state, queue, queued_dttm, end_date, duration, last_heartbeat_at) `

func TestPublishes(t *testing.T) {
	pg, url := pgtest.Airflow(t)
	r := start(t, url, nil)
	r.eventually("default", "Backlog", "0")
	r.eventually("large", "Backlog", "0")
	require.Empty(t, r.all(t, "", "SchedulerHeartbeatAgeSeconds"), "what never ran has no age")
	require.Equal(t, 200, r.status("/readyz"))
	require.Equal(t, 200, r.status("/healthz"))

	pg.Exec(url, task+`
		SELECT gen_random_uuid(), q || s || i, 'd', 'r', s, q, now() - interval '90 s', NULL, NULL, NULL
		  FROM (VALUES ('queued', 'default', 3), ('running', 'default', 2), ('scheduled', 'default', 5), ('deferred', 'default', 5),
		               ('restarting', 'large', 1), ('running', 'other', 1), ('success', 'large', 9)) AS v (s, q, n), generate_series(n * 100, n * 101 - 1) i`)
	r.eventually("default", "Backlog", "5")
	require.Regexp(t, `^(9\d|1\d\d)(\.\d+)?$`, r.last(t, "default", "OldestQueuedSeconds"))
	r.eventually("other", "Backlog", "1")
	require.Equal(t, "0", r.last(t, "other", "OldestQueuedSeconds"), "nothing waits")
	require.Equal(t, "1", r.last(t, "large", "Backlog"), "it is restarting: a worker holds it")

	begin := time.Now()
	pg.Exec(url, `INSERT INTO job (job_type, state, latest_heartbeat) VALUES
		('SchedulerJob', 'failed', now() - interval '1 day'), ('SchedulerJob', 'running', now() - interval '7 s'),
		('TriggererJob', 'success', now() - interval '1 h'), ('Cleanup', 'success', now() - interval '2 h'), ('DagProcessorJob', 'running', now() + interval '5 min'), ('SchedulerJob', 'running', NULL)`)
	celerytest.Eventually(t, "heartbeats", func() bool { return r.last(t, "", "TriggererHeartbeatAgeSeconds") != "" })
	require.Equal(t, "0", r.last(t, "", "DagProcessorHeartbeatAgeSeconds"), "a clock ahead is no negative age")
	for metric, age := range map[string]float64{
		"SchedulerHeartbeatAgeSeconds": 7, "TriggererHeartbeatAgeSeconds": 3600, // a job that was stopped goes on ageing
		"CleanupAgeSeconds": 7200,
	} {
		var told float64
		require.NoError(t, json.Unmarshal([]byte(r.last(t, "", metric)), &told), metric)
		require.GreaterOrEqual(t, told, age, metric)
		require.LessOrEqual(t, told, age+time.Since(begin).Seconds(), metric)
	}

	r.eventually("", "TaskFailures", "0")
	r.Reset()
	pg.Exec(url, task+`VALUES
		(gen_random_uuid(), 'a', 'd', 'e', 'success', 'default', now(), now(), 1.5, now()),
		(gen_random_uuid(), 'b', 'd', 'e', 'failed', 'default', now(), now() - interval '2 s', 2.5, now() - interval '5 min'),
		(gen_random_uuid(), 'c', 'd', 'e', 'up_for_retry', 'default', now(), now() + interval '2 s', 3.5, now()),
		(gen_random_uuid(), 'd', 'd', 'e', 'failed', 'default', now(), now(), NULL, now()),
		(gen_random_uuid(), 'f', 'd', 'e', 'failed', 'default', now(), now(), NULL, NULL), -- no worker had it
		(gen_random_uuid(), 'g', 'd', 'e', 'failed', 'default', now(), now(), 'Infinity', now() - interval '2 h'), -- its trigger gave up
		(gen_random_uuid(), 'h', 'd', 'e', 'upstream_failed', 'default', now(), now(), NULL, NULL),
		(gen_random_uuid(), 'e', 'd', 'e', 'failed', 'default', now(), now() - interval '1 h', 9, now() - interval '1 h')`)
	failures, durations := 0, []float64{}
	celerytest.Eventually(t, "all are told", func() bool {
		failures, durations = 0, nil
		for _, text := range r.all(t, "", "TaskFailures") {
			var n int
			require.NoError(t, json.Unmarshal([]byte(text), &n))
			failures += n
		}
		for _, text := range r.all(t, "", "TaskDurationSeconds") {
			var values []float64
			require.NoError(t, json.Unmarshal([]byte(text), &values))
			durations = append(durations, values...)
		}
		return failures >= 3 && slices.Contains(durations, 3.5)
	})
	// The one that ended 2 s before, while nobody could have seen it, belongs
	// to this publisher only if it had begun by then.
	require.Subset(t, durations, []float64{1.5, 3.5})
	require.NotContains(t, durations, 9.0, "ended long before")
	require.LessOrEqual(t, len(durations), 3)
	require.Contains(t, []int{3, 4}, failures)
	require.Equal(t, len(durations) == 3, failures == 4, "each attempt is told once")
}

// Times and durations that are none, as no Airflow writes them, are left out:
// they neither stop the rest nor end the publisher.
func TestTimesThatAreNone(t *testing.T) {
	pg, url := pgtest.Airflow(t)
	pg.Exec(url, task+`VALUES
		(gen_random_uuid(), 'a', 'd', 'r', 'queued', 'default', '-infinity', NULL, NULL, NULL),
		(gen_random_uuid(), 'b', 'd', 'r', 'queued', 'large', 'infinity', NULL, NULL, NULL),
		(gen_random_uuid(), 'c', 'd', 'r', 'failed', 'default', now(), 'infinity', 'NaN', 'infinity'),
		(gen_random_uuid(), 'd', 'd', 'r', 'success', 'default', now(), now() + interval '1 min', 'NaN', now())`)
	pg.Exec(url, `INSERT INTO job (job_type, latest_heartbeat) VALUES ('SchedulerJob', '-infinity'), ('TriggererJob', 'infinity'), ('TriggererJob', now() - interval '1 h');
		INSERT INTO dag (dag_id, is_stale, last_parse_duration) VALUES ('a', false, 'NaN'), ('b', false, 'Infinity'), ('c', false, 1.5)`)
	r := start(t, url, nil)
	r.eventually("default", "Backlog", "1")
	r.eventually("large", "Backlog", "1")
	r.eventually("", "SlowestParseSeconds", "1.5")
	require.Equal(t, "0", r.last(t, "default", "OldestQueuedSeconds"))
	require.Empty(t, r.all(t, "", "SchedulerHeartbeatAgeSeconds"))
	require.NotEmpty(t, r.all(t, "", "TriggererHeartbeatAgeSeconds"))
	require.Empty(t, r.all(t, "", "TaskDurationSeconds"))
	require.Equal(t, 200, r.status("/readyz"))
}

func TestADatabaseRestartPublishesNothingFalse(t *testing.T) {
	pg, url := pgtest.Airflow(t)
	pg.Exec(url, task+`VALUES (gen_random_uuid(), 'a', 'd', 'r', 'running', 'default', now(), NULL, NULL, now())`)
	r := start(t, url, nil)
	r.eventually("default", "Backlog", "1")
	pg.Stop()
	celerytest.Eventually(t, "not ready", func() bool { return r.status("/readyz") == 503 })
	r.Reset()
	time.Sleep(2 * time.Second)
	require.Empty(t, r.String(), "nothing is known, nothing is said")
	require.Equal(t, 200, r.status("/healthz"), "a restart of this one would not help")
	pg.Run()
	r.eventually("default", "Backlog", "1")
	require.NotContains(t, r.all(t, "default", "Backlog"), "0")
	require.Contains(t, r.log.String(), "nothing is published")
}

func TestAFailingQueryPublishesNothing(t *testing.T) {
	pg, url := pgtest.Airflow(t)
	r := start(t, url, nil)
	r.eventually("default", "Backlog", "0")
	pg.Exec(url, "ALTER TABLE job RENAME TO elsewhere")
	celerytest.Eventually(t, "not ready", func() bool { return r.status("/readyz") == 503 })
	r.Reset()
	time.Sleep(time.Second)
	require.Empty(t, r.String())
}

func TestOnlyOneOfTwoPublishes(t *testing.T) {
	pg, url := pgtest.Airflow(t)
	one := start(t, url, nil)
	one.eventually("default", "Backlog", "0")
	two := start(t, url, nil)
	celerytest.Eventually(t, "the second waits", func() bool { return two.status("/readyz") == 200 })
	time.Sleep(time.Second)
	require.Empty(t, two.String())

	// A task ends, and before it is told the first is gone: the second tells it.
	pg.Exec(url, task+`VALUES (gen_random_uuid(), 'a', 'd', 'e', 'failed', 'default', now(), now(), 4.5, now())`)
	one.stop()
	two.eventually("default", "Backlog", "0")
	celerytest.Eventually(t, "told", func() bool {
		return len(one.all(t, "", "TaskDurationSeconds"))+len(two.all(t, "", "TaskDurationSeconds")) > 0
	})

	// A publisher that is frozen loses its session, and with it the lock.
	ctx := t.Context()
	config, err := sessionConfig(url)
	require.NoError(t, err)
	require.Equal(t, "120000", config.RuntimeParams["idle_session_timeout"])
	frozen := session{config: config}
	two.stop()
	frozen.config.RuntimeParams["idle_session_timeout"] = "5000"
	celerytest.Eventually(t, "the database has seen the second go", func() bool {
		require.NoError(t, frozen.ensure(ctx))
		return frozen.leader
	})
	defer frozen.drop()
	three := start(t, url, nil)
	three.eventually("default", "Backlog", "0")
}

// A DAG may name its queues as it likes: every line stays one that CloudWatch
// takes, their number is bounded, and no task is lost from the sums.
func TestQueuesThatNobodyAskedFor(t *testing.T) {
	pg, url := pgtest.Airflow(t)
	r := start(t, url, nil)
	r.eventually("default", "Backlog", "0")
	pg.Exec(url, task+`SELECT gen_random_uuid(), 'a', 'd', 'r' || i, 'queued', q, now() + interval '5 min', NULL, NULL, NULL
		FROM unnest(ARRAY['größe', E'a\tb', ':x', ' ', '']) WITH ORDINALITY AS v (q, i)`)
	for _, name := range []string{"gr%C3%B6%C3%9Fe", "a%09b", "%3Ax", "%20", othersQueue} {
		r.eventually(name, "Backlog", "1")
		require.Equal(t, "0", r.last(t, name, "OldestQueuedSeconds"), "a clock ahead is no negative age")
	}
	pg.Exec(url, task+`SELECT gen_random_uuid(), 'b', 'd', 'r' || i, 'queued', 'made-up-' || i, now(), NULL, NULL, NULL FROM generate_series(1, 2000) i`)
	r.eventually(othersQueue, "Backlog", fmt.Sprint(1+2000-(maxOthers-4)))
	r.Reset()
	r.eventually("default", "Backlog", "0")
	r.stop()
	names := map[string]bool{}
	for _, text := range strings.Split(strings.TrimSpace(r.String()), "\n") {
		var line struct{ Queue string }
		require.NoError(t, json.Unmarshal([]byte(text), &line))
		names[line.Queue] = true
	}
	require.LessOrEqual(t, len(names), 2+maxOthers+1+1, "asked for, others, the rest, and the lines without a queue")
	require.Equal(t, 1, strings.Count(r.log.String(), "too many queues"))
}

func TestWorkersAreCounted(t *testing.T) {
	_, url := pgtest.Airflow(t)
	redis := celerytest.StartRedis(t)
	r := start(t, url, func(s *settings) { s.broker = redis.URL() })
	r.eventually("default", "Workers", "0")
	celerytest.NewApp(t, redis.URL()).StartWorker("celery@one", "default", 1)
	r.eventually("default", "Workers", "1")
	require.Equal(t, "0", r.last(t, "large", "Workers"))
	redis.Stop()
	celerytest.Eventually(t, "told", func() bool {
		return strings.Contains(r.log.String(), "can't be counted")
	})
	r.Reset()
	celerytest.Eventually(t, "the backlog goes on without the broker", func() bool {
		return len(r.all(t, "default", "Backlog")) > 5
	})
	require.Empty(t, r.all(t, "default", "Workers"), "unknown is not zero")
}

func TestABrokenOutputEndsTheCommand(t *testing.T) {
	_, url := pgtest.Airflow(t)
	config, err := sessionConfig(url)
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	_, broken := io.Pipe()
	require.NoError(t, broken.CloseWithError(io.ErrClosedPipe))
	err = serve(ctx, settings{database: config, stack: "s", listen: "127.0.0.1:0", statsd: "127.0.0.1:0", queues: []string{"default"}, interval: time.Second},
		emf.NewWriter(broken, "Airflow"), slog.New(slog.NewJSONHandler(io.Discard, nil)))
	require.ErrorIs(t, err, io.ErrClosedPipe)
}
