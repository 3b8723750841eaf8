package components

import (
	"encoding/json"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pathwai/airflow-on-fargate/config"
)

// option returns section.key of a variable of Airflow's configuration.
func option(t *testing.T, variable string) string {
	t.Helper()
	section, key, ok := strings.Cut(strings.TrimPrefix(variable, "AIRFLOW__"), "__")
	require.True(t, ok, "%s names no section and key", variable)
	return strings.ToLower(section) + "." + strings.ToLower(key)
}

// keptAtDefault are reserved though the platform sets nothing: Airflow's own
// default is the one that it is built on.
var keptAtDefault = []string{
	"api.host", "api.server_type", "api.ssl_cert", "api.ssl_key", "api.workers",
	"api_auth.jwt_private_key_path", "api_auth.trusted_jwks_url",
	"celery.celery_config_options", "celery.pool", "celery.ssl_active", "celery.task_acks_late",
	"celery.worker_autoscale", "celery.worker_enable_remote_control", "celery.worker_prefetch_multiplier",
	"celery_broker_transport_options.global_keyprefix",
	"core.default_impersonation", "core.multi_team", "core.unit_test_mode",
	"database.sql_alchemy_connect_args", "database.sql_alchemy_pool_enabled", "database.sql_alchemy_schema",
	"logging.base_log_folder", "logging.dag_processor_child_process_log_directory", "logging.logging_config_class",
	"logging.task_log_reader", "logging.trigger_log_server_port", "logging.worker_log_server_port",
	"fab.session_backend", "operators.default_queue",
	"scheduler.job_heartbeat_sec", "scheduler.scheduler_health_check_server_host", "scheduler.scheduler_health_check_server_port",
	"triggerer.job_heartbeat_sec", "triggerer.queues_enabled",
	"workers.secrets_backend", "workers.secrets_backend_kwargs",
}

// What the platform sets, in a task or in its image, is refused in a stack's
// options, and what is refused is set or kept: otherwise a stack could undo it,
// or be refused for nothing.
func TestReservedOptionsAreTheOnesThatThePlatformSets(t *testing.T) {
	isSet := map[string]bool{}
	for _, mode := range []string{config.LoginNone, config.LoginALB, config.LoginFAB} {
		cfg := withLogin(mode)
		cfg.SecretsBackend.ConnectionsPrefix = "airflow/connections"
		if mode == config.LoginNone {
			cfg.Airflow.Version = "3.1" // 3.3 takes a variable of OpenTelemetry's own
			cfg.Airflow.OpenTelemetry = config.OpenTelemetry{Endpoint: "https://otel.acme.com:4318", To: "172.20.2.0/24"}
		}
		record := runTasks(t, cfg)
		for _, task := range allTasks {
			for _, container := range definitionsOf(t, record, task) {
				for variable := range container.environment() {
					if strings.HasPrefix(variable, "AIRFLOW__") {
						isSet[option(t, variable)] = true
					}
				}
				for variable := range container.secrets() {
					if strings.HasPrefix(variable, "AIRFLOW__") {
						isSet[option(t, variable)] = true
					}
				}
			}
		}
	}
	require.Greater(t, len(isSet), 25)
	dockerfile, err := os.ReadFile("../docker/airflow/Dockerfile")
	require.NoError(t, err)
	ofImage := regexp.MustCompile(`\bAIRFLOW__\w+`).FindAllString(string(dockerfile), -1)
	require.NotEmpty(t, ofImage)
	for _, variable := range ofImage {
		isSet[option(t, variable)] = true
	}
	reserved := config.ReservedOptions()
	for name := range isSet {
		require.Contains(t, reserved, name, "a stack could undo what the platform sets")
	}
	for name, reason := range reserved {
		require.NotEmpty(t, reason)
		require.NotEqual(t, isSet[name], slices.Contains(keptAtDefault, name), "%s: reserved and neither set nor in the list of what is kept, or in both", name)
	}
}

