package rules

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/property"
)

// joinTypes are what joins a VPC to a network that its owner made: by type,
// the property that names it, and how ids of it begin.
var joinTypes = map[string]struct{ path, begins, what string }{
	"aws:ec2transitgateway/vpcAttachment:VpcAttachment":                 {"transitGatewayId", "tgw-", "a transit gateway attachment"},
	"aws:networkmanager/vpcAttachment:VpcAttachment":                    {"coreNetworkId", "core-network-", "a Cloud WAN attachment"},
	"aws:ec2/vpcPeeringConnectionAccepter:VpcPeeringConnectionAccepter": {"vpcPeeringConnectionId", "pcx-", "a VPC peering connection"},
	"aws:ec2/vpnGatewayAttachment:VpnGatewayAttachment":                 {"vpnGatewayId", "vgw-", "a VPN gateway's attachment"},
}

// narrowJoins lets joinTypes pass that name what they lead over, and why.
func narrowJoins() map[string]check {
	checks := map[string]check{}
	for token, a := range joinTypes {
		checks[token] = func(res resource, r report) {
			if len(r.settings.JoinedNetworks) > 0 {
				return // the networks at the other end are known
			}
			if !strings.HasPrefix(knownText(res.get(a.path)), a.begins) {
				r.fault("%s is declared whose %s is not the known id of one (%s…).", a.what, a.path, a.begins)
			}
			if a.begins != "vgw-" && knownText(res.get("tags.Why")) == "" {
				r.fault("%s is declared without the tag Why.", a.what)
			}
			if knownText(res.get("ipv6Support")) == "enable" || knownText(res.get("options.ipv6Support")) == "true" {
				r.fault("%s is declared that carries IPv6.", a.what)
			}
		}
	}
	return each(checks,
		on(func(res resource, r report) {
			if direction, _ := text(res.get("direction")); direction != "INBOUND" {
				r.fault("a resolver endpoint sends the VPC's questions elsewhere: direction is %q.", direction)
			}
		}, resolverEndpointType),
		on(exists("a rule that sends the VPC's questions elsewhere"), "aws:route53/resolverRule:ResolverRule", "aws:route53/resolverRuleAssociation:ResolverRuleAssociation"),
	)
}

const resolverEndpointType = "aws:route53/resolverEndpoint:ResolverEndpoint"

// joinTarget tells whether a standalone route leads over a join to a known
// private network; whether a VPN gateway is joined, joinsNarrow asks.
func joinTarget(route property.Map) bool {
	cidr := knownText(route.Get("destinationCidrBlock"))
	if private, err := inPrivateRange(cidr); err != nil || !private {
		return false
	}
	targets := 0
	for _, name := range otherTargets {
		if isSet(route.Get(name)) {
			if !slices.Contains(joiningTargets, name) {
				return false
			}
			targets++
		}
	}
	over := strings.HasPrefix(knownText(route.Get("gatewayId")), "vgw-")
	return over && targets == 0 || !over && targets > 0
}

// privateLink tells whether an endpoint to somebody else's service is a narrow
// one: an interface, in a security group of its own, and with a reason.
func privateLink(res resource) bool {
	return strings.HasPrefix(knownText(res.get("serviceName")), "com.amazonaws.vpce.") &&
		knownText(res.get("vpcEndpointType")) == "Interface" && isSet(res.get("securityGroupIds")) && knownText(res.get("tags.Why")) != ""
}

func joinRules() []Rule {
	return []Rule{
		{
			Name: "joins-narrow", Family: NoWayOut,
			Description: "Routes to other networks lead to networks beside the VPC's own, and over a VPN gateway that the stack joins.",
			Why:         "a gateway that isn't attached leads nowhere, and a route that holds the VPC itself is wider than what lies behind it.",
			Fix:         "declare the attachment (network.joins), and name the networks that are behind it.",
			Stack:       joinsNarrow,
		},
		{
			Name: "endpoint-own-account", Family: Identity,
			Description: "Endpoint policies that name accounts name the stack's own.",
			Why:         "a policy for another account alone is a door for its principals, and shuts out the stack's.",
			Fix:         "name the account of the provider (allowedAccountIds); others may stand beside it.",
			Stack:       endpointsOfOwnAccount,
		},
	}
}

func joinsNarrow(s *stack, r report) {
	declared := map[string]bool{}
	for _, res := range s.of("aws:ec2/vpnGatewayAttachment:VpnGatewayAttachment") {
		declared[knownText(res.get("vpnGatewayId"))] = true
	}
	for _, route := range s.of(routeType) {
		if !joinTarget(route.properties()) && !providerRoute(route.properties()) {
			continue
		}
		if id := knownText(route.get("gatewayId")); strings.HasPrefix(id, "vgw-") && !declared[id] {
			r.at(route.URN).fault("the route leads over gatewayId %q, which the stack doesn't join.", id)
		}
		cidr := knownText(route.get("destinationCidrBlock"))
		for _, vpc := range s.of("aws:ec2/vpc:Vpc") {
			if own := knownText(vpc.get("cidrBlock")); overlap(cidr, own) {
				r.at(route.URN).fault("destinationCidrBlock is %s, which overlaps the VPC's %s.", cidr, own)
			}
		}
	}
}

