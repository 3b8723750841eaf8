package components

import (
	"maps"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pathwai/airflow-on-fargate/config"
	"github.com/pathwai/airflow-on-fargate/internal/recorder"
)

// from is what a container's reference to a secret looks like: pinned to the
// version, so that a rotation makes a new task definition.
func from(secret, jsonKey string) string {
	name := "secrets-" + secret
	return "arn:aws:mock:::aws:secretsmanager/secret:Secret/" + name + ":" + jsonKey + "::version-of-" + name
}

// secretsPerContainer is who knows what, and nobody more.
func secretsPerContainer() map[string]map[string]string {
	as := func(url string, more map[string]string) map[string]string {
		all := map[string]string{
			"AIRFLOW__DATABASE__SQL_ALCHEMY_CONN":       from(url, "sync"),
			"AIRFLOW__DATABASE__SQL_ALCHEMY_CONN_ASYNC": from(url, "async"),
		}
		maps.Copy(all, more)
		return all
	}
	server := func(more map[string]string) map[string]string { return as("server-url", more) }
	const (
		fernet, jwt, api, broker = "AIRFLOW__CORE__FERNET_KEY", "AIRFLOW__API_AUTH__JWT_SECRET", "AIRFLOW__API__SECRET_KEY", "AIRFLOW__CELERY__BROKER_URL"
		results                  = "AIRFLOW__CELERY__RESULT_BACKEND"
	)
	worker := map[string]string{broker: from("broker-url", ""), results: from("broker-url", ""), api: from("api-secret-key", "")}
	guard := map[string]string{"AGENT_BROKER_URL": from("broker-url", "")}
	return map[string]map[string]string{
		"api-server/wait": server(nil),
		"api-server/api-server": server(map[string]string{
			fernet: from("fernet-key", ""), jwt: from("jwt-secret", "sign"), "AIRFLOW_JWT_KEYS": from("jwt-secret", "trust"), api: from("api-secret-key", ""),
		}),
		"scheduler/migrate": as("database-url", map[string]string{
			"AIRFLOW_SERVER_URL":  from("server-url", "sync"),
			"AIRFLOW_METRICS_URL": from("metrics-url", "sync"), "AIRFLOW_DAG_PROCESSOR_URL": from("dag-processor-url", "sync"),
			"AIRFLOW_TRIGGERER_URL": from("triggerer-url", "sync"),
		}),
		"scheduler/scheduler": server(map[string]string{
			broker: from("broker-url", ""), results: from("broker-url", ""), fernet: from("fernet-key", ""), jwt: from("jwt-secret", "sign"),
		}),
		"scheduler/metrics":           {"AGENT_DATABASE_URL": from("metrics-url", "libpq"), "AGENT_BROKER_URL": from("broker-url", "")},
		"dag-processor/wait":          as("dag-processor-url", nil),
		"dag-processor/dag-processor": as("dag-processor-url", map[string]string{fernet: from("fernet-key", "")}),
		"triggerer/wait":              as("triggerer-url", nil),
		"triggerer/triggerer":         as("triggerer-url", map[string]string{fernet: from("fernet-key", ""), api: from("api-secret-key", "")}),
		"worker/wait":                 {},
		"worker/worker":               worker,
		"worker/guard":                guard,
		"worker-heavy/wait":           {},
		"worker-heavy/worker":         worker,
		"worker-heavy/guard":          guard,
		"dagsync/dagsync":             {},
		"cleanup/cleanup":             {"AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": from("server-url", "sync")},
	}
}

func TestSecretsPerContainer(t *testing.T) {
	want := secretsPerContainer()
	eachContainer(t, runTasks(t, testConfig()), func(t *testing.T, task string, c containerDefinition) {
		require.Contains(t, want, task+"/"+c.Name, "a container that nobody decided about")
		require.Equal(t, want[task+"/"+c.Name], c.secrets())
	})
}

// An execution role fetches the secrets of its own containers, and no other
// service's.
func TestExecutionRolesFetchTheirOwnSecretsOnly(t *testing.T) {
	for _, mode := range []string{config.LoginNone, config.LoginFAB} {
		record := runTasks(t, withLogin(mode))
		for task, secrets := range map[string][]string{
			"api-server":    {"api-secret-key", "fernet-key", "jwt-secret", "server-url"},
			"scheduler":     {"broker-url", "dag-processor-url", "database-url", "fernet-key", "jwt-secret", "metrics-url", "server-url", "triggerer-url"},
			"dag-processor": {"dag-processor-url", "fernet-key"},
			"triggerer":     {"api-secret-key", "fernet-key", "triggerer-url"},
			"worker":        {"api-secret-key", "broker-url"},
			"worker-heavy":  {"api-secret-key", "broker-url"},
			"dagsync":       nil,
			"cleanup":       {"server-url"},
		} {
			if task == "api-server" && mode == config.LoginFAB {
				secrets = []string{"api-secret-key", "fernet-key", "jwt-secret", "oidc-client-secret", "server-url"}
			}
			policy := rolePolicy(t, record, task+"-execution")
			var want []string
			for _, secret := range secrets {
				want = append(want, "arn:aws:secretsmanager:eu-west-1:123456789012:secret:acme-airflow-test/"+secret+"-*")
			}
			require.Equal(t, want, texts(policy["FetchSecrets"].Resource), "%s %s", mode, task)
		}
	}
}

