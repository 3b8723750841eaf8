// Ops is the operator's tool: what people and pipelines do to a deployed stack
// beside `pulumi up`. `ops --help` lists the commands; docs/ops.md tells more.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/pathwai/airflow-on-fargate/ops/cli"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := cli.Run(ctx, os.Args[1:], cli.System())
	stop()
	os.Exit(code)
}
