"""One run: prepares the world, goes through the cases, reports."""

from __future__ import annotations

import argparse
import faulthandler
import pathlib
import shutil
import signal
import subprocess
import sys
import time
import traceback

from . import cases
from .cases import rotation, signin, upgrade
from .report import Report
from .state import State, StateError
from .world import Failed, World

START = time.monotonic()


def say(text: str) -> None:
    print(f"[{time.monotonic() - START:6.1f}] {text}", flush=True)


def private_mounts() -> None:
    """Network namespaces get their names in a folder of ours, not in this machine's /run."""
    pathlib.Path("/run/netns").mkdir(exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "netns", "/run/netns"], check=True)


def own_cases(options: argparse.Namespace) -> list[cases.Case]:
    """Those of a rehearsal of one thing, which is no profile."""
    return upgrade.CASES if options.upgrade else rotation.CASES if options.rotation else signin.CASES if options.login else []


def selected(options: argparse.Namespace) -> list[cases.Case]:
    if own := own_cases(options):
        return own
    if not options.only:
        return [case for case in cases.ALL if options.profile == "full" or case.short]
    names = options.only.split(",")
    known = {case.name: case for case in cases.ALL}
    if unknown := [name for name in names if name not in known]:
        sys.exit(f"e2e: no such case: {', '.join(unknown)}. Known: {', '.join(known)}")
    return [case for case in cases.ALL if case.name in names or case.always]


def main(options: argparse.Namespace) -> int:
    if options.list:
        for case in cases.ALL:
            print(f"{case.name:22} {'short full' if case.short else '      full'}  {case.title}")
        return 0
    faulthandler.register(signal.SIGUSR1)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    signal.signal(signal.SIGINT, lambda *_: sys.exit(130))
    private_mounts()
    folder = options.output / time.strftime("%Y%m%d-%H%M%S")
    chosen = selected(options)
    report = Report(folder, options, [] if own_cases(options) else [c for c in cases.ALL if c not in chosen])
    try:
        world = World(State(options.state), folder, say, drop=options.drop)
    except StateError as fault:
        sys.exit(f"e2e: {fault}")
    latest = options.output / "latest"
    latest.unlink(missing_ok=True)
    latest.symlink_to(folder.name)
    code = 1
    try:
        world.start_servers()
        if options.dev:
            from . import dev

            return dev.main(world, options)
        code = rehearse(world, chosen, report)
    finally:
        report.finish(world)
        world.stop()
        shutil.rmtree(folder / "efs", ignore_errors=True)
    return code


def rehearse(world: World, chosen: list[cases.Case], report: Report) -> int:
    run = cases.Run(world, report)
    report.chosen = chosen
    for case in chosen:
        say(f"== {case.title}")
        began = time.monotonic()
        try:
            case.function(run)
        except (Failed, TimeoutError) as fault:
            report.case(case, False, time.monotonic() - began, str(fault))
            say(f"FAILED {case.name}: {fault}")
            dump(world)
            return 1
        except Exception:  # a fault of the harness itself: say it in full, and end
            report.case(case, False, time.monotonic() - began, traceback.format_exc())
            say(f"FAILED {case.name}, in the harness:\n{traceback.format_exc()}")
            return 1
        report.case(case, True, time.monotonic() - began, "")
    return 0


def dump(world: World) -> None:
    """Writes where every process of the tasks stands, before they are ended."""
    for task in world.tasks():
        for container in task.containers.values():
            if container.running:
                try:
                    (task.folder / f"{container.name}.stacks").write_text(container.stacks())
                except (OSError, subprocess.SubprocessError) as fault:
                    say(f"no stacks of {task.label}/{container.name}: {fault}")
