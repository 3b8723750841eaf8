"""Things break while DAG runs are under way: every run must end as it should, none be lost."""

from __future__ import annotations

import threading
import time

from ..api import patient
from .agent import protected, settle
from .base import Case, Run


class Flock:
    """Runs that a case started, and what became of them."""

    def __init__(self, run: Run, case: str):
        self.run, self.case, self.runs = run, case, []
        self.began = time.monotonic()
        self.before = self._counts()

    def _counts(self) -> dict[str, int]:
        rows = self.run.world.database.query("select state, count(*) from dag_run group by 1")
        return {str(state): int(count) for state, count in rows}

    def start(self, dag: str, count: int = 1, **conf) -> None:
        for _ in range(count):
            self.runs.append((dag, patient(lambda: self.run.api.trigger(dag, conf))))

    def running(self, count: int, seconds: float = 90) -> None:
        def now() -> int:
            return sum(t["state"] == "running" for dag, run_id in self.runs for t in patient(lambda: self.run.api.tasks(dag, run_id)))

        self.run.world.wait(lambda: now() >= count, seconds, f"{count} tasks run at once", tolerate=True)

    def end(self, seconds: float, note: str = "") -> None:
        """All must succeed; writes the counts before and after into the report."""
        for dag, run_id in self.runs:
            self.run.finish(dag, run_id, "success", max(5.0, seconds - (time.monotonic() - self.began)), tolerate=True)
        after = self._counts()
        ended = after.get("success", 0) - self.before.get("success", 0)
        tries = sum(t["try_number"] for dag, run_id in self.runs for t in self.run.api.tasks(dag, run_id))
        tasks = sum(len(self.run.api.tasks(dag, run_id)) for dag, run_id in self.runs)
        self.run.check(ended >= len(self.runs), f"{len(self.runs)} runs were started, {ended} succeeded: {after}")
        self.run.report.row(
            "Chaos", case=self.case, succeeded_before=self.before.get("success", 0), started=len(self.runs),
            succeeded_after=after.get("success", 0), lost=len(self.runs) - min(ended, len(self.runs)),
            tasks=tasks, tries=tries, seconds=f"{time.monotonic() - self.began:.0f}", note=note,
        )  # fmt: skip


def _stop(task, reason: str) -> None:
    threading.Thread(target=task.stop, args=(reason,), daemon=True).start()


def _all_healthy(run: Run, seconds: float = 240) -> None:
    run.world.wait(run.world.healthy, seconds, "all services are healthy again", tolerate=True)


def _restarts(run: Run, role: str) -> int:
    return len(run.world.fleet[role].stopped)


def worker_term(run: Run) -> None:
    """A worker is told to stop in the middle of a task that is longer than its stopTimeout."""
    worker = run.world.fleet["worker"].task()
    limit = worker.main.definition.stop_timeout
    flock = Flock(run, "worker SIGTERM, task longer than stopTimeout")
    flock.start("long", 1, seconds=limit + 10)
    flock.start("long", 2, seconds=20)
    flock.running(3)
    began = time.monotonic()
    _stop(worker, "told to stop by the rehearsal")
    run.world.wait(lambda: worker.state == "stopped", limit + 30, "the worker has stopped", tolerate=True)
    took, code = time.monotonic() - began, worker.main.exit_code
    run.check(code != 137 and took < limit, f"the worker was killed after {took:.0f} s (exit {code}): its soft shutdown does not fit into stopTimeout {limit}")
    # The message that comes back finds its task running; Airflow tries it again
    # after task_instance_heartbeat_timeout (300 s).
    flock.end(300 + limit * 3 + 120, f"left by itself after {took:.0f} s of {limit}")


def worker_kill(run: Run) -> None:
    """A worker vanishes. Airflow notices after task_instance_heartbeat_timeout (300 s) and tries again.

    Meanwhile the other cases go on; worker_kill_end looks at the outcome.
    """
    flock = Flock(run, "worker SIGKILL")
    flock.start("long", 2, seconds=30)
    flock.running(2)
    run.world.fleet["worker"].task().kill("killed by the rehearsal")
    run.killed = flock
    _all_healthy(run)


def worker_kill_end(run: Run) -> None:
    run.killed.end(600, "retried after the task heartbeat's timeout")


