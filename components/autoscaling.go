package components

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/appautoscaling"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/pathwai/airflow-on-fargate/internal/scaling"
)

// ScalingArgs describes between how many tasks a service moves.
type ScalingArgs struct {
	Scope   Scope
	Cluster *Cluster
	Service *Service
	// Min and Max bound the number of tasks. Equal ones fix it, for a service
	// that has OffHours only.
	Min, Max int
	// Backlog scales workers by what their queues hold; nil doesn't.
	Backlog *BacklogArgs
	// TrackLoad scales by CPU (60 %) and memory (75 %), for services that serve
	// requests.
	TrackLoad bool
	// OffHours turns the service off and on again; nil leaves it on.
	OffHours *OffHoursArgs
}

// BacklogArgs describes the work of a pool.
type BacklogArgs struct {
	// Queues are the pool's, at most 7: the alarm can't read more metrics
	// (docs/adr/0043). Concurrency is how many tasks one worker runs.
	Queues      []string
	Concurrency int
	// IdleMemory is what a worker without work holds of its memory, in percent.
	IdleMemory int
}

// OffHoursArgs are expressions of Application Auto Scaling and their time zone.
type OffHoursArgs struct {
	// Stop and Start are such as cron(0 20 ? * MON-FRI *).
	Stop, Start string
	// Timezone is the IANA name of the zone that both are in.
	Timezone string
}

// Scaling moves a service's number of tasks: with the backlog of a pool of
// workers (docs/adr/0013), with load, and to none out of hours.
type Scaling struct {
	pulumi.ResourceState
}

// Load at which a service that serves requests grows, in percent.
const (
	targetCPU    = 60
	targetMemory = 75
)

// NewScaling makes the service scalable and attaches its policies.
func NewScaling(ctx *pulumi.Context, name string, args *ScalingArgs, opts ...pulumi.ResourceOption) (*Scaling, error) {
	s := &Scaling{}
	if err := register(ctx, "Scaling", name, s, opts); err != nil {
		return nil, err
	}
	options := []pulumi.ResourceOption{pulumi.Parent(s), pulumi.DependsOn([]pulumi.Resource{args.Service.resource})}
	if args.OffHours != nil {
		// A scheduled action sets the target's own bounds (Application Auto Scaling
		// user guide, "How scheduled scaling works"): an update at night would turn
		// the service on. Other bounds come with the next start.
		options = append(options, pulumi.IgnoreChanges([]string{"minCapacity", "maxCapacity"}))
	}
	target, err := appautoscaling.NewTarget(ctx, name, &appautoscaling.TargetArgs{
		ServiceNamespace:  pulumi.String("ecs"),
		ScalableDimension: pulumi.String("ecs:service:DesiredCount"),
		ResourceId:        pulumi.String("service/" + args.Cluster.Name + "/" + args.Service.Name),
		MinCapacity:       pulumi.Int(args.Min),
		MaxCapacity:       pulumi.Int(args.Max),
	}, options...)
	if err != nil {
		return nil, fmt.Errorf("scaling %s: target: %w", name, err)
	}
	if args.Backlog != nil {
		if err := s.followBacklog(ctx, name, args, target); err != nil {
			return nil, fmt.Errorf("scaling %s: %w", name, err)
		}
	}
	if args.TrackLoad {
		if err := s.trackLoad(ctx, name, args, target); err != nil {
			return nil, fmt.Errorf("scaling %s: %w", name, err)
		}
	}
	if args.OffHours != nil {
		if err := s.keepOffHours(ctx, name, args, target); err != nil {
			return nil, fmt.Errorf("scaling %s: %w", name, err)
		}
	}
	return s, ctx.RegisterResourceOutputs(s, pulumi.Map{})
}

func (s *Scaling) trackLoad(ctx *pulumi.Context, name string, args *ScalingArgs, target *appautoscaling.Target) error {
	for metric, percent := range map[string]float64{"CPU": targetCPU, "Memory": targetMemory} {
		if _, err := appautoscaling.NewPolicy(ctx, name+"-"+metric, &appautoscaling.PolicyArgs{
			Name:              pulumi.String(args.Service.Name + "-" + metric),
			PolicyType:        pulumi.String("TargetTrackingScaling"),
			ServiceNamespace:  target.ServiceNamespace,
			ScalableDimension: target.ScalableDimension,
			ResourceId:        target.ResourceId,
			TargetTrackingScalingPolicyConfiguration: &appautoscaling.PolicyTargetTrackingScalingPolicyConfigurationArgs{
				TargetValue: pulumi.Float64(percent),
				PredefinedMetricSpecification: &appautoscaling.PolicyTargetTrackingScalingPolicyConfigurationPredefinedMetricSpecificationArgs{
					PredefinedMetricType: pulumi.String("ECSServiceAverage" + metric + "Utilization"),
				},
				ScaleInCooldown:  pulumi.Int(300),
				ScaleOutCooldown: pulumi.Int(60),
			},
		}, pulumi.Parent(target)); err != nil {
			return fmt.Errorf("%s: %w", metric, err)
		}
	}
	return nil
}

func (s *Scaling) keepOffHours(ctx *pulumi.Context, name string, args *ScalingArgs, target *appautoscaling.Target) error {
	for _, action := range []struct {
		name, schedule string
		min, max       int
	}{
		{"stop", args.OffHours.Stop, 0, 0},
		{"start", args.OffHours.Start, args.Min, args.Max},
	} {
		if _, err := appautoscaling.NewScheduledAction(ctx, name+"-"+action.name, &appautoscaling.ScheduledActionArgs{
			Name:              pulumi.String(args.Service.Name + "-" + action.name),
			ServiceNamespace:  target.ServiceNamespace,
			ScalableDimension: target.ScalableDimension,
			ResourceId:        target.ResourceId,
			Schedule:          pulumi.String(action.schedule),
			Timezone:          pulumi.String(args.OffHours.Timezone),
			ScalableTargetAction: &appautoscaling.ScheduledActionScalableTargetActionArgs{
				MinCapacity: pulumi.Int(action.min), MaxCapacity: pulumi.Int(action.max),
			},
		}, pulumi.Parent(target)); err != nil {
			return fmt.Errorf("%s: %w", action.name, err)
		}
	}
	return nil
}

// MetricsNamespace is where the agent's metrics go.
const MetricsNamespace = scaling.NamespaceAirflow
