package cases

func gatewayMutants() []Mutant {
	exists := func(rule, t, says string, props object) Mutant {
		return mutant(rule, t, one(t, "it", props), "it", says)
	}
	return []Mutant{
		exists("no-nat-gateway", "aws:ec2/natGateway:NatGateway", "a NAT gateway is declared", object{"subnetId": "subnet-1"}),
		mutant("no-nat-gateway", "a private one", one("aws:ec2/natGateway:NatGateway", "it", object{"subnetId": "subnet-1", "connectivityType": "private"}), "it", "a NAT gateway"),
		exists("no-elastic-ip", "aws:ec2/eip:Eip", "an Elastic IP", object{}),
		exists("no-elastic-ip", "aws:ec2/eipAssociation:EipAssociation", "an Elastic IP", object{"allocationId": "a"}),
		exists("no-internet-gateway", "aws:ec2/internetGateway:InternetGateway", "an internet gateway is declared", object{}),
		exists("no-internet-gateway", "aws:ec2/internetGatewayAttachment:InternetGatewayAttachment", "an internet gateway", object{"vpcId": "v", "internetGatewayId": "i"}),
		exists("no-internet-gateway", "aws:ec2/carrierGateway:CarrierGateway", "a carrier gateway", object{"vpcId": "v"}),
		exists("no-internet-gateway", "aws:ec2/defaultVpc:DefaultVpc", "default VPC", object{}),
		exists("no-egress-only-gateway", "aws:ec2/egressOnlyInternetGateway:EgressOnlyInternetGateway", "an egress-only", object{"vpcId": "v"}),
		exists("no-public-subnet", "aws:ec2/defaultSubnet:DefaultSubnet", "a default subnet", object{"availabilityZone": "us-east-1a"}),
		exists("no-other-way-out", "aws:ec2/vpcPeeringConnection:VpcPeeringConnection", "a VPC peering connection", object{"peerVpcId": "p", "vpcId": "v"}),
		exists("no-other-way-out", "aws:ec2/vpnGateway:VpnGateway", "a VPN gateway", object{"vpcId": "v"}),
		exists("no-other-way-out", "aws:ec2clientvpn/endpoint:Endpoint", "a client VPN endpoint", object{"serverCertificateArn": "c", "authenticationOptions": list{}, "connectionLogOptions": object{"enabled": false}}),
	}
}

func routeMutants() []Mutant {
	const dest = "destinationCidrBlock"
	at := func(title, path string, value any, says string) Mutant {
		return mutant("no-default-route", title, route(), "route", says, set("route", path, value))
	}
	inline := func(title string, more object, says string) Mutant {
		return mutant("no-default-route", title, route(), "table", says, set("table", "routes.0", merge(object{"gatewayId": "igw-1"}, more)))
	}
	other := func(target string) Mutant {
		return mutant("no-other-way-out", "route to "+target, route(), "route", target, set("route", target, "x-1"))
	}
	// With networks named, a route to another one is refused.
	beyond := func(target string) Mutant {
		m := alone(other(target))
		m.Config = object{"pack-settings": object{"joinedNetworks": list{"10.64.0.0/10"}}}
		return m
	}
	undeclared := func(target string) Mutant {
		return mutant("joins-narrow", "route to an undeclared "+target, route(), "route", "doesn't join", set("route", target, "vgw-4"))
	}
	return []Mutant{
		at("IPv4 everywhere", dest, "0.0.0.0/0", "0.0.0.0/0"),
		at("lower half of the internet", dest, "0.0.0.0/1", "0.0.0.0/1"),
		at("upper half of the internet", dest, "128.0.0.0/1", "128.0.0.0/1"),
		at("one public address", dest, "203.0.113.7/32", "203.0.113.7/32"),
		at("more than a private range", dest, "10.0.0.0/7", "10.0.0.0/7"),
		at("no CIDR block", dest, "everywhere", "not a CIDR block"),
		at("unknown", dest, Unknown{}, "not known before the update"),
		at("IPv6 everywhere", "destinationIpv6CidrBlock", "::/0", "::/0"),
		at("prefix list", "destinationPrefixListId", "pl-1", "prefix list"),
		at("unknown prefix list", "destinationPrefixListId", Unknown{}, "prefix list"),
		inline("inline IPv4", object{"cidrBlock": "0.0.0.0/0"}, "cidrBlock is 0.0.0.0/0"),
		inline("inline IPv6", object{"ipv6CidrBlock": "::/0"}, "ipv6CidrBlock is ::/0"),
		mutant("no-default-route", "default route table", route(), "default", "0.0.0.0/0", set("default", "routes", list{object{"cidrBlock": "0.0.0.0/0", "gatewayId": "igw-1"}})),
		withAlso(mutant("no-default-route", "unknown routes", route(), "table", "routes is not known", set("table", "routes", Unknown{})), "no-other-way-out table"),
		other("networkInterfaceId"), other("vpcEndpointId"), beyond("transitGatewayId"), beyond("vpcPeeringConnectionId"), beyond("coreNetworkArn"),
		mutant("no-other-way-out", "endpoint of another account's service", Group{endpoint("extra", "athena", "Interface")}, "extra", "somebody else's service",
			set("extra", "serviceName", "com.amazonaws.vpce.us-east-1.vpce-svc-0123456789abcdef0")),
		mutant("no-other-way-out", "endpoint of a service network", Group{endpoint("extra", "athena", "ServiceNetwork")}, "extra", "serviceNetworkArn", set("extra", "serviceNetworkArn", Unknown{})),
		undeclared("gatewayId"),
	}
}

