package rules

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/property"

	"github.com/pathwai/airflow-on-fargate/policy/schema"
)

// joined are the types that join a VPC to another network, or a network of the
// customer's to a third.
func joined() map[string]check {
	return each(
		on(exists("a transit gateway attachment"), "aws:ec2transitgateway/vpcAttachmentAccepter:VpcAttachmentAccepter",
			"aws:ec2transitgateway/connect:Connect", "aws:ec2transitgateway/connectPeer:ConnectPeer",
			"aws:ec2transitgateway/peeringAttachment:PeeringAttachment", "aws:ec2transitgateway/peeringAttachmentAccepter:PeeringAttachmentAccepter"),
		on(exists("a Cloud WAN attachment"), "aws:networkmanager/connectAttachment:ConnectAttachment", "aws:networkmanager/connectPeer:ConnectPeer",
			"aws:networkmanager/siteToSiteVpnAttachment:SiteToSiteVpnAttachment", "aws:networkmanager/dxGatewayAttachment:DxGatewayAttachment",
			"aws:networkmanager/transitGatewayPeering:TransitGatewayPeering",
			"aws:networkmanager/transitGatewayRouteTableAttachment:TransitGatewayRouteTableAttachment"),
		on(exists("a Direct Connect interface or association"), "aws:directconnect/gatewayAssociation:GatewayAssociation",
			"aws:directconnect/publicVirtualInterface:PublicVirtualInterface", "aws:directconnect/hostedPublicVirtualInterface:HostedPublicVirtualInterface",
			"aws:directconnect/hostedPublicVirtualInterfaceAccepter:HostedPublicVirtualInterfaceAccepter",
			"aws:directconnect/privateVirtualInterface:PrivateVirtualInterface", "aws:directconnect/transitVirtualInterface:TransitVirtualInterface",
			"aws:directconnect/hostedPrivateVirtualInterfaceAccepter:HostedPrivateVirtualInterfaceAccepter",
			"aws:directconnect/hostedTransitVirtualInterfaceAcceptor:HostedTransitVirtualInterfaceAcceptor",
			"aws:directconnect/gatewayAssociationProposal:GatewayAssociationProposal"),
		on(exists("the propagation of an attachment's routes"), "aws:ec2transitgateway/routeTablePropagation:RouteTablePropagation"),
		on(exists("a route to a prefix list, whose addresses cannot be seen,"), "aws:ec2transitgateway/prefixListReference:PrefixListReference"),
		on(exists("a client VPN's association"), "aws:ec2clientvpn/networkAssociation:NetworkAssociation"),
		on(exists("an association with a local gateway"), "aws:ec2/localGatewayRouteTableVpcAssociation:LocalGatewayRouteTableVpcAssociation"),
		on(exists("a peering connection's options, for a connection that is there,"), "aws:ec2/peeringConnectionOptions:PeeringConnectionOptions"),
		on(exists("a VPC Lattice association"), "aws:vpclattice/serviceNetworkVpcAssociation:ServiceNetworkVpcAssociation"),
		on(exists("a permission for another account to attach a network interface"), "aws:ec2/networkInterfacePermission:NetworkInterfacePermission"),
		on(exists("an exclusion from VPC Block Public Access"), "aws:ec2/vpcBlockPublicAccessExclusion:VpcBlockPublicAccessExclusion"),
	)
}

func propagated(res resource, r report) {
	if isSet(res.get("propagatingVgws")) {
		r.fault("propagatingVgws is set: the routes that a VPN gateway learns cannot be seen.")
	}
}

// askedServers refuses servers of names and of time on the internet: each
// question to one is a way out. AWS's own are link-local addresses, or a word.
func askedServers(res resource, r report) {
	for _, path := range []string{"domainNameServers", "ntpServers"} {
		for _, item := range elements(res.get(path)) {
			server, state := text(item)
			address, err := netip.ParseAddr(server)
			switch {
			case state == unknown:
				r.unseen(path)
			case server == "" || server == "AmazonProvidedDNS" || err == nil && address.IsLinkLocalUnicast():
			default:
				privateOnly(item, r, path)
			}
		}
	}
}

