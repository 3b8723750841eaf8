// Package pgtest runs a real PostgreSQL for tests. It listens on loopback and
// ends with the test. Where PostgreSQL isn't installed the test is skipped
// with a line that says what to install.
package pgtest

import (
	"context"
	_ "embed"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/pathwai/airflow-on-fargate/agent/internal/loopback"
)

// schema holds the tables that the agent reads, with the columns and indexes
// that Airflow 3.1.8 gives them.
//
//go:embed schema.sql
var schema string

// nobody is the account that runs the server when the test runs as root, which
// PostgreSQL refuses.
const nobody = 65534

// Server is a PostgreSQL server that can be stopped and started again.
type Server struct {
	t    *testing.T
	bin  string
	data string
	host string
	port int
	cmd  *exec.Cmd
}

// Start makes and starts a server with an empty database "airflow".
func Start(t *testing.T) *Server {
	t.Helper()
	s := &Server{t: t, bin: find(t)}
	s.host, s.port = loopback.Free(t)
	folder, err := os.MkdirTemp("", "pgtest")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(folder) })
	if os.Geteuid() == 0 {
		if err := os.Chown(folder, nobody, nobody); err != nil {
			t.Fatal(err)
		}
	}
	s.data = filepath.Join(folder, "data")
	initdb := s.command("initdb", "-D", s.data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync")
	if out, err := initdb.CombinedOutput(); err != nil {
		t.Fatalf("initdb: %v\n%s", err, out)
	}
	s.Run()
	t.Cleanup(s.Stop)
	s.Exec(s.address("postgres", "postgres"), "CREATE DATABASE airflow")
	return s
}

func find(t *testing.T) string {
	t.Helper()
	if path, err := exec.LookPath("initdb"); err == nil {
		return filepath.Dir(path)
	}
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if err != nil || len(found) == 0 {
		t.Skip("SKIP: needs PostgreSQL's server programs: apt-get install postgresql")
	}
	return filepath.Dir(found[len(found)-1])
}

func (s *Server) command(name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(context.Background(), filepath.Join(s.bin, name), args...)
	cmd.Dir = "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if os.Geteuid() == 0 {
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: nobody, Gid: nobody}
	}
	return cmd
}

// Run starts the stopped server and waits until it answers.
func (s *Server) Run() {
	s.t.Helper()
	s.cmd = s.command("postgres", "-D", s.data, "-p", strconv.Itoa(s.port), "-c", "listen_addresses="+s.host,
		"-c", "unix_socket_directories=", "-c", "fsync=off", "-c", "max_connections=20")
	if err := s.cmd.Start(); err != nil {
		s.t.Fatalf("postgres: %v", err)
	}
	for end := time.Now().Add(3 * time.Minute); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		db, err := pgx.Connect(ctx, s.address("postgres", "postgres"))
		if err == nil {
			_ = db.Close(ctx)
			cancel()
			return
		}
		cancel()
	}
	s.t.Fatal("postgres does not answer")
}

// Stop stops the server as a restart of the database does: connections are cut.
func (s *Server) Stop() {
	if s.cmd == nil {
		return
	}
	_ = s.cmd.Process.Signal(syscall.SIGINT) // PostgreSQL's fast shutdown
	_ = s.cmd.Wait()
	s.cmd = nil
}

// URL is the address of the database "airflow" for a user.
func (s *Server) URL(user string) string { return s.address(user, "airflow") }

func (s *Server) address(user, database string) string {
	return fmt.Sprintf("postgres://%s@%s:%d/%s?sslmode=disable", user, s.host, s.port, database)
}

// Airflow starts a server with Airflow's tables, and returns their database's address too.
func Airflow(t *testing.T) (*Server, string) {
	t.Helper()
	s := Start(t)
	address := s.URL("postgres")
	s.Exec(address, schema)
	return s, address
}

// Exec runs SQL at an address and fails the test when it doesn't work.
func (s *Server) Exec(address, sql string) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	db, err := pgx.Connect(ctx, address)
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = db.Close(ctx) }()
	if _, err := db.PgConn().Exec(ctx, sql).ReadAll(); err != nil {
		s.t.Fatalf("%v\nin: %s", err, sql)
	}
}
