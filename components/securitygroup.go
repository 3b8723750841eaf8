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

// Rules are those that a peer's connections pass, by the peer's name: out of it
// or into it, and the other half in the group at the other end.
type Rules map[string][]pulumi.Resource

// Allow creates the rules of edges: one that lets the traffic out of From, and
// one that lets it into To, as far as each is a security group.
func Allow(ctx *pulumi.Context, edges []Edge, opts ...pulumi.ResourceOption) (Rules, error) {
	rules := Rules{}
	for _, edge := range edges {
		name := fmt.Sprintf("%s-to-%s-%d", edge.From.Name, edge.To.Name, edge.Port)
		if edge.UDP {
			name += "-udp"
		}
		var made []pulumi.Resource
		if edge.From.SecurityGroupID != nil {
			out, err := edge.letOut(ctx, name, opts)
			if err != nil {
				return nil, fmt.Errorf("edge %s: %w", name, err)
			}
			made = append(made, out...)
		}
		if edge.To.SecurityGroupID != nil {
			in, err := edge.letIn(ctx, name, opts)
			if err != nil {
				return nil, fmt.Errorf("edge %s: %w", name, err)
			}
			made = append(made, in...)
		}
		rules[edge.From.Name] = append(rules[edge.From.Name], made...)
		rules[edge.To.Name] = append(rules[edge.To.Name], made...)
	}
	return rules, nil
}

func (e Edge) protocol() string {
	if e.UDP {
		return "udp"
	}
	return "tcp"
}

func (e Edge) letOut(ctx *pulumi.Context, name string, opts []pulumi.ResourceOption) (rules []pulumi.Resource, err error) {
	rule := func(suffix string, args vpc.SecurityGroupEgressRuleArgs) {
		if err != nil {
			return
		}
		args.SecurityGroupId = e.From.SecurityGroupID
		args.IpProtocol = pulumi.String(e.protocol())
		args.FromPort, args.ToPort = pulumi.Int(e.Port), pulumi.Int(e.Port)
		args.Description = pulumi.String(e.Why)
		var made *vpc.SecurityGroupEgressRule
		made, err = vpc.NewSecurityGroupEgressRule(ctx, name+suffix, &args, opts...)
		rules = append(rules, made)
	}
	switch {
	case e.To.SecurityGroupID != nil:
		rule("", vpc.SecurityGroupEgressRuleArgs{ReferencedSecurityGroupId: e.To.SecurityGroupID.ToStringOutput().ToStringPtrOutput()})
	case e.To.ForeignGroupID != "":
		rule("", vpc.SecurityGroupEgressRuleArgs{ReferencedSecurityGroupId: pulumi.StringPtr(e.To.ForeignGroupID)})
	case e.To.PrefixListID != nil:
		rule("", vpc.SecurityGroupEgressRuleArgs{PrefixListId: e.To.PrefixListID.ToStringOutput().ToStringPtrOutput()})
	default:
		for _, cidr := range e.To.CIDRs {
			rule("-"+slug(cidr), vpc.SecurityGroupEgressRuleArgs{CidrIpv4: pulumi.StringPtr(cidr)})
		}
	}
	return rules, err
}

func (e Edge) letIn(ctx *pulumi.Context, name string, opts []pulumi.ResourceOption) (rules []pulumi.Resource, err error) {
	rule := func(suffix string, args vpc.SecurityGroupIngressRuleArgs) {
		if err != nil {
			return
		}
		args.SecurityGroupId = e.To.SecurityGroupID
		args.IpProtocol = pulumi.String(e.protocol())
		args.FromPort, args.ToPort = pulumi.Int(e.Port), pulumi.Int(e.Port)
		args.Description = pulumi.String(e.Why)
		var made *vpc.SecurityGroupIngressRule
		made, err = vpc.NewSecurityGroupIngressRule(ctx, name+suffix, &args, opts...)
		rules = append(rules, made)
	}
	if e.From.SecurityGroupID != nil {
		rule("", vpc.SecurityGroupIngressRuleArgs{ReferencedSecurityGroupId: e.From.SecurityGroupID.ToStringOutput().ToStringPtrOutput()})
		return rules, err
	}
	for _, cidr := range e.From.CIDRs {
		rule("-"+slug(cidr), vpc.SecurityGroupIngressRuleArgs{CidrIpv4: pulumi.StringPtr(cidr)})
	}
	return rules, err
}

// slug turns a network into a part of a name.
func slug(cidr string) string {
	return strings.NewReplacer(".", "-", "/", "-").Replace(cidr)
}
