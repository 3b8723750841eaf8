package rules

import (
	"strings"

	"golang.org/x/net/publicsuffix"
)

const (
	firewallConfig      = "aws:route53/resolverFirewallConfig:ResolverFirewallConfig"
	firewallAssociation = "aws:route53/resolverFirewallRuleGroupAssociation:ResolverFirewallRuleGroupAssociation"
	firewallGroup       = "aws:route53/resolverFirewallRuleGroup:ResolverFirewallRuleGroup"
	firewallRule        = "aws:route53/resolverFirewallRule:ResolverFirewallRule"
	firewallList        = "aws:route53/resolverFirewallDomainList:ResolverFirewallDomainList"
	queryLogAssociation = "aws:route53/resolverQueryLogConfigAssociation:ResolverQueryLogConfigAssociation"
)

const namesWhy = "the VPC's resolver asks the internet's name servers for whoever asks it, whatever routes and security groups say, and a name can carry data out."

// nameRules are about the way out that is a VPC's resolver.
func nameRules() []Rule {
	return []Rule{
		{
			Name: "dns-firewall-declared", Family: NoWayOut,
			Description: "A VPC's resolver answers for names on an allow list, and blocks all others.",
			Why:         namesWhy,
			Fix: "associate a rule group of a Resolver DNS Firewall with the VPC: rules that allow lists of names, and after them one that blocks a list with *; " +
				"set firewallFailOpen to DISABLED for the VPC.",
			Stack: firewallDeclared,
		},
		{
			Name: "resolver-log-declared", Family: NoWayOut,
			Description: "What a VPC's resolver is asked for is logged.",
			Why:         "without a log, nobody sees what was asked for and blocked.",
			Fix:         "associate a query log configuration (aws:route53/resolverQueryLogConfigAssociation:ResolverQueryLogConfigAssociation) with the VPC.",
			Stack: func(s *stack, r report) {
				for _, vpc := range s.of(vpcType) {
					if !s.hasCompanion(vpc, "resourceId", queryLogAssociation) {
						r.at(vpc.URN).fault("the questions to the VPC's resolver are not logged.")
					}
				}
			},
		},
	}
}

func firewallDeclared(s *stack, r report) {
	for _, vpc := range s.of(vpcType) {
		s.firewallOf(vpc, r.at(vpc.URN))
	}
}

func (s *stack) firewallOf(vpc *resource, r report) {
	closed := false
	for _, config := range s.of(firewallConfig) {
		for _, of := range s.refers(config, "resourceId", vpcType) {
			closed = closed || of == vpc && knownText(config.get("firewallFailOpen")) == "DISABLED"
		}
	}
	if !closed {
		r.fault("firewallFailOpen is not DISABLED for the VPC: when the firewall fails, every name is answered.")
	}
	blocked := false
	for _, association := range s.of(firewallAssociation) {
		for _, of := range s.refers(association, "vpcId", vpcType) {
			if of != vpc {
				continue
			}
			for _, group := range s.refers(association, "firewallRuleGroupId", firewallGroup) {
				blocked = s.blocksTheRest(group, r) || blocked
			}
		}
	}
	if !blocked {
		r.fault("no rule group is associated with the VPC that ends in a rule which blocks *.")
	}
}

// suffix tells whether a name is one like com or co.uk, or wider.
func suffix(name string) bool {
	name = strings.ToLower(strings.Trim(strings.TrimPrefix(name, "*"), "."))
	public, registry := publicsuffix.PublicSuffix(name)
	return name == "" || name == public && (registry || !strings.Contains(name, "."))
}

// anybodys tells whether all names below a domain pass in which a host of sites
// or addresses gives them away, as github.io. AWS's own are no domains: whoever
// asks below s3.amazonaws.com asks AWS.
func anybodys(name string) bool {
	domain, below := strings.CutPrefix(strings.ToLower(strings.TrimSuffix(name, ".")), "*.")
	public, _ := publicsuffix.PublicSuffix(domain)
	return below && domain == public && !strings.HasSuffix("."+domain, ".amazonaws.com")
}

// blocksTheRest reads a group's rules: what it allows must be narrow, and one
// after all of these must block everything.
func (s *stack) blocksTheRest(group *resource, r report) bool {
	lastAllowed, blocks := -1.0, []float64{}
	for _, rule := range s.of(firewallRule) {
		in := s.refers(rule, "firewallRuleGroupId", firewallGroup)
		if len(in) != 1 || in[0] != group {
			continue
		}
		priority, _ := number(rule.get("priority"))
		lists := s.refers(rule, "firewallDomainListId", firewallList)
		if len(lists) == 0 && knownText(rule.get("action")) != "BLOCK" {
			r.at(rule.URN).fault("the rule lets a list through that isn't of this stack, whose names cannot be seen.")
		}
		for _, list := range lists {
			names := texts(list.get("domains"))
			if knownText(rule.get("action")) == "BLOCK" {
				for _, name := range names {
					if name == "*" {
						blocks = append(blocks, priority)
					}
				}
				continue
			}
			lastAllowed = max(lastAllowed, priority)
			for _, name := range names {
				if suffix(name) || anybodys(name) {
					r.at(rule.URN).fault("the rule lets %q through, under which anybody can register a name.", name)
				}
			}
		}
	}
	for _, priority := range blocks {
		if priority > lastAllowed {
			return true
		}
	}
	return false
}
