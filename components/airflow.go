package components

import (
	"encoding/json"
	"fmt"
	"maps"
	"strconv"
	"strings"

	"github.com/pathwai/airflow-on-fargate/config"
)

// Paths in the Airflow image.
const (
	entrypoint  = "/opt/airflow/bin/entrypoint"
	healthcheck = "/opt/airflow/bin/healthcheck"
	airflowHome = "/opt/airflow/home"
	scratchTmp  = "/tmp"
	// SyncFolder is where Airflow's containers see the shared files, and
	// DAGs and Plugins are the trees that dagsync publishes in it.
	SyncFolder       = "/opt/airflow/sync"
	dagsFolder       = SyncFolder + "/dags"
	pluginsFolder    = SyncFolder + "/plugins"
	databaseRoots    = "/opt/airflow/certs/rds-global-bundle.pem"
	webserverConfig  = "/opt/airflow/config/webserver_config.py"
	agentBinary      = "/airflow-agent"
	agentRoots       = "/etc/ssl/certs/rds-global-bundle.pem"
	agentSyncPort    = 9100
	agentMetricsPort = 9101
	agentGuardPort   = 9102
	agentStatsdPort  = 9125
)

// Times of a task's end. Fargate kills 120 s after SIGTERM at the latest. A
// worker goes on with what it runs for softShutdownSeconds, then puts the rest
// back into the queue and leaves (Celery, "Soft shutdown").
const (
	longestStopSeconds  = 120
	softShutdownSeconds = 90
	stopSeconds         = 30
	// startGraceSeconds covers Airflow's imports on a quarter of a CPU.
	startGraceSeconds = 240
)

// Airflow composes the containers of Airflow's services from the stack's
// settings: which command, which environment, which secrets.
type Airflow struct {
	Scope   Scope
	Config  *config.Config
	Secrets *Secrets
}

// logTemplate partitions task logs by date and gives every try a folder of its
// own: with what it uploads the Amazon provider deletes the whole folder, at
// Airflow's own template also the log of the next try, which runs (ADR 0075).
const logTemplate = `dt={{ ti.dag_run.run_after.strftime("%Y-%m-%d") }}/dag_id={{ ti.dag_id }}/run_id={{ ti.run_id }}/` +
	`task_id={{ ti.task_id }}/{% if ti.map_index >= 0 %}map_index={{ ti.map_index }}/{% endif %}attempt={{ try_number|default(ti.try_number) }}/task.log`

// common is the environment of every Airflow container. Sources: Airflow's
// configuration reference for 3.1, and docs/airflow-settings.md for what was
// found by running it.
func (a *Airflow) common() map[string]string {
	c := a.Config
	environment := map[string]string{
		"AIRFLOW__CORE__EXECUTOR":      "CeleryExecutor",
		"AIRFLOW__CORE__AUTH_MANAGER":  "airflow.providers.fab.auth_manager.fab_auth_manager.FabAuthManager",
		"AIRFLOW__CORE__LOAD_EXAMPLES": "False",
		// Symlinks that dagsync moves from one published tree to the next.
		"AIRFLOW__CORE__DAGS_FOLDER":    dagsFolder,
		"AIRFLOW__CORE__PLUGINS_FOLDER": pluginsFolder,
		// Resolves the link once for a parse or a run, which so stays with one
		// tree (docs/adr/0046). The name is Airflow's own for its DAGs folder, so
		// that DAGs and history stay where they are.
		"AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST": mustJSON([]any{map[string]any{
			"name": "dags-folder", "classpath": "airflow_fargate.bundle.TreeBundle", "kwargs": map[string]any{"path": dagsFolder},
		}}),
		// Trees are dagsync's to remove. Airflow's clean-up would look for them in
		// a folder of its own, and fail.
		"AIRFLOW__DAG_PROCESSOR__STALE_BUNDLE_CLEANUP_INTERVAL": "0",
		// Past the login, over the load balancer's second listener. At its
		// default tasks would be sent to the login page.
		"AIRFLOW__CORE__EXECUTION_API_SERVER_URL": fmt.Sprintf("https://%s:%d/execution/", c.LoadBalancer.Hostname, ExecutionPort),
		// The name that the api-server fetches the logs of running tasks from.
		"AIRFLOW__CORE__HOSTNAME_CALLABLE": "socket.gethostname",
		// Certificate authorities of RDS, for psycopg2 and asyncpg alike.
		"PGSSLROOTCERT":                    databaseRoots,
		"AIRFLOW__LOGGING__REMOTE_LOGGING": "True",
		"AIRFLOW__LOGGING__REMOTE_BASE_LOG_FOLDER": strings.TrimSuffix(
			fmt.Sprintf("s3://%s/%s", c.Buckets.Logs, c.Buckets.LogsPrefix), "/"),
		"AIRFLOW__LOGGING__REMOTE_LOG_CONN_ID": "aws_default",
		// Every component must have the same template: each other one would
		// add a row to the database's table of templates at every start.
		"AIRFLOW__LOGGING__LOG_FILENAME_TEMPLATE": logTemplate,
		"AIRFLOW__LOGGING__DELETE_LOCAL_LOGS":     "True",
		// Credentials of the task role.
		"AIRFLOW_CONN_AWS_DEFAULT": "aws://",
		"AWS_DEFAULT_REGION":       c.Region,
		// A token lives from the moment a task is queued. At the default of
		// 600 s work that waited for a worker to start from zero is refused;
		// and after the queue timeout Airflow would queue it a second time.
		"AIRFLOW__EXECUTION_API__JWT_EXPIRATION_TIME": strconv.Itoa(2 * c.Airflow.QueuedTimeoutSeconds),
		"AIRFLOW__SCHEDULER__TASK_QUEUED_TIMEOUT":     strconv.Itoa(c.Airflow.QueuedTimeoutSeconds),
	}
	maps.Copy(environment, telemetry(c.Airflow))
	for section, options := range c.Airflow.Options {
		for option, value := range options {
			environment[optionVariable(section, option)] = value
		}
	}
	return environment
}

