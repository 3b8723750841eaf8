package rules

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/property"
)

// An identity provider on the internet is the one thing there that may be
// asked, by what lets people in, over the way out of another network.

const (
	groupType      = "aws:ec2/securityGroup:SecurityGroup"
	egressRuleType = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
	routeType      = "aws:ec2/route:Route"
)

const (
	// widestProvider is the prefix length of the largest network that a large
	// provider publishes, mostProvider what one /16 has: more than any publishes.
	widestProvider = 18
	mostProvider   = 1 << 16
)

// notOnTheInternet are networks that nobody on the internet is in, besides the
// private ones (RFC 6890).
var notOnTheInternet = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"), netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("169.254.0.0/16"),
	netip.MustParsePrefix("192.0.0.0/24"), netip.MustParsePrefix("198.18.0.0/15"), netip.MustParsePrefix("224.0.0.0/3"),
}

// providerNetwork reports whether a block is a part of the internet that is
// small enough to be an identity provider's.
func providerNetwork(block string) bool {
	prefix, err := netip.ParsePrefix(block)
	return err == nil && prefix.Addr().Is4() && prefix.Bits() >= widestProvider &&
		!slices.ContainsFunc(slices.Concat(privateRanges, notOnTheInternet), prefix.Overlaps)
}

// network is how notices call a block.
func network(block string) string {
	if providerNetwork(block) {
		return block + ", on the internet"
	}
	return block
}

// carriesOn are the targets behind which another network may have a way out. A
// peering carries nothing beyond the other VPC.
var carriesOn = []string{"transitGatewayId", "coreNetworkArn"}

// providerRoute tells whether a standalone route leads to a provider's network,
// and over what.
func providerRoute(route property.Map) bool {
	if !providerNetwork(knownText(route.Get("destinationCidrBlock"))) ||
		isSet(route.Get("destinationIpv6CidrBlock")) || isSet(route.Get("destinationPrefixListId")) {
		return false
	}
	targets := 0
	for _, name := range slices.Concat(otherTargets, []string{"natGatewayId", "egressOnlyGatewayId", "carrierGatewayId"}) {
		if isSet(route.Get(name)) {
			if !slices.Contains(carriesOn, name) {
				return false
			}
			targets++
		}
	}
	over := strings.HasPrefix(knownText(route.Get("gatewayId")), "vgw-")
	return over && targets == 0 || !isSet(route.Get("gatewayId")) && targets == 1
}

// providerEgress tells whether a rule of a security group leads to a provider's
// network over HTTPS, with a reason.
func providerEgress(rule property.Map) bool {
	from, _ := number(rule.Get("fromPort"))
	to, _ := number(rule.Get("toPort"))
	return providerNetwork(knownText(rule.Get("cidrIpv4"))) && !isSet(rule.Get("cidrIpv6")) &&
		slices.Contains([]string{"tcp", "6"}, knownText(rule.Get("ipProtocol"))) && from == 443 && to == 443 && knownText(rule.Get("description")) != ""
}

func providerRules() []Rule {
	return []Rule{{
		Name: "identity-provider-narrow", Family: NoWayOut,
		Description: "Only what lets people in reaches an identity provider on the internet: a load balancer that asks it, or the service behind one; and no more is routed than it asks for.",
		Why:         "whoever runs code of others must not reach the internet, and a route to a part of it is there for the whole subnet.",
		Fix: "let a rule to the provider's networks be of a security group that only a load balancer with authenticate-oidc, or a service behind a load balancer, has; " +
			"route these networks alone, at most 65,536 addresses in all.",
		Stack: providerNarrow,
	}}
}

func providerNarrow(s *stack, r report) {
	asked, addresses := map[string]bool{}, 0
	for _, rule := range s.of(egressRuleType) {
		cidr := knownText(rule.get("cidrIpv4"))
		if !providerEgress(rule.properties()) {
			continue
		}
		for _, fault := range s.mayNotAsk(rule) {
			r.at(rule.URN).fault("the rule leads to %s on the internet, and %s.", cidr, fault)
		}
		if !asked[cidr] {
			asked[cidr] = true
			addresses += 1 << (32 - netip.MustParsePrefix(cidr).Bits())
		}
		if addresses > mostProvider {
			r.at(rule.URN).fault("with %s, rules lead to %d addresses on the internet, more than %d.", cidr, addresses, mostProvider)
		}
	}
	for _, route := range s.of(routeType) {
		if cidr := knownText(route.get("destinationCidrBlock")); providerRoute(route.properties()) && !asked[cidr] {
			r.at(route.URN).fault("the route leads to %s on the internet, which no rule of a security group asks for.", cidr)
		}
	}
}

// mayNotAsk says why a rule's security group may not ask a provider; nothing if
// it may.
func (s *stack) mayNotAsk(rule *resource) []string {
	groups := s.refers(rule, "securityGroupId", groupType)
	if len(groups) != 1 {
		return []string{"its security group is not of this stack"}
	}
	var faults []string
	users := 0
	for _, user := range s.users(groups[0]) {
		users++
		if !s.letsPeopleIn(user) {
			faults = append(faults, user.Name+", which has its security group, lets nobody in")
		}
	}
	if users == 0 {
		faults = append(faults, "nothing has its security group")
	}
	return faults
}

// users are what has a security group, and not only names it in a rule.
func (s *stack) users(group *resource) []*resource {
	var found []*resource
	for _, res := range s.resources {
		if slices.Contains([]string{egressRuleType, "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", "aws:ec2/securityGroupRule:SecurityGroupRule"}, res.Type) {
			continue
		}
		for _, from := range res.deps {
			if slices.Contains(from, group.URN) {
				found = append(found, res)
				break
			}
		}
	}
	return found
}

// letsPeopleIn tells load balancers that ask an identity provider, and services
// behind a load balancer, from all else.
func (s *stack) letsPeopleIn(res *resource) bool {
	switch res.Type {
	case "aws:lb/loadBalancer:LoadBalancer", "aws:alb/loadBalancer:LoadBalancer":
		for _, listener := range s.of("aws:lb/listener:Listener", "aws:alb/listener:Listener") {
			if asksProvider(listener.get("defaultActions")) && slices.Contains(s.refers(listener, "loadBalancerArn", res.Type), res) {
				return true
			}
		}
	case "aws:ecs/service:Service":
		return isSet(res.get("loadBalancers"))
	}
	return false
}

func asksProvider(actions property.Value) bool {
	asks := false
	eachMap(actions, func(action property.Map) { asks = asks || knownText(action.Get("type")) == "authenticate-oidc" }, func() {})
	return asks
}
