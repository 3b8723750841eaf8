package components

import (
	"fmt"
	"slices"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/pathwai/airflow-on-fargate/config"
)

// EndpointsArgs describes the doors to AWS's own APIs, and to services of
// others over PrivateLink.
type EndpointsArgs struct {
	Scope   Scope
	Network *Network
	// Interfaces are short service names such as "ecr.api". S3 isn't one of them:
	// its gateway endpoint is always there, and free.
	Interfaces []string
	// Zones have an endpoint interface each, which costs by the hour; tasks of
	// other zones use them as well.
	Zones []string
	// Extra are further endpoints of AWS's services, and Services somebody else's.
	Extra    []config.ExtraEndpoint
	Services []config.EndpointService
	// Existing are services, of all these, for which the VPC ExistingVPCID has an
	// endpoint already.
	Existing []string
	// ExistingVPCID is the VPC of Existing, empty without any.
	ExistingVPCID string
	// TrustedAccounts are other accounts whose resources the policies admit, and
	// TrustedBuckets buckets of others that may be read.
	TrustedAccounts, TrustedBuckets []string
}

// Endpoints are a gateway endpoint for S3 and interface endpoints for the
// rest. Their policies admit this account's principals to this account's
// resources only: a task that was broken into can't carry data to a bucket or
// queue of somebody else (docs/adr/0003). Accounts and buckets that are trusted
// by name come on top (docs/adr/0090).
type Endpoints struct {
	pulumi.ResourceState

	// SecurityGroupID is the interfaces'; who may talk to them is said by [Allow].
	SecurityGroupID pulumi.StringOutput
	// S3PrefixListID stands for S3's addresses in security-group rules.
	S3PrefixListID pulumi.StringOutput
	// DynamoDBPrefixListID stands for DynamoDB's, and is only there with its gateway.
	DynamoDBPrefixListID pulumi.StringInput
	// ServiceGroupIDs are the security groups of services of others, by their ids.
	ServiceGroupIDs map[string]pulumi.StringOutput
	// ExistingGroups are the security groups of endpoints that were there, by service.
	ExistingGroups map[string][]string
	// IDs are the endpoints', by short name of the service.
	IDs pulumi.StringMap

	// ready must exist before a task starts: it pulls its image, fetches its
	// secrets and logs over the endpoints.
	ready []pulumi.Resource
}

// Ready is what must exist before the first task starts.
func (e *Endpoints) Ready() []pulumi.Resource { return e.ready }

// NewEndpoints creates the endpoints and the security groups of the interfaces.
func NewEndpoints(ctx *pulumi.Context, name string, args *EndpointsArgs, opts ...pulumi.ResourceOption) (*Endpoints, error) {
	e := &Endpoints{ServiceGroupIDs: map[string]pulumi.StringOutput{}, ExistingGroups: map[string][]string{}, IDs: pulumi.StringMap{}}
	if err := register(ctx, "Endpoints", name, e, opts); err != nil {
		return nil, err
	}
	group, err := newSecurityGroup(ctx, e, name, args.Scope.Name("endpoints"), "Interface endpoints of AWS services", args.Network.VPCID)
	if err != nil {
		return nil, err
	}
	e.SecurityGroupID = group
	if err := e.newGateways(ctx, name, args); err != nil {
		return nil, err
	}
	interfaces := make([]config.ExtraEndpoint, 0, len(args.Interfaces)+len(args.Extra))
	for _, service := range args.Interfaces {
		interfaces = append(interfaces, config.ExtraEndpoint{Service: service})
	}
	for _, endpoint := range append(interfaces, args.Extra...) {
		if endpoint.Kind() == config.InterfaceEndpoint {
			if err := e.newInterface(ctx, name, args, endpoint); err != nil {
				return nil, err
			}
		}
	}
	for _, service := range args.Services {
		if err := e.newService(ctx, name, args, service); err != nil {
			return nil, err
		}
	}
	return e, ctx.RegisterResourceOutputs(e, pulumi.Map{"securityGroupId": group})
}