// A task's message and its tree live as long as a task may.
func TestLongestTask(t *testing.T) {
	eachContainer(t, runTasks(t, testConfig()), func(t *testing.T, task string, c containerDefinition) {
		want := ""
		if c.Name == "scheduler" || c.Name == "worker" {
			want = "90000"
		}
		require.Equal(t, want, c.environment()["AIRFLOW__CELERY_BROKER_TRANSPORT_OPTIONS__VISIBILITY_TIMEOUT"], task)
	})
}

func withLogin(mode string) *config.Config {
	cfg := testConfig()
	cfg.Login.Mode = mode
	cfg.Login.Issuer, cfg.Login.ClientID, cfg.Login.GroupsClaim = "https://idp", "airflow-client", "groups"
	cfg.Login.Roles = map[string]string{"ops": "Op", `a"b`: "Admin"}
	return cfg
}

func TestUsersOptionsReachEveryAirflowContainer(t *testing.T) {
	cfg := testConfig()
	cfg.Airflow.Options = map[string]map[string]string{"core": {"max_active_runs_per_dag": `4 "{{ x }}" $HOME`}}
	eachContainer(t, runTasks(t, cfg), func(t *testing.T, task string, c containerDefinition) {
		value, given := c.environment()["AIRFLOW__CORE__MAX_ACTIVE_RUNS_PER_DAG"]
		require.Equal(t, c.EntryPoint[0] != "/airflow-agent" && task != "cleanup", given)
		if given {
			require.Equal(t, `4 "{{ x }}" $HOME`, value, "not as it was written")
		}
	})
}

// Settings that must be the same everywhere, or jobs and logs get lost between
// components.
func TestCommonEnvironment(t *testing.T) {
	want := map[string]string{
		"AIRFLOW__CORE__EXECUTOR":       "CeleryExecutor",
		"AIRFLOW__CORE__LOAD_EXAMPLES":  "False",
		"AIRFLOW__CORE__DAGS_FOLDER":    "/opt/airflow/sync/dags",
		"AIRFLOW__CORE__PLUGINS_FOLDER": "/opt/airflow/sync/plugins",
		"AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST": `[{"classpath":"airflow_fargate.bundle.TreeBundle",` +
			`"kwargs":{"path":"/opt/airflow/sync/dags"},"name":"dags-folder"}]`,
		"AIRFLOW__DAG_PROCESSOR__STALE_BUNDLE_CLEANUP_INTERVAL": "0",
		"AIRFLOW__CORE__EXECUTION_API_SERVER_URL":               "https://airflow.acme.com:8443/execution/",
		"AIRFLOW__LOGGING__REMOTE_LOGGING":                      "True",
		"AIRFLOW__LOGGING__REMOTE_BASE_LOG_FOLDER":              "s3://acme-logs/tasks",
		"AIRFLOW__LOGGING__LOG_FILENAME_TEMPLATE":               logTemplate,
		"AIRFLOW__EXECUTION_API__JWT_EXPIRATION_TIME":           "14400",
		"AIRFLOW__SCHEDULER__TASK_QUEUED_TIMEOUT":               "7200",
		"AWS_DEFAULT_REGION":                                    "eu-west-1",
		"PGSSLROOTCERT":                                         "/opt/airflow/certs/rds-global-bundle.pem",
	}
	eachContainer(t, runTasks(t, testConfig()), func(t *testing.T, task string, c containerDefinition) {
		environment := c.environment()
		if task == "cleanup" { // runs a script alone
			require.Equal(t, map[string]string{"AIRFLOW_DB_RETENTION_DAYS": "45", "PGSSLROOTCERT": "/opt/airflow/certs/rds-global-bundle.pem"}, environment)
			return
		}
		if c.EntryPoint[0] == "/airflow-agent" {
			require.Equal(t, "acme-airflow-test", environment["AGENT_STACK"])
			require.Equal(t, "eu-west-1", environment["AWS_REGION"])
			for variable := range environment {
				require.False(t, strings.HasPrefix(variable, "AIRFLOW"), variable)
			}
			return
		}
		for variable, value := range want {
			require.Equal(t, value, environment[variable], variable)
		}
		worker := strings.HasPrefix(task, "worker")
		require.Equal(t, worker, environment["AIRFLOW__DATABASE__SQL_ALCHEMY_POOL_SIZE"] == "")
		require.Equal(t, worker, environment["AIRFLOW__DATABASE__SQL_ALCHEMY_MAX_OVERFLOW"] == "")
	})
	require.Contains(t, logTemplate, `dt={{ ti.dag_run.run_after.strftime("%Y-%m-%d") }}/`)
}

