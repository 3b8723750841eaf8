package cost

import (
	"fmt"
	"strings"

	"github.com/pathwai/airflow-on-fargate/internal/plan"
)

// insights prices Container Insights, whose metrics are billed as custom ones.
func (e *estimate) insights(r *plan.Resource) []Line {
	mode := "disabled"
	for _, setting := range r.List("settings") {
		if plan.Text(plan.Lookup(setting, "name")) == "containerInsights" {
			mode = plan.Text(plan.Lookup(setting, "value"))
		}
	}
	switch mode {
	case "disabled":
		return nil
	case "enabled":
	default:
		e.unpriced(r, fmt.Sprintf("Container Insights %q is billed per container and metric; prices.yaml prices \"enabled\" only, which costs less", mode))
		return nil
	}
	services := float64(len(e.plan.Of(plan.ServiceType)))
	metrics := e.price("insights.cluster") + services*(e.price("insights.service")+e.price("insights.task"))
	return []Line{
		{What: fmt.Sprintf("%g metrics of the cluster and %g services", metrics, services), Range: exactly(metrics * e.price("metric.custom"))},
		{What: "its events in the logs", Range: e.assume("insightsLogGB").Times(services * e.price("logs.ingest")), ByUse: true},
	}
}

// logGroup prices what a group takes in and keeps. Who writes to it tells how much.
func (e *estimate) logGroup(r *plan.Resource) []Line {
	amount := e.assume(e.writer(r))
	// Logs are billed compressed; a fifth is common, nothing gained the worst.
	months := max(1, r.NumberOr("retentionInDays", 365)/30)
	stored := Range{amount.Low * months * 0.2, amount.High * months}
	return []Line{
		{What: "taken in", Range: amount.Times(e.price("logs.ingest")), ByUse: true},
		{What: fmt.Sprintf("kept for %g days", r.NumberOr("retentionInDays", 365)), Range: stored.Times(e.price("logs.storage")), ByUse: true},
	}
}

// writer names the assumption about a log group by what the plan sends there.
func (e *estimate) writer(group *plan.Resource) string {
	for _, flow := range e.plan.Of("aws:ec2/flowLog:FlowLog") {
		if e.plan.Ref(flow, "logDestination", group.Type) == group {
			return "flowLogGB"
		}
	}
	for _, questions := range e.plan.Of("aws:route53/resolverQueryLogConfig:ResolverQueryLogConfig") {
		if strings.HasSuffix(questions.Text("destinationArn"), ":log-group:"+group.Text("name")) {
			return "dnsLogGB"
		}
	}
	if strings.HasPrefix(group.Text("name"), "/aws/rds/") {
		return "databaseLogGB"
	}
	for _, service := range e.plan.Of(plan.ServiceType) {
		if service.Parent == group.Parent {
			return "taskLogGB"
		}
	}
	return "otherLogGB"
}

// agentMetrics are published by the agent from inside the stack: no resource of
// the plan stands for them, but the queues show in the alarms on their backlog.
func (e *estimate) agentMetrics() Row {
	row := Row{Name: "the agent's metrics", Service: "Metrics"}
	queues := map[string]bool{}
	ours := false
	for _, alarm := range e.plan.Of(alarmType) {
		for _, metric := range alarmMetrics(alarm) {
			if namespace := plan.Text(plan.Lookup(metric, "namespace")); namespace == "" || strings.HasPrefix(namespace, "AWS/") {
				continue
			}
			ours = true
			if queue := plan.Text(plan.Lookup(metric, "dimensions.Queue")); queue != "" {
				queues[queue] = true
			}
		}
	}
	if !ours {
		return row
	}
	metrics := e.assume("agentMetricsPerQueue").Times(float64(len(queues))).Plus(e.assume("agentMetricsPerStack"))
	row.Lines = []Line{{
		What:  fmt.Sprintf("%g to %g custom metrics, %s", metrics.Low, metrics.High, count(len(queues), "queue")),
		Range: metrics.Times(e.price("metric.custom")), ByUse: true,
	}}
	return row
}

const alarmType = "aws:cloudwatch/metricAlarm:MetricAlarm"

// alarmMetrics are the metrics that an alarm watches: its own, or those of its
// expression.
func alarmMetrics(r *plan.Resource) []any {
	var metrics []any
	for _, query := range r.List("metricQueries") {
		if metric := plan.Lookup(query, "metric"); metric != nil {
			metrics = append(metrics, metric)
		}
	}
	if len(metrics) == 0 {
		metrics = []any{r.Inputs}
	}
	return metrics
}

// alarm is billed by the metrics in it.
func (e *estimate) alarm(r *plan.Resource) []Line {
	metrics := len(alarmMetrics(r))
	return []Line{{What: "alarm on " + count(metrics, "metric"), Range: exactly(float64(metrics) * e.price("alarm.metric"))}}
}

func (e *estimate) compositeAlarm(*plan.Resource) []Line {
	return []Line{{What: "composite alarm", Range: exactly(e.price("alarm.composite"))}}
}

func (e *estimate) dashboard(*plan.Resource) []Line {
	return []Line{{What: "dashboard", Range: exactly(e.price("dashboard.month"))}}
}

// metricFilter makes a custom metric, billed in the hours in which it has data.
func (e *estimate) metricFilter(*plan.Resource) []Line {
	return []Line{{What: "metric of matching lines", Range: Range{0, e.price("metric.custom")}, ByUse: true}}
}

// scalingPolicy: target tracking makes two alarms of its own; steps make none.
func (e *estimate) scalingPolicy(r *plan.Resource) []Line {
	if r.Text("policyType") != "TargetTrackingScaling" {
		e.freeCount[r.Type]++
		e.free[r.Type] = "step scaling uses alarms that are priced"
		return nil
	}
	return []Line{{What: "the two alarms that it makes", Range: exactly(2 * e.price("alarm.metric"))}}
}
