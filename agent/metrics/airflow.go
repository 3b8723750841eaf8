package metrics

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/pathwai/airflow-on-fargate/agent/emf"
)

// sqlPools counts slots as Airflow does (Pool.slots_stats), by the index
// ti_state. The pool that all tasks are in by default is the first.
const sqlPools = `
SELECT slot_pool.pool,
       CASE WHEN slots >= 0 THEN slots - coalesce(taken, 0) - CASE WHEN include_deferred THEN coalesce(deferred, 0) ELSE 0 END END,
       coalesce(scheduled, 0)
  FROM slot_pool
  LEFT JOIN (
       SELECT pool, sum(pool_slots) FILTER (WHERE state IN ('queued', 'running')) AS taken,
              sum(pool_slots) FILTER (WHERE state = 'deferred') AS deferred,
              sum(pool_slots) FILTER (WHERE state = 'scheduled') AS scheduled
         FROM task_instance
        WHERE state IN ('scheduled', 'queued', 'running', 'deferred')
        GROUP BY pool) AS used ON used.pool = slot_pool.pool
 ORDER BY slot_pool.pool <> 'default_pool', slot_pool.pool`

// sqlParsing reads two small tables whole.
const sqlParsing = `
SELECT (SELECT count(*) FROM import_error),
       (SELECT greatest(coalesce(max(last_parse_duration), 0), 0)::float8 FROM dag
         WHERE NOT is_stale AND last_parse_duration < 'Infinity')`

// pool is the room in one of Airflow's pools.
type pool struct {
	name string
	// open is nil in a pool without a limit.
	open      *int64
	scheduled int64
}

func readPools(ctx context.Context, db *pgx.Conn) ([]pool, error) {
	rows, err := db.Query(ctx, sqlPools)
	if err != nil {
		return nil, fmt.Errorf("pools: %w", err)
	}
	pools, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (p pool, err error) {
		return p, row.Scan(&p.name, &p.open, &p.scheduled)
	})
	if err != nil {
		return nil, fmt.Errorf("pools: %w", err)
	}
	return pools, nil
}

// parsing is how Airflow fares with the DAG files.
type parsing struct {
	importErrors int64
	slowest      float64 // seconds
}

func readParsing(ctx context.Context, db *pgx.Conn) (p parsing, err error) {
	if err := db.QueryRow(ctx, sqlParsing).Scan(&p.importErrors, &p.slowest); err != nil {
		return p, fmt.Errorf("parsing: %w", err)
	}
	return p, nil
}

// publishPools leaves out pools beyond the first maxOthers, once told: who may
// make pools must not make the bill.
func (p *publisher) publishPools(pools []pool) error {
	if len(pools) > maxOthers {
		if !p.manyPools {
			p.manyPools = true
			p.log.Warn("too many pools: further ones are not published", "pools", maxOthers, "first left out", pools[maxOthers].name)
		}
		pools = pools[:maxOthers]
	}
	for _, pool := range pools {
		metrics := []emf.Metric{{Name: "PoolScheduledSlots", Unit: emf.Count, Value: float64(pool.scheduled)}}
		if pool.open != nil {
			metrics = append(metrics, emf.Metric{Name: "PoolOpenSlots", Unit: emf.Count, Value: float64(*pool.open)})
		}
		if err := p.out.Write(p.poolDimensions(pool.name), metrics...); err != nil {
			return &outputError{err}
		}
	}
	return nil
}