func forwarders() Rule {
	return Rule{
		Name: "no-forwarder", Family: NoWayOut,
		Description: "No instance or network interface forwards the traffic of others.",
		Why:         "an interface without the check of source and destination is a NAT gateway of one's own making.",
		Fix:         "set sourceDestCheck to true, or leave it out.",
		Any: func(res resource, r report) {
			for _, at := range places(res, schema.Private) {
				if at.leaf() != "sourceDestCheck" {
					continue
				}
				closed(at, r)
			}
		},
	}
}

// publicServices are types that exist to be reached from the internet.
func publicServices() map[string]check {
	return each(
		on(exists("a public web application"), "aws:amplify/app:App", "aws:lightsail/distribution:Distribution", "aws:lightsail/containerService:ContainerService",
			"aws:lightsail/lb:Lb", "aws:lightsail/instance:Instance", "aws:lightsail/bucket:Bucket"),
		on(func(res resource, r report) {
			eachMap(res.get("portInfos"), func(m property.Map) {
				if !isSet(m.Get("cidrs")) && !isSet(m.Get("ipv6Cidrs")) && !isSet(m.Get("cidrListAliases")) {
					r.fault("portInfos[].cidrs is not set, and the default is everybody.")
				}
			}, func() { r.unseen("portInfos") })
		}, "aws:lightsail/instancePublicPorts:InstancePublicPorts"),
		on(func(res resource, r report) {
			if isSet(res.get("permittedPublicSecurityGroupRuleRanges")) {
				r.fault("permittedPublicSecurityGroupRuleRanges is set: clusters may have ports that are open to everybody.")
			}
		}, "aws:emr/blockPublicAccessConfiguration:BlockPublicAccessConfiguration"),
		on(exists("a public address"), "aws:lightsail/staticIp:StaticIp", "aws:lightsail/staticIpAttachment:StaticIpAttachment"),
		on(exists("a public API"), "aws:apigatewayv2/domainName:DomainName"),
		on(exists("a public website"), "aws:s3/bucketWebsiteConfigurationV2:BucketWebsiteConfigurationV2", "aws:s3/bucketWebsiteConfiguration:BucketWebsiteConfiguration"),
		on(exists("a public zone"), "aws:servicediscovery/publicDnsNamespace:PublicDnsNamespace"),
		on(exists("a public way to endpoints"), "aws:globalaccelerator/endpointGroup:EndpointGroup", "aws:globalaccelerator/customRoutingEndpointGroup:CustomRoutingEndpointGroup"),
		on(exists("a public API of events"), "aws:appsync/api:Api"),
		on(guests, "aws:cognito/identityPoolRoleAttachment:IdentityPoolRoleAttachment"),
		on(func(res resource, r report) {
			if kind, state := text(res.get("connectionType")); state != unknown && kind != "CONNECT_SSM" {
				r.fault("connectionType is not CONNECT_SSM, so the environment is reached from the internet.")
			}
		}, "aws:cloud9/environmentEC2:EnvironmentEC2"),
		on(exists("a fleet of public game servers"), "aws:gamelift/fleet:Fleet"),
		on(exists("an EC2 Instance Connect endpoint, which takes connections over AWS's public API,"), "aws:ec2transitgateway/instanceConnectEndpoint:InstanceConnectEndpoint"),
		on(exists("a public endpoint of Verified Access"), "aws:verifiedaccess/endpoint:Endpoint"),
		on(exists("a public search domain"), "aws:cloudsearch/domain:Domain"),
		on(exists("a public container of media"), "aws:mediastore/container:Container", "aws:ivs/channel:Channel"),
	)
}

// openNodes refuses nodes that anybody may log in to: so it is with a key and
// no group of who may.
func openNodes(res resource, r report) {
	if isSet(res.get("remoteAccess.ec2SshKey")) && !isSet(res.get("remoteAccess.sourceSecurityGroupIds")) {
		r.fault("remoteAccess has a key and no sourceSecurityGroupIds, which opens port 22 to everybody.")
	}
}

