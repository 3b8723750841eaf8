package components

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/pathwai/airflow-on-fargate/config"
)

// NetworkArgs describes a VPC of private subnets only.
type NetworkArgs struct {
	Scope Scope
	// CIDR is the VPC's IPv4 block.
	CIDR string
	// Zones and Subnets belong together: one subnet in each zone, within CIDR.
	// [NewNetwork] fails if there aren't as many of each.
	Zones   []string
	Subnets []netip.Prefix
	// FlowLogRetentionDays keeps flow logs that long, a value that CloudWatch Logs
	// accepts.
	FlowLogRetentionDays int
	// LogsKeyARN is the KMS key that encrypts the flow logs.
	LogsKeyARN pulumi.StringInput
	// Joins lead to other private networks.
	Joins []config.Join
}

// ExistingNetworkArgs names a VPC of somebody else, a private subnet of it in
// each zone, and the subnets' route tables.
type ExistingNetworkArgs struct {
	VPCID         string
	Zones         []string
	SubnetIDs     []string
	RouteTableIDs []string
}

// Network is a VPC without a way out: no internet gateway, no NAT gateway, no
// default route (docs/adr/0001). AWS's APIs are reached over endpoints.
type Network struct {
	pulumi.ResourceState

	// VPCID is the VPC's.
	VPCID pulumi.IDOutput
	// RouteTableIDs are the tables of the subnets, one for each zone, for gateway
	// endpoints.
	RouteTableIDs pulumi.StringArrayOutput

	subnets map[string]pulumi.StringOutput
}

// NewNetwork creates the VPC, its subnets and route tables, locks the default
// security group and, when asked, logs the traffic.
func NewNetwork(ctx *pulumi.Context, name string, args *NetworkArgs, opts ...pulumi.ResourceOption) (*Network, error) {
	if len(args.Zones) != len(args.Subnets) {
		return nil, fmt.Errorf("network %q: %d zones and %d subnets", name, len(args.Zones), len(args.Subnets))
	}
	n := &Network{subnets: map[string]pulumi.StringOutput{}}
	if err := register(ctx, "Network", name, n, opts); err != nil {
		return nil, err
	}
	vpc, err := ec2.NewVpc(ctx, name, &ec2.VpcArgs{
		CidrBlock:          pulumi.String(args.CIDR),
		EnableDnsSupport:   pulumi.Bool(true),
		EnableDnsHostnames: pulumi.Bool(true), // private DNS of endpoints needs both
		Tags:               named(args.Scope.Name("vpc")),
	}, pulumi.Parent(n))
	if err != nil {
		return nil, fmt.Errorf("network: vpc: %w", err)
	}
	n.VPCID = vpc.ID()
	// Without rules of its own, what nobody gave a security group can talk to nobody.
	if _, err := ec2.NewDefaultSecurityGroup(ctx, name+"-default", &ec2.DefaultSecurityGroupArgs{
		VpcId: vpc.ID(),
		Tags:  named(args.Scope.Name("default-locked")),
	}, pulumi.Parent(n)); err != nil {
		return nil, fmt.Errorf("network: default security group: %w", err)
	}
	made := &madeNetwork{vpc: vpc, zones: args.Zones}
	var tables pulumi.StringArray
	for i, zone := range args.Zones {
		subnet, table, err := n.newSubnet(ctx, name, args, vpc, zone, args.Subnets[i])
		if err != nil {
			return nil, err
		}
		made.subnets, made.tables = append(made.subnets, subnet), append(made.tables, table)
		tables = append(tables, table.ID())
	}
	n.RouteTableIDs = tables.ToStringArrayOutput()
	for _, join := range args.Joins {
		if err := n.newJoin(ctx, name, args, made, join); err != nil {
			return nil, fmt.Errorf("network: %s %s: %w", join.Kind, join.ID, err)
		}
	}
	if err := n.newFlowLog(ctx, name, args, vpc); err != nil {
		return nil, err
	}
	return n, ctx.RegisterResourceOutputs(n, pulumi.Map{"vpcId": vpc.ID()})
}

// ExistingNetwork returns a VPC that is there. It declares nothing: whoever owns
// the VPC answers for its routes and for what else is in it (docs/adr/0094).
func ExistingNetwork(args *ExistingNetworkArgs) *Network {
	n := &Network{
		VPCID:         pulumi.ID(args.VPCID).ToIDOutput(),
		RouteTableIDs: pulumi.ToStringArray(args.RouteTableIDs).ToStringArrayOutput(),
		subnets:       map[string]pulumi.StringOutput{},
	}
	for i, zone := range args.Zones {
		n.subnets[zone] = pulumi.String(args.SubnetIDs[i]).ToStringOutput()
	}
	return n
}

