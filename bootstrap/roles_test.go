package main

import (
	"encoding/json"
	"flag"
	"os"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"

	"github.com/pathwai/airflow-on-fargate/config"
	"github.com/pathwai/airflow-on-fargate/internal/recorder"
)

var update = flag.Bool("update", false, "write testdata/roles.json")

func example(t *testing.T) settings {
	t.Helper()
	s := settings{region: "us-east-1", account: "381492153064", org: "pathwai", bucket: "pathwai-airflow-state", repository: "o/r", blockPublicAccess: "off"}
	for _, name := range []string{"dev", "prod"} {
		e, err := s.environment("..", name)
		require.NoError(t, err)
		s.environments = append(s.environments, e)
	}
	return s
}

func declared(t *testing.T, s settings) *recorder.Record {
	t.Helper()
	record, err := recorder.Run("bootstrap", func(ctx *pulumi.Context) error {
		if err := newRoles(ctx, s, pulumi.Protect(false)); err != nil {
			return err
		}
		return newAccount(ctx, s, pulumi.Protect(false))
	})
	require.NoError(t, err)
	return record
}

// An account has one identity provider of GitHub: a second one is refused.
func TestProviderOfGitHubCanBeTheAccounts(t *testing.T) {
	const provider = "aws:iam/openIdConnectProvider:OpenIdConnectProvider"
	s := example(t)
	require.Len(t, declared(t, s).Of(provider), 1)
	s.reuseProvider = true
	reused := declared(t, s)
	require.Empty(t, reused.Of(provider))
	role, err := reused.One("aws:iam/role:Role", "prod-deploy")
	require.NoError(t, err)
	require.Contains(t, role.Plain()["assumeRolePolicy"], "arn:aws:iam::381492153064:oidc-provider/token.actions.githubusercontent.com")
}

func TestBlockOfPublicAccessIsAChoice(t *testing.T) {
	const block = "aws:ec2/vpcBlockPublicAccessOptions:VpcBlockPublicAccessOptions"
	s := example(t)
	require.Empty(t, declared(t, s).Of(block))
	s.blockPublicAccess = "block-bidirectional"
	made, err := declared(t, s).One(block, "block")
	require.NoError(t, err)
	require.Equal(t, "block-bidirectional", made.Plain()["internetGatewayBlockMode"])
}

// roleDocuments are what a role trusts and may do.
type roleDocuments struct {
	Trust    json.RawMessage   `json:"trust"`
	Managed  []string          `json:"managed,omitempty"`
	Policies []json.RawMessage `json:"policies,omitempty"`
}

// TestRoleDocuments keeps testdata/roles.json, the declared documents of every
// role and boundary, which the simulation of policies reads (test/provider).
func TestRoleDocuments(t *testing.T) {
	record := declared(t, example(t))
	documents, roles, boundaries := map[string]string{}, map[string]*roleDocuments{}, map[string]json.RawMessage{}
	for _, policy := range record.Of("aws:iam/policy:Policy") {
		text := policy.Plain()["policy"].(string)
		// IAM counts without white space, of which the documents have none.
		require.LessOrEqual(t, utf8.RuneCountInString(text), 6144, "%s: a managed policy is at most 6144 characters long", policy.Name)
		documents[policy.Name] = text
		if environment, is := strings.CutSuffix(policy.Name, "-boundary"); is {
			boundaries[environment] = json.RawMessage(text)
		}
	}
	for _, role := range record.Of("aws:iam/role:Role") {
		roles[role.Name] = &roleDocuments{Trust: json.RawMessage(role.Plain()["assumeRolePolicy"].(string))}
	}
	for _, inline := range record.Of("aws:iam/rolePolicy:RolePolicy") {
		text := inline.Plain()["policy"].(string)
		require.LessOrEqual(t, utf8.RuneCountInString(text), 10240, "%s: the inline policies of a role are at most 10240 characters long", inline.Name)
		roles[inline.Name].Policies = append(roles[inline.Name].Policies, json.RawMessage(text))
	}
	for _, attached := range record.Of("aws:iam/rolePolicyAttachment:RolePolicyAttachment") {
		if text, own := documents[attached.Name]; own {
			role := attached.Name[:strings.LastIndex(attached.Name, "-")]
			roles[role].Policies = append(roles[role].Policies, json.RawMessage(text))
			continue
		}
		roles[attached.Name].Managed = append(roles[attached.Name].Managed, attached.Plain()["policyArn"].(string))
	}
	encoded, err := json.MarshalIndent(map[string]any{"roles": roles, "boundaries": boundaries}, "", "  ")
	require.NoError(t, err)
	if *update {
		require.NoError(t, os.MkdirAll("testdata", 0o755))
		require.NoError(t, os.WriteFile("testdata/roles.json", append(encoded, '\n'), 0o600))
	}
	kept, err := os.ReadFile("testdata/roles.json")
	require.NoError(t, err)
	require.JSONEq(t, string(kept), string(encoded), "go test ./bootstrap -update")
}

