// Command airflow-agent is the one static binary that runs beside Airflow on
// Fargate: see airflow-agent --help.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/pathwai/airflow-on-fargate/agent/cli"
	"github.com/pathwai/airflow-on-fargate/agent/dagsync"
	"github.com/pathwai/airflow-on-fargate/agent/guard"
	"github.com/pathwai/airflow-on-fargate/agent/health"
	"github.com/pathwai/airflow-on-fargate/agent/metrics"
	"github.com/pathwai/airflow-on-fargate/agent/version"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	code := cli.Dispatch(ctx, []cli.Command{
		dagsync.Command(),
		metrics.Command(),
		guard.Command(),
		health.Command(),
		version.Command(),
	}, cli.Invocation{
		Args:      os.Args[1:],
		LookupEnv: os.LookupEnv,
		Stdout:    os.Stdout,
		Stderr:    os.Stderr,
	})
	stop()
	os.Exit(code)
}
