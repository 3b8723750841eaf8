"""The whole rehearsal: servers, network, services, and what ECS's scheduler does."""

from __future__ import annotations

import pathlib
import shutil
import subprocess
import threading
import time

import boto3

from . import image, web
from .certs import Authority
from .fargate import Fargate
from .servers import Moto, Postgres, Redis
from .state import Service, State, StateError
from .task import Task
from .vpc import METADATA, Vpc

REGION = "us-east-1"
S3_NAMES = ("s3.{r}.amazonaws.com", "s3.amazonaws.com")
SECRETS_NAME = "secretsmanager.{r}.amazonaws.com"


class Failed(Exception):
    """A check of the rehearsal did not hold; the message says which and why."""


class World:
    def __init__(self, state: State, folder: pathlib.Path, say, drop: str = ""):
        self.state, self.folder, self.say, self.etc = state, folder, say, folder / "etc"
        if drop and not state.mentions(drop):
            raise StateError(f"--drop {drop}: no container has this variable, nor any of its URLs this parameter")
        self.region = REGION
        self.fleet: dict[str, Fleet] = {}
        folder.mkdir(parents=True)
        self.authority = Authority(folder / "certs")
        self.vpc = Vpc(state, folder / "hosts", self.region)
        # The harness itself uses the names as well; its mount namespace is its own.
        subprocess.run(["mount", "--bind", self.vpc.hosts, "/etc/hosts"], check=True)
        self.etc.mkdir()
        (self.etc / "passwd").write_text("root:x:0:0:root:/:/bin/sh\nairflow:x:50000:0::/opt/airflow/home:/usr/sbin/nologin\n")
        (self.etc / "group").write_text("root:x:0:\n")
        (self.etc / "nsswitch.conf").write_text("passwd: files\ngroup: files\nhosts: files\n")
        self.fargate = self._fargate(drop)
        self.loop = web.Loop()

    def _fargate(self, drop: str = "") -> Fargate:
        images = image.Images(image.build(self.say, self.state.line), self.authority.bundle, self.etc)
        return Fargate(self.state, self.folder, self.vpc, images, self.region, drop)

    # -- servers ------------------------------------------------------------------

    def start_servers(self) -> None:
        self.metadata = web.Metadata(self.loop, METADATA)
        self._start_database()
        self._start_broker()
        self._start_aws()
        self._start_load_balancer()

    def _parameters(self, kind: str) -> dict[str, str]:
        return {p["name"]: str(p["value"]) for group in self.state.of(kind) for p in group.get("parameters") or []}

    def _start_database(self) -> None:
        instance = self.state.one("aws:rds/instance:Instance")
        address = self.vpc.server(instance["address"])
        parameters = self._parameters("aws:rds/parameterGroup:ParameterGroup")
        self.database = Postgres(self.folder / "postgres", self.authority, instance, parameters, address)

    def _start_broker(self) -> None:
        group = self.state.one("aws:elasticache/replicationGroup:ReplicationGroup")
        address = self.vpc.server(group["primaryEndpointAddress"])
        parameters = self._parameters("aws:elasticache/parameterGroup:ParameterGroup")
        self.broker = Redis(self.folder / "redis", self.authority, group, parameters, address)

    def _start_aws(self) -> None:
        self.buckets = [b["bucket"] for kind in ("bucketV2:BucketV2", "bucket:Bucket") for b in self.state.of(f"aws:s3/{kind}")]
        hosts = [name.format(r=self.region) for name in S3_NAMES]
        names = hosts + [f"{bucket}.{host}" for bucket in self.buckets for host in hosts] + [SECRETS_NAME.format(r=self.region)]
        address = self.vpc.server(*names)
        certificate = self.authority.server("aws", names)
        self.moto = Moto(self.folder)
        self.moto.start()
        self.front = web.Front(self.loop, address, web.tls(*certificate), self.moto.port, self.state)
        self.s3, self.secrets = (
            boto3.client(
                service, endpoint_url=f"http://127.0.0.1:{self.moto.port}", region_name=self.region,
                aws_access_key_id="harness", aws_secret_access_key="harness",
            )
            for service in ("s3", "secretsmanager")
        )  # fmt: skip
        for bucket in self.buckets:
            self.s3.create_bucket(Bucket=bucket)

    def _start_load_balancer(self) -> None:
        balancer = self.state.one("aws:lb/loadBalancer:LoadBalancer")
        names = [r["name"] for r in self.state.of("aws:route53/record:Record")] + [balancer["dnsName"]]
        self.hostname = names[0].rstrip(".")
        names = [n.rstrip(".") for n in names]
        address = self.vpc.server(*names)
        certificate = self.authority.server("alb", names + ["localhost", "127.0.0.1"])
        self.balancer = web.LoadBalancer(self.state, self.loop, address, web.tls(*certificate))

    # -- services -------------------------------------------------------------------

    def start_service(self, role: str, desired: int | None = None) -> Fleet:
        service = self.state.services[role]
        fleet = self.fleet.setdefault(role, Fleet(service, self))
        fleet.set(service.desired if desired is None else desired)
        return fleet

    def change(self, state: State) -> None:
        """Another state of the same stack, such as after an `up`; its services come with deploy."""
        self.state = state
        self.fargate = self._fargate()

    def deploy(self, *roles: str) -> None:
        """Has services run what the state says."""
        for role in roles or self.fleet:
            self.fleet[role].service, self.fleet[role].fargate = self.state.services[role], self.fargate

    def run_task(self, role: str, seconds: float = 60) -> Task:
        """Runs a scheduled task once, to its end."""
        task = Task(1, self.state.scheduled[role], self.fargate)
        self.metadata.tasks[task.identity] = task
        task.start()
        self.wait(lambda: task.state == "stopped", seconds, f"the task {role} ends")
        return task

    def stop(self) -> None:
        for fleet in self.fleet.values():
            fleet.halt()
        for server in ("moto", "broker", "database", "warehouse", "provider"):
            if hasattr(self, server):
                try:
                    getattr(self, server).stop()
                except Exception as fault:  # the next one must be stopped as well
                    self.say(f"stopping {server}: {fault}")
        shutil.rmtree(self.folder / "postgres" / "data", ignore_errors=True)

    def tasks(self) -> list[Task]:
        return [t for fleet in self.fleet.values() for t in fleet.tasks]

    def workers(self) -> list[Task]:
        """The tasks of every worker pool."""
        return [t for t in self.tasks() if t.service.role.startswith("worker")]

    def healthy(self) -> bool:
        return all(fleet.healthy() for fleet in self.fleet.values())

    def wait(self, condition, seconds: float, what: str, pause: float = 0.25, tolerate: bool = False):
        """Waits for condition; a task that stops meanwhile ends the wait with its story.

        tolerate: tasks may stop, as they do when a chaos case makes them.
        """
        deadline = time.monotonic() + seconds
        known = {id(task) for fleet in self.fleet.values() for task in fleet.stopped}
        while True:
            if answer := condition():
                return answer
            for fleet in self.fleet.values():
                if fleet.fault:
                    raise Failed(f"service {fleet.service.name}: {fleet.fault}")
            if not tolerate:
                for fleet in self.fleet.values():
                    for task in fleet.stopped:
                        if id(task) not in known and not task.reason.startswith("scaled in"):
                            raise Failed(f"while waiting for: {what}\n{task.story()}")
            if time.monotonic() > deadline:
                raise Failed(f"{what}: not within {seconds:.0f} s\n{self.sickness()}")
            time.sleep(pause)

    def sickness(self) -> str:
        """What does not look well right now."""
        parts = []
        for task in self.tasks():
            for container in task.containers.values():
                if container.health in ("unhealthy", "starting") or container.exit_code not in (None, 0):
                    parts.append(
                        f"{task.label}/{container.name}: {container.health}, exit {container.exit_code}, "
                        f"check said: {container.health_said}\n{container.tail(8)}"
                    )
        return "\n".join(parts)


