package doctor

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/pathwai/airflow-on-fargate/config"
)

// existing is the VPC of network.vpcId as AWS has it.
type existing struct {
	*Doctor
	client  *ec2.Client
	subnets map[string]types.Subnet
	// tables are the VPC's, tableOf which of them a subnet uses: its own, or the main one.
	tables    map[string]types.RouteTable
	tableOf   map[string]string
	endpoints []types.VpcEndpoint
}

const existingCure = "another id in airflow:network: {vpcId, subnetIds, routeTableIds}: "

// existingNetwork looks at what the settings say of a VPC that the stack doesn't
// make, of which its owner alone knows otherwise.
func (d *Doctor) existingNetwork(ctx context.Context) ([]Finding, error) {
	if !d.Network.Exists() {
		return []Finding{green("network", "the stack makes its own")}, nil
	}
	e := &existing{Doctor: d, client: ec2.NewFromConfig(d.AWS)}
	found, err := e.names(ctx)
	if err != nil || len(found) > 0 {
		return found, err
	}
	if err := e.read(ctx); err != nil {
		return nil, err
	}
	found = slices.Concat(e.subnetsFit(), e.tablesFit(), e.endpointsFit())
	if !slices.ContainsFunc(found, func(f Finding) bool { return f.Level == Red }) {
		found = append(found, green(d.Network.VPCID, "has the subnets, tables and endpoints that the settings name"))
	}
	return found, nil
}

// names asks whether the VPC is there, and has the names that private DNS of
// endpoints needs.
func (e *existing) names(ctx context.Context) ([]Finding, error) {
	id := e.Network.VPCID
	vpcs, err := e.client.DescribeVpcs(ctx, &ec2.DescribeVpcsInput{Filters: filter("vpc-id", id)})
	if err != nil {
		return nil, err
	}
	if len(vpcs.Vpcs) == 0 {
		return []Finding{{Of: id, Level: Red, Says: "isn't there", Means: "up stops at the first security group", Cure: existingCure + "aws ec2 describe-vpcs --region " + e.Region}}, nil
	}
	var found []Finding
	for _, name := range []types.VpcAttributeName{types.VpcAttributeNameEnableDnsSupport, types.VpcAttributeNameEnableDnsHostnames} {
		answer, err := e.client.DescribeVpcAttribute(ctx, &ec2.DescribeVpcAttributeInput{VpcId: &id, Attribute: name})
		if err != nil {
			return nil, err
		}
		for _, value := range []*types.AttributeBooleanValue{answer.EnableDnsSupport, answer.EnableDnsHostnames} {
			if value != nil && !aws.ToBool(value.Value) {
				found = append(found, Finding{
					Of: id, Level: Red, Says: fmt.Sprintf("%s is off", name), Means: "endpoints get no private DNS: up stops at them",
					Cure: fmt.Sprintf("its owner: aws ec2 modify-vpc-attribute --region %s --vpc-id %s --%s", e.Region, id, dashed(string(name))),
				})
			}
		}
	}
	return found, nil
}

// dashed writes enableDnsSupport as the CLI's option does.
func dashed(name string) string {
	var text strings.Builder
	for _, r := range name {
		if r >= 'A' && r <= 'Z' {
			text.WriteByte('-')
		}
		text.WriteRune(r)
	}
	return strings.ToLower(text.String())
}

func filter(name string, values ...string) []types.Filter {
	return []types.Filter{{Name: aws.String(name), Values: values}}
}

// read gathers subnets, tables and endpoints of the VPC.
func (e *existing) read(ctx context.Context) error {
	of := filter("vpc-id", e.Network.VPCID)
	e.subnets, e.tables, e.tableOf = map[string]types.Subnet{}, map[string]types.RouteTable{}, map[string]string{}
	for pages := ec2.NewDescribeSubnetsPaginator(e.client, &ec2.DescribeSubnetsInput{Filters: of}); pages.HasMorePages(); {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return err
		}
		for _, subnet := range page.Subnets {
			e.subnets[aws.ToString(subnet.SubnetId)] = subnet
		}
	}
	main := ""
	for pages := ec2.NewDescribeRouteTablesPaginator(e.client, &ec2.DescribeRouteTablesInput{Filters: of}); pages.HasMorePages(); {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return err
		}
		for _, table := range page.RouteTables {
			id := aws.ToString(table.RouteTableId)
			e.tables[id] = table
			for _, association := range table.Associations {
				if aws.ToBool(association.Main) {
					main = id
				} else {
					e.tableOf[aws.ToString(association.SubnetId)] = id
				}
			}
		}
	}
	for _, subnet := range e.Network.SubnetIDs {
		if e.tableOf[subnet] == "" {
			e.tableOf[subnet] = main
		}
	}
	for pages := ec2.NewDescribeVpcEndpointsPaginator(e.client, &ec2.DescribeVpcEndpointsInput{Filters: of}); pages.HasMorePages(); {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return err
		}
		for _, endpoint := range page.VpcEndpoints {
			// AWS writes states in lower case, its reference doesn't.
			if state := string(endpoint.State); strings.EqualFold(state, string(types.StateAvailable)) || strings.EqualFold(state, string(types.StatePending)) {
				e.endpoints = append(e.endpoints, endpoint)
			}
		}
	}
	return nil
}

