// Command policy-pack serves the rules to the Pulumi engine:
//
//	pulumi preview --policy-pack policy
//	pulumi preview --policy-pack bin/policy-pack
package main

import (
	"fmt"
	"os"

	"github.com/pathwai/airflow-on-fargate/policy/serve"
)

func main() {
	if err := serve.Main(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
