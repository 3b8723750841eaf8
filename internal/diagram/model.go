// Package diagram draws a plan's architecture: what is in the VPC and in which
// zones, who may talk to whom (from the security-group rules), and what leaves
// the VPC over which endpoint (docs/adr/0073).
package diagram

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/pathwai/airflow-on-fargate/internal/plan"
)

// Picture is an architecture, ready to be drawn.
type Picture struct {
	title   string
	vpc     string
	subnets []subnet
	// wayOut names what would lead to the internet; there should be nothing.
	wayOut []string

	// networks are outside the VPC: people and identity providers.
	networks  []*node
	balancers []*node
	services  []*node
	// stores are the databases, brokers and file systems; doors the endpoints.
	stores []*node
	doors  []*node
	edges  []*edge
	// beyond says which service reaches which place outside of the VPC.
	beyond []string
	// beside is what is part of the stack but of no network.
	beside []string
}

// subnet is a private subnet and its zone's letter.
type subnet struct{ letter, cidr string }

// node is a box.
type node struct {
	title string
	lines []string
	// zones are the letters of the zones in which it has interfaces.
	zones []string
	// behind is what an endpoint leads to, outside of the VPC.
	behind []string
	color  string
	// x, y, w, h are where it is drawn.
	x, y, w, h float64
}

// edge lets from open connections to ports of to.
type edge struct {
	from, to *node
	ports    []int
	// half tells that only one side's security group has a rule: nothing passes.
	half bool
}

// builder finds the nodes of a plan.
type builder struct {
	plan    *plan.Plan
	picture *Picture
	// owner is the node of a security group or of a prefix list's endpoint, by URN.
	owner map[string]*node
	// zone is the letter of a subnet's zone, by URN.
	zone map[string]string
}

const (
	ingressType  = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
	egressType   = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
	balancerType = "aws:lb/loadBalancer:LoadBalancer"
	databaseType = "aws:rds/instance:Instance"
	brokerType   = "aws:elasticache/replicationGroup:ReplicationGroup"
	filesType    = "aws:efs/fileSystem:FileSystem"
	mountType    = "aws:efs/mountTarget:MountTarget"
)

// Colors of the targets' lines.
var storeColors = []string{"#2f6bb0", "#c0453a", "#3f8f57", "#b0652f"}

const (
	balancerColor = "#1f8a94"
	doorColor     = "#7d54b5"
	bucketColor   = "#c07d12"
	logColor      = "#5f6b7a"
	joinColor     = "#8a5a2b"
)

// Make finds what is to be drawn. It fails on a plan without a VPC, made or lived in.
func Make(p *plan.Plan) (*Picture, error) {
	b := &builder{plan: p, picture: &Picture{}, owner: map[string]*node{}, zone: map[string]string{}}
	vpcs := vpcs(p)
	if len(vpcs) != 1 {
		return nil, fmt.Errorf("the plan has %d VPCs; the picture is of one", len(vpcs))
	}
	b.picture.title = fmt.Sprintf("%s/%s", p.Project, p.Stack)
	b.picture.vpc = vpcs[0]
	b.network()
	b.loadBalancers()
	b.databases()
	b.brokers()
	b.files()
	b.endpoints()
	b.joins()
	if err := b.ecsServices(); err != nil {
		return nil, err
	}
	if err := b.scheduledTasks(); err != nil {
		return nil, err
	}
	b.connect()
	b.order()
	b.besideIt()
	if len(b.picture.services) == 0 {
		return nil, errors.New("the plan has no ECS services to draw")
	}
	return b.picture, nil
}

