package awsx

import (
	"fmt"
	"math/bits"
	"net/netip"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/provider"

	"github.com/pathwai/airflow-on-fargate/internal/simcloud"
)

// vpc is awsx:ec2:Vpc.
type vpc struct {
	pulumi.ResourceState

	VpcID             pulumi.IDOutput       `pulumi:"vpcId"`
	Vpc               pulumi.ResourceOutput `pulumi:"vpc"`
	InternetGateway   pulumi.ResourceOutput `pulumi:"internetGateway"`
	PublicSubnetIDs   pulumi.Array          `pulumi:"publicSubnetIds"`
	PrivateSubnetIDs  pulumi.Array          `pulumi:"privateSubnetIds"`
	IsolatedSubnetIDs pulumi.Array          `pulumi:"isolatedSubnetIds"`
	Subnets           pulumi.Array          `pulumi:"subnets"`
	NatGateways       pulumi.Array          `pulumi:"natGateways"`
	Eips              pulumi.Array          `pulumi:"eips"`
	RouteTables       pulumi.Array          `pulumi:"routeTables"`
	Associations      pulumi.Array          `pulumi:"routeTableAssociations"`
	Routes            pulumi.Array          `pulumi:"routes"`
}

// vpcArgs are the inputs that decide what is made.
type vpcArgs struct {
	AvailabilityZoneNames     []string     `pulumi:"availabilityZoneNames"`
	NumberOfAvailabilityZones *int         `pulumi:"numberOfAvailabilityZones"`
	CidrBlock                 *string      `pulumi:"cidrBlock"`
	NatGateways               *natGateways `pulumi:"natGateways"`
	SubnetSpecs               []subnetSpec `pulumi:"subnetSpecs"`
	SubnetStrategy            *string      `pulumi:"subnetStrategy"`
}

type natGateways struct {
	Strategy               string   `pulumi:"strategy"`
	ElasticIPAllocationIDs []string `pulumi:"elasticIpAllocationIds"`
}

type subnetSpec struct {
	Type       string            `pulumi:"type"`
	Name       *string           `pulumi:"name"`
	Tags       map[string]string `pulumi:"tags"`
	CidrMask   *int              `pulumi:"cidrMask"`
	CidrBlocks []string          `pulumi:"cidrBlocks"`
	Size       *int              `pulumi:"size"`
}

// eip is aws:ec2/eip:Eip.
type eip struct {
	pulumi.CustomResourceState

	AllocationID pulumi.StringOutput `pulumi:"allocationId"`
}

// passed are the inputs that the VPC itself gets as they are.
var passed = []string{
	"assignGeneratedIpv6CidrBlock", "enableDnsHostnames", "enableDnsSupport", "enableNetworkAddressUsageMetrics", "instanceTenancy",
	"ipv4IpamPoolId", "ipv4NetmaskLength", "ipv6CidrBlock", "ipv6CidrBlockNetworkBorderGroup", "ipv6IpamPoolId", "ipv6NetmaskLength",
}

// maker makes the children of one VPC.
type maker struct {
	ctx  *pulumi.Context
	name string
	c    *vpc
	args vpcArgs
	tags pulumi.Input // the program's own, for every child

	network, gateway *child
	public           []*child // the first public subnet of each zone
	nats             []*child
}

func newVpc(ctx *pulumi.Context, typ, name string, inputs provider.ConstructInputs, opts pulumi.ResourceOption) (*provider.ConstructResult, error) {
	m := &maker{ctx: ctx, name: name, c: &vpc{}}
	if err := inputs.CopyTo(&m.args); err != nil {
		return nil, fmt.Errorf("inputs of %s: %w", name, err)
	}
	props, err := inputs.Map()
	if err != nil {
		return nil, fmt.Errorf("inputs of %s: %w", name, err)
	}
	if err := m.args.supported(props); err != nil {
		return nil, err
	}
	m.tags = props["tags"]
	if err := ctx.RegisterComponentResource(typ, name, m.c, opts); err != nil {
		return nil, err
	}
	zones, err := m.zones()
	if err != nil {
		return nil, err
	}
	if err := m.vpc(props); err != nil {
		return nil, err
	}
	if err := m.subnets(zones); err != nil {
		return nil, err
	}
	if err := ctx.RegisterResourceOutputs(m.c, pulumi.Map{"vpcId": m.c.VpcID}); err != nil {
		return nil, err
	}
	return provider.NewConstructResult(m.c)
}