def ghosts(run: Run) -> None:
    """Workers that lived through a broker's restart know what has ended: they are released, and leave softly (docs/adr/0045)."""
    workers = run.world.workers()
    if run.world.fargate.has_agent:
        began = time.monotonic()
        run.world.wait(lambda: not protected(run), 60, "idle workers are released after the broker's restart", tolerate=True)
        run.report.row("Agent", what="broker's restart over to every idle worker released", seconds=f"{time.monotonic() - began:.0f}")
    began = time.monotonic()
    for worker in workers:
        _stop(worker, "told to stop by the rehearsal")
    run.world.wait(lambda: all(worker.state == "stopped" for worker in workers), 130, "the idle workers have stopped", tolerate=True)
    took = time.monotonic() - began
    codes = [worker.main.exit_code for worker in workers]
    run.check(137 not in codes and took < 60, f"idle workers left after {took:.0f} s with {codes}: they waited for tasks that had ended")
    run.report.row("Agent", what=f"{len(workers)} idle workers told to stop after the broker's restart, to all gone", seconds=f"{took:.0f}")
    _all_healthy(run)


def redis_restart(run: Run, keep: bool = True) -> None:
    """The broker goes for 5 s, with work running and queued."""
    world = run.world
    flock = Flock(run, "Redis restart, data kept" if keep else "Redis restart, data lost")
    # Without its data the broker forgets what waits, which Airflow queues again
    # only after [scheduler] task_queued_timeout: there, all must have started.
    tasks = 4 if keep else 3
    flock.start("long", tasks, seconds=15)
    flock.running(3)
    if keep:
        flock.start("long", 3, seconds=5)  # queued behind the four
        time.sleep(2)
    restarts, schedulers = _restarts(run, "worker"), _restarts(run, "scheduler")
    world.broker.stop(keep=keep)
    time.sleep(5)
    world.broker.start()
    probe = Flock(run, "…and work that came after")
    probe.start("quick", 2)
    flock.end(420)
    probe.end(300, f"workers replaced by their health check: {_restarts(run, 'worker') - restarts}")
    run.check(_restarts(run, "scheduler") == schedulers, "a scheduler ended with the broker, which it asks for results (docs/adr/0047)")
    _all_healthy(run)


def redis_lost(run: Run) -> None:
    redis_restart(run, keep=False)


def postgres_restart(run: Run) -> None:
    """The database goes for 10 s, with tasks running."""
    world = run.world
    flock = Flock(run, "Postgres restart")
    flock.start("long", 2, seconds=30)
    flock.start("mapped", 1)
    flock.running(2)
    restarts = {role: _restarts(run, role) for role in world.fleet}
    world.database.stop("immediate")
    time.sleep(10)
    world.database.start()
    flock.end(420)
    _all_healthy(run)
    replaced = [role for role in world.fleet if _restarts(run, role) > restarts[role]]
    run.report.note(f"Postgres restart: tasks replaced since they ended: {', '.join(replaced) or 'none'}")
    run.once("quick")


def scheduler_kill(run: Run) -> None:
    """One of two schedulers vanishes."""
    fleet = run.world.fleet["scheduler"]
    declared = fleet.desired
    fleet.set(2)
    run.world.wait(fleet.healthy, 240, "two schedulers are healthy")
    flock = Flock(run, "scheduler SIGKILL, two running")
    flock.start("long", 2, seconds=20)
    flock.start("mapped", 2)
    flock.running(2)
    fleet.tasks[0].kill("killed by the rehearsal")
    flock.start("quick", 2)
    flock.end(420)
    fleet.set(declared)
    run.world.wait(lambda: len(fleet.tasks) == declared and fleet.healthy(), 240, "the schedulers are as many as declared", tolerate=True)


def api_restart(run: Run) -> None:
    """The api-servers are stopped, all of them, with tasks running that need the execution API."""
    fleet = run.world.fleet["api-server"]
    flock = Flock(run, "api-server restart")
    flock.start("long", 3, seconds=30)
    flock.running(3)
    victims = list(fleet.tasks)
    for task in victims:
        _stop(task, "told to stop by the rehearsal")
    run.world.wait(lambda: all(t.state == "stopped" for t in victims), 60, "the api-servers have stopped", tolerate=True)
    _all_healthy(run)
    flock.end(420)


