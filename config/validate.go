package config

import (
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strings"
)

// key returns the full name of a setting, as people write it.
func key(name string) string { return "airflow:" + name }

var (
	namePart    = regexp.MustCompile(`^[a-z][a-z0-9]{0,15}$`)
	accountForm = regexp.MustCompile(`^[0-9]{12}$`)
	regionForm  = regexp.MustCompile(`^(af|ap|ca|eu|il|me|mx|sa|us)-[a-z]+-[0-9]$`)
	zoneForm    = regexp.MustCompile(`^([a-z]{2}(?:-[a-z]+)+-[0-9]+)[a-f]$`) // no region has more than six
	tagForm     = regexp.MustCompile(`^[A-Za-z0-9 _.:/=+@-]{1,128}$`)
	tagValue    = regexp.MustCompile(`^[\p{L}\p{N} _.:/=+@-]{0,256}$`)
)

// stackName stands in faults for what no key sets.
const stackName = "the stack's name"

// longestPrefix keeps <prefix>-<thing> within the 32 characters that AWS
// allows a load balancer and a target group (ELB API, CreateLoadBalancer).
const longestPrefix = 32 - len("-web")

func (f *faults) validate(c *Config) {
	f.validateIdentity(c)
	f.validateNetwork(c)
	f.validateExisting(c)
	f.validateJoins(c)
	f.validateResolver(c)
	f.validateDNSAllow(c)
	f.validateEndpoints(c)
	f.validateDatabase(c)
	f.validateBroker(c)
	f.validateFiles(c)
	f.validateBuckets(c)
	f.validateSecrets(c)
	f.validateSecretsBackend(c)
	f.validateImages(c)
	f.validateLoadBalancer(c)
	f.validateZoneVPCs(c)
	f.validateLogin(c)
	f.validateServices(c)
	f.validateWorkerPools(c)
	f.validateSchedule(c)
	f.validateAirflow(c)
	f.validateAlarms(c)
	f.validateConnections(c)
	f.validateAddresses(c)
	f.validateRules(c)
}

const shortNameRule = "1 to 16 lower-case letters and digits, a letter first"

// CheckStackName returns the fault of a stack's name, whatever its settings are.
func CheckStackName(name string) error {
	f := &faults{}
	f.matches(stackName, name, namePart, shortNameRule)
	return f.err()
}

func (f *faults) validateIdentity(c *Config) {
	f.answer(key("org"), c.Org, namePart, shortNameRule)
	if slices.Contains(reservedOrgs, c.Org) {
		f.add(key("org"), c.Org, "another name: AWS refuses load balancers called internal-… and security groups called sg-…")
	}
	f.matches(stackName, c.Environment, namePart, shortNameRule)
	if !f.wrong(key("org")) && !f.wrong(stackName) && len(c.Prefix()) > longestPrefix {
		f.addf("the prefix of all names", c.Prefix(), "at most %d characters, since a load balancer's name has at most 32: shorten airflow:org or the stack's name", longestPrefix)
	}
	f.answer(key("accountId"), c.AccountID, accountForm, "an AWS account id: 12 digits, in quotes")
	f.answer(regionKey, c.Region, regionForm, "an AWS region such as us-east-1 (not of GovCloud or China, whose ARNs differ)")
	f.validateTags(c)
	if arn := c.PermissionsBoundaryARN; arn != "" {
		if parts := policyForm.FindStringSubmatch(arn); parts == nil || len(arn) > 512 || parts[1] != c.AccountID && !f.wrong(key("accountId")) {
			f.addf(key("permissionsBoundaryArn"), arn, "the ARN of a managed policy of account %s, or empty for none", c.AccountID)
		}
	}
}

// reservedOrgs would begin names that AWS refuses (ELB API, CreateLoadBalancer;
// EC2 API, CreateSecurityGroup).
var reservedOrgs = []string{"internal", "sg"}

// mostTags leaves room for the platform's and AWS's own among the 50 that AWS
// allows a resource.
const mostTags = 40

// validateTags compares keys without case, as IAM does.
func (f *faults) validateTags(c *Config) {
	if len(c.Tags) > mostTags {
		f.addf(key("tags"), nil, "at most %d, not %d: a resource has at most 50, the platform's and AWS's own included", mostTags, len(c.Tags))
	}
	seen := map[string]bool{"project": true, "environment": true, "managedby": true, "name": true}
	for _, name := range sortedKeys(c.Tags) {
		f.matches(key("tags")+" (a key)", name, tagForm, "a tag key: 1 to 128 letters from A to Z in either case, digits, spaces and _.:/=+@-")
		f.matches(key("tags."+name), c.Tags[name], tagValue, "a tag value: at most 256 letters, digits, spaces and _.:/=+@-")
		if folded := strings.ToLower(name); seen[folded] || strings.HasPrefix(folded, "aws:") {
			f.add(key("tags."+name), c.Tags[name], "a key that neither AWS nor the platform sets itself (Project, Environment, ManagedBy, Name, aws:…), once whatever its case")
		} else {
			seen[folded] = true
		}
	}
}

