package config

import (
	"net/netip"
	"slices"
)

// PublicIdP is an IdP on the internet, which only what asks it may reach: the
// load balancer (alb) or the api-server (fab), over the way out that a joined
// network has. See "login.publicIdp" in Pulumi.yaml and docs/adr/0096.
type PublicIdP struct {
	// CIDRs are the networks that the IdP publishes.
	CIDRs []string `config:"cidrs"`
	// Through is the id of the one of network.joins that leads to them.
	Through string `config:"through"`
	Why     string `config:"why"`
}

const (
	widestIdP = 18 // prefix length of the largest network that an IdP may have
	// mostIdPAddresses is as much as one /16 has: Entra ID publishes three quarters of it.
	mostIdPAddresses = 1 << 16
)

// notOnTheInternet are networks that no IdP can be in, besides the private ones
// (RFC 6890).
var notOnTheInternet = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"), netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("169.254.0.0/16"),
	netip.MustParsePrefix("192.0.0.0/24"), netip.MustParsePrefix("198.18.0.0/15"), netip.MustParsePrefix("224.0.0.0/3"),
}

// On says whether the IdP is on the internet at all.
func (p PublicIdP) On() bool { return len(p.CIDRs) > 0 || p.Through != "" || p.Why != "" }

// RoutedJoins are the joins of the network, with the routes to an IdP on the
// internet where somebody asks one.
func (c *Config) RoutedJoins() []Join {
	joins := slices.Clone(c.Network.Joins)
	for i, join := range joins {
		if c.Login.Mode != LoginNone && c.Login.PublicIdP.Through == join.ID {
			joins[i].Routes = slices.Concat(join.Routes, c.Login.PublicIdP.CIDRs)
		}
	}
	return joins
}

// IdPNetworks are those that the load balancer or the api-server asks.
func (l Login) IdPNetworks() []string {
	return slices.Concat(l.IdPCIDRs, l.PublicIdP.CIDRs)
}

func (f *faults) validatePublicIdP(c *Config) {
	l, at := c.Login, key("login.publicIdp")
	if l.PrivatePath != "" || len(l.IdPCIDRs) > 0 {
		f.add(at, nil, "instead of login.privatePath and login.idpCidrs, not beside them: an IdP is on a private path, or on the internet")
	}
	if n := len(l.PublicIdP.CIDRs); n == 0 || n > mostNetworks {
		f.addf(at+".cidrs", nil, "1 to %d networks, not %d", mostNetworks, n)
	}
	addresses := 0
	for i, cidr := range l.PublicIdP.CIDRs {
		prefix, public := publicNetwork(cidr)
		if !public || prefix.Bits() < widestIdP || slices.Contains(l.PublicIdP.CIDRs[:i], cidr) {
			f.addf(at+".cidrs", cidr, "public IPv4 networks of the IdP from /%d to /32 without host bits, each once; one on a private path is login.idpCidrs", widestIdP)
			continue
		}
		addresses += 1 << (32 - prefix.Bits())
	}
	if addresses > mostIdPAddresses {
		f.addf(at+".cidrs", nil, "at most %d addresses in all, not %d: that is no IdP any more, but a part of the internet", mostIdPAddresses, addresses)
	}
	f.publicIdPThrough(c, at+".through")
	f.matches(at+".why", l.PublicIdP.Why, whyForm, whyRule)
}

// publicIdPThrough wants a join that can carry packets to a way out beyond it:
// a peering can't (VPC peering guide, "Edge to edge routing").
func (f *faults) publicIdPThrough(c *Config, at string) {
	through := c.Login.PublicIdP.Through
	if c.Network.Exists() {
		if through != "" {
			f.add(at, through, "empty with network.vpcId: routes there are their owner's")
		}
		return
	}
	if !slices.ContainsFunc(c.Network.Joins, func(join Join) bool { return join.ID == through && join.Kind != JoinPeering }) {
		f.add(at, through, "the id of one of network.joins, a transit gateway, VPN gateway or core network behind which a way out is; a peering carries nothing beyond the other VPC")
	}
}

// publicNetwork reads an IPv4 network of the internet.
func publicNetwork(text string) (netip.Prefix, bool) {
	prefix, err := netip.ParsePrefix(text)
	if err != nil || !prefix.Addr().Is4() || prefix.Masked() != prefix {
		return prefix, false
	}
	return prefix, !slices.ContainsFunc(slices.Concat(privateNetworks, notOnTheInternet), prefix.Overlaps)
}
