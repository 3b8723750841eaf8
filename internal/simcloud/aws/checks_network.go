package aws

import (
	"net/netip"
	"regexp"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"github.com/pathwai/airflow-on-fargate/internal/simcloud"
)

// The characters that EC2 takes in names and descriptions of security groups,
// and in those of rules (API reference of CreateSecurityGroup).
var (
	groupName = text(1, 255, `^[A-Za-z0-9 ._:/()#,@\[\]+=&;{}!$*-]+$`, "letters, digits, spaces and ._-:/()#,@[]+=&;{}!$*")
	groupText = text(0, 255, `^[A-Za-z0-9 ._:/()#,@\[\]+=&;{}!$*-]*$`, "letters, digits, spaces and ._-:/()#,@[]+=&;{}!$*")
	ruleText  = text(0, 255, `^[A-Za-z0-9 ._:/()#,@\[\]+=&;{}!$*-]*$`, "letters, digits, spaces and ._-:/()#,@[]+=;{}!$*")
	rulePort  = between(-1, 65535)
)

func prefix(v resource.PropertyValue) (netip.Prefix, bool) {
	s, _ := simcloud.Text(v)
	p, err := netip.ParsePrefix(s)
	return p, err == nil
}

func checkVpc(s *subject) {
	if !s.given("cidrBlock") && !s.given("ipv4IpamPoolId") {
		s.fail("cidrBlock", "missing: a VPC needs cidrBlock or ipv4IpamPoolId")
	}
	s.atMost("cidrBlock", "ipv4NetmaskLength")
	if s.flag("enableDnsHostnames") && s.known("enableDnsSupport") && !s.flag("enableDnsSupport") {
		s.fail("enableDnsHostnames", "needs enableDnsSupport")
	}
}

func checkSubnet(s *subject) {
	if zone := s.text("availabilityZone"); zone != "" && !s.cloud.zone(zone) {
		s.fail("availabilityZone", "%q is no zone of %s", zone, s.cloud.region)
	}
	s.atMost("availabilityZone", "availabilityZoneId")
	mine, ok := prefix(s.get("cidrBlock"))
	vpc := s.seen.vpc(s.inputs["vpcId"])
	if !ok || vpc == nil {
		return
	}
	if blocks, known := s.blocks(vpc); known && !within(mine, blocks) {
		s.fail("cidrBlock", "InvalidSubnet.Range: %s is not in the VPC %s, which has %v", mine, vpc.urn.Name(), blocks)
	}
	for _, other := range s.seen.all(subnetToken) {
		theirs, ok := prefix(other.inputs["cidrBlock"])
		if ok && other.urn != s.urn && s.seen.vpc(other.inputs["vpcId"]) == vpc && theirs.Overlaps(mine) {
			s.fail("cidrBlock", "InvalidSubnet.Conflict: %s overlaps %s of the subnet %s", mine, theirs, other.urn.Name())
		}
	}
	// In a plan, what comes first is remembered here, as Create comes later.
	s.seen.remember(&thing{urn: s.urn, token: s.token, inputs: s.inputs, props: s.inputs})
}

// blocks are the networks of a VPC; known is false while one of them isn't.
func (s *subject) blocks(vpc *thing) (list []netip.Prefix, known bool) {
	p, known := prefix(vpc.props["cidrBlock"])
	list = append(list, p)
	for _, a := range s.seen.all(cidrToken) {
		if s.seen.vpc(a.inputs["vpcId"]) == vpc {
			p, ok := prefix(a.props["cidrBlock"])
			known = known && ok
			list = append(list, p)
		}
	}
	return list, known
}

func within(p netip.Prefix, blocks []netip.Prefix) bool {
	return slices.ContainsFunc(blocks, func(b netip.Prefix) bool { return b.Bits() <= p.Bits() && b.Contains(p.Addr()) })
}

func checkRouteTableAssociation(s *subject) { s.exactly("subnetId", "gatewayId") }

func checkRoute(s *subject) {
	s.exactly("destinationCidrBlock", "destinationIpv6CidrBlock", "destinationPrefixListId")
	s.exactly("gatewayId", "natGatewayId", "carrierGatewayId", "egressOnlyGatewayId", "localGatewayId", "networkInterfaceId",
		"transitGatewayId", "vpcEndpointId", "vpcPeeringConnectionId", "coreNetworkArn")
}

func checkInlineRoutes(s *subject) {
	seen := map[string]bool{}
	for _, r := range s.list("routes") {
		to := plain(r["cidrBlock"]) + plain(r["ipv6CidrBlock"]) + plain(r["destinationPrefixListId"])
		if to != "" && seen[to] {
			s.fail("routes", "two routes to %s", to)
		}
		seen[to] = true
	}
}

func checkFlowLog(s *subject) {
	s.exactly("vpcId", "subnetId", "eniId", "transitGatewayId", "transitGatewayAttachmentId")
	if !s.given("transitGatewayId") && !s.given("transitGatewayAttachmentId") && !s.given("trafficType") {
		s.fail("trafficType", "missing: ACCEPT, REJECT or ALL")
	}
	if s.text("logDestinationType") == "cloud-watch-logs" && !s.given("iamRoleArn") {
		s.fail("iamRoleArn", "missing: flow logs to CloudWatch need a role that may write there")
	}
	s.exactly("logDestination", "logGroupName")
}

