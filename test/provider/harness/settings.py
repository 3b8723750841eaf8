"""Turns every setting of a living stack, one preview each way, and holds the steps against settings.yaml."""

import copy
import dataclasses
import fnmatch
import json
import pathlib

import yaml

from . import tools
from .engine import Secret, Stack, Step, merged

HERE = pathlib.Path(__file__).resolve().parent
TABLE = HERE.parent / "settings.yaml"
RESULTS = HERE.parent / "settings.json"
PAGE = tools.ROOT / "docs" / "changes.md"
FORTH, BACK = "forth", "back"
UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
SECRET_SETTINGS = ("oidcClientSecret",)

# What a change of a setting may neither delete nor replace: it serves, or holds state.
KEPT = (
    "aws:rds/instance:Instance", "aws:elasticache/replicationGroup:ReplicationGroup", "aws:efs/fileSystem:FileSystem",
    "aws:s3/bucketV2:BucketV2", "aws:kms/key:Key", "aws:secretsmanager/secret:Secret", "aws:secretsmanager/secretVersion:SecretVersion",
    "random:index/randomPassword:RandomPassword", "random:index/randomBytes:RandomBytes", "aws:cloudwatch/logGroup:LogGroup",
    "aws:ecr/repository:Repository", "aws:ecs/service:Service", "aws:lb/loadBalancer:LoadBalancer", "aws:lb/targetGroup:TargetGroup",
    "aws:route53/zone:Zone", "aws:route53/record:Record", "aws:ec2/vpc:Vpc",
)  # fmt: skip


@dataclasses.dataclass
class Row:
    """One line of the table."""

    set: str
    to: object = None
    with_: dict = dataclasses.field(default_factory=dict)
    only: str = ""
    untried: str = ""
    nothing: str = ""
    note: str = ""
    may: list[dict] = dataclasses.field(default_factory=list)

    def ways(self) -> list[str]:
        return [] if self.untried else [FORTH] if self.only else [FORTH, BACK]

    def key(self) -> str:
        return self.set if not self.only else f"{self.set} = {json.dumps(self.to)}"

    def allowed(self, step: str, way: str) -> dict | None:
        return next((m for m in self.may if m.get("way", way) == way and fnmatch.fnmatchcase(step, m["step"])), None)

    def faults(self, steps: list[str], way: str) -> list[str]:
        """What the steps of a way have against them, in words."""
        label = f"{self.key()}, {way}"
        if self.nothing:
            return [f"{label}: nothing was to happen, and there are {len(steps)} steps, such as {steps[0]}"] if steps else []
        if not steps:
            return [f"{label}: swallowed: no step"]
        wrong = [s for s in steps if s.startswith("swallowed ") or (s.split(" ")[0] in ("delete", "replace") and s.split(" ")[1] in KEPT)]
        return [f"{label}: {s}" for s in wrong if not self.allowed(s, way)]


def table() -> tuple[dict, list[Row]]:
    """The base and the rows."""
    read = yaml.safe_load(TABLE.read_text(encoding="utf-8"))
    return read["base"], [Row(**{("with_" if k == "with" else k): v for k, v in row.items()}) for row in read["rows"]]


def declared() -> list[str]:
    """Every setting of Pulumi.yaml by its path, as the table names them."""
    project = yaml.safe_load((tools.ROOT / "Pulumi.yaml").read_text(encoding="utf-8"))

    def leaves(path: str, value: object) -> list[str]:
        if isinstance(value, dict) and value:
            return [leaf for key, inner in value.items() for leaf in leaves(f"{path}.{key}", inner)]
        if isinstance(value, list) and value and isinstance(value[0], dict):
            return [leaf for key, inner in value[0].items() for leaf in leaves(f"{path}[].{key}", inner)]
        return [path]

    return [leaf for name, entry in project["config"].items() if ":" not in name for leaf in leaves(name, entry.get("default"))]


def placed(settings: dict, path: str, value: object) -> dict:
    """The top-level setting that a path is in, with the value at its place; settings are the stack's, by full names."""
    name, _, rest = path.partition(".")
    name, listed = name.removesuffix("[]"), name.endswith("[]")
    current = copy.deepcopy(settings.get(name))
    if listed:
        return {name: [{**current[0], rest: value}, *current[1:]]}
    if not rest:
        return {name: value}
    for key in reversed(rest.split(".")):
        value = {key: value}
    return {name: value}


def present(settings: dict, path: str) -> object:
    """The value at a path, or None."""
    value = settings
    for key in path.split("."):
        value = (value or {}).get(key.removesuffix("[]"))
        if key.endswith("[]"):
            value = value[0]
    return value


class Bench:
    """A stack that lives, and is asked what a change would do."""

    def __init__(self, stack: Stack, base: dict, rows: list[Row], way: str):
        self.stack, self.way = stack, way
        project = yaml.safe_load((tools.ROOT / "Pulumi.yaml").read_text(encoding="utf-8"))["config"]
        self.defaults = {name: entry.get("default") for name, entry in project.items() if ":" not in name}
        self.home = self.settings(base)
        self.there = copy.deepcopy(self.home)
        for row in rows:
            if BACK in row.ways():
                self.there = merged(self.there, placed(self.there, row.set, row.to))

    def settings(self, base: dict) -> dict:
        """What the stack has: defaults, its file, and base."""
        file = {key.removeprefix("airflow:"): value for key, value in self.stack.settings["config"].items() if key.startswith("airflow:")}
        return merged(merged(self.defaults, file), base)

    def live(self) -> dict:
        """The settings of the stack that lives."""
        return self.home if self.way == FORTH else self.there

    def change(self, row: Row) -> dict:
        """The top-level settings that a row changes, whole, in the stack that lives."""
        if self.way == FORTH:
            changed = merged(placed(self.home, row.set, row.to), row.with_)
            return {name: merged({name: self.home.get(name)}, {name: value})[name] for name, value in changed.items()}
        name, _, rest = row.set.partition(".")
        name, listed = name.removesuffix("[]"), name.endswith("[]")
        value = present(self.home, row.set)
        if not rest:
            return {name: value}
        whole = copy.deepcopy(self.there[name])
        *path, last = rest.split(".")
        within = whole[0] if listed else whole
        for key in path:
            within = within[key]
        if value is None:  # left out at home
            del within[last]
        else:
            within[last] = value
        return {name: whole}


