"""One ECS task: containers in one network namespace, dependsOn, essential, stop order."""

from __future__ import annotations

import os
import pathlib
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor

from .container import Container
from .fargate import Fargate
from .state import Service
from .vpc import Port

AIRFLOW_UID = 50000


class Task:
    """States: pending, running, stopping, stopped. `reason` says why it stopped."""

    def __init__(self, number: int, service: Service, fargate: Fargate):
        self.service, self.fargate = service, fargate
        self.identity = uuid.uuid4().hex
        self.label = f"{service.role}-{number}"
        self.folder = fargate.folder / "tasks" / self.label
        self.folder.mkdir(parents=True)
        self.port: Port = fargate.vpc.attach(service.subnets, fargate.state.beyond(service))
        self.state = "pending"
        self.reason = ""
        self.created = time.monotonic()
        self.left_out: list[str] = []
        self.containers: dict[str, Container] = {}
        self._plain = self.folder / "volumes"
        for definition in service.definition.containers.values():
            if definition.repository == "agent" and not fargate.has_agent:
                self.left_out.append(definition.name)
                continue
            image = fargate.images.of(definition.repository)
            spec = {"environment": self._environment(definition, image), **self._file_systems(definition, image)}
            self.containers[definition.name] = Container(definition, image, self.port, self.folder, spec)

    # -- what a container gets --------------------------------------------------

    def _environment(self, definition, image) -> dict[str, str]:
        return {
            **image.environment,
            **self.fargate.environment(self.identity),
            "HOSTNAME": self.port.hostname,
            **self.fargate.declared(definition),
            **(self.fargate.overrides.get(self.service.role, {}) if definition.essential else {}),
        }

    def _file_systems(self, definition, image) -> dict:
        binds = [[str(source), path, True] for source, path in image.binds]
        binds.append([str(self.fargate.vpc.hosts), "/etc/hosts", True])
        empties = [["/tmp", 0, 0, 0o1777]] if "/tmp" in image.writable or not image.writable else []
        empties += [[path, AIRFLOW_UID, 0, 0o775] for path in image.writable if path != "/tmp"]
        for mount in definition.mounts:
            source = self._volume(mount["sourceVolume"], mount["containerPath"], image)
            binds.append([str(source), mount["containerPath"], bool(mount.get("readOnly"))])
        return {"binds": binds, "empties": empties}

    def _volume(self, name: str, path: str, image) -> pathlib.Path:
        """The folder of a volume: shared for EFS, the task's own otherwise."""
        volume = self.service.definition.volumes[name]
        efs = volume.get("efsVolumeConfiguration")
        if efs:
            return self.fargate.efs_folder(efs)
        folder = self._plain / name
        if not folder.exists():
            folder.mkdir(parents=True)
            if path == "/tmp" and path in image.writable:
                folder.chmod(0o1777)
            elif path in image.writable:
                os.chown(folder, AIRFLOW_UID, 0)
                folder.chmod(0o775)
        return folder

    # -- life -------------------------------------------------------------------

    def start(self) -> None:
        threading.Thread(target=self._run, daemon=True).start()

    def _ready(self, container: Container) -> bool:
        for name, condition in container.definition.depends:
            if name in self.left_out:
                continue
            other = self.containers[name]
            met = {
                "START": other.process is not None,
                "COMPLETE": other.exit_code is not None,
                "SUCCESS": other.exit_code == 0,
                "HEALTHY": other.health == "healthy",
            }[condition]
            if not met:
                if condition == "SUCCESS" and other.exit_code not in (None, 0):
                    self._fail(f"container {name} ended with {other.exit_code}, and {container.name} waits for its success")
                return False
        return True

    def _fail(self, reason: str) -> None:
        if self.state in ("pending", "running"):
            self.reason = reason
            self.stop(reason)

    def _run(self) -> None:
        waiting = list(self.containers.values())
        while self.state in ("pending", "running"):
            for container in [c for c in waiting if self._ready(c)]:
                if self.state not in ("pending", "running"):
                    return
                waiting.remove(container)
                container.start()
            if not waiting and self.state == "pending":
                self.state = "running"
            for container in self.containers.values():
                if not container.definition.essential:
                    continue
                if container.exit_code is not None:
                    self._fail(f"essential container {container.name} ended with {container.exit_code}")
                elif container.health == "unhealthy":
                    self._fail(f"essential container {container.name} is unhealthy: {container.health_said}")
            time.sleep(0.1)

    def stop(self, reason: str) -> None:
        """Stops the containers that others depend on last, each within its stopTimeout."""
        if self.state in ("stopping", "stopped"):
            return
        self.state, self.reason = "stopping", reason
        left = [c for c in self.containers.values() if c.running]
        while left:
            needed = {name for c in left for name, _ in c.definition.depends}
            first = [c for c in left if c.name not in needed] or left
            with ThreadPoolExecutor(len(first)) as pool:
                list(pool.map(Container.stop, first))
            left = [c for c in left if c not in first]
        self._close()

    def kill(self, reason: str) -> None:
        """All at once and without a word, as when a host dies or memory runs out."""
        if self.state in ("stopping", "stopped"):
            return
        self.state, self.reason = "stopping", reason
        for container in self.containers.values():
            container.kill()
        self._close()

    def _close(self) -> None:
        self.state = "stopped"
        self.port.close()

    @property
    def main(self) -> Container:
        """The container that the service is about: the last one that others wait for, or the only Airflow one."""
        essential = [c for c in self.containers.values() if c.definition.essential and c.definition.repository != "agent"]
        return essential[-1] if essential else next(iter(self.containers.values()))

    @property
    def healthy(self) -> bool:
        """ECS calls a task healthy when all essential containers with a check are."""
        return self.state == "running" and all(
            c.health in ("healthy", "none") and c.running for c in self.containers.values() if c.definition.essential
        )

    def story(self) -> str:
        """Why it stopped, with the last lines of the containers that failed."""
        parts = [f"task {self.label}: {self.reason}"]
        for container in self.containers.values():
            if container.exit_code not in (None, 0) or container.health == "unhealthy":
                parts.append(f"--- last lines of {self.label}/{container.name} (exit {container.exit_code})\n{container.tail()}")
        return "\n".join(parts)
