package platform

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pathwai/airflow-on-fargate/config"
	"github.com/pathwai/airflow-on-fargate/internal/configdoc"
	"github.com/pathwai/airflow-on-fargate/internal/recorder"
)

type values = map[string]any

// otherValues is another valid value for every setting of dev.
var otherValues = values{
	"org": "acme", "accountId": "111111111111", "permissionsBoundaryArn": "arn:aws:iam::381492153064:policy/another", "tags": values{"Team": "data"},
	"network": values{
		"cidr": "10.41.0.0/16", "zones": []any{"us-east-1a", "us-east-1c"}, "subnetPrefix": 21, "flowLogRetentionDays": 7,
		"vpcId": "vpc-0123456789abcdef1", "subnetIds": []any{"subnet-0123456789abcdef3", "subnet-0123456789abcdef4"}, "routeTableIds": []any{"rtb-0123456789abcdef2"},
		"joins":    []any{values{"kind": "peering", "id": "pcx-0123456789abcdef0", "routes": []any{"172.20.0.0/16"}, "why": "the warehouse"}},
		"resolver": values{"inbound": true, "clientCidrs": []any{"172.21.0.0/16"}}, "dnsAllow": []any{"*.example.com"},
	},
	"endpoints": values{"zones": []any{"us-east-1b"}, "extra": []any{"monitoring"},
		"existing":        []any{"ecr.api"},
		"services":        []any{values{"name": "com.amazonaws.vpce.us-east-1.vpce-svc-0123456789abcdef0", "ports": []any{443}, "why": "a partner"}},
		"trustedAccounts": []any{"111111111111"}, "trustedBuckets": []any{"partner"}},
	"secretsBackend": values{"connectionsPrefix": "airflow/connections", "variablesPrefix": "airflow/variables"},
	"database": values{
		"engineVersion": "17", "instanceClass": "db.t4g.medium", "allocatedStorageGiB": 30, "maxAllocatedStorageGiB": 200, "multiAz": true,
		"backupRetentionDays": 8, "deletionProtection": true, "finalSnapshot": true, "insightsRetentionDays": 31,
	},
	"broker": values{"engine": "redis", "engineVersion": "7.2", "nodeType": "cache.t4g.medium", "replicas": 1, "snapshotRetentionDays": 3},
	"files":  values{"oneZone": "us-east-1b", "backup": false, "infrequentAccessDays": 7},
	"buckets": values{
		"dags": "other-dags", "dagsPrefix": "other/", "pluginsPrefix": "other-plugins/", "logs": "other-logs", "logsPrefix": "other/", "accessLogs": "other-access",
		"logRetentionDays": 9, "noncurrentDays": 5, "forceDestroy": false,
	},
	"secrets": values{"recoveryDays": 8, "databasePassword": 2, "brokerToken": 2, "fernetKey": 2, "jwtSecret": 2, "apiSecretKey": 2},
	"images":  values{"build": true, "digests": values{"web": "sha256:" + strings.Repeat("f", 64)}, "keep": 9, "forceDelete": false},
	"loadBalancer": values{
		"hostname": "other.pathwai.com", "certificateArn": "arn:aws:acm:us-east-1:381492153064:certificate/00000000-0000-4000-8000-00000000000f",
		"zoneId": "Z0123456789", "zoneVpcs": []any{"vpc-0123456789abcdef2"}, "clientCidrs": []any{"10.1.0.0/16"}, "deletionProtection": true,
	},
	"login": values{
		"mode": "alb", "idpCidrs": []any{"10.8.0.0/24"}, "issuer": "https://other.pathwai.com", "authorizationEndpoint": "https://other.pathwai.com/a",
		"tokenEndpoint": "https://other.pathwai.com/t", "userInfoEndpoint": "https://other.pathwai.com/u", "clientId": "other", "groupsClaim": "roles",
		"roles": values{"others": "Viewer"}, "sessionSeconds": 600,
		"publicIdp": values{"cidrs": []any{"203.0.113.0/24"}, "through": "tgw-0123456789abcdef0", "why": "another IdP"},
	},
	"services": values{
		"architecture": "X86_64", "exec": false, "logRetentionDays": 60, "containerInsights": "enhanced",
		"apiServer": values{"maxCount": 2}, "scheduler": values{"cpu": 2048, "memory": 4096}, "dagProcessor": values{"memory": 3072},
		"triggerer": values{"count": 2}, "dagsync": values{"onDemandBase": 0, "spotPercent": 50, "memory": 1024},
	},
	"workerPools": values{
		"name": "other", "queues": []any{"default", "more"}, "concurrency": 5, "cpu": 2048, "memory": 5120, "min": 1, "max": 9, "onDemandBase": 1, "spotPercent": 40,
		"policyArns":  []any{"arn:aws:iam::381492153064:policy/for-tests"},
		"egress":      []any{values{"to": "172.20.1.0/24", "ports": []any{5432}, "why": "the warehouse"}},
		"secrets":     values{"DWH": "arn:aws:secretsmanager:us-east-1:381492153064:secret:dwh-AbCdEf"},
		"environment": values{"TEAM": "data"},
	},
	"schedule": values{"stop": "cron(0 20 ? * MON-FRI *)", "start": "cron(0 7 ? * MON-FRI *)", "timezone": "Europe/Berlin", "drainMinutes": 30},
	"airflow": values{
		"version": "3.3", "dagRefreshSeconds": 20, "queuedTimeoutSeconds": 7200, "longestTaskSeconds": 172800, "retentionDays": 30,
		"openTelemetry": values{"endpoint": "http://otel.example.com:4318", "to": "172.20.2.0/24"}, "options": values{"core": values{"max_active_runs_per_dag": "4"}},
	},
	"alarms": values{"emails": []any{"ops@pathwai.example"}, "queueWaitSeconds": 600, "taskDurationSeconds": 3600, "taskFailures": 3, "syncLagSeconds": 90},
	"budget": values{"monthlyUsd": 999},
}

