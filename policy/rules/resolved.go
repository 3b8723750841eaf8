package rules

import (
	"slices"
	"strconv"
	"strings"
)

// notOurs are domains whose names only AWS, or only the VPC's own resolver, gives
// out; names of public addresses are their owner's.
var notOurs = append([]string{"amazonaws.com", "ec2.internal", "compute.internal", "10.in-addr.arpa", "168.192.in-addr.arpa", "254.169.in-addr.arpa"}, ofRange172()...)

// ofRange172 are the names of the addresses in 172.16.0.0/12.
func ofRange172() []string {
	var domains []string
	for octet := 16; octet < 32; octet++ {
		domains = append(domains, strconv.Itoa(octet)+".172.in-addr.arpa")
	}
	return domains
}

// namesElsewhere are those that a VPC's resolver answers for beside AWS's, one
// line a list: whoever owns a domain sees what is asked below it.
func (s *stack) namesElsewhere(tell func(res *resource, format string, args ...any)) {
	for _, rule := range s.of(firewallRule) {
		if knownText(rule.get("action")) == "BLOCK" {
			continue
		}
		for _, list := range s.refers(rule, "firewallDomainListId", firewallList) {
			names := slices.DeleteFunc(texts(list.get("domains")), func(name string) bool {
				return slices.ContainsFunc(notOurs, func(domain string) bool { return strings.HasSuffix("."+name, "."+domain) })
			})
			if len(names) > 0 {
				slices.Sort(names)
				tell(list, "the resolver answers for %s", strings.Join(names, ", "))
			}
		}
	}
}

// vpcsElsewhere are those that the stack lives in and doesn't make: no rule here
// sees their routes, their resolvers' names and their logs.
func (s *stack) vpcsElsewhere(tell func(res *resource, format string, args ...any)) {
	told := map[string]bool{}
	for _, group := range s.of(groupType) {
		id := knownText(group.get("vpcId"))
		if !strings.HasPrefix(id, "vpc-") || told[id] || len(s.refers(group, "vpcId", vpcType)) > 0 {
			continue
		}
		told[id] = true
		tell(group, "it is in %s, which the stack doesn't make: its routes, its endpoints, the names that its resolver answers for, and its logs are its owner's, and no rule here has seen them", id)
	}
}