func withAlso(m Mutant, also ...string) Mutant {
	m.Also = also
	return m
}

func addressMutants() []Mutant {
	const assign, public = "networkConfiguration.assignPublicIp", "no-public-ip"
	mutants := []Mutant{
		mutant("no-public-subnet", "unknown", network(), "subnet", "mapPublicIpOnLaunch is not known", set("subnet", "mapPublicIpOnLaunch", Unknown{})),
		withAlso(mutant("no-public-subnet", "subnet", network(), "subnet", "mapPublicIpOnLaunch is true", set("subnet", "mapPublicIpOnLaunch", true)), "in-private-subnets mount"),
		mutant(public, "service, unknown", service(), "worker-service", "is not known", set("worker-service", assign, Unknown{})),
		mutant(public, "schedule, unknown", elsewhere(), "schedule", "is not known", set("schedule", "target.ecsParameters."+assign, Unknown{})),
		mutant(public, "schedule's target, unknown", elsewhere(), "schedule", "is not known", set("schedule", "target", Unknown{})),
		mutant(public, "pipe", elsewhere(), "pipe", "is ENABLED", set("pipe", "targetParameters.ecsTaskParameters.networkConfiguration.awsVpcConfiguration.assignPublicIp", "ENABLED")),
		mutant(public, "flag as secret", service(), "worker-service", "is true", set("worker-service", assign, Secret{true})),
		mutant(public, "flag as text", elsewhere(), "template", "is true", set("template", "networkInterfaces.0.associatePublicIpAddress", "true")),
		mutant(public, "service", service(), "worker-service", "is true", set("worker-service", assign, true)),
	}
	for name, path := range map[string]string{
		"task-set": assign, "event": "ecsTarget." + assign, "schedule": "target.ecsParameters." + assign,
		"instance": "associatePublicIpAddress", "configuration": "associatePublicIpAddress",
	} {
		mutants = append(mutants, mutant(public, name, elsewhere(), name, path+" is true", set(name, path, true)))
	}
	return mutants
}

func entryMutants() []Mutant {
	lb := func(title string, says string, e edit) Mutant {
		return mutant("no-public-load-balancer", title, loadBalancer(), "lb", says, e)
	}
	public := func(t string, props object, says string) Mutant {
		return mutant("no-public-entry", t, one(t, "it", props), "it", says)
	}
	return []Mutant{
		lb("internet-facing", "internal is false", set("lb", "internal", false)),
		lb("by default", "internal is not set", unset("lb", "internal")),
		lb("unknown", "internal is not known", set("lb", "internal", Unknown{})),
		mutant("no-public-load-balancer", "classic", privateDoors(), "classic", "internal is not set", unset("classic", "internal")),
		public("aws:globalaccelerator/accelerator:Accelerator", object{"name": "a"}, "a global accelerator"),
		public("aws:cloudfront/distribution:Distribution", object{}, "a CloudFront distribution"),
		public("aws:apigatewayv2/api:Api", object{"protocolType": "HTTP"}, "a public API"),
		mutant("no-public-entry", "edge API", privateDoors(), "api", "not PRIVATE", set("api", "endpointConfiguration.types", "EDGE")),
		mutant("no-public-entry", "API by default", privateDoors(), "api", "not PRIVATE", unset("api", "endpointConfiguration")),
		mutant("no-public-entry", "function URL", privateDoors(), "url", `"NONE"`, set("url", "authorizationType", "NONE")),
		mutant("no-public-entry", "App Runner", privateDoors(), "apprunner", "isPubliclyAccessible is not false", unset("apprunner", "networkConfiguration.ingressConfiguration")),
		mutant("no-public-database", "RDS", database(), "database", "publiclyAccessible is true", set("database", "publiclyAccessible", true)),
		mutant("no-public-database", "RDS, unknown", database(), "database", "publiclyAccessible is not known", set("database", "publiclyAccessible", Unknown{})),
		mutant("no-public-database", "Aurora", cluster(), "member", "publiclyAccessible is true", set("member", "publiclyAccessible", true)),
		mutant("no-public-database", "Redshift by default", stores(), "warehouse", "publiclyAccessible is not set", unset("warehouse", "publiclyAccessible")),
		mutant("no-public-database", "DMS", privateDoors(), "replication", "publiclyAccessible is true", set("replication", "publiclyAccessible", true)),
		mutant("no-public-database", "OpenSearch outside the VPC", stores(), "search", "vpcOptions is not set", unset("search", "vpcOptions")),
		mutant("no-public-database", "Kafka", stores(), "kafka", "SERVICE_PROVIDED_EIPS", set("kafka", "brokerNodeGroupInfo", object{"connectivityInfo": object{"publicAccess": object{"type": "SERVICE_PROVIDED_EIPS"}}})),
		mutant("lambda-in-vpc", "function outside the VPC", function(), "function", "vpcConfig.subnetIds is not set", unset("function", "vpcConfig")),
	}
}

