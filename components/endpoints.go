package components

import (
	"fmt"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// EndpointsArgs describes the doors to AWS's own APIs.
type EndpointsArgs struct {
	Scope   Scope
	Network *Network
	// Interfaces are short service names such as "ecr.api". S3 isn't one of them:
	// its gateway endpoint is always there, and free.
	Interfaces []string
	// Zones have an endpoint interface each, which costs by the hour; tasks of
	// other zones use them as well.
	Zones []string
}

// Endpoints are a gateway endpoint for S3 and interface endpoints for the
// rest. Their policies admit this account's principals to this account's
// resources only: a task that was broken into can't carry data to a bucket or
// queue of somebody else (docs/adr/0003).
type Endpoints struct {
	pulumi.ResourceState

	// SecurityGroupID is the interfaces'; who may talk to them is said by [Allow].
	SecurityGroupID pulumi.StringOutput
	// S3PrefixListID stands for S3's addresses in security-group rules.
	S3PrefixListID pulumi.StringOutput

	// ready must exist before a task starts: it pulls its image, fetches its
	// secrets and logs over the endpoints.
	ready []pulumi.Resource
}

// Ready is what must exist before the first task starts.
func (e *Endpoints) Ready() []pulumi.Resource { return e.ready }

// NewEndpoints creates the endpoints and the security group of the interfaces.
func NewEndpoints(ctx *pulumi.Context, name string, args *EndpointsArgs, opts ...pulumi.ResourceOption) (*Endpoints, error) {
	e := &Endpoints{}
	if err := register(ctx, "Endpoints", name, e, opts); err != nil {
		return nil, err
	}
	group, err := newSecurityGroup(ctx, e, name, args.Scope.Name("endpoints"), "Interface endpoints of AWS services", args.Network.VPCID)
	if err != nil {
		return nil, err
	}
	e.SecurityGroupID = group
	own, err := ownAccountOnly(args.Scope).JSON()
	if err != nil {
		return nil, fmt.Errorf("endpoints: %w", err)
	}
	s3, err := append(ownAccountOnly(args.Scope), imageLayers(args.Scope)).JSON()
	if err != nil {
		return nil, fmt.Errorf("endpoints: s3: %w", err)
	}
	gateway, err := ec2.NewVpcEndpoint(ctx, name+"-s3", &ec2.VpcEndpointArgs{
		VpcId:           args.Network.VPCID,
		ServiceName:     pulumi.String(serviceName(args.Scope, "s3")),
		VpcEndpointType: pulumi.String("Gateway"),
		RouteTableIds:   args.Network.RouteTableIDs,
		Policy:          pulumi.String(s3),
		Tags:            named(args.Scope.Name("s3")),
	}, pulumi.Parent(e))
	if err != nil {
		return nil, fmt.Errorf("endpoints: s3: %w", err)
	}
	e.S3PrefixListID = gateway.PrefixListId
	e.ready = append(e.ready, gateway)
	for _, service := range args.Interfaces {
		short := strings.ReplaceAll(service, ".", "-")
		endpoint, err := ec2.NewVpcEndpoint(ctx, name+"-"+short, &ec2.VpcEndpointArgs{
			VpcId:             args.Network.VPCID,
			ServiceName:       pulumi.String(serviceName(args.Scope, service)),
			VpcEndpointType:   pulumi.String("Interface"),
			PrivateDnsEnabled: pulumi.Bool(true),
			SubnetIds:         args.Network.SubnetIDs(args.Zones),
			SecurityGroupIds:  pulumi.StringArray{group},
			Policy:            pulumi.String(own),
			Tags:              named(args.Scope.Name(short)),
		}, pulumi.Parent(e))
		if err != nil {
			return nil, fmt.Errorf("endpoints: %s: %w", service, err)
		}
		e.ready = append(e.ready, endpoint)
	}
	return e, ctx.RegisterResourceOutputs(e, pulumi.Map{"securityGroupId": group})
}

func serviceName(s Scope, short string) string {
	return fmt.Sprintf("com.amazonaws.%s.%s", s.Region, short)
}

// ownAccountOnly admits principals of this account to resources of this
// account. Requests that concern no resource, such as GetCallerIdentity, carry
// no resource account, hence IfExists.
func ownAccountOnly(s Scope) Document {
	return Document{{
		Sid: "OwnAccount", Effect: allow, Principal: Principal{Anyone: true},
		Actions: []string{"*"}, Resources: []string{"*"},
		Conditions: Conditions{
			"StringEquals":         {"aws:PrincipalAccount": {s.AccountID}},
			"StringEqualsIfExists": {"aws:ResourceAccount": {s.AccountID}},
		},
	}}
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