def sealed(settings: dict) -> dict:
    return {key: Secret(value) if key in SECRET_SETTINGS else value for key, value in settings.items()}


def steps_of(events: pathlib.Path, taken: list[Step]) -> list[str]:
    """Steps as text, sorted, and with them resources whose inputs differ and that stay as they are."""
    steps = {f"{s.op} {s.type} {s.name}" for s in taken if ":" in s.type and not s.type.startswith(("pulumi:", "airflow:"))}
    for line in events.read_text(encoding="utf-8").splitlines():
        meta = (json.loads(line).get("resourcePreEvent") or {}).get("metadata") or {}
        if meta.get("op") != "same" or not meta.get("old") or not meta.get("new") or not meta["new"].get("custom"):
            continue
        old, new = meta["old"].get("inputs") or {}, meta["new"].get("inputs") or {}
        differ = sorted(k for k in {*old, *new} if not k.startswith("__") and old.get(k) != new.get(k))
        if differ and not meta["type"].startswith("pulumi:"):
            # The engine asks again once the value is known, while it updates.
            later = all(UNKNOWN in json.dumps(new.get(k)) for k in differ)
            steps.add(f"{'later' if later else 'swallowed'} {meta['type']} {meta['urn'].rsplit('::', 1)[1]} {','.join(differ)}")
    return sorted(steps)


def load() -> dict:
    return json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}


def save(results: dict, rows: list[Row]) -> None:
    """Writes the results in the order of the table; what the table lacks goes."""
    ordered = {row.key(): {way: results[row.key()][way] for way in row.ways() if way in results[row.key()]} for row in rows if row.key() in results}
    RESULTS.write_text(json.dumps(ordered, indent=1) + "\n", encoding="utf-8")


def judged(rows: list[Row], results: dict) -> list[str]:
    """All faults: of the steps, and of what was never tried."""
    faults = []
    for row in rows:
        for way in row.ways():
            steps = results.get(row.key(), {}).get(way)
            faults += [f"{row.key()}, {way}: not tried"] if steps is None else row.faults(steps, way)
    return faults


def page(rows: list[Row], results: dict) -> str:
    """docs/changes.md."""
    lines = [HEAD]
    for row in rows:
        lines.append(f"| {cell(row)} | {row.untried or '; '.join([words(row, results, way) for way in row.ways()] + ([f'back: {row.only}'] if row.only else []))} | {loss(row, results)} |")
    return "\n".join(lines) + "\n"


HEAD = """# What turning a setting does

Generated by `test/provider/run.py settings`: a stack with the settings of Pulumi.dev.yaml and every feature that takes
a setting was made by the real AWS provider on an AWS-like API, and one preview a setting asked what a change would do;
then back, from a stack with all of them changed. What would replace or delete a service, or what holds state, and a
change that the plan swallows, fail that run unless the last column tells why it is so and what is lost
([e2e-aws](e2e-aws.md)). A new revision of a task definition counts as "replace" to AWS; its service is updated in
place and rolls. What AWS itself then does with an update, such as a restart, is in the last column where it hurts.

| setting | steps | lost, and why |
|---|---|---|"""


def cell(row: Row) -> str:
    return f"`{row.set}`" + (f" to `{json.dumps(row.to)}`" if row.only else "")


def words(row: Row, results: dict, way: str) -> str:
    """The steps of one way, summed up."""
    steps = results.get(row.key(), {}).get(way)
    prefix = "" if way == FORTH else "back: "
    if steps is None:
        return prefix + "not tried"
    if way == BACK and steps == results[row.key()].get(FORTH):
        return "back: the same"
    if not steps:
        return prefix + "nothing"
    by_op: dict[str, list[str]] = {}
    for step in steps:
        op, type_, name = step.split(" ", 2)
        by_op.setdefault(op, []).append(f"{type_.rsplit(':', 1)[1]} {name}")
    if len(steps) > 40:
        return prefix + ", ".join(f"{op} {len(names)}" for op, names in sorted(by_op.items()))
    said = []
    for op, names in sorted(by_op.items()):
        kinds: dict[str, list[str]] = {}
        for name in names:
            kinds.setdefault(name.split(" ")[0], []).append(name.split(" ", 1)[1])
        said.append(f"{op} " + ", ".join(f"{kind} {', '.join(some)}" if len(some) <= 4 else f"{len(some)} {kind}" for kind, some in kinds.items()))
    return prefix + "; ".join(said)


def loss(row: Row, results: dict) -> str:
    said = [row.nothing, row.note]
    for may in row.may:
        ways = [w for w in row.ways() if any(fnmatch.fnmatchcase(s, may["step"]) for s in results.get(row.key(), {}).get(w, []))]
        if ways:
            said.append(("back: " if ways == [BACK] else "") + f"{may['lost']} ({may['why']})")
    return "; ".join(dict.fromkeys(filter(None, said))) or "–"
