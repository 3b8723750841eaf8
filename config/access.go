package config

import (
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strings"
)

// Access is what the tasks of one service or pool may reach beyond the
// platform's own. See "services" in Pulumi.yaml.
type Access struct {
	// Egress are the networks that the tasks may open connections to.
	Egress []Egress `config:"egress,optional"`
	// PolicyARNs are managed policies that the code in the tasks needs.
	PolicyARNs []string `config:"policyArns,optional"`
	// Secrets are variables that ECS fetches from Secrets Manager when a task
	// starts: name to the secret's ARN, with ECS's :key:stage:version behind it
	// where one key of its JSON is meant.
	Secrets map[string]string `config:"secrets,optional"`
	// Environment are further variables, in clear.
	Environment map[string]string `config:"environment,optional"`
}

// Egress lets tasks open TCP connections to one place.
type Egress struct {
	// To is a private network, or the id of a security group or prefix list.
	To    string `config:"to"`
	Ports []int  `config:"ports"`
	// Why is what the rules say they are for.
	Why string `config:"why"`
}

const (
	widestData  = 16 // prefix length of the largest network that egress names
	mostPorts   = 20
	mostOfRules = 40
)

var (
	groupIDForm      = regexp.MustCompile(`^sg-[0-9a-f]{8,17}$`)
	prefixListIDForm = regexp.MustCompile(`^pl-[0-9a-f]{8,17}$`)
	// whyForm is what EC2 takes as the description of a rule (EC2 API, IpRange).
	whyForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9 ._:/()#,@\[\]+=&;{}!$*-]{2,199}$`)
)

const whyRule = "3 to 200 letters, digits, spaces and ._-:/()#,@[]+=&;{}!$*, since it becomes the description of the rule"

// privateNetworks are those of RFC 1918 and RFC 6598, which VPCs may use too.
var privateNetworks = []netip.Prefix{
	netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("172.16.0.0/12"),
	netip.MustParsePrefix("192.168.0.0/16"), netip.MustParsePrefix("100.64.0.0/10"),
}

// privateNetwork reads an IPv4 network that lies in one private range.
func privateNetwork(text string) (netip.Prefix, bool) {
	prefix, err := netip.ParsePrefix(text)
	if err != nil || !prefix.Addr().Is4() || prefix.Masked() != prefix {
		return prefix, false
	}
	return prefix, slices.ContainsFunc(privateNetworks, func(private netip.Prefix) bool {
		return private.Bits() <= prefix.Bits() && private.Contains(prefix.Addr())
	})
}

// IsNetwork tells a CIDR block from the id of a group or list.
func (e Egress) IsNetwork() bool { return strings.Contains(e.To, "/") }

// IsPrefixList tells a prefix list from a network or group.
func (e Egress) IsPrefixList() bool { return strings.HasPrefix(e.To, "pl-") }

// access checks what a service or pool asks for beyond the platform.
func (f *faults) access(c *Config, at string, a Access) {
	f.egress(c, at+".egress", a.Egress)
	f.policies(c, at+".policyArns", a.PolicyARNs)
	f.variables(c, at, a)
}

func (f *faults) egress(c *Config, at string, list []Egress) {
	rules, seen := 0, map[string]bool{}
	for i, e := range list {
		here := fmt.Sprintf("%s[%d]", at, i)
		f.egressTo(c, here+".to", e)
		f.ports(here+".ports", e.Ports)
		f.matches(here+".why", e.Why, whyForm, whyRule)
		rules += len(e.Ports)
		for _, port := range e.Ports {
			pair := fmt.Sprintf("%s:%d", e.To, port)
			if seen[pair] {
				f.add(here, pair, "each port of a place once")
			}
			seen[pair] = true
		}
	}
	if rules > mostOfRules {
		f.addf(at, nil, "at most %d ports of places in all, not %d: a security group has 60 outbound rules, the platform's among them", mostOfRules, rules)
	}
}

// PrefixList is what only AWS knows of a prefix list.
type PrefixList struct {
	Networks []string
	// Size is the most that it may hold: as many rules a rule of it counts for.
	Size int
}

