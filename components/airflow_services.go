package components

import (
	"fmt"
	"maps"
	"strconv"
	"strings"

	"github.com/pathwai/airflow-on-fargate/config"
)

// APIServer returns the containers of the web interface and APIs.
func (a *Airflow) APIServer() []Container {
	environment := a.with(config.APIServerPool, map[string]string{
		"AIRFLOW__API__BASE_URL": "https://" + a.Config.LoadBalancer.Hostname + "/",
		"AIRFLOW__API__PORT":     strconv.Itoa(WebPort),
		// The load balancer ends TLS; without these, redirects lead to http.
		"AIRFLOW__FAB__ENABLE_PROXY_FIX": "True",
		"AIRFLOW__FAB__COOKIE_SECURE":    "True",
		"FORWARDED_ALLOW_IPS":            "*", // its security group admits the load balancer only
		"AIRFLOW__FAB__CONFIG_FILE":      webserverConfig,
		"AIRFLOW_LOGIN_MODE":             "password",
	})
	maps.Copy(environment, a.secretsBackend())
	maps.Copy(environment, a.signs())
	secrets := databaseAs(a.Secrets.ServerURL, map[string]SecretRef{
		"AIRFLOW__CORE__FERNET_KEY":     {a.Secrets.FernetKey, ""},
		"AIRFLOW__API_AUTH__JWT_SECRET": {a.Secrets.JWTSecret, signKey},
		// The entrypoint makes a file of it, for [api_auth] trusted_jwks_url.
		"AIRFLOW_JWT_KEYS":         {a.Secrets.JWTSecret, trustKeys},
		"AIRFLOW__API__SECRET_KEY": {a.Secrets.APISecretKey, ""},
	})
	if login := a.Config.Login; login.Mode == config.LoginFAB {
		roles := map[string][]string{}
		for group, role := range login.Roles {
			roles[group] = []string{role}
		}
		environment["AIRFLOW_LOGIN_MODE"] = "oidc"
		environment["AIRFLOW_OIDC_ISSUER"] = login.Issuer
		environment["AIRFLOW_OIDC_CLIENT_ID"] = login.ClientID
		environment["AIRFLOW_OIDC_GROUPS_CLAIM"] = login.GroupsClaim
		environment["AIRFLOW_OIDC_ROLE_MAPPING"] = mustJSON(roles)
		secrets["AIRFLOW_OIDC_CLIENT_SECRET"] = SecretRef{a.Secrets.OIDCClientSecret, ""}
	}
	return []Container{
		a.before("wait", "web", "wait-for-permissions", databaseAs(a.Secrets.ServerURL, nil)),
		a.container(Container{
			Name: "api-server", Image: "web", Command: []string{"api-server", "--proxy-headers"},
			Environment: environment, Secrets: secrets, After: []string{"wait"},
			Port: WebPort, StopSeconds: stopSeconds,
		}, "api-server", a.Config.Services.APIServer.Access),
	}
}

// Airflow's default_pool: its option, and how many tasks it lets run by default.
const (
	poolVariable      = "AIRFLOW__CORE__DEFAULT_POOL_TASK_SLOT_COUNT"
	airflowsPoolSlots = 128
)

