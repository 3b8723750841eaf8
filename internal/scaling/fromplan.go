package scaling

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/pathwai/airflow-on-fargate/internal/plan"
)

// Pulumi's type tokens of what is read.
const (
	typeTarget = "aws:appautoscaling/target:Target"
	typePolicy = "aws:appautoscaling/policy:Policy"
	typeAlarm  = "aws:cloudwatch/metricAlarm:MetricAlarm"
)

// Target is a service that is scaled, with the rules that a plan gives it.
type Target struct {
	// ResourceID is Application Auto Scaling's: service/CLUSTER/SERVICE.
	ResourceID string
	Min, Max   int
	Rules      []Rule
}

// FromPlan reads the services that are scaled by alarms. It fails on what the
// simulator doesn't know, rather than leave it out of the proof.
func FromPlan(p *plan.Plan) ([]Target, error) {
	var targets []Target
	var faults []error
	alarms := p.Of(typeAlarm)
	for _, resource := range p.Of(typeTarget) {
		target := Target{
			ResourceID: resource.Text("resourceId"),
			Min:        int(resource.NumberOr("minCapacity", -1)), Max: int(resource.NumberOr("maxCapacity", -1)),
		}
		for _, r := range p.Of(typePolicy) {
			if r.Text("resourceId") != target.ResourceID || r.Text("policyType") != "StepScaling" {
				continue
			}
			rule, err := readRule(p, r, alarms)
			if err != nil {
				faults = append(faults, fmt.Errorf("%s: %w", r.Name, err))
				continue
			}
			target.Rules = append(target.Rules, rule)
		}
		if len(target.Rules) > 0 {
			targets = append(targets, target)
		}
	}
	if err := errors.Join(faults...); err != nil {
		return nil, err
	}
	return targets, nil
}

// readRule reads a policy and the one alarm whose actions name it. At preview
// the policy's ARN isn't known yet, and the dependency tells.
func readRule(p *plan.Plan, r *plan.Resource, alarms []*plan.Resource) (Rule, error) {
	policy, err := readPolicy(r)
	if err != nil {
		return Rule{}, err
	}
	var driving []*plan.Resource
	for _, alarm := range alarms {
		if slices.Contains(p.Refs(alarm, "alarmActions", typePolicy), r) {
			driving = append(driving, alarm)
		}
	}
	if len(driving) != 1 {
		return Rule{}, fmt.Errorf("%d alarms drive it; the simulator wants one", len(driving))
	}
	alarm, err := readAlarm(driving[0])
	if err != nil {
		return Rule{}, fmt.Errorf("alarm %s: %w", driving[0].Name, err)
	}
	name := r.Name
	if i := strings.LastIndexByte(name, '-'); i >= 0 {
		name = name[i+1:]
	}
	return Rule{Name: name, Policy: policy, Alarm: alarm}, nil
}

func readPolicy(r *plan.Resource) (Policy, error) {
	const at = "stepScalingPolicyConfiguration."
	p := Policy{
		AdjustmentType:  r.Text(at + "adjustmentType"),
		CooldownSeconds: int(r.NumberOr(at+"cooldown", 300)),
		Aggregation:     r.Text(at + "metricAggregationType"),
	}
	if p.Aggregation == "" {
		p.Aggregation = "Average"
	}
	for i := range r.List(at + "stepAdjustments") {
		step := fmt.Sprintf("%sstepAdjustments.%d.", at, i)
		adjustment, ok := r.Number(step + "scalingAdjustment")
		if !ok {
			return p, fmt.Errorf("step %d has no adjustment that the plan shows", i)
		}
		p.Steps = append(p.Steps, Step{
			Lower: bound(r, step+"metricIntervalLowerBound"), Upper: bound(r, step+"metricIntervalUpperBound"),
			Adjustment: int(adjustment),
		})
	}
	return p, p.check()
}

func bound(r *plan.Resource, path string) *float64 {
	if n, ok := r.Number(path); ok {
		return &n
	}
	return nil
}

func readAlarm(r *plan.Resource) (Alarm, error) {
	a := Alarm{
		Description: r.Text("alarmDescription"), Comparison: r.Text("comparisonOperator"),
		EvaluationPeriods: int(r.NumberOr("evaluationPeriods", 0)), Missing: r.Text("treatMissingData"),
	}
	var ok bool
	if a.Threshold, ok = r.Number("threshold"); !ok {
		return a, errors.New("the plan shows no threshold")
	}
	if enabled := r.Get("actionsEnabled"); enabled == false {
		return a, errors.New("its actions are switched off")
	}
	a.DatapointsToAlarm = int(r.NumberOr("datapointsToAlarm", float64(a.EvaluationPeriods)))
	if a.Missing == "" {
		a.Missing = "missing"
	}
	if r.Text("metricName") != "" {
		a.Queries = []Query{{ID: "m", Return: true, Metric: &Metric{
			Namespace: r.Text("namespace"), Name: r.Text("metricName"), Dimensions: dimensions(r.Get("dimensions")),
			Stat: r.Text("statistic"), PeriodSeconds: int(r.NumberOr("period", 0)),
		}}}
	}
	for i := range r.List("metricQueries") {
		at := fmt.Sprintf("metricQueries.%d.", i)
		q := Query{
			ID: r.Text(at + "id"), Label: r.Text(at + "label"), Expression: r.Text(at + "expression"),
			Return: r.True(at + "returnData"),
		}
		if q.Expression == "" {
			q.Metric = &Metric{
				Namespace: r.Text(at + "metric.namespace"), Name: r.Text(at + "metric.metricName"),
				Dimensions: dimensions(r.Get(at + "metric.dimensions")),
				Stat:       r.Text(at + "metric.stat"), PeriodSeconds: int(r.NumberOr(at+"metric.period", 0)),
			}
		}
		a.Queries = append(a.Queries, q)
	}
	return a, nil
}

func dimensions(v any) map[string]string {
	of, _ := v.(map[string]any)
	d := make(map[string]string, len(of))
	for name, value := range of {
		d[name] = plan.Text(value)
	}
	return d
}
