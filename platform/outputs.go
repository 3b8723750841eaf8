package platform

import (
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/pathwai/airflow-on-fargate/components"
	"github.com/pathwai/airflow-on-fargate/config"
)

// export hands out what a person needs. All of it but the secrets' names follows
// from config, and is known before anything exists.
func export(ctx *pulumi.Context, cfg *config.Config, s *services, secrets *components.Secrets) error {
	scope := components.Scope{Prefix: cfg.Prefix(), AccountID: cfg.AccountID, Region: cfg.Region}
	names, groups := pulumi.StringArray{}, pulumi.StringArray{}
	for _, service := range s.all() {
		names = append(names, pulumi.String(service.Name))
		groups = append(groups, pulumi.String(service.LogGroup))
	}
	groups = append(groups, pulumi.String(s.cleanup.LogGroup))
	repositories := pulumi.StringMap{}
	for _, image := range config.ImageNames {
		repositories[image] = pulumi.String(scope.ImageURI(image))
	}
	dags := fmt.Sprintf("s3://%s/%s", cfg.Buckets.DAGs, cfg.Buckets.DAGsPrefix)
	for name, value := range map[string]pulumi.Input{
		"url":             pulumi.String("https://" + cfg.LoadBalancer.Hostname + "/"),
		"executionApiUrl": pulumi.Sprintf("https://%s:%d/execution/", cfg.LoadBalancer.Hostname, components.ExecutionPort),
		"region":          pulumi.String(cfg.Region),
		"airflowVersion":  pulumi.String(cfg.Airflow.Version),
		"cluster":         pulumi.String(s.cluster.Name),
		"services":        names,
		"dags":            pulumi.String(dags),
		"plugins":         pulumi.Sprintf("s3://%s/%s", cfg.Buckets.DAGs, cfg.Buckets.PluginsPrefix),
		"taskLogs":        pulumi.Sprintf("s3://%s/%s", cfg.Buckets.Logs, cfg.Buckets.LogsPrefix),
		"repositories":    repositories,
		"logGroups":       groups,
		"secrets":         secrets.Names(),
		"syncCommand":     pulumi.String("make dag-sync STACK=" + cfg.Environment + " CLOUD=aws"),
	} {
		ctx.Export(name, value)
	}
	if cfg.Services.Exec {
		ctx.Export("execCommand", pulumi.Sprintf("aws ecs execute-command --region %s --cluster %s --container scheduler --interactive --command /bin/bash "+
			"--task $(aws ecs list-tasks --region %s --cluster %s --service-name %s --query 'taskArns[0]' --output text)",
			cfg.Region, s.cluster.Name, cfg.Region, s.cluster.Name, s.scheduler.Name))
	}
	return nil
}
