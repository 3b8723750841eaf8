package cases

import "slices"

// asking is a load balancer, and a service behind one, that ask an identity
// provider on the internet over a joined network.
func asking() Group {
	rule := func(name, group, cidr string) *Resource {
		return res("aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule", name, object{
			"securityGroupId": Ref{group, "id"}, "ipProtocol": "tcp", "fromPort": 443, "toPort": 443, "cidrIpv4": cidr, "description": "asks the provider",
		})
	}
	groupOf := func(name string) *Resource {
		return res("aws:ec2/securityGroup:SecurityGroup", name, object{"name": prefix + "-" + name, "vpcId": "vpc-1"})
	}
	web, worker := serviceOf("web", "web-definition"), serviceOf("tasks", "tasks-definition")
	for service, group := range map[*Resource]string{web: "web-group", worker: "tasks-group"} {
		service.Props["cluster"] = prefix
		service.Props["taskDefinition"] = "of-another-stack"
		service.Props["networkConfiguration"] = object{"subnets": list{"subnet-1"}, "securityGroups": list{Ref{group, "id"}}, "assignPublicIp": false}
	}
	web.Props["loadBalancers"] = list{object{"targetGroupArn": "x", "containerName": "web", "containerPort": 8080}}
	door := loadBalancer()
	door.Find("lb").Props["securityGroups"] = list{Ref{"door-group", "id"}}
	https := door.Find("https")
	https.Props["loadBalancerArn"] = Ref{"lb", "arn"}
	https.Props["defaultActions"] = list{object{"type": "authenticate-oidc", "order": 1}, object{"type": "forward", "order": 2}}
	way := func(name, cidr string, over object) *Resource {
		return res("aws:ec2/route:Route", name, merge(object{"routeTableId": "rtb-1", "destinationCidrBlock": cidr}, over))
	}
	return append(Group{groupOf("door-group"), groupOf("web-group"), groupOf("tasks-group")}, append(door, web, worker,
		res("aws:ec2/vpnGatewayAttachment:VpnGatewayAttachment", "vpn", object{"vpnGatewayId": "vgw-1", "vpcId": "vpc-1"}),
		rule("door-asks", "door-group", "20.190.128.0/18"), rule("web-asks", "web-group", "20.190.128.0/18"), rule("web-asks-more", "web-group", "203.0.113.0/24"),
		way("to-provider", "20.190.128.0/18", object{"transitGatewayId": "tgw-1"}),
		way("to-provider-too", "203.0.113.0/24", object{"coreNetworkArn": Unknown{}}),
		way("to-provider-by-vpn", "20.190.128.0/18", object{"gatewayId": "vgw-1"}),
	)...)
}