// togetherWith are settings before and after a change, without which it would
// mean nothing.
var togetherWith = map[string]values{
	"network.vpcId": elsewhere, "network.subnetIds": elsewhere, "network.routeTableIds": elsewhere, "endpoints.existing": elsewhere,
	"schedule.stop": offHoursOn, "schedule.start": offHoursOn, "schedule.timezone": offHoursOn, "schedule.drainMinutes": offHoursOn,
	"login.idpCidrs": withLogin("alb"), "login.mode": withLogin("none"), "login.issuer": withLogin("alb"),
	"login.authorizationEndpoint": withLogin("alb"), "login.tokenEndpoint": withLogin("alb"), "login.userInfoEndpoint": withLogin("alb"),
	"login.clientId": withLogin("alb"), "login.sessionSeconds": withLogin("alb"),
	"login.groupsClaim": withLogin("fab"), "login.roles": withLogin("fab"), "login.publicIdp": withPublicIdP,
	"airflow.version": {"images": values{"build": true}},
}

// elsewhere is an existing VPC.
var elsewhere = values{"network": values{
	"vpcId": "vpc-0123456789abcdef0", "subnetIds": []any{"subnet-0123456789abcdef1", "subnet-0123456789abcdef2"}, "routeTableIds": []any{"rtb-0123456789abcdef1"},
}}

var offHoursOn = values{"schedule": values{"stop": "cron(0 21 ? * MON-FRI *)", "start": "cron(0 6 ? * MON-FRI *)"}}

// needs are settings without which the changed one would be refused.
var needs = map[string]values{
	"accountId":             {"permissionsBoundaryArn": "", "loadBalancer": values{"certificateArn": "arn:aws:acm:us-east-1:111111111111:certificate/00000000-0000-4000-8000-000000000001"}},
	"broker.engine":         {"broker": values{"engineVersion": "7.1"}},
	"services.architecture": {"database": values{"instanceClass": "db.t3.small"}, "broker": values{"nodeType": "cache.t3.micro"}},
}

func withLogin(mode string) values {
	return values{"login": values{
		"mode": mode, "privatePath": "vpn", "idpCidrs": []any{"10.9.0.0/24"}, "clientId": "airflow", "issuer": "https://idp.pathwai.com",
		"authorizationEndpoint": "https://idp.pathwai.com/a", "tokenEndpoint": "https://idp.pathwai.com/t", "userInfoEndpoint": "https://idp.pathwai.com/u",
		"roles": values{"ops": "Op"},
	}}
}