// guests refuses a role for those who have not said who they are.
func guests(res resource, r report) {
	if isSet(res.get("roles.unauthenticated")) {
		r.fault("roles.unauthenticated is set: everybody may take that role.")
	}
}

// beanstalk reads settings that have a namespace, a name and a value. By
// default an environment has a public load balancer, or a public address.
func beanstalk(res resource, r report) {
	kind, scheme, seen := "", "", true
	eachMap(res.get("settings"), func(m property.Map) {
		name, value := knownText(m.Get("name")), strings.ToLower(knownText(m.Get("value")))
		switch {
		case name == "AssociatePublicIpAddress" && value == "true", name == "ELBScheme" && value == "public":
			r.fault("the setting %s is %s.", name, value)
		case name == "EnvironmentType":
			kind = value
		}
		if name == "ELBScheme" {
			scheme = value
		}
	}, func() { seen = false; r.unseen("settings") })
	inherited := isSet(res.get("templateName")) || strings.HasSuffix(res.Type, ":ConfigurationTemplate") || knownText(res.get("tier")) == "Worker"
	switch {
	case !seen || inherited:
	case kind == "singleinstance":
		r.fault("the setting EnvironmentType is SingleInstance, which has a public address.")
	case scheme == "":
		r.fault("the setting ELBScheme is not internal, and the default is public.")
	}
}

func websiteInline(res resource, r report) {
	for _, path := range []string{"website", "websites"} {
		if isSet(res.get(path)) {
			r.fault("%s is set: a public website.", path)
		}
	}
}

func grafanaEntry(res resource, r report) {
	if !isSet(res.get("networkAccessControl")) {
		r.fault("networkAccessControl is not set, so everybody reaches the workspace's login.")
	}
}

// strangers refuses pools that take in whoever comes.
func strangers(res resource, r report) {
	switch only, state := truth(res.get("adminCreateUserConfig.allowAdminCreateUserOnly")); {
	case state == unknown:
		r.unseen("adminCreateUserConfig.allowAdminCreateUserOnly")
	case !only:
		r.fault("adminCreateUserConfig.allowAdminCreateUserOnly is not true: everybody may sign up.")
	}
}

// everybody are the words for it, by service.
var everybody = []string{"*", "all", "All", "ALL", "AllUsers", "AuthenticatedUsers", "IAM_ALLOWED_PRINCIPALS"}

// sharing is about what other accounts may use, outside of policies.
func sharing() []Rule {
	return []Rule{
		{
			Name: "not-for-everybody", Family: OpenDoors,
			Description: "Images, snapshots, layers, objects and shares are for named accounts.",
			Why:         "what is shared with everybody can be copied by everybody, and not called back.",
			Fix:         "name the accounts, or give it to nobody; objects have the ACL private, or none.",
			On: each(
				on(exists("a public repository of images"), "aws:ecrpublic/repository:Repository"),
				on(sharedDocument, "aws:ssm/document:Document"),
				on(objectGrants, "aws:s3/objectCopy:ObjectCopy"),
				on(func(res resource, r report) {
					if setting := knownText(res.get("settingId")); strings.HasSuffix(setting, "/public-sharing-permission") && knownText(res.get("settingValue")) != "Disable" {
						r.fault("settingValue is not Disable: documents may be given to everybody.")
					}
				}, "aws:ssm/serviceSetting:ServiceSetting"),
				on(func(res resource, r report) {
					if state := knownText(res.get("state")); state == "unblocked" {
						r.fault("state is %s: images and snapshots may be given to everybody.", state)
					}
				}, "aws:ec2/imageBlockPublicAccess:ImageBlockPublicAccess", "aws:ebs/snapshotBlockPublicAccess:SnapshotBlockPublicAccess"),
			),
			Any: func(res resource, r report) {
				for _, at := range places(res, schema.Shared) {
					if !sharedElsewhere(res, at) {
						sharedValue(at, r)
					}
				}
				anyPublic(sharingNames.MatchString)(res, r)
				for _, at := range places(res, schema.Private) {
					if strings.Contains(strings.ToLower(at.leaf()), "public") && res.Type != accessBlockType && res.Type != accountBlockType {
						closed(at, r)
					}
				}
				if !slices.Contains(bucketTypes, res.Type) && !slices.Contains(aclTypes, res.Type) {
					anyACL(res, r)
				}
			},
		},
		{
			Name: "no-open-range", Family: OpenDoors,
			Description: "Lists of addresses that are let in, or led to, hold private networks only.",
			Why:         "a list with 0.0.0.0/0 in it, or a half of it, lets everybody in.",
			Fix:         "name private CIDR blocks (RFC 1918, RFC 6598, RFC 4193).",
			On: each(
				on(func(res resource, r report) {
					// Its ranges are the names of a map.
					if ranges := res.get("ipRestrictionRuleMap"); ranges.IsMap() {
						for block := range ranges.AsMap().AllStable {
							privateOnly(property.New(block), r, "ipRestrictionRuleMap")
						}
					}
				}, "aws:quicksight/ipRestriction:IpRestriction"),
				onNetworkACLs(letsIn),
			),
			Any: func(res resource, r report) {
				if rangesElsewhere(res.Type) {
					return
				}
				for _, at := range places(res, schema.Range) {
					privateOnly(at.value, r, at.path)
				}
			},
		},
	}
}

