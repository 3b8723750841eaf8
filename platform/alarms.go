package platform

import (
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/pathwai/airflow-on-fargate/components"
	"github.com/pathwai/airflow-on-fargate/config"
	"github.com/pathwai/airflow-on-fargate/internal/scaling"
)

const (
	minute  = 60
	quarter = 900
	hour    = 3600
	day     = 24 * hour
)

// newOperations is what people look at and are told.
func (p *platformParts) newOperations(ctx *pulumi.Context, s *services) error {
	alarms, err := p.newAlarms(ctx, s)
	if err != nil {
		return err
	}
	if usd := p.config.Budget.MonthlyUSD; usd > 0 {
		if _, err := components.NewBudget(ctx, "budget", &components.BudgetArgs{
			Scope: p.scope, MonthlyUSD: usd, Project: project(p.config), Environment: p.config.Environment, Alarms: alarms,
		}, p.in); err != nil {
			return err
		}
	}
	return p.newDashboard(ctx, s)
}

// newAlarms watches everything that newServices and newState made.
func (p *platformParts) newAlarms(ctx *pulumi.Context, s *services) (*components.Alarms, error) {
	groups := map[string]string{}
	for _, service := range s.all() {
		groups[service.Peer().Name] = service.LogGroup
	}
	groups[s.cleanup.Peer().Name] = s.cleanup.LogGroup
	var alarms []components.Alarm
	for _, some := range [][]components.Alarm{
		p.airflowAlarms(), p.queueAlarms(), p.webAlarms(), p.taskAlarms(s), p.databaseAlarms(), p.brokerAlarms(), p.filesAlarms(), p.hoursAlarms(),
	} {
		alarms = append(alarms, some...)
	}
	args := &components.AlarmsArgs{
		Scope:          p.scope,
		Emails:         p.config.Alarms.Emails,
		LogsKeyARN:     p.keys.LogsARN,
		Alarms:         alarms,
		OffHours:       scheduled(p.config),
		ClusterARN:     s.cluster.ARN,
		DatabaseID:     p.state.database.Identifier,
		Scheduled:      []string{s.cleanup.Family},
		LogGroups:      groups,
		LogGroupsReady: s.logGroups(),
		DNS:            p.dns,
	}
	if err := p.newHours(ctx, s, args.OnSilence()); err != nil {
		return nil, err
	}
	return components.NewAlarms(ctx, "alarms", args, p.in)
}

// above and below fill in what most alarms share.
func above(threshold float64, seconds, periods int, a components.Alarm) components.Alarm {
	a.Above, a.PeriodSeconds, a.Periods = components.Threshold(threshold), seconds, periods
	return a
}

func below(threshold float64, seconds, periods int, a components.Alarm) components.Alarm {
	a.Below, a.PeriodSeconds, a.Periods = components.Threshold(threshold), seconds, periods
	return a
}

