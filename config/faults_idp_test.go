package config

const (
	idpRule     = "public IPv4 networks of the IdP from /18 to /32 without host bits, each once; one on a private path is login.idpCidrs"
	throughRule = "the id of one of network.joins, a transit gateway, VPN gateway or core network behind which a way out is; a peering carries nothing beyond the other VPC"
	insteadOf   = "airflow:login.publicIdp: instead of login.privatePath and login.idpCidrs, not beside them: an IdP is on a private path, or on the internet"
)

// onTheInternet is a login at an IdP on the internet, over a transit gateway,
// before further changes.
func onTheInternet(mode string, further change) change {
	all := withIdP(mode, change{
		"login.privatePath": "", "login.idpCidrs": []any{},
		"login.publicIdp": idp("tgw-0123456789abcdef0", "20.190.128.0/18", "40.126.0.0/18"),
		"network.joins":   []any{join(JoinTransitGateway, "tgw-0123456789abcdef0", "172.20.0.0/16")},
	})
	for key, value := range further {
		all[key] = value
	}
	return all
}

func idp(through string, cidrs ...any) change {
	if cidrs == nil {
		cidrs = []any{}
	}
	return change{"cidrs": cidrs, "through": through, "why": "Entra ID"}
}

func publicIdP(mode string, cidrs ...any) change {
	return onTheInternet(mode, change{"login.publicIdp": idp("tgw-0123456789abcdef0", cidrs...)})
}

func through(id string, more change) change {
	all := change{"login.publicIdp": idp(id, "20.190.128.0/18")}
	for key, value := range more {
		all[key] = value
	}
	return onTheInternet("alb", all)
}

func refusedIdP(cidr string) faultCase {
	return faultCase{"an IdP in " + cidr, publicIdP("alb", cidr), []string{`airflow:login.publicIdp.cidrs is "` + cidr + `": ` + idpRule, secretNeeded}}
}

var publicIdPFaults = []faultCase{
	{"asked by the load balancer", onTheInternet("alb", nil), []string{secretNeeded}},
	{"over a core network", through("core-network-0123456789abcdef0", joins(join(JoinCoreNetwork, "core-network-0123456789abcdef0", "172.20.0.0/16"))), []string{secretNeeded}},
	{"nothing of it without a login there", publicIdP("none", "0.0.0.0/0"), nil},
	{"in an existing VPC", existing(through("", change{"network.joins": []any{}})), []string{secretNeeded}},
	{"in an existing VPC over a join of the stack's", existing(through("tgw-0123456789abcdef0", change{"network.joins": []any{}})),
		[]string{`airflow:login.publicIdp.through is "tgw-0123456789abcdef0": empty with network.vpcId: routes there are their owner's`, secretNeeded}},
	refusedIdP("0.0.0.0/0"), refusedIdP("0.0.0.0/1"), refusedIdP("128.0.0.0/1"), refusedIdP("20.0.0.0/8"), refusedIdP("20.190.0.0/16"), refusedIdP("20.190.128.0/17"),
	refusedIdP("20.190.128.1/18"), refusedIdP("10.9.0.0/24"), refusedIdP("100.64.0.0/24"), refusedIdP("127.0.0.1/32"), refusedIdP("169.254.169.254/32"),
	refusedIdP("169.254.170.2/32"), refusedIdP("224.0.0.0/24"), refusedIdP("255.255.255.255/32"), refusedIdP("0.0.0.0/32"), refusedIdP("2603:1006::/40"),
	refusedIdP("::ffff:20.190.128.0/114"), refusedIdP("20.190.128.0"), refusedIdP("login.microsoftonline.com"), refusedIdP("pl-0123456789abcdef0"), refusedIdP(""),
	{"an IdP's network twice", publicIdP("alb", "20.190.128.0/24", "20.190.128.0/24"), []string{`airflow:login.publicIdp.cidrs is "20.190.128.0/24": ` + idpRule, secretNeeded}},
	{"a part of the internet in pieces", publicIdP("alb", "8.0.0.0/18", "8.0.64.0/18", "8.0.128.0/18", "8.0.192.0/18", "8.1.0.0/32"),
		[]string{`airflow:login.publicIdp.cidrs: at most 65536 addresses in all, not 65537: that is no IdP any more, but a part of the internet`, secretNeeded}},
	{"too many networks", publicIdP("alb", many(21, "20.190.%d.0/24")...), []string{`airflow:login.publicIdp.cidrs: 1 to 20 networks, not 21`, secretNeeded}},
	{"no network", publicIdP("alb"), []string{`airflow:login.publicIdp.cidrs: 1 to 20 networks, not 0`, secretNeeded}},
	{"no reason", onTheInternet("alb", change{"login.publicIdp": change{"cidrs": []any{"20.190.128.0/18"}, "through": "tgw-0123456789abcdef0", "why": ""}}), []string{`airflow:login.publicIdp.why is "": ` + whyRule, secretNeeded}},
	{"both kinds of way", onTheInternet("alb", change{"login.privatePath": "vpn", "login.idpCidrs": []any{"10.9.0.0/24"}}), []string{insteadOf, secretNeeded}},
	{"through a join that isn't there", through("tgw-0123456789abcdef1", nil),
		[]string{`airflow:login.publicIdp.through is "tgw-0123456789abcdef1": ` + throughRule, secretNeeded}},
	{"through a peering", through("pcx-0123456789abcdef0", joins(join(JoinPeering, "pcx-0123456789abcdef0", "172.20.0.0/16"))),
		[]string{`airflow:login.publicIdp.through is "pcx-0123456789abcdef0": ` + throughRule, secretNeeded}},
	{"through a NAT gateway", through("nat-0123456789abcdef0", nil),
		[]string{`airflow:login.publicIdp.through is "nat-0123456789abcdef0": ` + throughRule, secretNeeded}},
	{"more routes than a table takes", onTheInternet("alb", joins(join(JoinTransitGateway, "tgw-0123456789abcdef0", many(39, "172.20.%d.0/24")...))), []string{`airflow:network.joins: at most 40 routes in all, not 41: a route table has 50`, secretNeeded}},

	{"a private path to a public network", withIdP("alb", change{"login.idpCidrs": []any{"20.190.128.0/18"}}), []string{`airflow:login.idpCidrs is "20.190.128.0/18": private networks (RFC 1918 or 6598)`, secretNeeded}},
}
