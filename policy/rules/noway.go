package rules

import (
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/property"
)

const routesWhy = "whatever is broken into inside the network can carry data out, and reach for more, over any route that leaves it."

func noWayOut() []Rule {
	return slices.Concat(gateways(), routes(), addresses(), joinRules(), nameRules())
}

func gateways() []Rule {
	return []Rule{
		{
			Name: "no-nat-gateway", Family: NoWayOut,
			Description: "There is no NAT gateway.",
			Why:         routesWhy,
			Fix:         "delete it, and reach AWS services over VPC endpoints (aws:ec2/vpcEndpoint:VpcEndpoint).",
			On:          on(exists("a NAT gateway"), "aws:ec2/natGateway:NatGateway"),
		},
		{
			Name: "no-elastic-ip", Family: NoWayOut,
			Description: "There is no Elastic IP address.",
			Why:         "a public address makes what holds it reachable from the internet.",
			Fix:         "delete it; what is inside talks to private addresses only.",
			On:          on(exists("an Elastic IP address"), "aws:ec2/eip:Eip", "aws:ec2/eipAssociation:EipAssociation"),
		},
		{
			Name: "no-internet-gateway", Family: NoWayOut,
			Description: "There is no internet gateway, nor the default VPC, which has one.",
			Why:         routesWhy,
			Fix:         "delete it; make a VPC of private subnets from aws:ec2 resources (awsx's Vpc always creates an internet gateway).",
			On: each(
				on(exists("an internet gateway"), "aws:ec2/internetGateway:InternetGateway", "aws:ec2/internetGatewayAttachment:InternetGatewayAttachment"),
				on(exists("a carrier gateway"), "aws:ec2/carrierGateway:CarrierGateway"),
				on(exists("the account's default VPC, which has an internet gateway,"), "aws:ec2/defaultVpc:DefaultVpc"),
			),
		},
		{
			Name: "no-egress-only-gateway", Family: NoWayOut,
			Description: "There is no egress-only internet gateway.",
			Why:         routesWhy,
			Fix:         "delete it, and reach AWS services over VPC endpoints.",
			On:          on(exists("an egress-only internet gateway"), "aws:ec2/egressOnlyInternetGateway:EgressOnlyInternetGateway"),
		},
	}
}

func routes() []Rule {
	return []Rule{
		{
			Name: "no-default-route", Family: NoWayOut,
			Description: "No route leads beyond private address ranges.",
			Why:         routesWhy,
			Fix:         "delete the route; endpoints bring their own. Private ranges are those of RFC 1918, RFC 6598 and RFC 4193.",
			On:          onRoutes(publicDestination),
		},
		{
			Name: "no-other-way-out", Family: NoWayOut,
			Description: "Nothing joins the VPC to another network but narrow joins to private networks, each for a reason.",
			Why:         "beyond a transit gateway, peering, VPN or appliance lies a network with rules of its own, perhaps with a NAT gateway of its own.",
			Fix:         "delete it, or make it a narrow one: an attachment to what its owner made, with the tag Why, and standalone routes to known private networks; else state in an exception who answers for the network at the other end.",
			On: each(
				onRoutes(otherTarget),
				narrowJoins(),
				on(exists("a VPC peering connection"), "aws:ec2/vpcPeeringConnection:VpcPeeringConnection"),
				on(exists("a VPN gateway"), "aws:ec2/vpnGateway:VpnGateway", "aws:ec2/vpnConnection:VpnConnection"),
				on(exists("a client VPN endpoint"), "aws:ec2clientvpn/endpoint:Endpoint"),
				on(foreignService, endpointType),
			),
		},
	}
}

