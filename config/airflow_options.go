package config

import (
	"maps"
	"strings"
)

// reservedOptions are Airflow's settings that the platform sets itself, or relies
// on at their defaults, as section.key, each with the reason why a stack can't set
// them. Tests hold them against the environment that the task definitions really
// carry, and against the options that Airflow has.
var reservedOptions = map[string]string{
	"core.executor":                                      "the platform is built for the CeleryExecutor",
	"core.auth_manager":                                  "login.mode decides how people log in",
	"core.load_examples":                                 "examples would run in production",
	"core.dags_folder":                                   "DAGs come from the published tree on EFS",
	"core.plugins_folder":                                "plugins come from the published tree on EFS",
	"core.execution_api_server_url":                      "tasks use the load balancer's second listener",
	"core.hostname_callable":                             "live logs are fetched from the name that it gives",
	"core.fernet_key":                                    "it is a secret of the stack; raise secrets.fernetKey to rotate it",
	"core.parallelism":                                   "it follows from workerPools",
	"database.sql_alchemy_conn":                          "it is a secret of the stack",
	"database.sql_alchemy_conn_async":                    "it is a secret of the stack",
	"database.sql_alchemy_pool_size":                     "it is sized to the RDS class",
	"database.sql_alchemy_max_overflow":                  "it is sized to the RDS class",
	"celery.broker_url":                                  "it is a secret of the stack",
	"celery.result_backend":                              "results go to the broker: workers know no database",
	"celery.worker_concurrency":                          "set the pool's concurrency, from which the scaling steps follow",
	"celery.extra_celery_config":                         "it holds the soft shutdown, which must fit into the tasks' stop timeout, and the pool of processes",
	"celery.pool":                                        "the image's pool keeps what runs when the broker's connection breaks",
	"celery.worker_autoscale":                            "it would replace the pool's concurrency, from which the scaling steps follow",
	"celery.worker_prefetch_multiplier":                  "a reserved message would wait behind a long task while another worker idles",
	"celery.task_acks_late":                              "a message must outlive its worker",
	"celery_broker_transport_options.visibility_timeout": "set airflow.longestTaskSeconds",
	"api.base_url":                                       "loadBalancer.hostname decides it",
	"api.host":                                           "the load balancer must reach it",
	"api.port":                                           "the load balancer forwards to it",
	"api.ssl_cert":                                       "the load balancer ends TLS and speaks HTTP behind it",
	"api.ssl_key":                                        "the load balancer ends TLS and speaks HTTP behind it",
	"api.secret_key":                                     "it is a secret of the stack; raise secrets.apiSecretKey to rotate it",
	"api.workers":                                        "connections are counted for one process in a task; raise services.apiServer.count",
	"api_auth.jwt_secret":                                "it is a secret of the stack; raise secrets.jwtSecret to rotate it",
	"api_auth.jwt_algorithm":                             "the keys that the api-server trusts are made for it",
	"api_auth.jwt_kid":                                   "it is the generation of the key: raise secrets.jwtSecret",
	"api_auth.jwt_private_key_path":                      "tokens are signed with a secret of the stack; raise secrets.jwtSecret to rotate it",
	"api_auth.trusted_jwks_url":                          "the api-server trusts the secrets of the stack alone, of three generations",
	"execution_api.jwt_expiration_time":                  "it follows from airflow.queuedTimeoutSeconds",
	"scheduler.task_queued_timeout":                      "set airflow.queuedTimeoutSeconds",
	"scheduler.enable_health_check":                      "the container's health check asks it",
	"scheduler.scheduler_health_check_server_port":       "the container's health check asks it",
	"logging.trigger_log_server_port":                    "the security groups open it",
	"logging.worker_log_server_port":                     "the security groups open it",
	"logging.remote_logging":                             "task logs go to the log bucket",
	"logging.remote_base_log_folder":                     "set buckets.logs and buckets.logsPrefix",
	"logging.remote_log_conn_id":                         "task logs are written with the task role",
	"logging.log_filename_template":                      "logs are partitioned by date, and every container must have the same template",
	"logging.delete_local_logs":                          "the containers' disks are small",
	"dag_processor.refresh_interval":                     "set airflow.dagRefreshSeconds",
	"dag_processor.min_file_process_interval":            "set airflow.dagRefreshSeconds",
	"dag_processor.dag_bundle_config_list":               "DAGs come from the published tree on EFS",
	"dag_processor.stale_bundle_cleanup_interval":        "published trees are removed by dagsync",
	"fab.config_file":                                    "the image's file reads login.*",
	"fab.enable_proxy_fix":                               "the load balancer ends TLS",
	"fab.cookie_secure":                                  "the web interface is HTTPS only",
	"metrics.metrics_allow_list":                         "only what the agent publishes is told; set airflow.openTelemetry for all",
	"metrics.otel_host":                                  "set airflow.openTelemetry",
	"metrics.otel_on":                                    "set airflow.openTelemetry",
	"metrics.otel_port":                                  "set airflow.openTelemetry",
	"metrics.otel_ssl_active":                            "set airflow.openTelemetry",
	"metrics.stat_name_handler":                          "without the image's own, an id of a DAG that isn't ASCII ends the scheduler",
	"metrics.statsd_host":                                "the agent beside the scheduler listens to it",
	"metrics.statsd_on":                                  "the agent beside the scheduler listens to it",
	"metrics.statsd_port":                                "the agent beside the scheduler listens to it",
	"metrics.statsd_prefix":                              "the agent beside the scheduler listens to it",
	"fab.session_backend":                                "a session in a cookie could be forged with the key of the live logs, which workers hold",
	"operators.default_queue":                            "one pool works off the queue default",
	"secrets.backend":                                    "set secretsBackend, which also permits what is looked for",
	"secrets.backend_kwargs":                             "set secretsBackend, which also permits what is looked for",
	"api.server_type":                                    "connections are counted for one process in a task",
	"celery.celery_config_options":                       "Airflow's own holds the settings of Celery that the platform adds to",
	"celery.ssl_active":                                  "the broker's URL says how its certificate is verified",
	"celery.worker_enable_remote_control":                "the guard asks a worker over it whether it is busy: without an answer every worker is replaced, for ever",
	"celery_broker_transport_options.global_keyprefix":   "guard and metrics know the queues by their own names",
	"core.default_impersonation":                         "the containers have one user, and no sudo",
	"core.multi_team":                                    "the services serve all teams, which Airflow would not let them do",
	"core.unit_test_mode":                                "the settings of Airflow's own tests would replace these",
	"database.sql_alchemy_connect_args":                  "it could undo the verification of the server's certificate",
	"database.sql_alchemy_pool_enabled":                  "connections are counted by the pools' sizes",
	"database.sql_alchemy_schema":                        "metrics, clean-up and health checks read the schema public",
	"logging.base_log_folder":                            "it is on the one disk that the containers may write to",
	"logging.dag_processor_child_process_log_directory":  "it is on the one disk that the containers may write to",
	"logging.logging_config_class":                       "Airflow's own writes task logs to the log bucket",
	"logging.task_log_reader":                            "Airflow's own reads task logs from the log bucket",
	"scheduler.job_heartbeat_sec":                        "health checks and alarms know by it whether scheduler and DAG processor live",
	"scheduler.scheduler_health_check_server_host":       "the container's health check asks it",
	"triggerer.job_heartbeat_sec":                        "health checks and alarms know by it whether the triggerer lives",
	"triggerer.queues_enabled":                           "the triggerer serves all, and would pass over those with a queue",
	"workers.secrets_backend":                            "set secretsBackend, which also permits what is looked for",
	"workers.secrets_backend_kwargs":                     "set secretsBackend, which also permits what is looked for",
	"workers.execution_api_retries":                      "tasks must outlast a failover of the database",
	"workers.execution_api_retry_wait_max":               "tasks must outlast a failover of the database",
	"workers.execution_api_timeout":                      "it must bear a busy api-server and stay below the load balancer's idle timeout",
}

// ReservedOptions returns all settings that a stack can't change, as
// section.key, each with the reason.
func ReservedOptions() map[string]string { return maps.Clone(reservedOptions) }

// ReservedOption returns the reason why a stack can't set an Airflow option,
// and whether that is so.
func ReservedOption(section, option string) (string, bool) {
	reason, reserved := reservedOptions[section+"."+option]
	for _, suffix := range []string{"_cmd", "_secret"} {
		// Airflow reads <option>_cmd and <option>_secret in place of a secret option.
		if base, ok := strings.CutSuffix(option, suffix); ok && !reserved {
			reason, reserved = reservedOptions[section+"."+base]
		}
	}
	return reason, reserved
}
