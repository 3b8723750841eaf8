"""The cases of the rehearsal, in the order in which they run."""

from __future__ import annotations

from . import agent, boot, chaos, dags, health, proofs, smoke
from .base import Case, Run

ALL: list[Case] = [
    *boot.CASES,
    *dags.CASES,
    *proofs.CASES,
    *agent.CASES,
    *health.CASES,
    *chaos.KILL,
    *smoke.CASES,
    *health.FREEZES,
    *chaos.CASES,
    *proofs.AFTERWARDS,
]

__all__ = ["ALL", "Case", "Run"]