// endpointService has no region in the names of global services, such as
// com.amazonaws.route53.
var endpointService = regexp.MustCompile(`^(com\.amazonaws|aws\.api|cn\.com\.amazonaws|com\.amazonaws\.vpce)\.([a-z0-9-]+)(\.[a-z0-9._-]+)?$`)

func checkEndpoint(s *subject) {
	s.exactly("serviceName", "resourceConfigurationArn", "serviceNetworkArn")
	name, kind := s.text("serviceName"), s.text("vpcEndpointType")
	if m := endpointService.FindStringSubmatch(name); name != "" && (m == nil || m[3] == "" && regionForm.MatchString(m[2])) {
		s.fail("serviceName", "InvalidServiceName: %q does not look like com.amazonaws.%s.s3", name, s.cloud.region)
	} else if m != nil && regionForm.MatchString(m[2]) && m[2] != s.cloud.region && !s.given("serviceRegion") {
		s.fail("serviceName", "InvalidServiceName: %q is of another region than %s", name, s.cloud.region)
	}
	if kind == "Gateway" {
		if name != "" && !strings.HasSuffix(name, ".s3") && !strings.HasSuffix(name, ".dynamodb") {
			s.fail("vpcEndpointType", "%q has no gateway endpoint: only s3 and dynamodb have; set Interface", name)
		}
		for _, k := range []string{"subnetIds", "securityGroupIds", "privateDnsEnabled"} {
			if s.given(k) && !empty(s.get(k)) {
				s.fail(k, "is for interface endpoints")
			}
		}
	}
	if kind == "Interface" && s.given("routeTableIds") && !empty(s.get("routeTableIds")) {
		s.fail("routeTableIds", "is for gateway endpoints")
	}
	if kind == "Interface" && s.flag("privateDnsEnabled") {
		s.privateDNS(name)
	}
}

// privateDNS looks at what private names ask of the VPC: DNS in it, and no
// second endpoint that answers to the same names.
func (s *subject) privateDNS(name string) {
	vpc := s.seen.vpc(s.inputs["vpcId"])
	if vpc == nil {
		return
	}
	if off(vpc.inputs["enableDnsSupport"], false) || off(vpc.inputs["enableDnsHostnames"], true) {
		s.fail("privateDnsEnabled", "InvalidParameter: enabling private DNS requires both enableDnsSupport and enableDnsHostnames of the VPC %s", vpc.urn.Name())
	}
	if c := s.seen.plan(s.urn, []key{{id: "private DNS " + string(vpc.urn) + " " + name, name: name}}); name != "" && c != nil {
		s.fail("privateDnsEnabled", "InvalidParameter: there is already a conflicting DNS domain for %s in the VPC %s, of %s", name, vpc.urn.Name(), c.holder.Name())
	}
}

// off tells whether a flag is known to be false; byDefault says what it is when
// it was left out.
func off(v resource.PropertyValue, byDefault bool) bool {
	if !simcloud.Given(v) {
		return byDefault
	}
	on, known := simcloud.Flag(v)
	return known && !on
}

func checkNatGateway(s *subject) {
	public := s.text("connectivityType") == "public"
	if public && !s.given("allocationId") {
		s.fail("allocationId", "missing: a public NAT gateway needs an Elastic IP")
	}
	if !public && s.given("allocationId") {
		s.fail("allocationId", "conflicts with the connectivityType private")
	}
}

func checkInstance(s *subject) {
	if !s.given("launchTemplate") && (!s.given("ami") || !s.given("instanceType")) {
		s.fail("ami", "ami and instanceType are required unless a launchTemplate has them")
	}
}

func keepInstance(props resource.PropertyMap) string {
	if on, _ := simcloud.Flag(props["disableApiTermination"]); on {
		return "OperationNotPermitted: the instance may not be terminated; set disableApiTermination to false first"
	}
	return ""
}

// checkRule looks at one rule of a security group.
func checkRule(s *subject) {
	s.exactly("cidrIpv4", "cidrIpv6", "prefixListId", "referencedSecurityGroupId")
	s.ports("ipProtocol")
}

func (s *subject) ports(protocolInput string) {
	protocol := s.text(protocolInput)
	from, hasFrom := s.number("fromPort")
	to, hasTo := s.number("toPort")
	switch protocol {
	case "-1":
		if s.token != "aws:ec2/securityGroupRule:SecurityGroupRule" && (hasFrom || hasTo) {
			s.fail("fromPort", "the protocol -1 takes no ports")
		}
	case "tcp", "udp", "6", "17":
		switch {
		case !s.given("fromPort") || !s.given("toPort"):
			s.fail("fromPort", "missing: %s needs fromPort and toPort", protocol)
		case hasFrom && hasTo && (from < 0 || to < from):
			s.fail("toPort", "InvalidParameterValue: the ports %v to %v are no range", from, to)
		}
	}
}

func checkOldRule(s *subject) {
	s.ports("protocol")
	if empty(s.get("cidrBlocks")) && empty(s.get("ipv6CidrBlocks")) && empty(s.get("prefixListIds")) &&
		!s.given("sourceSecurityGroupId") && !s.flag("self") {
		s.fail("", "one of cidrBlocks, ipv6CidrBlocks, prefixListIds, sourceSecurityGroupId, self is required")
	}
}