// newGateways creates S3's gateway endpoint, and DynamoDB's where it is asked for.
func (e *Endpoints) newGateways(ctx *pulumi.Context, name string, args *EndpointsArgs) error {
	gateway := func(service string, policy Document) (pulumi.StringOutput, error) {
		if slices.Contains(args.Existing, service) {
			found, err := e.find(ctx, args, service)
			if err != nil {
				return pulumi.StringOutput{}, err
			}
			return pulumi.String(found.PrefixListId).ToStringOutput(), nil
		}
		text, err := policy.JSON()
		if err != nil {
			return pulumi.StringOutput{}, fmt.Errorf("endpoints: %s: %w", service, err)
		}
		endpoint, err := ec2.NewVpcEndpoint(ctx, name+"-"+service, &ec2.VpcEndpointArgs{
			VpcId:           args.Network.VPCID,
			ServiceName:     pulumi.String(config.ServiceName(args.Scope.Region, service)),
			VpcEndpointType: pulumi.String(config.GatewayEndpoint),
			RouteTableIds:   args.Network.RouteTableIDs,
			Policy:          pulumi.String(text),
			Tags:            named(args.Scope.Name(service)),
		}, pulumi.Parent(e))
		if err != nil {
			return pulumi.StringOutput{}, fmt.Errorf("endpoints: %s: %w", service, err)
		}
		e.add(service, endpoint)
		return endpoint.PrefixListId, nil
	}
	s3 := append(args.ownAccountOnly(), imageLayers(args.Scope))
	if len(args.TrustedBuckets) > 0 {
		s3 = append(s3, args.trustedBuckets())
	}
	var err error
	if e.S3PrefixListID, err = gateway("s3", s3); err != nil {
		return err
	}
	for _, extra := range args.Extra {
		if extra.Kind() == config.GatewayEndpoint {
			if e.DynamoDBPrefixListID, err = gateway(extra.Service, args.ownAccountOnly()); err != nil {
				return err
			}
		}
	}
	return nil
}

func (e *Endpoints) add(service string, endpoint *ec2.VpcEndpoint) {
	e.IDs[service] = endpoint.ID()
	e.ready = append(e.ready, endpoint)
}

func (e *Endpoints) newInterface(ctx *pulumi.Context, name string, args *EndpointsArgs, endpoint config.ExtraEndpoint) error {
	if slices.Contains(args.Existing, endpoint.Service) {
		found, err := e.find(ctx, args, endpoint.Service)
		if err != nil {
			return err
		}
		e.ExistingGroups[endpoint.Service] = found.SecurityGroupIds
		return nil
	}
	short := config.EndpointSlug(endpoint.Service)
	policy, err := args.policy(endpoint)
	if err != nil {
		return fmt.Errorf("endpoints: %s: %w", endpoint.Service, err)
	}
	tags := named(args.Scope.Name(short))
	if !endpoint.OwnName() {
		tags = because(tags, "asked for without private DNS: its interfaces have names of their own")
	}
	created, err := ec2.NewVpcEndpoint(ctx, name+"-"+short, &ec2.VpcEndpointArgs{
		VpcId:             args.Network.VPCID,
		ServiceName:       pulumi.String(config.ServiceName(args.Scope.Region, endpoint.Service)),
		VpcEndpointType:   pulumi.String(config.InterfaceEndpoint),
		PrivateDnsEnabled: pulumi.Bool(endpoint.OwnName()),
		SubnetIds:         args.Network.SubnetIDs(orElse(endpoint.Zones, args.Zones)),
		SecurityGroupIds:  pulumi.StringArray{e.SecurityGroupID},
		Policy:            policy,
		Tags:              tags,
	}, pulumi.Parent(e))
	if err != nil {
		return fmt.Errorf("endpoints: %s: %w", endpoint.Service, err)
	}
	e.add(endpoint.Service, created)
	return nil
}

// find asks AWS for an endpoint that is there: only its owner's groups and lists
// tell tasks the way, and no setting can know them. Nothing else is ever asked.
func (e *Endpoints) find(ctx *pulumi.Context, args *EndpointsArgs, service string) (*ec2.LookupVpcEndpointResult, error) {
	name := config.ServiceName(args.Scope.Region, service)
	found, err := ec2.LookupVpcEndpoint(ctx, &ec2.LookupVpcEndpointArgs{VpcId: &args.ExistingVPCID, ServiceName: &name}, pulumi.Parent(e))
	if err != nil {
		return nil, fmt.Errorf("endpoints: %s has none for %s that could be used (endpoints.existing): %w", args.ExistingVPCID, name, err)
	}
	e.IDs[service] = pulumi.String(found.Id)
	return found, nil
}

