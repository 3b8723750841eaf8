// Apache Airflow on AWS ECS Fargate, without a NAT gateway.
package main

import "github.com/pulumi/pulumi/sdk/v3/go/pulumi"

func main() {
	pulumi.Run(deploy)
}
