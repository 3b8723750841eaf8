package components

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/appautoscaling"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/pathwai/airflow-on-fargate/internal/scaling"
)

// followBacklog declares the rules of [scaling.Rules]: as many workers as what
// is queued and running needs (docs/adr/0013).
func (s *Scaling) followBacklog(ctx *pulumi.Context, name string, args *ScalingArgs) error {
	rules, err := scaling.Rules(scaling.Pool{
		Stack: args.Scope.Prefix, Queues: args.Backlog.Queues, Concurrency: args.Backlog.Concurrency,
		Cluster: args.Cluster.Name, Service: args.Service.Name,
		Min: args.Min, Max: args.Max, IdleMemory: args.Backlog.IdleMemory,
	})
	if err != nil {
		return err
	}
	for _, rule := range rules {
		policy, err := s.newPolicy(ctx, name+"-"+rule.Name, &appautoscaling.PolicyArgs{
			Name:       pulumi.String(args.Service.Name + "-" + rule.Name),
			PolicyType: pulumi.String("StepScaling"),
			StepScalingPolicyConfiguration: &appautoscaling.PolicyStepScalingPolicyConfigurationArgs{
				AdjustmentType:        pulumi.String(rule.Policy.AdjustmentType),
				Cooldown:              pulumi.Int(rule.Policy.CooldownSeconds),
				MetricAggregationType: pulumi.String(rule.Policy.Aggregation),
				StepAdjustments:       stepAdjustments(rule.Policy.Steps),
			},
		})
		if err != nil {
			return err
		}
		if _, err := cloudwatch.NewMetricAlarm(ctx, name+"-"+rule.Name, &cloudwatch.MetricAlarmArgs{
			Name:               pulumi.String(args.Service.Name + "-" + rule.Name),
			AlarmDescription:   pulumi.String(rule.Alarm.Description),
			ComparisonOperator: pulumi.String(rule.Alarm.Comparison),
			Threshold:          pulumi.Float64(rule.Alarm.Threshold),
			EvaluationPeriods:  pulumi.Int(rule.Alarm.EvaluationPeriods),
			DatapointsToAlarm:  pulumi.Int(rule.Alarm.DatapointsToAlarm),
			TreatMissingData:   pulumi.String(rule.Alarm.Missing),
			MetricQueries:      metricQueries(rule.Alarm.Queries),
			AlarmActions:       pulumi.Array{policy.Arn},
		}, pulumi.Parent(s.target)); err != nil {
			return fmt.Errorf("alarm %s: %w", rule.Name, err)
		}
	}
	return nil
}

func stepAdjustments(steps []scaling.Step) appautoscaling.PolicyStepScalingPolicyConfigurationStepAdjustmentArray {
	bound := func(distance *float64) pulumi.StringPtrInput {
		if distance == nil {
			return nil
		}
		return pulumi.StringPtr(fmt.Sprint(*distance))
	}
	var list appautoscaling.PolicyStepScalingPolicyConfigurationStepAdjustmentArray
	for _, step := range steps {
		list = append(list, &appautoscaling.PolicyStepScalingPolicyConfigurationStepAdjustmentArgs{
			MetricIntervalLowerBound: bound(step.Lower),
			MetricIntervalUpperBound: bound(step.Upper),
			ScalingAdjustment:        pulumi.Int(step.Adjustment),
		})
	}
	return list
}

func metricQueries(queries []scaling.Query) cloudwatch.MetricAlarmMetricQueryArray {
	var list cloudwatch.MetricAlarmMetricQueryArray
	for _, query := range queries {
		args := &cloudwatch.MetricAlarmMetricQueryArgs{
			Id: pulumi.String(query.ID), Label: pulumi.StringPtr(query.Label), ReturnData: pulumi.BoolPtr(query.Return),
		}
		if query.Metric == nil {
			args.Expression = pulumi.StringPtr(query.Expression)
		} else {
			args.Metric = &cloudwatch.MetricAlarmMetricQueryMetricArgs{
				Namespace:  pulumi.StringPtr(query.Metric.Namespace),
				MetricName: pulumi.String(query.Metric.Name),
				Stat:       pulumi.String(query.Metric.Stat),
				Period:     pulumi.Int(query.Metric.PeriodSeconds),
				Dimensions: pulumi.ToStringMap(query.Metric.Dimensions),
			}
		}
		list = append(list, args)
	}
	return list
}
