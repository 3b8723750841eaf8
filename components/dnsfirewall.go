package components

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/route53"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// DNSFirewallArgs describes which names a VPC's resolver answers for.
type DNSFirewallArgs struct {
	Scope Scope
	// VPCID is whose resolver it is.
	VPCID pulumi.StringInput
	// Allowed are names, or *.name for all below one; every other is blocked.
	Allowed []string
	// LogRetentionDays keeps the log of what was asked that long, a value that
	// CloudWatch Logs accepts; LogsKeyARN is the KMS key that encrypts it.
	LogRetentionDays int
	LogsKeyARN       pulumi.StringInput
}

// DNSFirewall closes the one way out that neither routes nor security groups
// see: the VPC's resolver asks the internet's name servers on behalf of whoever
// asks it, and a name can carry data (docs/adr/0095). It answers for the names
// that are allowed and for no other, nothing when the firewall itself fails, and
// logs each question.
type DNSFirewall struct {
	pulumi.ResourceState

	// LogGroup is where the questions are logged.
	LogGroup string

	logs pulumi.Resource
}

// Logs is the log group, for what must exist after it.
func (d *DNSFirewall) Logs() pulumi.Resource { return d.logs }

// The allow list is asked before the block of everything.
const (
	allowPriority       = 100
	blockPriority       = 200
	associationPriority = 101 // AWS takes more than 100 and less than 9000
)

// NewDNSFirewall creates the lists, the rules, their association with the VPC,
// and the log.
func NewDNSFirewall(ctx *pulumi.Context, name string, args *DNSFirewallArgs, opts ...pulumi.ResourceOption) (*DNSFirewall, error) {
	d := &DNSFirewall{LogGroup: args.Scope.LogGroupName("dns")}
	if err := register(ctx, "DNSFirewall", name, d, opts); err != nil {
		return nil, err
	}
	if err := d.newLog(ctx, name, args); err != nil {
		return nil, fmt.Errorf("dns firewall: log: %w", err)
	}
	rules, err := d.newRules(ctx, name, args)
	if err != nil {
		return nil, fmt.Errorf("dns firewall: %w", err)
	}
	closed, err := route53.NewResolverFirewallConfig(ctx, name, &route53.ResolverFirewallConfigArgs{
		ResourceId: args.VPCID, FirewallFailOpen: pulumi.String("DISABLED"),
	}, pulumi.Parent(d))
	if err != nil {
		return nil, fmt.Errorf("dns firewall: fail closed: %w", err)
	}
	physical := args.Scope.Name("dns")
	// Last of all: before its rules, an association would allow everything.
	if _, err := route53.NewResolverFirewallRuleGroupAssociation(ctx, name, &route53.ResolverFirewallRuleGroupAssociationArgs{
		Name:                pulumi.String(physical),
		FirewallRuleGroupId: rules.group.ID(),
		VpcId:               args.VPCID,
		Priority:            pulumi.Int(associationPriority),
		MutationProtection:  pulumi.String("DISABLED"),
		Tags:                named(physical),
	}, pulumi.Parent(d), pulumi.DependsOn(append(rules.rules, closed))); err != nil {
		return nil, fmt.Errorf("dns firewall: association: %w", err)
	}
	return d, ctx.RegisterResourceOutputs(d, pulumi.Map{"logGroup": pulumi.String(d.LogGroup)})
}

// dnsRules are a group and what must be in it.
type dnsRules struct {
	group *route53.ResolverFirewallRuleGroup
	rules []pulumi.Resource
}

func (d *DNSFirewall) newRules(ctx *pulumi.Context, name string, args *DNSFirewallArgs) (*dnsRules, error) {
	physical := args.Scope.Name("dns")
	group, err := route53.NewResolverFirewallRuleGroup(ctx, name, &route53.ResolverFirewallRuleGroupArgs{
		Name: pulumi.String(physical), Tags: named(physical),
	}, pulumi.Parent(d))
	if err != nil {
		return nil, fmt.Errorf("rule group: %w", err)
	}
	made := &dnsRules{group: group}
	rule := func(suffix string, domains []string, rule route53.ResolverFirewallRuleArgs) error {
		list, err := route53.NewResolverFirewallDomainList(ctx, name+"-"+suffix, &route53.ResolverFirewallDomainListArgs{
			Name: pulumi.String(physical + "-" + suffix), Domains: pulumi.ToStringArray(domains), Tags: named(physical + "-" + suffix),
		}, pulumi.Parent(d))
		if err != nil {
			return fmt.Errorf("list %s: %w", suffix, err)
		}
		rule.Name, rule.FirewallRuleGroupId, rule.FirewallDomainListId = pulumi.String(physical+"-"+suffix), group.ID(), list.ID()
		created, err := route53.NewResolverFirewallRule(ctx, name+"-"+suffix, &rule, pulumi.Parent(d))
		made.rules = append(made.rules, created)
		return err
	}
	if err := rule("allowed", args.Allowed, route53.ResolverFirewallRuleArgs{
		Action: pulumi.String("ALLOW"), Priority: pulumi.Int(allowPriority),
		// The names behind an alias of an allowed one are its owner's choice.
		FirewallDomainRedirectionAction: pulumi.String("TRUST_REDIRECTION_DOMAIN"),
	}); err != nil {
		return nil, err
	}
	return made, rule("rest", []string{"*"}, route53.ResolverFirewallRuleArgs{
		Action: pulumi.String("BLOCK"), BlockResponse: pulumi.String("NXDOMAIN"), Priority: pulumi.Int(blockPriority),
		FirewallDomainRedirectionAction: pulumi.String("INSPECT_REDIRECTION_DOMAIN"),
	})
}

func (d *DNSFirewall) newLog(ctx *pulumi.Context, name string, args *DNSFirewallArgs) error {
	group, err := cloudwatch.NewLogGroup(ctx, name, &cloudwatch.LogGroupArgs{
		Name: pulumi.String(d.LogGroup), RetentionInDays: pulumi.Int(args.LogRetentionDays), KmsKeyId: args.LogsKeyARN,
	}, pulumi.Parent(d))
	if err != nil {
		return err
	}
	d.logs = group
	physical := args.Scope.Name("dns")
	config, err := route53.NewResolverQueryLogConfig(ctx, name, &route53.ResolverQueryLogConfigArgs{
		Name:           pulumi.String(physical),
		DestinationArn: pulumi.String(args.Scope.ARN("logs", "log-group:"+d.LogGroup)),
		Tags:           named(physical),
	}, pulumi.Parent(d), pulumi.DependsOn([]pulumi.Resource{group}))
	if err != nil {
		return err
	}
	_, err = route53.NewResolverQueryLogConfigAssociation(ctx, name, &route53.ResolverQueryLogConfigAssociationArgs{
		ResolverQueryLogConfigId: config.ID(), ResourceId: args.VPCID,
	}, pulumi.Parent(d))
	return err
}
