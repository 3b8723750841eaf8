package components

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"
)

func TestNetworkHasNoWayOut(t *testing.T) {
	record := run(t, func(ctx *pulumi.Context) error {
		_, err := newTestNetwork(ctx)
		return err
	})
	for _, res := range record.All() {
		for _, wayOut := range []string{"gateway", "eip", "route:", "vpnconnection"} {
			require.NotContains(t, strings.ToLower(res.Type), wayOut, res.Name)
		}
	}
	for _, table := range record.Of("aws:ec2/routeTable:RouteTable") {
		require.NotContains(t, table.Plain(), "routes", "%s has routes of its own", table.Name)
	}
	require.Equal(t, []string{"network-private-a", "network-private-c"}, names(record, "aws:ec2/routeTable:RouteTable"))
}

func TestNetworkSubnetsArePrivate(t *testing.T) {
	record := run(t, func(ctx *pulumi.Context) error {
		network, err := newTestNetwork(ctx)
		if err == nil {
			require.Len(t, network.SubnetIDs([]string{"eu-west-1c"}), 1)
		}
		return err
	})
	vpc := one(t, record, "aws:ec2/vpc:Vpc", "network")
	require.Equal(t, "10.1.0.0/16", vpc["cidrBlock"])
	require.Equal(t, true, vpc["enableDnsSupport"], "private DNS of endpoints")
	require.Equal(t, true, vpc["enableDnsHostnames"], "private DNS of endpoints")
	for name, want := range map[string][2]string{
		"network-private-a": {"eu-west-1a", "10.1.0.0/20"}, "network-private-c": {"eu-west-1c", "10.1.16.0/20"},
	} {
		subnet := one(t, record, "aws:ec2/subnet:Subnet", name)
		require.Equal(t, want, [2]string{subnet["availabilityZone"].(string), subnet["cidrBlock"].(string)})
		require.Equal(t, false, subnet["mapPublicIpOnLaunch"])
		association := one(t, record, "aws:ec2/routeTableAssociation:RouteTableAssociation", name)
		require.Equal(t, name+"-id", association["subnetId"])
		require.Equal(t, name+"-id", association["routeTableId"], "its own table, not the main one")
	}
	require.Len(t, record.Of("aws:ec2/subnet:Subnet"), 2)
}

// The default security group of a VPC lets everything out; without rules
// declared, the provider takes them all away.
func TestNetworkLocksTheDefaultSecurityGroup(t *testing.T) {
	record := run(t, func(ctx *pulumi.Context) error {
		_, err := newTestNetwork(ctx)
		return err
	})
	group := one(t, record, "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup", "network-default")
	require.Equal(t, "network-id", group["vpcId"])
	require.NotContains(t, group, "ingress")
	require.NotContains(t, group, "egress")
}

func TestNetworkFlowLogs(t *testing.T) {
	record := run(t, func(ctx *pulumi.Context) error {
		_, err := newTestNetwork(ctx)
		return err
	})
	group := one(t, record, "aws:cloudwatch/logGroup:LogGroup", "network-flow")
	require.Equal(t, map[string]any{
		"name": "/acme-airflow-test/vpc-flow", "retentionInDays": 30.0, "kmsKeyId": logsKeyARN,
	}, without(group, "tags"))
	log := one(t, record, "aws:ec2/flowLog:FlowLog", "network-flow")
	require.Equal(t, "ALL", log["trafficType"])
	require.Equal(t, "network-id", log["vpcId"])

	role := one(t, record, "aws:iam/role:Role", "network-flow")
	trust := parsePolicy(t, role["assumeRolePolicy"])["Assume"]
	require.Equal(t, map[string]any{"Service": "vpc-flow-logs.amazonaws.com"}, trust.Principal)
	require.Equal(t, "123456789012", trust.Condition["StringEquals"]["aws:SourceAccount"])
	policy := parsePolicy(t, one(t, record, "aws:iam/rolePolicy:RolePolicy", "network-flow")["policy"])
	require.Equal(t, []string{"FindLogGroup", "WriteFlowLogs"}, sids(policy))
	require.Equal(t, "logs:DescribeLogGroups", policy["FindLogGroup"].Action)
	require.Equal(t, "arn:aws:logs:eu-west-1:123456789012:log-group:/acme-airflow-test/vpc-flow:*", policy["WriteFlowLogs"].Resource)
}

func TestNetworkRefusesZonesWithoutSubnets(t *testing.T) {
	run(t, func(ctx *pulumi.Context) error {
		_, err := NewNetwork(ctx, "network", &NetworkArgs{
			Scope: testScope, CIDR: "10.1.0.0/16", Zones: []string{"eu-west-1a", "eu-west-1b"},
			Subnets: []netip.Prefix{netip.MustParsePrefix("10.1.0.0/20")},
		})
		require.EqualError(t, err, `network "network": 2 zones and 1 subnets`)
		return nil
	})
}
