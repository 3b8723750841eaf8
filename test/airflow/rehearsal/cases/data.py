"""Data beyond the platform: a connection in Secrets Manager, a declared database, an undeclared one."""

from __future__ import annotations

import ipaddress
import json
import shlex
import time

from ..servers import Postgres
from ..web import access_key
from ..world import Failed
from .base import Case, Run
from .dags import readable

NAME, USER, PASSWORD = "warehouse", "reader", "password-of-the-warehouse"
CLIENT = '''from __future__ import annotations
import pendulum
from airflow.sdk import dag, task

@dag(schedule=None, start_date=pendulum.datetime(2026, 1, 1), catchup=False)
def warehouse():
    @task
    def read(connection_id):
        import psycopg2
        from airflow.sdk import Connection
        found = Connection.get(connection_id)
        with psycopg2.connect(host=found.host, port=found.port, user=found.login, password=found.password, dbname=found.schema, sslmode="require", connect_timeout=10) as connection:
            with connection.cursor() as cursor:
                cursor.execute("select 'rows of the ' || current_database()")
                print(cursor.fetchone()[0])

    @task
    def miss():
        from airflow.sdk import Variable
        assert Variable.get("nobody-has-it", default="nowhere") == "nowhere"

    read.override(task_id="declared")("warehouse")
    read.override(task_id="undeclared")("warehouse-next-door")
    read.override(task_id="another-port")("warehouse-other-port")
    miss()

warehouse()
'''


def data(run: Run) -> None:
    """A task reads a connection from Secrets Manager, reaches the declared database, and no other."""
    began = time.monotonic()
    run.put("warehouse.py", CLIENT)  # is read meanwhile
    network, port, elsewhere = _declared(run)
    declared, undeclared = str(network[10]), str(elsewhere[10])
    _start(run, declared, undeclared, port)
    prefix = _prefix(run, "connections_prefix")
    for name, host, number in ((NAME, declared, port), (f"{NAME}-next-door", undeclared, port), (f"{NAME}-other-port", declared, port + 1)):
        form = json.dumps({"conn_type": "postgres", "host": host, "port": number, "login": USER, "password": PASSWORD, "schema": NAME})
        if name != NAME:  # either form will do
            form = f"postgresql://{USER}:{PASSWORD}@{host}:{number}/{NAME}"
        run.world.secrets.create_secret(Name=f"{prefix}/{name}", SecretString=form)
    run.world.wait(lambda: NAME in run.api.dags(), 90, "the DAG warehouse appears")
    run.api.unpause(NAME)
    run_id = run.api.trigger(NAME)
    run.finish(NAME, run_id, "failed", 120)
    tasks = {t["task_id"]: t["state"] for t in run.api.tasks(NAME, run_id)}
    wanted = {"declared": "success", "undeclared": "failed", "another-port": "failed", "miss": "success"}
    run.check(tasks == wanted, f"tasks of warehouse ended as {tasks}, expected {wanted}\n{run.why(NAME, run_id)}")
    readable(run, NAME, run_id, "declared", 1, f"rows of the {NAME}")
    for task, host, number in (("undeclared", undeclared, port), ("another-port", declared, port + 1)):
        readable(run, NAME, run_id, task, 1, f'connection to server at "{host}", port {number} failed: Network is unreachable')
    _lookups(run)
    _quiet(run)
    run.remove("warehouse.py")
    run.report.note(f"warehouse on {declared}:{port} reached, {undeclared}:{port} and {declared}:{port + 1} not; {time.monotonic() - began:.1f} s")


def _declared(run: Run) -> tuple[ipaddress.IPv4Network, int, ipaddress.IPv4Network]:
    """The first network beyond the VPC that workers may open connections to, its port, and one beside it that is routed, too."""
    state = run.world.state
    for network, port in [place for service in state.worker_services() for place in state.beyond(service)]:
        for route in state.routes():
            for other in route.subnets(new_prefix=network.prefixlen) if network.subnet_of(route) and network != route else ():
                if other != network:
                    return network, port, other
    raise Failed("the state declares no egress of workers into a part of a joined network: scripts/e2e lays one over the stack's settings")


def _start(run: Run, declared: str, undeclared: str, port: int) -> None:
    """A PostgreSQL in a network namespace of its own, with an address in each network; both answer there."""
    place = run.world.vpc.join(NAME, [declared, undeclared])
    inside = ["nsenter", f"--net={place.path}"]
    instance = {"address": declared, "port": port, "username": USER, "password": PASSWORD, "dbName": NAME}
    run.world.warehouse = Postgres(run.world.folder / NAME, run.world.authority, instance, {}, f"{declared},{undeclared}", inside)
    for address in (declared, undeclared):
        run.world.warehouse._run("pg_isready", "-h", address, "-p", port)


def _prefix(run: Run, which: str) -> str:
    return json.loads(run.world.workers()[0].main.definition.environment["AIRFLOW__SECRETS__BACKEND_KWARGS"])[which]


def _lookups(run: Run) -> None:
    """Who asked Secrets Manager at all has the backend, and a worker did."""
    asked = {key for _, key, service, _, _ in run.world.front.calls if service == "secretsmanager"}
    may = {
        role: service for role, service in run.world.state.services.items()
        if any("AIRFLOW__SECRETS__BACKEND" in c.environment for c in service.definition.containers.values())
    }  # fmt: skip
    strangers = asked - {access_key(s.definition.role_arn) for s in may.values()}
    run.check(not strangers, f"asked Secrets Manager without the backend's variables: {sorted(strangers)}")
    workers = {access_key(s.definition.role_arn) for s in run.world.state.worker_services()}
    run.check(workers & asked, "no worker asked Secrets Manager")


def _quiet(run: Run) -> None:
    """A miss is no line that the stack's alarm on refused calls counts."""
    patterns = [f["pattern"] for f in run.world.state.of("aws:cloudwatch/logMetricFilter:LogMetricFilter")]
    words = [word.lstrip("?") for pattern in patterns if "AccessDenied" in pattern for word in shlex.split(pattern)]
    run.check(words, "no metric filter of the state counts refused calls")
    for task in run.world.tasks():
        for container in task.containers.values():
            lines = [line for line in container.log.read_text(errors="replace").splitlines() if any(w in line for w in words)] if container.log.exists() else []
            run.check(not lines, f"{task.label}/{container.name} wrote what the alarm on refused calls counts: {lines[:1]}")


CASES = [
    Case("data", "A connection from Secrets Manager leads to a declared database, and to no other", data, short=False),
]
