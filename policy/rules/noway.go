package rules

import (
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/property"
)

const routesWhy = "whatever is broken into inside the network can carry data out, and reach for more, over any route that leaves it."

func noWayOut() []Rule {
	return slices.Concat(gateways(), routes(), addresses(), joinRules(), providerRules(), nameRules(), deliveries())
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
			Description: "No route leads beyond private address ranges, but to an identity provider's networks.",
			Why:         routesWhy,
			Fix:         "delete the route; endpoints bring their own. Private ranges are those of RFC 1918, RFC 6598 and RFC 4193.",
			On: each(
				onRoutes(publicDestination),
				on(func(res resource, r report) {
					if dropped, _ := truth(res.get("blackhole")); !dropped {
						publicDestination(res.properties(), r)
					}
				}, "aws:ec2transitgateway/route:Route"),
				on(func(res resource, r report) { publicDestination(res.properties(), r) },
					"aws:ec2clientvpn/route:Route", "aws:ec2/localGatewayRoute:LocalGatewayRoute",
					"aws:ec2/vpnConnectionRoute:VpnConnectionRoute"),
			),
		},
		{
			Name: "no-other-way-out", Family: NoWayOut,
			Description: "Nothing joins the VPC to another network than the private ones that it may be joined to.",
			Why:         "beyond a transit gateway, peering, VPN or appliance lies a network with rules of its own, perhaps with a NAT gateway of its own.",
			Fix: "delete it, or make it a narrow one: an attachment to what its owner made, with the tag Why; or name the private networks at the other end in the pack's joinedNetworks setting (routes to them, attachments and peerings then pass), " +
				"or state in an exception who answers for the network at the other end (users often come in over a VPN or transit gateway).",
			On: each(
				onRoutes(otherTarget),
				on(propagated, "aws:ec2/routeTable:RouteTable", "aws:ec2/defaultRouteTable:DefaultRouteTable"),
				on(exists("the propagation of a VPN gateway's routes"), "aws:ec2/vpnGatewayRoutePropagation:VpnGatewayRoutePropagation"),
				joined(),
				narrowJoins(),
				on(unlessJoined("a VPC peering connection"), "aws:ec2/vpcPeeringConnection:VpcPeeringConnection"),
				on(exists("a VPN gateway"), "aws:ec2/vpnGateway:VpnGateway", "aws:ec2/vpnConnection:VpnConnection"),
				on(exists("a client VPN endpoint"), "aws:ec2clientvpn/endpoint:Endpoint"),
				on(askedServers, "aws:ec2/vpcDhcpOptions:VpcDhcpOptions"),
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
			On:          on(exists("a default subnet, which is public,"), "aws:ec2/defaultSubnet:DefaultSubnet"),
			Any:         anyPublic(subnetNames.MatchString),
		},
		{
			Name: "no-public-ip", Family: NoWayOut,
			Description: "No task or instance is given a public address.",
			Why:         "a public address makes it reachable from the internet, and is a way out wherever a gateway is.",
			Fix:         "set it to false, or leave it out; images, logs and secrets come over VPC endpoints.",
			Any:         anyPublic(addressNames.MatchString),
		},
		{
			Name: "no-public-load-balancer", Family: NoWayOut,
			Description: "Load balancers are internal.",
			Why:         "a load balancer faces the internet unless it is told to be internal.",
			Fix:         "set internal to true, and let users come in over a VPN, transit gateway or Direct Connect.",
			On: on(func(res resource, r report) { r.needTrue(res, "internal") },
				"aws:lb/loadBalancer:LoadBalancer", "aws:alb/loadBalancer:LoadBalancer", "aws:elb/loadBalancer:LoadBalancer"),
		},
		forwarders(),
		publicEntry(),
		publicDatabase(),
		{
			Name: "lambda-in-vpc", Family: NoWayOut,
			Description: "Lambda functions, and what else runs code for AWS to host, run inside the VPC.",
			Why:         "what runs outside the VPC has the whole internet before it.",
			Fix:         "give it private subnets: vpcConfig, App Runner's egressType VPC, a connection of Glue's.",
			On:          insideVPC(),
		},
	}
}

// exists refuses a resource for being there.
func exists(what string) check {
	return func(_ resource, r report) { r.fault("%s is declared.", what) }
}

// unlessJoined refuses what joins networks, unless the settings name some.
func unlessJoined(what string) check {
	return func(_ resource, r report) {
		if len(r.settings.JoinedNetworks) == 0 {
			r.fault("%s is declared.", what)
		}
	}
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

// destinations are the property names of both kinds of route.
var destinations = []string{"destinationCidrBlock", "cidrBlock", "destinationIpv6CidrBlock", "ipv6CidrBlock"}

func publicDestination(route property.Map, r report) {
	if providerRoute(route) {
		return // identity-provider-narrow says what for
	}
	for _, name := range destinations {
		privateOnly(route.Get(name), r, name)
	}
	if isSet(route.Get("destinationPrefixListId")) {
		r.fault("destinationPrefixListId names a prefix list, whose addresses cannot be seen.")
	}
}

// joiningTargets are those beyond which lies a private network by intent.
var joiningTargets = []string{"transitGatewayId", "vpcPeeringConnectionId", "coreNetworkArn"}

// joins reports whether a route leads to a private network that may be joined:
// one of the settings' joinedNetworks, or any if they name none.
func (r report) joins(route property.Map) bool {
	blocks := 0
	for _, name := range []string{"destinationCidrBlock", "cidrBlock", "destinationIpv6CidrBlock", "ipv6CidrBlock"} {
		block, state := text(route.Get(name))
		if state == absent || block == "" {
			continue
		}
		blocks++
		private, err := inPrivateRange(block)
		if err != nil || !private && !providerRoute(route) || !r.settings.joined(block) {
			return false
		}
	}
	return blocks > 0 && !isSet(route.Get("destinationPrefixListId"))
}

// otherTargets are the targets of a route that lead to another network.
var otherTargets = []string{
	"transitGatewayId", "vpcPeeringConnectionId", "coreNetworkArn", "localGatewayId", "networkInterfaceId", "instanceId", "vpcEndpointId",
}

func otherTarget(route property.Map, r report) {
	joined := r.joins(route)
	for _, name := range otherTargets {
		if isSet(route.Get(name)) && (!joined || !slices.Contains(joiningTargets, name)) {
			r.fault("a route leads to another network: %s is set.", name)
		}
	}
	gateway := knownText(route.Get("gatewayId"))
	if strings.HasPrefix(gateway, "vgw-") && !joined {
		r.fault("a route leads to another network: gatewayId is the VPN gateway %s.", gateway)
	}
	if beyond(route) {
		// no-default-route says so already.
		return
	}
	for _, name := range []string{"natGatewayId", "egressOnlyGatewayId", "carrierGatewayId"} {
		if isSet(route.Get(name)) {
			r.fault("a route leads out: %s is set.", name)
		}
	}
	for _, kind := range []string{"igw-", "eigw-", "cagw-", "nat-"} {
		if strings.HasPrefix(gateway, kind) {
			r.fault("a route leads out: gatewayId is the gateway %s.", gateway)
		}
	}
}

// beyond reports whether a route is for addresses that aren't known to be private.
func beyond(route property.Map) bool {
	for _, name := range destinations {
		if v := route.Get(name); isSet(v) {
			if private, err := inPrivateRange(knownText(v)); err != nil || !private {
				return true
			}
		}
	}
	return isSet(route.Get("destinationPrefixListId"))
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
