// Command policy-pack serves the rules to the Pulumi engine:
//
//	pulumi preview --policy-pack policy
//	pulumi preview --policy-pack bin/policy-pack
package main

import (
	"fmt"
	"os"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/policyx"

	"github.com/pathwai/airflow-on-fargate/policy/rules"
)

func main() {
	if err := policyx.Main(func(ctx *pulumi.Context) (policyx.PolicyPack, error) {
		return rules.New(rules.Options{Stack: ctx.Stack(), Preview: ctx.DryRun(), Now: time.Now}).PolicyPack()
	}); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
