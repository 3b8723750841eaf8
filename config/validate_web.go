package config

import (
	"fmt"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

var (
	hostForm        = regexp.MustCompile(`^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]$`)
	zoneIDForm      = regexp.MustCompile(`^Z[A-Z0-9]{1,31}$`)
	clientIDForm    = regexp.MustCompile(`^[A-Za-z0-9_.:/@+-]{1,256}$`)
	claimForm       = regexp.MustCompile(`^[A-Za-z0-9_:/.-]{1,128}$`)
	certificateForm = regexp.MustCompile(`^arn:aws:acm:([a-z0-9-]+):([0-9]{12}):certificate/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)
	withoutLogin    = regexp.MustCompile(`://[^/]*@`)
	groupForm       = regexp.MustCompile(`^[A-Za-z0-9 _.:/@+-]{1,128}$`)
)

// privateDomains are reserved for private use, examples and tests (RFC 2606,
// 6761, 6762 and 8375; ICANN's .internal), or were never delegated: no public
// DNS resolves a name below them, and no public CA issues a certificate for one.
var privateDomains = []string{
	"internal", "local", "localdomain", "localhost", "lan", "home", "home.arpa", "corp", "intranet", "private", "test", "example", "invalid",
}

// privateDomain is the one of privateDomains that a host's name lies below, or
// empty.
func privateDomain(host string) string {
	for _, domain := range privateDomains {
		if strings.HasSuffix("."+host, "."+domain) {
			return domain
		}
	}
	return ""
}

func (f *faults) validateLoadBalancer(c *Config) {
	l := c.LoadBalancer
	const hostRule = "a DNS name in lower case with at least one dot"
	if f.missing(key("loadBalancer.hostname"), l.Hostname, hostRule) {
		// Nothing to look at.
	} else if len(l.Hostname) > 253 || !hostForm.MatchString(l.Hostname) {
		f.add(key("loadBalancer.hostname"), l.Hostname, hostRule)
	} else if domain := privateDomain(l.Hostname); domain != "" {
		f.addf(key("loadBalancer.hostname"), l.Hostname, "a name below a public domain of yours, which may resolve only privately, such as airflow.dev.example.com: the tasks verify its certificate with public CAs, and none issues one below .%s", domain)
	}
	f.validateCertificate(c)
	if l.ZoneID != "" {
		f.matches(key("loadBalancer.zoneId"), l.ZoneID, zoneIDForm, "empty, or the id of a private hosted zone")
	}
	f.privateNetworks(key("loadBalancer.clientCidrs"), l.ClientCIDRs)
}

// validateCertificate expects the certificate in the stack's account and region.
func (f *faults) validateCertificate(c *Config) {
	or := func(value, placeholder string) string {
		if value == "" {
			return placeholder
		}
		return value
	}
	arn := c.LoadBalancer.CertificateARN
	rule := fmt.Sprintf("arn:aws:acm:%s:%s:certificate/<id>, a certificate for %s",
		or(c.Region, "<region>"), or(c.AccountID, "<account>"), or(c.LoadBalancer.Hostname, "the hostname"))
	if f.missing(key("loadBalancer.certificateArn"), arn, rule) {
		return
	}
	certificate := certificateForm.FindStringSubmatch(arn)
	if certificate == nil || certificate[1] != c.Region && !f.wrong(regionKey) || certificate[2] != c.AccountID && !f.wrong(key("accountId")) {
		f.add(key("loadBalancer.certificateArn"), arn, rule)
	}
}

// mostNetworks keeps the rules for them within EC2's 60 a security group.
const mostNetworks = 20

// networks checks IPv4 networks that are no invitation to everyone.
func (f *faults) networks(key string, cidrs []string) {
	if len(cidrs) == 0 || len(cidrs) > mostNetworks {
		f.addf(key, nil, "1 to %d networks, not %d", mostNetworks, len(cidrs))
	}
	seen := map[string]bool{}
	for _, cidr := range cidrs {
		prefix, err := netip.ParsePrefix(cidr)
		if err != nil || !prefix.Addr().Is4() || prefix.Masked() != prefix || prefix.Bits() < 8 || seen[cidr] {
			f.add(key, cidr, "IPv4 networks from /8 to /32 without host bits, each once")
		}
		seen[cidr] = true
	}
}

func (f *faults) validateLogin(c *Config) {
	l := c.Login
	f.oneOf(key("login.mode"), l.Mode, LoginNone, LoginALB, LoginFAB)
	if c.OIDCClientSecret.Set && !c.OIDCClientSecret.Encrypted {
		f.add(key(secretKey), nil, "in clear: take it out of the stack file, then pulumi config set --secret oidcClientSecret")
	}
	if l.Mode == LoginNone {
		return
	}
	// While nobody knows which mode is meant, what is there is checked.
	known := l.Mode == LoginALB || l.Mode == LoginFAB
	asked := func(text string) bool { return known || text != "" }
	switch {
	case l.PublicIdP.On():
		f.validatePublicIdP(c)
	case asked(l.PrivatePath) || len(l.IdPCIDRs) > 0:
		f.validatePrivateIdP(l)
	}
	if asked(l.ClientID) {
		f.matches(key("login.clientId"), l.ClientID, clientIDForm, "the client id at the IdP")
	}
	if asked(l.Issuer) {
		f.httpsURL(key("login.issuer"), l.Issuer)
	}
	if l.Mode != LoginFAB {
		endpoint := f.httpsURL
		if known {
			endpoint = f.endpoint
		}
		for _, e := range []struct{ name, url string }{
			{"authorizationEndpoint", l.AuthorizationEndpoint}, {"tokenEndpoint", l.TokenEndpoint}, {"userInfoEndpoint", l.UserInfoEndpoint},
		} {
			if asked(e.url) {
				endpoint(key("login."+e.name), e.url)
			}
		}
		f.between(key("login.sessionSeconds"), l.SessionSeconds, 60, 604800)
	}
	if l.Mode == LoginFAB || !known && len(l.Roles) > 0 {
		f.validateRoles(l)
	}
	if known && !c.OIDCClientSecret.Set {
		f.addf(key(secretKey), nil, "needed by login mode %s: pulumi config set --secret oidcClientSecret", l.Mode)
	}
}

func (f *faults) validatePrivateIdP(l Login) {
	paths := []string{"vpc", "peering", "transitGateway", "vpn", "directConnect"}
	if !slices.Contains(paths, l.PrivatePath) {
		f.addf(key("login.privatePath"), l.PrivatePath, "one of %s: without a private path to the IdP every login ends in HTTP 500, since nothing leads out of this VPC; for an IdP on the internet set login.publicIdp", strings.Join(paths, ", "))
	}
	f.privateNetworks(key("login.idpCidrs"), l.IdPCIDRs)
	for _, cidr := range l.IdPCIDRs {
		if prefix, private := privateNetwork(cidr); private && prefix.Bits() >= 8 && prefix.Bits() < widestData {
			f.addf(key("login.idpCidrs"), cidr, "networks of the IdP from /%d to /32: what asks it reaches no other", widestData)
		}
	}
}

func (f *faults) validateRoles(l Login) {
	f.matches(key("login.groupsClaim"), l.GroupsClaim, claimForm, "the name of a claim")
	if len(l.Roles) == 0 {
		f.add(key("login.roles"), nil, "at least one group of the IdP with its Airflow role, or nobody could do anything")
	}
	for _, group := range sortedKeys(l.Roles) {
		f.matches(key("login.roles")+" (a group)", group, groupForm, "letters, digits, spaces and _.:/@+-, at most 128")
		f.oneOf(key("login.roles."+group), l.Roles[group], "Admin", "Op", "User", "Viewer", "Public")
	}
}

// endpoint checks an address of the IdP that is given to the load balancer:
// "The DNS entries for the endpoints must be publicly resolvable, even if they
// resolve to private IP addresses" (ELB user guide, "Authenticate users").
func (f *faults) endpoint(key, text string) {
	f.httpsURL(key, text)
	parsed, err := url.Parse(text)
	if err != nil || f.wrong(key) {
		return
	}
	if domain := privateDomain(parsed.Hostname()); domain != "" {
		f.addf(key, text, "a host below a public domain, which may resolve to a private address: the load balancer looks it up in the public DNS, which knows nothing below .%s, and every login would end in HTTP 500", domain)
	}
}

func (f *faults) httpsURL(key, text string) {
	parsed, err := url.Parse(text)
	odd := func(r rune) bool { return r <= ' ' || r > '~' || strings.ContainsRune("\"'`$\\<>{}|;", r) }
	if err != nil || parsed.Scheme != "https" || !hostForm.MatchString(parsed.Hostname()) || parsed.User != nil ||
		parsed.Fragment != "" || strings.ContainsFunc(text, odd) || len(text) > 1024 {
		f.add(key, withoutLogin.ReplaceAllString(text, "://…@"), "an https URL, such as https://idp.example.com/oauth2/token")
		return
	}
	if port := parsed.Port(); port != "" && port != "443" {
		f.add(key, text, "an address on port 443: the security groups open no other to the IdP")
	}
}
