package config

const (
	routeRule  = "private IPv4 networks (RFC 1918 or 6598) without host bits, each once; no default route, nothing public"
	nameRule   = "names with a dot in lower case such as db.example.com, or *.example.com for all below it, each once; no whole top-level domain"
	subnetRule = "ids of subnets, such as subnet-0123456789abcdef0, each once"
	reasonRule = "3 to 200 letters, digits, spaces and ._-:/()#,@[]+=&;{}!$*, since it becomes the description of the rule"
	zoneRule   = "ids of VPCs of the account and region, such as vpc-0123456789abcdef0, each once"
)

func join(kind, id string, routes ...any) change {
	return change{"kind": kind, "id": id, "routes": routes, "why": "people, and the warehouse"}
}

func joins(list ...any) change { return change{"network.joins": list} }

// existing is a VPC that is there, with further changes.
func existing(more change) change {
	changes := change{
		"network.vpcId": "vpc-0123456789abcdef0", "network.subnetIds": []any{"subnet-0123456789abcdef1", "subnet-0123456789abcdef2"},
		"network.routeTableIds": []any{"rtb-0123456789abcdef1"},
	}
	for path, value := range more {
		changes[path] = value
	}
	return changes
}

var joinFaults = []faultCase{
	{"a join of each kind", joins(join("transitGateway", "tgw-0123456789abcdef0", "10.0.0.0/11", "172.16.0.0/12"), join("peering", "pcx-0123456789abcdef0", "192.168.4.0/24"),
		join("vpnGateway", "vgw-0123456789abcdef0", "100.64.0.0/16"), join("coreNetwork", "core-network-0123456789abcdef0", "10.96.0.0/16")), nil},
	{"default route", joins(join("peering", "pcx-0123456789abcdef0", "0.0.0.0/0")), []string{`airflow:network.joins[0].routes is "0.0.0.0/0": ` + routeRule}},
	{"public range", joins(join("peering", "pcx-0123456789abcdef0", "203.0.113.0/24")), []string{`airflow:network.joins[0].routes is "203.0.113.0/24": ` + routeRule}},
	{"more than a private range", joins(join("peering", "pcx-0123456789abcdef0", "172.16.0.0/11")), []string{`airflow:network.joins[0].routes is "172.16.0.0/11": ` + routeRule}},
	{"what overlaps the VPC", joins(join("peering", "pcx-0123456789abcdef0", "10.0.0.0/8")), []string{`airflow:network.joins[0].routes is "10.0.0.0/8": networks that don't overlap the VPC's (10.40.0.0/16)`}},
	{"a route twice", joins(join("peering", "pcx-0123456789abcdef0", "172.20.0.0/16"), join("transitGateway", "tgw-0123456789abcdef0", "172.20.0.0/16")),
		[]string{`airflow:network.joins[1].routes is "172.20.0.0/16": ` + routeRule}},
	{"all faults of joins", joins(change{"kind": "nat", "id": "x", "routes": []any{}, "why": "?"}, join("peering", "tgw-0123456789abcdef0", "172.20.0.0/16")), []string{
		`airflow:network.joins[0].kind is "nat": one of transitGateway, peering, vpnGateway, coreNetwork`,
		`airflow:network.joins[0].routes: at least one network behind it, or it leads nowhere`,
		`airflow:network.joins[0].why is "?": ` + reasonRule,
		`airflow:network.joins[1].id is "tgw-0123456789abcdef0": the id of a peering, such as pcx-0123456789abcdef0, each once`,
	}},
	{"two VPN gateways", joins(join("vpnGateway", "vgw-0123456789abcdef0", "172.20.0.0/16"), join("vpnGateway", "vgw-0123456789abcdef1", "172.21.0.0/16")),
		[]string{`airflow:network.joins: at most one vpnGateway, not 2: a VPC takes no second one`}},
	{"more routes than a table takes", joins(join("peering", "pcx-0123456789abcdef0", many(41, "172.20.%d.0/24")...)), []string{`airflow:network.joins: at most 40 routes in all, not 41: a route table has 50`}},

	{"an existing VPC", existing(nil), nil},
	{"an existing VPC with endpoints", existing(change{"endpoints.existing": []any{"s3", "ecr.api", "ssmmessages"}}), nil},
	{"egress within an existing VPC", existing(change{"workerPools[0].egress": []any{egress("10.40.3.0/24", 5432)}}), nil},
	{"subnets without a VPC", change{"network.subnetIds": []any{"subnet-0123456789abcdef1"}}, []string{`airflow:network.vpcId: required with subnetIds and routeTableIds: the VPC that they are of`}},
	{"endpoints of a VPC that doesn't exist", change{"endpoints.existing": []any{"s3"}},
		[]string{`airflow:endpoints.existing is ["s3"]: nothing without network.vpcId: a VPC that the stack makes has no endpoints but its own`}},
	{"all faults of an existing VPC", existing(change{"network.vpcId": "vpc", "network.subnetIds": []any{"subnet-x"}, "network.routeTableIds": []any{}, "endpoints.existing": []any{"sqs"},
		"network.dnsAllow": []any{"db.example.com"}, "network.joins": []any{join("peering", "pcx-0123456789abcdef0", "172.20.0.0/16")}}), []string{
		`airflow:network.vpcId is "vpc": empty, or the id of a VPC, such as vpc-0123456789abcdef0`,
		`airflow:network.subnetIds is "subnet-x": ` + subnetRule,
		`airflow:network.subnetIds: one subnet in each of network.zones, in their order: 2, not 1`,
		`airflow:network.routeTableIds: the route tables of the subnets, 1 to 2, not 0: gateway endpoints are routes in them`,
		`airflow:network.joins: none with network.vpcId: whoever owns the VPC joins it to other networks`,
		`airflow:network.dnsAllow: none with network.vpcId: a firewall there would be one for everybody in it, and is its owner's business`,
		`airflow:endpoints.existing is "sqs": services that the stack would make an endpoint for, each once: s3, ecr.api, ecr.dkr, logs, sts, secretsmanager, kms, ssmmessages`,
	}},

	{"names", change{"network.dnsAllow": []any{"db.example.com", "*.corp.internal", "_srv.example.com"}}, nil},
	{"names that allow too much", change{"network.dnsAllow": []any{"*", "*.com", "Example.com", "db"}}, []string{
		`airflow:network.dnsAllow is "*": ` + nameRule, `airflow:network.dnsAllow is "*.com": ` + nameRule,
		`airflow:network.dnsAllow is "Example.com": ` + nameRule, `airflow:network.dnsAllow is "db": ` + nameRule,
	}},
	{"too many names", change{"network.dnsAllow": many(101, "n%d.example.com")}, []string{`airflow:network.dnsAllow: at most 100 names, not 101`}},
	{"a resolver for people on premises", change{"network.resolver": change{"inbound": true, "clientCidrs": []any{"172.20.0.0/16"}}}, nil},
	{"a resolver for nobody", change{"network.resolver": change{"inbound": true}}, []string{`airflow:network.resolver.clientCidrs: 1 to 20 networks, not 0`}},
	{"a resolver for the public", change{"network.resolver": change{"inbound": true, "clientCidrs": []any{"203.0.113.0/24"}}},
		[]string{`airflow:network.resolver.clientCidrs is "203.0.113.0/24": private networks (RFC 1918 or 6598)`}},
	{"askers without a resolver", change{"network.resolver": change{"clientCidrs": []any{"172.20.0.0/16"}}}, []string{`airflow:network.resolver.clientCidrs: none without inbound: nobody is there to ask`}},
	{"further VPCs of the zone", change{"loadBalancer.zoneVpcs": []any{"vpc-0123456789abcdef1"}}, nil},
	{"no VPCs of the zone", change{"loadBalancer.zoneVpcs": []any{"hub"}}, []string{`airflow:loadBalancer.zoneVpcs is "hub": ` + zoneRule}},
	{"the VPC itself among the zone's", existing(change{"loadBalancer.zoneVpcs": []any{"vpc-0123456789abcdef0"}}),
		[]string{`airflow:loadBalancer.zoneVpcs is "vpc-0123456789abcdef0": VPCs besides network.vpcId, which has the zone anyway`}},
	{"too many VPCs of the zone", change{"loadBalancer.zoneVpcs": many(21, "vpc-0123456789abcde%d")}, []string{`airflow:loadBalancer.zoneVpcs: at most 20, not 21`}},
}
