"""The DAG pack: appears, parses, runs to its expected ends, logs where they belong."""

from __future__ import annotations

import datetime
import math
import re
import time

from ..api import patient
from .base import PACK, Case, Run

CANARY = '''from __future__ import annotations
import pendulum
from airflow.sdk import dag, task

@dag(schedule=None, start_date=pendulum.datetime(2026, 1, 1), catchup=False)
def canary():
    @task
    def hello():
        print("hello from the canary")
    hello()

canary()
'''
# Airflow looks at files only that contain the words dag and airflow.
BROKEN = "from airflow.sdk import dag\nimport a_module_that_is_not_there\n"
RELAY = '''from __future__ import annotations
import pendulum
from airflow.sdk import dag, task

@dag(schedule=None, start_date=pendulum.datetime(2026, 1, 1), catchup=False)
def stored():
    @task
    def read():
        from airflow.sdk import Connection, Variable
        assert Variable.get("kept") == "in the database", "variable"
        assert Connection.get("kept").password == "secret of a connection", "connection"
    read()

stored()
'''

PINNED = '''from __future__ import annotations
import time
import pendulum
from airflow.sdk import Variable, dag, task
from pinned_release import RELEASE

@dag(schedule=None, start_date=pendulum.datetime(2026, 1, 1), catchup=False, description=f"release {RELEASE}")
def pinned():
    @task
    def first():
        while Variable.get("pinned", default="wait") == "wait":
            time.sleep(1)

    @task
    def second():
        print(f"release {RELEASE} in {__file__}")
    first() >> second()

pinned()
'''


def appear(run: Run) -> None:
    """Every file of the pack is a DAG of the same name, without an import error."""
    wanted = {file.stem for file in PACK.glob("*.py")}
    began = time.monotonic()
    found = run.world.wait(lambda: wanted <= set(run.api.dags()) and run.api.dags(), 120, f"the DAGs {sorted(wanted)} appear in the API")
    run.check(not run.api.import_errors(), f"import errors: {run.api.import_errors()}")
    running = {name for name, dag in found.items() if not dag["is_paused"]}
    run.check(not running, f"new DAGs that are not paused: {sorted(running)}")
    run.say(f"{len(wanted)} DAGs in the API {time.monotonic() - began:.1f} s after the first worker was healthy")
    for dag in sorted(wanted):
        run.api.unpause(dag)


def hops(run: Run) -> None:
    """Object put -> published -> visible -> triggered -> running -> ended -> log in S3 -> log by the API."""
    times: list[tuple[str, float]] = [("object put", time.monotonic())]

    def hop(name: str, condition, seconds: float = 60):
        answer = run.world.wait(condition, seconds, f"canary: {name}", pause=0.05)
        times.append((name, time.monotonic()))
        return answer

    run.put("canary.py", CANARY)
    hop("on the shared files", lambda: (run.files() / "dags" / "canary.py").exists())
    hop("in the DAG list", lambda: "canary" in run.api.dags())
    run.api.unpause("canary")
    run_id = run.api.trigger("canary")
    times.append(("run triggered", time.monotonic()))
    hop("task running or done", lambda: run.api.tasks("canary", run_id)[0]["state"] in ("running", "success"))
    hop("run ended", lambda: run.api.ended("canary", run_id))
    bucket, prefix = log_location(run)
    hop("log in S3", lambda: [k for k in keys(run, bucket, prefix) if "dag_id=canary/" in k])
    hop("log read by the API", lambda: "hello from the canary" in run.api.log("canary", run_id, "hello", 1))
    run.check(run.api.ended("canary", run_id) == "success", "the canary's run did not succeed")
    for (name, at), (_, before) in zip(times[1:], times):
        run.report.row("Object put to log read", hop=name, seconds=f"{at - before:.1f}", total=f"{at - times[0][1]:.1f}")
    # a second change, now without the first parse of a new file
    began = time.monotonic()
    run.put("canary.py", CANARY.replace('"hello from the canary"', '"hello again"').replace("catchup=False)", 'catchup=False, description="second")'))
    hop("a change is visible", lambda: run.api.dags()["canary"].get("description") == "second")
    run.report.row("Object put to log read", hop="a change of the file: put to visible", seconds=f"{times[-1][1] - began:.1f}", total="")


