// Apache Airflow on AWS ECS Fargate, without a NAT gateway.
package main

import (
	_ "embed"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/pathwai/airflow-on-fargate/platform"
)

// projectFile holds the defaults of all settings.
//
//go:embed Pulumi.yaml
var projectFile []byte

func main() {
	pulumi.Run(platform.Deploy(projectFile))
}
