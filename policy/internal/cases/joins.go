package cases

// joined is a VPC that is joined to other networks in each way, narrowly.
func joined() Group {
	const why = "people and the warehouse"
	way := func(name, cidr string, over object) *Resource {
		return res("aws:ec2/route:Route", name, merge(object{"routeTableId": Ref{"table", "id"}, "destinationCidrBlock": cidr}, over))
	}
	partner := res("aws:ec2/vpcEndpoint:VpcEndpoint", "partner", object{
		"vpcId": Ref{"vpc", "id"}, "serviceName": "com.amazonaws.vpce.us-east-1.vpce-svc-0123456789abcdef0", "vpcEndpointType": "Interface",
		"privateDnsEnabled": false, "securityGroupIds": list{Unknown{}}, "tags": object{"Why": why},
	})
	trusting := endpoint("trusting", "athena", "Interface")
	trusting.Props["policy"] = policy(object{
		"Sid": "Trusting", "Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*",
		"Condition": object{"StringEquals": object{"aws:PrincipalAccount": list{account, "111111111111"}}, "StringEqualsIfExists": object{"aws:ResourceAccount": list{account, "111111111111"}}},
	}, object{
		"Sid": "Reading", "Effect": "Allow", "Principal": "*", "Action": list{"s3:GetObject", "s3:ListBucket"}, "Resource": list{"arn:aws:s3:::theirs", "arn:aws:s3:::theirs/*"},
		"Condition": object{"StringEquals": object{"aws:PrincipalAccount": account}},
	}, object{
		"Sid": "Sending", "Effect": "Allow", "Principal": object{"AWS": "arn:aws:iam::" + account + ":root"}, "Action": "sqs:SendMessage", "Resource": "arn:aws:sqs:us-east-1:111111111111:jobs",
	}, object{
		"Sid": "Layers", "Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::prod-us-east-1-starport-layer-bucket/*",
	})
	return append(network(),
		res("pulumi:providers:aws", "aws", object{"region": region, "allowedAccountIds": `["` + account + `"]`}),
		res("aws:ec2transitgateway/vpcAttachment:VpcAttachment", "transit", object{"subnetIds": list{Ref{"subnet", "id"}}, "transitGatewayId": "tgw-1", "vpcId": Ref{"vpc", "id"}, "tags": object{"Why": why}}),
		res("aws:networkmanager/vpcAttachment:VpcAttachment", "core", object{"coreNetworkId": "core-network-1", "subnetArns": list{Unknown{}}, "vpcArn": Unknown{}, "tags": object{"Why": why}}),
		res("aws:ec2/vpcPeeringConnectionAccepter:VpcPeeringConnectionAccepter", "peering", object{"vpcPeeringConnectionId": "pcx-1", "autoAccept": true, "tags": object{"Why": why}}),
		res("aws:ec2/vpnGatewayAttachment:VpnGatewayAttachment", "vpn", object{"vpnGatewayId": "vgw-1", "vpcId": Ref{"vpc", "id"}}),
		way("over-transit", "172.16.0.0/16", object{"transitGatewayId": "tgw-1"}),
		way("over-core", "172.17.0.0/16", object{"coreNetworkArn": Unknown{}}),
		way("over-peering", "172.18.0.0/16", object{"vpcPeeringConnectionId": "pcx-1"}),
		way("over-vpn", "100.64.0.0/16", object{"gatewayId": "vgw-1"}),
		partner, trusting,
		res("aws:route53/resolverEndpoint:ResolverEndpoint", "inbound", object{"direction": "INBOUND", "ipAddresses": list{}, "securityGroupIds": list{Unknown{}}}),
		res("aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule", "warehouse", object{"securityGroupId": "sg-1", "ipProtocol": "tcp", "fromPort": 5432, "toPort": 5432, "cidrIpv4": "172.16.1.0/24", "description": why}),
		res("aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule", "partners", object{"securityGroupId": "sg-1", "ipProtocol": "tcp", "fromPort": 443, "toPort": 443, "prefixListId": "pl-1", "description": why}),
		res("aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule", "kafka", object{"securityGroupId": "sg-1", "ipProtocol": "tcp", "fromPort": 9092, "toPort": 9092, "referencedSecurityGroupId": "sg-2", "description": why}),
		res("aws:ec2/securityGroup:SecurityGroup", "own", object{"vpcId": Ref{"vpc", "id"}, "name": "own"}),
		res("aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule", "to-own", object{"securityGroupId": "sg-1", "ipProtocol": "tcp", "fromPort": 443, "toPort": 443, "referencedSecurityGroupId": "own", "description": why}),
		res("aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule", "to-s3", object{"securityGroupId": "sg-1", "ipProtocol": "tcp", "fromPort": 443, "toPort": 443, "prefixListId": Ref{"trusting", "id"}, "description": why}),
	)
}

