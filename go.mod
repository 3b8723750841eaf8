module github.com/pathwai/airflow-on-fargate

go 1.26.6

require (
	github.com/pulumi/pulumi-aws/sdk/v6 v6.83.2
	github.com/pulumi/pulumi-awsx/sdk/v2 v2.22.0
	github.com/pulumi/pulumi-random/sdk/v4 v4.18.2
	github.com/pulumi/pulumi/sdk/v3 v3.262.0
	github.com/stretchr/testify v1.11.1
)
