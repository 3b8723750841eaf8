// Package health is `airflow-agent health`: the container health check of an
// image that has neither a shell nor curl.
package health

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/pathwai/airflow-on-fargate/agent/cli"
)

// Command asks one URL of this task's loopback and turns the answer into an
// exit code: 0 for any 2xx, 1 for all else.
func Command() cli.Command {
	return cli.Command{
		Name:    "health",
		Summary: "ask a health address: 0 when it answers 2xx, else 1",
		Run:     run,
	}
}

func run(ctx context.Context, inv cli.Invocation) int {
	flags := cli.NewFlags("health", "airflow-agent health asks a health address of this task.\n"+
		"Exit code 0: it answered 2xx. 1: it did not. 2: wrong usage.")
	address := flags.URL("url", "AGENT_HEALTH_URL", "http://127.0.0.1:9100/healthz", "the `address` to ask")
	timeout := flags.Duration("timeout", "", 3*time.Second, "how long to wait for the whole answer")
	flags.Check(func() error {
		if *timeout <= 0 {
			return fmt.Errorf("--timeout: %s is not above zero", *timeout)
		}
		return nil
	})
	if code, done := flags.Parse(inv); done {
		return code
	}
	if err := ask(ctx, *address, *timeout); err != nil {
		_, _ = fmt.Fprintf(inv.Stderr, "airflow-agent health: %v\n", err)
		return cli.ExitFailure
	}
	return cli.ExitOK
}

func ask(ctx context.Context, address string, timeout time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(response.Body, 300))
	if err != nil {
		return err
	}
	if response.StatusCode < 200 || response.StatusCode > 299 {
		return fmt.Errorf("%s answered %s: %s", address, response.Status, body)
	}
	return nil
}
