package platform

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"

	"github.com/pathwai/airflow-on-fargate/config"
	"github.com/pathwai/airflow-on-fargate/internal/recorder"
)

// ruleNames are a stack's security-group rules, with what each leads to.
func ruleNames(t *testing.T, cfg *config.Config) map[string]bool {
	t.Helper()
	names := map[string]bool{}
	declared := record(t, cfg)
	for _, token := range []string{"aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule", "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"} {
		for _, rule := range declared.Of(token) {
			inputs := rule.Plain()
			names[fmt.Sprintf("%s %v %v%v", rule.Name, inputs["ipProtocol"], inputs["fromPort"], inputs["prefixListId"])] = true
		}
	}
	return names
}

// What a stack names beyond the platform opens that, to those who may, and
// nothing else.
func TestEdgesBeyondThePlatform(t *testing.T) {
	base := ruleNames(t, loadStack(t, "dev"))
	for name, c := range map[string]struct {
		change func(*config.Config)
		want   []string
	}{
		"a pool's egress": {func(cfg *config.Config) {
			cfg.WorkerPools[0].Egress = []config.Egress{
				{To: "172.20.1.0/24", Ports: []int{5432}, Why: "the warehouse"}, {To: "sg-0123456789abcdef0", Ports: []int{9092}, Why: "Kafka"}, {To: "pl-0123456789abcdef0", Ports: []int{443}, Why: "partners"},
			}
		}, []string{"worker-to-data-5432-172-20-1-0-24 tcp 5432<nil>", "worker-to-pl-0123456789abcdef0-443 tcp 443pl-0123456789abcdef0", "worker-to-sg-0123456789abcdef0-9092 tcp 9092<nil>"}},
		"a service's egress": {func(cfg *config.Config) {
			cfg.Services.Triggerer.Egress = []config.Egress{{To: "172.20.1.7/32", Ports: []int{22}, Why: "files"}}
		}, []string{"triggerer-to-data-22-172-20-1-7-32 tcp 22<nil>"}},
		"a collector of metrics, and a way that is there": {func(cfg *config.Config) {
			cfg.Airflow.OpenTelemetry = config.OpenTelemetry{Endpoint: "http://otel.example.com:4318", To: "172.20.2.0/24"}
			cfg.WorkerPools[0].Egress = []config.Egress{{To: "172.20.2.0/24", Ports: []int{4318, 5432}, Why: "data and metrics"}}
		}, []string{
			"api-server-to-data-4318-172-20-2-0-24 tcp 4318<nil>", "dag-processor-to-data-4318-172-20-2-0-24 tcp 4318<nil>",
			"scheduler-to-data-4318-172-20-2-0-24 tcp 4318<nil>", "triggerer-to-data-4318-172-20-2-0-24 tcp 4318<nil>",
			"worker-to-data-4318-172-20-2-0-24 tcp 4318<nil>", "worker-to-data-5432-172-20-2-0-24 tcp 5432<nil>",
		}},
		"e-mail on its ports": {func(cfg *config.Config) { cfg.Endpoints.Extra = []config.ExtraEndpoint{{Service: "email-smtp"}} }, []string{
			"dag-processor-to-endpoints-465 tcp 465<nil>", "dag-processor-to-endpoints-587 tcp 587<nil>", "triggerer-to-endpoints-465 tcp 465<nil>",
			"triggerer-to-endpoints-587 tcp 587<nil>", "worker-to-endpoints-465 tcp 465<nil>", "worker-to-endpoints-587 tcp 587<nil>",
		}},
		"DynamoDB over its gateway": {func(cfg *config.Config) { cfg.Endpoints.Extra = []config.ExtraEndpoint{{Service: "dynamodb"}} }, []string{
			"dag-processor-to-dynamodb-443 tcp 443pl-endpoints-dynamodb", "triggerer-to-dynamodb-443 tcp 443pl-endpoints-dynamodb", "worker-to-dynamodb-443 tcp 443pl-endpoints-dynamodb",
		}},
		"people on premises ask": {func(cfg *config.Config) {
			cfg.Network.Resolver = config.Resolver{Inbound: true, ClientCIDRs: []string{"172.20.0.0/16"}}
		}, []string{"askers-to-resolver-53-172-20-0-0-16 tcp 53<nil>", "askers-to-resolver-53-udp-172-20-0-0-16 udp 53<nil>"}},
	} {
		t.Run(name, func(t *testing.T) {
			found := ruleNames(t, loadStack(t, "dev", c.change))
			for rule := range base {
				require.True(t, found[rule], "gone: %s", rule)
				delete(found, rule)
			}
			require.Equal(t, c.want, slices.Sorted(maps.Keys(found)))
		})
	}
}