// Pools of connections are those that config counts.
func TestConnectionPoolsAreTheCountedOnes(t *testing.T) {
	record := runTasks(t, testConfig())
	for container, pool := range map[[2]string]config.Pool{
		{"api-server", "api-server"}:       config.APIServerPool,
		{"scheduler", "scheduler"}:         config.SchedulerPool,
		{"dag-processor", "dag-processor"}: config.DAGProcessorPool,
		{"triggerer", "triggerer"}:         config.TriggererPool,
		{"scheduler", "migrate"}:           config.MigrationPool,
	} {
		environment := definitionsOf(t, record, container[0])[container[1]].environment()
		require.JSONEq(t, environment["AIRFLOW__DATABASE__SQL_ALCHEMY_POOL_SIZE"], mustJSON(pool.Size))
		require.JSONEq(t, environment["AIRFLOW__DATABASE__SQL_ALCHEMY_MAX_OVERFLOW"], mustJSON(pool.Overflow))
	}
}

func TestEnvironmentPerRole(t *testing.T) {
	record := runTasks(t, testConfig())
	for container, want := range map[[2]string]map[string]string{
		{"api-server", "api-server"}: {
			"AIRFLOW__API__BASE_URL": "https://airflow.acme.com/", "AIRFLOW__API__PORT": "8080",
			"AIRFLOW__FAB__ENABLE_PROXY_FIX": "True", "AIRFLOW__FAB__COOKIE_SECURE": "True", "AIRFLOW_LOGIN_MODE": "password",
		},
		{"scheduler", "scheduler"}: {"AIRFLOW__SCHEDULER__ENABLE_HEALTH_CHECK": "True", "AIRFLOW__CORE__PARALLELISM": "16"},
		{"scheduler", "metrics"}:   {"AGENT_QUEUES": "default,small,heavy", "PGSSLROOTCERT": "/etc/ssl/certs/rds-global-bundle.pem"},
		{"dag-processor", "dag-processor"}: {
			"AIRFLOW__DAG_PROCESSOR__REFRESH_INTERVAL": "12", "AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "12",
		},
		{"worker", "worker"}: {
			"AIRFLOW__CELERY__WORKER_CONCURRENCY": "4", "AIRFLOW__WORKERS__EXECUTION_API_TIMEOUT": "30",
			"AIRFLOW__DATABASE__SQL_ALCHEMY_CONN":     "postgresql+psycopg2:///?host=/workers-have-no-database",
			"AIRFLOW__WORKERS__EXECUTION_API_RETRIES": "10", "AIRFLOW__WORKERS__EXECUTION_API_RETRY_WAIT_MAX": "30",
		},
		{"worker", "guard"}:        {"AGENT_WORKER_QUEUES": "default,small"},
		{"worker-heavy", "worker"}: {"AIRFLOW__CELERY__WORKER_CONCURRENCY": "2"},
		{"worker-heavy", "guard"}:  {"AGENT_WORKER_QUEUES": "heavy"},
	} {
		environment := definitionsOf(t, record, container[0])[container[1]].environment()
		for variable, value := range want {
			require.Equal(t, value, environment[variable], "%v %s", container, variable)
		}
	}
}