func doorMutants() []Mutant {
	open := func(title, name, path string, value any, says string) Mutant {
		return mutant("no-open-security-group", title, securityGroup(), name, says, set(name, path, value))
	}
	wide := func(title, name, path string, value any, says string) Mutant {
		return mutant("no-wide-ports", title, securityGroup(), name, says, set(name, path, value))
	}
	inlineIngress := object{"protocol": "tcp", "fromPort": 443, "toPort": 443, "cidrBlocks": list{"0.0.0.0/0"}}
	return []Mutant{
		open("ingress from anywhere", "ingress", "cidrIpv4", "0.0.0.0/0", "cidrIpv4 is 0.0.0.0/0"),
		open("ingress from half of anywhere", "ingress", "cidrIpv4", "128.0.0.0/1", "128.0.0.0/1"),
		open("ingress over IPv6", "ingress", "cidrIpv6", "::/0", "cidrIpv6 is ::/0"),
		open("ingress, unknown", "ingress", "cidrIpv4", Unknown{}, "not known before the update"),
		open("ingress from a prefix list", "ingress", "prefixListId", "pl-1", "prefix list"),
		open("egress to anywhere", "egress", "cidrIpv4", "0.0.0.0/0", "0.0.0.0/0"),
		open("older rule from anywhere", "rule", "cidrBlocks", list{"10.0.0.0/16", "0.0.0.0/0"}, "0.0.0.0/0"),
		open("older rule over IPv6", "rule", "ipv6CidrBlocks", list{"::/0"}, "::/0"),
		open("older rule, unknown", "rule", "cidrBlocks", list{Unknown{}}, "not known before the update"),
		open("inline ingress from anywhere", "group", "ingress", list{inlineIngress}, "0.0.0.0/0"),
		open("inline egress to anywhere", "group", "egress.0.cidrBlocks", list{"0.0.0.0/0"}, "0.0.0.0/0"),
		withAlso(open("inline, unknown", "group", "ingress", Unknown{}, "ingress is not known"), "no-wide-ports group"),
		open("prefix list with everybody in it", "prefixes", "entries.0.cidr", "0.0.0.0/0", "0.0.0.0/0"),
		open("entry of a prefix list", "prefix", "cidr", "0.0.0.0/0", "0.0.0.0/0"),
		wide("all traffic", "ingress", "ipProtocol", "-1", "all traffic"),
		mutant("no-wide-ports", "all ports", securityGroup(), "ingress", "ports 0 to 65535", set("ingress", "fromPort", 0), set("ingress", "toPort", 65535)),
		wide("unknown protocol", "ingress", "ipProtocol", Unknown{}, "ipProtocol is not known"),
		wide("unknown port", "egress", "toPort", Unknown{}, "toPort is not known"),
		wide("older rule, all traffic", "rule", "protocol", "-1", "all traffic"),
		wide("inline, all traffic", "group", "egress.0.protocol", "-1", "all traffic"),
		mutant("default-security-group-locked", "egress", network(), "locked", "egress is set", set("locked", "egress", list{object{"protocol": "-1", "fromPort": 0, "toPort": 0, "cidrBlocks": list{"0.0.0.0/0"}}})),
		mutant("default-security-group-locked", "ingress", network(), "locked", "ingress is set", set("locked", "ingress", list{object{"protocol": "-1", "fromPort": 0, "toPort": 0, "self": true}})),
		mutant("default-security-group-declared", "left to AWS", network(), "vpc", "default security group is not declared", drop("locked")),
		withAlso(mutant("default-security-group-declared", "another VPC's", network(), "second", "default security group is not declared", add(res("aws:ec2/vpc:Vpc", "second", object{"cidrBlock": "10.1.0.0/16"}))), "dns-firewall-declared second", "flow-log-declared second", "resolver-log-declared second"),
	}
}
