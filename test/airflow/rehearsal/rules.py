"""Everything that the rehearsal does differently from AWS, in one table.

What is not listed here is taken from the task definition as it stands. If a
container needs anything else changed to run, the task definition is wrong.
"""

RULES = [
    # declared, here, why that is fair
    ("image web, scheduler, worker, dag-processor, triggerer", "root made of this machine's /usr (read-only) and /opt/airflow built by docker/airflow/install; ENV, WORKDIR and USER read from docker/airflow/Dockerfile", "no container engine is needed; same lock, same scripts"),
    ("base image's Python", "the interpreter that built the environment, at its own path", "its version is printed; 3.12 is what the image has"),
    ("image agent", "root that holds bin/airflow-agent and CA certificates only; without the binary the container is left out and dags/ is copied", "as the image; said aloud when left out"),
    ("task (awsvpc)", "network namespace with an address of the service's subnets, hostname ip-a-b-c-d.ec2.internal, shared by the task's containers", "as Fargate; no route leads out"),
    ("container", "mount, IPC, UTS and PID namespaces; user as declared; the first process is tini where initProcessEnabled", "docker-init is tini"),
    ("environment, secrets", "as declared; secrets from the SecretVersions of the state, by version id", "what ECS injects"),
    ("variables that Fargate adds", "AWS_REGION, AWS_DEFAULT_REGION, AWS_EXECUTION_ENV, ECS_CONTAINER_METADATA_URI_V4, ECS_AGENT_URI, AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "served on 169.254.170.2, one identity per task role"),
    ("readonlyRootFilesystem", "root mounted read-only; otherwise /tmp and /opt/airflow/home writable", "as declared"),
    ("EFS volume", "folder per file system and access point's root directory, bind-mounted, read-only where declared; the access point's posixUser owns it", "NFS semantics, IAM and TLS of EFS are not covered"),
    ("plain volume", "empty folder with owner and mode of the image's folder of that path", "Fargate does so for a VOLUME of the image"),
    ("host names of RDS, ElastiCache, ALB, S3", "addresses of the bridge, by /etc/hosts; certificates by a CA of the rehearsal", "names and ports as declared, verification on"),
    ("CA bundles: RDS file in the image, system, certifi, botocore", "replaced by the rehearsal's CA", "a test CA cannot be in the real bundles"),
    ("RDS instance", "PostgreSQL from this machine, user, password, database and the parameter group's known parameters; TLS only", "version and extensions of RDS are not covered"),
    ("ElastiCache group", "redis-server, TLS only, AUTH token and maxmemory-policy as declared", "failover of a replica is a restart with the data kept"),
    ("buckets", "moto, same names; every call is recorded per task role", "IAM and KMS are not enforced"),
    ("ALB listeners, rules, target groups", "HTTPS proxy: same ports, rules, health checks of the target groups; X-Forwarded-* and Host as an ALB sets them", "authenticate actions are skipped but in `make e2e-login`, which has an identity provider; x-amzn-oidc-data isn't signed there"),
    ("desired count", "services without autoscaling as declared, workers at least 1 for the tests", "the scaling itself is proven elsewhere"),
    ("health checks", "the declared command inside the container at its interval, timeout, retries and start period; an unhealthy essential container ends its task", "as ECS"),
    ("stopTimeout", "SIGTERM, then SIGKILL after the declared seconds", "as ECS"),
    ("cpu, memory", "not limited; PSS is reported beside the declared memory", "two shared cores would measure the machine"),
    ("networks beyond the VPC", "a namespace whose server answers in two of them; a task's routes lead where a rule of its security group and a route of the plan do, on that port alone", "elsewhere the kernel says unreachable, where AWS drops without a word"),
    ("security groups inside the VPC, IAM policies but those of Secrets Manager", "not enforced", "proven by the policy pack and the plan"),
    ("secrets backend", "moto, after a look at the role's policies: what they don't name is refused", "a miss below a granted prefix is not found, as on AWS"),
]  # fmt: skip


def table() -> str:
    """The rules as Markdown."""
    lines = ["| declared | in the rehearsal | note |", "|---|---|---|"]
    return "\n".join(lines + [f"| {a} | {b} | {c} |" for a, b, c in RULES])
