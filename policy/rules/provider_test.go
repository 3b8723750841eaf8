package rules

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pathwai/airflow-on-fargate/policy/internal/cases"
)

// What leads to the internet, which names are answered for, and a VPC of somebody
// else's are said in every preview.
func TestWhatLeadsElsewhereIsTold(t *testing.T) {
	told := func(group string) []string {
		var lines []string
		for _, f := range analyze(Options{Preview: true}, cases.Compliant()[group]) {
			if f.Policy == JoinsName {
				lines = append(lines, f.Message)
			}
		}
		slices.Sort(lines)
		return lines
	}
	require.Equal(t, []string{
		"a VPN gateway's attachment: vgw-1",
		"a route to 20.190.128.0/18, on the internet",
		"a route to 20.190.128.0/18, on the internet",
		"a route to 203.0.113.0/24, on the internet",
		"connections to 20.190.128.0/18, on the internet: asks the provider",
		"connections to 20.190.128.0/18, on the internet: asks the provider",
		"connections to 203.0.113.0/24, on the internet: asks the provider",
		"it is in vpc-1, which the stack doesn't make: its routes, its endpoints, the names that its resolver answers for, and its logs are its owner's, and no rule here has seen them",
	}, told("asking"))
	require.Equal(t, []string{"the resolver answers for db.example.com"}, told("network"))
	const why = "people and the warehouse"
	require.Equal(t, []string{
		"a Cloud WAN attachment: core-network-1, because: " + why,
		"a VPC peering connection: pcx-1, because: " + why,
		"a VPN gateway's attachment: vgw-1",
		"a route to 100.64.0.0/16", "a route to 172.16.0.0/16", "a route to 172.17.0.0/16", "a route to 172.18.0.0/16",
		"a transit gateway attachment: tgw-1, because: " + why,
		"accounts beside the stack's own: 111111111111",
		"an endpoint that answers questions from outside the VPC",
		"connections to 172.16.1.0/24: " + why,
		"connections to prefix list pl-1, whose networks are its owner's: " + why,
		"connections to security group sg-2: " + why,
		"resources beside the stack's own: arn:aws:s3:::theirs, arn:aws:s3:::theirs/*",
		"resources beside the stack's own: arn:aws:sqs:us-east-1:111111111111:jobs",
		"somebody else's service: com.amazonaws.vpce.us-east-1.vpce-svc-0123456789abcdef0, because: " + why,
		"the resolver answers for db.example.com",
	}, told("joined"))
}

func TestProviderNetworks(t *testing.T) {
	for block, narrow := range map[string]bool{
		"20.190.128.0/18": true, "203.0.113.7/32": true,
		"20.190.0.0/17": false, "0.0.0.0/0": false, "10.0.0.0/24": false, "100.64.0.0/24": false, "169.254.169.254/32": false, "127.0.0.1/32": false,
		"224.0.0.1/32": false, "255.255.255.255/32": false, "0.0.0.0/32": false, "2603:1006::/40": false, "": false, "pl-1": false,
	} {
		require.Equal(t, narrow, providerNetwork(block), block)
	}
}

// Where the pack's settings name the networks that the VPC may be joined to, an
// identity provider's must be among them.
func TestJoinedNetworksNameTheProvider(t *testing.T) {
	refused := func(networks ...any) []string {
		config := map[string]map[string]any{SettingsName: {"joinedNetworks": networks}}
		return slices.DeleteFunc(brief(analyze(Options{Preview: true, Config: config}, cases.Compliant()["asking"])), func(line string) bool {
			return strings.HasPrefix(line, JoinsName)
		})
	}
	require.Equal(t, []string{"no-other-way-out to-provider", "no-other-way-out to-provider-by-vpn", "no-other-way-out to-provider-too"}, refused("10.0.0.0/8"))
	require.Empty(t, refused("20.190.128.0/18", "203.0.113.0/24"))
}
