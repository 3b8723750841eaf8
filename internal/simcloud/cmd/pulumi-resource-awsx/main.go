// Command pulumi-resource-awsx is the simulated awsx provider. The Pulumi engine
// finds it on PATH.
package main

import (
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"

	"github.com/pathwai/airflow-on-fargate/internal/simcloud"
	"github.com/pathwai/airflow-on-fargate/internal/simcloud/awsx"
)

func main() {
	simcloud.Main("pulumi-resource-awsx", func(h *simcloud.Host) pulumirpc.ResourceProviderServer { return awsx.New(h) })
}
