package doctor

import (
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// landingZone is a VPC of somebody else, with what the settings name of it.
type landingZone struct {
	*account
	client *ec2.Client
	// called are ids, and what texts call them.
	called map[string]string
}

func newLandingZone(t *testing.T) *landingZone {
	z := &landingZone{account: newAccount(t), called: map[string]string{}}
	z.client = ec2.NewFromConfig(z.Doctor.AWS)
	vpc, err := z.client.CreateVpc(t.Context(), &ec2.CreateVpcInput{CidrBlock: aws.String("10.60.0.0/16")})
	require.NoError(t, err)
	z.Network.VPCID = aws.ToString(vpc.Vpc.VpcId)
	z.called[z.Network.VPCID] = "VPC"
	_, err = z.client.ModifyVpcAttribute(t.Context(), &ec2.ModifyVpcAttributeInput{VpcId: &z.Network.VPCID, EnableDnsHostnames: &types.AttributeBooleanValue{Value: aws.Bool(true)}})
	require.NoError(t, err)
	for i, zone := range z.Network.Zones {
		cidr := []string{"10.60.0.0/20", "10.60.16.0/20"}[i]
		subnet, err := z.client.CreateSubnet(t.Context(), &ec2.CreateSubnetInput{VpcId: &z.Network.VPCID, CidrBlock: &cidr, AvailabilityZone: &zone})
		require.NoError(t, err)
		id := aws.ToString(subnet.Subnet.SubnetId)
		z.Network.SubnetIDs, z.called[id] = append(z.Network.SubnetIDs, id), "SUBNET-"+zone[len(zone)-1:]
	}
	z.Network.RouteTableIDs = []string{z.table("TABLE")}
	z.called[z.main()] = "MAIN"
	for _, subnet := range z.Network.SubnetIDs {
		_, err := z.client.AssociateRouteTable(t.Context(), &ec2.AssociateRouteTableInput{SubnetId: &subnet, RouteTableId: &z.Network.RouteTableIDs[0]})
		require.NoError(t, err)
	}
	z.Endpoints.Existing = []string{"s3", "kms"}
	z.gateway(z.Network.RouteTableIDs...)
	z.endpoint("kms", true)
	return z
}

func (z *landingZone) table(name string) string {
	table, err := z.client.CreateRouteTable(z.t.Context(), &ec2.CreateRouteTableInput{VpcId: &z.Network.VPCID})
	require.NoError(z.t, err)
	id := aws.ToString(table.RouteTable.RouteTableId)
	z.called[id] = name
	return id
}

func (z *landingZone) main() string {
	tables, err := z.client.DescribeRouteTables(z.t.Context(), &ec2.DescribeRouteTablesInput{Filters: append(filter("vpc-id", z.Network.VPCID), filter("association.main", "true")...)})
	require.NoError(z.t, err)
	return aws.ToString(tables.RouteTables[0].RouteTableId)
}

func (z *landingZone) gateway(tables ...string) string {
	made, err := z.client.CreateVpcEndpoint(z.t.Context(), &ec2.CreateVpcEndpointInput{
		VpcId: &z.Network.VPCID, ServiceName: aws.String("com.amazonaws.us-east-1.s3"), VpcEndpointType: types.VpcEndpointTypeGateway, RouteTableIds: tables,
	})
	require.NoError(z.t, err)
	id := aws.ToString(made.VpcEndpoint.VpcEndpointId)
	z.called[id] = "S3"
	return id
}

func (z *landingZone) endpoint(service string, private bool) string {
	made, err := z.client.CreateVpcEndpoint(z.t.Context(), &ec2.CreateVpcEndpointInput{
		VpcId: &z.Network.VPCID, ServiceName: aws.String("com.amazonaws.us-east-1." + service), VpcEndpointType: types.VpcEndpointTypeInterface,
		SubnetIds: z.Network.SubnetIDs, PrivateDnsEnabled: &private,
	})
	require.NoError(z.t, err)
	id := aws.ToString(made.VpcEndpoint.VpcEndpointId)
	z.called[id] = strings.ToUpper(service)
	return id
}

func (z *landingZone) remove(endpoint string) {
	_, err := z.client.DeleteVpcEndpoints(z.t.Context(), &ec2.DeleteVpcEndpointsInput{VpcEndpointIds: []string{endpoint}})
	require.NoError(z.t, err)
}

func (z *landingZone) find(service string) string {
	for id, name := range z.called {
		if name == service {
			return id
		}
	}
	z.t.Fatalf("no %s", service)
	return ""
}

// said is what the check found, with names in the place of ids.
func (z *landingZone) said() string {
	text := lines(z.look("existing-network"))
	for id, name := range z.called {
		text = strings.ReplaceAll(text, id, name)
	}
	return text
}

func TestAnExistingNetworkIsLookedAt(t *testing.T) {
	z := newLandingZone(t)
	require.Empty(t, z.said())
	network, endpoints, client := z.Network, z.Endpoints, z.client
	allow := func(err error) { require.NoError(z.t, err) }
	for _, c := range []struct {
		name string
		do   func()
		says string
	}{
		{"another VPC", func() { z.Network.VPCID = "vpc-0123456789abcdef0" }, "red vpc-0123456789abcdef0: isn't there"},
		{"subnets in another order", func() { z.Network.SubnetIDs = []string{network.SubnetIDs[1], network.SubnetIDs[0]} },
			"red SUBNET-b: is in us-east-1b, and stands for us-east-1a\nred SUBNET-a: is in us-east-1a, and stands for us-east-1b"},
		{"a subnet of another VPC", func() { z.Network.SubnetIDs = []string{network.SubnetIDs[0], "subnet-0123456789abcdef0"} },
			"red subnet-0123456789abcdef0: is no subnet of VPC\nred com.amazonaws.us-east-1.s3: S3 isn't in MAIN"},
		{"a table that they don't use", func() { z.Network.RouteTableIDs = []string{z.table("OTHER")} },
			"red SUBNET-a: uses TABLE, which isn't among network.routeTableIds\nred SUBNET-b: uses TABLE, which isn't among network.routeTableIds"},
		{"a table of another VPC", func() { z.Network.RouteTableIDs = []string{network.RouteTableIDs[0], "rtb-0123456789abcdef0"} },
			"red rtb-0123456789abcdef0: is no route table of VPC"},
		{"an endpoint that isn't there", func() { z.Endpoints.Existing = []string{"s3", "kms", "logs"} }, "red com.amazonaws.us-east-1.logs: isn't there"},
		{"endpoints that are there", func() { z.Endpoints.Existing = nil },
			"red com.amazonaws.us-east-1.s3: is there already, as S3\nred com.amazonaws.us-east-1.kms: is there already, as KMS"},
		{"an endpoint without its name", func() { z.remove(z.find("KMS")); z.endpoint("kms", false) }, "red com.amazonaws.us-east-1.kms: KMS has no private DNS"},
		{"a gateway for other subnets", func() { z.remove(z.find("S3")); z.gateway(z.find("OTHER")) }, "red com.amazonaws.us-east-1.s3: S3 isn't in TABLE\nred com.amazonaws.us-east-1.kms: KMS has no private DNS"},
		{"which is in nobody's way", func() { z.Endpoints.Existing = []string{"kms"} }, "red com.amazonaws.us-east-1.kms: KMS has no private DNS"},
		{"a way out", func() {
			z.remove(z.find("KMS"))
			z.Endpoints.Existing = nil
			gateway, err := client.CreateInternetGateway(t.Context(), &ec2.CreateInternetGatewayInput{})
			allow(err)
			z.called[aws.ToString(gateway.InternetGateway.InternetGatewayId)] = "GATEWAY"
			_, err = client.AttachInternetGateway(t.Context(), &ec2.AttachInternetGatewayInput{InternetGatewayId: gateway.InternetGateway.InternetGatewayId, VpcId: &network.VPCID})
			allow(err)
			_, err = client.CreateRoute(t.Context(), &ec2.CreateRouteInput{RouteTableId: &network.RouteTableIDs[0], DestinationCidrBlock: aws.String("0.0.0.0/0"), GatewayId: gateway.InternetGateway.InternetGatewayId})
			allow(err)
		}, "warning TABLE: leads out: 0.0.0.0/0 over GATEWAY"},
		{"no names", func() {
			_, err := client.ModifyVpcAttribute(t.Context(), &ec2.ModifyVpcAttributeInput{VpcId: &network.VPCID, EnableDnsHostnames: &types.AttributeBooleanValue{Value: aws.Bool(false)}})
			allow(err)
		}, "red VPC: enableDnsHostnames is off"},
	} {
		t.Run(c.name, func(t *testing.T) {
			z.t = t
			c.do()
			assert.Equal(t, c.says, z.said())
			for _, f := range z.look("existing-network") {
				if f.Level != Green {
					assert.NotEmpty(t, f.Means)
					assert.NotEmpty(t, f.Cure)
				}
			}
			z.Network, z.Endpoints = network, endpoints
		})
	}
	assert.Equal(t, "--enable-dns-hostnames", "--"+dashed("enableDnsHostnames"))

	z.Fail("DescribeRouteTables", 9, http.StatusForbidden, "UnauthorizedOperation: not for you")
	_, err := z.client.ModifyVpcAttribute(t.Context(), &ec2.ModifyVpcAttributeInput{VpcId: &network.VPCID, EnableDnsHostnames: &types.AttributeBooleanValue{Value: aws.Bool(true)}})
	require.NoError(t, err)
	assert.Contains(t, z.said(), "unknown this check: couldn't be made:")
}

// The hostname of a stack in an existing VPC leads to private addresses: which,
// the settings don't say.
func TestTheHostnameInAnExistingNetwork(t *testing.T) {
	a := newAccount(t)
	a.Network.VPCID = "vpc-0123456789abcdef0"
	a.resolves("10.60.1.7")
	assert.Empty(t, lines(a.look("hostname")))
	a.resolves("198.51.100.7")
	assert.Equal(t, "warning airflow.dev.pathwai.com: leads to 198.51.100.7, outside of private networks", lines(a.look("hostname")))
}
