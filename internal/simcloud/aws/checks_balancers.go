package aws

import (
	"regexp"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"github.com/pathwai/airflow-on-fargate/internal/simcloud"
)

// balancerName is ELB's rule for names of load balancers and target groups.
func balancerName(v resource.PropertyValue) string {
	if reason := text(1, 32, `^[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?$`, "letters, digits and hyphens, with no hyphen at either end")(v); reason != "" {
		return reason
	}
	if strings.HasPrefix(plain(v), "internal-") {
		return "names that begin with internal- are ELB's own"
	}
	return ""
}

func checkBalancer(s *subject) {
	s.exactly("subnets", "subnetMappings")
	kind := s.text("loadBalancerType")
	if subnets := s.get("subnets"); kind == "application" && subnets.IsArray() {
		if len(subnets.ArrayValue()) < 2 {
			s.fail("subnets", "ValidationError: At least two subnets in two different Availability Zones must be specified")
		} else if zones, known := s.zones(subnets); known && len(zones) < len(subnets.ArrayValue()) {
			s.fail("subnets", "InvalidConfigurationRequest: A load balancer cannot be attached to multiple subnets in the same Availability Zone")
		}
	}
	for _, l := range s.list("accessLogs") {
		if on, known := simcloud.Flag(l["enabled"]); known && on && !simcloud.Given(l["bucket"]) {
			s.fail("accessLogs", "a bucket is missing")
		}
	}
}

func keepBalancer(props resource.PropertyMap) string {
	if on, _ := simcloud.Flag(props["enableDeletionProtection"]); on {
		return "OperationNotPermitted: Load balancer '" + plain(props["arn"]) + "' cannot be deleted because deletion protection is enabled"
	}
	return ""
}

func checkTargetGroup(s *subject) {
	s.atMost("name", "namePrefix")
	if s.text("targetType") != "lambda" && s.known("targetType") {
		for _, k := range []string{"port", "protocol", "vpcId"} {
			if !s.given(k) {
				s.fail(k, "missing: targets of the type %s need it", s.text("targetType"))
			}
		}
	}
	if n, ok := s.number("deregistrationDelay"); ok && (n < 0 || n > 3600) {
		s.fail("deregistrationDelay", "%v s: it is 0 to 3600", n)
	}
	for _, h := range s.list("healthCheck") {
		s.healthCheck(h)
	}
}

func (s *subject) healthCheck(h resource.PropertyMap) {
	for _, limit := range []struct {
		name      resource.PropertyKey
		low, high float64
	}{{"interval", 5, 300}, {"timeout", 2, 120}, {"healthyThreshold", 2, 10}, {"unhealthyThreshold", 2, 10}} {
		if n, ok := simcloud.Number(h[limit.name]); ok && (n < limit.low || n > limit.high) {
			s.fail("healthCheck", "ValidationError: %s is %v; ELB takes %v to %v", limit.name, n, limit.low, limit.high)
		}
	}
	interval, okInterval := simcloud.Number(h["interval"])
	timeout, okTimeout := simcloud.Number(h["timeout"])
	if okInterval && okTimeout && timeout >= interval {
		s.fail("healthCheck", "ValidationError: Health check interval must be greater than the timeout")
	}
	if path := plain(h["path"]); path != "" && !strings.HasPrefix(path, "/") {
		s.fail("healthCheck", "ValidationError: the path %q does not begin with a slash", path)
	}
}

func checkListener(s *subject) {
	protocol := s.text("protocol")
	secure := protocol == "HTTPS" || protocol == "TLS"
	switch {
	case secure && !s.given("certificateArn"):
		s.fail("certificateArn", "CertificateNotFound: a listener for %s needs a certificate", protocol)
	case protocol == "HTTP" && s.given("certificateArn"):
		s.fail("certificateArn", "a listener for HTTP takes no certificate")
	case protocol == "HTTP" && s.given("sslPolicy"):
		s.fail("sslPolicy", "a listener for HTTP takes no TLS policy")
	}
	if !s.given("port") || !s.given("protocol") {
		s.fail("port", "a listener needs port and protocol")
	}
	s.actions("defaultActions", secure || !s.known("protocol"))
}

func checkListenerRule(s *subject) { s.actions("actions", true) }

// actions wants a rule's actions to end in one that answers, and to log in only
// over TLS.
func (s *subject) actions(input string, secure bool) {
	list := s.list(input)
	for i, a := range list {
		kind := plain(a["type"])
		need := map[string]resource.PropertyKey{
			"redirect": "redirect", "fixed-response": "fixedResponse", "authenticate-oidc": "authenticateOidc", "authenticate-cognito": "authenticateCognito",
		}[kind]
		switch {
		case kind == "" && !simcloud.Unknown(a["type"]):
			s.fail(input, "action %d has no type", i+1)
		case kind == "forward" && !simcloud.Given(a["targetGroupArn"]) && !simcloud.Given(a["forward"]):
			s.fail(input, "action %d forwards, but names no target group", i+1)
		case need != "" && !simcloud.Given(a[need]):
			s.fail(input, "action %d is of the type %s, but has no %s", i+1, kind, need)
		}
		login := strings.HasPrefix(kind, "authenticate-")
		if login && !secure {
			s.fail(input, "InvalidConfigurationRequest: %s needs an HTTPS listener", kind)
		}
		if last := i == len(list)-1; kind != "" && last == login {
			s.fail(input, "InvalidLoadBalancerAction: log-in comes first, and forward, redirect or fixed-response once and last")
		}
	}
}

func checkCertificate(s *subject) {
	if !s.given("certificateBody") && !s.given("domainName") {
		s.fail("domainName", "missing: a certificate is requested for a domainName, or imported with certificateBody and privateKey")
	}
	if s.given("certificateBody") != s.given("privateKey") {
		s.fail("privateKey", "certificateBody and privateKey go together")
	}
	if m := s.text("validationMethod"); m != "" && !has("DNS EMAIL HTTP", m) {
		s.fail("validationMethod", "%q is none of DNS, EMAIL, HTTP", m)
	}
}

// domainName is a DNS name of labels.
var domainName = text(1, 255, `^([A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?\.)*[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?\.?$`, "labels of letters, digits and hyphens, joined by periods")

func checkZone(s *subject) {
	if s.given("delegationSetId") && s.given("vpcs") {
		s.fail("delegationSetId", "a private zone has no delegation set")
	}
}

var ipv4 = regexp.MustCompile(`^\d+\.\d+\.\d+\.\d+$`)

func checkRecord(s *subject) {
	s.exactly("records", "aliases")
	if s.given("records") && !s.given("ttl") {
		s.fail("ttl", "missing: records need it")
	}
	if s.given("aliases") && s.given("ttl") {
		s.fail("ttl", "an alias has none of its own")
	}
	values, _ := simcloud.Strings(s.get("records"))
	for _, v := range values {
		if s.text("type") == "A" && !ipv4.MatchString(v) {
			s.fail("records", "InvalidChangeBatch: %q is no IPv4 address", v)
		}
	}
}
