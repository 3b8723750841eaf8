// Command policy-pack serves the rules to the Pulumi engine:
//
//	pulumi preview --policy-pack policy
//	pulumi preview --policy-pack bin/policy-pack
package main

import (
	"fmt"
	"os"
	"runtime"
	"runtime/debug"

	"github.com/pathwai/airflow-on-fargate/policy/serve"
)

func main() {
	// The engine asks about one resource after the other: more threads would only wake each other.
	runtime.GOMAXPROCS(1)
	// A plan takes some megabytes: what is freed the sooner costs more than it gives.
	debug.SetGCPercent(400)
	if err := serve.Main(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
