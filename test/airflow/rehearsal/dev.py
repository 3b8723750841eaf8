"""`make dev`: the rehearsal's processes kept running, with dags/ live.

Two settings differ from the stack's: the base URL is the one on this machine,
and files are looked for and parsed again every few seconds. plugins/ is
published, too; Airflow's processes load what was there when they started.
"""

from __future__ import annotations

import pathlib
import time

from . import door
from .cases import boot
from .cases.base import PACK, PASSWORD, USER, Run
from .image import PROJECT
from .pushed import is_pushed
from .report import Report
from .world import World

SECONDS = 2  # how often dags/ is looked at


def _overrides(port: int) -> dict[str, dict[str, str]]:
    refresh = {f"AIRFLOW__DAG_PROCESSOR__{name}": str(SECONDS) for name in ("REFRESH_INTERVAL", "MIN_FILE_PROCESS_INTERVAL")}
    refresh["AIRFLOW__DAG_PROCESSOR__BUNDLE_REFRESH_CHECK_INTERVAL"] = str(SECONDS)
    return {
        "api-server": {"AIRFLOW__API__BASE_URL": f"https://localhost:{port}/"},
        "dag-processor": refresh,
    }


class Live:
    """Copies changes of dags/ and plugins/ to the bucket, and removes there what is gone here."""

    def __init__(self, run: Run, project: pathlib.Path = PROJECT):
        self.run, self.project, self.known = run, project, {}

    def step(self) -> list[str]:
        now = {
            (tree, str(path.relative_to(self.project / tree))): (path.stat().st_mtime_ns, path.stat().st_size)
            for tree in ("dags", "plugins") for path in (self.project / tree).rglob("*") if path.is_file() and is_pushed(path, self.project / tree)
        }  # fmt: skip
        changed = [name for name, mark in now.items() if self.known.get(name) != mark]
        gone = [name for name in self.known if name not in now]
        trees = sorted({tree for tree, _ in changed + gone})
        for tree in trees:
            self.run.mark("pushing", tree)  # or dagsync would take many that are gone for an accident
        for tree, name in changed:
            bucket, prefix = self.run.location(tree)
            self.run.world.s3.put_object(Bucket=bucket, Key=prefix + name, Body=(self.project / tree / name).read_bytes())
        for tree, name in gone:
            bucket, prefix = self.run.location(tree)
            self.run.world.s3.delete_object(Bucket=bucket, Key=prefix + name)
        self.known = now
        for tree in trees:
            self.run.mark("complete", tree)
        return [f"{tree}/{name}" for tree, name in changed + gone]


def main(world: World, options) -> int:
    world.fargate.overrides.update(_overrides(options.port))
    run = Run(world, Report(world.folder, options, []))
    live = Live(run)
    live.step()
    door.inside(options.output, world.balancer.address, 443)
    for role in (*boot.FIRST, *(s.role for s in world.state.worker_services())):
        if role == "dagsync" and not world.fargate.has_agent:
            continue
        world.start_service(role, max(1, world.state.services[role].desired) if role.startswith("worker") else 1)
    world.say("starting; the first look takes about a minute")
    world.wait(lambda: world.fleet["api-server"].healthy(), 300, "the api-server is healthy")
    server = world.fleet["api-server"].task().main
    create = ["airflow", "users", "create", "--username", USER, "--role", "Admin", "--email", "dev@example.com", "--firstname", "D", "--lastname", "D", "--password", PASSWORD]
    done = server.execute(create, 120)
    if done.returncode:
        world.say(f"no user could be created:\n{done.stdout[-500:]}{done.stderr[-500:]}")
        return 1
    world.wait(world.healthy, 300, "all services are healthy")
    print(
        f"\n  Airflow:   https://localhost:{options.port}/  (certificate by {world.authority.bundle})\n"
        f"  user:      {USER}\n  password:  {PASSWORD}\n"
        f"  DAGs:      {PACK}  (a change is visible within seconds)\n"
        f"  logs:      {world.folder}/tasks/*/*.log\n"
        "  stop:      Ctrl-C\n",
        flush=True,
    )
    try:
        while True:
            if changed := live.step():
                plugins = any(name.startswith("plugins/") for name in changed)
                world.say(f"published {', '.join(changed)}" + "; plugins are loaded at the next start" * plugins)
            time.sleep(1)
    except (KeyboardInterrupt, SystemExit):
        world.say("stopping")
        return 0
