// Command pulumi-resource-random is the simulated random provider. The Pulumi
// engine finds it on PATH.
package main

import (
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"

	"github.com/pathwai/airflow-on-fargate/internal/simcloud"
	"github.com/pathwai/airflow-on-fargate/internal/simcloud/random"
)

func main() {
	simcloud.Main("pulumi-resource-random", func(*simcloud.Host) pulumirpc.ResourceProviderServer { return random.New() })
}
