"""A small state in the shape of `pulumi stack export`, for tests of the harness itself.

    python3 test/airflow/tests/fixture.py > state.json
"""

from __future__ import annotations

import base64
import json
import sys

ACCOUNT, REGION, PREFIX = "123456789012", "us-east-1", "acme-airflow-test"
HOST = "airflow.test.acme.internal"
DB, CACHE = f"{PREFIX}.abc.{REGION}.rds.amazonaws.com", f"master.{PREFIX}.abc.use1.cache.amazonaws.com"
PASSWORD, TOKEN = "fixturepassword", "fixturetoken1234567890"
LOG = (
    'dt={{ ti.dag_run.run_after.strftime("%Y-%m-%d") }}/dag_id={{ ti.dag_id }}/run_id={{ ti.run_id }}/'
    "task_id={{ ti.task_id }}/{% if ti.map_index >= 0 %}map_index={{ ti.map_index }}/{% endif %}"
    "attempt={{ try_number|default(ti.try_number) }}/task.log"
)
SECRETS = {
    "database-url": json.dumps(
        {
            "sync": f"postgresql+psycopg2://airflow:{PASSWORD}@{DB}:5432/airflow?sslmode=verify-full",
            "async": f"postgresql+asyncpg://airflow:{PASSWORD}@{DB}:5432/airflow?ssl=verify-full",
            "libpq": f"postgres://airflow:{PASSWORD}@{DB}:5432/airflow?sslmode=verify-full",
        }
    ),
    "broker-url": f"rediss://:{TOKEN}@{CACHE}:6379/0?ssl_cert_reqs=required",
    "fernet-key": "ZmVybmV0LWtleS1vZi0zMi1ieXRlcy1mb3ItdGVzdHM=",
    "jwt-secret": json.dumps({"sign": "j" * 96, "trust": json.dumps({"keys": [{"kty": "oct", "alg": "HS512", "kid": "1", "k": base64.urlsafe_b64encode(b"j" * 96).decode()}]})}),
    "api-secret-key": "a" * 64,
}


def arn(service: str, rest: str) -> str:
    return f"arn:aws:{service}:{REGION}:{ACCOUNT}:{rest}"


def secret_arn(name: str) -> str:
    return arn("secretsmanager", f"secret:{PREFIX}/{name}-AbCdEf")


def value_from(name: str, key: str = "") -> str:
    return f"{secret_arn(name)}:{key}::v-{name}"


COMMON = {
    "AIRFLOW__CORE__EXECUTOR": "CeleryExecutor",
    "AIRFLOW__CORE__AUTH_MANAGER": "airflow.providers.fab.auth_manager.fab_auth_manager.FabAuthManager",
    "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
    "AIRFLOW__CORE__DAGS_FOLDER": "/opt/airflow/sync/dags",
    "AIRFLOW__CORE__PLUGINS_FOLDER": "/opt/airflow/sync/plugins",
    "AIRFLOW__DAG_PROCESSOR__STALE_BUNDLE_CLEANUP_INTERVAL": "0",
    "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"https://{HOST}:8443/execution/",
    "AIRFLOW__CORE__HOSTNAME_CALLABLE": "socket.gethostname",
    "PGSSLROOTCERT": "/opt/airflow/certs/rds-global-bundle.pem",
    "AIRFLOW__LOGGING__REMOTE_LOGGING": "True",
    "AIRFLOW__LOGGING__REMOTE_BASE_LOG_FOLDER": "s3://acme-logs/test",
    "AIRFLOW__LOGGING__REMOTE_LOG_CONN_ID": "aws_default",
    "AIRFLOW__LOGGING__LOG_FILENAME_TEMPLATE": LOG,
    "AIRFLOW__LOGGING__DELETE_LOCAL_LOGS": "True",
    "AIRFLOW_CONN_AWS_DEFAULT": "aws://",
    "AWS_DEFAULT_REGION": REGION,
    "AIRFLOW__EXECUTION_API__JWT_EXPIRATION_TIME": "14400",
    "AIRFLOW__SCHEDULER__TASK_QUEUED_TIMEOUT": "7200",
}
DATABASE = {
    "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": value_from("database-url", "sync"),
    "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN_ASYNC": value_from("database-url", "async"),
}


def pairs(mapping: dict, key: str) -> list[dict]:
    return [{"name": name, key: value} for name, value in sorted(mapping.items())]


