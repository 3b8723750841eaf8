"""Runs the Pulumi CLI on a stack of its own and reads what the engine did from its event log."""

import collections
import contextlib
import copy
import dataclasses
import json
import os
import pathlib
import shutil
import subprocess
import time

import yaml

# Operations that leave a resource as it is.
QUIET = ("same", "read", "refresh", "read-replacement", "discard")
# How the halves of a replacement, and of a refresh, are counted.
SPOKEN = {"create-replacement": "replace", "delete-replaced": None, "discard-replaced": None}


@dataclasses.dataclass(frozen=True)
class Step:
    """What the engine does to one resource. op is create, update, replace or delete."""

    op: str
    type: str
    name: str
    properties: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.op} {self.type} {self.name}" + (f" ({', '.join(self.properties)})" if self.properties else "")


@dataclasses.dataclass
class Outcome:
    """The end of one command."""

    command: str
    code: int
    seconds: float
    steps: list[Step]
    failed: list[str]
    messages: list[str]
    text: str

    def tally(self) -> str:
        ops = collections.Counter(step.op for step in self.steps)
        return ", ".join(f"{n} {op}" for op, n in sorted(ops.items())) or "no changes"


def name_of(urn: str) -> str:
    return urn.rsplit("::", 1)[1]


def type_of(urn: str) -> str:
    return urn.rsplit("::", 2)[1].rsplit("$", 1)[-1]


def read_events(path: pathlib.Path) -> tuple[list[Step], list[str], list[str]]:
    """Steps in their order, URNs that failed, errors and warnings."""
    steps, failed, messages, announced = [], [], [], {}
    for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else []:
        event = json.loads(line)
        if (pre := event.get("resourcePreEvent")) is not None:
            meta = pre["metadata"]
            announced[meta["urn"]] = meta["op"]
            op = SPOKEN.get(meta["op"], meta["op"])
            if op and op not in QUIET:
                properties = tuple(sorted(meta.get("detailedDiff") or meta.get("diffs") or ()))
                steps.append(Step(op, meta["type"], name_of(meta["urn"]), properties))
        elif (done := event.get("resOutputsEvent")) is not None and announced.get(done["metadata"]["urn"]) == "refresh":
            # What a refresh found is known at its end only.
            meta = done["metadata"]
            if meta["op"] not in QUIET:
                steps.append(Step(meta["op"], meta["type"], name_of(meta["urn"]), tuple(sorted(meta.get("detailedDiff") or ()))))
        elif (fail := event.get("resOpFailedEvent")) is not None:
            failed.append(fail["metadata"]["urn"])
        elif (said := event.get("diagnosticEvent")) is not None and said["severity"] in ("error", "warning"):
            if "$PATH" not in said["message"]:
                messages.append(f"{said['severity']}: {name_of(said.get('urn') or '::')} {said['message'].strip()}".strip())
    # A replacement is announced twice: as the plan's "replace" and as its parts.
    return list(dict.fromkeys(steps)), failed, messages


def merged(base: dict, over: dict) -> dict:
    """A copy of base with over laid upon it; maps are merged, everything else is replaced."""
    result = copy.deepcopy(base)
    for key, value in over.items():
        if isinstance(value, dict) and isinstance(result.get(key), dict):
            result[key] = merged(result[key], value)
        else:
            result[key] = copy.deepcopy(value)
    return result


class Secret(str):
    """A setting that the stack's file must hold encrypted."""


