"""From an empty database to a login."""

from __future__ import annotations

import time

from ..api import ApiError
from .base import PACK, PASSWORD, USER, Case, Run

# Not the workers: like a stack whose pools start at zero.
FIRST = ("dagsync", "scheduler", "api-server", "dag-processor", "triggerer")


def _sources(run: Run) -> None:
    for file in sorted(PACK.glob("*.py")):
        bucket, prefix = run.location("dags")
        run.world.s3.put_object(Bucket=bucket, Key=prefix + file.name, Body=file.read_bytes())
    run.publish()


def start(run: Run) -> None:
    """All services start at once on an empty database, in no order but dependsOn's."""
    world = run.world
    _sources(run)
    for role in FIRST:
        if role == "dagsync" and not world.fargate.has_agent:
            run.report.note("bin/airflow-agent does not exist: dagsync, metrics and guard were left out, dags/ was copied")
            continue
        world.start_service(role)
    world.wait(world.healthy, 300, "every service is healthy, from an empty database")


def converge(run: Run) -> None:
    """They turn healthy, and say so."""
    start(run)
    world = run.world
    scheduler = world.fleet["scheduler"].task()
    heads = world.database.query("select version_num from alembic_version")
    run.say(f"schema at {heads[0][0]}, migrate took {scheduler.containers['migrate'].ended - scheduler.containers['migrate'].started:.1f} s")
    world.wait(lambda: all(s["status"] == "healthy" for s in run.api.health().values()) if run.api.health() else False, 90, "the health page calls every component healthy")


def create_user(run: Run) -> None:
    """As the runbook does it."""
    server = run.world.fleet["api-server"].task().main
    command = ["airflow", "users", "create", "--username", USER, "--role", "Admin", "--email", "rehearsal@example.com"]
    done = server.execute([*command, "--firstname", "R", "--lastname", "R", "--password", PASSWORD], 120)
    run.check(done.returncode == 0, f"airflow users create ended with {done.returncode}:\n{done.stdout[-800:]}{done.stderr[-800:]}")


def login(run: Run) -> None:
    """The runbook's way to the first user, then a login by API and by page."""
    create_user(run)
    run.api.login()
    run.check(len(run.api.token) > 100, "POST /auth/token gave no token")
    received, where = run.api.form_login()
    run.check(received, f"login by the page gave no secure _token cookie: {where}")
    run.check(where.startswith(f"https://{run.world.hostname}/"), f"login by the page ended at {where}")
    wrong = type(run.api)(run.api.base, run.world.authority.bundle, USER, "wrong")
    try:
        wrong.login()
    except ApiError as fault:
        run.check(fault.status == 401, f"a wrong password was answered with {fault.status}, not 401")
    else:
        run.check(False, "a wrong password was taken")
    execution, body = run.api.request("GET", "/execution/health")
    run.check(execution in (403, 404), f"the people's listener answers {execution} for /execution/health: {body[:100]}")


def workers(run: Run) -> None:
    """Every worker pool gets its first worker."""
    for service in run.world.state.worker_services():
        run.world.start_service(service.role, max(1, service.desired))
    began = time.monotonic()
    run.world.wait(run.world.healthy, 240, "every worker is healthy")
    run.say(f"workers healthy after {time.monotonic() - began:.0f} s")


CASES = [
    Case("converge", "All services converge from an empty database", converge, always=True),
    Case("login", "Login works, by API and by page, and is refused", login, always=True),
    Case("workers", "Workers start and their health checks turn healthy", workers, always=True),
]
