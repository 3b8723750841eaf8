"""The smoke test of a deployed stack (`make smoke`), against this Airflow: green, and red with a part stopped."""

from __future__ import annotations

import os
import subprocess
import time

from ..image import PROJECT
from .agent import settle
from .base import PASSWORD, USER, Case, Run

BINARY = PROJECT / "bin" / "ops"
HEALTH_EXIT, RUN_EXIT = 11, 15  # ops smoke --help


def smoke(run: Run, *arguments: str) -> tuple[int, str]:
    """Runs the command as an operator would; returns its exit code and what it said."""
    # Address and login are this Airflow's, not the stack's: it has no load balancer.
    command = [BINARY, "smoke", "rehearsal", "--url", f"https://{run.world.hostname}/", "--login", "none", "--airflow", run.world.state.line, "--ca", str(run.world.authority.bundle), *arguments]
    environment = {**os.environ, "SMOKE_USER": USER, "SMOKE_PASSWORD": PASSWORD}
    began = time.monotonic()
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300)
    said = done.stdout + done.stderr
    run.check(PASSWORD not in said, "the smoke test shows the password")
    last = (done.stderr if done.returncode else done.stdout).strip().splitlines()[-1]
    run.report.row("Smoke test", arguments=" ".join(arguments), exit=done.returncode, seconds=f"{time.monotonic() - began:.0f}", said=last[:110])
    return done.returncode, said


def green(run: Run) -> None:
    """Every hop passes."""
    code, said = smoke(run)
    run.check(code == 0, f"the smoke test ended with {code}:\n{said}")
    for hop in ("network", "health", "login", "version", "dags", "run", "log"):
        run.check(f"smoke: {hop:8} ok" in said, f"the hop {hop} did not pass:\n{said}")


def red(run: Run) -> None:
    """Without workers the run doesn't end; without a scheduler the health page says so."""
    settle(run)
    fleet = run.world.fleet
    workers = {role: fleet[role].desired for role in fleet if role.startswith("worker")}
    for role in workers:
        fleet[role].set(0)
    run.world.wait(lambda: not any(fleet[role].tasks for role in workers), 150, "the workers are gone", tolerate=True)
    code, said = smoke(run, "--run-timeout", "20s")
    run.check(code == RUN_EXIT and "is queued" in said, f"without workers the smoke test ended with {code}:\n{said}")
    schedulers = fleet["scheduler"].desired
    fleet["scheduler"].set(0)
    run.world.wait(lambda: run.api.health().get("scheduler", {}).get("status") == "unhealthy", 120, "the health page misses the scheduler", tolerate=True)
    code, said = smoke(run)
    run.check(code == HEALTH_EXIT and "not healthy: scheduler" in said, f"without a scheduler the smoke test ended with {code}:\n{said}")
    fleet["scheduler"].set(schedulers)
    for role, count in workers.items():
        fleet[role].set(count)
    run.world.wait(run.world.healthy, 240, "all services are healthy again", tolerate=True)
    code, said = smoke(run)
    run.check(code == 0, f"after the scheduler's return the smoke test ended with {code}:\n{said}")


CASES = [
    Case("smoke", "The smoke test of a deployed stack passes", green),
    Case("smoke-red", "…and fails at the right hop without workers, and without a scheduler", red, short=False),
]
