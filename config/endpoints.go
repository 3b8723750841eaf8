package config

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Types of VPC endpoints.
const (
	InterfaceEndpoint = "Interface"
	GatewayEndpoint   = "Gateway"
)

// Values of an extra endpoint's policy, besides a policy document.
const (
	PolicyOwnAccount = "ownAccount"
	PolicyNone       = "none"
)

// ExtraEndpoint is an endpoint of an AWS service that DAGs use. In a stack file
// a service's name alone stands for one with all defaults.
type ExtraEndpoint struct {
	// Service is the short name, such as sqs or email-smtp, or the whole one,
	// com.amazonaws.…, for a service without a region in its name.
	Service string `config:"service"`
	// Type is Interface or Gateway; empty means Gateway for dynamodb, else Interface.
	Type string `config:"type,optional"`
	// Ports are those that the service answers on; none means 443, and 465 and 587
	// for email-smtp.
	Ports []int `config:"ports,optional"`
	// PrivateDNS lets the service's own name lead to an interface; unset means
	// that it does, but for dynamodb, whose name is its gateway's.
	PrivateDNS *bool `config:"privateDns,optional"`
	// Zones have an interface each; none means those of endpoints.zones.
	Zones []string `config:"zones,optional"`
	// Policy is ownAccount (also when empty), none for a service that takes
	// none, or a policy document.
	Policy EndpointPolicy `config:"policy,optional"`
}

// EndpointPolicy is a word for a policy, or a document as JSON, which a stack file
// may hold as a map.
type EndpointPolicy string

// Longhand reads a document that isn't a text.
func (p *EndpointPolicy) Longhand(document map[string]any) {
	text, err := json.Marshal(document)
	if err != nil {
		panic(err) // it was JSON before
	}
	*p = EndpointPolicy(text)
}

// Shorthand reads a service's name alone.
func (e *ExtraEndpoint) Shorthand(service string) { *e = ExtraEndpoint{Service: service} }

const dynamoDB = "dynamodb"

// Kind is the endpoint's type.
func (e ExtraEndpoint) Kind() string {
	switch {
	case e.Type != "":
		return e.Type
	case e.Service == dynamoDB:
		return GatewayEndpoint
	}
	return InterfaceEndpoint
}

// OpenPorts are the ports that the service answers on.
func (e ExtraEndpoint) OpenPorts() []int {
	switch {
	case len(e.Ports) > 0:
		return e.Ports
	case e.Service == "email-smtp":
		// Port 25 is throttled by default (SES developer guide, "Setting up VPC endpoints").
		return []int{465, 587}
	}
	return []int{httpsPort}
}

// OwnName says whether the service's own name leads to the interfaces.
func (e ExtraEndpoint) OwnName() bool {
	if e.PrivateDNS != nil {
		return *e.PrivateDNS
	}
	return e.Service != dynamoDB
}

// EndpointService is a service of somebody else, reached over PrivateLink.
type EndpointService struct {
	// Name is com.amazonaws.vpce.<region>.vpce-svc-<id>.
	Name  string `config:"name"`
	Ports []int  `config:"ports"`
	// PrivateDNS lets the name that the service's owner verified lead to it.
	PrivateDNS bool     `config:"privateDns,optional"`
	Zones      []string `config:"zones,optional"`
	Why        string   `config:"why"`
}

// ID is the last part of the service's name.
func (e EndpointService) ID() string { return e.Name[strings.LastIndex(e.Name, ".")+1:] }

// StandardEndpoints are the interface endpoints of every stack, by short
// service name (docs/adr/0003). ssmmessages joins them when ECS Exec is on.
var StandardEndpoints = []string{
	"ecr.api", "ecr.dkr", "logs", "sts", "secretsmanager", "kms",
}

// ExecEndpoint is what ECS Exec talks to.
const ExecEndpoint = "ssmmessages"

// InterfaceEndpoints are the services that every stack of this kind has an
// interface endpoint for: the standard ones, those that the region needs, and
// ECS Exec's when it is on.
func (c *Config) InterfaceEndpoints() []string {
	names := slices.Concat(StandardEndpoints, RegionEndpoints(c.Region))
	if c.Services.Exec {
		names = append(names, ExecEndpoint)
	}
	return names
}

// awsService begins the whole names of AWS's own services, and somebodyElses
// those that are not.
const (
	awsService    = "com.amazonaws."
	somebodyElses = "com.amazonaws.vpce."
)

