package components

import (
	"fmt"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/vpc"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// newSecurityGroup creates a group without rules. Rules between components
// are [Edge]s; a group with inline rules would fight with them.
func newSecurityGroup(ctx *pulumi.Context, parent pulumi.Resource, name, physical, description string, vpcID pulumi.StringInput) (pulumi.StringOutput, error) {
	group, err := ec2.NewSecurityGroup(ctx, name, &ec2.SecurityGroupArgs{
		Name:        pulumi.String(physical),
		Description: pulumi.String(description),
		VpcId:       vpcID,
		Tags:        named(physical),
	}, pulumi.Parent(parent))
	if err != nil {
		return pulumi.StringOutput{}, fmt.Errorf("security group %s: %w", physical, err)
	}
	return group.ID().ToStringOutput(), nil
}

// Peer is one end of an [Edge]: a security group, networks, or a prefix list.
type Peer struct {
	// Name is what the rules are called after.
	Name            string
	SecurityGroupID pulumi.StringInput
	// ForeignGroupID is a group of somebody else, who alone says what it lets in.
	ForeignGroupID string
	CIDRs          []string
	PrefixListID   pulumi.StringInput
}

// Edge lets From open TCP connections to Port of To, or send to it by UDP.
type Edge struct {
	From Peer
	To   Peer
	Port int
	UDP  bool
	// Why is the rules' description.
	Why string
}

// Allow creates the rules of an edge: one that lets the traffic out of From,
// and one that lets it into To, as far as each is a security group.
func Allow(ctx *pulumi.Context, edges []Edge, opts ...pulumi.ResourceOption) error {
	for _, edge := range edges {
		name := fmt.Sprintf("%s-to-%s-%d", edge.From.Name, edge.To.Name, edge.Port)
		if edge.UDP {
			name += "-udp"
		}
		if edge.From.SecurityGroupID != nil {
			if err := edge.letOut(ctx, name, opts); err != nil {
				return fmt.Errorf("edge %s: %w", name, err)
			}
		}
		if edge.To.SecurityGroupID != nil {
			if err := edge.letIn(ctx, name, opts); err != nil {
				return fmt.Errorf("edge %s: %w", name, err)
			}
		}
	}
	return nil
}

func (e Edge) protocol() string {
	if e.UDP {
		return "udp"
	}
	return "tcp"
}

func (e Edge) letOut(ctx *pulumi.Context, name string, opts []pulumi.ResourceOption) error {
	rule := func(suffix string, args vpc.SecurityGroupEgressRuleArgs) error {
		args.SecurityGroupId = e.From.SecurityGroupID
		args.IpProtocol = pulumi.String(e.protocol())
		args.FromPort, args.ToPort = pulumi.Int(e.Port), pulumi.Int(e.Port)
		args.Description = pulumi.String(e.Why)
		_, err := vpc.NewSecurityGroupEgressRule(ctx, name+suffix, &args, opts...)
		return err
	}
	switch {
	case e.To.SecurityGroupID != nil:
		return rule("", vpc.SecurityGroupEgressRuleArgs{ReferencedSecurityGroupId: e.To.SecurityGroupID.ToStringOutput().ToStringPtrOutput()})
	case e.To.ForeignGroupID != "":
		return rule("", vpc.SecurityGroupEgressRuleArgs{ReferencedSecurityGroupId: pulumi.StringPtr(e.To.ForeignGroupID)})
	case e.To.PrefixListID != nil:
		return rule("", vpc.SecurityGroupEgressRuleArgs{PrefixListId: e.To.PrefixListID.ToStringOutput().ToStringPtrOutput()})
	}
	for _, cidr := range e.To.CIDRs {
		if err := rule("-"+slug(cidr), vpc.SecurityGroupEgressRuleArgs{CidrIpv4: pulumi.StringPtr(cidr)}); err != nil {
			return err
		}
	}
	return nil
}

func (e Edge) letIn(ctx *pulumi.Context, name string, opts []pulumi.ResourceOption) error {
	rule := func(suffix string, args vpc.SecurityGroupIngressRuleArgs) error {
		args.SecurityGroupId = e.To.SecurityGroupID
		args.IpProtocol = pulumi.String(e.protocol())
		args.FromPort, args.ToPort = pulumi.Int(e.Port), pulumi.Int(e.Port)
		args.Description = pulumi.String(e.Why)
		_, err := vpc.NewSecurityGroupIngressRule(ctx, name+suffix, &args, opts...)
		return err
	}
	if e.From.SecurityGroupID != nil {
		return rule("", vpc.SecurityGroupIngressRuleArgs{ReferencedSecurityGroupId: e.From.SecurityGroupID.ToStringOutput().ToStringPtrOutput()})
	}
	for _, cidr := range e.From.CIDRs {
		if err := rule("-"+slug(cidr), vpc.SecurityGroupIngressRuleArgs{CidrIpv4: pulumi.StringPtr(cidr)}); err != nil {
			return err
		}
	}
	return nil
}

// slug turns a network into a part of a name.
func slug(cidr string) string {
	return strings.NewReplacer(".", "-", "/", "-").Replace(cidr)
}
