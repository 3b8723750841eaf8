package rules

import (
	"fmt"
	"net/netip"

	"github.com/pulumi/pulumi/sdk/v3/go/property"
)

// privateRanges are the addresses that only exist inside private networks:
// RFC 1918, RFC 6598 (which VPCs may use too) and RFC 4193.
var privateRanges = []netip.Prefix{
	netip.MustParsePrefix("10.0.0.0/8"),
	netip.MustParsePrefix("172.16.0.0/12"),
	netip.MustParsePrefix("192.168.0.0/16"),
	netip.MustParsePrefix("100.64.0.0/10"),
	netip.MustParsePrefix("fc00::/7"),
}

// inPrivateRange reports whether a CIDR block lies wholly inside one private
// range. Halves of the internet such as 0.0.0.0/1 don't.
func inPrivateRange(cidr string) (bool, error) {
	prefix, err := netip.ParsePrefix(cidr)
	if err != nil {
		return false, fmt.Errorf("%q is not a CIDR block", cidr)
	}
	for _, private := range privateRanges {
		if private.Bits() <= prefix.Bits() && private.Contains(prefix.Addr()) {
			return true, nil
		}
	}
	return false, nil
}

// privateOnly reports every block of a value (one, or a list) that leads
// outside private networks. subject starts the sentence.
func privateOnly(v property.Value, r report, subject string) {
	blocks, state := items(v)
	if state == unknown {
		r.unseen(subject)
		return
	}
	for _, block := range blocks {
		cidr, state := text(block)
		switch {
		case state == unknown:
			r.unseen(subject)
		case cidr == "":
		default:
			block := cidr
			if address, err := netip.ParseAddr(cidr); err == nil {
				block = fmt.Sprintf("%s/%d", cidr, address.BitLen())
			}
			private, err := inPrivateRange(block)
			if err != nil {
				r.fault("%s: %v.", subject, err)
			} else if !private {
				r.fault("%s is %s, which reaches beyond private networks.", subject, cidr)
			}
		}
	}
}

// joined reports whether a private block lies inside one of the networks that
// the VPC may be joined to; without any, each does.
func (s *settings) joined(block string) bool {
	inner, err := netip.ParsePrefix(block)
	if err != nil {
		return false
	}
	for _, network := range s.JoinedNetworks {
		outer, err := netip.ParsePrefix(network)
		if err == nil && outer.Bits() <= inner.Bits() && outer.Contains(inner.Addr()) {
			return true
		}
	}
	return len(s.JoinedNetworks) == 0
}