RATIO = 30
WAIT = 15 * 60 / RATIO
REFUSED = "Invalid auth token"  # 3.1 adds "Signature has expired", which 3.3 says in the api-server's log
TOKENS = ("AIRFLOW__EXECUTION_API__JWT_EXPIRATION_TIME", "AIRFLOW__SCHEDULER__TASK_QUEUED_TIMEOUT")


def _scheduler_with(run: Run, overrides: dict[str, str]) -> None:
    fleet = run.world.fleet["scheduler"]
    old = list(fleet.tasks)
    run.world.fargate.overrides["scheduler"] = overrides
    for task in old:
        _stop(task, "restarted with scaled settings")
    run.world.wait(
        lambda: not set(old) & set(fleet.tasks) and len(fleet.tasks) == fleet.desired and fleet.healthy(), 240,
        "the schedulers are healthy with scaled settings", tolerate=True,
    )  # fmt: skip


def _wait_without_worker(run: Run, case: str, overrides: dict[str, str]) -> Flock:
    """Runs are queued by a scheduler with scaled settings, and wait for WAIT seconds until there is a worker."""
    fleet = run.world.fleet["worker"]
    declared = fleet.desired
    settle(run)
    fleet.set(0)
    _scheduler_with(run, overrides)
    run.world.wait(lambda: not fleet.tasks, 150, "no worker is left", tolerate=True)
    flock = Flock(run, case)
    flock.start("quick", 3)
    run.world.wait(lambda: run.world.broker.client().llen("default") >= 3, 60, "three tasks lie in the queue", tolerate=True)
    time.sleep(WAIT)
    fleet.set(declared)
    return flock


def waited(run: Run) -> None:
    """Work that waited 15 minutes for a worker, with the wait and the settings divided by RATIO."""
    declared = run.world.state.services["scheduler"].definition.containers["scheduler"].environment
    scaled = {name: str(int(declared[name]) // RATIO) for name in TOKENS}
    flock = _wait_without_worker(run, f"queue waited 15 min (1:{RATIO})", scaled)
    flock.end(WAIT + 240, f"token {declared[TOKENS[0]]} s and queue timeout {declared[TOKENS[1]]} s, divided by {RATIO}")
    log = run.world.fleet["worker"].task().main.log.read_text(errors="replace")
    run.check(REFUSED not in log, "a token expired although the run succeeded")


def waited_control(run: Run) -> None:
    """The same with Airflow's defaults (600 s each): tokens must expire, or the case above proves nothing.

    The token of a task that waits lives as long as the first in 3.1, as the second in 3.3.
    """
    scaled = dict.fromkeys(TOKENS, str(600 // RATIO))
    flock = _wait_without_worker(run, "control", scaled)
    fleet = run.world.fleet["worker"]

    def expired() -> bool:
        log = fleet.task().main.log if fleet.tasks else None
        return bool(log and log.exists() and REFUSED in log.read_text(errors="replace"))

    run.world.wait(expired, 120, "with Airflow's defaults a token expires", tolerate=True)
    run.report.note(f"control: with Airflow's default of 600 s (1:{RATIO}) the tasks that waited were refused: {REFUSED}")
    for dag, run_id in flock.runs:
        run.api.call("PATCH", f"/dags/{dag}/dagRuns/{run_id.replace('+', '%2B')}", {"state": "failed"})
    run.world.fargate.overrides.pop("scheduler")


CASES = [
    Case("worker-kill", "Worker SIGKILL (the outcome is looked at below)", worker_kill, short=False),
    Case("redis-restart", "Redis restart, data kept", redis_restart),
    Case("redis-lost", "Redis restart, data lost, nothing queued", redis_lost, short=False),
    Case("postgres-restart", "Postgres restart", postgres_restart, short=False),
    Case("scheduler-kill", "Scheduler SIGKILL with two running", scheduler_kill, short=False),
    Case("api-restart", "api-server restart", api_restart, short=False),
    Case("worker-kill-end", "The runs of the killed worker have ended well", worker_kill_end, short=False),
    Case("ghosts", "Workers that lived through the broker's restart are released and leave softly", ghosts),
    Case("worker-term", "Worker SIGTERM with a task longer than stopTimeout", worker_term, short=False),
    Case("waited", "A queue that waited 15 minutes is worked off", waited, short=False),
    Case("waited-control", "…and is not with Airflow's defaults", waited_control, short=False),
]
