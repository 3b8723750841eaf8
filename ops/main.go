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
	signals := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) { // nohup
		signals = append(signals, syscall.SIGHUP)
	}
	ctx, stop := signal.NotifyContext(context.Background(), signals...)
	// A reader that went away (| head) is a failed write, which ends what is begun in order.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	code := cli.Run(ctx, os.Args[1:], cli.System())
	stop()
	os.Exit(code)
}
