"""What the cases share: the run's state and how a case is described."""

from __future__ import annotations

import dataclasses
import json
import pathlib
import time
from collections.abc import Callable

from ..api import Api, patient
from ..image import PROJECT
from ..report import Report
from ..world import Failed, World

PACK = PROJECT / "dags"
USER, PASSWORD = "rehearsal", "rehearsal-password"


@dataclasses.dataclass
class Case:
    """always: other cases build on it, so --only keeps it. short: part of the short profile."""

    name: str
    title: str
    function: Callable[[Run], None]
    short: bool = True
    always: bool = False


class Run:
    def __init__(self, world: World, report: Report):
        self.world, self.report = world, report
        self.api = Api(f"https://{world.hostname}", world.authority.bundle, USER, PASSWORD)
        self.login_mode = ""  # of a rehearsal of the login
        self.killed = None  # the runs of the case worker-kill, until its end is looked at
        sync = world.state.services["dagsync"].definition.containers["dagsync"].command
        # pairs of --source s3://bucket/prefix/ --target path
        self.sources = {
            pathlib.PurePosixPath(sync[i + 3]).name: sync[i + 1] for i, word in enumerate(sync) if word == "--source"
        }

    def say(self, text: str) -> None:
        self.world.say(text)

    def check(self, truth, message: str) -> None:
        if not truth:
            raise Failed(message)

    # -- DAG files ------------------------------------------------------------------

    def location(self, tree: str) -> tuple[str, str]:
        """Bucket and prefix of the tree "dags" or "plugins"."""
        bucket, _, prefix = self.sources[tree].removeprefix("s3://").partition("/")
        return bucket, prefix

    def put(self, name: str, text: str, tree: str = "dags") -> None:
        bucket, prefix = self.location(tree)
        self.world.s3.put_object(Bucket=bucket, Key=prefix + name, Body=text.encode())
        self.publish()

    def remove(self, name: str, tree: str = "dags") -> None:
        bucket, prefix = self.location(tree)
        self.world.s3.delete_object(Bucket=bucket, Key=prefix + name)
        self.publish()

    def mark(self, state: str, tree: str = "dags") -> None:
        """Says pushing or complete, as `ops push` does around its changes (docs/adr/0035)."""
        self.put(".airflow-release", json.dumps({"id": "rehearsal", "state": state, "at": "2026-01-01T00:00:00Z"}), tree)

    def files(self) -> pathlib.Path:
        """The shared folder as this harness sees it."""
        definition = self.world.state.services["dagsync"].definition
        mount = definition.containers["dagsync"].mounts[0]
        return self.world.fargate.efs_folder(definition.volumes[mount["sourceVolume"]]["efsVolumeConfiguration"])

    def publish(self) -> None:
        """Without the agent's binary: copies the buckets' trees to the shared folder, as dagsync would."""
        if self.world.fargate.has_agent:
            return
        folder = self.files()
        for tree in self.sources:
            bucket, prefix = self.location(tree)
            target = folder / f".{tree}-{time.time_ns()}"
            target.mkdir()
            for page in self.world.s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
                for entry in page.get("Contents", []):
                    path = target / entry["Key"].removeprefix(prefix)
                    path.parent.mkdir(parents=True, exist_ok=True)
                    path.write_bytes(self.world.s3.get_object(Bucket=bucket, Key=entry["Key"])["Body"].read())
            link = folder / f".{tree}-link"
            link.symlink_to(target.name)
            link.replace(folder / tree)

    # -- runs -------------------------------------------------------------------------

    def finish(self, dag: str, run_id: str, expected: str, seconds: float, tolerate: bool = False) -> dict:
        """Waits for a run's end and returns it; any end but the expected one fails."""
        state = self.world.wait(
            lambda: patient(lambda: self.api.ended(dag, run_id)), seconds, f"run {run_id} of {dag} ends", pause=0.5, tolerate=tolerate
        )
        if state != expected:
            tasks = {t["task_id"]: t["state"] for t in self.api.tasks(dag, run_id)}
            raise Failed(f"run {run_id} of {dag} ended as {state}, expected {expected}: {tasks}\n{self.why(dag, run_id)}")
        return self.api.run(dag, run_id)

    def why(self, dag: str, run_id: str) -> str:
        """Logs of a run's failed tasks, and of the workers, for a message."""
        parts = []
        for task in self.api.tasks(dag, run_id):
            if task["state"] in ("failed", "up_for_retry"):
                log = self.api.log(dag, run_id, task["task_id"], task["try_number"], task["map_index"])
                parts.append(f"--- log of {task['task_id']}, try {task['try_number']}\n{log[-1500:]}")
        for task in self.world.tasks():
            if task.service.role.startswith("worker"):
                parts.append(f"--- {task.label}\n{task.main.tail(15)}")
        return "\n".join(parts)

    def once(self, dag: str, conf: dict | None = None, expected: str = "success", seconds: float = 120) -> tuple[str, float]:
        """Triggers and waits; returns the run id and the seconds it took."""
        began = time.monotonic()
        run_id = self.api.trigger(dag, conf)
        self.finish(dag, run_id, expected, seconds)
        return run_id, time.monotonic() - began