// airflowAlarms are on what the agents publish. Only one of them takes silence
// for an alarm: the publisher of all of them is the same.
func (p *platformParts) airflowAlarms() []components.Alarm {
	stack := pulumi.StringMap{"Stack": pulumi.String(p.scope.Prefix)}
	own := func(name, metric, statistic, meaning, runbook string, severity components.Severity) components.Alarm {
		return components.Alarm{
			Name: name, Severity: severity, Meaning: meaning, Runbook: runbook,
			Namespace: components.MetricsNamespace, Metric: metric, Statistic: statistic, Dimensions: stack,
		}
	}
	scheduler := above(60, minute, 3, own("scheduler-heartbeat", "SchedulerHeartbeatAgeSeconds", "Minimum",
		"No scheduler has sent a heartbeat for a minute, or nobody publishes it: nothing new is started.", "scheduler-dead", components.Page))
	scheduler.MissingBreaches = true
	alarms := []components.Alarm{
		scheduler,
		above(120, minute, 5, own("dag-processor-heartbeat", "DagProcessorHeartbeatAgeSeconds", "Minimum",
			"No DAG processor has sent a heartbeat for two minutes: new and changed DAGs don't appear.", "scheduler-dead", components.Warn)),
		above(120, minute, 5, own("triggerer-heartbeat", "TriggererHeartbeatAgeSeconds", "Minimum",
			"No triggerer has sent a heartbeat for two minutes: deferred tasks don't go on.", "scheduler-dead", components.Warn)),
		above(float64(p.config.Alarms.TaskFailures), quarter, 1, own("task-failures", "TaskFailures", "Sum",
			"More tasks failed within a quarter of an hour than is usual.", "queue-stuck", components.Warn)),
		above(float64(p.config.Alarms.TaskDurationSeconds), quarter, 1, own("task-duration", "TaskDurationSeconds", "Maximum",
			"A task took longer than any should.", "queue-stuck", components.Warn)),
	}
	alarms = append(alarms, above(4*day, hour, 1, own("cleanup-late", "CleanupAgeSeconds", "Minimum",
		"For four days no clean-up of the database has cleaned all tables: they grow.", "cleanup-late", components.Warn)))
	for _, source := range []string{"dags", "plugins"} {
		lag := above(float64(p.config.Alarms.SyncLagSeconds), minute, 3, own("sync-lag-"+source, "SyncLagSeconds", "Minimum",
			"dagsync has not been in step with S3 for a while, or is silent: pushed "+source+" don't arrive.", "sync-lag", components.Warn))
		lag.Dimensions = pulumi.StringMap{"Stack": pulumi.String(p.scope.Prefix), "Source": pulumi.String(source)}
		lag.MissingBreaches = true
		refused := above(0, minute, 5, own("sync-refused-"+source, "SyncRefusedKeys", "Minimum",
			"S3 refuses to give dagsync some of the "+source+", and gives the rest: readers keep what they had of them.", "sync-lag", components.Warn))
		refused.Dimensions = lag.Dimensions
		alarms = append(alarms, lag, refused)
	}
	return alarms
}

func (p *platformParts) queueAlarms() []components.Alarm {
	var alarms []components.Alarm
	for _, pool := range p.config.WorkerPools {
		for _, queue := range pool.Queues {
			dimensions := pulumi.StringMap{"Stack": pulumi.String(p.scope.Prefix), "Queue": pulumi.String(queue)}
			alarms = append(alarms,
				above(float64(p.config.Alarms.QueueWaitSeconds), minute, 3, components.Alarm{
					Name: "queue-wait-" + queue, Severity: components.Page, Runbook: "queue-stuck",
					Meaning:   "The oldest task of queue " + queue + " has waited long for a worker.",
					Namespace: components.MetricsNamespace, Metric: "OldestQueuedSeconds", Statistic: "Maximum", Dimensions: dimensions,
				}),
				above(float64(2*pool.Max*pool.Concurrency), minute, 30, components.Alarm{
					Name: "backlog-" + queue, Severity: components.Warn, Runbook: "queue-stuck",
					Meaning:   "For half an hour queue " + queue + " has held twice what its pool can run at its largest.",
					Namespace: components.MetricsNamespace, Metric: "Backlog", Statistic: "Minimum", Dimensions: dimensions,
				}),
				above(0, minute, 10, components.Alarm{
					Name: "no-workers-" + queue, Severity: components.Page, Runbook: "queue-stuck",
					Meaning: "For ten minutes queue " + queue + " has held work and nobody has taken any: its pool doesn't start, or its workers don't listen.",
					Queries: p.unserved(queue),
				}))
		}
	}
	return alarms
}

// unserved is 1 while a queue holds work that no worker listens for, by what
// workers answer, not by how many tasks run. A pool comes up from none within
// five minutes. Neither metric is published while the database is down, nor
// Workers while the broker is: their own alarms sound.
func (p *platformParts) unserved(queue string) []scaling.Query {
	metric := func(id, name, statistic string) scaling.Query {
		return scaling.Query{ID: id, Metric: &scaling.Metric{
			Namespace: components.MetricsNamespace, Name: name, Stat: statistic, PeriodSeconds: minute,
			Dimensions: map[string]string{"Stack": p.scope.Prefix, "Queue": queue},
		}}
	}
	return []scaling.Query{
		{ID: "unserved", Label: "Work without a worker", Expression: "IF(backlog > 0 AND workers < 1, 1, 0)", Return: true},
		metric("backlog", "Backlog", "Minimum"), metric("workers", "Workers", "Maximum"),
	}
}

