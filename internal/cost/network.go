package cost

import (
	"fmt"
	"math"
	"strings"

	"github.com/pathwai/airflow-on-fargate/internal/plan"
)

// endpointZones is the number of zones in which an interface endpoint is
// billed; 0 for gateway endpoints, which are free.
func endpointZones(p *plan.Plan, r *plan.Resource) int {
	if r.Text("vpcEndpointType") != "Interface" {
		return 0
	}
	if known := len(p.Refs(r, "subnetIds", plan.SubnetType)); known > 0 {
		return known
	}
	return len(r.List("subnetIds"))
}

func (e *estimate) endpoint(r *plan.Resource) []Line {
	zones := endpointZones(e.plan, r)
	if zones == 0 {
		if kind := r.Text("vpcEndpointType"); kind != "Gateway" {
			e.unpriced(r, fmt.Sprintf("an endpoint of type %q in no subnet that the plan shows", kind))
			return nil
		}
		e.freeCount[r.Type]++
		e.free[r.Type] = "gateway endpoints are free"
		return nil
	}
	return []Line{{What: fmt.Sprintf("interface in %s", count(zones, "zone")), Range: exactly(float64(zones) * e.monthly("endpoint.hour"))}}
}

func count(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %s", n, plural(thing))
}

// endpointTraffic is billed by the GB through all interface endpoints.
func (e *estimate) endpointTraffic() Row {
	row := Row{Name: "traffic through the interfaces", Service: "Endpoints"}
	for _, endpoint := range e.plan.Of(plan.EndpointType) {
		if endpointZones(e.plan, endpoint) > 0 {
			row.Lines = []Line{{What: "data processed", Range: e.assume("endpointGB").Times(e.price("endpoint.gb")), ByUse: true}}
		}
	}
	return row
}

// zoneTraffic is what tasks, database, broker and endpoints in different zones
// send each other.
func (e *estimate) zoneTraffic() Row {
	row := Row{Name: "traffic between zones", Service: "Network"}
	if len(e.plan.Of(plan.SubnetType)) > 1 {
		row.Lines = []Line{{What: "data transferred", Range: e.assume("crossZoneGB").Times(e.price("traffic.crosszone")), ByUse: true}}
	}
	return row
}

func (e *estimate) natGateway(*plan.Resource) []Line {
	return []Line{
		{What: "NAT gateway", Range: exactly(e.monthly("nat.hour"))},
		{What: "data processed", Range: e.assume("natGB").Times(e.price("nat.gb")), ByUse: true},
	}
}

func (e *estimate) address(*plan.Resource) []Line {
	return []Line{{What: "public IPv4 address", Range: exactly(e.price("ipv4.month"))}}
}

func (e *estimate) loadBalancer(r *plan.Resource) []Line {
	if kind := r.Text("loadBalancerType"); kind != "application" {
		e.unpriced(r, fmt.Sprintf("prices.yaml has no load balancer of type %q", kind))
		return nil
	}
	return []Line{
		{What: "application load balancer", Range: exactly(e.monthly("alb.hour"))},
		{What: "capacity units", Range: e.assume("lcu").Times(e.monthly("alb.lcu")), ByUse: true},
	}
}

func (e *estimate) zone(*plan.Resource) []Line {
	return []Line{{What: "hosted zone", Range: exactly(e.price("zone.month"))}}
}

func (e *estimate) resolverEndpoint(r *plan.Resource) []Line {
	addresses := len(r.List("ipAddresses"))
	return []Line{{What: fmt.Sprintf("resolver endpoint with %d addresses", addresses), Range: exactly(float64(addresses) * e.monthly("resolver.address.hour"))}}
}

func (e *estimate) domainList(r *plan.Resource) []Line {
	names := len(r.List("domains"))
	return []Line{{What: fmt.Sprintf("list of %s", count(names, "name")), Range: exactly(float64(names) * e.price("firewall.name.month"))}}
}

func (e *estimate) firewall(*plan.Resource) []Line {
	return []Line{{What: "questions", Range: e.assume("dnsMillions").Times(1e6 * e.price("firewall.question")), ByUse: true}}
}

func (e *estimate) transitAttachment(*plan.Resource) []Line {
	return []Line{
		{What: "attachment to a transit gateway", Range: exactly(e.monthly("transit.attachment.hour"))},
		{What: "data processed", Range: e.assume("joinGB").Times(e.price("transit.gb")), ByUse: true},
	}
}

func (e *estimate) coreNetworkAttachment(*plan.Resource) []Line {
	return []Line{
		{What: "attachment to a core network", Range: exactly(e.monthly("corenetwork.attachment.hour"))},
		{What: "data processed", Range: e.assume("joinGB").Times(e.price("transit.gb")), ByUse: true},
	}
}

// NAT compares the interface endpoints with a NAT gateway and its address in
// each of their zones. What the endpoints reach, a NAT gateway would reach too;
// the S3 gateway endpoint is free and stays in both.
type NAT struct {
	Endpoints int `json:"endpoints"`
	Zones     int `json:"zones"`
	// EndpointsCost and GatewaysCost are dollars a month before traffic;
	// OneGateway is the cheaper design with one gateway for all zones.
	EndpointsCost float64 `json:"endpointsCost"`
	GatewaysCost  float64 `json:"gatewaysCost"`
	OneGateway    float64 `json:"oneGateway"`
	// BreakEvenGB is the traffic a month and zone from which the endpoints are
	// cheaper than a gateway in each zone; 0 when they always are.
	BreakEvenGB float64 `json:"breakEvenGB"`
}

// natAlternative is nil when the plan has no interface endpoint.
func natAlternative(p *plan.Plan) (*NAT, error) {
	b, err := newBook(p.Stack)
	if err != nil {
		return nil, err
	}
	n := &NAT{}
	interfaces := 0
	for _, endpoint := range p.Of(plan.EndpointType) {
		if zones := endpointZones(p, endpoint); zones > 0 {
			n.Endpoints++
			interfaces += zones
			n.Zones = max(n.Zones, zones)
		}
	}
	if n.Endpoints == 0 {
		return nil, nil
	}
	n.EndpointsCost = float64(interfaces) * b.monthly("endpoint.hour")
	n.OneGateway = b.monthly("nat.hour") + b.price("ipv4.month")
	n.GatewaysCost = float64(n.Zones) * n.OneGateway
	dearer := (n.EndpointsCost - n.GatewaysCost) / float64(n.Zones)
	n.BreakEvenGB = math.Max(0, dearer/(b.price("nat.gb")-b.price("endpoint.gb")))
	return n, nil
}

func plural(thing string) string {
	if strings.HasSuffix(thing, "x") {
		return thing + "es"
	}
	return thing + "s"
}
