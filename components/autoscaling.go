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
	// Min and Max bound the number of tasks.
	Min, Max int
	// Backlog scales workers by what their queues hold; nil doesn't.
	Backlog *BacklogArgs
	// TrackLoad scales by CPU (60 %) and memory (75 %), for services that serve
	// requests.
	TrackLoad bool
	// OffHours leaves the bounds to [Hours] once they are there.
	OffHours bool
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

// Scaling moves a service's number of tasks: with the backlog of a pool of
// workers (docs/adr/0013), or with load.
type Scaling struct {
	pulumi.ResourceState

	target *appautoscaling.Target
	// last is the newest policy.
	last []pulumi.Resource
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
	if args.OffHours {
		// An update at night would turn the service on. Other bounds come with the
		// next start.
		options = append(options, pulumi.IgnoreChanges([]string{"minCapacity", "maxCapacity"}))
	}
	var err error
	s.target, err = appautoscaling.NewTarget(ctx, name, &appautoscaling.TargetArgs{
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
		if err := s.followBacklog(ctx, name, args); err != nil {
			return nil, fmt.Errorf("scaling %s: %w", name, err)
		}
	}
	if args.TrackLoad {
		if err := s.trackLoad(ctx, name, args); err != nil {
			return nil, fmt.Errorf("scaling %s: %w", name, err)
		}
	}
	return s, ctx.RegisterResourceOutputs(s, pulumi.Map{})
}

// newPolicy attaches a policy once the one before is there: two at a time are
// refused (ConcurrentUpdateException, which the provider doesn't try again:
// hashicorp/terraform-provider-aws#17915).
func (s *Scaling) newPolicy(ctx *pulumi.Context, name string, args *appautoscaling.PolicyArgs) (*appautoscaling.Policy, error) {
	args.ServiceNamespace, args.ScalableDimension, args.ResourceId = s.target.ServiceNamespace, s.target.ScalableDimension, s.target.ResourceId
	policy, err := appautoscaling.NewPolicy(ctx, name, args, pulumi.Parent(s.target), pulumi.DependsOn(s.last))
	if err != nil {
		return nil, fmt.Errorf("policy %s: %w", name, err)
	}
	s.last = []pulumi.Resource{policy}
	return policy, nil
}

func (s *Scaling) trackLoad(ctx *pulumi.Context, name string, args *ScalingArgs) error {
	for _, load := range []struct {
		metric  string
		percent float64
	}{{"CPU", targetCPU}, {"Memory", targetMemory}} {
		if _, err := s.newPolicy(ctx, name+"-"+load.metric, &appautoscaling.PolicyArgs{
			Name:       pulumi.String(args.Service.Name + "-" + load.metric),
			PolicyType: pulumi.String("TargetTrackingScaling"),
			TargetTrackingScalingPolicyConfiguration: &appautoscaling.PolicyTargetTrackingScalingPolicyConfigurationArgs{
				TargetValue: pulumi.Float64(load.percent),
				PredefinedMetricSpecification: &appautoscaling.PolicyTargetTrackingScalingPolicyConfigurationPredefinedMetricSpecificationArgs{
					PredefinedMetricType: pulumi.String("ECSServiceAverage" + load.metric + "Utilization"),
				},
				ScaleInCooldown:  pulumi.Int(300),
				ScaleOutCooldown: pulumi.Int(60),
			},
		}); err != nil {
			return err
		}
	}
	return nil
}

// MetricsNamespace is where the agent's metrics go.
const MetricsNamespace = scaling.NamespaceAirflow
