package config

import (
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strings"
)

// Kinds of joins.
const (
	JoinTransitGateway = "transitGateway"
	JoinPeering        = "peering"
	JoinVPNGateway     = "vpnGateway"
	JoinCoreNetwork    = "coreNetwork"
)

// Join leads to another private network. See "network.joins" in Pulumi.yaml.
type Join struct {
	Kind string `config:"kind"`
	// ID is that of the gateway, the peering connection or the core network,
	// which its owner made.
	ID string `config:"id"`
	// Routes are the networks behind it, private ones.
	Routes []string `config:"routes"`
	Why    string   `config:"why"`
}

// Resolver lets people on premises ask the VPC for names.
type Resolver struct {
	Inbound     bool     `config:"inbound"`
	ClientCIDRs []string `config:"clientCidrs"`
}

// joinForms are the ids that AWS gives what a join leads over.
var joinForms = map[string]*regexp.Regexp{
	JoinTransitGateway: regexp.MustCompile(`^tgw-[0-9a-f]{8,17}$`),
	JoinPeering:        regexp.MustCompile(`^pcx-[0-9a-f]{8,17}$`),
	JoinVPNGateway:     regexp.MustCompile(`^vgw-[0-9a-f]{8,17}$`),
	JoinCoreNetwork:    regexp.MustCompile(`^core-network-[0-9a-f]{8,17}$`),
}

// joinExamples tell the form of each.
var joinExamples = map[string]string{
	JoinTransitGateway: "tgw-0123456789abcdef0", JoinPeering: "pcx-0123456789abcdef0",
	JoinVPNGateway: "vgw-0123456789abcdef0", JoinCoreNetwork: "core-network-0123456789abcdef0",
}

var (
	vpcIDForm        = regexp.MustCompile(`^vpc-[0-9a-f]{8,17}$`)
	subnetIDForm     = regexp.MustCompile(`^subnet-[0-9a-f]{8,17}$`)
	routeTableIDForm = regexp.MustCompile(`^rtb-[0-9a-f]{8,17}$`)
)

// mostRoutes keeps each table below the 50 routes that AWS allows by default.
const mostRoutes = 40

// Exists says whether the VPC is somebody else's, and not made by the stack.
func (n Network) Exists() bool { return n.VPCID != "" }

// validateExisting checks what stands in for the VPC that a stack would make.
func (f *faults) validateExisting(c *Config) {
	n := c.Network
	if !n.Exists() {
		if len(n.SubnetIDs) > 0 || len(n.RouteTableIDs) > 0 {
			f.add(key("network.vpcId"), nil, "required with subnetIds and routeTableIds: the VPC that they are of")
		}
		if len(c.Endpoints.Existing) > 0 {
			f.add(key("endpoints.existing"), c.Endpoints.Existing, "nothing without network.vpcId: a VPC that the stack makes has no endpoints but its own")
		}
		return
	}
	f.matches(key("network.vpcId"), n.VPCID, vpcIDForm, "empty, or the id of a VPC, such as vpc-0123456789abcdef0")
	f.ids(key("network.subnetIds"), n.SubnetIDs, subnetIDForm, "ids of subnets, such as subnet-0123456789abcdef0, each once")
	if len(n.SubnetIDs) != len(n.Zones) {
		f.addf(key("network.subnetIds"), nil, "one subnet in each of network.zones, in their order: %d, not %d", len(n.Zones), len(n.SubnetIDs))
	}
	f.ids(key("network.routeTableIds"), n.RouteTableIDs, routeTableIDForm, "ids of route tables, such as rtb-0123456789abcdef0, each once")
	if len(n.RouteTableIDs) == 0 || len(n.RouteTableIDs) > len(n.Zones) {
		f.addf(key("network.routeTableIds"), nil, "the route tables of the subnets, 1 to %d, not %d: gateway endpoints are routes in them", len(n.Zones), len(n.RouteTableIDs))
	}
	if len(n.Joins) > 0 {
		f.add(key("network.joins"), nil, "none with network.vpcId: whoever owns the VPC joins it to other networks")
	}
	if len(n.DNSAllow) > 0 {
		f.add(key("network.dnsAllow"), nil, "none with network.vpcId: a firewall there would be one for everybody in it, and is its owner's business")
	}
	f.existingEndpoints(c)
}

func (f *faults) ids(at string, ids []string, form *regexp.Regexp, rule string) {
	for i, id := range ids {
		if !form.MatchString(id) || slices.Contains(ids[:i], id) {
			f.add(at, id, rule)
		}
	}
}