PROMISED = 30.0  # seconds, object put to DAG list, 95 of 100
CHANGES = 24


def arrivals(run: Run) -> None:
    """Many new files, one after the other: how long each takes from the put to the DAG list."""
    put: dict[str, float] = {}
    seen: dict[str, float] = {}
    began = time.monotonic()

    def look() -> bool:
        if len(put) < CHANGES and time.monotonic() - began > 3.7 * len(put):  # no multiple of any interval
            name = f"arrival_{len(put):02}"
            run.put(f"{name}.py", CANARY.replace("canary", name))
            put[name] = time.monotonic()
        for name in set(run.api.dags()) & set(put):
            seen.setdefault(name, time.monotonic())
        return len(seen) == CHANGES

    run.world.wait(look, 3.7 * CHANGES + 2 * PROMISED, f"{CHANGES} new files are in the DAG list", pause=0.2)
    waits = sorted(seen[name] - put[name] for name in put)
    p50, p95 = waits[len(waits) // 2], waits[math.ceil(0.95 * len(waits)) - 1]
    run.report.row("Object put to DAG list", files=CHANGES, p50=f"{p50:.1f} s", p95=f"{p95:.1f} s", most=f"{waits[-1]:.1f} s", promised=f"p95 {PROMISED:.0f} s")
    run.mark("pushing")  # so many gone at once are taken for an accident, unless a push says so
    for name in put:
        run.remove(f"{name}.py")
    run.mark("complete")
    run.world.wait(lambda: not any((run.files() / "dags").glob("arrival_*")), 60, "the new files are gone again")
    run.check(p95 <= PROMISED, f"p95 of object put to DAG list is {p95:.1f} s, promised are {PROMISED:.0f} s")


def log_location(run: Run) -> tuple[str, str]:
    folder = run.world.state.services["scheduler"].definition.containers["scheduler"].environment["AIRFLOW__LOGGING__REMOTE_BASE_LOG_FOLDER"]
    bucket, _, prefix = folder.removeprefix("s3://").partition("/")
    return bucket, prefix


def keys(run: Run, bucket: str, prefix: str) -> list[str]:
    pages = run.world.s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    return [entry["Key"] for page in pages for entry in page.get("Contents", [])]


def pack(run: Run) -> None:
    """All DAGs of the pack at once; each must reach the end it is written for."""
    queues = {q for s in run.world.state.worker_services() for q in run.world.state.queues(s)}
    # the retries DAG fails by design; long is a chaos case of its own and short here
    expected = {"quick": "success", "long": "success", "retries": "failed", "external": "success", "mapped": "success"}
    if "heavy" in queues:
        expected["routed"] = "success"
    else:
        run.report.note("no worker pool of this stack serves the queue heavy: the DAG routed was parsed, not run")
    moment = datetime.datetime.now(datetime.timezone.utc).isoformat()
    runs = {}
    for dag in expected:
        logical = moment if dag == "external" else None
        runs[dag] = (run.api.trigger(dag, {"seconds": 5} if dag == "long" else None, logical), time.monotonic())
    deferred = run.world.wait(
        lambda: any(t["state"] == "deferred" for t in run.api.tasks("external", runs["external"][0])), 90, "the sensor of external is deferred to the triggerer"
    )
    run.check(deferred, "not deferred")
    quick = run.api.trigger("quick", None, moment)
    run.finish("quick", quick, "success", 90)
    for dag, end in expected.items():
        run_id, began = runs[dag]
        result = run.finish(dag, run_id, end, 180)
        took = _seconds(result)
        tasks = run.api.tasks(dag, run_id)
        run.report.row(
            "DAGs", dag=dag, expected=end, ended=result["state"], seconds=f"{took:.1f}",
            tasks=len(tasks), tries=sum(t["try_number"] for t in tasks),
        )  # fmt: skip
    _details(run, runs)


def _seconds(result: dict) -> float:
    start, end = (datetime.datetime.fromisoformat(result[k].replace("Z", "+00:00")) for k in ("start_date", "end_date"))
    return (end - start).total_seconds()


def _details(run: Run, runs: dict) -> None:
    tasks = {t["task_id"]: t for t in run.api.tasks("retries", runs["retries"][0])}
    states = {name: (t["state"], t["try_number"]) for name, t in tasks.items()}
    wanted = {"third_time_lucky": ("success", 3), "never": ("failed", 3), "unreachable": ("upstream_failed", 0)}
    run.check(states == wanted, f"tasks of retries ended as {states}, expected {wanted}")
    squares = [t for t in run.api.tasks("mapped", runs["mapped"][0]) if t["task_id"] == "square"]
    run.check(sorted(t["map_index"] for t in squares) == [0, 1, 2, 3], f"square ran for {[t['map_index'] for t in squares]}")
    if "routed" in runs:
        routed = {t["task_id"]: (t["queue"], t["hostname"]) for t in run.api.tasks("routed", runs["routed"][0])}
        heavy = next(t for t in run.world.tasks() if t.service.role == "worker-heavy" or "heavy" in (run.world.state.queues(t.service) if t.service.role.startswith("worker") else []))
        run.check(routed["heavy"] == ("heavy", heavy.port.hostname), f"task heavy ran as {routed['heavy']}, expected on {heavy.port.hostname}")


def logs(run: Run) -> None:
    """Task logs lie under dt=, one per try and map index, and the API reads them."""
    bucket, prefix = log_location(run)
    found = keys(run, bucket, prefix)
    day = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d")
    # runs of a minute ago may carry yesterday's date
    form = re.compile(rf"^{re.escape(prefix.strip('/'))}/dt=\d{{4}}-\d\d-\d\d/dag_id=[^/]+/run_id=[^/]+/task_id=[^/]+/(map_index=\d+/)?attempt=\d+/task\.log")
    strays = [k for k in found if not form.match(k)]
    run.check(found and not strays, f"{len(found)} log objects, not of the expected form: {strays[:3]}")
    run.check(any(f"/dt={day}/" in k for k in found), f"no log of today ({day}) among {found[:3]}")
    run_id = run.api.call("GET", "/dags/retries/dagRuns?order_by=-run_after&limit=1")["dag_runs"][0]["dag_run_id"]
    for attempt in (1, 2, 3):
        wanted = "try 3 succeeds" if attempt == 3 else f"try {attempt} fails on purpose"
        readable(run, "retries", run_id, "third_time_lucky", attempt, wanted)
    run_id = run.api.call("GET", "/dags/mapped/dagRuns?order_by=-run_after&limit=1")["dag_runs"][0]["dag_run_id"]
    readable(run, "mapped", run_id, "square", 1, "3 squared", map_index=2)
    run.report.note(f"{len(found)} task logs in s3://{bucket}/{prefix}")


def readable(run: Run, dag: str, run_id: str, task: str, attempt: int, wanted: str, map_index: int = -1) -> None:
    """The log by the API holds a text, at the latest 30 s after the task's end (it is uploaded after it)."""
    run.world.wait(
        lambda: wanted in run.api.log(dag, run_id, task, attempt, map_index), 30, f"the log of {dag}.{task}, try {attempt}, by the API holds {wanted!r}"
    )


def live_log(run: Run) -> None:
    """The log of a task that still runs is fetched from its worker (port 8793)."""
    run_id = run.api.trigger("long", {"seconds": 25})
    run.world.wait(lambda: run.api.tasks("long", run_id)[0]["state"] == "running", 60, "long runs")
    run.world.wait(lambda: "second 0 of 25" in run.api.log("long", run_id, "work", 1), 20, "the log of a running task is read from its worker")
    run.finish("long", run_id, "success", 90)


def import_error(run: Run) -> None:
    """A file that fails to import is shown as such and hurts no other DAG."""
    run.put("broken.py", BROKEN)

    def broken() -> list[dict]:
        # Another file that is deleted while it is parsed can show for a moment as well.
        return [e for e in run.api.import_errors() if e["filename"] == "broken.py"]

    errors = run.world.wait(broken, 90, "the broken file shows as an import error")
    run.check("a_module_that_is_not_there" in errors[0]["stack_trace"], f"import errors: {errors}")
    run.once("quick")
    run.remove("broken.py")
    run.world.wait(lambda: not run.api.import_errors(), 90, "the import error goes with the file")


def stored(run: Run) -> None:
    """Variables and connections, encrypted in the database, reach a task over the execution API."""
    run.api.call("POST", "/variables", {"key": "kept", "value": "in the database"})
    run.api.call("POST", "/connections", {"connection_id": "kept", "conn_type": "generic", "password": "secret of a connection"})
    rows = run.world.database.query("select val, is_encrypted from variable where key = 'kept'")
    run.check(rows[0][1] and "in the database" not in rows[0][0], "the variable lies in the database unencrypted")
    run.put("stored.py", RELAY)
    run.world.wait(lambda: "stored" in run.api.dags(), 90, "the DAG stored appears")
    run.api.unpause("stored")
    run.once("stored")
    run.remove("stored.py")


PUSHES = 5


def one_tree(run: Run) -> None:
    """A run reads the tree that it began with, however often somebody pushes; the next run reads the last."""

    def push(release: int) -> None:
        shown = (run.files() / "dags").readlink()
        run.put("pinned_release.py", f"RELEASE = {release}\n")
        run.world.wait(lambda: (run.files() / "dags").readlink() != shown, 60, f"release {release} is published")

    push(1)
    run.put("pinned.py", PINNED)
    run.world.wait(lambda: "pinned" in run.api.dags(), 90, "the DAG pinned appears")
    run.api.unpause("pinned")
    began = run.api.trigger("pinned")
    run.world.wait(lambda: any(t["state"] == "running" for t in run.api.tasks("pinned", began)), 90, "pinned runs")
    for release in range(2, PUSHES + 2):
        push(release)
    last = f"release {PUSHES + 1}"
    run.world.wait(lambda: run.api.dags()["pinned"].get("description") == last, 90, f"{last} is visible")
    run.api.call("POST", "/variables", {"key": "pinned", "value": "go"})
    run.finish("pinned", began, "success", 90)
    readable(run, "pinned", began, "second", 1, "release 1 in ")
    after, _ = run.once("pinned")
    readable(run, "pinned", after, "second", 1, f"{last} in ")
    versions = [run.api.run("pinned", run_id)["bundle_version"] for run_id in (began, after)]
    trees = {tree: (run.files() / "dags").parent.rglob(f"{tree}/pinned.py") for tree in versions}
    run.check(len(trees) == 2 and all(any(found) for found in trees.values()), f"the runs' versions {versions} are no two trees")
    run.report.note(f"a run kept the tree {versions[0]} over {PUSHES} pushes; the next one read {versions[1]}")
    run.remove("pinned.py")
    run.remove("pinned_release.py")


def removed(run: Run) -> None:
    """A DAG whose file is deleted from the bucket goes."""
    run.remove("canary.py")
    run.world.wait(lambda: "canary" not in patient(run.api.dags), 120, "the deleted DAG is gone from the list")


CASES = [
    Case("appear", "The DAG pack appears in the API without an import error", appear, always=True),
    Case("hops", "Object put to log read back: the time of each hop", hops),
    Case("arrivals", "New files are in the DAG list in time, 95 of 100", arrivals, short=False),
    Case("pack", "Every DAG of the pack reaches its expected end", pack),
    Case("logs", "Task logs are in S3 under dt= and readable through the API", logs),
    Case("stored", "Variables and connections are encrypted and reach tasks", stored),
    Case("one-tree", "A run keeps its tree over five pushes", one_tree),
    Case("import-error", "A broken DAG shows as import error and hurts no other", import_error),
    Case("live-log", "The log of a running task is read from its worker", live_log, short=False),
    Case("removed", "A DAG deleted from the bucket disappears", removed, short=False),
]