def container(name, image, command, environment, secrets, role="", after=None, files="", stop=30, port=0, agent=0):
    mounts = [{"sourceVolume": f"{name}{p.replace('/', '-')}", "containerPath": p, "readOnly": False} for p in ("/opt/airflow/home", "/tmp")]
    if agent:
        mounts = []
    if files:
        mounts.append({"sourceVolume": "files", "containerPath": files, "readOnly": not agent})
    definition = {
        "name": name,
        "image": f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/{PREFIX}/{image}@sha256:{'1' * 64}",
        "essential": bool(role or agent),
        "user": "50000:0",
        "entryPoint": ["/airflow-agent" if agent else "/opt/airflow/bin/entrypoint"],
        "command": command,
        "environment": pairs(environment, "value"),
        "secrets": pairs(secrets, "valueFrom"),
        "mountPoints": mounts,
        "portMappings": [{"containerPort": port, "hostPort": port}] if port else [],
        "readonlyRootFilesystem": True,
        "linuxParameters": {"initProcessEnabled": True},
        "stopTimeout": stop,
    }
    if role or agent:
        command = ["CMD", "/opt/airflow/bin/healthcheck", role]
        if agent:
            command = ["CMD", "/airflow-agent", "health", "--url", f"http://127.0.0.1:{agent}/healthz"]
        definition["healthCheck"] = {"command": command, "interval": 30, "timeout": 10, "retries": 3, "startPeriod": 240}
    if after:
        definition["dependsOn"] = [{"containerName": after, "condition": "SUCCESS"}]
    return definition


def before(name, image, command):
    return container(name, image, [command], COMMON, DATABASE)


def agent(command, port, environment, secrets, arguments=(), files=""):
    environment = {"AGENT_STACK": PREFIX, "AWS_REGION": REGION, **environment}
    stop = 120 if command == "guard" else 30
    return container(command, "agent", [command, *arguments], environment, secrets, agent=port, files=files, stop=stop)