// WantedEndpoints are all AWS services that the stack's tasks reach, by name.
func (c *Config) WantedEndpoints() []string {
	names := append([]string{"s3"}, c.InterfaceEndpoints()...)
	for _, extra := range c.Endpoints.Extra {
		names = append(names, extra.Service)
	}
	return names
}

func (f *faults) existingEndpoints(c *Config) {
	wanted := c.WantedEndpoints()
	for i, name := range c.Endpoints.Existing {
		if !slices.Contains(wanted, name) || slices.Contains(c.Endpoints.Existing[:i], name) {
			f.addf(key("endpoints.existing"), name, "services that the stack would make an endpoint for, each once: %s", strings.Join(wanted, ", "))
		}
	}
}

func (f *faults) validateJoins(c *Config) {
	seen, ids, vpnGateways := map[string]bool{}, map[string]bool{}, 0
	for i, join := range c.Network.Joins {
		at := fmt.Sprintf("%s[%d]", key("network.joins"), i)
		if form := joinForms[join.Kind]; form == nil {
			f.oneOf(at+".kind", join.Kind, JoinTransitGateway, JoinPeering, JoinVPNGateway, JoinCoreNetwork)
		} else if !form.MatchString(join.ID) || ids[join.ID] {
			f.addf(at+".id", join.ID, "the id of a %s, such as %s, each once", join.Kind, joinExamples[join.Kind])
		}
		ids[join.ID] = true
		if join.Kind == JoinVPNGateway {
			vpnGateways++
		}
		if len(join.Routes) == 0 {
			f.add(at+".routes", nil, "at least one network behind it, or it leads nowhere")
		}
		for _, route := range join.Routes {
			f.route(c, at+".routes", route, seen)
		}
		f.matches(at+".why", join.Why, whyForm, whyRule)
	}
	if vpnGateways > 1 {
		f.addf(key("network.joins"), nil, "at most one %s, not %d: a VPC takes no second one", JoinVPNGateway, vpnGateways)
	}
	routes := 0
	for _, join := range c.RoutedJoins() {
		routes += len(join.Routes)
	}
	if routes > mostRoutes {
		f.addf(key("network.joins"), nil, "at most %d routes in all, not %d: a route table has 50", mostRoutes, routes)
	}
}

// route checks one network behind a join.
func (f *faults) route(c *Config, at, text string, seen map[string]bool) {
	prefix, private := privateNetwork(text)
	switch {
	case !private || seen[text]:
		f.add(at, text, "private IPv4 networks (RFC 1918 or 6598) without host bits, each once; no default route, nothing public")
	case !f.wrong(key("network.cidr")) && c.overlapsVPC(prefix):
		f.addf(at, text, "networks that don't overlap the VPC's (%s)", c.Network.CIDR)
	}
	seen[text] = true
}

func (f *faults) validateResolver(c *Config) {
	r := c.Network.Resolver
	switch {
	case r.Inbound:
		f.privateNetworks(key("network.resolver.clientCidrs"), r.ClientCIDRs)
	case len(r.ClientCIDRs) > 0:
		f.add(key("network.resolver.clientCidrs"), nil, "none without inbound: nobody is there to ask")
	}
}

// privateNetworks is [faults.networks] for those that can't be public.
func (f *faults) privateNetworks(at string, cidrs []string) {
	f.networks(at, cidrs)
	for _, cidr := range cidrs {
		if prefix, err := netip.ParsePrefix(cidr); err == nil && prefix.Addr().Is4() && prefix.Bits() >= 8 && prefix.Masked() == prefix {
			if _, private := privateNetwork(cidr); !private {
				f.add(at, cidr, "private networks (RFC 1918 or 6598)")
			}
		}
	}
}

func (f *faults) validateZoneVPCs(c *Config) {
	vpcs := c.LoadBalancer.ZoneVPCs
	f.ids(key("loadBalancer.zoneVpcs"), vpcs, vpcIDForm, "ids of VPCs of the account and region, such as vpc-0123456789abcdef0, each once")
	if len(vpcs) > mostNetworks {
		f.addf(key("loadBalancer.zoneVpcs"), nil, "at most %d, not %d", mostNetworks, len(vpcs))
	}
	if c.Network.Exists() && slices.Contains(vpcs, c.Network.VPCID) {
		f.add(key("loadBalancer.zoneVpcs"), c.Network.VPCID, "VPCs besides network.vpcId, which has the zone anyway")
	}
}
