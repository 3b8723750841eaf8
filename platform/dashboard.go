package platform

import (
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/pathwai/airflow-on-fargate/components"
)

// newDashboard shows the platform from what its users feel down to what it
// stands on: tasks, queues, DAGs, web, services, database, broker, files.
func (p *platformParts) newDashboard(ctx *pulumi.Context, s *services) error {
	_, err := components.NewDashboard(ctx, "dashboard", &components.DashboardArgs{
		Scope: p.scope,
		Rows: []components.DashboardRow{
			p.taskRow(), p.controlRow(), p.airflowRow(), p.webRow(), p.serviceRow(s), p.stateRow(),
		},
	}, p.in)
	return err
}

// airflowMetric is a line of what the agents publish for the whole stack.
func (p *platformParts) airflowMetric(name, label string, more ...any) components.GraphMetric {
	return components.GraphMetric{
		Namespace: components.MetricsNamespace, Name: name, Label: label,
		Dimensions: append([]any{"Stack", p.scope.Prefix}, more...),
	}
}

func (p *platformParts) taskRow() components.DashboardRow {
	var backlog, waits []components.GraphMetric
	for _, queue := range p.config.Queues() {
		backlog = append(backlog, p.airflowMetric("Backlog", queue, "Queue", queue))
		waits = append(waits, p.airflowMetric("OldestQueuedSeconds", queue, "Queue", queue))
	}
	return components.DashboardRow{Title: "Tasks: do they run, how long do they wait?", Graphs: []components.Graph{
		{Title: "Backlog (queued and running)", Statistic: "Maximum", Unit: "tasks", Metrics: backlog},
		{Title: "Oldest queued task", Statistic: "Maximum", Unit: "seconds", Metrics: waits},
		{Title: "Failed tasks", Statistic: "Sum", Unit: "tasks", Metrics: []components.GraphMetric{p.airflowMetric("TaskFailures", "failed")}},
		{Title: "Task duration", Statistic: "p95", Unit: "seconds", Metrics: []components.GraphMetric{p.airflowMetric("TaskDurationSeconds", "p95")}},
	}}
}

func (p *platformParts) controlRow() components.DashboardRow {
	return components.DashboardRow{Title: "Control: who is alive, do DAGs arrive?", Graphs: []components.Graph{
		{Title: "Age of the last heartbeat", Statistic: "Maximum", Unit: "seconds", Metrics: []components.GraphMetric{
			p.airflowMetric("SchedulerHeartbeatAgeSeconds", "scheduler"),
			p.airflowMetric("DagProcessorHeartbeatAgeSeconds", "dag-processor"),
			p.airflowMetric("TriggererHeartbeatAgeSeconds", "triggerer"),
		}},
		{Title: "DAG sync lag", Statistic: "Maximum", Unit: "seconds", Metrics: []components.GraphMetric{
			p.airflowMetric("SyncLagSeconds", "dags", "Source", "dags"), p.airflowMetric("SyncLagSeconds", "plugins", "Source", "plugins"),
		}},
		{Title: "Sync errors and skipped keys", Statistic: "Sum", Unit: "keys", Metrics: []components.GraphMetric{
			p.airflowMetric("SyncErrors", "errors", "Source", "dags"), p.airflowMetric("SyncSkippedKeys", "skipped", "Source", "dags"),
		}},
	}}
}

func (p *platformParts) airflowRow() components.DashboardRow {
	return components.DashboardRow{Title: "Airflow: is there room, does it keep up?", Graphs: []components.Graph{
		{Title: "Open slots", Statistic: "Minimum", Unit: "slots", Metrics: []components.GraphMetric{
			p.airflowMetric("PoolOpenSlots", "default_pool", "Pool", "default_pool"), p.airflowMetric("ExecutorOpenSlots", "executor"),
		}},
		{Title: "Waiting for a slot", Statistic: "Maximum", Unit: "slots", Metrics: []components.GraphMetric{
			p.airflowMetric("PoolScheduledSlots", "default_pool", "Pool", "default_pool"),
		}},
		{Title: "Longest scheduler loop, slowest DAG file", Statistic: "Maximum", Unit: "seconds", Metrics: []components.GraphMetric{
			p.airflowMetric("SchedulerLoopSeconds", "loop"), p.airflowMetric("SlowestParseSeconds", "parse"),
		}},
		{Title: "Import errors", Statistic: "Maximum", Unit: "DAG files", Metrics: []components.GraphMetric{p.airflowMetric("ImportErrors", "files")}},
	}}
}

