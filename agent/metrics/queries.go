package metrics

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// The queries read Airflow's own tables, as of Airflow 3.1. Each is answered
// from one index; a test asks the planner. What is no time, or no number, is
// left out: no Airflow writes it, and it must not stop the rest.

// sqlBacklog uses the index ti_state. A task that is restarting was cleared
// while it ran: a worker still holds it.
const sqlBacklog = `
SELECT coalesce(queue, ''),
       count(*) FILTER (WHERE state = 'queued'),
       count(*) FILTER (WHERE state IN ('running', 'restarting')),
       greatest(extract(epoch FROM now() - min(queued_dttm) FILTER (WHERE state = 'queued' AND isfinite(queued_dttm))), 0)::float8
  FROM task_instance
 WHERE state IN ('queued', 'running', 'restarting')
 GROUP BY queue`

// sqlHeartbeats uses the index job_type_heart. It takes the newest heartbeat of
// each kind in whatever state its job is: a job that was stopped in order has
// no running row any more, and its age must grow all the same.
const sqlHeartbeats = `
SELECT kind.job_type, greatest(extract(epoch FROM now() - newest.latest_heartbeat), 0)::float8
  FROM unnest($1::text[]) AS kind (job_type)
 CROSS JOIN LATERAL (
       SELECT latest_heartbeat FROM job
        WHERE job.job_type = kind.job_type AND isfinite(latest_heartbeat)
        ORDER BY latest_heartbeat DESC LIMIT 1) AS newest`

// sqlEnded uses the index ti_heartbeat: nothing indexes the end of a task, but
// every task that a worker ran sent heartbeats until shortly before its end,
// or until Airflow gave it up.
const sqlEnded = `
SELECT id::text, end_date, state, coalesce(duration, -1)::float8
  FROM task_instance
 WHERE last_heartbeat_at > $1 AND end_date > $2 AND isfinite(end_date) AND state IN ('success', 'failed', 'up_for_retry')`

// sqlFailed uses the index ti_state. It finds what sqlEnded can't: tasks that
// failed before a worker had them, or long after (a trigger's timeout). Its cost
// grows with the failed tasks that Airflow keeps, so it is asked less often where
// it is slow (failedShare).
const sqlFailed = `
SELECT id::text, end_date, state, coalesce(duration, -1)::float8
  FROM task_instance
 WHERE state = 'failed' AND end_date > $1 AND isfinite(end_date)`

// queue is the work of one queue.
type queue struct {
	queued, running int64
	// oldest is how long the task that was queued first waits, in seconds;
	// 0 without one.
	oldest float64
}

func readBacklog(ctx context.Context, db *pgx.Conn) (map[string]queue, error) {
	rows, err := db.Query(ctx, sqlBacklog)
	if err != nil {
		return nil, fmt.Errorf("backlog: %w", err)
	}
	queues := map[string]queue{}
	var name string
	var q queue
	_, err = pgx.ForEachRow(rows, []any{&name, &q.queued, &q.running, &q.oldest}, func() error {
		queues[name] = q
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("backlog: %w", err)
	}
	return queues, nil
}

// heartbeatMetrics names the metric of each of Airflow's job types.
var heartbeatMetrics = map[string]string{
	"SchedulerJob":    "SchedulerHeartbeatAgeSeconds",
	"DagProcessorJob": "DagProcessorHeartbeatAgeSeconds",
	"TriggererJob":    "TriggererHeartbeatAgeSeconds",
	// Noted by the image's program cleanup when all tables are cleaned.
	"Cleanup": "CleanupAgeSeconds",
}

// readHeartbeats returns the ages in seconds by job type. A type that never
// ran is left out.
func readHeartbeats(ctx context.Context, db *pgx.Conn) (map[string]float64, error) {
	types := make([]string, 0, len(heartbeatMetrics))
	for jobType := range heartbeatMetrics {
		types = append(types, jobType)
	}
	rows, err := db.Query(ctx, sqlHeartbeats, types)
	if err != nil {
		return nil, fmt.Errorf("heartbeats: %w", err)
	}
	ages := map[string]float64{}
	var jobType string
	var age float64
	_, err = pgx.ForEachRow(rows, []any{&jobType, &age}, func() error {
		ages[jobType] = age
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("heartbeats: %w", err)
	}
	return ages, nil
}

// attempt is a run of a task that ended.
type attempt struct {
	id       string
	end      time.Time
	state    string
	duration float64 // seconds, below 0 when Airflow noted none
}

// readAttempts asks sqlEnded or sqlFailed.
func readAttempts(ctx context.Context, db *pgx.Conn, sql string, after ...any) ([]attempt, error) {
	rows, err := db.Query(ctx, sql, after...)
	if err != nil {
		return nil, fmt.Errorf("ended tasks: %w", err)
	}
	var all []attempt
	var a attempt
	_, err = pgx.ForEachRow(rows, []any{&a.id, &a.end, &a.state, &a.duration}, func() error {
		all = append(all, a)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("ended tasks: %w", err)
	}
	return all, nil
}

// sqlNow asks the clock that all times above are measured by, within what
// Airflow's machines differ from it.
const sqlNow = `SELECT now()`
