"""What each component costs, and that a stuck one is noticed and replaced."""

from __future__ import annotations

import statistics
import time

from .. import procfs
from .agent import settle
from .base import Case, Run

LIMIT, WORKER_LIMIT = 0.2, 1.5  # CPU-seconds of one health check
IDLE = 10.0  # seconds over which idle CPU is measured


def components(run: Run) -> None:
    """The report per component, and the limit on what a health check costs."""
    world = run.world
    tasks = [f.task() for f in world.fleet.values()]
    world.wait(lambda: all(len(c.health_cpu) >= 2 for t in tasks for c in t.containers.values() if c.definition.health), 120, "each health check ran twice")
    measured = {(t.label, c.name): (c, c.processes()) for t in tasks for c in t.containers.values() if c.running}
    before = {key: procfs.cpu_seconds(pids) for key, (_, pids) in measured.items()}
    time.sleep(IDLE)
    database, broker = world.database.connections(), world.broker.connections()
    dear = []
    for (label, name), (container, pids) in measured.items():
        task = next(t for t in tasks if t.label == label)
        idle = (procfs.cpu_seconds(pids) - before[label, name]) / IDLE * 100
        cost = container.health_cpu
        limit = WORKER_LIMIT if name == "worker" else LIMIT
        if cost and statistics.median(cost) > limit:
            dear.append(f"{label}/{name}: {statistics.median(cost):.2f} CPU-s, at most {limit}")
        address = task.port.address
        main = container is task.main
        run.report.row(
            "Components", container=f"{task.service.role}/{name}",
            healthy_after=f"{container.healthy_after():.0f} s" if container.healthy_after() else "",
            processes=len(pids), pss=f"{procfs.pss_mib(pids):.0f} MiB", task_memory=f"{task.service.definition.memory} MiB",
            idle_cpu=f"{idle:.1f} %", check_cpu=f"{statistics.median(cost):.2f} s" if cost else "", check_max=f"{max(cost):.2f} s" if cost else "",
            postgres=database.get(address, 0) if main else "", redis=broker.get(address, 0) if main else "",
        )  # fmt: skip
    run.check(not dear, "health checks cost too much:\n" + "\n".join(dear))


def frozen(run: Run) -> None:
    """Each main container is stopped in its tracks; its check must notice, and ECS's rules replace the task."""
    world = run.world
    settle(run)
    roles = [role for role in world.fleet if role != "dagsync"]
    victims = {role: world.fleet[role].task() for role in roles}
    began = time.monotonic()
    for task in victims.values():
        task.main.freeze()
    noticed: dict[str, float] = {}

    def all_noticed() -> bool:
        for role, task in victims.items():
            if role not in noticed and task.main.health == "unhealthy":
                noticed[role] = time.monotonic() - began
                run.report.row("Frozen components", component=role, unhealthy_after=f"{noticed[role]:.0f} s", check_said=task.main.health_said[:90].replace("\n", " "))
                task.main.thaw()  # only a thawed one can obey SIGTERM
        return len(noticed) == len(victims)

    world.wait(all_noticed, 300, "every frozen component is unhealthy", tolerate=True)
    world.wait(lambda: all(task.state == "stopped" for task in victims.values()), 180, "frozen tasks are stopped", tolerate=True)
    world.wait(world.healthy, 240, "all services are healthy again", tolerate=True)
    run.once("quick")


CASES = [
    Case("components", "Start-up, memory, CPU, connections; health checks are cheap", components),
    Case("frozen", "A frozen component turns unhealthy and is replaced", frozen, short=False),
]