// telemetry has Airflow send its metrics to the collector that a stack names.
// 3.3 takes OpenTelemetry's own variable, and warns of what 3.1 knows alone.
func telemetry(a config.Airflow) map[string]string {
	if !a.OpenTelemetry.On() {
		return nil
	}
	environment := map[string]string{"AIRFLOW__METRICS__OTEL_ON": "True"}
	if a.Version != "3.1" {
		environment["OTEL_EXPORTER_OTLP_ENDPOINT"] = a.OpenTelemetry.Endpoint
		return environment
	}
	host, port, tls := a.OpenTelemetry.Collector()
	environment["AIRFLOW__METRICS__OTEL_HOST"] = host
	environment["AIRFLOW__METRICS__OTEL_PORT"] = strconv.Itoa(port)
	environment["AIRFLOW__METRICS__OTEL_SSL_ACTIVE"] = map[bool]string{true: "True", false: "False"}[tls]
	return environment
}

// statsd has the scheduler say what only it knows to the agent beside it
// (docs/metrics.md). Airflow speaks to one receiver: with a collector the
// scheduler has that one.
func statsd(a config.Airflow) map[string]string {
	if a.OpenTelemetry.On() {
		return nil
	}
	return map[string]string{
		"AIRFLOW__METRICS__STATSD_ON":          "True",
		"AIRFLOW__METRICS__STATSD_HOST":        "127.0.0.1",
		"AIRFLOW__METRICS__STATSD_PORT":        strconv.Itoa(agentStatsdPort),
		"AIRFLOW__METRICS__STATSD_PREFIX":      "airflow",
		"AIRFLOW__METRICS__METRICS_ALLOW_LIST": `scheduler\.scheduler_loop_duration$,executor\.open_slots$`,
	}
}

// secretsBackend has Airflow look for connections and variables in Secrets
// Manager first. A name that isn't there is no refused call, since the roles may
// read all below the prefixes: AWS answers ResourceNotFoundException.
func (a *Airflow) secretsBackend() map[string]string {
	backend := a.Config.SecretsBackend
	if !backend.On() {
		return nil
	}
	orNull := func(prefix string) any {
		if prefix == "" {
			return nil
		}
		return prefix
	}
	return map[string]string{
		"AIRFLOW__SECRETS__BACKEND": "airflow.providers.amazon.aws.secrets.secrets_manager.SecretsManagerBackend",
		"AIRFLOW__SECRETS__BACKEND_KWARGS": mustJSON(map[string]any{
			"connections_prefix": orNull(backend.ConnectionsPrefix), "variables_prefix": orNull(backend.VariablesPrefix), "config_prefix": nil,
			// It is in the environment, and every log asks for it.
			"connections_lookup_pattern": "^(?!aws_default$)",
		}),
	}
}

// optionVariable is the environment variable of an option of airflow.cfg.
func optionVariable(section, option string) string {
	return "AIRFLOW__" + strings.ToUpper(section) + "__" + strings.ToUpper(option)
}

