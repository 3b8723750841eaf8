"""What a Pulumi state declares: task definitions, services, listeners, secrets, stores.

Reads the JSON of `pulumi stack export --show-secrets`. Nothing is interpreted
beyond what ECS, ELB and Secrets Manager document for these resources.
"""

from __future__ import annotations

import dataclasses
import json
import pathlib

SECRET_KEY = "4dabf18193072939515e22adb298388d"  # marks a secret value in a Pulumi checkpoint


class StateError(Exception):
    """The state lacks something that is needed, or says something that ECS would refuse."""


def plain(value):
    """Unwraps Pulumi's secrets, however deep."""
    if isinstance(value, dict):
        if SECRET_KEY in value:
            if "plaintext" not in value:
                raise StateError("the state holds encrypted secrets: export it with --show-secrets")
            return plain(json.loads(value["plaintext"]))
        return {key: plain(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [plain(inner) for inner in value]
    return value


@dataclasses.dataclass
class Container:
    """One container definition, with ECS's defaults filled in."""

    name: str
    image: str
    entry_point: list[str]
    command: list[str]
    environment: dict[str, str]
    secrets: dict[str, str]  # variable -> valueFrom
    mounts: list[dict]  # sourceVolume, containerPath, readOnly
    health: dict | None
    depends: list[tuple[str, str]]  # container, condition
    essential: bool
    user: str
    stop_timeout: int
    read_only: bool
    init: bool
    working_directory: str
    ports: list[int]

    @classmethod
    def of(cls, raw: dict) -> Container:
        return cls(
            name=raw["name"],
            image=raw["image"],
            entry_point=raw.get("entryPoint") or [],
            command=raw.get("command") or [],
            environment={pair["name"]: pair["value"] for pair in raw.get("environment") or []},
            secrets={pair["name"]: pair["valueFrom"] for pair in raw.get("secrets") or []},
            mounts=raw.get("mountPoints") or [],
            health=raw.get("healthCheck"),
            depends=[(d["containerName"], d["condition"]) for d in raw.get("dependsOn") or []],
            essential=raw.get("essential", True),
            user=raw.get("user") or "",
            stop_timeout=raw.get("stopTimeout", 30),
            read_only=raw.get("readonlyRootFilesystem", False),
            init=(raw.get("linuxParameters") or {}).get("initProcessEnabled", False),
            working_directory=raw.get("workingDirectory") or "",
            ports=[p["containerPort"] for p in raw.get("portMappings") or []],
        )

    @property
    def repository(self) -> str:
        """The image's role: the last part of its repository, e.g. worker."""
        return self.image.split("@")[0].rsplit("/", 1)[-1].split(":")[0]


@dataclasses.dataclass
class TaskDefinition:
    family: str
    arn: str
    role_arn: str
    execution_role_arn: str
    containers: dict[str, Container]
    volumes: dict[str, dict]
    cpu: int
    memory: int


@dataclasses.dataclass
class Service:
    name: str
    definition: TaskDefinition
    desired: int
    subnets: list[str]
    targets: list[dict]  # targetGroupArn, containerName, containerPort

    @property
    def role(self) -> str:
        """The service's name without the stack's prefix, e.g. scheduler, worker-heavy."""
        return self.name.split("-airflow-", 1)[-1].split("-", 1)[-1]


class State:
    def __init__(self, path: pathlib.Path):
        try:
            deployment = json.loads(path.read_text())["deployment"]
        except (OSError, ValueError, KeyError) as fault:
            raise StateError(f"{path} is no `pulumi stack export`: {fault!r}") from None
        self.resources = [
            {
                # What the cloud answered wins over what was asked for.
                **plain({**(r.get("inputs") or {}), **{k: v for k, v in (r.get("outputs") or {}).items() if v is not None}}),
                "_id": r.get("id", ""),
                "_type": r["type"],
            }
            for r in deployment["resources"]
            if r.get("custom", True) and not r.get("delete")
        ]
        outputs = next((r.get("outputs") or {} for r in deployment["resources"] if r["type"] == "pulumi:pulumi:Stack"), {})
        self.line = outputs.get("airflowVersion", "3.1")  # states from before the output are of 3.1
        self.definitions = {d.arn: d for d in map(self._definition, self.of("aws:ecs/taskDefinition:TaskDefinition"))}
        self.services = {s.role: s for s in map(self._service, self.of("aws:ecs/service:Service"))}
        if not self.services:
            raise StateError(f"{path} declares no ECS service")
        schedules = [s for s in self.of("aws:scheduler/schedule:Schedule") if (s.get("target") or {}).get("ecsParameters")]
        self.scheduled = {s.role: s for s in map(self._scheduled, schedules)}

    def of(self, kind: str) -> list[dict]:
        return [r for r in self.resources if r["_type"] == kind]

    def one(self, kind: str) -> dict:
        found = self.of(kind)
        if len(found) != 1:
            raise StateError(f"the state has {len(found)} resources of type {kind}, one was expected")
        return found[0]

    def _definition(self, raw: dict) -> TaskDefinition:
        containers = raw["containerDefinitions"]
        if isinstance(containers, str):
            containers = json.loads(containers)
        if raw.get("pidMode"):
            raise StateError(f"task definition {raw['family']} has the pidMode {raw['pidMode']!r}; here each container has processes of its own")
        return TaskDefinition(
            family=raw["family"],
            arn=raw.get("arn") or raw["_id"],
            role_arn=raw.get("taskRoleArn", ""),
            execution_role_arn=raw.get("executionRoleArn", ""),
            containers={c["name"]: Container.of(c) for c in containers},
            volumes={v["name"]: v for v in raw.get("volumes") or []},
            cpu=int(raw.get("cpu") or 0),
            memory=int(raw.get("memory") or 0),
        )

    def _service(self, raw: dict) -> Service:
        wanted = raw["taskDefinition"]
        if wanted not in self.definitions:
            raise StateError(f"service {raw['name']} runs {wanted}, which is no task definition of the state")
        network = raw.get("networkConfiguration") or {}
        return Service(
            name=raw["name"],
            definition=self.definitions[wanted],
            desired=int(raw.get("desiredCount") or 0),
            subnets=network.get("subnets") or [],
            targets=raw.get("loadBalancers") or [],
        )

    def _scheduled(self, raw: dict) -> Service:
        """A task that EventBridge Scheduler starts: as a service that wants none."""
        wanted = raw["target"]["ecsParameters"]
        if wanted["taskDefinitionArn"] not in self.definitions:
            raise StateError(f"schedule {raw['name']} runs {wanted['taskDefinitionArn']}, which is no task definition of the state")
        return Service(raw["name"], self.definitions[wanted["taskDefinitionArn"]], 0, wanted["networkConfiguration"].get("subnets") or [], [])

    def secret(self, value_from: str) -> str:
        """Resolves ECS's valueFrom: ARN[:json key[:version stage[:version id]]]."""
        parts = value_from.split(":")
        arn, rest = ":".join(parts[:7]), parts[7:] + ["", "", ""]
        key, stage, version = rest[0], rest[1], rest[2]
        if stage:
            raise StateError(f"valueFrom {value_from} names a version stage, which no state holds")
        versions = [
            v
            for v in self.of("aws:secretsmanager/secretVersion:SecretVersion")
            if v.get("secretId") == arn or v.get("arn") == arn
        ]
        if version:
            versions = [v for v in versions if v.get("versionId") == version]
        if not versions:
            raise StateError(f"no version of a secret in the state fits valueFrom {value_from}")
        text = versions[-1]["secretString"]
        if not key:
            return text
        try:
            return str(json.loads(text)[key])
        except (ValueError, KeyError, TypeError):
            raise StateError(f"the secret of valueFrom {value_from} has no key {key!r}") from None

    def mentions(self, name: str) -> bool:
        """Whether a container has a variable of this name, or a URL with this query parameter."""
        for definition in self.definitions.values():
            for container in definition.containers.values():
                values = [*container.environment.values(), *map(self.secret, container.secrets.values())]
                if name in {**container.environment, **container.secrets} or any(f"{name}=" in v for v in values if "://" in v):
                    return True
        return False

    def worker_services(self) -> list[Service]:
        return [s for role, s in self.services.items() if role == "worker" or role.startswith("worker-")]

    def queues(self, service: Service) -> list[str]:
        """The queues a worker service reads, from its command."""
        command = service.definition.containers["worker"].command
        return command[command.index("--queues") + 1].split(",") if "--queues" in command else ["default"]