// closed refuses a switch that guards, where it is off.
func closed(at place, r report) {
	switch value, state := truth(at.value); {
	case state == unknown:
		r.unseen(at.path)
	case state == known && !value:
		r.fault("%s is false.", at.path)
	}
}

func sharedElsewhere(res resource, at place) bool {
	switch res.Type {
	case "aws:lambda/permission:Permission":
		return true
	case "aws:lambda/layerVersionPermission:LayerVersionPermission":
		return narrowId(res.get("organizationId"))
	case "aws:cloudwatch/eventPermission:EventPermission":
		return narrowId(res.get("condition.value"))
	}
	return at.leaf() == "grantee" && at.value.IsMap()
}

// narrowId takes an organization's id, or one that isn't known yet.
func narrowId(v property.Value) bool { return v.IsComputed() || isOrganization(knownText(v)) }

func sharedValue(at place, r report) {
	for _, item := range elements(at.value) {
		for _, name := range texts(item) {
			if slices.Contains(everybody, strings.TrimPrefix(name, "http://acs.amazonaws.com/groups/global/")) {
				r.fault("%s is %q: everybody.", at.path, name)
				continue
			}
			if strings.ContainsAny(accountOf(name), "*?") {
				r.fault("%s is %q: a wildcard for the account.", at.path, name)
			}
			if isAccount(name) || isOwnedARN(name) {
				trusted(name, at.path, r)
			}
		}
	}
}

// sharedDocument reads a map of kind and account ids.
func sharedDocument(res resource, r report) {
	for _, path := range []string{"permissions.accountIds", "permissions.account_ids"} {
		if ids := knownText(res.get(path)); strings.EqualFold(ids, "all") {
			r.fault("%s is %q: everybody.", path, ids)
		}
	}
}

func objectGrants(res resource, r report) {
	eachMap(res.get("grants"), func(m property.Map) { granted("grants", m, r) }, func() { r.unseen("grants") })
}

// rangesElsewhere are types whose ranges other rules read, or whose ranges are
// addresses of a network's own.
func rangesElsewhere(token string) bool {
	switch token {
	case "aws:ec2/securityGroup:SecurityGroup", "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup", "aws:ec2/securityGroupRule:SecurityGroupRule",
		"aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule",
		"aws:ec2/route:Route", "aws:ec2transitgateway/route:Route", "aws:ec2clientvpn/route:Route", "aws:ec2/localGatewayRoute:LocalGatewayRoute",
		"aws:ec2/vpnConnectionRoute:VpnConnectionRoute", "aws:ec2/trafficMirrorFilterRule:TrafficMirrorFilterRule", "aws:route53/cidrLocation:CidrLocation":
		return true
	}
	return false
}
