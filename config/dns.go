package config

import (
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/net/publicsuffix"
)

// allowForm is a name, or all names below one.
var allowForm = regexp.MustCompile(`^(\*\.)?([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])$`)

// mostNames keeps the allow list readable for whoever answers for it.
const mostNames = 100

func (f *faults) validateDNSAllow(c *Config) {
	at := key("network.dnsAllow")
	if len(c.Network.DNSAllow) > mostNames {
		f.addf(at, nil, "at most %d names, not %d", mostNames, len(c.Network.DNSAllow))
	}
	for i, name := range c.Network.DNSAllow {
		if len(name) > 253 || !allowForm.MatchString(name) || slices.Contains(c.Network.DNSAllow[:i], name) {
			f.add(at, name, "names with a dot in lower case such as db.example.com, or *.example.com for all below it, each once; no whole top-level domain")
		} else if domain, below := strings.CutPrefix(name, "*."); below && anybodys(domain) {
			f.addf(at, name, "names below a domain of one owner: below %s anybody may have one, and read what is asked there", domain)
		}
	}
}

// anybodys tells a domain in which anybody may have a name, as co.uk or
// github.io, from one that has an owner: it is on the public suffix list.
func anybodys(domain string) bool {
	suffix, _ := publicsuffix.PublicSuffix(domain)
	return suffix == domain
}

// ResolvableNames are all names that the VPC's resolver answers for: those of
// the AWS services in use, of the platform's own parts, of the IdP, and those
// that the stack names. Everything else is blocked (docs/adr/0095).
func (c *Config) ResolvableNames() []string {
	names := []string{
		c.LoadBalancer.Hostname,
		// Database, broker and files; their names have parts that AWS makes up.
		"*." + c.Region + ".rds.amazonaws.com", "*.cache.amazonaws.com", "*.efs." + c.Region + ".amazonaws.com",
		internalNames(c.Region),
		// Names of addresses, which only private zones have: of tasks, and of the
		// resolver and metadata service themselves.
		reverseNames(c.Network.CIDR), "*.254.169.in-addr.arpa",
	}
	for _, service := range c.WantedEndpoints() {
		names = append(names, serviceNames(service, c.Region)...)
	}
	if len(c.Endpoints.Services) > 0 || len(c.Endpoints.Extra) > 0 {
		names = append(names, "*."+c.Region+".vpce.amazonaws.com")
	}
	names = append(names, c.idpNames()...)
	names = append(names, c.Airflow.OpenTelemetry.names()...)
	names = append(names, c.Network.DNSAllow...)
	slices.Sort(names)
	return slices.Compact(names)
}

// internalNames are those that EC2 gives addresses (VPC user guide, "DNS attributes").
func internalNames(region string) string {
	if region == "us-east-1" {
		return "*.ec2.internal"
	}
	return "*." + region + ".compute.internal"
}

// reverseNames are those of the addresses of a block, to the octet.
func reverseNames(cidr string) string {
	prefix := netip.MustParsePrefix(cidr)
	octets := prefix.Addr().As4()
	if prefix.Bits() >= 24 {
		return fmt.Sprintf("*.%d.%d.%d.in-addr.arpa", octets[2], octets[1], octets[0])
	}
	return fmt.Sprintf("*.%d.%d.in-addr.arpa", octets[1], octets[0])
}

// serviceNames are what SDKs call a service by, whose endpoint's name has its
// parts the other way round.
func serviceNames(service, region string) []string {
	at := "." + region + ".amazonaws.com"
	switch service {
	case "s3":
		return []string{"s3" + at, "*.s3" + at, "s3.amazonaws.com", "*.s3.amazonaws.com"}
	case "ecr.dkr":
		return []string{"*.dkr.ecr" + at}
	case "sts":
		return []string{"sts" + at, "sts.amazonaws.com"}
	}
	if whole, ok := strings.CutPrefix(service, awsService); ok {
		service, at = whole, ".amazonaws.com"
	}
	parts := strings.Split(service, ".")
	slices.Reverse(parts)
	name := strings.Join(parts, ".") + at
	if service == ExecEndpoint || slices.Contains(slices.Concat(StandardEndpoints, RegionEndpoints(region)), service) {
		return []string{name}
	}
	return []string{name, "*." + name}
}

// idpNames are the hosts that the api-server asks, with a login of its own.
func (c *Config) idpNames() []string {
	if c.Login.Mode == LoginNone {
		return nil
	}
	var names []string
	for _, address := range []string{c.Login.Issuer, c.Login.AuthorizationEndpoint, c.Login.TokenEndpoint, c.Login.UserInfoEndpoint} {
		if _, rest, ok := strings.Cut(address, "://"); ok {
			host, _, _ := strings.Cut(rest, "/")
			host, _, _ = strings.Cut(host, ":")
			names = append(names, host)
		}
	}
	return names
}