class Fleet:
    """An ECS service: keeps as many tasks running as desired, registers them at the load balancer.

    With another service and fargate it is deployed: new tasks first, and the old
    ones end when these are healthy, protected ones when they are released.
    """

    PAUSE = 2.0  # seconds before a stopped task is replaced; ECS takes longer when it repeats

    def __init__(self, service: Service, world: World):
        self.service, self.world, self.fargate = service, world, world.fargate
        self.desired = 0
        self.tasks: list[Task] = []
        self.stopped: list[Task] = []
        self.fault = ""
        self._number = 0
        self._resume = 0.0
        self._halted = False
        self._lock = threading.Lock()
        self._registered: dict[int, list[tuple[str, tuple[str, int]]]] = {}
        threading.Thread(target=self._keep, daemon=True).start()

    def set(self, desired: int) -> None:
        self.desired = desired

    def task(self) -> Task:
        """The newest running task."""
        if not self.tasks:
            raise Failed(f"service {self.service.name} has no task")
        return self.tasks[-1]

    def healthy(self) -> bool:
        return len([t for t in self.tasks if t.healthy and t.service is self.service]) >= self.desired

    def _keep(self) -> None:
        while not self._halted:
            try:
                with self._lock:
                    self._step()
            except Exception as fault:  # the thread must not end unseen: wait() reports it
                self.fault = repr(fault) if not isinstance(fault, StateError) else str(fault)
                return
            time.sleep(0.2)

    def _step(self) -> None:
        for task in [t for t in self.tasks if t.state == "stopped"]:
            self.tasks.remove(task)
            self.stopped.append(task)
            self._deregister(task)
            if not task.reason.startswith("scaled in"):
                self.world.say(f"  task {task.label} stopped: {task.reason.splitlines()[0][:160]}")
                self._resume = time.monotonic() + self.PAUSE
        for task in self.tasks:
            if task.state == "stopping":
                self._deregister(task)
            else:
                self._register(task)
        alive = [t for t in self.tasks if t.state in ("pending", "running") and t.service is self.service]
        if len(alive) < self.desired and time.monotonic() > self._resume:
            self._number += 1
            task = Task(self._number, self.service, self.fargate)
            self.world.metadata.tasks[task.identity] = task
            self.tasks.append(task)
            task.start()
        for task in [*alive[self.desired :], *self._replaced()]:
            self._deregister(task)  # ECS: DEACTIVATING comes before STOPPING
            threading.Thread(target=task.stop, args=("scaled in",), daemon=True).start()

    def _replaced(self) -> list[Task]:
        """Running tasks of the service before, that may end by now."""
        if not self.healthy():
            return []
        protection = self.world.metadata.protection
        old = [t for t in self.tasks if t.state in ("pending", "running") and t.service is not self.service]
        return [t for t in old if not protection.get(t.identity, {}).get("ProtectionEnabled")]

    def _register(self, task: Task) -> None:
        for target in self.service.targets:
            container = task.containers.get(target["containerName"])
            key = (target["targetGroupArn"], (task.port.address, int(target["containerPort"])))
            known = self._registered.setdefault(id(task), [])
            if container and container.running and key not in known:
                known.append(key)
                self.world.balancer.register(*key)

    def _deregister(self, task: Task) -> None:
        for key in self._registered.pop(id(task), []):
            self.world.balancer.deregister(*key)

    def halt(self) -> None:
        """Ends everything at once; only for the end of the rehearsal."""
        self._halted = True
        with self._lock:
            for task in self.tasks:
                task.kill("rehearsal ends")