func joinMutants() []Mutant {
	way := func(rule, title, at, says string, edits ...edit) Mutant {
		return mutant(rule, title, joined(), at, says, edits...)
	}
	wider := func(title, cidr, says string) Mutant {
		return withAlso(way("no-default-route", title, "over-transit", says, set("over-transit", "destinationCidrBlock", cidr)), "no-other-way-out over-transit")
	}
	names := func(title, at, says string, edits ...edit) Mutant {
		return mutant("dns-firewall-declared", title, network(), at, says, edits...)
	}
	return []Mutant{
		wider("default route over a join", "0.0.0.0/0", "0.0.0.0/0"),
		wider("public route over a join", "203.0.0.0/16", "203.0.0.0/16"),
		way("joins-narrow", "route that holds the VPC", "over-peering", "overlaps the VPC's 10.0.0.0/16", set("over-peering", "destinationCidrBlock", "10.0.0.0/8")),
		way("joins-narrow", "route over another VPN gateway", "over-vpn", `gatewayId "vgw-2", which the stack doesn't join`, set("over-vpn", "gatewayId", "vgw-2")),
		way("no-other-way-out", "route over a join and an interface", "over-transit", "networkInterfaceId", set("over-transit", "networkInterfaceId", "eni-1")),
		way("no-other-way-out", "attachment to who knows what", "transit", "transitGatewayId", set("transit", "transitGatewayId", Unknown{})),
		way("no-other-way-out", "attachment without a reason", "transit", "the tag Why", unset("transit", "tags")),
		way("no-other-way-out", "attachment with IPv6", "transit", "IPv6", set("transit", "ipv6Support", "enable")),
		way("no-other-way-out", "Cloud WAN without a reason", "core", "the tag Why", unset("core", "tags")),
		way("no-other-way-out", "peering without a reason", "peering", "the tag Why", unset("peering", "tags")),
		withAlso(way("no-other-way-out", "VPN gateway of the stack's own", "vpn", "vpnGatewayId", set("vpn", "vpnGatewayId", Unknown{}), set("over-vpn", "gatewayId", "vgw-3")), "joins-narrow over-vpn"),
		withAlso(way("no-other-way-out", "PrivateLink without a reason", "partner", "somebody else's service", unset("partner", "tags")), "endpoint-policy-declared partner", "endpoint-private-dns partner"),
		withAlso(way("no-other-way-out", "PrivateLink in the default group", "partner", "somebody else's service", unset("partner", "securityGroupIds")), "endpoint-policy-declared partner"),
		way("no-other-way-out", "questions sent elsewhere", "inbound", `direction is "OUTBOUND"`, set("inbound", "direction", "OUTBOUND")),
		mutant("no-other-way-out", "a forwarding rule", one("aws:route53/resolverRule:ResolverRule", "it", object{"domainName": "example.com", "ruleType": "FORWARD"}), "it", "sends the VPC's questions elsewhere"),
		way("no-open-security-group", "egress everywhere", "warehouse", "0.0.0.0/0", set("warehouse", "cidrIpv4", "0.0.0.0/0")),
		way("no-open-security-group", "egress to a public range", "warehouse", "203.0.113.0/24", set("warehouse", "cidrIpv4", "203.0.113.0/24")),
		way("endpoint-own-account", "endpoint for a foreign account", "trusting", "not the stack's own account", set("trusting", "policy", policy(object{
			"Sid": "Foreign", "Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*", "Condition": object{"StringEquals": object{"aws:PrincipalAccount": "111111111111"}, "StringEqualsIfExists": object{"aws:ResourceAccount": "111111111111"}},
		}))),
		way("endpoint-own-account", "anybody's credentials at a queue of another account", "trusting", "lets others' credentials use arn:aws:sqs:us-east-1:111111111111:theirs", set("trusting", "policy", policy(object{
			"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "arn:aws:sqs:us-east-1:111111111111:theirs",
		}))),
		way("endpoint-own-account", "another account's credentials at its queue", "trusting", "lets others' credentials use arn:aws:sqs:us-east-1:111111111111:theirs", set("trusting", "policy", policy(object{
			"Effect": "Allow", "Principal": object{"AWS": list{"arn:aws:iam::" + account + ":root", "arn:aws:iam::111111111111:root"}}, "Action": "sqs:SendMessage", "Resource": "arn:aws:sqs:us-east-1:111111111111:theirs",
		}))),
		way("endpoint-own-account", "anybody's credentials write to a bucket", "trusting", "lets others' credentials use arn:aws:s3:::theirs/*", set("trusting", "policy", policy(object{
			"Effect": "Allow", "Principal": "*", "Action": list{"s3:GetObject", "s3:PutObject"}, "Resource": "arn:aws:s3:::theirs/*",
		}))),
		names("all names at a host of sites", "allow", `lets "*.github.io" through`, set("names", "domains", list{"*.warehouse.github.io", "github.io", "*.github.io"})),
		names("a list of who knows whom", "allow", "lets a list through that isn't of this stack", set("allow", "firewallDomainListId", "rslvr-fdl-1")),
		names("no catch-all block", "vpc", "no rule group", drop("block")),
		withAlso(names("catch-all that only alerts", "block", `lets "*" through`, set("block", "action", "ALERT")), "dns-firewall-declared vpc"),
		names("block before the allow list", "vpc", "no rule group", set("block", "priority", 50)),
		names("block of a few names", "vpc", "no rule group", set("everything", "domains", list{"evil.example.com"})),
		names("a whole top-level domain", "allow", `lets "*.com" through`, set("names", "domains", list{"*.com"})),
		names("a country's registry", "allow", `lets "*.co.uk" through, under which anybody can register`, set("names", "domains", list{"*.warehouse.example.co.uk", "*.co.uk"})),
		names("not associated", "vpc", "no rule group", drop("answers")),
		withAlso(names("fails open", "vpc", "firewallFailOpen", set("closed", "firewallFailOpen", "ENABLED")), "no-public-entry closed"),
		names("fails open by default", "vpc", "firewallFailOpen", drop("closed")),
		mutant("resolver-log-declared", "nobody sees what is asked", network(), "vpc", "not logged", drop("questions")),
	}
}
