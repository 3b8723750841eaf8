"""A stack in use while all its services are deployed: people look, scripts trigger, tasks without a retry run."""

from __future__ import annotations

import threading
import time

from ..api import Api, ApiError
from .base import PASSWORD, USER, Run
from .dags import RELAY

# No retries: a task that the upgrade breaks is seen.
SURVIVOR = '''from __future__ import annotations
import time
import pendulum
from airflow.sdk import Param, dag, get_current_context, task

@dag(schedule=None, start_date=pendulum.datetime(2026, 1, 1), catchup=False, max_active_tasks=64, params={"seconds": Param(60, type="integer")})
def survivor():
    @task(retries=0)
    def work() -> dict:
        for second in range(get_current_context()["params"]["seconds"]):
            time.sleep(1)
        print("survived")
        return {"answer": 42, "text": "über"}

    @task(retries=0)
    def read(found: dict) -> None:
        assert found == {"answer": 42, "text": "über"}, found
        print("read what was written")
    read(work())

survivor()
'''
LONGEST = 240  # seconds of a task that runs before, during and after


def settle(run: Run) -> None:
    """What the cases find again afterwards: two DAGs, and a variable and a connection that one of them reads."""
    run.put("survivor.py", SURVIVOR)
    run.put("stored.py", RELAY)
    run.world.wait(lambda: {"survivor", "stored"} <= set(run.api.dags()), 90, "the DAGs survivor and stored appear")
    for dag in ("survivor", "stored"):
        run.api.unpause(dag)
    run.api.call("POST", "/variables", {"key": "kept", "value": "in the database"})
    run.api.call("POST", "/connections", {"connection_id": "kept", "conn_type": "generic", "host": "h", "login": "l", "password": "secret of a connection"})


class Use:
    """A user's client and a user's script, in threads: one looks twice a second, one triggers every four."""

    def __init__(self, run: Run):
        self.run = run
        self.looks: list[tuple[float, int]] = []
        self.runs: list[str] = []
        self.refused, self.slowest = 0, 0.0
        self._over = threading.Event()
        self._threads = [threading.Thread(target=t, daemon=True) for t in (self._look, self._trigger)]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._over.set()
        for thread in self._threads:
            thread.join(60)

    def _api(self) -> Api:
        return Api(f"https://{self.run.world.hostname}", self.run.world.authority.bundle, USER, PASSWORD)

    def _look(self) -> None:
        api = self._api()
        api.login()
        while not self._over.wait(0.5):
            began = time.monotonic()
            status, _ = api.request("GET", "/api/v2/dags/quick/dagRuns?limit=1", headers={"Authorization": f"Bearer {api.token}"})
            self.looks.append((began, status))
            self.slowest = max(self.slowest, time.monotonic() - began)

    def _trigger(self) -> None:
        api = self._api()
        while not self._over.wait(4):
            try:
                self.runs.append(api.trigger("quick", {}))
            except ApiError:
                self.refused += 1

    def outage(self) -> tuple[float, float, dict[int, int]]:
        """Seconds without an answer in all, the longest of them at a stretch, and how many of which status."""
        spans, since, statuses = [], 0.0, {}
        for at, status in self.looks:
            if status != 200:
                statuses[status] = statuses.get(status, 0) + 1
                since = since or at
            elif since:
                spans.append(at - since)
                since = 0.0
        return sum(spans), max(spans, default=0.0), statuses


def follow(run: Run, old: dict, began: float) -> tuple[dict[str, float], dict[str, float]]:
    """Deploys all services at once, as `up` does, and waits until each is healthy; returns when each was, and when its old tasks had gone."""
    healthy: dict[str, float] = {}
    gone: dict[str, float] = {}
    run.world.deploy()

    def done() -> bool:
        for role, fleet in run.world.fleet.items():
            if fleet.healthy():
                healthy.setdefault(role, time.monotonic() - began)
            if not any(t.identity in old for t in fleet.tasks):
                gone.setdefault(role, time.monotonic() - began)
        return len(healthy) == len(run.world.fleet)

    run.world.wait(done, 900, "every service is healthy in the new line", tolerate=True)
    return healthy, gone
