package metrics

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/pathwai/airflow-on-fargate/agent/cli"
	"github.com/pathwai/airflow-on-fargate/agent/internal/pgtest"
)

// history fills the tables as months of use do: much that ended, little that
// waits or runs.
const history = `
SET session_replication_role = replica; -- no foreign keys
INSERT INTO task_instance (id, task_id, dag_id, run_id, map_index, pool, state, queue, queued_dttm, end_date, duration, last_heartbeat_at)
SELECT gen_random_uuid(), 'task' || i % 20, 'dag' || i % 200, 'run' || i / 20, -1, 'default_pool',
       CASE WHEN i <= 60000 THEN 'success' WHEN i % 3 = 0 THEN 'running' ELSE 'queued' END, 'default',
       now() - (60000 - i) * interval '1 minute',
       CASE WHEN i <= 60000 THEN now() - (60000 - i) * interval '1 minute' END, 30,
       now() - (60000 - i) * interval '1 minute'
  FROM generate_series(1, 60060) i;
INSERT INTO job (job_type, state, latest_heartbeat)
SELECT (ARRAY['SchedulerJob', 'DagProcessorJob', 'TriggererJob'])[1 + i % 3], 'failed', now() - i * interval '1 minute'
  FROM generate_series(1, 20000) i;
ANALYZE task_instance; ANALYZE job;`

func TestPlansUseIndexes(t *testing.T) {
	pg, url := pgtest.Airflow(t)
	pg.Exec(url, history)
	checkPlans(t, url)
}

func TestPlansOnAirflowsOwnSchema(t *testing.T) {
	airflow := os.Getenv("AGENT_TEST_AIRFLOW")
	if airflow == "" {
		t.Skip("SKIP: needs Airflow 3.1: pip install 'apache-airflow[postgres]==3.1.8', and its airflow program in AGENT_TEST_AIRFLOW")
	}
	pg := pgtest.Start(t)
	url := pg.URL("postgres")
	migrate := exec.Command(airflow, "db", "migrate")
	address := strings.Replace(strings.TrimSuffix(url, "?sslmode=disable"), "postgres://", "postgresql+psycopg2://", 1)
	migrate.Env = append(os.Environ(), "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN="+address,
		"AIRFLOW_HOME="+t.TempDir(), "AIRFLOW__CORE__LOAD_EXAMPLES=False")
	out, err := migrate.CombinedOutput()
	require.NoError(t, err, string(out))
	pg.Exec(url, `ALTER TABLE task_instance ALTER pool_slots SET DEFAULT 1, ALTER span_status SET DEFAULT 'x'`)
	pg.Exec(url, history)
	checkPlans(t, url)

	// The grants of the document suffice for Airflow's own tables as well.
	grant(t, pg)
	r := start(t, pg.URL("airflow_metrics"), nil)
	r.eventually("default", "Backlog", "60")
}

func checkPlans(t *testing.T, url string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	config, err := sessionConfig(url)
	require.NoError(t, err)
	db, err := pgx.ConnectConfig(ctx, config)
	require.NoError(t, err)
	defer func() { require.NoError(t, db.Close(ctx)) }()
	now := time.Now()
	for _, q := range []struct {
		sql, index string
		args       []any
	}{
		{sqlBacklog, "ti_state", nil},
		{sqlPools, "ti_state", nil},
		{sqlHeartbeats, "job_type_heart", []any{[]string{"SchedulerJob", "DagProcessorJob", "TriggererJob"}}},
		{sqlFailed, "ti_state", []any{now.Add(-lateCommit)}},
		{sqlEnded, "ti_heartbeat", []any{now.Add(-lateCommit - silence), now.Add(-lateCommit)}},
	} {
		rows, err := db.Query(ctx, "EXPLAIN (ANALYZE, BUFFERS) "+q.sql, q.args...)
		require.NoError(t, err)
		lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
		require.NoError(t, err)
		plan := strings.Join(lines, "\n")
		require.Regexp(t, `(using|on) `+q.index+`\b`, plan)
		require.NotRegexp(t, `Seq Scan on (task_instance|job)\b`, plan)
		t.Logf("%s: %s", q.index, lines[len(lines)-1])
	}
	backlog, err := readBacklog(ctx, db)
	require.NoError(t, err)
	require.Equal(t, int64(60), backlog["default"].queued+backlog["default"].running)
}

// grant runs the statements that the document tells users to run.
func grant(t *testing.T, pg *pgtest.Server) {
	t.Helper()
	document, err := os.ReadFile("../../docs/metrics.md")
	require.NoError(t, err)
	block := regexp.MustCompile("(?s)```sql\n(.*?)```").FindSubmatch(document)
	require.NotNil(t, block, "docs/metrics.md has no SQL")
	pg.Exec(pg.URL("postgres"), string(block[1]))
}