// Scheduler returns the containers of the scheduler: it migrates the database
// first, and has the publisher of the platform's metrics beside it.
func (a *Airflow) Scheduler() []Container {
	migrate := a.before("migrate", "scheduler", "migrate", databaseAs(a.Secrets.DatabaseURL, map[string]SecretRef{
		// Whose users and passwords it makes.
		"AIRFLOW_SERVER_URL":        {a.Secrets.ServerURL, syncURL},
		"AIRFLOW_METRICS_URL":       {a.Secrets.MetricsURL, syncURL},
		"AIRFLOW_DAG_PROCESSOR_URL": {a.Secrets.DAGProcessorURL, syncURL},
		"AIRFLOW_TRIGGERER_URL":     {a.Secrets.TriggererURL, syncURL},
	}))
	if _, given := migrate.Environment[poolVariable]; !given && a.slots() > airflowsPoolSlots {
		// The first migration makes the pool that all tasks are in unless
		// they name another; a later one leaves it as it is.
		migrate.Environment[poolVariable] = strconv.Itoa(a.slots())
	}
	environment := a.with(config.SchedulerPool, map[string]string{
		// As many as all workers together can run; the default of 32 would
		// leave the larger part of a scaled-out pool idle. The scheduler's
		// alone: everywhere else a larger pool would mean new tasks for nothing.
		"AIRFLOW__CORE__PARALLELISM":           strconv.Itoa(a.slots()),
		"AIRFLOW__CELERY__EXTRA_CELERY_CONFIG": celeryConfig(nil),
		// What the container's health check asks.
		"AIRFLOW__SCHEDULER__ENABLE_HEALTH_CHECK": "True",
	})
	maps.Copy(environment, a.signs())
	maps.Copy(environment, a.broker())
	maps.Copy(environment, statsd(a.Config.Airflow))
	return []Container{
		migrate,
		a.container(Container{
			Name: "scheduler", Image: "scheduler", Command: []string{"scheduler"},
			Environment: environment,
			Secrets: databaseAs(a.Secrets.ServerURL, a.celery(map[string]SecretRef{
				"AIRFLOW__CORE__FERNET_KEY":     {a.Secrets.FernetKey, ""},
				"AIRFLOW__API_AUTH__JWT_SECRET": {a.Secrets.JWTSecret, signKey},
			})),
			After: []string{"migrate"}, StopSeconds: stopSeconds,
		}, "scheduler", a.Config.Services.Scheduler.Access),
		a.agent("metrics", agentMetricsPort, map[string]string{
			"AGENT_STATSD":  fmt.Sprintf("127.0.0.1:%d", agentStatsdPort),
			"AGENT_QUEUES":  strings.Join(a.Config.Queues(), ","),
			"PGSSLROOTCERT": agentRoots,
		}, map[string]SecretRef{
			"AGENT_DATABASE_URL": {a.Secrets.MetricsURL, libpqURL},
			"AGENT_BROKER_URL":   {a.Secrets.BrokerURL, ""}, // it counts the workers
		}),
	}
}

// DAGProcessor returns the containers of the DAG processor.
func (a *Airflow) DAGProcessor() []Container {
	refresh := strconv.Itoa(a.Config.Airflow.DAGRefreshSeconds)
	environment := a.with(config.DAGProcessorPool, map[string]string{
		// At its default of 300 s a new DAG would take five minutes.
		"AIRFLOW__DAG_PROCESSOR__REFRESH_INTERVAL":          refresh,
		"AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": refresh,
	})
	maps.Copy(environment, a.secretsBackend())
	return []Container{
		a.before("wait", "dag-processor", "wait-for-migrations", databaseAs(a.Secrets.DAGProcessorURL, nil)),
		a.container(Container{
			Name: "dag-processor", Image: "dag-processor", Command: []string{"dag-processor"},
			Environment: environment,
			Secrets:     databaseAs(a.Secrets.DAGProcessorURL, map[string]SecretRef{"AIRFLOW__CORE__FERNET_KEY": {a.Secrets.FernetKey, ""}}),
			After:       []string{"wait"}, StopSeconds: stopSeconds,
		}, "dag-processor", a.Config.Services.DAGProcessor.Access),
	}
}

// Triggerer returns the containers of the triggerer, which waits for deferred tasks.
func (a *Airflow) Triggerer() []Container {
	return []Container{
		a.before("wait", "triggerer", "wait-for-migrations", databaseAs(a.Secrets.TriggererURL, nil)),
		a.container(Container{
			Name: "triggerer", Image: "triggerer", Command: []string{"triggerer"},
			Environment: a.with(config.TriggererPool, a.secretsBackend()),
			Secrets: databaseAs(a.Secrets.TriggererURL, map[string]SecretRef{
				"AIRFLOW__CORE__FERNET_KEY": {a.Secrets.FernetKey, ""},
				"AIRFLOW__API__SECRET_KEY":  {a.Secrets.APISecretKey, ""}, // its live logs
			}),
			After: []string{"wait"}, StopSeconds: stopSeconds,
		}, "triggerer", a.Config.Services.Triggerer.Access),
	}
}