func (f *faults) validateNetwork(c *Config) {
	n := c.Network
	f.zones(c, key("network.zones"), n.Zones)
	const zonesRule = "two or three zones (RDS and the load balancer need two)"
	switch len(n.Zones) {
	case 2, 3:
	case 0:
		f.add(key("network.zones"), nil, "required, but missing: "+zonesRule)
	default:
		f.add(key("network.zones"), n.Zones, zonesRule)
	}
	vpc, err := netip.ParsePrefix(n.CIDR)
	validVPC := err == nil && vpc.Addr().Is4() && vpc.Masked() == vpc && vpc.Bits() >= 16 && vpc.Bits() <= 24
	if !validVPC {
		f.add(key("network.cidr"), n.CIDR, "an IPv4 network from /16 to /24 with no host bits set, such as 10.40.0.0/16")
	} else if !vpc.Addr().IsPrivate() {
		f.add(key("network.cidr"), n.CIDR, "a private network (RFC 1918)")
	}
	validSubnet := n.SubnetPrefix >= 18 && n.SubnetPrefix <= 27
	if !validSubnet {
		f.add(key("network.subnetPrefix"), n.SubnetPrefix, "18 to 27")
	} else if validVPC && len(n.Zones)<<(32-n.SubnetPrefix) > 1<<(32-vpc.Bits()) {
		f.addf(key("network.subnetPrefix"), n.SubnetPrefix, "%d subnets of /%d don't fit into %s: choose a larger prefix length or a larger network.cidr", len(n.Zones), n.SubnetPrefix, n.CIDR)
	}
	f.retention(key("network.flowLogRetentionDays"), n.FlowLogRetentionDays)
}

// validateAddresses runs last: it counts what the other settings ask for.
func (f *faults) validateAddresses(c *Config) {
	if c.Network.Exists() {
		return // how large its subnets are, and what else is in them, nobody says
	}
	for _, part := range []string{"network", "endpoints", "broker.replicas", "files", "services", "workerPools"} {
		if f.wrong(key(part)) {
			return
		}
	}
	usable := 1<<(32-c.Network.SubnetPrefix) - reservedAddresses
	if needed := c.Addresses(); needed > usable {
		f.addf(key("network.subnetPrefix"), c.Network.SubnetPrefix, "too small: a subnet has %d addresses, and tasks (twice as many while they are replaced), endpoints and the load balancer may need %d in one zone; choose a smaller prefix length",
			usable, needed)
	}
}

func (f *faults) validateFiles(c *Config) {
	if !f.wrong(key("network.zones")) && c.Files.OneZone != "" && !slices.Contains(c.Network.Zones, c.Files.OneZone) {
		f.addf(key("files.oneZone"), c.Files.OneZone, "empty, or one of network.zones (%s)", strings.Join(c.Network.Zones, ", "))
	}
	f.oneOf(key("files.infrequentAccessDays"), c.Files.InfrequentAccessDays, 0, 7, 14, 30, 60, 90)
}

// --- small checks

// answer is [faults.matches] for what only a stack knows.
func (f *faults) answer(key, value string, form *regexp.Regexp, allowed string) {
	if !f.missing(key, value, allowed) {
		f.matches(key, value, form, allowed)
	}
}

// missing notes a required setting that the stack's file doesn't answer.
func (f *faults) missing(key, value, allowed string) bool {
	if value == "" {
		f.add(key, nil, "required, but missing: "+allowed)
	}
	return value == ""
}

func (f *faults) matches(key, value string, form *regexp.Regexp, allowed string) {
	if !form.MatchString(value) {
		f.add(key, value, allowed)
	}
}

func (f *faults) between(key string, value, low, high int) {
	if value < low || value > high {
		f.addf(key, value, "%d to %d", low, high)
	}
}

func (f *faults) oneOf(key string, value any, allowed ...any) {
	if !slices.Contains(allowed, value) {
		f.addf(key, value, "one of %s", list(allowed))
	}
}

func list(values []any) string {
	texts := make([]string, 0, len(values))
	for _, value := range values {
		texts = append(texts, strings.Trim(show(value), `"`))
	}
	return strings.Join(texts, ", ")
}

// zones checks form, region and uniqueness of availability zones.
func (f *faults) zones(c *Config, key string, zones []string) {
	seen := map[string]bool{}
	for _, zone := range zones {
		parts := zoneForm.FindStringSubmatch(zone)
		switch {
		case f.wrong(regionKey) && parts == nil:
			f.add(key, zone, "zones of the region, such as us-east-1a")
		case !f.wrong(regionKey) && (parts == nil || parts[1] != c.Region):
			f.addf(key, zone, "zones of aws:region %s, such as %sa", c.Region, c.Region)
		}
		if seen[zone] {
			f.add(key, zone, "each zone once")
		}
		seen[zone] = true
	}
}

func (f *faults) zonesOfNetwork(c *Config, name string, zones []string) {
	if f.wrong(key("network.zones")) {
		return
	}
	seen := map[string]bool{}
	for _, zone := range zones {
		if !slices.Contains(c.Network.Zones, zone) || seen[zone] {
			f.addf(name, zone, "zones of network.zones (%s), each once", strings.Join(c.Network.Zones, ", "))
		}
		seen[zone] = true
	}
}

// retentions are the days that CloudWatch Logs accepts (PutRetentionPolicy).
var retentions = []int{1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653}

func (f *faults) retention(key string, days int) {
	if !slices.Contains(retentions, days) {
		f.addf(key, days, "a retention of CloudWatch Logs: %s", strings.Trim(fmt.Sprint(retentions), "[]"))
	}
}