// The networks of an IdP on the internet are routed in each zone, over the join
// that is named and no other, and only while somebody asks it.
func TestRoutesToAnIdPOnTheInternet(t *testing.T) {
	t.Setenv("PULUMI_CONFIG", `{"airflow:oidcClientSecret":"of-a-test"}`)
	routes := func(mode string) []string {
		declared := record(t, loadStack(t, "dev", func(cfg *config.Config) {
			cfg.Network.Joins = []config.Join{
				{Kind: config.JoinTransitGateway, ID: "tgw-0123456789abcdef0", Routes: []string{"172.20.0.0/16"}, Why: "the hub"},
				{Kind: config.JoinPeering, ID: "pcx-0123456789abcdef0", Routes: []string{"172.21.0.0/16"}, Why: "the warehouse"},
			}
			cfg.Login.Mode = mode
			cfg.Login.PublicIdP = config.PublicIdP{CIDRs: []string{"20.190.128.0/18"}, Through: "tgw-0123456789abcdef0", Why: "Entra ID"}
		}))
		var all []string
		for _, route := range declared.Of("aws:ec2/route:Route") {
			inputs := route.Plain()
			if inputs["destinationCidrBlock"] == "20.190.128.0/18" {
				all = append(all, fmt.Sprintf("%v over %v", inputs["routeTableId"], inputs["transitGatewayId"]))
			}
		}
		slices.Sort(all)
		return all
	}
	want := []string{"network-private-a-id over tgw-0123456789abcdef0", "network-private-b-id over tgw-0123456789abcdef0"}
	require.Equal(t, want, routes(config.LoginALB))
	require.Equal(t, want, routes(config.LoginFAB))
	require.Empty(t, routes(config.LoginNone))
}

// The resolver answers for the IdP's names, while somebody asks it.
func TestResolvableNamesOfTheIdP(t *testing.T) {
	change := func(mode string) func(*config.Config) {
		return func(cfg *config.Config) {
			cfg.Login.Mode, cfg.Login.Issuer, cfg.Login.TokenEndpoint = mode, "https://login.microsoftonline.com/t/v2.0", "https://token.example.com:443/t"
			cfg.Login.PublicIdP.CIDRs = []string{"20.190.128.0/18"}
		}
	}
	for _, name := range []string{"login.microsoftonline.com", "token.example.com"} {
		require.Contains(t, loadStack(t, "dev", change(config.LoginFAB)).ResolvableNames(), name)
		require.NotContains(t, loadStack(t, "dev", change(config.LoginNone)).ResolvableNames(), name)
	}
}

// What a VPC's resolver answers for is what the stack uses; nothing more.
func TestResolvableNames(t *testing.T) {
	cfg := loadStack(t, "dev", func(cfg *config.Config) {
		cfg.Network.DNSAllow = []string{"*.warehouse.example.com"}
		cfg.Endpoints.Extra = []config.ExtraEndpoint{{Service: "sagemaker.runtime"}}
		cfg.Airflow.OpenTelemetry = config.OpenTelemetry{Endpoint: "http://otel.example.com:4318", To: "172.20.2.0/24"}
	})
	require.Equal(t, []string{
		"*.254.169.in-addr.arpa", "*.40.10.in-addr.arpa", "*.cache.amazonaws.com", "*.dkr.ecr.us-east-1.amazonaws.com", "*.ec2.internal",
		"*.efs.us-east-1.amazonaws.com", "*.runtime.sagemaker.us-east-1.amazonaws.com", "*.s3.amazonaws.com", "*.s3.us-east-1.amazonaws.com",
		"*.us-east-1.rds.amazonaws.com", "*.us-east-1.vpce.amazonaws.com", "*.warehouse.example.com", "airflow.dev.pathwai.com",
		"api.ecr.us-east-1.amazonaws.com", "kms.us-east-1.amazonaws.com",
		"logs.us-east-1.amazonaws.com", "otel.example.com", "runtime.sagemaker.us-east-1.amazonaws.com", "s3.amazonaws.com", "s3.us-east-1.amazonaws.com",
		"secretsmanager.us-east-1.amazonaws.com", "ssmmessages.us-east-1.amazonaws.com", "sts.amazonaws.com", "sts.us-east-1.amazonaws.com",
	}, slices.Sorted(slices.Values(cfg.ResolvableNames())))
}

// Where tasks reach ECS over endpoints, the resolver answers for their names.
func TestResolvableNamesOfNewRegions(t *testing.T) {
	cfg := loadStack(t, "dev", func(cfg *config.Config) { cfg.Region = "mx-central-1" })
	for _, service := range []string{"ecs", "ecs-agent", "ecs-telemetry"} {
		require.Contains(t, cfg.ResolvableNames(), service+".mx-central-1.amazonaws.com")
	}
}

// A prefix list that somebody has opened stops the stack before it declares anything.
func TestPrefixListsAreLookedInto(t *testing.T) {
	cfg := loadStack(t, "dev", func(cfg *config.Config) {
		cfg.WorkerPools[0].Egress = []config.Egress{{To: "pl-0123456789abcdef0", Ports: []int{443}, Why: "partners"}, {To: recorder.Everywhere, Ports: []int{443}, Why: "partners"}}
	})
	declared, err := recorder.Run("dev", func(ctx *pulumi.Context) error { return declare(ctx, cfg) })
	require.ErrorContains(t, err, `airflow:workerPools[0].egress[1].to is "pl-00000000": a prefix list of private networks (RFC 1918 or 6598) outside the VPC, each from /16 to /32; this one has 0.0.0.0/0`)
	require.Len(t, declared.All(), 1)
	require.Equal(t, "pulumi:providers:aws", declared.All()[0].Type)
}
