package metrics

import (
	"log/slog"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pathwai/airflow-on-fargate/agent/emf"
	"github.com/pathwai/airflow-on-fargate/agent/internal/celerytest"
	"github.com/pathwai/airflow-on-fargate/agent/internal/pgtest"
)

func TestPoolsHaveTheRoomThatAirflowSees(t *testing.T) {
	pg, url := pgtest.Airflow(t)
	r := start(t, url, nil)
	r.eventually("default_pool", "PoolOpenSlots", "128")
	pg.Exec(url, `INSERT INTO slot_pool (pool, slots, include_deferred) VALUES ('small', 4, true), ('endless', -1, false);
		INSERT INTO task_instance (id, task_id, dag_id, run_id, pool, pool_slots, state)
		SELECT gen_random_uuid(), pool || state, 'd', 'r', pool, slots, state FROM (VALUES
			('default_pool', 'running', 2), ('default_pool', 'queued', 1), ('default_pool', 'deferred', 1), ('default_pool', 'scheduled', 7),
			('default_pool', 'success', 50), ('small', 'running', 2), ('small', 'deferred', 3), ('endless', 'running', 9), ('removed', 'running', 1)) AS v (pool, state, slots)`)
	r.eventually("default_pool", "PoolOpenSlots", "125")
	r.eventually("default_pool", "PoolScheduledSlots", "7")
	r.eventually("small", "PoolOpenSlots", "-1")
	r.eventually("endless", "PoolScheduledSlots", "0")
	require.Empty(t, r.all(t, "endless", "PoolOpenSlots"), "no limit is no number")
	require.Empty(t, r.all(t, "removed", "PoolScheduledSlots"))

	pg.Exec(url, `INSERT INTO slot_pool (pool, slots) SELECT 'a' || lpad(i::text, 2, '0'), 1 FROM generate_series(1, 30) i`)
	r.eventually("a19", "PoolOpenSlots", "1")
	require.Empty(t, r.all(t, "a20", "PoolOpenSlots"))
	celerytest.Eventually(t, "told", func() bool { return strings.Contains(r.log.String(), `"first left out":"a20"`) })
	r.stop()
	require.Equal(t, 1, strings.Count(r.log.String(), "too many pools"))
}

func TestParsing(t *testing.T) {
	pg, url := pgtest.Airflow(t)
	r := start(t, url, nil)
	r.eventually("", "ImportErrors", "0")
	r.eventually("", "SlowestParseSeconds", "0")
	pg.Exec(url, `INSERT INTO import_error (filename) VALUES ('a.py'), ('b.py');
		INSERT INTO dag (dag_id, is_stale, last_parse_duration) VALUES ('a', false, 1.5), ('b', false, NULL), ('gone', true, 99)`)
	r.eventually("", "ImportErrors", "2")
	r.eventually("", "SlowestParseSeconds", "1.5")
}

// scheduler returns what speaks StatsD to the publisher.
func (r *running) scheduler() (say func(packet string)) {
	r.t.Helper()
	celerytest.Eventually(r.t, "it listens", func() bool { return r.status("/healthz") == 200 })
	conn, err := net.Dial("udp", r.statsd)
	require.NoError(r.t, err)
	r.t.Cleanup(func() { require.NoError(r.t, conn.Close()) })
	return func(packet string) {
		_, err := conn.Write([]byte(packet))
		require.NoError(r.t, err)
	}
}

// What the scheduler says between two lines: the longest loop, the last number of slots.
func TestHeard(t *testing.T) {
	var h heard
	h.take([]byte("airflow.scheduler.scheduler_loop_duration:250|ms\nairflow.executor.open_slots:31|g\nairflow.scheduler.scheduler_loop_duration:1500|ms\n"))
	h.take([]byte("airflow.executor.open_slots:0|g\nairflow.scheduler.scheduler_loop_duration:90|ms"))
	require.InDelta(t, 1.5, *h.loop, 0)
	require.InDelta(t, 0, *h.slots, 0)
}