class Stack:
    """A stack of the program in root, with state, settings and plugins in a folder of its own."""

    def __init__(self, name: str, root: pathlib.Path, folder: pathlib.Path, environment: dict[str, str]):
        self.name, self.root, self.folder = name, root, folder
        self.project, self.logs, self.record = folder / "project", folder / "logs", folder / "record.jsonl"
        for path in (self.project, self.logs, folder / "state"):
            path.mkdir(parents=True)
        self.environment = {
            **environment,
            "PULUMI_HOME": str(folder.parent / "pulumi-home"),
            "PULUMI_BACKEND_URL": f"file://{folder}/state",
            "PULUMI_CONFIG_PASSPHRASE": "simulated",
            "PULUMI_SKIP_UPDATE_CHECK": "1",
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
            "PULUMI_DEBUG_COMMANDS": "1",  # --event-log
            # The CLI makes up the whole state after every resource; here once, at a command's end, is enough.
            "PULUMI_SKIP_CHECKPOINTS": "true",
            "AWSBRIDGE_RECORD": str(self.record),
        }
        given = root / f"Pulumi.{name}.yaml"
        self.settings = yaml.safe_load(given.read_text(encoding="utf-8")) if given.exists() else {}
        self.number = 0
        # The CLI writes the stack's salt into its file: the project is a copy whose program is root's.
        project = (root / "Pulumi.yaml").read_text(encoding="utf-8")
        (self.project / "Pulumi.yaml").write_text(f"{project}main: {root}\n", encoding="utf-8")
        self._write()
        self._pulumi(["stack", "init", name])
        salted = yaml.safe_load((self.project / f"Pulumi.{name}.yaml").read_text(encoding="utf-8"))
        self.settings["encryptionsalt"] = salted["encryptionsalt"]

    def copy(self, folder: pathlib.Path) -> "Stack":
        """The same stack in another folder, to be asked while others are: state and settings are its own, the cloud is not."""
        other = copy.copy(self)
        other.folder, other.project, other.logs, other.number = folder, folder / "project", folder / "logs", 0
        for name in ("project", "state"):
            shutil.copytree(self.folder / name, folder / name)
        other.logs.mkdir()
        other.environment = {**self.environment, "PULUMI_BACKEND_URL": f"file://{folder}/state"}
        del other.environment["AWSBRIDGE_RECORD"]
        return other

    def configure(self, changes: dict, whole: bool = False) -> None:
        """Changes the stack's settings; keys without "airflow:". Maps are merged, or replaced if they are the whole."""
        over = {f"airflow:{key}": value for key, value in changes.items() if not isinstance(value, Secret)}
        config = self.settings.get("config", {})
        self.settings["config"] = {**config, **over} if whole else merged(config, over)
        self._write()
        for key, value in changes.items():
            if isinstance(value, Secret):
                self._pulumi(["config", "set", "--secret", f"airflow:{key}"], given=value)
                self.settings = yaml.safe_load((self.project / f"Pulumi.{self.name}.yaml").read_text(encoding="utf-8"))

    @contextlib.contextmanager
    def tried(self, changes: dict, whole: bool = False):
        """Settings that are changed inside a with block only, as by configure."""
        before = self.settings
        self.settings = copy.deepcopy(before)
        try:
            self.configure(changes, whole)
            yield
        finally:
            self.settings = before
            self._write()

    def setting(self, *path: str):
        """A setting of the stack's file, at a path of keys; None where the file leaves it at its default."""
        value = self.settings.get("config", {}).get(f"airflow:{path[0]}")
        for key in path[1:]:
            value = (value or {}).get(key)
        return value

    def run(self, command: str, *flags: str, seconds: int = 1500) -> Outcome:
        """Runs preview, up, refresh or destroy to its end."""
        self.number += 1
        label = f"{self.number:02}-{command}"
        events, log = self.logs / f"{label}.events.jsonl", self.logs / f"{label}.log"
        confirm = {"preview": [], "destroy": ["--yes"]}.get(command, ["--yes", "--skip-preview"])
        start = time.monotonic()
        done = self._pulumi([command, "--event-log", str(events), *confirm, *flags], check=False, seconds=seconds)
        log.write_text(done.stdout, encoding="utf-8")
        return Outcome(label, done.returncode, time.monotonic() - start, *read_events(events), done.stdout)

    def export(self) -> dict:
        """The state; secrets stay encrypted."""
        return json.loads(self._pulumi(["stack", "export"]).stdout)

    def unprotect(self) -> None:
        """Takes Pulumi's own protection away, in the state."""
        self._pulumi(["state", "unprotect", "--all", "--yes"])

    def restore(self, state: dict) -> None:
        """Puts a state in place of the present one."""
        path = self.folder / "restored.json"
        path.write_text(json.dumps(state), encoding="utf-8")
        self._pulumi(["stack", "import", "--force", "--file", str(path)])

    def _write(self) -> None:
        path = self.project / f"Pulumi.{self.name}.yaml"
        path.write_text(yaml.safe_dump(self.settings, sort_keys=False), encoding="utf-8")

    def _pulumi(self, arguments: list[str], check: bool = True, seconds: int = 300, given: str | None = None) -> subprocess.CompletedProcess:
        selected = [] if arguments[:2] == ["stack", "init"] else ["--stack", self.name]
        done = subprocess.run(
            ["pulumi", "--cwd", str(self.project), *arguments, *selected, "--non-interactive", "--color", "never"],
            env={**os.environ, **self.environment}, stdout=subprocess.PIPE,
            # An export is JSON alone; of all else everything that is said is kept.
            stderr=subprocess.PIPE if "export" in arguments else subprocess.STDOUT,
            text=True, timeout=seconds, input=given,
        )  # fmt: skip
        if check and done.returncode:
            raise RuntimeError(f"pulumi {' '.join(arguments)}: exit {done.returncode}\n{done.stdout}\n{done.stderr or ''}")
        return done