// supported refuses the inputs whose children aren't simulated.
func (a *vpcArgs) supported(props pulumi.Map) error {
	if a.CidrBlock == nil {
		block := "10.0.0.0/16"
		a.CidrBlock = &block
	}
	if a.NatGateways == nil {
		a.NatGateways = &natGateways{Strategy: "OnePerAz"}
	}
	if len(a.SubnetSpecs) == 0 {
		a.SubnetSpecs = []subnetSpec{{Type: "Private"}, {Type: "Public"}}
	}
	if _, ok := props["vpcEndpointSpecs"]; ok {
		return simcloud.Refuse("awsx:ec2:Vpc: vpcEndpointSpecs isn't simulated")
	}
	if a.SubnetStrategy != nil && *a.SubnetStrategy != "Legacy" {
		return simcloud.Refuse("awsx:ec2:Vpc: of the subnet strategies, Legacy (the default) is simulated, not %s", *a.SubnetStrategy)
	}
	switch a.NatGateways.Strategy {
	case "None", "Single", "OnePerAz":
	default:
		return simcloud.Refuse("awsx:ec2:Vpc: natGateways.strategy %q is none of None, Single, OnePerAz", a.NatGateways.Strategy)
	}
	public := false
	for _, s := range a.SubnetSpecs {
		if s.CidrMask != nil || len(s.CidrBlocks) > 0 || s.Size != nil {
			return simcloud.Refuse("awsx:ec2:Vpc: sizes of subnets (cidrMask, cidrBlocks, size) aren't simulated")
		}
		if s.Type != "Private" && s.Type != "Public" && s.Type != "Isolated" {
			return simcloud.Refuse("awsx:ec2:Vpc: the subnet type %q is none of Private, Public, Isolated", s.Type)
		}
		public = public || s.Type == "Public"
	}
	if a.NatGateways.Strategy != "None" && !public {
		return simcloud.Refuse("awsx:ec2:Vpc: NAT gateways need public subnets; set natGateways.strategy to None or add one")
	}
	return nil
}

// zones are those that the program names, or the first of the region's; three
// unless the program says how many.
func (m *maker) zones() ([]string, error) {
	if len(m.args.AvailabilityZoneNames) > 0 {
		return m.args.AvailabilityZoneNames, nil
	}
	var found struct {
		Names []string `pulumi:"names"`
	}
	if err := m.ctx.Invoke("aws:index/getAvailabilityZones:getAvailabilityZones", nil, &found, pulumi.Parent(m.c)); err != nil {
		return nil, fmt.Errorf("availability zones of %s: %w", m.name, err)
	}
	count := 3
	if n := m.args.NumberOfAvailabilityZones; n != nil {
		count = *n
	}
	if count < 1 || count > len(found.Names) {
		return nil, simcloud.Refuse("awsx:ec2:Vpc: %d zones were asked for, the region has %d", count, len(found.Names))
	}
	return found.Names[:count], nil
}

// tagged joins the program's tags with a child's.
func (m *maker) tagged(name string, more map[string]string) pulumi.Input {
	own := map[string]string{"Name": name}
	for k, v := range more {
		own[k] = v
	}
	if m.tags == nil {
		return pulumi.ToStringMap(own)
	}
	return pulumi.ToOutput(m.tags).ApplyT(func(tags any) map[string]string {
		all := map[string]string{}
		if given, ok := tags.(map[string]any); ok {
			for k, v := range given {
				all[k] = fmt.Sprint(v)
			}
		}
		for k, v := range own {
			all[k] = v
		}
		return all
	})
}