func TestTheDocumentedGrantsSuffice(t *testing.T) {
	pg, url := pgtest.Airflow(t)
	grant(t, pg)
	pg.Exec(url, task+`VALUES (gen_random_uuid(), 'a', 'd', 'r', 'running', 'default', now(), NULL, NULL, now())`)
	pg.Exec(url, `INSERT INTO job (job_type, latest_heartbeat) VALUES ('SchedulerJob', now())`)
	r := start(t, pg.URL("airflow_metrics"), nil)
	r.eventually("default", "Backlog", "1")
	require.NotEmpty(t, r.last(t, "", "SchedulerHeartbeatAgeSeconds"))
	require.NotEmpty(t, r.last(t, "", "TaskFailures"))

	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	db, err := pgx.Connect(ctx, pg.URL("airflow_metrics"))
	require.NoError(t, err)
	defer func() { require.NoError(t, db.Close(ctx)) }()
	for _, sql := range []string{"SELECT hostname FROM task_instance", "SELECT * FROM dag_run", "DELETE FROM job", "UPDATE task_instance SET state = 'x'"} {
		_, err := db.Exec(ctx, sql)
		require.ErrorContains(t, err, "permission denied", sql)
	}
}

// Who lost its connection has lost the lock as well, though it held it before.
func TestALostSessionLeadsNoMore(t *testing.T) {
	config, err := sessionConfig(pgtest.Start(t).URL("postgres"))
	require.NoError(t, err)
	first, second := session{config: config}, session{config: config}
	t.Cleanup(first.drop)
	t.Cleanup(second.drop)
	ctx := t.Context()
	require.NoError(t, first.ensure(ctx))
	require.NoError(t, second.ensure(ctx))
	require.Equal(t, []bool{true, false}, []bool{first.leader, second.leader})
	for _, pair := range [][2]*session{{&first, &second}, {&second, &first}} {
		lost, next := pair[0], pair[1]
		lost.drop()
		require.Eventually(t, func() bool { // the database sees it go
			require.NoError(t, next.ensure(ctx))
			return next.leader
		}, time.Minute, 10*time.Millisecond)
		require.NoError(t, lost.ensure(ctx))
		require.False(t, lost.leader)
	}
}

func TestTheSession(t *testing.T) {
	pg := pgtest.Start(t)
	config, err := sessionConfig(pg.URL("postgres"))
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	s := session{config: config}
	require.NoError(t, s.ensure(ctx))
	defer s.drop()
	for name, want := range map[string]string{
		"application_name": "airflow-agent metrics", "statement_timeout": "5s",
		"idle_session_timeout": "2min", "default_transaction_read_only": "on",
	} {
		var got string
		require.NoError(t, s.db.QueryRow(ctx, "SELECT current_setting($1)", name).Scan(&got))
		require.Equal(t, want, got, name)
	}
	_, err = s.db.Exec(ctx, "CREATE TABLE x ()")
	require.ErrorContains(t, err, "read-only")
}

func TestEndedIsToldOnce(t *testing.T) {
	at := func(seconds int) time.Time { return time.Unix(1e9, 0).Add(time.Duration(seconds) * time.Second) }
	e := newEnded(at(0))
	beat, end := e.window()
	require.Equal(t, at(0), end)
	require.Equal(t, at(-600), beat)
	a, b := attempt{id: "a", end: at(5)}, attempt{id: "b", end: at(6)}
	require.Equal(t, []attempt{a}, e.fresh(at(10), []attempt{a}))
	_, end = e.window()
	require.Equal(t, at(0), end, "what ended before the start isn't ours to tell")
	require.Equal(t, []attempt{b}, e.fresh(at(20), []attempt{a, b}), "a was told")
	again := attempt{id: "a", end: at(30)}
	require.Equal(t, []attempt{again}, e.fresh(at(40), []attempt{a, b, again}), "its next attempt")
	require.Empty(t, e.fresh(at(300), []attempt{a, b, again}))
	_, end = e.window()
	require.Equal(t, at(0), end)
	require.Empty(t, e.fresh(at(306), []attempt{again}))
	_, end = e.window()
	require.Equal(t, at(6), end, "the window moves on")
	require.Len(t, e.seen, 1, "what it can't bring again is forgotten")
	late := attempt{id: "late", end: at(7)}
	require.Equal(t, []attempt{late}, e.fresh(at(306), []attempt{again, late}), "a row that was written five minutes late")
}

