package components

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ecs"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// ClusterArgs describes the ECS cluster.
type ClusterArgs struct {
	Scope Scope
	// ContainerInsights is disabled, enabled or enhanced.
	ContainerInsights string
	// LogRetentionDays keeps the record of ECS Exec sessions and the events of
	// Container Insights that long, a value that CloudWatch Logs accepts.
	LogRetentionDays int
	// LogsKeyARN is the KMS key that encrypts sessions and their record.
	LogsKeyARN pulumi.StringInput
	// Meanwhile is made between the cluster and its capacity providers.
	Meanwhile []pulumi.Resource
}

// Cluster is an ECS cluster on Fargate and Fargate Spot. What people type in
// ECS Exec sessions is encrypted and recorded.
type Cluster struct {
	pulumi.ResourceState

	// ARN is the cluster's.
	ARN pulumi.StringOutput
	// Name is the cluster's, and ExecLogGroup that of the sessions' record.
	Name         string
	ExecLogGroup string

	ready []pulumi.Resource
}

// insightsLogGroup is where ECS writes a cluster's performance events.
func insightsLogGroup(cluster string) string {
	return "/aws/ecs/containerinsights/" + cluster + "/performance"
}

// Capacity providers of Fargate.
const (
	onDemand = "FARGATE"
	spot     = "FARGATE_SPOT"
)

// NewCluster creates the cluster, its capacity providers and the log group of
// Exec sessions.
func NewCluster(ctx *pulumi.Context, name string, args *ClusterArgs, opts ...pulumi.ResourceOption) (*Cluster, error) {
	c := &Cluster{Name: args.Scope.Name("cluster"), ExecLogGroup: args.Scope.LogGroupName("exec")}
	if err := register(ctx, "Cluster", name, c, opts); err != nil {
		return nil, err
	}
	sessions, err := cloudwatch.NewLogGroup(ctx, name+"-exec", &cloudwatch.LogGroupArgs{
		Name:            pulumi.String(c.ExecLogGroup),
		RetentionInDays: pulumi.Int(args.LogRetentionDays),
		KmsKeyId:        args.LogsKeyARN,
	}, pulumi.Parent(c))
	if err != nil {
		return nil, fmt.Errorf("cluster: log group of exec sessions: %w", err)
	}
	options := parented(c)
	if args.ContainerInsights != "disabled" {
		// ECS would make it by itself, kept for ever and without our key
		// (CloudWatch user guide, "Container Insights": performance log events).
		insights, err := cloudwatch.NewLogGroup(ctx, name+"-insights", &cloudwatch.LogGroupArgs{
			Name:            pulumi.String(insightsLogGroup(c.Name)),
			RetentionInDays: pulumi.Int(args.LogRetentionDays),
			KmsKeyId:        args.LogsKeyARN,
		}, pulumi.Parent(c))
		if err != nil {
			return nil, fmt.Errorf("cluster: log group of Container Insights: %w", err)
		}
		options = append(options, pulumi.DependsOn([]pulumi.Resource{insights}))
	}
	cluster, err := ecs.NewCluster(ctx, name, &ecs.ClusterArgs{
		Name: pulumi.String(c.Name),
		Settings: ecs.ClusterSettingArray{&ecs.ClusterSettingArgs{
			Name: pulumi.String("containerInsights"), Value: pulumi.String(args.ContainerInsights),
		}},
		Configuration: &ecs.ClusterConfigurationArgs{
			ExecuteCommandConfiguration: &ecs.ClusterConfigurationExecuteCommandConfigurationArgs{
				KmsKeyId: args.LogsKeyARN.ToStringOutput().ToStringPtrOutput(),
				Logging:  pulumi.String("OVERRIDE"),
				LogConfiguration: &ecs.ClusterConfigurationExecuteCommandConfigurationLogConfigurationArgs{
					CloudWatchEncryptionEnabled: pulumi.Bool(true),
					CloudWatchLogGroupName:      sessions.Name,
				},
			},
		},
		Tags: named(c.Name),
	}, options...)
	if err != nil {
		return nil, fmt.Errorf("cluster: %w", err)
	}
	c.ARN = cluster.Arn
	providers, err := ecs.NewClusterCapacityProviders(ctx, name, &ecs.ClusterCapacityProvidersArgs{
		ClusterName:       cluster.Name,
		CapacityProviders: pulumi.ToStringArray([]string{onDemand, spot}),
		DefaultCapacityProviderStrategies: ecs.ClusterCapacityProvidersDefaultCapacityProviderStrategyArray{
			&ecs.ClusterCapacityProvidersDefaultCapacityProviderStrategyArgs{CapacityProvider: pulumi.String(onDemand), Weight: pulumi.Int(1)},
		},
		// The first cluster of an account has ECS make its service-linked role, some
		// seconds later; until then the providers are refused, and nobody tries again.
	}, pulumi.Parent(c), pulumi.DependsOn(args.Meanwhile))
	if err != nil {
		return nil, fmt.Errorf("cluster: capacity providers: %w", err)
	}
	c.ready = []pulumi.Resource{cluster, providers}
	return c, ctx.RegisterResourceOutputs(c, pulumi.Map{"name": cluster.Name})
}
