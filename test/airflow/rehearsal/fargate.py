"""What Fargate gives a task: a place in the network, images, shared folders, variables."""

from __future__ import annotations

import os
import pathlib
import threading

from .image import AGENT, Images
from .state import Container, State
from .vpc import METADATA, Vpc


class Fargate:
    """All that a task needs of the rehearsal; folder is where tasks and file systems lie."""

    def __init__(self, state: State, folder: pathlib.Path, vpc: Vpc, images: Images, region: str, drop: str = ""):
        self.state, self.folder, self.vpc, self.images, self.region, self.drop = state, folder, vpc, images, region, drop
        self.has_agent = AGENT.exists()
        self.overrides: dict[str, dict[str, str]] = {}  # role -> variables that a case scales
        self._efs_lock = threading.Lock()

    def declared(self, definition: Container) -> dict[str, str]:
        """The container's environment and secrets as declared, less what --drop takes away."""
        values = {**definition.environment, **{name: self.state.secret(source) for name, source in definition.secrets.items()}}
        if not self.drop:
            return values
        values.pop(self.drop, None)
        return {name: _without(value, self.drop) for name, value in values.items()}

    def environment(self, identity: str) -> dict[str, str]:
        """The variables that lead a task to its credentials and metadata."""
        return {
            "AWS_REGION": self.region,
            "AWS_DEFAULT_REGION": self.region,
            "AWS_EXECUTION_ENV": "AWS_ECS_FARGATE",
            "ECS_CONTAINER_METADATA_URI_V4": f"http://{METADATA}/v4/{identity}",
            "ECS_AGENT_URI": f"http://{METADATA}/api/{identity}",
            "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": f"/v2/credentials/{identity}",
        }

    def efs_folder(self, volume: dict) -> pathlib.Path:
        """One folder per file system and root directory; owned by the access point's user."""
        point = (volume.get("authorizationConfig") or {}).get("accessPointId")
        root, owner = volume.get("rootDirectory") or "/", None
        for candidate in self.state.of("aws:efs/accessPoint:AccessPoint"):
            if point and candidate["_id"] == point:
                root = (candidate.get("rootDirectory") or {}).get("path") or "/"
                owner = (candidate.get("rootDirectory") or {}).get("creationInfo")
        folder = self.folder / "efs" / volume["fileSystemId"] / root.strip("/")
        with self._efs_lock:
            if not folder.exists():
                folder.mkdir(parents=True)
                if owner:
                    os.chown(folder, int(owner["ownerUid"]), int(owner["ownerGid"]))
                    folder.chmod(int(owner["permissions"], 8))
        return folder


def _without(value: str, parameter: str) -> str:
    """A URL without one query parameter; anything else as it is."""
    if "://" not in value or f"{parameter}=" not in value:
        return value
    base, _, query = value.partition("?")
    kept = [pair for pair in query.split("&") if not pair.startswith(f"{parameter}=")]
    return "?".join([base, "&".join(kept)]) if kept else base