func TestSettings(t *testing.T) {
	good := map[string]string{"AGENT_DATABASE_URL": "postgres://u:hush@h:5432/airflow?sslmode=verify-full", "AGENT_STACK": "s", "AGENT_QUEUES": "default,large"}
	invoke := func(change map[string]string, args ...string) (settings, int, string) {
		var stderr bytes.Buffer
		s, code, _ := parse(cli.Invocation{
			Args: args, Stdout: io.Discard, Stderr: &stderr,
			LookupEnv: func(k string) (string, bool) {
				if v, ok := change[k]; ok {
					return v, true
				}
				v, ok := good[k]
				return v, ok
			},
		})
		return s, code, stderr.String()
	}
	s, code, stderr := invoke(nil)
	require.Zero(t, code, stderr)
	require.Equal(t, []string{"default", "large"}, s.queues)
	require.Equal(t, "Airflow", s.namespace)
	require.NotNil(t, s.database.TLSConfig)
	for want, change := range map[string]map[string]string{
		"AGENT_DATABASE_URL: not set":                     {"AGENT_DATABASE_URL": ""},
		"AGENT_DATABASE_URL: no PostgreSQL address":       {"AGENT_DATABASE_URL": "postgres://u:hush@h:port/x"},
		"AGENT_BROKER_URL: broker: ssl_cert_reqs=none":    {"AGENT_BROKER_URL": "rediss://:hush@h:6379/0?ssl_cert_reqs=none"},
		"--stack (AGENT_STACK): not set":                  {"AGENT_STACK": ""},
		"--stack (AGENT_STACK): \"two words\" is no valu": {"AGENT_STACK": "two words"},
		"namespace: \"größe\" is none of CloudWatch's":    {"AGENT_METRICS_NAMESPACE": "größe"},
		"--queue: an empty name; AGENT_QUEUES is a lis":   {"AGENT_QUEUES": "default,"},
	} {
		_, code, stderr := invoke(change)
		require.Equal(t, cli.ExitUsage, code, want)
		require.Contains(t, stderr, want)
		require.NotContains(t, stderr, "hush")
	}
}

// All of the environment is wrong: all of it is told, nothing that is secret.
func TestAllSettingsAreWrong(t *testing.T) {
	var stderr bytes.Buffer
	wrong := map[string]string{
		"AGENT_DATABASE_URL": "mysql://u:hush@h/x", "AGENT_BROKER_URL": "amqp://:hush@h", "AGENT_STACK": ":x", "AGENT_QUEUES": ",",
		"AGENT_METRICS_NAMESPACE": "AWS/ECS", "AGENT_LISTEN": "9101", "AGENT_STATSD": "127.0.0.1:statsd",
	}
	_, code, done := parse(cli.Invocation{Stdout: io.Discard, Stderr: &stderr, LookupEnv: func(k string) (string, bool) { v, ok := wrong[k]; return v, ok }})
	require.True(t, done)
	require.Equal(t, cli.ExitUsage, code)
	require.NotContains(t, stderr.String(), "hush")
	for _, want := range []string{
		"AGENT_DATABASE_URL: no PostgreSQL address", "AGENT_BROKER_URL: broker: no Redis address", `--stack (AGENT_STACK): ":x"`, "--queue: an empty name",
		`namespace: "AWS/ECS" is none`, `AGENT_LISTEN: "9101" is no address`, `AGENT_STATSD: "127.0.0.1:statsd" is no address`,
	} {
		require.Contains(t, stderr.String(), want)
	}
	require.Equal(t, len(wrong)+1, strings.Count(stderr.String(), "\n"), stderr.String())
}

// A database that takes connections and says nothing is given up.
func TestASilentDatabase(t *testing.T) {
	t.Parallel()
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { require.NoError(t, silent.Close()) }()
	config, err := sessionConfig(fmt.Sprintf("postgres://u:hush@%s/airflow?sslmode=disable", silent.Addr()))
	require.NoError(t, err)
	p := newPublisher(settings{database: config, interval: time.Second}, nil, slog.New(slog.DiscardHandler))
	require.ErrorIs(t, p.ready(), errNotYet)
	begin := time.Now()
	err = p.look(t.Context())
	require.ErrorContains(t, err, "connecting: ")
	require.NotContains(t, err.Error(), "hush")
	require.Less(t, time.Since(begin), 4*connectTime)
}

// A queue that was published under its name stays so; those that come when
// there are enough go together, with their sums and the longest wait.
func TestQueuesKeepTheirNames(t *testing.T) {
	p := newPublisher(settings{queues: []string{"default"}}, nil, slog.New(slog.DiscardHandler))
	seen := map[string]queue{}
	for i := range maxOthers {
		seen[fmt.Sprintf("q%02d", i)] = queue{queued: 1}
	}
	for range 2 {
		published := p.bounded(seen)
		require.Len(t, published, maxOthers+1)
		require.Equal(t, queue{queued: 1}, published["q07"])
		require.NotContains(t, published, othersQueue)
	}
	for name, q := range map[string]queue{"": {1, 2, 3}, "a first one": {10, 20, 1}, "default": {5, 5, 5}} {
		seen[name] = q
	}
	published := p.bounded(seen)
	require.Len(t, published, maxOthers+2)
	require.Equal(t, queue{queued: 1}, published["q07"])
	require.Equal(t, queue{11, 22, 3}, published[othersQueue])
	require.Equal(t, queue{5, 5, 5}, published["default"])
	require.Equal(t, map[string]queue{"default": {}}, p.bounded(nil))
}

func TestPauses(t *testing.T) {
	for failures, most := range []time.Duration{time.Second, 2 * time.Second, 4 * time.Second, 8 * time.Second, 10 * time.Second, 10 * time.Second} {
		for range 100 {
			p := pause(failures, 10*time.Second)
			require.LessOrEqual(t, p, most, fmt.Sprint(failures))
			require.GreaterOrEqual(t, p, most/2)
		}
	}
	require.LessOrEqual(t, pause(1000, 10*time.Second), 10*time.Second)
}