// Airflow speaks to one receiver of metrics: the agent beside the scheduler, or
// the collector that the stack names.
func TestWhereMetricsGo(t *testing.T) {
	of := func(change func(*config.Airflow)) func(task, container string) map[string]string {
		cfg := testConfig()
		change(&cfg.Airflow)
		record := runTasks(t, cfg)
		return func(task, container string) map[string]string {
			found := map[string]string{}
			for name, value := range definitionsOf(t, record, task)[container].environment() {
				if strings.HasPrefix(name, "AIRFLOW__METRICS__") || strings.HasPrefix(name, "OTEL_") || name == "AGENT_STATSD" {
					found[name] = value
				}
			}
			return found
		}
	}
	agent := of(func(*config.Airflow) {})
	require.Equal(t, map[string]string{
		"AIRFLOW__METRICS__STATSD_ON": "True", "AIRFLOW__METRICS__STATSD_HOST": "127.0.0.1", "AIRFLOW__METRICS__STATSD_PORT": "9125", "AIRFLOW__METRICS__STATSD_PREFIX": "airflow",
		"AIRFLOW__METRICS__METRICS_ALLOW_LIST": `scheduler\.scheduler_loop_duration$,executor\.open_slots$`,
	}, agent("scheduler", "scheduler"))
	require.Equal(t, map[string]string{"AGENT_STATSD": "127.0.0.1:9125"}, agent("scheduler", "metrics"))
	require.Empty(t, agent("worker", "worker"))

	collector := config.OpenTelemetry{Endpoint: "https://otel.acme.com:4318", To: "172.20.2.0/24"}
	old := of(func(a *config.Airflow) { a.Version, a.OpenTelemetry = "3.1", collector })
	now := of(func(a *config.Airflow) { a.Version, a.OpenTelemetry = "3.3", collector })
	for _, container := range []string{"api-server", "scheduler", "dag-processor", "triggerer", "worker"} {
		require.Equal(t, map[string]string{
			"AIRFLOW__METRICS__OTEL_ON": "True", "AIRFLOW__METRICS__OTEL_HOST": "otel.acme.com", "AIRFLOW__METRICS__OTEL_PORT": "4318", "AIRFLOW__METRICS__OTEL_SSL_ACTIVE": "True",
		}, old(container, container))
		require.Equal(t, map[string]string{"AIRFLOW__METRICS__OTEL_ON": "True", "OTEL_EXPORTER_OTLP_ENDPOINT": "https://otel.acme.com:4318"}, now(container, container))
	}
}

func TestLoginByAirflowAtAnIdP(t *testing.T) {
	for _, mode := range []string{config.LoginNone, config.LoginALB} {
		api := definitionsOf(t, runTasks(t, withLogin(mode)), "api-server")["api-server"]
		require.Equal(t, "password", api.environment()["AIRFLOW_LOGIN_MODE"], mode)
		require.NotContains(t, api.secrets(), "AIRFLOW_OIDC_CLIENT_SECRET", mode)
	}
	api := definitionsOf(t, runTasks(t, withLogin(config.LoginFAB)), "api-server")["api-server"]
	environment := api.environment()
	require.Equal(t, "oidc", environment["AIRFLOW_LOGIN_MODE"])
	require.Equal(t, "https://idp", environment["AIRFLOW_OIDC_ISSUER"])
	require.Equal(t, "airflow-client", environment["AIRFLOW_OIDC_CLIENT_ID"])
	require.Equal(t, "groups", environment["AIRFLOW_OIDC_GROUPS_CLAIM"])
	var roles map[string][]string
	require.NoError(t, json.Unmarshal([]byte(environment["AIRFLOW_OIDC_ROLE_MAPPING"]), &roles))
	require.Equal(t, map[string][]string{"ops": {"Op"}, `a"b`: {"Admin"}}, roles)
	require.Contains(t, api.secrets(), "AIRFLOW_OIDC_CLIENT_SECRET")
}

// A secret in the environment would stand in the task definition, which many may read.
func TestNoSecretInTheEnvironment(t *testing.T) {
	for _, mode := range []string{config.LoginNone, config.LoginALB, config.LoginFAB} {
		eachContainer(t, runTasks(t, withLogin(mode)), func(t *testing.T, _ string, c containerDefinition) {
			shown := mustJSON(c)
			for _, secret := range []string{"secret-credentials", "credentials-fernet", "oidc-pw"} {
				require.NotContains(t, shown, secret)
			}
			for variable := range c.secrets() {
				require.NotContains(t, c.environment(), variable, "given twice")
			}
		})
	}
}