func (p *platformParts) webAlarms() []components.Alarm {
	balancer := pulumi.StringMap{"LoadBalancer": p.web.ARNSuffix}
	target := pulumi.StringMap{"LoadBalancer": p.web.ARNSuffix, "TargetGroup": p.web.TargetGroupSuffix}
	web := func(name, metric, statistic, meaning string, severity components.Severity, dimensions pulumi.StringMap) components.Alarm {
		return components.Alarm{
			Name: name, Severity: severity, Meaning: meaning, Runbook: "web-down",
			Namespace: "AWS/ApplicationELB", Metric: metric, Statistic: statistic, Dimensions: dimensions,
		}
	}
	healthy := below(1, minute, 3, web("web-down", "HealthyHostCount", "Maximum",
		"No api-server is healthy: no web interface, and running tasks can't report.", components.Page, target))
	healthy.MissingBreaches = true
	return []components.Alarm{
		healthy,
		above(10, 5*minute, 1, web("web-errors", "HTTPCode_Target_5XX_Count", "Sum", "The api-server answers with errors.", components.Warn, balancer)),
		above(10, 5*minute, 1, web("balancer-errors", "HTTPCode_ELB_5XX_Count", "Sum",
			"The load balancer answers with errors of its own: no target, or an identity provider out of reach.", components.Warn, balancer)),
		above(0, minute, 10, web("web-unhealthy", "UnHealthyHostCount", "Minimum", "An api-server has been unhealthy for ten minutes.", components.Warn, target)),
		above(3, 5*minute, 3, web("web-slow", "TargetResponseTime", "p95", "One request of twenty takes longer than 3 s.", components.Warn, balancer)),
		below(30, 86400, 1, components.Alarm{
			Name: "certificate-expiry", Severity: components.Warn, Runbook: "web-down",
			Meaning:   "The certificate ends within 30 days; tasks verify it.",
			Namespace: "AWS/CertificateManager", Metric: "DaysToExpiry", Statistic: "Minimum",
			Dimensions: pulumi.StringMap{"CertificateArn": pulumi.String(p.config.LoadBalancer.CertificateARN)},
		}),
	}
}

// taskAlarms compare running with wanted tasks of the services that are always
// on. ECS publishes one CPUUtilization sample a task and minute, so that their
// number is that of running tasks (ECS developer guide, "CloudWatch metrics").
func (p *platformParts) taskAlarms(s *services) []components.Alarm {
	var alarms []components.Alarm
	for _, fixed := range []struct {
		name    string
		service *components.Service
		count   int
	}{
		{"api-server", s.apiServer, p.config.Services.APIServer.Count},
		{"scheduler", s.scheduler, p.config.Services.Scheduler.Count},
		{"dag-processor", s.dagProcessor, p.config.Services.DAGProcessor.Count},
		{"triggerer", s.triggerer, p.config.Services.Triggerer.Count},
		{"dagsync", s.dagsync, 1},
	} {
		missing := below(float64(fixed.count), minute, 10, components.Alarm{
			Name: fixed.name + "-tasks", Severity: components.Warn, Runbook: "scheduler-dead",
			Meaning:   fmt.Sprintf("Fewer than %d tasks of %s have run for ten minutes.", fixed.count, fixed.service.Name),
			Namespace: "AWS/ECS", Metric: "CPUUtilization", Statistic: "SampleCount",
			Dimensions: pulumi.StringMap{"ClusterName": pulumi.String(s.cluster.Name), "ServiceName": pulumi.String(fixed.service.Name)},
		})
		missing.MissingBreaches = true
		alarms = append(alarms, missing)
	}
	return alarms
}

// gibibyte is what CloudWatch counts bytes of.
const gibibyte = 1 << 30