// SubnetIDs returns the subnets in the given zones, in their order.
func (n *Network) SubnetIDs(zones []string) pulumi.StringArray {
	ids := make(pulumi.StringArray, 0, len(zones))
	for _, zone := range zones {
		ids = append(ids, n.subnets[zone])
	}
	return ids
}

func (n *Network) newSubnet(ctx *pulumi.Context, name string, args *NetworkArgs, vpc *ec2.Vpc, zone string, cidr netip.Prefix) (*ec2.Subnet, *ec2.RouteTable, error) {
	letter := strings.TrimPrefix(zone, args.Scope.Region)
	private := name + "-private-" + letter
	tags := named(args.Scope.Name("private-" + letter))
	subnet, err := ec2.NewSubnet(ctx, private, &ec2.SubnetArgs{
		VpcId:               vpc.ID(),
		AvailabilityZone:    pulumi.String(zone),
		CidrBlock:           pulumi.String(cidr.String()),
		MapPublicIpOnLaunch: pulumi.Bool(false),
		Tags:                tags,
	}, pulumi.Parent(n))
	if err != nil {
		return nil, nil, fmt.Errorf("network: subnet in %s: %w", zone, err)
	}
	// A table for each zone, for the routes of joins; none has a default route.
	table, err := ec2.NewRouteTable(ctx, private, &ec2.RouteTableArgs{VpcId: vpc.ID(), Tags: tags}, pulumi.Parent(n))
	if err != nil {
		return nil, nil, fmt.Errorf("network: route table for %s: %w", zone, err)
	}
	if _, err := ec2.NewRouteTableAssociation(ctx, private, &ec2.RouteTableAssociationArgs{
		SubnetId: subnet.ID(), RouteTableId: table.ID(),
	}, pulumi.Parent(n)); err != nil {
		return nil, nil, fmt.Errorf("network: route table of subnet in %s: %w", zone, err)
	}
	n.subnets[zone] = subnet.ID().ToStringOutput()
	return subnet, table, nil
}

func (n *Network) newFlowLog(ctx *pulumi.Context, name string, args *NetworkArgs, vpc *ec2.Vpc) error {
	flow := name + "-flow"
	groupName := args.Scope.LogGroupName("vpc-flow")
	group, err := cloudwatch.NewLogGroup(ctx, flow, &cloudwatch.LogGroupArgs{
		Name:            pulumi.String(groupName),
		RetentionInDays: pulumi.Int(args.FlowLogRetentionDays),
		KmsKeyId:        args.LogsKeyARN,
	}, pulumi.Parent(n))
	if err != nil {
		return fmt.Errorf("network: flow log group: %w", err)
	}
	// The least that AWS names (VPC user guide, "IAM role for publishing flow logs
	// to CloudWatch Logs"), without CreateLogGroup: the group is there.
	role, err := newRole(ctx, n, flow, args.Scope.Name("vpc-flow"), "Writes the VPC's flow logs.",
		args.Scope.trust("vpc-flow-logs"), Document{
			{
				Sid: "WriteFlowLogs", Effect: allow,
				Actions:   []string{"logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"},
				Resources: []string{args.Scope.ARN("logs", "log-group:"+groupName+":*")},
			},
			{
				Sid: "FindLogGroup", Effect: allow, Actions: []string{"logs:DescribeLogGroups"},
				Resources: []string{args.Scope.ARN("logs", "log-group:*")},
			},
		})
	if err != nil {
		return err
	}
	if _, err := ec2.NewFlowLog(ctx, flow, &ec2.FlowLogArgs{
		VpcId:                  vpc.ID(),
		TrafficType:            pulumi.String("ALL"),
		LogDestinationType:     pulumi.String("cloud-watch-logs"),
		LogDestination:         group.Arn,
		IamRoleArn:             role.Arn,
		MaxAggregationInterval: pulumi.Int(60),
		Tags:                   named(args.Scope.Name("vpc-flow")),
	}, pulumi.Parent(n)); err != nil {
		return fmt.Errorf("network: flow log: %w", err)
	}
	return nil
}
