package components

import (
	"fmt"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/elasticache"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// BrokerArgs describes the Celery broker.
type BrokerArgs struct {
	Scope Scope
	// VPCID is where the security group is, SubnetIDs where nodes may be.
	VPCID     pulumi.StringInput
	SubnetIDs pulumi.StringArray
	// Engine is valkey or redis.
	Engine string
	// EngineVersion is major.minor, such as 8.0, and stays until it is changed
	// here; the major version chooses the family of parameters.
	EngineVersion string
	// NodeType is such as cache.t4g.micro, on the architecture that everything is
	// on (docs/adr/0010).
	NodeType string
	// Replicas stand beside the primary; with one or more it fails over.
	Replicas int
	// SnapshotRetentionDays keeps daily snapshots that long, up to 35; 0 takes none.
	SnapshotRetentionDays int
	// Token is what clients authenticate with (AUTH), 16 to 128 characters.
	Token pulumi.StringInput
	// DataKeyARN is the KMS key that encrypts the data at rest.
	DataKeyARN pulumi.StringInput
}

// Broker is an encrypted ElastiCache replication group with TLS and a token.
// Cluster mode is off: Celery's transactions over several keys would fail
// with CROSSSLOT.
type Broker struct {
	pulumi.ResourceState

	// SecurityGroupID is the nodes'; who may talk to them is said by [Allow].
	SecurityGroupID pulumi.StringOutput
	// Host is the primary endpoint's name, without the port.
	Host pulumi.StringOutput
	// ID is the replication group's.
	ID string
}

// BrokerPort is where the broker listens, for TLS only.
const BrokerPort = 6379

// NewBroker creates the replication group with its parameter and subnet groups
// and its security group.
func NewBroker(ctx *pulumi.Context, name string, args *BrokerArgs, opts ...pulumi.ResourceOption) (*Broker, error) {
	b := &Broker{ID: args.Scope.Name("broker")}
	if err := register(ctx, "Broker", name, b, opts); err != nil {
		return nil, err
	}
	group, err := newSecurityGroup(ctx, b, name, b.ID, "Celery broker", args.VPCID)
	if err != nil {
		return nil, err
	}
	b.SecurityGroupID = group
	subnets, err := elasticache.NewSubnetGroup(ctx, name, &elasticache.SubnetGroupArgs{
		Name:        pulumi.String(b.ID),
		Description: pulumi.String("Private subnets of the Celery broker"),
		SubnetIds:   args.SubnetIDs,
	}, pulumi.Parent(b))
	if err != nil {
		return nil, fmt.Errorf("broker: subnet group: %w", err)
	}
	family := cacheFamily(args.Engine, args.EngineVersion)
	parameters, err := elasticache.NewParameterGroup(ctx, name, &elasticache.ParameterGroupArgs{
		Name:        pulumi.String(b.ID + "-" + family),
		Description: pulumi.String("A full broker refuses tasks instead of forgetting some"),
		Family:      pulumi.String(family),
		Parameters: elasticache.ParameterGroupParameterArray{&elasticache.ParameterGroupParameterArgs{
			Name: pulumi.String("maxmemory-policy"), Value: pulumi.String("noeviction"),
		}},
	}, pulumi.Parent(b))
	if err != nil {
		return nil, fmt.Errorf("broker: parameter group: %w", err)
	}
	replicated := args.Replicas > 0
	cache, err := elasticache.NewReplicationGroup(ctx, name, &elasticache.ReplicationGroupArgs{
		ReplicationGroupId:       pulumi.String(b.ID),
		Description:              pulumi.String("Celery broker of " + args.Scope.Prefix),
		Engine:                   pulumi.String(args.Engine),
		EngineVersion:            pulumi.String(args.EngineVersion),
		NodeType:                 pulumi.String(args.NodeType),
		NumCacheClusters:         pulumi.Int(args.Replicas + 1),
		AutomaticFailoverEnabled: pulumi.Bool(replicated),
		MultiAzEnabled:           pulumi.Bool(replicated),
		Port:                     pulumi.Int(BrokerPort),
		SubnetGroupName:          subnets.Name,
		ParameterGroupName:       parameters.Name,
		SecurityGroupIds:         pulumi.StringArray{group},
		AtRestEncryptionEnabled:  pulumi.Bool(true),
		KmsKeyId:                 args.DataKeyARN.ToStringOutput().ToStringPtrOutput(),
		TransitEncryptionEnabled: pulumi.Bool(true),
		TransitEncryptionMode:    pulumi.String("required"),
		AuthToken:                args.Token.ToStringOutput().ToStringPtrOutput(),
		// The previous token stays valid beside the new one, so that workers
		// that run on it go on until they are replaced.
		AuthTokenUpdateStrategy: pulumi.String("ROTATE"),
		SnapshotRetentionLimit:  pulumi.Int(args.SnapshotRetentionDays),
		SnapshotWindow:          pulumi.String("03:00-04:00"),
		MaintenanceWindow:       pulumi.String("sun:05:30-sun:06:30"),
		// ElastiCache has no version without a minor: one that it raised would be a
		// difference, and the way back a replacement, with all that is queued.
		// Patches come all the same (ElastiCache user guide, "Version management").
		AutoMinorVersionUpgrade: pulumi.Bool(false),
		ApplyImmediately:        pulumi.Bool(true),
		Tags:                    named(b.ID),
	}, pulumi.Parent(b))
	if err != nil {
		return nil, fmt.Errorf("broker: replication group: %w", err)
	}
	b.Host = cache.PrimaryEndpointAddress
	return b, ctx.RegisterResourceOutputs(b, pulumi.Map{"host": b.Host})
}

// cacheFamily is the parameter group family: redis7, valkey7, valkey8.
func cacheFamily(engine, version string) string {
	major, _, _ := strings.Cut(version, ".")
	return engine + major
}
