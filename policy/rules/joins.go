package rules

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/netip"
	"regexp"
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

const prefixListType = "aws:ec2/managedPrefixList:ManagedPrefixList"

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
			Description: "Endpoint policies that name accounts name the stack's own, and those that name resources of others say who may use them.",
			Why: "a policy for another account alone is a door for its principals, and shuts out the stack's; " +
				"and credentials that somebody brought along write to whatever the policy names, of whichever account.",
			Fix:   "name the account of the provider (allowedAccountIds), others may stand beside it; add a condition on aws:PrincipalAccount where resources are named.",
			Stack: endpointsOfOwnAccount,
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
	for _, provider := range s.of(providerType) {
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

// accountOf is the account in an ARN, "" where there is none, as in those of buckets.
func accountOf(arn string) string {
	if parts := strings.SplitN(arn, ":", 6); len(parts) == 6 {
		return parts[4]
	}
	return ""
}

// strangers reports whether a statement lets others call than principals of the
// given accounts; which ones a condition names, the rule asks apart.
func (s statement) strangers(own []string) bool {
	if s.narrowed(callerKeys) {
		return false
	}
	return len(s.Principal) != 1 || len(s.Principal["AWS"]) == 0 || slices.ContainsFunc(s.Principal["AWS"], func(principal string) bool {
		return !slices.Contains(own, cmp.Or(accountOf(principal), principal))
	})
}

// reads are the beginnings of actions that take nothing along.
var reads = []string{"Get", "List", "Describe", "Head", "BatchGet"}

// writes reports whether a statement allows more than to read.
func (s statement) writes() bool {
	return len(s.NotAction) > 0 || slices.ContainsFunc(s.Action, func(action string) bool {
		_, name, _ := strings.Cut(action, ":")
		return !slices.ContainsFunc(reads, func(read string) bool { return strings.HasPrefix(name, read) })
	})
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
		for _, arn := range statement.Resource {
			if account := accountOf(arn); breadth(arn) == named && !slices.Contains(own, account) && statement.strangers(own) && (account != "" || statement.writes()) {
				r.at(endpoint.URN).fault("%s lets others' credentials use %s, which may be theirs, too: nothing says that the stack's own account calls.", statement.name(i), arn)
			}
		}
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
		if place := s.placeElsewhere(rule); place != "" {
			tell(rule, "connections to %s: %s", place, knownText(rule.get("description")))
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
		if resources := s.resourcesElsewhere(statement, own); len(own) > 0 && len(resources) > 0 {
			tell(endpoint, "resources beside the stack's own: %s", strings.Join(resources, ", "))
		}
	})
	slices.SortStableFunc(found, func(a, b Finding) int { return strings.Compare(a.URN, b.URN) })
	return found
}

// placeElsewhere is where a rule of a security group leads to outside of the
// stack; "" for a group or an endpoint's list of its own.
func (s *stack) placeElsewhere(rule *resource) string {
	if cidr := knownText(rule.get("cidrIpv4")); cidr != "" {
		return network(cidr)
	}
	if id := knownText(rule.get("prefixListId")); id != "" && len(s.refers(rule, "prefixListId", endpointType, prefixListType)) == 0 {
		return "prefix list " + id + ", whose networks are its owner's"
	}
	if id := knownText(rule.get("referencedSecurityGroupId")); id != "" && len(s.refers(rule, "referencedSecurityGroupId", groupType)) == 0 {
		return "security group " + id
	}
	return ""
}

// resourcesElsewhere are those that an endpoint's statement names and that the
// stack's accounts don't own, as far as can be told: of a bucket, no ARN says
// whose it is. ECR's buckets of image layers are AWS's.
func (s *stack) resourcesElsewhere(statement statement, own []string) []string {
	return slices.DeleteFunc(slices.Clone(statement.Resource), func(arn string) bool {
		return breadth(arn) != named || slices.Contains(own, accountOf(arn)) || imageLayers.MatchString(arn)
	})
}

var imageLayers = regexp.MustCompile(`^arn:aws:s3:::prod-[a-z0-9-]+-starport-layer-bucket/\*$`)

func because(res *resource) string {
	if why := knownText(res.get("tags.Why")); why != "" {
		return ", because: " + why
	}
	return ""
}