// broker is the environment of those that consume from the broker, or hand to it.
func (a *Airflow) broker() map[string]string {
	return map[string]string{
		// A message that isn't acknowledged by then is delivered again, to a second worker.
		"AIRFLOW__CELERY_BROKER_TRANSPORT_OPTIONS__VISIBILITY_TIMEOUT": strconv.Itoa(a.Config.Airflow.LongestTaskSeconds),
	}
}

// signs is the environment of those that sign tokens: which of the keys that
// the api-server trusts it is, and with what algorithm.
func (a *Airflow) signs() map[string]string {
	return map[string]string{
		"AIRFLOW__API_AUTH__JWT_KID":       strconv.Itoa(a.Config.Secrets.JWTSecret),
		"AIRFLOW__API_AUTH__JWT_ALGORITHM": jwtAlgorithm,
	}
}

// slots is how many tasks all pools together run at their largest.
func (a *Airflow) slots() int {
	slots := 0
	for _, pool := range a.Config.WorkerPools {
		slots += pool.Max * pool.Concurrency
	}
	return max(slots, 1)
}

// with returns the common environment, the pool of database connections, and more.
func (a *Airflow) with(pool config.Pool, more map[string]string) map[string]string {
	environment := a.common()
	environment["AIRFLOW__DATABASE__SQL_ALCHEMY_POOL_SIZE"] = strconv.Itoa(pool.Size)
	environment["AIRFLOW__DATABASE__SQL_ALCHEMY_MAX_OVERFLOW"] = strconv.Itoa(pool.Overflow)
	maps.Copy(environment, more)
	return environment
}

// databaseAs is the reference to the metadata database as one of its users;
// derived from the first URL, the second would fail on sslmode.
func databaseAs(url *Secret, more map[string]SecretRef) map[string]SecretRef {
	secrets := map[string]SecretRef{
		databaseVariable: {url, syncURL},
		"AIRFLOW__DATABASE__SQL_ALCHEMY_CONN_ASYNC": {url, asyncURL},
	}
	maps.Copy(secrets, more)
	return secrets
}

const (
	databaseVariable = "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"
	// noDatabase is a worker's: Airflow wants an address, and whoever uses this
	// one reads why it leads nowhere. Not a host name, which would be asked for.
	noDatabase = "postgresql+psycopg2:///?host=/workers-have-no-database"
)

// celery is the reference to the broker, which takes the results too: a worker
// needs no other database (docs/adr/0047).
func (a *Airflow) celery(more map[string]SecretRef) map[string]SecretRef {
	secrets := map[string]SecretRef{
		"AIRFLOW__CELERY__BROKER_URL":     {a.Secrets.BrokerURL, ""},
		"AIRFLOW__CELERY__RESULT_BACKEND": {a.Secrets.BrokerURL, ""},
	}
	maps.Copy(secrets, more)
	return secrets
}

// celeryConfig are Celery's own settings that Airflow has no option for.
func celeryConfig(more map[string]any) string {
	settings := map[string]any{
		// Outlasts the broker's absence, which Celery's own doesn't.
		"override_backends": map[string]any{"rediss": "airflow_fargate.results:Results"},
	}
	maps.Copy(settings, more)
	return mustJSON(settings)
}

// container fills in what all of Airflow's long-running containers share.
func (a *Airflow) container(c Container, role string, access config.Access) Container {
	c.EntryPoint = []string{entrypoint}
	c.Essential = true
	c.Health = &Health{Command: []string{"CMD", healthcheck, role}, GraceSeconds: startGraceSeconds}
	c.Scratch = []string{airflowHome, scratchTmp}
	// The agent of ECS Exec writes to the root file system.
	c.ReadOnlyRoot = !a.Config.Services.Exec
	c.FilesAt = SyncFolder
	return c.further(access)
}

// before is a container that must end before Airflow's own starts: migrate
// brings the database's schema up to the image, wait-for-migrations waits
// until somebody has. Both give up by themselves after a while.
func (a *Airflow) before(name, image, command string, secrets map[string]SecretRef) Container {
	return Container{
		Name: name, Image: image,
		EntryPoint: []string{entrypoint}, Command: []string{command},
		Environment: a.with(config.MigrationPool, nil),
		Secrets:     secrets,
		StopSeconds: stopSeconds,
		Scratch:     []string{airflowHome, scratchTmp}, ReadOnlyRoot: true,
	}
}

// mustJSON encodes maps and lists of plain values, which can't fail.
func mustJSON(value any) string {
	encoded, err := json.Marshal(value)
	if err != nil {
		panic(err)
	}
	return string(encoded)
}
