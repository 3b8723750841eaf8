// Command pulumi-resource-aws is the simulated aws provider. The Pulumi engine
// finds it on PATH.
package main

import (
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"

	"github.com/pathwai/airflow-on-fargate/internal/simcloud"
	"github.com/pathwai/airflow-on-fargate/internal/simcloud/aws"
)

func main() {
	simcloud.Main("pulumi-resource-aws", func(h *simcloud.Host) pulumirpc.ResourceProviderServer { return aws.New(h) })
}
