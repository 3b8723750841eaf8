package rules

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/property"
)

func openDoors() []Rule {
	return []Rule{
		{
			Name: "no-open-security-group", Family: OpenDoors,
			Description: "No security-group rule admits, or leads to, addresses beyond private networks.",
			Why:         "a rule for 0.0.0.0/0 or ::/0, or for a half of it, is a door for everybody as soon as there is a way.",
			Fix:         "name the security group at the other end, or a private CIDR block; S3 has a prefix list for egress.",
			On: each(
				onGroupRules(privatePeer),
				on(func(res resource, r report) {
					eachMap(res.get("entries"), func(m property.Map) { privateOnly(m.Get("cidr"), r, "an entry's cidr") },
						func() { r.unseen("entries") })
				}, "aws:ec2/managedPrefixList:ManagedPrefixList"),
				on(func(res resource, r report) { privateOnly(res.get("cidr"), r, "cidr") },
					"aws:ec2/managedPrefixListEntry:ManagedPrefixListEntry"),
			),
		},
		{
			Name: "no-public-upstreams", Family: OpenDoors,
			Description: "No repository takes in by itself what public registries have.",
			Why:         "whatever somebody else pushes there comes in under its name, and runs, without anybody having looked at it.",
			Fix: "copy what is needed into a repository of one's own, by its digest; pull through from another registry of ECR's alone, " +
				"or name the registry's domain in the pack's trustedDomains setting.",
			On: each(
				on(pulledThrough, "aws:ecr/pullThroughCacheRule:PullThroughCacheRule"),
				on(func(res resource, r report) {
					if isSet(res.get("externalConnections")) {
						r.fault("externalConnections is set: packages come from a public registry.")
					}
				}, "aws:codeartifact/repository:Repository"),
			),
		},
		{
			Name: "no-wide-ports", Family: OpenDoors,
			Description: "Security-group rules name their protocol and ports.",
			Why:         "a rule for all traffic admits whatever anybody starts there later.",
			Fix:         "name tcp or udp and the ports that are used.",
			On:          onGroupRules(namedPorts),
		},
		{
			Name: "default-security-group-locked", Family: OpenDoors,
			Description: "A VPC's default security group has no rules.",
			Why:         "whatever names no security group gets this one, and at AWS's defaults it admits its members and all egress.",
			Fix:         "declare aws:ec2/defaultSecurityGroup:DefaultSecurityGroup with neither ingress nor egress.",
			On: on(func(res resource, r report) {
				for _, direction := range []string{"ingress", "egress"} {
					if isSet(res.get(direction)) {
						r.fault("%s is set.", direction)
					}
				}
			}, "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup"),
		},
		{
			Name: "default-security-group-declared", Family: OpenDoors,
			Description: "Every VPC's default security group is declared, so that it is locked.",
			Why:         "whatever names no security group gets this one, and at AWS's defaults it admits its members and all egress.",
			Fix:         "declare aws:ec2/defaultSecurityGroup:DefaultSecurityGroup for the VPC, with neither ingress nor egress.",
			Stack: func(s *stack, r report) {
				for _, vpc := range s.of("aws:ec2/vpc:Vpc") {
					if !s.hasCompanion(vpc, "vpcId", "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup") {
						r.at(vpc.URN).fault("the VPC's default security group is not declared.")
					}
				}
			},
		},
	}
}

// ownRegistry is a private registry of ECR's.
var ownRegistry = regexp.MustCompile(`^\d{12}\.dkr\.ecr(?:-fips)?\.[a-z0-9-]+\.amazonaws\.com(?:\.cn)?$`)

func pulledThrough(res resource, r report) {
	switch host, state := text(res.get("upstreamRegistryUrl")); {
	case state == unknown:
		r.unseen("upstreamRegistryUrl")
	case !ownRegistry.MatchString(hostOf(host)) && outside(hostOf(host), r.settings.TrustedDomains):
		r.fault("upstreamRegistryUrl is %s, where others push.", host)
	}
}

// groupRule is a security-group rule, whichever of AWS's four ways declares it.
type groupRule struct {
	props                    property.Map
	blocks                   []string
	protocol, from, to, list string
	ingress                  bool
}