func rolePolicy(t testing.TB, record *recorder.Record, role string) map[string]statement {
	t.Helper()
	return parsePolicy(t, one(t, record, "aws:iam/rolePolicy:RolePolicy", role)["policy"])
}

func TestExecutionRoles(t *testing.T) {
	record := runTasks(t, testConfig())
	for task, images := range map[string][]string{
		"api-server": {"web"}, "scheduler": {"agent", "scheduler"}, "dag-processor": {"dag-processor"},
		"triggerer": {"triggerer"}, "worker": {"agent", "worker"}, "dagsync": {"agent"},
	} {
		policy := rolePolicy(t, record, task+"-execution")
		want := []string{"DecryptSecrets", "FetchSecrets", "PullImages", "SignInToRegistry", "WriteLogs"}
		if task == "dagsync" {
			want = want[2:]
		}
		require.Equal(t, want, sids(policy), task)
		require.Equal(t, "ecr:GetAuthorizationToken", policy["SignInToRegistry"].Action, "the one action without a resource")
		require.Equal(t, "*", policy["SignInToRegistry"].Resource)
		var repositories []string
		for _, image := range images {
			repositories = append(repositories, "arn:aws:ecr:eu-west-1:123456789012:repository/acme-airflow-test/"+image)
		}
		require.Equal(t, repositories, texts(policy["PullImages"].Resource), task)
		require.Equal(t, "arn:aws:logs:eu-west-1:123456789012:log-group:/acme-airflow-test/"+task+":*", policy["WriteLogs"].Resource)
		if task != "dagsync" {
			decrypt := policy["DecryptSecrets"]
			require.Equal(t, "kms:Decrypt", decrypt.Action)
			require.Equal(t, map[string]map[string]any{
				"ForAnyValue:StringEquals": {"kms:ResourceAliases": "alias/acme-airflow-test-secrets"},
				"StringEquals":             {"kms:ViaService": "secretsmanager.eu-west-1.amazonaws.com"},
			}, decrypt.Condition)
		}
	}
}

// Roles are ECS's alone, for tasks of this account and region.
func TestTrustOfTaskRoles(t *testing.T) {
	record := runTasks(t, testConfig())
	for _, task := range allTasks {
		for _, kind := range []string{"-execution", "-task"} {
			role := one(t, record, "aws:iam/role:Role", task+kind)
			require.Equal(t, "acme-airflow-test-"+task+kind, role["name"])
			trust := parsePolicy(t, role["assumeRolePolicy"])
			require.Equal(t, map[string]statement{"Assume": {
				Sid: "Assume", Effect: "Allow", Principal: map[string]any{"Service": "ecs-tasks.amazonaws.com"}, Action: "sts:AssumeRole",
				Condition: map[string]map[string]any{
					"StringEquals": {"aws:SourceAccount": "123456789012"},
					"ArnLike":      {"aws:SourceArn": "arn:aws:ecs:eu-west-1:123456789012:*"},
				},
			}}, trust)
		}
	}
}

// Without permissions of its own and without Exec, a task role can do nothing.
func TestTaskRolesHaveNothingByThemselves(t *testing.T) {
	closed := runTasks(t, testConfig())
	for _, role := range names(closed, "aws:iam/rolePolicy:RolePolicy") {
		require.False(t, slices.Contains([]string{"scheduler-task", "worker-task", "dagsync-task"}, role), role)
	}
	cfg := testConfig()
	cfg.Services.Exec = true
	policy := rolePolicy(t, runTasks(t, cfg), "scheduler-task")
	require.Equal(t, []string{"ExecChannels", "ExecEncryption", "ExecRecord", "ExecRecordFind"}, sids(policy))
	for sid, s := range policy {
		if sid == "ExecChannels" {
			require.Equal(t, "*", s.Resource)
			for _, action := range texts(s.Action) {
				require.Regexp(t, `^ssmmessages:(Create|Open)(Control|Data)Channel$`, action)
			}
			continue
		}
		require.NotEqual(t, "*", s.Resource, sid)
		for _, action := range texts(s.Action) {
			require.NotContains(t, action, "*", sid)
		}
	}
	require.Equal(t, "arn:aws:logs:eu-west-1:123456789012:log-group:"+"/acme-airflow-test/exec:*", policy["ExecRecord"].Resource)
}