var (
	endpointForm = regexp.MustCompile(`^[a-z][a-z0-9]*([.-][a-z0-9]+)*$`)
	// foreignBucketForm has dots, too: the names of older buckets may.
	foreignBucketForm = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$`)
	serviceForm       = regexp.MustCompile(`^com\.amazonaws\.vpce\.([a-z0-9-]+)\.vpce-svc-[0-9a-f]{8,17}$`)
)

// ServiceName is the whole name of an AWS service's endpoint in a region, for a
// short one as for a whole one.
func ServiceName(region, service string) string {
	if strings.HasPrefix(service, awsService) {
		return service
	}
	return awsService + region + "." + service
}

// EndpointSlug is the part of a resource's name that stands for a service.
func EndpointSlug(service string) string {
	return strings.ReplaceAll(strings.TrimPrefix(service, awsService), ".", "-")
}

func (f *faults) validateEndpoints(c *Config) {
	f.zonesOfNetwork(c, key("endpoints.zones"), c.Endpoints.Zones)
	seen := map[string]bool{"s3": true, ExecEndpoint: true}
	for _, name := range append(slices.Clone(StandardEndpoints), RegionEndpoints(c.Region)...) {
		seen[EndpointSlug(name)] = true
	}
	for i, extra := range c.Endpoints.Extra {
		f.extraEndpoint(c, fmt.Sprintf("%s[%d]", key("endpoints.extra"), i), extra)
		if slug := EndpointSlug(extra.Service); seen[slug] {
			f.add(key("endpoints.extra"), extra.Service, "a service that the platform doesn't make an endpoint for already, each once")
		} else {
			seen[slug] = true
		}
	}
	f.endpointServices(c)
	f.trusted(c)
}

func (f *faults) extraEndpoint(c *Config, at string, e ExtraEndpoint) {
	if len(e.Service) > 64 || !endpointForm.MatchString(e.Service) || strings.HasPrefix(e.Service, somebodyElses) {
		f.add(key("endpoints.extra"), e.Service, "short service names such as monitoring or sqs")
	} else if parts := strings.SplitN(strings.TrimPrefix(e.Service, awsService), ".", 2); strings.HasPrefix(e.Service, awsService) && regionForm.MatchString(parts[0]) {
		f.add(key("endpoints.extra"), e.Service, "a short name for a service of the region, and a whole one only where there is no region in it, such as com.amazonaws.route53")
	}
	if e.Type != "" {
		f.oneOf(at+".type", e.Type, InterfaceEndpoint, GatewayEndpoint)
	}
	if e.Kind() == GatewayEndpoint {
		f.gatewayEndpoint(at, e)
	}
	f.ports(at+".ports", e.OpenPorts())
	f.zonesOfNetwork(c, at+".zones", e.Zones)
	if e.Service == dynamoDB && e.Kind() == InterfaceEndpoint && e.OwnName() {
		f.add(at+".privateDns", true, "false: DynamoDB's name stays that of its gateway, and interfaces have names of their own")
	}
	if e.Policy != "" && e.Policy != PolicyOwnAccount && e.Policy != PolicyNone && !isObject(string(e.Policy)) {
		f.addf(at+".policy", e.Policy, "%s, %s (for a service that takes none), or a policy document", PolicyOwnAccount, PolicyNone)
	}
}

// gatewayEndpoint: routes and a prefix list, nothing that has a zone or a name.
func (f *faults) gatewayEndpoint(at string, e ExtraEndpoint) {
	if e.Service != dynamoDB {
		f.add(at+".type", e.Type, "Interface: of AWS's services only s3, which is always there, and dynamodb have a gateway")
	}
	if len(e.Zones) > 0 || e.PrivateDNS != nil || len(e.Ports) > 0 {
		f.add(at, e.Service, "neither zones, ports nor privateDns: a gateway endpoint is a route, for HTTPS")
	}
}

func isObject(text string) bool {
	value, err := decodeJSON([]byte(text))
	_, object := value.(map[string]any)
	return err == nil && object
}

// mostServices keeps the workers' rules for them within EC2's 60 of a group.
const mostServices = 5

func (f *faults) endpointServices(c *Config) {
	at, seen := key("endpoints.services"), map[string]bool{}
	if len(c.Endpoints.Services) > mostServices {
		f.addf(at, nil, "at most %d services, not %d", mostServices, len(c.Endpoints.Services))
	}
	for i, service := range c.Endpoints.Services {
		here := fmt.Sprintf("%s[%d]", at, i)
		parts := serviceForm.FindStringSubmatch(service.Name)
		if parts == nil || parts[1] != c.Region && !f.wrong(regionKey) || seen[service.Name] {
			f.addf(here+".name", service.Name, "com.amazonaws.vpce.%s.vpce-svc-<id>, the name that the service's owner tells, each once; AWS's own are endpoints.extra", c.Region)
		}
		seen[service.Name] = true
		f.ports(here+".ports", service.Ports)
		f.zonesOfNetwork(c, here+".zones", service.Zones)
		f.matches(here+".why", service.Why, whyForm, whyRule)
	}
}

// mostTrusted keeps the endpoints' policies far below their 20,480 characters.
const mostTrusted = 20

func (f *faults) trusted(c *Config) {
	accounts, buckets := c.Endpoints.TrustedAccounts, c.Endpoints.TrustedBuckets
	if len(accounts) > mostTrusted || len(buckets) > mostTrusted {
		f.addf(key("endpoints"), nil, "at most %d trustedAccounts and as many trustedBuckets, not %d and %d", mostTrusted, len(accounts), len(buckets))
	}
	for i, account := range accounts {
		if !accountForm.MatchString(account) || account == c.AccountID || slices.Contains(accounts[:i], account) {
			f.add(key("endpoints.trustedAccounts"), account, "other AWS accounts' ids: 12 digits, in quotes, each once")
		}
	}
	for i, bucket := range buckets {
		if !foreignBucketForm.MatchString(bucket) || strings.Contains(bucket, "..") || slices.Contains(buckets[:i], bucket) {
			f.add(key("endpoints.trustedBuckets"), bucket, "names of S3 buckets of others, whole ones, each once")
		}
	}
}