// withPublicIdP is a login at an IdP on the internet.
var withPublicIdP = values{
	"network": values{"joins": []any{values{"kind": "transitGateway", "id": "tgw-0123456789abcdef0", "routes": []any{"172.20.0.0/16"}, "why": "the hub"}}},
	"login": values{
		"mode": "fab", "clientId": "airflow", "issuer": "https://idp.pathwai.com", "roles": values{"ops": "Op"},
		"publicIdp": values{"cidrs": []any{"20.190.128.0/18"}, "through": "tgw-0123456789abcdef0", "why": "Entra ID"},
	},
}

// withoutEffect change nothing that is declared, each for a reason.
var withoutEffect = map[string]string{
	"database.reservedConnections": "only checked: the services may not need more connections than the rest",
	"login.privatePath":            "a declaration of whoever configures it, without which a login at an IdP is refused",
	"oidcClientSecret":             "a secret; TestTheClientSecretIsNotHeld in config",
}

// Every setting does something, and every one has a test that says so: a
// setting that is read and forgotten turns this red.
func TestEverySettingHasAnEffect(t *testing.T) {
	t.Setenv("PULUMI_CONFIG", `{"airflow:oidcClientSecret":"of-a-test"}`)
	groups, err := configdoc.Read(projectFile)
	require.NoError(t, err)
	tested, baselines := 0, map[string]string{}
	for _, group := range groups {
		for _, setting := range group.Settings {
			path := strings.Replace(setting.Path, "[]", "", 1)
			if withoutEffect[path] != "" {
				continue
			}
			tested++
			t.Run(path, func(t *testing.T) {
				base := overlay(togetherWith[path], needs[path])
				after := declaredText(t, overlay(base, change(t, path)))
				key := fmt.Sprint(togetherWith[path])
				if baselines[key] == "" {
					baselines[key] = declaredText(t, togetherWith[path])
				}
				require.False(t, baselines[key] == after, "nothing that is declared changes")
			})
		}
	}
	require.Greater(t, tested, 80)
}

// change is the setting's other value, as a stack file would hold it.
func change(t *testing.T, path string) values {
	t.Helper()
	group, key, nested := strings.Cut(path, ".")
	other, given := otherValues[group]
	require.True(t, given, "no other value for %s", group)
	if !nested {
		return values{group: other}
	}
	value, given := other.(values)[key]
	require.True(t, given, "no other value for %s", path)
	return values{group: values{key: value}}
}

// overlay lays changes over others, map by map.
func overlay(base, over values) values {
	merged := maps.Clone(base)
	if merged == nil {
		merged = values{}
	}
	for key, value := range over {
		inner, isMap := value.(values)
		below, wasMap := merged[key].(values)
		if isMap && wasMap {
			value = overlay(below, inner)
		}
		merged[key] = value
	}
	return merged
}

// declaredText is all that dev with changes declares, with the options that matter.
func declaredText(t *testing.T, changes values) string {
	t.Helper()
	stack := stackValues(t, "dev")
	for _, group := range slices.Sorted(maps.Keys(changes)) {
		stack.Config["airflow:"+group] = laidOver(t, stack.Config["airflow:"+group], group, changes[group])
	}
	stack.SecretKeys = []string{"airflow:oidcClientSecret"}
	stack.Config["airflow:oidcClientSecret"] = "of-a-test"
	cfg, err := config.Load(projectFile, stack)
	require.NoError(t, err)
	return text(t, record(t, cfg))
}

// laidOver merges a change into the text of a stack's setting; a change of
// workerPools is one of its first pool.
func laidOver(t *testing.T, stack, group string, changed any) string {
	t.Helper()
	if plain, isText := changed.(string); isText {
		return plain
	}
	if group == "workerPools" {
		var pools []values
		require.NoError(t, json.Unmarshal([]byte(stack), &pools))
		pools[0] = overlay(pools[0], changed.(values))
		changed = pools
	} else if stack != "" {
		var below values
		require.NoError(t, json.Unmarshal([]byte(stack), &below))
		changed = overlay(below, changed.(values))
	}
	encoded, err := json.Marshal(changed)
	require.NoError(t, err)
	return string(encoded)
}

func text(t *testing.T, declared *recorder.Record) string {
	t.Helper()
	var b strings.Builder
	for _, res := range declared.All() {
		inputs, err := json.Marshal(res.Plain())
		require.NoError(t, err)
		fmt.Fprintln(&b, res.Type, res.Name, string(inputs), res.Protect, res.IgnoreChanges)
	}
	return b.String()
}