func providerMutants() []Mutant {
	const narrow, group, route = "identity-provider-narrow", "no-open-security-group", "no-default-route"
	ask := func(rule, title, at, says string, edits ...edit) Mutant {
		return mutant(rule, title, asking(), at, says, edits...)
	}
	wider := func(cidr string) Mutant {
		return withAlso(ask(group, "provider in "+cidr, "web-asks-more", cidr+", which reaches beyond", set("web-asks-more", "cidrIpv4", cidr)), narrow+" to-provider-too")
	}
	routed := func(cidr string) Mutant {
		return withAlso(ask(route, "route to a provider in "+cidr, "to-provider-too", cidr+", which reaches beyond", set("to-provider-too", "destinationCidrBlock", cidr)), "no-other-way-out to-provider-too")
	}
	other := func(title, target, id string, also ...string) Mutant {
		return withAlso(ask(route, "provider over "+title, "to-provider", "20.190.128.0/18", unset("to-provider", "transitGatewayId"), set("to-provider", target, id)), also...)
	}
	mutants := []Mutant{
		wider("0.0.0.0/0"), wider("128.0.0.0/1"), wider("20.0.0.0/8"), wider("20.190.0.0/17"), wider("169.254.170.2/32"), wider("127.0.0.1/32"),
		routed("0.0.0.0/0"), routed("0.0.0.0/1"), routed("20.190.0.0/17"), routed("224.0.0.0/24"),
		withAlso(ask(group, "provider on port 80", "web-asks-more", "203.0.113.0/24", set("web-asks-more", "fromPort", 80), set("web-asks-more", "toPort", 80)), narrow+" to-provider-too"),
		withAlso(ask(group, "provider on ports up to 443", "web-asks-more", "203.0.113.0/24", set("web-asks-more", "fromPort", 80)), narrow+" to-provider-too"),
		withAlso(ask(group, "provider by UDP", "web-asks-more", "203.0.113.0/24", set("web-asks-more", "ipProtocol", "udp")), narrow+" to-provider-too"),
		withAlso(ask(group, "provider without a reason", "web-asks-more", "203.0.113.0/24", unset("web-asks-more", "description")), narrow+" to-provider-too"),
		ask(narrow, "a worker asks the provider", "web-asks-more", "tasks, which has its security group, lets nobody in", set("web-asks-more", "securityGroupId", Ref{"tasks-group", "id"})),
		withAlso(ask(narrow, "a worker in the group of what asks", "web-asks", "tasks, which has its security group, lets nobody in", set("tasks", "networkConfiguration.securityGroups", list{Ref{"web-group", "id"}})), narrow+" web-asks-more"),
		withAlso(ask(narrow, "a task of a schedule in the group of what asks", "web-asks", "nightly, which has its security group, lets nobody in", add(
			res("aws:scheduler/schedule:Schedule", "nightly", object{"scheduleExpression": "rate(1 day)", "flexibleTimeWindow": object{"mode": "OFF"}, "target": object{"arn": "a", "roleArn": "r", "ecsParameters": object{"taskDefinitionArn": "t", "networkConfiguration": object{"subnets": list{"subnet-1"}, "securityGroups": list{Ref{"web-group", "id"}}, "assignPublicIp": false}}}}))),
			narrow+" web-asks-more"),
		withAlso(ask(narrow, "a service that lets nobody in", "web-asks", "web, which has its security group, lets nobody in", unset("web", "loadBalancers")), narrow+" web-asks-more"),
		ask(narrow, "a load balancer that asks nobody", "door-asks", "lb, which has its security group, lets nobody in", set("https", "defaultActions", list{object{"type": "forward"}})),
		ask(narrow, "a group that nothing has", "door-asks", "nothing has its security group", set("lb", "securityGroups", list{"sg-1"})),
		ask(narrow, "a group of somebody else", "door-asks", "its security group is not of this stack", set("door-asks", "securityGroupId", "sg-1")),
		ask(narrow, "a route that nobody asks for", "to-provider-too", "203.0.113.0/24 on the internet, which no rule", drop("web-asks-more")),
		ask(narrow, "a part of the internet in pieces", "web-asks-more", "rules lead to 65792 addresses on the internet, more than 65536", add(pieces()...)),
		other("a peering", "vpcPeeringConnectionId", "pcx-1", "no-other-way-out to-provider"),
		other("a NAT gateway", "natGatewayId", "nat-1"),
		other("an internet gateway", "gatewayId", "igw-1"),
		other("a network interface", "networkInterfaceId", "eni-1", "no-other-way-out to-provider"),
		ask("joins-narrow", "provider over a VPN gateway that isn't joined", "to-provider-by-vpn", `gatewayId "vgw-2", which the stack doesn't join`, set("to-provider-by-vpn", "gatewayId", "vgw-2")),
	}
	// What is asked and routed is counted over a whole stack: each needs one of
	// its own, and the engine sees some.
	engine := []string{"provider in 0.0.0.0/0", "provider on port 80", "a worker asks the provider", "a route that nobody asks for", "a part of the internet in pieces", "provider over a peering"}
	for i := range mutants {
		mutants[i].Alone = slices.Contains(engine, mutants[i].Title)
		mutants[i].Quick = !mutants[i].Alone
	}
	return mutants
}

// pieces are further rules of the service's, each narrow by itself.
func pieces() []*Resource {
	var rules []*Resource
	for name, cidr := range map[string]string{"web-asks-2": "20.190.0.0/18", "web-asks-3": "20.190.64.0/18", "web-asks-4": "20.190.192.0/18"} {
		rules = append(rules, res("aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule", name, object{
			"securityGroupId": Ref{"web-group", "id"}, "ipProtocol": "tcp", "fromPort": 443, "toPort": 443, "cidrIpv4": cidr, "description": "asks more",
		}))
	}
	return rules
}