def tasks() -> dict[str, list[dict]]:
    fernet = {"AIRFLOW__CORE__FERNET_KEY": value_from("fernet-key")}
    jwt = {"AIRFLOW__API_AUTH__JWT_SECRET": value_from("jwt-secret", "sign")}
    keys = {"AIRFLOW_JWT_KEYS": value_from("jwt-secret", "trust")}
    signs = {"AIRFLOW__API_AUTH__JWT_KID": "1", "AIRFLOW__API_AUTH__JWT_ALGORITHM": "HS512"}
    broker = {name: value_from("broker-url") for name in ("AIRFLOW__CELERY__BROKER_URL", "AIRFLOW__CELERY__RESULT_BACKEND")}
    key = {"AIRFLOW__API__SECRET_KEY": value_from("api-secret-key")}
    sync = "/opt/airflow/sync"
    web = {
        "AIRFLOW__API__BASE_URL": f"https://{HOST}/", "AIRFLOW__API__PORT": "8080", "AIRFLOW__FAB__ENABLE_PROXY_FIX": "True",
        "AIRFLOW__FAB__COOKIE_SECURE": "True", "FORWARDED_ALLOW_IPS": "*",
        "AIRFLOW__FAB__CONFIG_FILE": "/opt/airflow/config/webserver_config.py", "AIRFLOW_LOGIN_MODE": "password",
    }  # fmt: skip
    parse = {"AIRFLOW__DAG_PROCESSOR__REFRESH_INTERVAL": "15", "AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "15"}
    work = {
        "AIRFLOW__CELERY__WORKER_CONCURRENCY": "4", "REMAP_SIGTERM": "SIGQUIT", "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": "postgresql+psycopg2:///?host=/workers-have-no-database",
        "AIRFLOW__CELERY__EXTRA_CELERY_CONFIG": '{"worker_soft_shutdown_timeout":90}', "AIRFLOW__WORKERS__EXECUTION_API_TIMEOUT": "30",
    }  # fmt: skip
    url = {"AGENT_DATABASE_URL": value_from("database-url", "libpq")}
    return {
        "api-server": [
            before("wait", "web", "wait-for-permissions"),
            container("api-server", "web", ["api-server", "--proxy-headers"], COMMON | web | signs, DATABASE | fernet | jwt | keys | key, "api-server", "wait", sync, port=8080),
        ],
        "scheduler": [
            before("migrate", "scheduler", "migrate"),
            container("scheduler", "scheduler", ["scheduler"], COMMON | signs | {"AIRFLOW__SCHEDULER__ENABLE_HEALTH_CHECK": "True"}, DATABASE | broker | fernet | jwt, "scheduler", "migrate", sync),
            agent("metrics", 9101, {"AGENT_QUEUES": "default", "PGSSLROOTCERT": "/etc/ssl/certs/rds-global-bundle.pem"}, url),
        ],
        "dag-processor": [
            before("wait", "dag-processor", "wait-for-migrations"),
            container("dag-processor", "dag-processor", ["dag-processor"], COMMON | parse, DATABASE | fernet, "dag-processor", "wait", sync),
        ],
        "triggerer": [
            before("wait", "triggerer", "wait-for-migrations"),
            container("triggerer", "triggerer", ["triggerer"], COMMON, DATABASE | fernet | key, "triggerer", "wait", sync),
        ],
        "worker": [
            container("wait", "worker", ["wait-for-api"], COMMON, {}),
            container("worker", "worker", ["celery", "worker", "--queues", "default"], COMMON | work, broker | key, "worker", "wait", sync, stop=120),
            agent("guard", 9102, {"AGENT_WORKER_QUEUES": "default"}, {"AGENT_BROKER_URL": value_from("broker-url")}),
        ],
        "dagsync": [
            agent("dagsync", 9100, {}, {}, ["--source", "s3://acme-dags/test/", "--target", "/sync/dags", "--source", "s3://acme-dags/test-plugins/", "--target", "/sync/plugins"], "/sync"),
        ],
    }  # fmt: skip


def resources() -> list[dict]:
    found: list[dict] = []

    def add(kind, label, **outputs):
        found.append({"urn": f"urn:pulumi:test::airflow::{kind}::{label}", "custom": True, "type": kind, "id": outputs.pop("id", label), "inputs": {}, "outputs": outputs})

    add("aws:ec2/vpc:Vpc", "vpc", cidrBlock="10.40.0.0/16")
    add("aws:ec2/subnet:Subnet", "a", id="subnet-a", cidrBlock="10.40.0.0/20")
    add("aws:rds/instance:Instance", "database", address=DB, port=5432, username="airflow", dbName="airflow", password={"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "plaintext": json.dumps(PASSWORD)})
    add("aws:elasticache/replicationGroup:ReplicationGroup", "broker", primaryEndpointAddress=CACHE, port=6379, authToken=TOKEN)
    add("aws:elasticache/parameterGroup:ParameterGroup", "broker", parameters=[{"name": "maxmemory-policy", "value": "noeviction"}])
    for bucket in ("acme-dags", "acme-logs"):
        add("aws:s3/bucketV2:BucketV2", bucket, bucket=bucket)
    add("aws:efs/accessPoint:AccessPoint", "writer", id="fsap-w", rootDirectory={"path": "/sync", "creationInfo": {"ownerUid": 50000, "ownerGid": 0, "permissions": "0755"}})
    for name, text in SECRETS.items():
        add("aws:secretsmanager/secretVersion:SecretVersion", name, secretId=secret_arn(name), versionId=f"v-{name}", secretString=text)
    group = arn("elasticloadbalancing", "targetgroup/web/1")
    add("aws:lb/loadBalancer:LoadBalancer", "alb", dnsName="internal-alb.us-east-1.elb.amazonaws.com")
    add("aws:route53/record:Record", "web", name=HOST)
    add("aws:lb/targetGroup:TargetGroup", "web", arn=group, port=8080, healthCheck={"path": "/api/v2/monitor/health", "matcher": "200", "interval": 15, "timeout": 10, "healthyThreshold": 2, "unhealthyThreshold": 3})
    forward = {"type": "forward", "targetGroupArn": group}
    add("aws:lb/listener:Listener", "http", arn="l80", port=80, protocol="HTTP", defaultActions=[{"type": "redirect", "redirect": {"port": "443", "protocol": "HTTPS", "statusCode": "HTTP_301"}}])
    add("aws:lb/listener:Listener", "https", arn="l443", port=443, protocol="HTTPS", defaultActions=[forward])
    add("aws:lb/listener:Listener", "execution", arn="l8443", port=8443, protocol="HTTPS", defaultActions=[{"type": "fixed-response", "fixedResponse": {"statusCode": "404"}}])
    add("aws:lb/listenerRule:ListenerRule", "execution", listenerArn="l8443", priority=1, actions=[forward], conditions=[{"pathPattern": {"values": ["/execution/*"]}}])
    add("aws:lb/listenerRule:ListenerRule", "shut", listenerArn="l443", priority=1, actions=[{"type": "fixed-response", "fixedResponse": {"statusCode": "404"}}], conditions=[{"pathPattern": {"values": ["/execution/*"]}}])
    for role, containers in tasks().items():
        definition = arn("ecs", f"task-definition/{PREFIX}-{role}:1")
        volumes = []
        for c in containers:
            for m in c["mountPoints"]:
                volume = {"name": m["sourceVolume"]}
                if m["sourceVolume"] == "files":
                    volume["efsVolumeConfiguration"] = {"fileSystemId": "fs-1", "transitEncryption": "ENABLED", "authorizationConfig": {"accessPointId": "fsap-w", "iam": "ENABLED"}}
                volumes.append(volume)
        add("aws:ecs/taskDefinition:TaskDefinition", role, arn=definition, family=f"{PREFIX}-{role}", cpu="512", memory="2048", taskRoleArn=f"arn:aws:iam::{ACCOUNT}:role/{PREFIX}-{role}-task", containerDefinitions=json.dumps(containers), volumes=volumes)
        target = [{"targetGroupArn": group, "containerName": "api-server", "containerPort": 8080}] if role == "api-server" else []
        add("aws:ecs/service:Service", role, name=f"{PREFIX}-{role}", taskDefinition=definition, desiredCount=0 if role == "worker" else 1, networkConfiguration={"subnets": ["subnet-a"]}, loadBalancers=target)
    return found


if __name__ == "__main__":
    json.dump({"version": 3, "deployment": {"resources": resources()}}, sys.stdout, indent=1)
