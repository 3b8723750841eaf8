package engine

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"
)

// settingsOver is dev's file with settings laid over, group by group.
func settingsOver(t *testing.T, changes string) string { return laidOver(t, "dev", changes) }

func laidOver(t *testing.T, stack, changes string) string {
	t.Helper()
	text, err := os.ReadFile(root + "/Pulumi." + stack + ".yaml")
	require.NoError(t, err)
	var file struct {
		Config map[string]any `yaml:"config"`
	}
	require.NoError(t, yaml.Unmarshal(text, &file))
	var over map[string]any
	require.NoError(t, yaml.Unmarshal([]byte(changes), &over))
	for group, value := range over {
		full := "airflow:" + group
		below, wasMap := file.Config[full].(map[string]any)
		settings, isMap := value.(map[string]any)
		if !wasMap || !isMap {
			file.Config[full] = value
			continue
		}
		for name, setting := range settings {
			below[name] = setting
		}
	}
	written, err := yaml.Marshal(file)
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), "Pulumi."+stack+".yaml")
	require.NoError(t, os.WriteFile(path, written, 0o600))
	return path
}

// pool is dev's, with more.
const pool = `workerPools: [{name: default, queues: [default], concurrency: 4, cpu: 1024, memory: 4096, min: 0, max: 10, onDemandBase: 0, spotPercent: 100, `

// login is one at an IdP on the internet, over a join.
func login(mode, through string) string {
	return `
login: {mode: ` + mode + `, clientId: airflow, issuer: "https://login.microsoftonline.com/t/v2.0", authorizationEndpoint: "https://login.microsoftonline.com/t/oauth2/v2.0/authorize",
  tokenEndpoint: "https://login.microsoftonline.com/t/oauth2/v2.0/token", userInfoEndpoint: "https://graph.microsoft.com/oidc/userinfo", roles: {data: User},
  publicIdp: {cidrs: [20.190.128.0/18, 40.126.0.0/18], through: "` + through + `", why: Entra ID}}
oidcClientSecret: {secure: AAABAExample}`
}

