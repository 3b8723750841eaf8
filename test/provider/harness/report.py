"""What a run reports: what was left out and why, and the share that was exercised."""

import collections
import dataclasses
import json
import pathlib

import yaml

from .engine import Outcome, name_of, type_of

HERE = pathlib.Path(__file__).resolve().parent


@dataclasses.dataclass(frozen=True)
class Exclusion:
    """Resources that a run leaves out, as the CLI's --exclude takes them."""

    stack: str
    urns: str
    reason: str


def exclusions() -> list[Exclusion]:
    """The table in exclusions.yaml."""
    entries = yaml.safe_load((HERE.parent / "exclusions.yaml").read_text(encoding="utf-8")) or []
    return [Exclusion(**entry) for entry in entries]


def aws_resources(state: dict) -> list[str]:
    """URNs of the state's AWS resources."""
    resources = (state.get("deployment") or {}).get("resources") or []
    return [r["urn"] for r in resources if r.get("custom") and type_of(r["urn"]).startswith("aws:")]


def tried_again(calls: pathlib.Path) -> list[str]:
    """Calls that an SDK made more than once, with the status of each try: an answer that was lost or refused."""
    tries: dict[str, list[dict]] = {}
    for line in calls.read_text(encoding="utf-8").splitlines():
        call = json.loads(line)
        if call["call"]:
            tries.setdefault(call["call"], []).append(call)
    return [
        f"{of[0]['service']} {of[0]['action'] or of[0]['method'] + ' ' + of[0]['path']}: " + ", ".join(str(one["status"]) for one in of)
        for of in tries.values() if len(of) > 1
    ]  # fmt: skip


@dataclasses.dataclass
class Share:
    """How much of a stack the real provider made."""

    planned: int
    made: int
    types: dict[str, int]
    excluded: list[Exclusion]

    @staticmethod
    def of(plan: Outcome, state: dict, excluded: list[Exclusion]) -> "Share":
        made = aws_resources(state)
        planned = {(s.type, s.name) for s in plan.steps if s.op == "create" and s.type.startswith("aws:")}
        planned |= {(type_of(urn), name_of(urn)) for urn in made}
        return Share(len(planned), len(made), dict(collections.Counter(type_of(urn) for urn in made)), excluded)

    def table(self) -> str:
        lines = [f"exercised: {self.made} of {self.planned} AWS resources ({100 * self.made / self.planned:.1f} %), {len(self.types)} types"]
        lines += ["left out: nothing" if not self.excluded else "left out:"]
        lines += [f"  {e.stack} {e.urns}: {e.reason}" for e in self.excluded]
        return "\n".join(lines)


def certificates(root: pathlib.Path) -> list[tuple[str, str]]:
    """ARN and host name of the certificates that the stacks' settings name."""
    found = []
    for path in sorted(root.glob("Pulumi.*.yaml")):
        settings = yaml.safe_load(path.read_text(encoding="utf-8"))["config"]["airflow:loadBalancer"]
        found.append((settings["certificateArn"], settings["hostname"]))
    return found
