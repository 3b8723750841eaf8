package metrics

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

const (
	connectTime   = 5 * time.Second
	statementTime = 5 * time.Second
	// idleTime ends the session of a publisher that stopped without a word,
	// and with it its lock. It is longer than an interval.
	idleTime = 2 * time.Minute
	// publisherLock is the key of the advisory lock whose holder publishes.
	// Airflow's own locks have small keys; this one is "airflowm" in ASCII.
	publisherLock int64 = 0x616972666c6f776d
)

// sessionConfig reads the address of the database, in libpq's form. libpq's
// environment counts too (PGSSLROOTCERT).
func sessionConfig(url string) (*pgx.ConnConfig, error) {
	config, err := pgx.ParseConfig(url)
	if err != nil {
		// The library masks passwords, but the address is a secret as a whole.
		return nil, fmt.Errorf("no PostgreSQL address; write it like postgres://USER:PASSWORD@HOST:5432/airflow?sslmode=verify-full")
	}
	config.ConnectTimeout = connectTime
	for name, value := range map[string]string{
		"application_name":              "airflow-agent metrics",
		"statement_timeout":             fmt.Sprint(statementTime.Milliseconds()),
		"idle_session_timeout":          fmt.Sprint(idleTime.Milliseconds()), // PostgreSQL 14
		"default_transaction_read_only": "on",
	} {
		config.RuntimeParams[name] = value
	}
	return config, nil
}

// session is the one connection to the database. Whoever holds the advisory
// lock publishes; the lock ends with the connection.
type session struct {
	config *pgx.ConnConfig
	db     *pgx.Conn
	leader bool
}

// ensure connects when there is no connection, and tries for the lock when it
// isn't held.
func (s *session) ensure(ctx context.Context) error {
	if s.db == nil {
		db, err := pgx.ConnectConfig(ctx, s.config)
		if err != nil {
			return fmt.Errorf("connecting: %w", err)
		}
		s.db = db
	}
	if !s.leader {
		if err := s.db.QueryRow(ctx, `SELECT pg_try_advisory_lock($1)`, publisherLock).Scan(&s.leader); err != nil {
			return fmt.Errorf("lock: %w", err)
		}
	}
	return nil
}

// drop closes the connection, and gives the lock back.
func (s *session) drop() {
	s.leader = false
	if s.db == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	_ = s.db.Close(ctx) // it is given up: nothing is left to do on an error
	s.db = nil
}
