package components

import (
	"fmt"
	"strconv"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ecs"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// ServiceArgs describes an ECS service of one kind of task.
type ServiceArgs struct {
	Scope   Scope
	Cluster *Cluster
	Images  *Images
	Files   *Files
	// VPCID is where the tasks' security group is, SubnetIDs where tasks may run.
	VPCID     pulumi.StringInput
	SubnetIDs pulumi.StringArray
	// CPU is in units of 1/1024 vCPU, Memory in MiB; Fargate takes certain pairs.
	CPU, Memory int
	// Architecture is ARM64 or X86_64 (docs/adr/0010).
	Architecture string
	// Count is the number of tasks; with Autoscaled it is the first one, and
	// Application Auto Scaling's business from then on.
	Count      int
	Autoscaled bool
	// OnDemandBase tasks run on demand, and SpotPercent of the others on Spot.
	OnDemandBase, SpotPercent int
	// Exec lets people open sessions in the containers.
	Exec bool
	// LogRetentionDays keeps the containers' logs that long, a value that
	// CloudWatch Logs accepts.
	LogRetentionDays int
	// LogsKeyARN is the KMS key that encrypts the logs.
	LogsKeyARN pulumi.StringInput
	// Containers are all of the task's.
	Containers []Container
	// Permissions are what the code in the containers may do with AWS.
	Permissions Document
	// PolicyARNs are further managed policies of the task role.
	PolicyARNs []string
	// Target attaches one container to the load balancer; nil attaches none.
	Target *Target
	// Ready must exist before the first task starts.
	Ready []pulumi.Resource
}

// Target is where the load balancer sends requests.
type Target struct {
	// GroupARN is the target group's; Container and Port are where its requests go.
	GroupARN  pulumi.StringInput
	Container string
	Port      int
	// GraceSeconds is how long a new task may fail the load balancer's checks
	// before ECS replaces it.
	GraceSeconds int
}

// Service is an ECS service with its task definition, security group, log
// group and two roles of its own: the execution role starts the containers,
// the task role is what the code in them can do.
type Service struct {
	pulumi.ResourceState

	// Name is the ECS service's name, LogGroup its containers' log group.
	Name     string
	LogGroup string
	// TaskRoleARN is what the code in the containers is to other AWS services.
	TaskRoleARN string
	// SecurityGroupID is the tasks'; who may talk to them is said by [Allow].
	SecurityGroupID pulumi.StringOutput

	name       string
	owner      pulumi.Resource
	args       *ServiceArgs
	definition *ecs.TaskDefinition
	resource   *ecs.Service
	logs       pulumi.Resource
	roles      []pulumi.Resource
}

// NewService creates all that the service called <prefix>-<name> needs. Its
// tasks come with [Service.Start], once others let them in.
func NewService(ctx *pulumi.Context, name string, args *ServiceArgs, opts ...pulumi.ResourceOption) (*Service, error) {
	s := &Service{}
	if err := register(ctx, "Service", name, s, opts); err != nil {
		return nil, err
	}
	return s, s.prepare(ctx, s, name, args)
}

// prepare creates all but what starts tasks, as parts of a component.
func (s *Service) prepare(ctx *pulumi.Context, owner pulumi.Resource, name string, args *ServiceArgs) error {
	s.name, s.owner, s.args = name, owner, args
	s.Name, s.LogGroup = args.Scope.Name(name), args.Scope.LogGroupName(name)
	group, err := newSecurityGroup(ctx, owner, name, s.Name, "Tasks of "+name, args.VPCID)
	if err != nil {
		return err
	}
	s.SecurityGroupID = group
	logs, err := cloudwatch.NewLogGroup(ctx, name, &cloudwatch.LogGroupArgs{
		Name:            pulumi.String(s.LogGroup),
		RetentionInDays: pulumi.Int(args.LogRetentionDays),
		KmsKeyId:        args.LogsKeyARN,
	}, pulumi.Parent(owner))
	if err != nil {
		return fmt.Errorf("service %s: log group: %w", name, err)
	}
	s.logs = logs
	execution, task, err := s.newRoles(ctx, name, args)
	if err != nil {
		return err
	}
	s.definition, err = s.newTaskDefinition(ctx, name, args, execution, task)
	return err
}

// ready is what must exist before a task starts.
func (s *Service) ready(after []pulumi.Resource) []pulumi.Resource {
	args := s.args
	ready := append([]pulumi.Resource{s.logs}, s.roles...)
	ready = append(ready, args.Cluster.ready...)
	ready = append(ready, args.Ready...)
	ready = append(ready, after...)
	for _, container := range args.Containers {
		ready = append(ready, args.Images.ready[container.Image]...)
		if container.FilesAt != "" {
			ready = append(ready, args.Files.mounts...)
		}
	}
	return unique(ready)
}

// Start creates the ECS service. What it waits for outlives its tasks as well:
// a worker that drains still reports, over the rules among it.
func (s *Service) Start(ctx *pulumi.Context, after ...pulumi.Resource) error {
	args := s.args
	options := parented(s, pulumi.DependsOn(s.ready(after)))
	if args.Autoscaled {
		options = append(options, pulumi.IgnoreChanges([]string{"desiredCount"}))
	}
	service, err := ecs.NewService(ctx, s.name, s.service(args, s.definition), options...)
	if err != nil {
		return fmt.Errorf("service %s: %w", s.name, err)
	}
	s.resource = service
	return ctx.RegisterResourceOutputs(s, pulumi.Map{"name": service.Name})
}

func unique(resources []pulumi.Resource) []pulumi.Resource {
	seen := map[pulumi.Resource]bool{}
	var list []pulumi.Resource
	for _, resource := range resources {
		if !seen[resource] {
			seen[resource] = true
			list = append(list, resource)
		}
	}
	return list
}

func (s *Service) newTaskDefinition(ctx *pulumi.Context, name string, args *ServiceArgs, execution, task *role) (*ecs.TaskDefinition, error) {
	definition, err := ecs.NewTaskDefinition(ctx, name, &ecs.TaskDefinitionArgs{
		Family:                  pulumi.String(s.Name),
		NetworkMode:             pulumi.String("awsvpc"),
		RequiresCompatibilities: pulumi.ToStringArray([]string{"FARGATE"}),
		Cpu:                     pulumi.String(strconv.Itoa(args.CPU)),
		Memory:                  pulumi.String(strconv.Itoa(args.Memory)),
		RuntimePlatform: &ecs.TaskDefinitionRuntimePlatformArgs{
			OperatingSystemFamily: pulumi.String("LINUX"),
			CpuArchitecture:       pulumi.String(args.Architecture),
		},
		ExecutionRoleArn:     execution.Arn,
		TaskRoleArn:          task.Arn,
		ContainerDefinitions: containerDefinitions(args, s.LogGroup),
		Volumes:              volumes(args),
		// ECS can't go back to a revision that was deregistered (ECS API,
		// UpdateService), and the circuit breaker decides long after the update.
		SkipDestroy: pulumi.Bool(true),
	}, pulumi.Parent(s.owner))
	if err != nil {
		return nil, fmt.Errorf("service %s: task definition: %w", name, err)
	}
	return definition, nil
}

func (s *Service) service(args *ServiceArgs, definition *ecs.TaskDefinition) *ecs.ServiceArgs {
	service := &ecs.ServiceArgs{
		Name:                       pulumi.String(s.Name),
		Cluster:                    args.Cluster.ARN,
		TaskDefinition:             definition.Arn,
		DesiredCount:               pulumi.Int(args.Count),
		PlatformVersion:            pulumi.String(platformVersion),
		CapacityProviderStrategies: strategy(args.OnDemandBase, args.SpotPercent),
		// ECS changes the strategy of a service only with a new deployment; without
		// this the provider deletes the service and makes another one.
		ForceNewDeployment:       pulumi.Bool(true),
		DeploymentCircuitBreaker: &ecs.ServiceDeploymentCircuitBreakerArgs{Enable: pulumi.Bool(true), Rollback: pulumi.Bool(true)},
		// New tasks before old ones: no service is ever without.
		DeploymentMaximumPercent:        pulumi.Int(200),
		DeploymentMinimumHealthyPercent: pulumi.Int(100),
		EnableExecuteCommand:            pulumi.Bool(args.Exec),
		EnableEcsManagedTags:            pulumi.Bool(true),
		PropagateTags:                   pulumi.String("SERVICE"),
		NetworkConfiguration: &ecs.ServiceNetworkConfigurationArgs{
			Subnets:        args.SubnetIDs,
			SecurityGroups: pulumi.StringArray{s.SecurityGroupID},
			AssignPublicIp: pulumi.Bool(false),
		},
	}
	if target := args.Target; target != nil {
		service.HealthCheckGracePeriodSeconds = pulumi.IntPtr(target.GraceSeconds)
		service.LoadBalancers = ecs.ServiceLoadBalancerArray{&ecs.ServiceLoadBalancerArgs{
			TargetGroupArn: target.GroupARN.ToStringOutput().ToStringPtrOutput(),
			ContainerName:  pulumi.String(target.Container),
			ContainerPort:  pulumi.Int(target.Port),
		}}
	}
	return service
}

// platformVersion of Fargate is the first with EFS; LATEST would show as a difference.
const platformVersion = "1.4.0"

// strategy splits tasks between on demand and Spot: base tasks on demand, of
// the others percent on Spot.
func strategy(base, percent int) ecs.ServiceCapacityProviderStrategyArray {
	var providers ecs.ServiceCapacityProviderStrategyArray
	if base > 0 || percent < 100 {
		providers = append(providers, &ecs.ServiceCapacityProviderStrategyArgs{
			CapacityProvider: pulumi.String(onDemand), Base: pulumi.Int(base), Weight: pulumi.Int(100 - percent),
		})
	}
	if percent > 0 {
		providers = append(providers, &ecs.ServiceCapacityProviderStrategyArgs{
			CapacityProvider: pulumi.String(spot), Base: pulumi.Int(0), Weight: pulumi.Int(percent),
		})
	}
	return providers
}

// volumes are the shared files, by the access point that the containers'
// rights ask for, and the containers' scratch folders.
func volumes(args *ServiceArgs) ecs.TaskDefinitionVolumeArray {
	var list ecs.TaskDefinitionVolumeArray
	shared := false
	for _, container := range args.Containers {
		if container.FilesAt != "" && !shared {
			shared = true
			point := args.Files.ReaderAccessPointID
			if container.Writer {
				point = args.Files.WriterAccessPointID
			}
			list = append(list, &ecs.TaskDefinitionVolumeArgs{
				Name: pulumi.String(filesVolume),
				EfsVolumeConfiguration: &ecs.TaskDefinitionVolumeEfsVolumeConfigurationArgs{
					FileSystemId:      args.Files.ID,
					TransitEncryption: pulumi.String("ENABLED"),
					AuthorizationConfig: &ecs.TaskDefinitionVolumeEfsVolumeConfigurationAuthorizationConfigArgs{
						AccessPointId: point.ToStringPtrOutput(),
						Iam:           pulumi.String("ENABLED"),
					},
				},
			})
		}
		for _, path := range container.Scratch {
			list = append(list, &ecs.TaskDefinitionVolumeArgs{Name: pulumi.String(container.scratchVolume(path))})
		}
	}
	return list
}

// Logs is the log group, for what must exist after it.
func (s *Service) Logs() pulumi.Resource { return s.logs }

// Peer is the service's tasks as one end of an [Edge].
func (s *Service) Peer() Peer { return Peer{Name: s.name, SecurityGroupID: s.SecurityGroupID} }
