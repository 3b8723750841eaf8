package components

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"
)

const (
	egressToken  = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
	ingressToken = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
)

func TestAllowMakesBothSidesOfAnEdge(t *testing.T) {
	a := Peer{Name: "a", SecurityGroupID: pulumi.String("sg-a")}
	b := Peer{Name: "b", SecurityGroupID: pulumi.String("sg-b")}
	people := Peer{Name: "people", CIDRs: []string{"10.0.0.0/8", "172.16.0.0/12"}}
	s3 := Peer{Name: "s3", PrefixListID: pulumi.String("pl-s3")}
	record := run(t, func(ctx *pulumi.Context) error {
		rules, err := Allow(ctx, []Edge{
			{From: a, To: b, Port: 5432, Why: "metadata"},
			{From: people, To: a, Port: 443, Why: "people"},
			{From: b, To: people, Port: 443, Why: "the IdP"},
			{From: b, To: s3, Port: 443, Why: "S3"},
		})
		require.Len(t, rules["a"], 4, "both halves of a to b, and one for each network of people")
		require.Len(t, rules["b"], 5)
		return err
	})
	rule := func(group, why string, port float64, peer map[string]any) map[string]any {
		all := map[string]any{"securityGroupId": group, "ipProtocol": "tcp", "fromPort": port, "toPort": port, "description": why}
		for key, value := range peer {
			all[key] = value
		}
		return all
	}
	want := map[string]map[string]any{
		egressToken + " a-to-b-5432":                    rule("sg-a", "metadata", 5432, map[string]any{"referencedSecurityGroupId": "sg-b"}),
		ingressToken + " a-to-b-5432":                   rule("sg-b", "metadata", 5432, map[string]any{"referencedSecurityGroupId": "sg-a"}),
		ingressToken + " people-to-a-443-10-0-0-0-8":    rule("sg-a", "people", 443, map[string]any{"cidrIpv4": "10.0.0.0/8"}),
		ingressToken + " people-to-a-443-172-16-0-0-12": rule("sg-a", "people", 443, map[string]any{"cidrIpv4": "172.16.0.0/12"}),
		egressToken + " b-to-people-443-10-0-0-0-8":     rule("sg-b", "the IdP", 443, map[string]any{"cidrIpv4": "10.0.0.0/8"}),
		egressToken + " b-to-people-443-172-16-0-0-12":  rule("sg-b", "the IdP", 443, map[string]any{"cidrIpv4": "172.16.0.0/12"}),
		egressToken + " b-to-s3-443":                    rule("sg-b", "S3", 443, map[string]any{"prefixListId": "pl-s3"}),
	}
	got := map[string]map[string]any{}
	for _, res := range record.All() {
		got[res.Type+" "+res.Name] = res.Plain()
	}
	require.Equal(t, want, got)
}

// A group is declared without rules: the provider then takes away EC2's own
// "everything may go out", and what is left are the edges.
func TestGroupsHaveNoRulesOfTheirOwn(t *testing.T) {
	record := runTasks(t, testConfig())
	require.NotEmpty(t, record.Of("aws:ec2/securityGroup:SecurityGroup"))
	for _, group := range record.Of("aws:ec2/securityGroup:SecurityGroup") {
		require.NotContains(t, group.Plain(), "ingress", group.Name)
		require.NotContains(t, group.Plain(), "egress", group.Name)
		require.NotEmpty(t, group.Plain()["description"], group.Name)
	}
}
