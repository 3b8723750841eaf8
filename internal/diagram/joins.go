package diagram

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/pathwai/airflow-on-fargate/internal/plan"
)

// joinKinds are what joins a VPC to another network: what each is called, the
// property that names what it leads over, and that of the routes over it.
var joinKinds = []struct{ token, title, id, target string }{
	{"aws:ec2transitgateway/vpcAttachment:VpcAttachment", "Transit gateway", "transitGatewayId", "transitGatewayId"},
	{"aws:networkmanager/vpcAttachment:VpcAttachment", "Core network", "coreNetworkId", "coreNetworkArn"},
	{"aws:ec2/vpcPeeringConnectionAccepter:VpcPeeringConnectionAccepter", "Peering", "vpcPeeringConnectionId", "vpcPeeringConnectionId"},
	{"aws:ec2/vpnGatewayAttachment:VpnGatewayAttachment", "VPN gateway", "vpnGatewayId", "gatewayId"},
}

const resolverType = "aws:route53/resolverEndpoint:ResolverEndpoint"

// joins makes a door of each way to another network, with the networks that are
// routed over it behind, and of the resolver's endpoint.
func (b *builder) joins() {
	for _, kind := range joinKinds {
		for _, r := range b.plan.Of(kind.token) {
			id := r.Text(kind.id)
			door := &node{title: kind.title, lines: []string{id}, zones: b.zones(r, "subnetIds"), color: joinColor}
			for _, route := range b.plan.Of("aws:ec2/route:Route") {
				if route.Text(kind.target) == id || kind.target == "coreNetworkArn" && b.plan.Ref(route, kind.target, kind.token) == r {
					door.behind = append(door.behind, outside(route.Text("destinationCidrBlock")))
				}
			}
			slices.Sort(door.behind)
			door.behind = slices.Compact(door.behind)
			if why := r.Text("tags.Why"); why != "" && len(door.behind) > 0 {
				door.behind = append(door.behind, "   "+why)
			}
			b.picture.doors = append(b.picture.doors, door)
		}
	}
	for _, r := range b.plan.Of(resolverType) {
		door := &node{title: "Resolver endpoint", lines: []string{strings.ToLower(r.Text("direction"))}, color: joinColor}
		b.own(door, r, "securityGroupIds")
		b.picture.doors = append(b.picture.doors, door)
	}
}

// carrierNetwork is RFC 6598's, which VPCs may use.
var carrierNetwork = netip.MustParsePrefix("100.64.0.0/10")

// public tells a network of the internet from a private one.
func public(cidr string) bool {
	prefix, err := netip.ParsePrefix(cidr)
	return err == nil && !prefix.Addr().IsPrivate() && !carrierNetwork.Contains(prefix.Addr())
}

func outside(cidr string) string {
	if public(cidr) {
		return cidr + ", on the internet"
	}
	return cidr
}

// foreign is a security group or prefix list that isn't of this stack.
func foreign(r *plan.Resource) string {
	if id := r.Text("referencedSecurityGroupId"); id != "" {
		return id
	}
	return r.Text("prefixListId")
}
