package components

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/route53"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// ResolverArgs describes an inbound endpoint of the VPC's resolver.
type ResolverArgs struct {
	Scope Scope
	// VPCID is where it is, SubnetIDs where its addresses are, two at least.
	VPCID     pulumi.StringInput
	SubnetIDs pulumi.StringArray
}

// Resolver answers name servers on premises, which can't ask the VPC's own
// resolver: that one answers nobody outside (Route 53 developer guide,
// "Resolving DNS queries between VPCs and your network").
type Resolver struct {
	pulumi.ResourceState

	// SecurityGroupID is the endpoint's; who may ask is said by [Allow].
	SecurityGroupID pulumi.StringOutput
	// ID is the endpoint's, by which its addresses are found.
	ID pulumi.IDOutput
}

// DNSPort is the resolver's, over UDP and TCP.
const DNSPort = 53

// NewResolver creates the endpoint and its security group.
func NewResolver(ctx *pulumi.Context, name string, args *ResolverArgs, opts ...pulumi.ResourceOption) (*Resolver, error) {
	r := &Resolver{}
	if err := register(ctx, "Resolver", name, r, opts); err != nil {
		return nil, err
	}
	physical := args.Scope.Name("resolver")
	group, err := newSecurityGroup(ctx, r, name, physical, "Inbound endpoint of the resolver", args.VPCID)
	if err != nil {
		return nil, err
	}
	r.SecurityGroupID = group
	var addresses route53.ResolverEndpointIpAddressArray
	for _, subnet := range args.SubnetIDs {
		addresses = append(addresses, &route53.ResolverEndpointIpAddressArgs{SubnetId: subnet})
	}
	endpoint, err := route53.NewResolverEndpoint(ctx, name, &route53.ResolverEndpointArgs{
		Name:                 pulumi.String(physical),
		Direction:            pulumi.String("INBOUND"),
		ResolverEndpointType: pulumi.String("IPV4"),
		Protocols:            pulumi.ToStringArray([]string{"Do53"}),
		SecurityGroupIds:     pulumi.StringArray{group},
		IpAddresses:          addresses,
		Tags:                 named(physical),
	}, pulumi.Parent(r))
	if err != nil {
		return nil, fmt.Errorf("resolver: %w", err)
	}
	r.ID = endpoint.ID()
	return r, ctx.RegisterResourceOutputs(r, pulumi.Map{"securityGroupId": group})
}