// onGroupRules gives every kind of security-group rule the same check.
func onGroupRules(c func(g groupRule, r report)) map[string]check {
	standalone := func(ingress bool) check {
		return func(res resource, r report) {
			c(groupRule{props: res.properties(), blocks: []string{"cidrIpv4", "cidrIpv6"}, protocol: "ipProtocol",
				from: "fromPort", to: "toPort", list: "prefixListId", ingress: ingress}, r)
		}
	}
	old := groupRule{blocks: []string{"cidrBlocks", "ipv6CidrBlocks"}, protocol: "protocol", from: "fromPort", to: "toPort", list: "prefixListIds"}
	inline := func(res resource, r report) {
		for _, direction := range []string{"ingress", "egress"} {
			eachMap(res.get(direction), func(m property.Map) {
				rule := old
				rule.props, rule.ingress = m, direction == "ingress"
				c(rule, r)
			}, func() { r.unseen(direction) })
		}
	}
	return each(
		on(standalone(true), "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"),
		on(standalone(false), "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"),
		on(func(res resource, r report) {
			rule := old
			rule.props, rule.ingress = res.properties(), knownText(res.get("type")) != "egress"
			c(rule, r)
		}, "aws:ec2/securityGroupRule:SecurityGroupRule"),
		on(inline, "aws:ec2/securityGroup:SecurityGroup"),
	)
}

// privatePeer lets egress go to a prefix list, as S3's gateway endpoint needs
// it; what a list of this stack holds is checked where it is declared.
func privatePeer(g groupRule, r report) {
	if !g.ingress && g.protocol == "ipProtocol" && providerEgress(g.props) {
		return // identity-provider-narrow says whose
	}
	for _, name := range g.blocks {
		privateOnly(g.props.Get(name), r, name)
	}
	if g.ingress && isSet(g.props.Get(g.list)) {
		r.fault("%s admits a prefix list, whose addresses cannot be seen.", g.list)
	}
}

func namedPorts(g groupRule, r report) {
	protocol, state := text(g.props.Get(g.protocol))
	protocol = strings.ToLower(protocol)
	switch {
	case state == unknown:
		r.unseen(g.protocol)
		return
	case protocol == "-1" || protocol == "all" || protocol == "":
		r.fault("%s is %q: all traffic.", g.protocol, protocol)
		return
	case !slices.Contains([]string{"tcp", "udp", "6", "17"}, protocol):
		return
	}
	from, fromState := number(g.props.Get(g.from))
	to, toState := number(g.props.Get(g.to))
	if fromState == unknown || toState == unknown {
		r.unseen(g.from + " or " + g.to)
	} else if toState == absent || to-from >= 1024 {
		r.fault("ports %v to %v are too many to be named ones.", from, to)
	}
}

// onNetworkACLs gives entries that let traffic into a subnet, standalone or
// inline, the same check. A VPC's default list is AWS's own, and lets all in.
func onNetworkACLs(c func(entry property.Map, r report)) map[string]check {
	return each(
		on(func(res resource, r report) {
			if egress, _ := truth(res.get("egress")); !egress && strings.EqualFold(knownText(res.get("ruleAction")), "allow") {
				c(res.properties(), r)
			}
		}, "aws:ec2/networkAclRule:NetworkAclRule"),
		on(func(res resource, r report) {
			eachMap(res.get("ingress"), func(m property.Map) {
				if strings.EqualFold(knownText(m.Get("action")), "allow") {
					c(m, r)
				}
			}, func() { r.unseen("ingress") })
		}, "aws:ec2/networkAcl:NetworkAcl"),
	)
}

// letsIn is about ports that are listened to: answers, as those of S3 over its
// gateway endpoint, come to ports from 1024 on, and an ACL knows no prefix lists.
func letsIn(entry property.Map, r report) {
	from, state := number(entry.Get("fromPort"))
	protocol := strings.ToLower(knownText(entry.Get("protocol")))
	if answers := state == known && from >= 1024 && protocol != "-1" && protocol != "all"; answers {
		return
	}
	for _, name := range []string{"cidrBlock", "ipv6CidrBlock"} {
		privateOnly(entry.Get(name), r, name)
	}
}

func number(v property.Value) (float64, state) {
	switch {
	case v.IsComputed():
		return 0, unknown
	case v.IsNumber():
		return v.AsNumber(), known
	case v.IsString():
		// Templates write numbers as text.
		if n, err := strconv.Atoi(v.AsString()); err == nil {
			return float64(n), known
		}
	}
	return 0, absent
}