func (e *existing) subnetsFit() []Finding {
	var found []Finding
	for i, id := range e.Network.SubnetIDs {
		f := Finding{Of: id, Level: Red, Cure: existingCure + "aws ec2 describe-subnets --region " + e.Region + " --filters Name=vpc-id,Values=" + e.Network.VPCID + " --query 'Subnets[].[SubnetId,AvailabilityZone]'"}
		subnet, there := e.subnets[id]
		switch zone := aws.ToString(subnet.AvailabilityZone); {
		case !there:
			f.Says, f.Means = "is no subnet of "+e.Network.VPCID, "up stops at what is put there"
		case zone != e.Network.Zones[i]:
			f.Says, f.Means = fmt.Sprintf("is in %s, and stands for %s", zone, e.Network.Zones[i]), "what is meant for one zone is in another: endpoints, files and tasks don't find each other"
		default:
			continue
		}
		found = append(found, f)
	}
	return found
}

// tablesFit compares the tables that the settings name with those that the subnets
// use, and looks for what leads out of them.
func (e *existing) tablesFit() []Finding {
	var found []Finding
	for _, subnet := range e.Network.SubnetIDs {
		if _, there := e.subnets[subnet]; there && !slices.Contains(e.Network.RouteTableIDs, e.tableOf[subnet]) {
			found = append(found, Finding{
				Of: subnet, Level: Red, Says: fmt.Sprintf("uses %s, which isn't among network.routeTableIds", e.tableOf[subnet]),
				Means: "it has no route to the gateway endpoint of S3: tasks reach S3 past its policy, or not at all", Cure: "airflow:network: {routeTableIds: ...} with " + e.tableOf[subnet],
			})
		}
	}
	for _, id := range e.Network.RouteTableIDs {
		table, there := e.tables[id]
		if !there {
			found = append(found, Finding{
				Of: id, Level: Red, Says: "is no route table of " + e.Network.VPCID, Means: "up stops at the gateway endpoint of S3",
				Cure: existingCure + "aws ec2 describe-route-tables --region " + e.Region + " --filters Name=vpc-id,Values=" + e.Network.VPCID,
			})
		}
		for _, route := range table.Routes {
			if way := leadsOut(route); way != "" {
				found = append(found, Finding{
					Of: id, Level: Warning, Says: "leads out: " + way,
					Means: "what is broken into there is held back by its security group alone, not by the network", Cure: "private subnets with tables of their own, without this route: the VPC's owner",
				})
			}
		}
	}
	return found
}

// leadsOut is a route to the internet, or nothing.
func leadsOut(route types.Route) string {
	to := aws.ToString(route.DestinationCidrBlock) + aws.ToString(route.DestinationIpv6CidrBlock)
	for _, over := range []*string{route.NatGatewayId, route.EgressOnlyInternetGatewayId, route.CarrierGatewayId, route.GatewayId} {
		if id := aws.ToString(over); id != "" && id != "local" && !strings.HasPrefix(id, "vpce-") && !strings.HasPrefix(id, "vgw-") {
			return to + " over " + id
		}
	}
	network, err := netip.ParsePrefix(to)
	if err == nil && network.Bits() == 0 {
		return to
	}
	return ""
}

// endpointsFit wants those that endpoints.existing names, and no other in the way
// of one that the stack makes.
func (e *existing) endpointsFit() []Finding {
	var found []Finding
	tell := func(service, says, means, cure string) {
		found = append(found, Finding{Of: service, Level: Red, Says: says, Means: means, Cure: cure})
	}
	for _, short := range e.WantedEndpoints() {
		service, there := config.ServiceName(e.Region, short), false
		named := slices.Contains(e.Endpoints.Existing, short)
		for _, endpoint := range e.endpoints {
			if aws.ToString(endpoint.ServiceName) != service {
				continue
			}
			there = true
			id, gateway := aws.ToString(endpoint.VpcEndpointId), endpoint.VpcEndpointType == types.VpcEndpointTypeGateway
			private, tables := aws.ToBool(endpoint.PrivateDnsEnabled), e.withoutRouteTo(endpoint)
			switch {
			case !named && (!gateway && private || gateway && e.inTheWay(endpoint)):
				tell(service, "is there already, as "+id, "up stops: AWS takes no second one", "airflow:endpoints: {existing: [..., "+short+"]}")
			case named && gateway && len(tables) > 0:
				tell(service, id+" isn't in "+strings.Join(tables, ", "), "tasks reach the service past its policy, or not at all",
					fmt.Sprintf("its owner: aws ec2 modify-vpc-endpoint --region %s --vpc-endpoint-id %s --add-route-table-ids %s", e.Region, id, strings.Join(tables, " ")))
			case named && !gateway && !private && short != "dynamodb":
				tell(service, id+" has no private DNS", "tasks don't find it by the service's name", fmt.Sprintf("its owner: aws ec2 modify-vpc-endpoint --region %s --vpc-endpoint-id %s --private-dns-enabled", e.Region, id))
			}
		}
		if named && !there {
			tell(service, "isn't there", "the preview stops", "airflow:endpoints: {existing: [...]} without "+short)
		}
	}
	return found
}

// withoutRouteTo are the tables of the subnets that a gateway endpoint isn't in.
func (e *existing) withoutRouteTo(endpoint types.VpcEndpoint) []string {
	var tables []string
	for _, subnet := range e.Network.SubnetIDs {
		if !slices.Contains(endpoint.RouteTableIds, e.tableOf[subnet]) {
			tables = append(tables, e.tableOf[subnet])
		}
	}
	slices.Sort(tables)
	return slices.Compact(tables)
}

// inTheWay tells a gateway endpoint that is in a table in which the stack's would be.
func (e *existing) inTheWay(gateway types.VpcEndpoint) bool {
	return slices.ContainsFunc(gateway.RouteTableIds, func(id string) bool { return slices.Contains(e.Network.RouteTableIDs, id) })
}