// vpcs are what the stack's own VPCs are called, or else those that it lives in.
func vpcs(p *plan.Plan) []string {
	var names []string
	for _, vpc := range p.Of("aws:ec2/vpc:Vpc") {
		names = append(names, vpc.Text("cidrBlock"))
	}
	if len(names) > 0 {
		return names
	}
	for _, group := range p.Of(plan.SecurityGroupType) {
		if id := group.Text("vpcId"); id != "" {
			names = append(names, id+", which was there")
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func (b *builder) network() {
	for _, s := range b.plan.Of(plan.SubnetType) {
		zone := s.Text("availabilityZone")
		letter := zone[max(0, len(zone)-1):]
		b.zone[s.URN] = letter
		b.picture.subnets = append(b.picture.subnets, subnet{letter, s.Text("cidrBlock")})
	}
	slices.SortFunc(b.picture.subnets, func(x, y subnet) int { return strings.Compare(x.letter, y.letter) })
	b.picture.wayOut = waysOut(b.plan)
}

// waysOut names everything that would connect the VPC with the internet.
func waysOut(p *plan.Plan) []string {
	gateways := map[string]bool{
		"aws:ec2/natGateway:NatGateway": true, "aws:ec2/internetGateway:InternetGateway": true,
		"aws:ec2/egressOnlyInternetGateway:EgressOnlyInternetGateway": true, "aws:ec2/eip:Eip": true,
	}
	var names []string
	for _, r := range p.Resources {
		route := r.Text("destinationCidrBlock") + r.Text("destinationIpv6CidrBlock")
		if gateways[r.Type] || route == "0.0.0.0/0" || route == "::/0" ||
			r.True("networkConfiguration.assignPublicIp") || r.True("mapPublicIpOnLaunch") || r.True("publiclyAccessible") ||
			r.Type == balancerType && !r.True("internal") {
			names = append(names, r.Name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// zones are the letters of the subnets behind a property.
func (b *builder) zones(r *plan.Resource, property string) []string {
	var letters []string
	for _, s := range b.plan.Refs(r, property, plan.SubnetType) {
		letters = append(letters, b.zone[s.URN])
	}
	slices.Sort(letters)
	return slices.Compact(letters)
}

// own makes n the owner of the security groups behind a property.
func (b *builder) own(n *node, r *plan.Resource, property string) {
	for _, group := range b.plan.Refs(r, property, plan.SecurityGroupType) {
		b.owner[group.URN] = n
	}
}

func (b *builder) loadBalancers() {
	for _, r := range b.plan.Of(balancerType) {
		kind := "public"
		if r.True("internal") {
			kind = "internal"
		}
		n := &node{
			title: "Load balancer", lines: []string{kind + ", " + r.Text("loadBalancerType")},
			zones: b.zones(r, "subnets"), color: balancerColor,
		}
		for _, record := range b.plan.Of("aws:route53/record:Record") {
			if b.plan.Ref(record, "aliases", balancerType) == r {
				n.lines = append(n.lines, record.Text("name"))
			}
		}
		b.own(n, r, "securityGroups")
		b.picture.balancers = append(b.picture.balancers, n)
	}
}

func (b *builder) store(n *node) {
	n.color = storeColors[len(b.picture.stores)%len(storeColors)]
	b.picture.stores = append(b.picture.stores, n)
}

func (b *builder) databases() {
	for _, r := range b.plan.Of(databaseType) {
		standby := "no standby"
		if r.True("multiAz") {
			standby = "standby in another zone"
		}
		n := &node{
			title: "RDS " + r.Text("engine") + " " + r.Text("engineVersion"),
			lines: []string{r.Text("instanceClass"), fmt.Sprintf("%g GB %s", r.NumberOr("allocatedStorage", 0), r.Text("storageType")), standby},
		}
		b.own(n, r, "vpcSecurityGroupIds")
		b.store(n)
	}
}

func (b *builder) brokers() {
	for _, r := range b.plan.Of(brokerType) {
		nodes := r.NumberOr("numCacheClusters", 1)
		redundancy := "1 node"
		if nodes > 1 {
			redundancy = fmt.Sprintf("%g nodes, fails over", nodes)
		}
		n := &node{
			title: "ElastiCache " + r.Text("engine") + " " + r.Text("engineVersion"),
			lines: []string{r.Text("nodeType"), redundancy, "NO TLS with a token"},
		}
		if r.Text("transitEncryptionMode") == "required" && r.Get("authToken") != nil {
			n.lines[2] = "TLS, token"
		}
		b.own(n, r, "securityGroupIds")
		b.store(n)
	}
}

func (b *builder) files() {
	for _, r := range b.plan.Of(filesType) {
		class := "Regional"
		if r.Shown("availabilityZoneName") {
			class = "One Zone"
		}
		n := &node{title: "EFS", lines: []string{class + ", " + r.Text("throughputMode"), b.mounted()}}
		for _, mount := range b.plan.Of(mountType) {
			if b.plan.Ref(mount, "fileSystemId", filesType) == r {
				n.zones = append(n.zones, b.zones(mount, "subnetId")...)
				b.own(n, mount, "securityGroups")
			}
		}
		slices.Sort(n.zones)
		b.store(n)
	}
}

// mounted tells how the tasks mount file systems, as far as the plan shows it.
func (b *builder) mounted() string {
	mounts := 0
	for _, definition := range b.plan.Of(plan.TaskDefinitionType) {
		for _, volume := range definition.List("volumes") {
			efs := plan.Lookup(volume, "efsVolumeConfiguration")
			if efs == nil {
				continue
			}
			mounts++
			if plan.Text(plan.Lookup(efs, "transitEncryption")) != "ENABLED" ||
				plan.Text(plan.Lookup(efs, "authorizationConfig.iam")) != "ENABLED" {
				return "NOT all TLS and IAM"
			}
		}
	}
	if mounts == 0 {
		return "mounted by nobody"
	}
	return "TLS, IAM"
}

func (b *builder) ecsServices() error {
	for _, r := range b.plan.Of(plan.ServiceType) {
		t, shown := b.plan.Tasks(r)
		if !shown {
			return fmt.Errorf("the plan doesn't show the tasks of service %s", r.Name)
		}
		n := &node{
			title: r.Name,
			lines: []string{size(t), howMany(t)},
			zones: b.zones(r, "networkConfiguration"),
		}
		b.own(n, r, "networkConfiguration")
		b.picture.services = append(b.picture.services, n)
	}
	return nil
}

// scheduledTasks are those that EventBridge Scheduler starts.
func (b *builder) scheduledTasks() error {
	for _, r := range b.plan.Of("aws:scheduler/schedule:Schedule") {
		if r.Get("target.ecsParameters") == nil {
			continue
		}
		t, shown := b.plan.ScheduledTask(r)
		if !shown {
			return fmt.Errorf("the plan doesn't show the task of schedule %s", r.Name)
		}
		n := &node{title: r.Name, lines: []string{size(t), "at " + r.Text("scheduleExpression")}, zones: b.zones(r, "target")}
		b.own(n, r, "target")
		b.picture.services = append(b.picture.services, n)
	}
	return nil
}

func size(t plan.Tasks) string {
	architecture := "x86"
	if t.ARM {
		architecture = "ARM"
	}
	return fmt.Sprintf("%g vCPU · %g GB · %s", t.VCPU, t.GB, architecture)
}

func howMany(t plan.Tasks) string {
	count := fmt.Sprintf("%g–%g tasks", t.Min, t.Max)
	switch {
	case t.Min == 1 && t.Max == 1:
		count = "1 task"
	case t.Min == t.Max:
		count = fmt.Sprintf("%g tasks", t.Min)
	}
	switch {
	case t.SpotShare == 0:
		return count + " on demand"
	case t.SpotShare == 1 && t.Base == 0:
		return count + " on Spot"
	case t.Base == 0:
		return fmt.Sprintf("%s, %.0f %% on Spot", count, t.SpotShare*100)
	}
	return fmt.Sprintf("%s, %.0f %% Spot above %g", count, t.SpotShare*100, t.Base)
}
