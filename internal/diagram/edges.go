package diagram

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/pathwai/airflow-on-fargate/internal/plan"
)

// rule is one security-group rule: its own group's node and the other side.
type rule struct {
	from, to *node
	port     int
}

// connect reads all security-group rules into edges. A connection between two
// groups needs a rule on either side.
func (b *builder) connect() {
	networks := map[string]*node{}
	out := map[rule]bool{}
	in := map[rule]bool{}
	for _, r := range b.plan.Of(egressType) {
		if from := b.groupOf(r, "securityGroupId"); from != nil {
			to := b.peer(r, "to ", networks)
			out[rule{from, to, port(r)}] = true
			b.reaches(from, to, r)
		}
	}
	slices.Sort(b.picture.beyond)
	for _, r := range b.plan.Of(ingressType) {
		if to := b.groupOf(r, "securityGroupId"); to != nil {
			in[rule{b.peer(r, "from ", networks), to, port(r)}] = true
		}
	}
	all := map[rule]bool{}
	for r := range out {
		all[r] = true
	}
	for r := range in {
		all[r] = true
	}
	for r := range all {
		if r.from == nil || r.to == nil {
			continue
		}
		grouped := b.hasGroup(r.from) && b.hasGroup(r.to)
		b.picture.add(r, grouped && (!in[r] || !out[r]))
	}
	for _, n := range networks {
		b.picture.networks = append(b.picture.networks, n)
	}
}

// reaches notes a place outside of the VPC that a service reaches: all of them
// are one box, which doesn't say who reaches which.
func (b *builder) reaches(from, to *node, r *plan.Resource) {
	place := r.Text("cidrIpv4")
	if to == nil {
		place = foreign(r)
	}
	if place != "" && slices.Contains(b.picture.services, from) {
		b.picture.beyond = append(b.picture.beyond, fmt.Sprintf("%s → %s %d", from.title, outside(place), port(r)))
	}
}

// add merges a rule into the edge between its nodes.
func (p *Picture) add(r rule, half bool) {
	for _, e := range p.edges {
		if e.from == r.from && e.to == r.to {
			e.ports = append(e.ports, r.port)
			e.half = e.half || half
			return
		}
	}
	p.edges = append(p.edges, &edge{from: r.from, to: r.to, ports: []int{r.port}, half: half})
}

// groupOf is what a security group guards; a group of nothing that is drawn
// stands for itself.
func (b *builder) groupOf(r *plan.Resource, property string) *node {
	group := b.plan.Ref(r, property, plan.SecurityGroupType)
	if group == nil {
		return nil
	}
	if b.owner[group.URN] == nil {
		b.owner[group.URN] = &node{title: "security group " + group.Name}
	}
	return b.owner[group.URN]
}

// peer is the other side of a rule: a group, a prefix list's endpoint, or a
// network outside of the VPC.
func (b *builder) peer(r *plan.Resource, direction string, networks map[string]*node) *node {
	if n := b.groupOf(r, "referencedSecurityGroupId"); n != nil {
		return n
	}
	if endpoint := b.plan.Ref(r, "prefixListId", plan.EndpointType); endpoint != nil {
		return b.owner[endpoint.URN]
	}
	cidr := r.Text("cidrIpv4")
	if cidr == "" {
		cidr = r.Text("cidrIpv6")
	}
	if cidr == "" {
		return nil
	}
	title := map[string]string{"from ": "People", "to ": "Private networks"}[direction]
	if direction == "to " && public(cidr) {
		title = "On the internet"
	}
	n := networks[title]
	if n == nil {
		n = &node{title: title, color: balancerColor}
		networks[title] = n
	}
	if !slices.Contains(n.lines, cidr) {
		n.lines = append(n.lines, cidr)
		slices.Sort(n.lines)
	}
	return n
}

// hasGroup tells whether a node is guarded by a security group.
func (b *builder) hasGroup(n *node) bool {
	for urn, owner := range b.owner {
		if owner == n && strings.Contains(urn, plan.SecurityGroupType) {
			return true
		}
	}
	return false
}

func port(r *plan.Resource) int { return int(r.NumberOr("fromPort", 0)) }

// order sorts everything, so that the same plan makes the same picture: first
// the services that the load balancer reaches, last those that reach no
// database, and by name.
func (b *builder) order() {
	p := b.picture
	rank := func(n *node) int {
		switch {
		case p.find(p.balancers, n):
			return 0
		case len(p.stores) > 0 && p.between(n, p.stores[0]) == nil:
			return 2
		}
		return 1
	}
	slices.SortFunc(p.services, func(x, y *node) int {
		if rank(x) != rank(y) {
			return rank(x) - rank(y)
		}
		return strings.Compare(x.title, y.title)
	})
	slices.SortFunc(p.networks, func(x, y *node) int { return strings.Compare(x.title, y.title) })
	place := map[*node]int{}
	for _, list := range [][]*node{p.networks, p.balancers, p.services, p.stores, p.doors} {
		for _, n := range list {
			place[n] = len(place)
		}
	}
	for _, e := range p.edges {
		slices.Sort(e.ports)
	}
	slices.SortFunc(p.edges, func(x, y *edge) int {
		if x.from != y.from {
			return cmp.Or(place[x.from]-place[y.from], strings.Compare(x.from.title, y.from.title))
		}
		return cmp.Or(place[x.to]-place[y.to], strings.Compare(x.to.title, y.to.title))
	})
}

// find tells whether one of sources has an edge to n.
func (p *Picture) find(sources []*node, n *node) bool {
	for _, source := range sources {
		if p.between(source, n) != nil {
			return true
		}
	}
	return false
}

func (p *Picture) between(from, to *node) *edge {
	for _, e := range p.edges {
		if e.from == from && e.to == to {
			return e
		}
	}
	return nil
}