// policy is nil for a service that takes none.
func (args *EndpointsArgs) policy(endpoint config.ExtraEndpoint) (pulumi.StringPtrInput, error) {
	switch endpoint.Policy {
	case "", config.PolicyOwnAccount:
		text, err := args.ownAccountOnly().JSON()
		return pulumi.String(text), err
	case config.PolicyNone:
		return nil, nil
	}
	return pulumi.String(endpoint.Policy), nil
}

// newService creates the interfaces of a service of somebody else, in a group
// of their own. Such services take no policy: what is sent there is between the
// tasks that may and the service's owner.
func (e *Endpoints) newService(ctx *pulumi.Context, name string, args *EndpointsArgs, service config.EndpointService) error {
	id := service.ID()
	physical := args.Scope.Name(id)
	group, err := newSecurityGroup(ctx, e, name+"-"+id, physical, service.Why, args.Network.VPCID)
	if err != nil {
		return err
	}
	created, err := ec2.NewVpcEndpoint(ctx, name+"-"+id, &ec2.VpcEndpointArgs{
		VpcId:             args.Network.VPCID,
		ServiceName:       pulumi.String(service.Name),
		VpcEndpointType:   pulumi.String(config.InterfaceEndpoint),
		PrivateDnsEnabled: pulumi.Bool(service.PrivateDNS),
		SubnetIds:         args.Network.SubnetIDs(orElse(service.Zones, args.Zones)),
		SecurityGroupIds:  pulumi.StringArray{group},
		Tags:              because(named(physical), service.Why),
	}, pulumi.Parent(e))
	if err != nil {
		return fmt.Errorf("endpoints: %s: %w", service.Name, err)
	}
	e.ServiceGroupIDs[id] = group
	e.IDs[id] = created.ID()
	return nil
}

func orElse(list, otherwise []string) []string {
	if len(list) > 0 {
		return list
	}
	return otherwise
}

// ownAccountOnly admits principals of this account to resources of this
// account, and of the accounts that are trusted by name. Requests that concern no
// resource, such as GetCallerIdentity, carry no resource account, hence IfExists.
func (args *EndpointsArgs) ownAccountOnly() Document {
	accounts := slices.Concat([]string{args.Scope.AccountID}, args.TrustedAccounts)
	return Document{{
		Sid: "OwnAccount", Effect: allow, Principal: Principal{Anyone: true},
		Actions: []string{"*"}, Resources: []string{"*"},
		Conditions: Conditions{
			"StringEquals":         {"aws:PrincipalAccount": accounts},
			"StringEqualsIfExists": {"aws:ResourceAccount": accounts},
		},
	}}
}

// trustedBuckets admits reads of buckets of others, by name.
func (args *EndpointsArgs) trustedBuckets() Statement {
	var arns []string
	for _, bucket := range args.TrustedBuckets {
		arns = append(arns, BucketARN(bucket, ""), BucketARN(bucket, "*"))
	}
	return Statement{
		Sid: "TrustedBuckets", Effect: allow, Principal: Principal{Anyone: true},
		Actions:    []string{"s3:GetBucketLocation", "s3:GetObject", "s3:GetObjectVersion", "s3:ListBucket"},
		Resources:  arns,
		Conditions: Conditions{"StringEquals": {"aws:PrincipalAccount": {args.Scope.AccountID}}},
	}
}

// imageLayers admits reads from the bucket in which ECR keeps image layers. It
// belongs to AWS, and so do the principals of the signed addresses that lead
// to it (ECR user guide, "Minimum Amazon S3 bucket permissions for Amazon ECR").
func imageLayers(s Scope) Statement {
	return Statement{
		Sid: "ImageLayers", Effect: allow, Principal: Principal{Anyone: true},
		Actions:   []string{"s3:GetObject"},
		Resources: []string{BucketARN("prod-"+s.Region+"-starport-layer-bucket", "*")},
	}
}