// The longest names that the settings take still fit, with two joins of every kind.
func TestPoliciesOfTheLongestNames(t *testing.T) {
	s := example(t)
	s.org = strings.Repeat("o", 11)
	for i := range s.environments {
		e := &s.environments[i]
		e.org, e.name, e.bucket = s.org, strings.Repeat(string(rune('a'+i)), 8), strings.Repeat("s", 63)
		e.stack.Buckets.DAGs, e.stack.Buckets.Logs, e.stack.Buckets.AccessLogs = strings.Repeat("d", 63), strings.Repeat("l", 63), strings.Repeat("a", 63)
		e.stack.LoadBalancer.Hostname = strings.Repeat("h", 200)
		for kind, id := range map[string]string{
			config.JoinTransitGateway: "tgw", config.JoinPeering: "pcx", config.JoinVPNGateway: "vgw", config.JoinCoreNetwork: "core-network",
		} {
			for range 2 {
				e.stack.Network.Joins = append(e.stack.Network.Joins, config.Join{Kind: kind, ID: id + "-0123456789abcdef0"})
			}
		}
	}
	record := declared(t, s)
	for _, policy := range record.Of("aws:iam/policy:Policy") {
		require.LessOrEqual(t, len(policy.Plain()["policy"].(string)), 6144, policy.Name)
	}
	for _, inline := range record.Of("aws:iam/rolePolicy:RolePolicy") {
		require.LessOrEqual(t, len(inline.Plain()["policy"].(string)), 10240, inline.Name)
	}
}

// What a join names may be joined, and nothing of its kind besides; without joins nothing.
func TestJoinsAreAllowedOneByOne(t *testing.T) {
	s := example(t)
	resources := func(sid string) []string {
		for _, statement := range joinChanges(s.environments[0]) {
			if statement.Sid == sid {
				return statement.Resource
			}
		}
		return nil
	}
	kinds := []struct{ kind, id, sid, arn string }{
		{config.JoinTransitGateway, "tgw-0123456789abcdef0", "JoinTransitGateways", "arn:aws:ec2:us-east-1:*:transit-gateway/tgw-0123456789abcdef0"},
		{config.JoinPeering, "pcx-0123456789abcdef0", "AcceptPeerings", "arn:aws:ec2:us-east-1:381492153064:vpc-peering-connection/pcx-0123456789abcdef0"},
		{config.JoinVPNGateway, "vgw-0123456789abcdef0", "AttachVPNGateways", "arn:aws:ec2:us-east-1:381492153064:vpn-gateway/vgw-0123456789abcdef0"},
		{config.JoinCoreNetwork, "core-network-0123456789abcdef0", "JoinCoreNetworks", "arn:aws:networkmanager::*:core-network/core-network-0123456789abcdef0"},
	}
	for _, join := range kinds {
		require.Nil(t, resources(join.sid))
		s.environments[0].stack.Network.Joins = []config.Join{{Kind: join.kind, ID: join.id}}
		require.Equal(t, []string{join.arn}, resources(join.sid))
	}
	require.Nil(t, resources("InExistingNetwork"))
	n := &s.environments[0].stack.Network
	n.VPCID, n.SubnetIDs, n.RouteTableIDs = "vpc-0123456789abcdef0", []string{"subnet-0123456789abcdef0"}, []string{"rtb-0123456789abcdef0"}
	require.Equal(t, s.environments[0].each("ec2", "vpc/"+n.VPCID, "subnet/"+n.SubnetIDs[0], "route-table/"+n.RouteTableIDs[0]), resources("InExistingNetwork"))
}
