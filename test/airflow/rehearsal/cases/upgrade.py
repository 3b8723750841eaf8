"""From one line of Airflow to the next with data, while it is used, and back by the snapshot (docs/e2e.md)."""

from __future__ import annotations

import datetime
import subprocess
import time

from ..api import Api, patient
from ..state import State
from .base import PASSWORD, Case, Run
from .boot import CASES as BOOT
from .chaos import Flock
from .dags import CASES as DAGS
from .use import LONGEST, Use, follow, settle

# What must be the same after the upgrade: all of it that had ended, or that nobody changes.
KEPT = {
    "dag_run": "select id, dag_id, run_id, state, start_date, end_date, run_type, conf::text from dag_run where state in ('success', 'failed')",
    "task_instance": "select id, dag_id, run_id, task_id, map_index, try_number, state, start_date, end_date from task_instance where state in ('success', 'failed', 'skipped', 'upstream_failed', 'removed') and run_id in (select run_id from dag_run where state in ('success', 'failed'))",
    "task_instance_history": "select task_instance_id, try_number, state, start_date, end_date from task_instance_history where run_id in (select run_id from dag_run where state in ('success', 'failed'))",
    "xcom": "select dag_run_id, task_id, map_index, key, value::text from xcom where dag_run_id in (select id from dag_run where state in ('success', 'failed'))",
    # Airflow writes one that no task names over when the file comes from another tree.
    "dag_version": "select id, dag_id, version_number, bundle_name, bundle_version from dag_version where id in (select dag_version_id from task_instance where run_id in (select run_id from dag_run where state in ('success', 'failed')))",
    "variable": "select key, val, is_encrypted from variable",
    "connection": "select conn_id, conn_type, host, login, password, extra from connection",
    "slot_pool": "select pool, slots, description from slot_pool",
    "ab_user": "select id, username, email, password from ab_user",
    "ab_user_role": "select user_id, role_id from ab_user_role",
    "log": "select id, dttm, event, dag_id, run_id from log",
}  # fmt: skip


def kept(run: Run) -> dict[str, set]:
    return {table: {tuple(map(str, row)) for row in run.world.database.query(query)} for table, query in KEPT.items()}


def history(run: Run) -> None:
    """What a platform has after a while: runs in every state, XComs, mapped tasks, secrets, users, notes."""
    settle(run)
    run.api.call("POST", "/pools", {"name": "narrow", "slots": 2})
    server = run.world.fleet["api-server"].task().main
    for name, role in (("viewer", "Viewer"), ("op", "Op")):
        create = ["airflow", "users", "create", "--username", name, "--role", role, "--email", f"{name}@example.com", "--firstname", name, "--lastname", name, "--password", PASSWORD]
        done = server.execute(create, 120)
        run.check(done.returncode == 0, f"airflow users create: {done.stdout[-500:]}{done.stderr[-500:]}")
    ends = {"quick": "success", "retries": "failed", "mapped": "success", "stored": "success", "survivor": "success"}
    runs = [(dag, run.api.trigger(dag, {"seconds": 3} if dag == "survivor" else None), end) for dag, end in ends.items()]
    for dag, run_id, end in runs:
        run.finish(dag, run_id, end, 240)
    run.api.call("PATCH", f"/dags/quick/dagRuns/{runs[0][1]}?update_mask=note", {"note": "a note of 3.1"})
    run.history = [(dag, run_id) for dag, run_id, _ in runs]
    states = dict(run.world.database.query("select coalesce(state, 'none'), count(*) from task_instance group by 1"))
    run.check({"success", "failed", "upstream_failed"} <= set(states), f"not every state is there: {states}")


def _logs(run: Run) -> int:
    """Reads the log of each try of the history, by the API; returns how many."""
    count = 0
    for dag, run_id in run.history:
        for task in run.api.tasks(dag, run_id):
            if task["state"] == "upstream_failed":
                continue
            for attempt in range(1, task["try_number"] + 1):
                text = run.api.log(dag, run_id, task["task_id"], attempt, task["map_index"])
                run.check("::endgroup::" in text or len(text) > 200, f"the log of {dag} {task['task_id']} {attempt} reads {text[:300]!r}")
                count += 1
    return count


