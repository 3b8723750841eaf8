package platform

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pathwai/airflow-on-fargate/config"
	"github.com/pathwai/airflow-on-fargate/internal/recorder"
)

// reachable is who may open connections to whom, on which ports: all of it,
// written down apart from the program's own table.
const reachable = `
clients       -> alb            80, 443
alb           -> api-server     8080
api-server    -> database       5432
api-server    -> files          2049
api-server    -> triggerer      8794
api-server    -> worker         8793
api-server    -> endpoints      443
api-server    -> s3             443
scheduler     -> database       5432
scheduler     -> broker         6379
scheduler     -> files          2049
scheduler     -> endpoints      443
scheduler     -> s3             443
dag-processor -> database       5432
dag-processor -> files          2049
dag-processor -> endpoints      443
dag-processor -> s3             443
triggerer     -> database       5432
triggerer     -> files          2049
triggerer     -> endpoints      443
triggerer     -> s3             443
worker        -> alb            8443
worker        -> broker         6379
worker        -> files          2049
worker        -> endpoints      443
worker        -> s3             443
dagsync       -> files          2049
dagsync       -> endpoints      443
dagsync       -> s3             443
cleanup       -> database       5432
cleanup       -> endpoints      443
cleanup       -> s3             443
`

// heavyPool is what prod's second pool has beyond that.
const heavyPool = `
api-server    -> worker-heavy   8793
worker-heavy  -> alb            8443
worker-heavy  -> broker         6379
worker-heavy  -> files          2049
worker-heavy  -> endpoints      443
worker-heavy  -> s3             443
`

func TestReachability(t *testing.T) {
	t.Setenv("PULUMI_CONFIG", `{"airflow:oidcClientSecret":"of-a-test"}`)
	withIdP := func(mode string) func(*config.Config) {
		return func(cfg *config.Config) {
			cfg.Login.Mode, cfg.Login.IdPCIDRs = mode, []string{"10.9.0.0/24"}
			cfg.LoadBalancer.ClientCIDRs = []string{"10.0.0.0/8"}
		}
	}
	withPublicIdP := func(mode string) func(*config.Config) {
		return func(cfg *config.Config) {
			cfg.Network.Joins = []config.Join{{Kind: config.JoinTransitGateway, ID: "tgw-0123456789abcdef0", Routes: []string{"172.20.0.0/16"}, Why: "the hub"}}
			cfg.Login.Mode = mode
			cfg.Login.PublicIdP = config.PublicIdP{CIDRs: []string{"20.190.128.0/18"}, Through: "tgw-0123456789abcdef0", Why: "Entra ID"}
			cfg.LoadBalancer.ClientCIDRs = []string{"10.0.0.0/8"}
		}
	}
	for name, c := range map[string]struct {
		stack  string
		change func(*config.Config)
		want   string
	}{
		"dev":                                  {"dev", func(*config.Config) {}, reachable},
		"prod":                                 {"prod", func(*config.Config) {}, reachable + heavyPool},
		"dev, login alb":                       {"dev", withIdP(config.LoginALB), reachable + "alb -> idp 443"},
		"prod, login fab":                      {"prod", withIdP(config.LoginFAB), reachable + heavyPool + "api-server -> idp 443"},
		"dev, login alb, IdP on the internet":  {"dev", withPublicIdP(config.LoginALB), reachable + "alb -> idp 443"},
		"prod, login fab, IdP on the internet": {"prod", withPublicIdP(config.LoginFAB), reachable + heavyPool + "api-server -> idp 443"},
		"dev, no Exec":                         {"dev", func(cfg *config.Config) { cfg.Services.Exec = false }, reachable},
		"dev, off-hours": {"dev", func(cfg *config.Config) {
			cfg.Schedule.Stop, cfg.Schedule.Start = "cron(0 20 ? * * *)", "cron(0 6 ? * * *)"
		}, reachable},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := loadStack(t, c.stack, c.change)
			if cfg.Services.Exec { // the way in of ops open
				c.want += "\napi-server -> alb 443"
			}
			require.Equal(t, parseReach(t, c.want), reach(t, record(t, cfg)))
		})
	}
}