func (m *maker) vpc(inputs pulumi.Map) error {
	props := pulumi.Map{"tags": m.tagged(m.name, nil)}
	for _, k := range passed {
		if v, ok := inputs[k]; ok {
			props[k] = v
		}
	}
	if _, pool := inputs["ipv4IpamPoolId"]; !pool {
		props["cidrBlock"] = pulumi.String(*m.args.CidrBlock)
	}
	m.network, m.gateway = &child{}, &child{}
	if err := m.network.make(m.ctx, "aws:ec2/vpc:Vpc", m.name, props, m.c); err != nil {
		return err
	}
	if err := m.gateway.make(m.ctx, "aws:ec2/internetGateway:InternetGateway", m.name, pulumi.Map{
		"vpcId": m.network.ID(), "tags": m.tagged(m.name, nil),
	}, m.network); err != nil {
		return err
	}
	m.c.VpcID = m.network.ID()
	m.c.Vpc, m.c.InternetGateway = pulumi.NewResourceOutput(m.network), pulumi.NewResourceOutput(m.gateway)
	return nil
}

// subnets makes the subnets of all zones: first the public ones, as the routes
// of the private ones lead to their NAT gateways.
func (m *maker) subnets(zones []string) error {
	blocks, err := layout(*m.args.CidrBlock, len(zones), m.args.SubnetSpecs)
	if err != nil {
		return err
	}
	for _, public := range []bool{true, false} {
		for z, zone := range zones {
			for i, spec := range m.args.SubnetSpecs {
				if (spec.Type == "Public") == public {
					if err := m.subnet(spec, z, zone, blocks[z][i]); err != nil {
						return err
					}
				}
			}
		}
		if public {
			if err := m.natGateways(); err != nil {
				return err
			}
		}
	}
	return nil
}

func (m *maker) subnet(spec subnetSpec, z int, zone, block string) error {
	part := strings.ToLower(spec.Type)
	if spec.Name != nil {
		part = *spec.Name
	}
	name := fmt.Sprintf("%s-%s-%d", m.name, part, z+1)
	tags := map[string]string{"SubnetType": spec.Type}
	for k, v := range spec.Tags {
		tags[k] = v
	}
	subnet, table, association := &child{}, &child{}, &child{}
	if err := subnet.make(m.ctx, "aws:ec2/subnet:Subnet", name, pulumi.Map{
		"vpcId": m.network.ID(), "availabilityZone": pulumi.String(zone), "cidrBlock": pulumi.String(block),
		"mapPublicIpOnLaunch": pulumi.Bool(spec.Type == "Public"), "tags": m.tagged(name, tags),
	}, m.network); err != nil {
		return err
	}
	if err := table.make(m.ctx, "aws:ec2/routeTable:RouteTable", name, pulumi.Map{
		"vpcId": m.network.ID(), "tags": m.tagged(name, tags),
	}, subnet); err != nil {
		return err
	}
	if err := association.make(m.ctx, "aws:ec2/routeTableAssociation:RouteTableAssociation", name, pulumi.Map{
		"routeTableId": table.ID(), "subnetId": subnet.ID(),
	}, table); err != nil {
		return err
	}
	m.c.Subnets = append(m.c.Subnets, pulumi.NewResourceOutput(subnet))
	m.c.RouteTables = append(m.c.RouteTables, pulumi.NewResourceOutput(table))
	m.c.Associations = append(m.c.Associations, pulumi.NewResourceOutput(association))
	switch spec.Type {
	case "Public":
		m.c.PublicSubnetIDs = append(m.c.PublicSubnetIDs, subnet.ID())
		if len(m.public) == z {
			m.public = append(m.public, subnet)
		}
		return m.route(name, table, "gatewayId", m.gateway)
	case "Private":
		m.c.PrivateSubnetIDs = append(m.c.PrivateSubnetIDs, subnet.ID())
		if len(m.nats) > 0 {
			return m.route(name, table, "natGatewayId", m.nats[min(z, len(m.nats)-1)])
		}
	default:
		m.c.IsolatedSubnetIDs = append(m.c.IsolatedSubnetIDs, subnet.ID())
	}
	return nil
}

