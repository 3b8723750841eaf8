"""All secrets of a stack are rotated while it is used: no task that runs, waits or is queued is lost."""

from __future__ import annotations

import time

from ..api import Api
from ..state import State
from .base import PASSWORD, USER, Case, Run
from .boot import CASES as BOOT
from .chaos import Flock
from .dags import CASES as DAGS
from .use import LONGEST, Use, follow, settle


def before(run: Run) -> None:
    """What the secrets protect: a variable, a connection, a login."""
    settle(run)
    run.once("stored")


def _apply(run: Run, state: State) -> None:
    """What AWS does with the new values: RDS knows the new password alone, ElastiCache both tokens (ROTATE)."""
    instance = state.one("aws:rds/instance:Instance")
    group = state.one("aws:elasticache/replicationGroup:ReplicationGroup")
    old = run.world.state
    run.check(instance["password"] != old.one("aws:rds/instance:Instance")["password"], "the state has no new password of the database")
    run.check(group["authToken"] != old.one("aws:elasticache/replicationGroup:ReplicationGroup")["authToken"], "the state has no new token of the broker")
    with run.world.database.admin() as cursor:
        cursor.execute(f"alter role \"{instance['username']}\" password %s", (instance["password"],))
    run.world.broker.client().execute_command("ACL", "SETUSER", "default", f">{group['authToken']}")


def rotate(run: Run) -> None:
    """All five generations raised in one `up`."""
    world = run.world
    flock = Flock(run, "rotation of all secrets")
    flock.start("survivor", 2, seconds=LONGEST)
    flock.running(2)
    flock.start("survivor", 8, seconds=20)
    time.sleep(3)
    old = {task.identity: task for task in world.tasks()}
    with Use(run) as use:
        began = time.monotonic()
        state = State(run.report.options.rotation)
        _apply(run, state)
        world.change(state)
        healthy, gone = follow(run, old, began)
        flock.end(LONGEST + 400, "all started before, all ended after")
    for run_id in use.runs:
        run.finish("quick", run_id, "success", 240, tolerate=True)
    total, longest, statuses = use.outage()
    run.report.row(
        "Rotation", services_new_after=f"{max(healthy.values()):.0f} s", api_outage=f"{total:.1f} s, {longest:.1f} s at most at a stretch",
        slowest_answer=f"{use.slowest:.1f} s", statuses=statuses, looks=len(use.looks), quick_triggered=len(use.runs), refused=use.refused,
    )  # fmt: skip
    run.check(not use.refused and not statuses, f"over the rotation {use.refused} of {len(use.runs)} triggers were refused, and looks answered with {statuses}")
    Api(run.api.base, world.authority.bundle, USER, PASSWORD).login()
    run.once("stored")
    run.once("mapped")


CASES = [
    *({case.name: case for case in (*BOOT, *DAGS)}[name] for name in ("converge", "login", "workers", "appear")),
    Case("before", "What the secrets protect is there", before),
    Case("rotate", "All secrets are rotated while the stack is used: nothing fails, nobody is logged out", rotate),
]