// parseReach turns the matrix into lines of one port each.
func parseReach(t *testing.T, matrix string) []string {
	t.Helper()
	var lines []string
	for _, line := range strings.Split(strings.TrimSpace(matrix), "\n") {
		fields := strings.Fields(strings.ReplaceAll(line, ",", ""))
		if len(fields) == 0 {
			continue
		}
		require.GreaterOrEqual(t, len(fields), 4, line)
		for _, port := range fields[3:] {
			lines = append(lines, fmt.Sprintf("%s -> %s:%s", fields[0], fields[2], port))
		}
	}
	slices.Sort(lines)
	return lines
}

// reach derives from the recorded rules who can talk to whom. A connection
// between two groups needs a rule on both sides; half an edge is reported as
// what it is.
func reach(t *testing.T, declared *recorder.Record) []string {
	t.Helper()
	groups := map[string]string{}
	for _, group := range declared.Of("aws:ec2/securityGroup:SecurityGroup") {
		groups[group.Name+"-id"] = strings.Replace(group.Name, "web", "alb", 1)
		require.NotContains(t, group.Plain(), "ingress", "rules beside the table")
		require.NotContains(t, group.Plain(), "egress", "rules beside the table")
	}
	name := func(id any) string {
		group, known := groups[id.(string)]
		require.True(t, known, "a rule with a group that isn't declared: %v", id)
		return group
	}
	out, in := map[string]bool{}, map[string]bool{}
	for _, rule := range declared.Of("aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule") {
		to := peer(t, rule, name)
		key := fmt.Sprintf("%s -> %s:%s", name(rule.Plain()["securityGroupId"]), to, port(t, rule))
		require.False(t, out[key], "twice: %s", key)
		out[key] = true
	}
	for _, rule := range declared.Of("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule") {
		from := peer(t, rule, name)
		key := fmt.Sprintf("%s -> %s:%s", from, name(rule.Plain()["securityGroupId"]), port(t, rule))
		require.False(t, in[key], "twice: %s", key)
		in[key] = true
	}
	var all []string
	for key := range out {
		switch {
		case in[key], strings.Contains(key, "-> s3:"), strings.Contains(key, "-> idp:"):
			all = append(all, key)
		default:
			all = append(all, key+" (nobody lets it in)")
		}
	}
	for key := range in {
		switch {
		case out[key]:
		case strings.HasPrefix(key, "clients ->"):
			all = append(all, key)
		default:
			all = append(all, key+" (nobody lets it out)")
		}
	}
	slices.Sort(all)
	return all
}

// peer names the other side of a rule, of which there is exactly one.
func peer(t *testing.T, rule recorder.Resource, name func(any) string) string {
	t.Helper()
	inputs := rule.Plain()
	require.NotContains(t, inputs, "cidrIpv6")
	var found []string
	if id, ok := inputs["referencedSecurityGroupId"]; ok {
		found = append(found, name(id))
	}
	if id, ok := inputs["prefixListId"]; ok {
		require.Equal(t, "pl-endpoints-s3", id)
		found = append(found, "s3")
	}
	switch inputs["cidrIpv4"] {
	case nil:
	case "10.0.0.0/8":
		found = append(found, "clients")
	case "10.9.0.0/24", "20.190.128.0/18":
		found = append(found, "idp")
	default:
		t.Fatalf("%s: a network that nobody configured: %v", rule.Name, inputs["cidrIpv4"])
	}
	require.Len(t, found, 1, rule.Name)
	return found[0]
}

func port(t *testing.T, rule recorder.Resource) string {
	t.Helper()
	inputs := rule.Plain()
	require.Equal(t, "tcp", inputs["ipProtocol"], rule.Name)
	require.Equal(t, inputs["fromPort"], inputs["toPort"], "%s: a range of ports", rule.Name)
	require.NotEmpty(t, inputs["description"], rule.Name)
	return fmt.Sprint(inputs["fromPort"])
}
