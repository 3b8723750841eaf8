package components

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"

	"github.com/pathwai/airflow-on-fargate/internal/recorder"
)

const (
	balancerToken = "aws:lb/loadBalancer:LoadBalancer"
	listenerToken = "aws:lb/listener:Listener"
	ruleToken     = "aws:lb/listenerRule:ListenerRule"
)

func runLoadBalancer(t *testing.T, change func(*LoadBalancerArgs)) *recorder.Record {
	args := &LoadBalancerArgs{
		Scope: testScope, VPCID: pulumi.String("vpc"), SubnetIDs: subnetIDs(), Hostname: "airflow.acme.com",
		CertificateARN: "arn:of:certificate", AccessLogs: "acme-access",
	}
	if change != nil {
		change(args)
	}
	return run(t, func(ctx *pulumi.Context) error {
		balancer, err := NewLoadBalancer(ctx, "web", args)
		if err == nil {
			require.Len(t, balancer.Ready(), 5, "listeners, rules and the name, before a task registers")
		}
		return err
	})
}

func TestLoadBalancerIsInternal(t *testing.T) {
	record := runLoadBalancer(t, nil)
	balancer := one(t, record, balancerToken, "web")
	for property, want := range map[string]any{
		"name": "acme-airflow-test-web", "internal": true, "loadBalancerType": "application", "dropInvalidHeaderFields": true, "ipAddressType": "ipv4",
		"enableDeletionProtection": false, "subnets": []any{"subnet-a", "subnet-c"}, "securityGroups": []any{"web-id"},
		"accessLogs": map[string]any{"enabled": true, "bucket": "acme-access"},
	} {
		require.Equal(t, want, balancer[property], property)
	}
	require.False(t, raw(t, record, balancerToken, "web").Protect)
	// The load balancer ends idle connections before Airflow (120 s) does.
	require.Less(t, balancer["idleTimeout"], 120.0)
}

func TestLoadBalancerProtection(t *testing.T) {
	record := runLoadBalancer(t, func(a *LoadBalancerArgs) { a.Protect = true })
	require.Equal(t, true, one(t, record, balancerToken, "web")["enableDeletionProtection"])
	require.True(t, raw(t, record, balancerToken, "web").Protect)
}

func TestLoadBalancerListeners(t *testing.T) {
	record := runLoadBalancer(t, nil)
	require.Equal(t, []string{"web-execution", "web-http", "web-https"}, names(record, listenerToken))
	http := one(t, record, listenerToken, "web-http")
	require.Equal(t, 80.0, http["port"])
	require.Equal(t, []any{map[string]any{
		"type": "redirect", "redirect": map[string]any{"port": "443", "protocol": "HTTPS", "statusCode": "HTTP_301"},
	}}, http["defaultActions"])
	for name, port := range map[string]float64{"web-https": 443, "web-execution": 8443} {
		listener := one(t, record, listenerToken, name)
		require.Equal(t, port, listener["port"])
		require.Equal(t, "HTTPS", listener["protocol"])
		require.Equal(t, "arn:of:certificate", listener["certificateArn"])
		require.Equal(t, "ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09", listener["sslPolicy"])
	}
}

// Tasks have a door of their own to the execution API, past the login; people
// can't use the API, and tasks can't use the rest.
func TestExecutionAPIHasItsOwnDoor(t *testing.T) {
	record := runLoadBalancer(t, nil)
	notFoundAction := map[string]any{
		"type": "fixed-response", "fixedResponse": map[string]any{"contentType": "text/plain", "statusCode": "404", "messageBody": "not found"},
	}
	execution := []any{map[string]any{"pathPattern": map[string]any{"values": []any{"/execution/*"}}}}
	require.Equal(t, []any{notFoundAction}, one(t, record, listenerToken, "web-execution")["defaultActions"])
	shut, open := one(t, record, ruleToken, "web-https-no-execution"), one(t, record, ruleToken, "web-execution")
	require.Equal(t, execution, shut["conditions"])
	require.Equal(t, []any{notFoundAction}, shut["actions"])
	require.Equal(t, "arn:aws:mock:::aws:lb/listener:Listener/web-https", shut["listenerArn"])
	require.Equal(t, execution, open["conditions"])
	require.Equal(t, "forward", open["actions"].([]any)[0].(map[string]any)["type"])
	require.Equal(t, "arn:aws:mock:::aws:lb/listener:Listener/web-execution", open["listenerArn"])
}

