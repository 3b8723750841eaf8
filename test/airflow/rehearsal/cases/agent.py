"""The agent beside Airflow: metrics that follow the work, protection of busy workers, sync in step."""

from __future__ import annotations

import json
import pathlib
import time

from .base import Case, Run

# What the stack's alarms and scaling read; namespace Airflow.
METRICS = {
    ("Stack", "Queue"): {"Backlog", "OldestQueuedSeconds"},
    ("Stack",): {"SchedulerHeartbeatAgeSeconds", "DagProcessorHeartbeatAgeSeconds", "TriggererHeartbeatAgeSeconds", "TaskDurationSeconds", "TaskFailures", "CleanupAgeSeconds",
                "ImportErrors", "SlowestParseSeconds", "SchedulerLoopSeconds", "ExecutorOpenSlots"},
    ("Stack", "Pool"): {"PoolOpenSlots", "PoolScheduledSlots"},
    ("Stack", "Source"): {"SyncLagSeconds", "SyncErrors", "SyncSkippedKeys", "SyncRefusedKeys"},
}  # fmt: skip


def lines(path: pathlib.Path) -> list[dict]:
    """The embedded-metric lines of a container's log."""
    found = []
    for text in path.read_text(errors="replace").splitlines():
        if '"_aws"' in text:
            found.append(json.loads(text))
    return found


def _logs(run: Run) -> list[pathlib.Path]:
    return [path for name in ("metrics", "dagsync") for path in run.world.folder.glob(f"tasks/*/{name}.log")]


def backlog(run: Run, queue: str = "default") -> float:
    """The newest published backlog of a queue. One of the schedulers' agents publishes, whichever holds the lock."""
    found = [
        (line["_aws"]["Timestamp"], line["Backlog"])
        for path in [task.folder / "metrics.log" for task in run.world.fleet["scheduler"].tasks]
        for line in (lines(path) if path.exists() else [])
        if "Backlog" in line and line.get("Queue") == queue
    ]
    return max(found)[1] if found else -1


def protected(run: Run) -> list[str]:
    """The workers that are protected from scale-in: they have work, or had until some 20 s ago."""
    protection = run.world.metadata.protection
    return [t.label for t in run.world.workers() if protection.get(t.identity, {}).get("ProtectionEnabled")]


def settle(run: Run) -> None:
    """Lets the workers become idle: one that is told to stop with any work left takes the whole of Celery's soft shutdown."""
    time.sleep(5)  # the guard looks every 3 s
    run.world.wait(lambda: not protected(run), 150, "the workers are idle", tolerate=True)


def follows(run: Run) -> None:
    """Backlog rises with the work and falls to zero; the busy worker is protected, the idle one is not."""
    if not run.world.fargate.has_agent:
        run.report.note("agent: not proven, bin/airflow-agent does not exist")
        return
    worker = run.world.fleet["worker"].task().label
    run.world.wait(lambda: backlog(run) == 0, 90, "the backlog is published as 0")
    began = time.monotonic()
    runs = [run.api.trigger("long", {"seconds": 40}) for _ in range(2)]
    run.world.wait(lambda: backlog(run) >= 2, 60, "a backlog of 2 is published")
    run.report.row("Agent", what="2 runs triggered to backlog >= 2 published", seconds=f"{time.monotonic() - began:.0f}")
    run.world.wait(lambda: worker in protected(run), 60, "the busy worker is protected from scale-in")
    run.report.row("Agent", what="2 runs triggered to the worker protected", seconds=f"{time.monotonic() - began:.0f}")
    for run_id in runs:
        run.finish("long", run_id, "success", 120)
    began = time.monotonic()
    run.world.wait(lambda: backlog(run) == 0, 60, "the backlog is published as 0 again")
    run.report.row("Agent", what="runs ended to backlog 0 published", seconds=f"{time.monotonic() - began:.0f}")
    run.world.wait(lambda: worker not in protected(run), 150, "the idle worker is released")
    run.report.row("Agent", what="runs ended to protection released", seconds=f"{time.monotonic() - began:.0f}")


def published(run: Run) -> None:
    """Every metric that alarms and scaling read was really written, under its dimensions."""
    if not run.world.fargate.has_agent:
        return
    seen: dict[tuple, dict[str, int]] = {}
    for path in _logs(run):
        for line in lines(path):
            for directive in line["_aws"]["CloudWatchMetrics"]:
                run.check(directive["Namespace"] == "Airflow", f"metrics in namespace {directive['Namespace']}")
                for dimensions in directive["Dimensions"]:
                    missing = [name for name in dimensions if name not in line]
                    run.check(not missing, f"a metric line names the dimensions {missing} and does not hold them: {line}")
                    for metric in directive["Metrics"]:
                        names = seen.setdefault(tuple(dimensions), {})
                        names[metric["Name"]] = names.get(metric["Name"], 0) + (metric["Name"] in line)
    for dimensions, names in METRICS.items():
        absent = names - set(seen.get(dimensions, {}))
        run.check(not absent, f"never published with the dimensions {dimensions}: {sorted(absent)}")
    for dimensions, names in sorted(seen.items()):
        for name, count in sorted(names.items()):
            run.report.row("Metrics published", namespace="Airflow", dimensions=", ".join(dimensions), metric=name, lines=count)


CASES = [
    Case("agent", "Backlog follows the work, busy workers are protected", follows),
    Case("metrics", "Every metric that alarms read is published", published),
]