func (p *platformParts) webRow() components.DashboardRow {
	web := func(name, label string) components.GraphMetric {
		return components.GraphMetric{
			Namespace: "AWS/ApplicationELB", Name: name, Label: label,
			Dimensions: []any{"LoadBalancer", p.web.ARNSuffix},
		}
	}
	return components.DashboardRow{Title: "Web and APIs: do they answer, how fast?", Graphs: []components.Graph{
		{Title: "Requests", Statistic: "Sum", Unit: "requests a minute", Metrics: []components.GraphMetric{web("RequestCount", "requests")}},
		{Title: "Errors (5xx)", Statistic: "Sum", Unit: "errors a minute", Metrics: []components.GraphMetric{
			web("HTTPCode_Target_5XX_Count", "api-server"), web("HTTPCode_ELB_5XX_Count", "load balancer"),
		}},
		{Title: "Response time", Statistic: "p95", Unit: "seconds", Metrics: []components.GraphMetric{web("TargetResponseTime", "p95")}},
	}}
}

func (p *platformParts) serviceRow(s *services) components.DashboardRow {
	lines := func(metric string) []components.GraphMetric {
		var list []components.GraphMetric
		for _, service := range s.all() {
			list = append(list, components.GraphMetric{
				Namespace: "AWS/ECS", Name: metric, Label: service.Peer().Name,
				Dimensions: []any{"ClusterName", s.cluster.Name, "ServiceName", service.Name},
			})
		}
		return list
	}
	return components.DashboardRow{Title: "Services: are they up, are they big enough?", Graphs: []components.Graph{
		{Title: "Fargate tasks that run", Statistic: "SampleCount", Unit: "Fargate tasks", Metrics: lines("CPUUtilization")},
		{Title: "CPU", Statistic: "Average", Unit: "percent", Metrics: lines("CPUUtilization")},
		{Title: "Memory", Statistic: "Maximum", Unit: "percent", Metrics: lines("MemoryUtilization")},
	}}
}

func (p *platformParts) stateRow() components.DashboardRow {
	db := func(name, label string) components.GraphMetric {
		return components.GraphMetric{
			Namespace: "AWS/RDS", Name: name, Label: label,
			Dimensions: []any{"DBInstanceIdentifier", p.state.database.Identifier},
		}
	}
	cache := func(name, label string) components.GraphMetric {
		return components.GraphMetric{
			Namespace: "AWS/ElastiCache", Name: name, Label: label,
			Dimensions: []any{"CacheClusterId", fmt.Sprintf("%s-001", p.state.broker.ID)},
		}
	}
	return components.DashboardRow{Title: "Database, broker, files: is there room?", Graphs: []components.Graph{
		{Title: "Database connections", Statistic: "Maximum", Unit: "connections", Metrics: []components.GraphMetric{db("DatabaseConnections", "connections")}},
		{Title: "Load of database and broker", Statistic: "Average", Unit: "percent", Metrics: []components.GraphMetric{
			db("CPUUtilization", "database CPU"), cache("EngineCPUUtilization", "broker CPU"), cache("DatabaseMemoryUsagePercentage", "broker memory"),
		}},
		{Title: "Free storage of the database", Statistic: "Minimum", Unit: "bytes", Metrics: []components.GraphMetric{db("FreeStorageSpace", "free")}},
		{Title: "Share of the files' I/O limit", Statistic: "Maximum", Unit: "percent", Metrics: []components.GraphMetric{{
			Namespace: "AWS/EFS", Name: "PercentIOLimit", Label: "of the limit", Dimensions: []any{"FileSystemId", p.state.files.ID},
		}}},
	}}
}