def _snapshot(run: Run) -> float:
    """In place of a snapshot of RDS: one moment of the whole database."""
    began = time.monotonic()
    database = run.world.database
    run.dump = run.world.folder / "snapshot"
    with open(run.dump, "wb") as out:
        subprocess.run([database.binaries / "pg_dump", "-Fc", "-h", database.socket, "-p", str(database.port), "-U", "postgres", database.instance["dbName"]], stdout=out, check=True)
    return time.monotonic() - began


def upgrade(run: Run) -> None:
    """All services get the new line at once, as `up` does it, while tasks run, wait, are deferred, and people look."""
    world = run.world
    moment = datetime.datetime.now(datetime.timezone.utc).isoformat()
    waits = run.api.trigger("external", None, moment)
    world.wait(lambda: any(t["state"] == "deferred" for t in run.api.tasks("external", waits)), 90, "the sensor of external is deferred")
    flock = Flock(run, "upgrade")
    flock.start("survivor", 2, seconds=LONGEST)
    flock.running(2)
    flock.start("survivor", 8, seconds=20)
    time.sleep(3)
    states = dict(world.database.query("select state, count(*) from task_instance where state in ('running', 'queued', 'deferred', 'scheduled') group by 1"))
    run.check(states.get("queued", 0) > 0, f"nothing is queued: {states}")
    before = kept(run)
    _snapshot(run)
    run.snapshot = kept(run)
    old = {task.identity: task for task in world.tasks()}
    line = world.state.line
    with Use(run) as use:
        began = time.monotonic()
        world.change(State(run.report.options.upgrade))
        healthy, gone = follow(run, old, began)
        quick = patient(lambda: run.api.trigger("quick", None, moment), 60)
        run.finish("quick", quick, "success", 180, tolerate=True)
        run.finish("external", waits, "success", 180, tolerate=True)
        flock.end(LONGEST + 400, f"{states}")
    for role in healthy:
        run.report.row("Upgrade, by service", service=role, new_healthy_after=f"{healthy[role]:.0f} s", old_gone_after=f"{gone[role]:.0f} s" if role in gone else "later: it was busy")
    for run_id in use.runs:
        run.finish("quick", run_id, "success", 240, tolerate=True)
    total, longest, statuses = use.outage()
    schedulers = [t for t in [*world.fleet["scheduler"].tasks, *world.fleet["scheduler"].stopped] if t.identity not in old]
    took = max((t.containers["migrate"].ended or 0) - t.containers["migrate"].started for t in schedulers)
    run.report.row(
        "Upgrade", lines=f"{line} to {world.state.line}", migration=f"{took:.0f} s", api_outage=f"{total:.1f} s, {longest:.1f} s at most at a stretch",
        slowest_answer=f"{use.slowest:.1f} s", statuses=statuses, looks=len(use.looks), quick_triggered=len(use.runs), refused=use.refused,
    )  # fmt: skip
    _same(run, before)


def _same(run: Run, before: dict[str, set]) -> None:
    """Nothing of before is lost or changed; logs, users, secrets, XComs are what they were."""
    after = kept(run)
    for table, rows in before.items():
        lost = rows - after[table]
        run.check(not lost, f"{len(lost)} rows of {table} are lost or changed, such as {sorted(lost)[:2]}; now {sorted(after[table])[:2]}")
        run.report.row("What is kept", rows=table, before=len(rows), after=len(after[table]), lost=0)
    logs = _logs(run)
    run.report.row("What is kept", rows="logs of tries, read by the API", before=logs, after=logs, lost=0)
    run.api.login()
    for name in ("viewer", "op"):
        Api(run.api.base, run.world.authority.bundle, name, PASSWORD).login()
    run.once("stored")
    dag, run_id = run.history[0]
    run.check(run.api.run(dag, run_id)["note"] == "a note of 3.1", "the run's note is gone")
    survivor = next(run_id for dag, run_id in run.history if dag == "survivor")
    entry = run.api.call("GET", f"/dags/survivor/dagRuns/{survivor}/taskInstances/work/xcomEntries/return_value?deserialize=false")
    run.check("42" in str(entry["value"]) and "ber" in str(entry["value"]), f"the XCom reads {entry}")


