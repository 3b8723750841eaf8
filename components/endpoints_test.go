package components

import (
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"

	"github.com/pathwai/airflow-on-fargate/config"
	"github.com/pathwai/airflow-on-fargate/internal/recorder"
)

const endpointToken = "aws:ec2/vpcEndpoint:VpcEndpoint"

func runEndpoints(t *testing.T, zones ...string) *recorder.Record {
	return run(t, func(ctx *pulumi.Context) error {
		network, err := newTestNetwork(ctx)
		if err != nil {
			return err
		}
		_, err = NewEndpoints(ctx, "endpoints", &EndpointsArgs{
			Scope: testScope, Network: network, Interfaces: []string{"ecr.api", "ecr.dkr", "logs"}, Zones: zones,
		})
		return err
	})
}

func TestEndpointsOfInterfaces(t *testing.T) {
	record := runEndpoints(t, "eu-west-1a")
	require.Equal(t, []string{"endpoints-ecr-api", "endpoints-ecr-dkr", "endpoints-logs", "endpoints-s3"}, names(record, endpointToken))
	for name, service := range map[string]string{"endpoints-ecr-api": "ecr.api", "endpoints-ecr-dkr": "ecr.dkr", "endpoints-logs": "logs"} {
		endpoint := one(t, record, endpointToken, name)
		require.Equal(t, "com.amazonaws.eu-west-1."+service, endpoint["serviceName"])
		require.Equal(t, "Interface", endpoint["vpcEndpointType"])
		require.Equal(t, true, endpoint["privateDnsEnabled"])
		require.Equal(t, []any{"network-private-a-id"}, endpoint["subnetIds"], "one zone only")
		require.Equal(t, []any{"endpoints-id"}, endpoint["securityGroupIds"])
		// Rules are of the edges' table alone.
		require.NotContains(t, one(t, record, "aws:ec2/securityGroup:SecurityGroup", "endpoints"), "ingress")
	}
	both := one(t, runEndpoints(t, "eu-west-1a", "eu-west-1c"), endpointToken, "endpoints-logs")
	require.Equal(t, []any{"network-private-a-id", "network-private-c-id"}, both["subnetIds"])
}

func TestEndpointOfS3IsAGateway(t *testing.T) {
	endpoint := one(t, runEndpoints(t, "eu-west-1a"), endpointToken, "endpoints-s3")
	require.Equal(t, "Gateway", endpoint["vpcEndpointType"])
	require.Equal(t, []any{"network-private-a-id", "network-private-c-id"}, endpoint["routeTableIds"], "every subnet's table")
	require.NotContains(t, endpoint, "privateDnsEnabled")
	require.NotContains(t, endpoint, "securityGroupIds")
}

// Every policy admits this account's principals to this account's resources;
// S3's beyond that only reads from the bucket with ECR's image layers.
func TestEndpointPolicies(t *testing.T) {
	record := runEndpoints(t, "eu-west-1a")
	for _, endpoint := range record.Of(endpointToken) {
		policy := parsePolicy(t, endpoint.Plain()["policy"])
		own := policy["OwnAccount"]
		require.Equal(t, "Allow", own.Effect)
		require.Equal(t, map[string]map[string]any{
			"StringEquals":         {"aws:PrincipalAccount": "123456789012"},
			"StringEqualsIfExists": {"aws:ResourceAccount": "123456789012"},
		}, own.Condition, endpoint.Name)
		if !strings.HasSuffix(endpoint.Name, "-s3") {
			require.Len(t, policy, 1, endpoint.Name)
			continue
		}
		require.Equal(t, []string{"ImageLayers", "OwnAccount"}, sids(policy))
		layers := policy["ImageLayers"]
		require.Equal(t, "s3:GetObject", layers.Action)
		require.Equal(t, "arn:aws:s3:::prod-eu-west-1-starport-layer-bucket/*", layers.Resource)
		require.Equal(t, "Allow", layers.Effect)
	}
}

// Without private DNS an endpoint says so: SDKs don't find it by the service's own name.
func TestEndpointWithoutPrivateDNSSaysWhy(t *testing.T) {
	without := false
	record := run(t, func(ctx *pulumi.Context) error {
		network, err := newTestNetwork(ctx)
		if err != nil {
			return err
		}
		_, err = NewEndpoints(ctx, "endpoints", &EndpointsArgs{
			Scope: testScope, Network: network, Zones: []string{"eu-west-1a"},
			Extra: []config.ExtraEndpoint{{Service: "execute-api", PrivateDNS: &without}, {Service: "sqs"}},
		})
		return err
	})
	apart := one(t, record, endpointToken, "endpoints-execute-api")
	require.Equal(t, false, apart["privateDnsEnabled"])
	require.Equal(t, "asked for without private DNS: its interfaces have names of their own", apart["tags"].(map[string]any)["Why"])
	require.NotContains(t, one(t, record, endpointToken, "endpoints-sqs")["tags"], "Why")
}
