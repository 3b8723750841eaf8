package components

import (
	"fmt"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2transitgateway"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/networkmanager"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/pathwai/airflow-on-fargate/config"
)

// madeNetwork is what joins are attached to: subnets and tables in the order of zones.
type madeNetwork struct {
	vpc     *ec2.Vpc
	zones   []string
	subnets []*ec2.Subnet
	tables  []*ec2.RouteTable
}

// newJoin attaches the VPC to another private network, or accepts its peering,
// and routes that network's blocks there in each zone.
func (n *Network) newJoin(ctx *pulumi.Context, name string, args *NetworkArgs, made *madeNetwork, join config.Join) error {
	name += "-" + join.ID
	tags := because(named(args.Scope.Name(join.ID)), join.Why)
	target, attachment, err := n.attach(ctx, name, made, join, tags)
	if err != nil {
		return err
	}
	for i, table := range made.tables {
		letter := strings.TrimPrefix(made.zones[i], args.Scope.Region)
		for _, cidr := range join.Routes {
			route := target
			route.RouteTableId, route.DestinationCidrBlock = table.ID(), pulumi.String(cidr)
			if _, err := ec2.NewRoute(ctx, fmt.Sprintf("%s-%s-%s", name, letter, slug(cidr)), &route,
				pulumi.Parent(n), pulumi.DependsOn([]pulumi.Resource{attachment})); err != nil {
				return fmt.Errorf("route to %s: %w", cidr, err)
			}
		}
	}
	return nil
}

// attach returns where routes over the join lead to, and what must be there before.
func (n *Network) attach(ctx *pulumi.Context, name string, made *madeNetwork, join config.Join, tags pulumi.StringMap) (ec2.RouteArgs, pulumi.Resource, error) {
	parent := pulumi.Parent(n)
	switch join.Kind {
	case config.JoinTransitGateway:
		var subnets pulumi.StringArray
		for _, subnet := range made.subnets {
			subnets = append(subnets, subnet.ID())
		}
		attachment, err := ec2transitgateway.NewVpcAttachment(ctx, name, &ec2transitgateway.VpcAttachmentArgs{
			TransitGatewayId: pulumi.String(join.ID), VpcId: made.vpc.ID(), SubnetIds: subnets, Tags: tags,
		}, parent)
		return ec2.RouteArgs{TransitGatewayId: pulumi.String(join.ID)}, attachment, err
	case config.JoinPeering:
		accepted, err := ec2.NewVpcPeeringConnectionAccepter(ctx, name, &ec2.VpcPeeringConnectionAccepterArgs{
			VpcPeeringConnectionId: pulumi.String(join.ID), AutoAccept: pulumi.Bool(true), Tags: tags,
		}, parent)
		return ec2.RouteArgs{VpcPeeringConnectionId: pulumi.String(join.ID)}, accepted, err
	case config.JoinVPNGateway:
		attachment, err := ec2.NewVpnGatewayAttachment(ctx, name, &ec2.VpnGatewayAttachmentArgs{
			VpnGatewayId: pulumi.String(join.ID), VpcId: made.vpc.ID(),
		}, parent)
		return ec2.RouteArgs{GatewayId: pulumi.String(join.ID)}, attachment, err
	case config.JoinCoreNetwork:
		var subnets pulumi.StringArray
		for _, subnet := range made.subnets {
			subnets = append(subnets, subnet.Arn)
		}
		attachment, err := networkmanager.NewVpcAttachment(ctx, name, &networkmanager.VpcAttachmentArgs{
			CoreNetworkId: pulumi.String(join.ID), VpcArn: made.vpc.Arn, SubnetArns: subnets, Tags: tags,
		}, parent)
		if err != nil {
			return ec2.RouteArgs{}, nil, err
		}
		return ec2.RouteArgs{CoreNetworkArn: attachment.CoreNetworkArn}, attachment, nil
	}
	return ec2.RouteArgs{}, nil, fmt.Errorf("no way to join by %q", join.Kind)
}