func (p *platformParts) databaseAlarms() []components.Alarm {
	dimensions := pulumi.StringMap{"DBInstanceIdentifier": pulumi.String(p.state.database.Identifier)}
	db := func(name, metric, statistic, meaning string, severity components.Severity) components.Alarm {
		return components.Alarm{
			Name: "db-" + name, Severity: severity, Meaning: meaning, Runbook: "exhaustion",
			Namespace: "AWS/RDS", Metric: metric, Statistic: statistic, Dimensions: dimensions,
		}
	}
	d := p.config.Database
	memory, _ := config.InstanceMemoryGiB(d.InstanceClass) // a valid config names a known size
	return []components.Alarm{
		above(0.8*float64(config.MaxConnections(d.InstanceClass)), minute, 5, db("connections", "DatabaseConnections", "Maximum",
			"Four fifths of the database's connections are taken.", components.Page)),
		above(85, 5*minute, 3, db("cpu", "CPUUtilization", "Average", "The database has been busy for a quarter of an hour.", components.Warn)),
		below(0.1*float64(d.AllocatedStorageGiB)*gibibyte, 5*minute, 1, db("storage", "FreeStorageSpace", "Minimum",
			"A tenth of the allocated storage is left; it grows by itself up to its ceiling.", components.Page)),
		below(0.05*memory*gibibyte, 5*minute, 3, db("memory", "FreeableMemory", "Minimum",
			"The database is short of memory.", components.Warn)),
	}
}

func (p *platformParts) brokerAlarms() []components.Alarm {
	var alarms []components.Alarm
	for node := 1; node <= p.config.Broker.Replicas+1; node++ {
		id := fmt.Sprintf("%s-%03d", p.state.broker.ID, node)
		cache := func(name, metric, meaning string, severity components.Severity) components.Alarm {
			return components.Alarm{
				Name: fmt.Sprintf("broker-%d-%s", node, name), Severity: severity, Meaning: meaning, Runbook: "exhaustion",
				Namespace: "AWS/ElastiCache", Metric: metric, Statistic: "Maximum",
				Dimensions: pulumi.StringMap{"CacheClusterId": pulumi.String(id)},
			}
		}
		alarms = append(alarms,
			above(75, minute, 5, cache("memory", "DatabaseMemoryUsagePercentage", "The broker fills up; when it is full it refuses tasks.", components.Page)),
			above(0, minute, 1, cache("evictions", "Evictions", "The broker threw keys away, queued tasks perhaps: its policy must be noeviction.", components.Page)),
			above(80, minute, 10, cache("cpu", "EngineCPUUtilization", "The broker is busy.", components.Warn)),
			above(5000, minute, 5, cache("connections", "CurrConnections", "Something opens connections to the broker and keeps them.", components.Warn)))
	}
	return alarms
}

// filesAlarms: with elastic throughput there are no burst credits to run out
// of, but a limit of operations.
func (p *platformParts) filesAlarms() []components.Alarm {
	return []components.Alarm{above(80, 5*minute, 3, components.Alarm{
		Name: "files-io", Severity: components.Warn, Runbook: "exhaustion",
		Meaning:   "The shared files are near their limit of operations: DAGs are parsed slowly.",
		Namespace: "AWS/EFS", Metric: "PercentIOLimit", Statistic: "Maximum",
		Dimensions: pulumi.StringMap{"FileSystemId": p.state.files.ID},
	})}
}

// hoursAlarms: a run that failed left the platform half off, or half on.
func (p *platformParts) hoursAlarms() []components.Alarm {
	if !scheduled(p.config) {
		return nil
	}
	return []components.Alarm{above(0, minute, 1, components.Alarm{
		Name: "hours-failed", Severity: components.Page, Runbook: "hours",
		Meaning:   "Turning the platform off or on stopped half-way.",
		Namespace: "AWS/States", Metric: "ExecutionsFailed", Statistic: "Sum",
		Dimensions: pulumi.StringMap{"StateMachineArn": pulumi.String(p.scope.HoursMachine())},
	})}
}