// A failure is told by one publisher alone: not by one that starts later, nor
// by one that published before, followed, and publishes again.
func TestFailuresAreToldByOne(t *testing.T) {
	pg, url := pgtest.Airflow(t)
	config, err := sessionConfig(url)
	require.NoError(t, err)
	publisherOf := func() (*publisher, *lines) {
		out := new(lines)
		p := newPublisher(settings{database: config, stack: "pathwai-airflow-test", interval: time.Millisecond}, emf.NewWriter(out, "Airflow"), slog.New(slog.DiscardHandler))
		t.Cleanup(p.session.drop)
		return p, out
	}
	look := func(p *publisher) {
		p.askFailed = time.Time{}
		require.NoError(t, p.look(t.Context()))
	}
	failed := func(id, ago string) {
		pg.Exec(url, task+`SELECT gen_random_uuid(), '`+id+`', 'd', 'r', 'failed', 'default', now(), now() - interval '`+ago+`', 1, now()`)
	}
	failed("history", "1 hour")
	first, told := publisherOf()
	look(first)
	require.Equal(t, "0", told.last(t, "", "TaskFailures"), "what failed before anybody published is history")
	first.session.drop()

	leads := func(p *publisher) { // as soon as the database sees the one before go
		require.Eventually(t, func() bool { look(p); return p.session.leader }, time.Minute, 10*time.Millisecond)
	}
	second, toldBySecond := publisherOf()
	leads(second)
	failed("now", "0 s")
	look(second)
	require.Equal(t, "1", toldBySecond.last(t, "", "TaskFailures"))
	look(first) // follows
	require.False(t, first.session.leader)
	time.Sleep(20 * time.Millisecond)
	look(first)
	second.session.drop()
	told.Reset()
	leads(first)
	require.Equal(t, "0", told.last(t, "", "TaskFailures"), "the other one told it")

	third, toldByThird := publisherOf()
	third.interval = time.Minute
	look(third) // follows
	pg.Exec(url, "DELETE FROM task_instance")
	failed("last", "30 s")
	first.session.drop() // without a word
	leads(third)
	require.Equal(t, "1", toldByThird.last(t, "", "TaskFailures"), "what the one before may have left out")
}

func TestWhatTheSchedulerSays(t *testing.T) {
	_, url := pgtest.Airflow(t)
	r := start(t, url, nil)
	say := r.scheduler()
	celerytest.Eventually(t, "the longest loop", func() bool {
		say("airflow.scheduler.scheduler_loop_duration:250.5|ms\nairflow.scheduler.scheduler_loop_duration:1500|ms\n")
		say("airflow.scheduler.scheduler_loop_duration:90|ms")
		return r.last(t, "", "SchedulerLoopSeconds") == "1.5"
	})
	celerytest.Eventually(t, "slots", func() bool {
		say("airflow.executor.open_slots:31|g")
		return r.last(t, "", "ExecutorOpenSlots") == "31"
	})
	for _, packet := range []string{
		"", "\n", "x", "airflow.executor.open_slots", "airflow.executor.open_slots:", "airflow.executor.open_slots:NaN|g",
		"airflow.executor.open_slots:Inf|g", "airflow.executor.open_slots:-1|g", "airflow.executor.open_slots:7|c",
		"airflow.executor.open_slots:1e999|g", "airflow.executor.open_slots:1e300|g", "airflow.scheduler.scheduler_loop_duration:1e300|ms",
		"airflow.executor.open_slots:0x1p99|g", "airflow.executor.open_slots:+-7|g", "airflow.executor.open_slots:7", "airflow.executor.open_slots:7|", "airflow.executor.open_slots:7|g|@0.1", "\xff\xfe:|", strings.Repeat("a", 60000), "airflow.pool.open_slots.x:7|g",
	} {
		say(packet)
	}
	for range 20000 { // a flood
		say("airflow.executor.open_slots:x|g\n:|\n")
	}
	celerytest.Eventually(t, "what isn't said again is not told again", func() bool {
		r.Reset()
		r.eventually("", "ImportErrors", "0")
		return len(r.all(t, "", "ExecutorOpenSlots"))+len(r.all(t, "", "SchedulerLoopSeconds")) == 0
	})
	celerytest.Eventually(t, "what is said after the flood", func() bool {
		say("airflow.executor.open_slots:30|g")
		return r.last(t, "", "ExecutorOpenSlots") == "30"
	})

	// Who doesn't publish for the database speaks for its own scheduler all the same.
	second := start(t, url, nil)
	say = second.scheduler()
	celerytest.Eventually(t, "its slots", func() bool {
		say("airflow.executor.open_slots:29|g")
		return second.last(t, "", "ExecutorOpenSlots") == "29"
	})
	require.Empty(t, second.all(t, "", "ImportErrors"))
}