// route makes a route to everywhere.
func (m *maker) route(name string, table *child, by string, target *child) error {
	route := &child{}
	m.c.Routes = append(m.c.Routes, pulumi.NewResourceOutput(route))
	return route.make(m.ctx, "aws:ec2/route:Route", name, pulumi.Map{
		"routeTableId": table.ID(), "destinationCidrBlock": pulumi.String("0.0.0.0/0"), by: target.ID(),
	}, table)
}

// natGateways makes one for each zone, or one for all, each with an Elastic IP
// unless the program brings addresses.
func (m *maker) natGateways() error {
	count := map[string]int{"None": 0, "Single": 1, "OnePerAz": len(m.public)}[m.args.NatGateways.Strategy]
	given := m.args.NatGateways.ElasticIPAllocationIDs
	if len(given) > 0 && len(given) != count {
		return simcloud.Refuse("awsx:ec2:Vpc: %d Elastic IPs were given for %d NAT gateways", len(given), count)
	}
	for i := range count {
		name := fmt.Sprintf("%s-%d", m.name, i+1)
		var address pulumi.Input
		if len(given) > 0 {
			address = pulumi.String(given[i])
		} else {
			ip := &eip{}
			if err := m.ctx.RegisterResource("aws:ec2/eip:Eip", name, pulumi.Map{"tags": m.tagged(name, nil)}, ip, pulumi.Parent(m.public[i])); err != nil {
				return err
			}
			m.c.Eips = append(m.c.Eips, pulumi.NewResourceOutput(ip))
			address = ip.AllocationID
		}
		nat := &child{}
		if err := nat.make(m.ctx, "aws:ec2/natGateway:NatGateway", name, pulumi.Map{
			"subnetId": m.public[i].ID(), "allocationId": address, "tags": m.tagged(name, nil),
		}, m.public[i]); err != nil {
			return err
		}
		m.nats = append(m.nats, nat)
		m.c.NatGateways = append(m.c.NatGateways, pulumi.NewResourceOutput(nat))
	}
	return nil
}

// layout cuts a VPC's block into subnets as awsx's Legacy strategy does: equal
// parts for the zones; of each part one half for the private subnets, the rest
// halved again for the public ones, and again for the isolated ones.
func layout(cidr string, zones int, specs []subnetSpec) ([][]string, error) {
	vpc, err := netip.ParsePrefix(cidr)
	if err != nil || !vpc.Addr().Is4() {
		return nil, simcloud.Refuse("awsx:ec2:Vpc: %q is no IPv4 network", cidr)
	}
	out := make([][]string, zones)
	for z := range zones {
		rest := cut(vpc, log2(zones), z)
		out[z] = make([]string, len(specs))
		for _, kind := range []string{"Private", "Public", "Isolated"} {
			var mine []int
			for i, s := range specs {
				if s.Type == kind {
					mine = append(mine, i)
				}
			}
			if len(mine) == 0 {
				continue
			}
			whole := rest
			half := log2(len(mine) + 1)
			for n, i := range mine {
				p := cut(whole, half, n)
				if p.Bits() > 28 {
					return nil, simcloud.Refuse("awsx:ec2:Vpc: %s is too small for %d zones with %d subnets each", cidr, zones, len(specs))
				}
				out[z][i] = p.String()
			}
			rest = cut(whole, half, len(mine))
		}
	}
	return out, nil
}

// log2 is the number of bits that tell n things apart.
func log2(n int) int { return bits.Len(uint(n - 1)) }

// cut gives the nth part of a network with so many more bits.
func cut(p netip.Prefix, more, n int) netip.Prefix {
	b := p.Addr().As4()
	length := p.Bits() + more
	base := uint32(b[0])<<24 | uint32(b[1])<<16 | uint32(b[2])<<8 | uint32(b[3])
	base += uint32(n) << (32 - length)
	return netip.PrefixFrom(netip.AddrFrom4([4]byte{byte(base >> 24), byte(base >> 16), byte(base >> 8), byte(base)}), length)
}