def clean(run: Run) -> None:
    """The new line's clean-up removes what the old line wrote, and nothing that is younger."""
    database = run.world.database
    dag, run_id = run.history[1]
    before = database.query("select count(*) from dag_run")[0][0]
    with database.admin() as cursor:
        cursor.execute("update dag_run set run_after = run_after - interval '400 days', start_date = start_date - interval '400 days', end_date = end_date - interval '400 days' where dag_id = %s and run_id = %s", (dag, run_id))
    scheduler = run.world.fleet["scheduler"].task().main
    done = scheduler.execute(["/usr/bin/env", "AIRFLOW_DB_RETENTION_DAYS=100", "/opt/airflow/venv/bin/python", "/opt/airflow/bin/cleanup"], 120)
    run.check(done.returncode == 0 and "cleanup: dag_run: 1 rows deleted" in done.stdout + done.stderr, f"cleanup ended with {done.returncode}: {done.stdout}{done.stderr}")
    run.check(database.query("select count(*) from dag_run")[0][0] == before - 1, "the clean-up took more than the one old run")
    run.check(not database.query("select 1 from task_instance where dag_id = %s and run_id = %s", dag, run_id), "tasks of the old run are left")


def back(run: Run) -> None:
    """The new line off, the database as in the snapshot, the old line on."""
    world = run.world
    began = time.monotonic()
    desired = {role: fleet.desired for role, fleet in world.fleet.items()}
    for fleet in world.fleet.values():
        fleet.set(0)
    world.wait(lambda: not world.tasks(), 200, "everything has stopped", tolerate=True)
    stopped = time.monotonic() - began
    database = world.database
    name, owner = database.instance["dbName"], database.instance["username"]
    with database.admin("postgres") as cursor:
        cursor.execute(f'drop database "{name}" with (force)')
        cursor.execute(f'create database "{name}" owner "{owner}"')
    with open(run.dump, "rb") as dump:
        subprocess.run([database.binaries / "pg_restore", "-h", database.socket, "-p", str(database.port), "-U", "postgres", "-d", name], stdin=dump, check=True)
    restored = time.monotonic() - began
    world.change(State(run.report.options.state))
    world.deploy()
    for role, fleet in world.fleet.items():
        fleet.set(desired[role])
    world.wait(world.healthy, 600, "the old line is healthy on the database of the snapshot", tolerate=True)
    healthy = time.monotonic() - began
    head = database.query("select version_num from alembic_version")[0][0]
    _same(run, run.snapshot)
    run.once("quick", seconds=240)
    run.once("mapped", seconds=240)
    run.report.row("Back by the snapshot", all_stopped=f"{stopped:.0f} s", restored=f"{restored:.0f} s", healthy=f"{healthy:.0f} s", revision=head)
    left = world.database.query("select dag_id, state, count(*) from task_instance where state in ('running', 'queued', 'deferred') group by 1, 2")
    run.report.note(f"after the way back, tasks that the snapshot has as unended: {left}")


KNOWN = {case.name: case for case in (*BOOT, *DAGS)}
CASES = [
    *(KNOWN[name] for name in ("converge", "login", "workers", "appear")),
    Case("history", "A platform with history", history),
    Case("upgrade", "To the next line while it is used: nothing is lost, what runs ends", upgrade),
    Case("clean", "The new line cleans up what the old one wrote", clean),
    Case("back", "Back by the snapshot", back),
]