// none and fab are the same for the load balancer: Airflow asks who it is.
func TestLoginByAirflow(t *testing.T) {
	actions := one(t, runLoadBalancer(t, nil), listenerToken, "web-https")["defaultActions"].([]any)
	require.Equal(t, []any{map[string]any{
		"type": "forward", "targetGroupArn": "arn:aws:mock:::aws:lb/targetGroup:TargetGroup/web",
	}}, actions)
}

func TestLoginByTheLoadBalancer(t *testing.T) {
	record := runLoadBalancer(t, func(a *LoadBalancerArgs) {
		a.OIDC = &OIDCArgs{
			Issuer: "https://idp", AuthorizationEndpoint: "https://idp/a", TokenEndpoint: "https://idp/t", UserInfoEndpoint: "https://idp/u",
			ClientID: "airflow", ClientSecret: pulumi.ToSecret(pulumi.String("oidc-pw")).(pulumi.StringOutput), SessionSeconds: 3600,
		}
	})
	actions := one(t, record, listenerToken, "web-https")["defaultActions"].([]any)
	require.Len(t, actions, 2)
	require.Equal(t, map[string]any{
		"type": "authenticate-oidc", "order": 1.0,
		"authenticateOidc": map[string]any{
			"issuer": "https://idp", "authorizationEndpoint": "https://idp/a", "tokenEndpoint": "https://idp/t", "userInfoEndpoint": "https://idp/u",
			"clientId": "airflow", "clientSecret": "oidc-pw", "scope": "openid email profile", "sessionTimeout": 3600.0,
			"onUnauthenticatedRequest": "authenticate",
		},
	}, actions[0])
	require.Equal(t, "forward", actions[1].(map[string]any)["type"])
	require.Equal(t, 2.0, actions[1].(map[string]any)["order"])
	require.True(t, raw(t, record, listenerToken, "web-https").Inputs["defaultActions"].ContainsSecrets(), "the client secret is in clear in the state")
	// Nothing is forwarded past the login (docs/adr/0053).
	for _, rule := range record.Of("aws:lb/listenerRule:ListenerRule") {
		if rule.Name != "web-execution" {
			require.Equal(t, "web-https-no-execution", rule.Name)
			require.Equal(t, "fixed-response", one(t, record, "aws:lb/listenerRule:ListenerRule", rule.Name)["actions"].([]any)[0].(map[string]any)["type"])
		}
	}
	// The tasks' door asks nobody to log in.
	execution := one(t, record, listenerToken, "web-execution")["defaultActions"].([]any)
	require.Len(t, execution, 1)
	require.Equal(t, "fixed-response", execution[0].(map[string]any)["type"])
}

func TestTargetGroup(t *testing.T) {
	target := one(t, runLoadBalancer(t, nil), "aws:lb/targetGroup:TargetGroup", "web")
	require.Equal(t, "acme-airflow-test-web", target["name"])
	require.Equal(t, "ip", target["targetType"], "Fargate")
	require.Equal(t, 8080.0, target["port"])
	check := target["healthCheck"].(map[string]any)
	require.Equal(t, "/api/v2/monitor/health", check["path"])
	require.Equal(t, "200", check["matcher"])
	require.Less(t, check["timeout"], check["interval"])
}

func TestNameResolvesInsideTheVPC(t *testing.T) {
	own := runLoadBalancer(t, nil)
	zone := one(t, own, "aws:route53/zone:Zone", "web")
	require.Equal(t, "airflow.acme.com", zone["name"])
	require.Equal(t, []any{map[string]any{"vpcId": "vpc", "vpcRegion": "eu-west-1"}}, zone["vpcs"], "without a VPC the zone would be public")
	record := one(t, own, "aws:route53/record:Record", "web")
	require.Equal(t, "ZWEB", record["zoneId"])
	require.Equal(t, "airflow.acme.com", record["name"])
	require.Equal(t, []any{map[string]any{"name": "web.elb.mock", "zoneId": "ZWEB", "evaluateTargetHealth": true}}, record["aliases"])

	given := runLoadBalancer(t, func(a *LoadBalancerArgs) { a.ZoneID = "Z123" })
	require.Empty(t, given.Of("aws:route53/zone:Zone"))
	require.Equal(t, "Z123", one(t, given, "aws:route53/record:Record", "web")["zoneId"])
}