// variants are stacks that reach beyond the platform: each passes the policy
// pack without exceptions, and the preview lists what leads elsewhere.
var variants = map[string]struct {
	settings string
	lists    []string
}{
	"existing VPC": {`
network: {vpcId: vpc-0123456789abcdef0, subnetIds: [subnet-0123456789abcdef1, subnet-0123456789abcdef2], routeTableIds: [rtb-0123456789abcdef1]}
endpoints: {existing: [s3, ecr.api]}`,
		[]string{"connections to security group sg-", ": AWS APIs over endpoints of the existing VPC", "it is in vpc-0123456789abcdef0, which the stack doesn't make: its routes, its endpoints, the names that its resolver answers for, and its logs are its owner's"}},
	"transit gateway": {`
network: {joins: [{kind: transitGateway, id: tgw-0123456789abcdef0, routes: [172.16.0.0/12, 192.168.0.0/16], why: offices}], resolver: {inbound: true, clientCidrs: [172.16.0.0/16]}}
loadBalancer: {clientCidrs: [172.16.0.0/12], zoneVpcs: [vpc-0123456789abcdef1]}`,
		[]string{"a transit gateway attachment: tgw-0123456789abcdef0, because: offices", "a route to 172.16.0.0/12", "a route to 192.168.0.0/16", "an endpoint that answers questions from outside the VPC"}},
	"peering": {`
network: {joins: [{kind: peering, id: pcx-0123456789abcdef0, routes: [172.20.0.0/16], why: the warehouse}], dnsAllow: ["*.warehouse.example.com"]}
loadBalancer: {zoneId: Z0123456789}
` + pool + `egress: [{to: 172.20.1.0/24, ports: [5432], why: the warehouse}]}]`,
		[]string{"a VPC peering connection: pcx-0123456789abcdef0, because: the warehouse", "connections to 172.20.1.0/24: the warehouse",
			"the resolver answers for *.warehouse.example.com, airflow.dev.pathwai.com"}},
	"IdP on the internet, asked by the load balancer": {`
network: {joins: [{kind: transitGateway, id: tgw-0123456789abcdef0, routes: [172.16.0.0/16], why: "offices, and the way out of the hub"}]}
` + login("alb", "tgw-0123456789abcdef0"),
		[]string{"a route to 20.190.128.0/18, on the internet", "connections to 20.190.128.0/18, on the internet: the load balancer asks the IdP on the internet: Entra ID", "login.microsoftonline.com"}},
	"IdP on the internet, asked by Airflow": {`
network: {joins: [{kind: coreNetwork, id: core-network-0123456789abcdef0, routes: [172.16.0.0/16], why: the company}]}
` + login("fab", "core-network-0123456789abcdef0"),
		[]string{"a route to 20.190.128.0/18, on the internet", "connections to 20.190.128.0/18, on the internet: Airflow asks the IdP on the internet: Entra ID", "login.microsoftonline.com"}},
	"IdP on the internet, in an existing VPC": {`
network: {vpcId: vpc-0123456789abcdef0, subnetIds: [subnet-0123456789abcdef1, subnet-0123456789abcdef2], routeTableIds: [rtb-0123456789abcdef1]}
` + login("alb", ""),
		[]string{"connections to 20.190.128.0/18, on the internet"}},
	"VPN gateway":  {`network: {joins: [{kind: vpnGateway, id: vgw-0123456789abcdef0, routes: [192.168.4.0/24], why: the office}]}`, []string{"a VPN gateway's attachment: vgw-0123456789abcdef0"}},
	"core network": {`network: {joins: [{kind: coreNetwork, id: core-network-0123456789abcdef0, routes: [10.96.0.0/16], why: the company}]}`, []string{"a Cloud WAN attachment: core-network-0123456789abcdef0"}},
	"PrivateLink": {`
endpoints: {services: [{name: com.amazonaws.vpce.us-east-1.vpce-svc-0123456789abcdef0, ports: [443], why: a partner}], extra: [email-smtp, dynamodb, {service: sqs, zones: [us-east-1b]}],
  trustedAccounts: ["111111111111"], trustedBuckets: [partner-exports]}`,
		[]string{"somebody else's service: com.amazonaws.vpce.us-east-1.vpce-svc-0123456789abcdef0, because: a partner", "accounts beside the stack's own: 111111111111",
			"resources beside the stack's own: arn:aws:s3:::partner-exports, arn:aws:s3:::partner-exports/*"}},
	"an endpoint without private DNS": {`endpoints: {extra: [{service: execute-api, privateDns: false}, com.amazonaws.route53]}`, nil},
	"groups and lists of others": {pool + `egress: [{to: sg-0123456789abcdef0, ports: [9092], why: Kafka}, {to: pl-0123456789abcdef0, ports: [443], why: partners}]}]`,
		[]string{"connections to security group sg-0123456789abcdef0: Kafka", "connections to prefix list pl-0123456789abcdef0, whose networks are its owner's: partners"}},
	"out of hours": {`schedule: {stop: "cron(0 20 ? * MON-FRI *)", start: "cron(0 6 ? * MON-FRI *)", timezone: Europe/Berlin}`, nil},
	"secrets": {`
secretsBackend: {connectionsPrefix: airflow/connections, variablesPrefix: airflow/variables}
` + pool + `secrets: {AIRFLOW_CONN_DWH: "arn:aws:secretsmanager:us-east-1:381492153064:secret:dwh-AbCdEf"}, environment: {TEAM: data}}]`, nil},
}