// Worker returns the containers of one pool's workers: Celery, and the guard
// that keeps ECS from stopping a worker that is busy. They run DAG code, and
// know no database.
func (a *Airflow) Worker(pool config.WorkerPool) []Container {
	queues := strings.Join(pool.Queues, ",")
	environment := a.common()
	maps.Copy(environment, map[string]string{
		databaseVariable:                      noDatabase,
		"AIRFLOW__CELERY__WORKER_CONCURRENCY": strconv.Itoa(pool.Concurrency),
		"AIRFLOW__CELERY__EXTRA_CELERY_CONFIG": celeryConfig(map[string]any{
			"worker_soft_shutdown_timeout": softShutdownSeconds,
			// Keeps what runs when the broker's connection breaks (docs/adr/0045).
			"worker_pool": "airflow_fargate.pool:TaskPool",
		}),
		// Seconds that a task waits for each answer of the api-server, tasks'
		// only way to Airflow. At the default of 5 s a start failed under load:
		// the client gives up before the answer comes, and each time asks for the
		// same work again. Below the load balancer's idle timeout.
		"AIRFLOW__WORKERS__EXECUTION_API_TIMEOUT": "30",
		// Ten tries with random pauses of at most 30 s last some 80 s, like the
		// database's failover. At the default of five a task that reported its result
		// while the database restarted failed within 7 s.
		"AIRFLOW__WORKERS__EXECUTION_API_RETRIES":        "10",
		"AIRFLOW__WORKERS__EXECUTION_API_RETRY_WAIT_MAX": "30",
		// Celery's name for "soft shutdown at SIGTERM".
		"REMAP_SIGTERM": "SIGQUIT",
	})
	maps.Copy(environment, a.secretsBackend())
	maps.Copy(environment, a.broker())
	wait := a.before("wait", "worker", "wait-for-api", nil)
	wait.Environment = a.common()
	return []Container{
		wait,
		a.container(Container{
			Name: "worker", Image: "worker",
			// Mingle and gossip exchange what nobody reads here, and at a broker's
			// restart mingle was seen to end the worker (kombu: KeyError in on_readable).
			Command:     []string{"celery", "worker", "--queues", queues, "--without-mingle", "--without-gossip"},
			Environment: environment,
			Secrets:     a.celery(map[string]SecretRef{"AIRFLOW__API__SECRET_KEY": {a.Secrets.APISecretKey, ""}}), // its live logs
			After:       []string{"wait"}, StopSeconds: longestStopSeconds,
		}, "worker", pool.Access),
		a.agent("guard", agentGuardPort, map[string]string{"AGENT_WORKER_QUEUES": queues},
			map[string]SecretRef{"AGENT_BROKER_URL": {a.Secrets.BrokerURL, ""}}),
	}
}

// Cleanup returns the container that deletes what is older than the retention
// from the database, and ends.
func (a *Airflow) Cleanup() []Container {
	return []Container{{
		Name: "cleanup", Image: "scheduler", EntryPoint: []string{entrypoint}, Command: []string{"cleanup"},
		Environment: map[string]string{
			"AIRFLOW_DB_RETENTION_DAYS": strconv.Itoa(a.Config.Airflow.RetentionDays),
			"PGSSLROOTCERT":             databaseRoots,
		},
		Secrets:   map[string]SecretRef{databaseVariable: {a.Secrets.ServerURL, syncURL}},
		Essential: true, StopSeconds: stopSeconds, ReadOnlyRoot: true,
	}}
}

// DAGSync returns the container that publishes DAGs and plugins from S3.
func (a *Airflow) DAGSync() []Container {
	b := a.Config.Buckets
	const folder = "/sync"
	agent := a.agent("dagsync", agentSyncPort, nil, nil)
	agent.Command = []string{
		"dagsync",
		"--source", fmt.Sprintf("s3://%s/%s", b.DAGs, b.DAGsPrefix), "--target", folder + "/dags",
		"--source", fmt.Sprintf("s3://%s/%s", b.DAGs, b.PluginsPrefix), "--target", folder + "/plugins",
		"--keep", fmt.Sprintf("%ds", a.Config.Airflow.LongestTaskSeconds),
	}
	agent.FilesAt, agent.Writer = folder, true
	return []Container{agent.further(a.Config.Services.DAGSync.Access)}
}

// agent is a container of the platform's own agent.
func (a *Airflow) agent(command string, port int, environment map[string]string, secrets map[string]SecretRef) Container {
	all := map[string]string{"AGENT_STACK": a.Scope.Prefix, "AWS_REGION": a.Config.Region}
	for name, value := range environment {
		all[name] = value
	}
	stop := stopSeconds
	if command == "guard" {
		stop = longestStopSeconds // it guards the worker to its end
	}
	return Container{
		Name: command, Image: "agent", EntryPoint: []string{agentBinary}, Command: []string{command},
		Environment: all, Secrets: secrets, Essential: true, StopSeconds: stop, ReadOnlyRoot: true,
		Health: &Health{
			Command:      []string{"CMD", agentBinary, "health", "--url", fmt.Sprintf("http://127.0.0.1:%d/healthz", port)},
			GraceSeconds: 60,
		},
	}
}