func overlap(one, other string) bool {
	a, errA := netip.ParsePrefix(one)
	b, errB := netip.ParsePrefix(other)
	return errA == nil && errB == nil && a.Overlaps(b)
}

// ownAccounts are those that the stack's providers may touch.
func (s *stack) ownAccounts() []string {
	var own []string
	for _, provider := range s.of("pulumi:providers:aws") {
		value := provider.get("allowedAccountIds")
		own = append(own, texts(value)...)
		var list []string // the engine hands a provider's lists on as JSON
		if json.Unmarshal([]byte(knownText(value)), &list) == nil {
			own = append(own, list...)
		}
	}
	return own
}

// accountKeys are conditions that name accounts, as this pack writes keys.
var accountKeys = []string{"aws:principalaccount", "aws:resourceaccount"}

// accounts are what a statement's conditions name.
func (s statement) accounts() []string {
	var named []string
	for _, keys := range s.Condition {
		for key, values := range keys {
			if slices.Contains(accountKeys, strings.ToLower(key)) {
				for _, value := range values {
					named = append(named, fmt.Sprint(value))
				}
			}
		}
	}
	return named
}

// eachEndpointStatement calls f for what endpoints' policies allow.
func (s *stack) eachEndpointStatement(f func(endpoint *resource, statement statement, i int)) {
	for _, endpoint := range s.of(endpointType) {
		d, state, err := parseDocument(endpoint.get("policy"))
		if state != known || err != nil {
			continue // endpoint-policy has its say
		}
		for i, statement := range d.Statement {
			if statement.allows() {
				f(endpoint, statement, i)
			}
		}
	}
}

func endpointsOfOwnAccount(s *stack, r report) {
	own := s.ownAccounts()
	if len(own) == 0 {
		return
	}
	s.eachEndpointStatement(func(endpoint *resource, statement statement, i int) {
		for _, keys := range statement.Condition {
			for key, values := range keys {
				if !slices.Contains(accountKeys, strings.ToLower(key)) {
					continue
				}
				if !slices.ContainsFunc(values, func(value any) bool { return slices.Contains(own, fmt.Sprint(value)) }) {
					r.at(endpoint.URN).fault("%s names %v in %s, and not the stack's own account %s.", statement.name(i), values, key, strings.Join(own, ", "))
				}
			}
		}
	})
}

// leadsElsewhere lists what leads to others: for [JoinsName].
func (s *stack) leadsElsewhere() []Finding {
	var found []Finding
	tell := func(res *resource, format string, args ...any) {
		found = append(found, Finding{Policy: JoinsName, Description: joinsDescription, URN: res.URN, Message: fmt.Sprintf(format, args...)})
	}
	for token, a := range joinTypes {
		for _, res := range s.of(token) {
			tell(res, "%s: %s%s", a.what, knownText(res.get(a.path)), because(res))
		}
	}
	for _, route := range s.of(routeType) {
		if joinTarget(route.properties()) || providerRoute(route.properties()) {
			tell(route, "a route to %s", network(knownText(route.get("destinationCidrBlock"))))
		}
	}
	for _, endpoint := range s.of(endpointType) {
		if privateLink(*endpoint) {
			tell(endpoint, "somebody else's service: %s%s", knownText(endpoint.get("serviceName")), because(endpoint))
		}
	}
	for _, res := range s.of(resolverEndpointType) {
		tell(res, "an endpoint that answers questions from outside the VPC")
	}
	for _, rule := range s.of(egressRuleType) {
		if cidr := knownText(rule.get("cidrIpv4")); cidr != "" {
			tell(rule, "connections to %s: %s", network(cidr), knownText(rule.get("description")))
		}
	}
	s.namesElsewhere(tell)
	s.vpcsElsewhere(tell)
	s.deliversElsewhere(tell)
	own := s.ownAccounts()
	s.eachEndpointStatement(func(endpoint *resource, statement statement, _ int) {
		others := slices.DeleteFunc(statement.accounts(), func(account string) bool { return slices.Contains(own, account) })
		slices.Sort(others)
		if others = slices.Compact(others); len(own) > 0 && len(others) > 0 {
			tell(endpoint, "accounts beside the stack's own: %s", strings.Join(others, ", "))
		}
	})
	slices.SortStableFunc(found, func(a, b Finding) int { return strings.Compare(a.URN, b.URN) })
	return found
}

func because(res *resource) string {
	if why := knownText(res.get("tags.Why")); why != "" {
		return ", because: " + why
	}
	return ""
}