func TestVariantsPassThePolicyPack(t *testing.T) {
	for name, variant := range variants {
		t.Run(name, func(t *testing.T) {
			printed, err := engine(t, []string{"STACK_FILE=" + settingsOver(t, variant.settings)},
				"scripts/pulumi", "dev", "preview", "--non-interactive", "--policy-pack", pack(t))
			require.NoError(t, err, printed)
			for _, line := range variant.lists {
				assert.Contains(t, printed, line)
			}
		})
	}
}

// allAtOnce is everything that a stack with a VPC of its own may have beyond the platform.
const allAtOnce = `
network:
  joins:
    - {kind: transitGateway, id: tgw-0123456789abcdef0, routes: [172.16.0.0/12], why: the hub}
    - {kind: peering, id: pcx-0123456789abcdef0, routes: [192.168.4.0/24, 172.20.0.0/16], why: the warehouse}
    - {kind: vpnGateway, id: vgw-0123456789abcdef0, routes: [192.168.5.0/24, 100.64.0.0/16], why: the office}
    - {kind: coreNetwork, id: core-network-0123456789abcdef0, routes: [10.128.0.0/9], why: the company}
  resolver: {inbound: true, clientCidrs: [172.16.0.0/12]}
  dnsAllow: ["*.warehouse.example.com"]
loadBalancer: {zoneId: Z0123456789, zoneVpcs: [vpc-0123456789abcdef1], clientCidrs: [172.16.0.0/12]}
endpoints:
  extra: [email-smtp, dynamodb, {service: sqs, policy: ownAccount}]
  services: [{name: com.amazonaws.vpce.us-east-1.vpce-svc-0123456789abcdef0, ports: [443, 8443], privateDns: true, zones: [us-east-1b], why: a partner}]
  trustedAccounts: ["111111111111"]
  trustedBuckets: [partner-exports]
services:
  exec: true
  apiServer: {egress: [{to: 172.20.1.0/24, ports: [443], why: links}]}
  triggerer:
    egress: [{to: sg-0123456789abcdef0, ports: [5432], why: the warehouse}, {to: pl-0123456789abcdef0, ports: [443], why: partners}]
    policyArns: ["arn:aws:iam::381492153064:policy/x"]
    secrets: {X: "arn:aws:secretsmanager:us-east-1:381492153064:secret:x-AbCdEf"}
    environment: {TEAM: data}
secretsBackend: {connectionsPrefix: airflow/connections, variablesPrefix: airflow/variables}
schedule: {stop: "cron(0 20 ? * MON-FRI *)", start: "cron(0 6 ? * MON-FRI *)"}
`

func TestEverythingAtOncePassesThePolicyPack(t *testing.T) {
	for _, stack := range []string{"dev", "prod"} {
		t.Run(stack, func(t *testing.T) {
			printed, err := engine(t, []string{"STACK_FILE=" + laidOver(t, stack, allAtOnce+login("alb", "tgw-0123456789abcdef0"))},
				"scripts/pulumi", stack, "preview", "--non-interactive", "--policy-pack", pack(t))
			require.NoError(t, err, printed)
		})
	}
}

// What is wider than it must be is refused before anything is planned, all of
// it at once.
func TestWiderVariantsAreRefused(t *testing.T) {
	printed, err := engine(t, []string{"STACK_FILE=" + settingsOver(t, `
network: {joins: [{kind: peering, id: pcx-0123456789abcdef0, routes: [0.0.0.0/0, 203.0.113.0/24, 10.0.0.0/8], why: everything}]}
endpoints: {trustedAccounts: ["*"]}
`+pool+`egress: [{to: 0.0.0.0/0, ports: [443], why: everything}], policyArns: ["arn:aws:iam::111111111111:policy/x"]}]`)},
		"scripts/pulumi", "dev", "preview", "--non-interactive", "--policy-pack", pack(t))
	require.Error(t, err)
	assert.Contains(t, printed, "the configuration has 6 faults; nothing was planned:")
}

