package platform

import (
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pathwai/airflow-on-fargate/config"
	"github.com/pathwai/airflow-on-fargate/internal/leastprivilege"
)

var writeRoles = flag.Bool("write-roles", false, "write docs/least-privilege.md anew")

const (
	reasonsFile = "../test/provider/permissions.yaml"
	rolesFile   = "../docs/least-privilege.md"
)

const rolesHeader = `# What every role may do, and why

Written by ` + "`make roles`" + ` from what the stacks declare; the reasons stand in
[test/provider/permissions.yaml](../test/provider/permissions.yaml). A test fails when a
role may do anything that stands there with no reason, when a reason serves
nobody, and when this page is out of date. ` + "`{role}`" + ` is the role's service,
the other words in braces come from the stack's settings.

Besides, the policies of the VPC endpoints admit only this account's principals
to this account's resources, the buckets refuse everybody outside it, and the
keys may be used through the named services alone.

`

// roleStacks are the real stacks, which the page shows, and further settings,
// which have permissions of their own.
func roleStacks() map[string]func(*config.Config) {
	return map[string]func(*config.Config){
		"dev":              nil,
		"prod":             nil,
		"dev without exec": func(c *config.Config) { c.Services.Exec = false },
		"dev with a login at the IdP": func(c *config.Config) {
			c.Login.Mode = config.LoginFAB
			c.Login.IdPCIDRs = []string{"10.9.0.0/16"}
		},
		"dev out of hours": func(c *config.Config) {
			c.Schedule.Stop, c.Schedule.Start = "cron(0 20 ? * MON-FRI *)", "cron(0 6 ? * MON-FRI *)"
		},
		"dev with policies for DAGs": func(c *config.Config) {
			c.WorkerPools[0].PolicyARNs = []string{"arn:aws:iam::" + c.AccountID + ":policy/for-tests"}
			c.Services.Triggerer.PolicyARNs = []string{"arn:aws:iam::" + c.AccountID + ":policy/for-tests"}
		},
		"dev with secrets for DAGs": func(c *config.Config) {
			c.WorkerPools[0].Secrets = map[string]string{"DWH": "arn:aws:secretsmanager:" + c.Region + ":" + c.AccountID + ":secret:for-tests-AbCdEf:uri::"}
			c.SecretsBackend = config.SecretsBackend{ConnectionsPrefix: "airflow/connections", VariablesPrefix: "airflow/variables"}
		},
	}
}

// stackOf loads the stack that is the first word of a name, and changes it.
func stackOf(t *testing.T, name string, change func(*config.Config)) *config.Config {
	t.Helper()
	stack, _, _ := strings.Cut(name, " ")
	cfg := loadStack(t, stack)
	if change != nil {
		change(cfg)
	}
	return cfg
}

// TestLeastPrivilege: each permission of each role has exactly one reason, each
// reason is somebody's, and the page says what is so.
func TestLeastPrivilege(t *testing.T) {
	t.Setenv("PULUMI_CONFIG", `{"airflow:oidcClientSecret":"of-a-test"}`)
	reasons, err := leastprivilege.Reasons(reasonsFile)
	require.NoError(t, err)
	used := map[*leastprivilege.Reason]int{}
	roles, grants, prefixes := map[string][]leastprivilege.Role{}, map[string][]leastprivilege.Explained{}, map[string]string{}
	for name, change := range roleStacks() {
		cfg := stackOf(t, name, change)
		found, granted, err := leastprivilege.Read(record(t, cfg))
		require.NoError(t, err, name)
		require.GreaterOrEqual(t, len(found), 13, name)
		require.GreaterOrEqual(t, len(granted), 80, name)
		explained, faults := leastprivilege.Explain(roleStack(cfg), granted, reasons, used)
		require.Empty(t, faults, "%s: say in %s what it is needed for, or take it away", name, reasonsFile)
		roles[name], grants[name], prefixes[name] = found, explained, cfg.Prefix()
	}
	for i := range reasons {
		require.NotZero(t, used[&reasons[i]], "%s: no role has %v on %s", reasonsFile, reasons[i].Actions, reasons[i].Resource)
	}
	page := rolesHeader + leastprivilege.Tables([]string{"dev", "prod"}, roles, grants, prefixes)
	if *writeRoles {
		require.NoError(t, os.WriteFile(rolesFile, []byte(page), 0o644))
	}
	written, err := os.ReadFile(rolesFile)
	require.NoError(t, err)
	require.True(t, string(written) == page, "%s is out of date: make roles", rolesFile)
}

func roleStack(cfg *config.Config) leastprivilege.Stack {
	b := cfg.Buckets
	return leastprivilege.Stack{Prefix: cfg.Prefix(), Values: map[string]string{
		"account": cfg.AccountID, "region": cfg.Region,
		"dags": b.DAGs, "dagsPrefix": b.DAGsPrefix, "pluginsPrefix": b.PluginsPrefix, "logs": b.Logs, "logsPrefix": b.LogsPrefix,
	}}
}
