"""The cases of the rehearsal, in the order in which they run."""

from __future__ import annotations

from . import agent, boot, chaos, cleanup, dags, health, hostile, proofs, smoke
from .base import Case, Run

KNOWN = {
    case.name: case
    for module in (boot, dags, cleanup, proofs, hostile, agent, smoke, health, chaos)
    for case in module.CASES
}  # fmt: skip

ORDER = [
    "converge", "login", "workers", "appear", "hops", "pack", "logs", "stored", "one-tree",
    "cleanup", "secrets", "verified", "no-way-out", "agent", "metrics", "components",
    "worker-term",
    # Airflow notices a killed worker after 300 s: it is looked at later.
    "worker-kill", "redis-restart", "redis-lost", "ghosts",
    "import-error", "live-log", "removed", "arrivals", "postgres-restart", "scheduler-kill", "api-restart",
    "hostile", "smoke", "smoke-red", "frozen", "worker-kill-end",
    "waited", "waited-control", "calls",
]  # fmt: skip

if set(ORDER) != set(KNOWN) or len(ORDER) != len(KNOWN):
    raise RuntimeError(f"cases without a place in the order, or without code: {sorted(set(ORDER) ^ set(KNOWN))}")

ALL: list[Case] = [KNOWN[name] for name in ORDER]

__all__ = ["ALL", "Case", "Run"]