// What a policy document of the stack's own opens, the pack reads.
func TestEndpointPoliciesForOthersAreRefused(t *testing.T) {
	of := func(service, resource, condition string) string {
		return `{service: ` + service + `, policy: '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "` + resource + `"` + condition + `}]}'}`
	}
	printed, err := engine(t, []string{"STACK_FILE=" + settingsOver(t, `endpoints: {extra: [`+strings.Join([]string{
		of("sqs", "*", ""), of("sns", "arn:aws:sns:us-east-1:111111111111:theirs", ""), of("athena", "*", `, "Condition": {"StringEquals": {"aws:ResourceAccount": "111111111111"}}`),
		of("events", "*", `, "Condition": {"StringEquals": {"aws:PrincipalAccount": "381492153064", "aws:ResourceAccount": "381492153064"}}`),
	}, ", ")+`]}`)}, "scripts/pulumi", "dev", "preview", "--non-interactive", "--policy-pack", pack(t))
	require.Error(t, err)
	for _, line := range []string{
		"endpoint-policy  (aws:ec2:VpcEndpoint: endpoints-sqs)", "statement 1 admits anybody to *.",
		"endpoint-own-account  (aws:ec2:VpcEndpoint: endpoints-sns)", "lets others' credentials use arn:aws:sns:us-east-1:111111111111:theirs",
		"endpoint-own-account  (aws:ec2:VpcEndpoint: endpoints-athena)", "names [111111111111] in aws:ResourceAccount, and not the stack's own account 381492153064.",
	} {
		assert.Contains(t, printed, line)
	}
	assert.NotContains(t, printed, "endpoints-events)")
}

// What only AWS knows of a stack's egress is asked before anything is planned.
func TestAPrefixListOfEverythingIsRefused(t *testing.T) {
	printed, err := engine(t, []string{"STACK_FILE=" + settingsOver(t, pool+`egress: [{to: pl-00000000, ports: [443], why: partners}]}]`)},
		"scripts/pulumi", "dev", "preview", "--non-interactive", "--policy-pack", pack(t))
	require.Error(t, err)
	assert.Contains(t, printed, `airflow:workerPools[0].egress[0].to is "pl-00000000": a prefix list of private networks (RFC 1918 or 6598) outside the VPC, each from /16 to /32; this one has 0.0.0.0/0`)
	assert.NotContains(t, printed, "aws:ec2:")
}

// A service that takes no endpoint policy is a way out for data: the pack wants
// somebody to answer for it.
func TestEndpointWithoutAPolicyNeedsAnException(t *testing.T) {
	settings := "STACK_FILE=" + settingsOver(t, `endpoints: {extra: [{service: transfer, policy: none}]}`)
	preview := []string{"dev", "preview", "--non-interactive", "--policy-pack", pack(t)}
	printed, err := engine(t, []string{settings}, "scripts/pulumi", preview...)
	require.Error(t, err, printed)
	assert.Contains(t, printed, "endpoint-policy-declared  (aws:ec2:VpcEndpoint: endpoints-transfer)")
	assert.Contains(t, printed, "What: policy is not set, which admits everything.")

	config := filepath.Join(t.TempDir(), "exceptions.json")
	require.NoError(t, os.WriteFile(config, []byte(`{"pack-settings": {"exceptions": [{
		"policy": "endpoint-policy-declared", "owner": "@pathwai/network", "expires": "`+time.Now().UTC().AddDate(0, 0, 30).Format(time.DateOnly)+`",
		"resource": "urn:pulumi:dev::airflow::*aws:ec2/vpcEndpoint:VpcEndpoint::endpoints-transfer", "reason": "the service takes no policy, and its servers are ours"}]}}`), 0o600))
	printed, err = engine(t, []string{settings}, "scripts/pulumi", append(preview, "--policy-pack-config", config)...)
	require.NoError(t, err, printed)
	assert.Contains(t, printed, "the service takes no policy, and its servers are ours")
}