func addresses() []Rule {
	return []Rule{
		{
			Name: "no-public-subnet", Family: NoWayOut,
			Description: "No subnet gives public addresses to what starts in it.",
			Why:         "whatever starts there is given a public address without asking.",
			Fix:         "set mapPublicIpOnLaunch and assignIpv6AddressOnCreation to false, or leave them out.",
			On: each(
				onFlag("mapPublicIpOnLaunch", "aws:ec2/subnet:Subnet"),
				onFlag("assignIpv6AddressOnCreation", "aws:ec2/subnet:Subnet"),
				on(exists("a default subnet, which is public,"), "aws:ec2/defaultSubnet:DefaultSubnet"),
			),
		},
		{
			Name: "no-public-ip", Family: NoWayOut,
			Description: "No task or instance is given a public address.",
			Why:         "a public address makes it reachable from the internet, and is a way out wherever a gateway is.",
			Fix:         "set it to false, or leave it out; images, logs and secrets come over VPC endpoints.",
			On: each(
				onFlag("networkConfiguration.assignPublicIp", "aws:ecs/service:Service", "aws:ecs/taskSet:TaskSet"),
				onFlag("ecsTarget.networkConfiguration.assignPublicIp", "aws:cloudwatch/eventTarget:EventTarget"),
				onFlag("target.ecsParameters.networkConfiguration.assignPublicIp", "aws:scheduler/schedule:Schedule"),
				onFlag("associatePublicIpAddress", "aws:ec2/instance:Instance", "aws:ec2/spotInstanceRequest:SpotInstanceRequest", "aws:ec2/launchConfiguration:LaunchConfiguration"),
				on(func(res resource, r report) {
					eachMap(res.get("networkInterfaces"), func(m property.Map) { r.needNotTrue(m, "associatePublicIpAddress") },
						func() { r.unseen("networkInterfaces") })
				}, "aws:ec2/launchTemplate:LaunchTemplate"),
				on(pipeTask, "aws:pipes/pipe:Pipe"),
			),
		},
		{
			Name: "no-public-load-balancer", Family: NoWayOut,
			Description: "Load balancers are internal.",
			Why:         "a load balancer faces the internet unless it is told to be internal.",
			Fix:         "set internal to true, and let users come in over a VPN, transit gateway or Direct Connect.",
			On: on(func(res resource, r report) { r.needTrue(res, "internal") },
				"aws:lb/loadBalancer:LoadBalancer", "aws:alb/loadBalancer:LoadBalancer", "aws:elb/loadBalancer:LoadBalancer"),
		},
		publicEntry(),
		publicDatabase(),
		{
			Name: "lambda-in-vpc", Family: NoWayOut,
			Description: "Lambda functions run inside the VPC.",
			Why:         "a function outside the VPC has the whole internet before it.",
			Fix:         "give it vpcConfig with private subnets.",
			On: on(func(res resource, r report) {
				if !isSet(res.get("vpcConfig.subnetIds")) {
					r.fault("vpcConfig.subnetIds is not set.")
				}
			}, "aws:lambda/function:Function"),
		},
	}
}

// exists refuses a resource for being there.
func exists(what string) check {
	return func(_ resource, r report) { r.fault("%s is declared.", what) }
}

// onFlag refuses a flag that is true.
func onFlag(path string, types ...string) map[string]check {
	return on(func(res resource, r report) { r.needNotTrue(res.properties(), path) }, types...)
}

// onRoutes gives every kind of route, standalone or inline, the same check.
func onRoutes(c func(route property.Map, r report)) map[string]check {
	inline := func(res resource, r report) {
		eachMap(res.get("routes"), func(m property.Map) { c(m, r) }, func() { r.unseen("routes") })
	}
	return each(
		on(func(res resource, r report) { c(res.properties(), r) }, "aws:ec2/route:Route"),
		on(inline, "aws:ec2/routeTable:RouteTable", "aws:ec2/defaultRouteTable:DefaultRouteTable"),
	)
}

// publicDestination knows the property names of both kinds of route.
func publicDestination(route property.Map, r report) {
	for _, name := range []string{"destinationCidrBlock", "cidrBlock", "destinationIpv6CidrBlock", "ipv6CidrBlock"} {
		privateOnly(route.Get(name), r, name)
	}
	if isSet(route.Get("destinationPrefixListId")) {
		r.fault("destinationPrefixListId names a prefix list, whose addresses cannot be seen.")
	}
}

// otherTargets are the targets of a route that lead to another network.
var otherTargets = []string{
	"transitGatewayId", "vpcPeeringConnectionId", "coreNetworkArn", "localGatewayId", "networkInterfaceId", "instanceId", "vpcEndpointId",
}

func otherTarget(route property.Map, r report) {
	if joinTarget(route) {
		return
	}
	for _, name := range otherTargets {
		if isSet(route.Get(name)) {
			r.fault("a route leads to another network: %s is set.", name)
		}
	}
	if gateway := knownText(route.Get("gatewayId")); strings.HasPrefix(gateway, "vgw-") {
		r.fault("a route leads to another network: gatewayId is the VPN gateway %s.", gateway)
	}
}

// foreignService tells endpoints of AWS's own services from those that lead to
// somebody else's, whose names begin with com.amazonaws.vpce.
func foreignService(res resource, r report) {
	for _, name := range []string{"serviceNetworkArn", "resourceConfigurationArn"} {
		if isSet(res.get(name)) {
			r.fault("an endpoint leads to another network: %s is set.", name)
		}
	}
	switch name, state := text(res.get("serviceName")); {
	case state == unknown:
		r.unseen("serviceName")
	case strings.HasPrefix(name, "com.amazonaws.vpce.") && !privateLink(res):
		r.fault("an endpoint leads to somebody else's service: serviceName is %s.", name)
	}
}

// pipeTask reads the AWS API's own shape, in which the flag is a word.
func pipeTask(res resource, r report) {
	const path = "targetParameters.ecsTaskParameters.networkConfiguration.awsVpcConfiguration.assignPublicIp"
	switch value, state := text(res.get(path)); {
	case state == unknown:
		r.unseen(path)
	case value == "ENABLED":
		r.fault("%s is ENABLED.", path)
	}
}
