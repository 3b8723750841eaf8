package health_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pathwai/airflow-on-fargate/agent/cli"
	"github.com/pathwai/airflow-on-fargate/agent/health"
	"github.com/pathwai/airflow-on-fargate/agent/healthz"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func ask(t *testing.T, args ...string) (int, string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	code := health.Command().Run(t.Context(), cli.Invocation{
		Args: args, Stdout: &stdout, Stderr: &stderr, LookupEnv: func(string) (string, bool) { return "", false },
	})
	http.DefaultClient.CloseIdleConnections()
	return code, stderr.String()
}

// The health command against the health server: what ECS does all day.
func TestCommandAndServer(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	listener, err := healthz.Listen(ctx, "127.0.0.1:0")
	require.NoError(t, err)
	var ready atomic.Bool
	server := healthz.New(func() error { return nil }, func() error {
		if !ready.Load() {
			return errors.New("not yet in step")
		}
		return nil
	})
	server.Handle("/worker", func() error { return errors.New("worker is gone") })
	done := make(chan error, 1)
	go func() { done <- server.Run(ctx, listener) }()
	base := "http://" + listener.Addr().String()

	code, _ := ask(t, "--url", base+"/healthz")
	require.Equal(t, cli.ExitOK, code)
	code, stderr := ask(t, "--url", base+"/readyz")
	require.Equal(t, cli.ExitFailure, code)
	require.Contains(t, stderr, "503")
	require.Contains(t, stderr, "not yet in step")
	ready.Store(true)
	code, _ = ask(t, "--url", base+"/readyz")
	require.Equal(t, cli.ExitOK, code)
	code, stderr = ask(t, "--url", base+"/worker")
	require.Equal(t, cli.ExitFailure, code)
	require.Contains(t, stderr, "worker is gone")
	code, _ = ask(t, "--url", base+"/nothing")
	require.Equal(t, cli.ExitFailure, code)
	response, err := http.Post(base+"/healthz", "", nil)
	require.NoError(t, err)
	require.Equal(t, http.StatusMethodNotAllowed, response.StatusCode)
	require.NoError(t, response.Body.Close())
	http.DefaultClient.CloseIdleConnections()

	_, err = healthz.Listen(ctx, listener.Addr().String())
	require.ErrorContains(t, err, "address already in use")

	cancel()
	select {
	case err := <-done:
		require.NoError(t, err)
	case <-time.After(time.Minute):
		require.Fail(t, "the server doesn't stop")
	}
	code, stderr = ask(t, "--url", base+"/healthz")
	require.Equal(t, cli.ExitFailure, code)
	require.Contains(t, stderr, "connection refused")
}

func TestCommandGivesUp(t *testing.T) {
	listener, err := healthz.Listen(t.Context(), "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { require.NoError(t, listener.Close()) }()
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() { _, _ = io.Copy(io.Discard, conn) }() // never an answer
		}
	}()
	code, stderr := ask(t, "--url", "http://"+listener.Addr().String(), "--timeout", "100ms")
	require.Equal(t, cli.ExitFailure, code)
	require.Contains(t, stderr, "deadline exceeded")
}

func TestUsage(t *testing.T) {
	for _, args := range [][]string{{"--url", "nonsense"}, {"--url", "ftp://x/"}, {"--timeout", "0s"}, {"stray"}} {
		code, stderr := ask(t, args...)
		require.Equal(t, cli.ExitUsage, code, args)
		require.NotEmpty(t, stderr)
	}
}