// CheckPrefixLists asks for each prefix list that egress names, and returns an
// [*Error] with all that are wider than a network there may be, since whoever owns
// a list could open the internet by it, or too large for a security group.
func (c *Config) CheckPrefixLists(ask func(id string) (PrefixList, error)) error {
	found, wide, sizes := &faults{}, map[string]string{}, map[string]int{}
	for _, place := range c.places() {
		if !place.IsPrefixList() {
			continue
		}
		if _, asked := sizes[place.To]; !asked {
			list, err := ask(place.To)
			if err != nil {
				return fmt.Errorf("%s: prefix list %s: %w", place.setting, place.To, err)
			}
			wide[place.To] = strings.Join(slices.DeleteFunc(slices.Clone(list.Networks), c.narrowPlace), ", ")
			sizes[place.To] = list.Size
		}
		if networks := wide[place.To]; networks != "" {
			found.addf(place.setting, place.To, "a prefix list of private networks (RFC 1918 or 6598) outside the VPC, each from /16 to /32; this one has %s", networks)
		}
	}
	if len(sizes) > 0 { // all else is counted already
		found.rules(c, sizes)
	}
	return found.err()
}

// narrowPlace tells a network that egress may name.
func (c *Config) narrowPlace(cidr string) bool {
	prefix, private := privateNetwork(cidr)
	return private && prefix.Bits() >= widestData && !c.overlapsVPC(prefix)
}

// placeOf is a place and the setting that names it.
type placeOf struct {
	Egress
	setting string
}

// places are all that services and pools may open connections to.
func (c *Config) places() []placeOf {
	s := c.Services
	lists := map[string][]Egress{
		"services.apiServer": s.APIServer.Egress, "services.scheduler": s.Scheduler.Egress, "services.dagProcessor": s.DAGProcessor.Egress,
		"services.triggerer": s.Triggerer.Egress, "services.dagsync": s.DAGSync.Egress,
	}
	for i, pool := range c.WorkerPools {
		lists[fmt.Sprintf("workerPools[%d]", i)] = pool.Egress
	}
	var all []placeOf
	for _, of := range sortedKeys(lists) {
		for i, e := range lists[of] {
			all = append(all, placeOf{e, fmt.Sprintf("%s.egress[%d].to", key(of), i)})
		}
	}
	if t := c.Airflow.OpenTelemetry; t.On() {
		all = append(all, placeOf{Egress{To: t.To}, key("airflow.openTelemetry.to")})
	}
	return all
}

func (f *faults) egressTo(c *Config, at string, e Egress) {
	const rule = "a private network (RFC 1918 or 6598) from /16 to /32 without host bits, or the id of a security group (sg-…) or prefix list (pl-…)"
	if !e.IsNetwork() {
		if !groupIDForm.MatchString(e.To) && !prefixListIDForm.MatchString(e.To) {
			f.add(at, e.To, rule)
		}
		return
	}
	prefix, private := privateNetwork(e.To)
	switch {
	case !private || prefix.Bits() < widestData:
		f.add(at, e.To, rule)
	case c.overlapsVPC(prefix):
		f.addf(at, e.To, "a network outside the VPC (%s), in which there is nothing but the platform: edges between its parts are its own", c.Network.CIDR)
	}
}

// overlapsVPC compares a network with the VPC's, if the stack makes that one and
// its block is valid.
func (c *Config) overlapsVPC(prefix netip.Prefix) bool {
	vpc, err := netip.ParsePrefix(c.Network.CIDR)
	return err == nil && !c.Network.Exists() && vpc.Overlaps(prefix)
}

func (f *faults) ports(at string, ports []int) {
	if len(ports) == 0 || len(ports) > mostPorts {
		f.addf(at, nil, "1 to %d ports, not %d", mostPorts, len(ports))
	}
	seen := map[int]bool{}
	for _, port := range ports {
		switch {
		case port < 1 || port > 65535 || seen[port]:
			f.add(at, port, "TCP ports, 1 to 65535, each once")
		case port == 53 || port == 853:
			f.add(at, port, "another port: names are looked up in the VPC alone, and another resolver's questions may carry data out (network.dnsAllow)")
		}
		seen[port] = true
	}
}
