"""Holds the permissions against the AWS calls that the rehearsal of Airflow really made, role by role."""

import fnmatch
import json
import pathlib
import re

import yaml

from . import deployments, tools

TABLE = "AWS calls by task role"


def rehearsed() -> tuple[pathlib.Path, list[dict]] | None:
    """The newest report of the rehearsal (`make e2e`) that has the calls; None without one."""
    for path in sorted((tools.ROOT / ".cache" / "e2e").glob("*/report.json"), reverse=True):
        rows = json.loads(path.read_text(encoding="utf-8"))["tables"].get(TABLE)
        if rows:
            return path, rows
    return None


def matches(pattern: str, role: str) -> bool:
    """The rehearsal's key of a role is its name in letters and digits only, with the stack's prefix."""
    bare = re.sub(r"^[a-z0-9]+?airflow(dev|prod)", "", role.lower())
    return fnmatch.fnmatchcase(bare, pattern.replace("-", ""))


def compare(reasons: list[dict], rows: list[dict]) -> tuple[list[str], list[str]]:
    """Calls that no permission explains, and permissions whose use was not seen."""
    unexplained, seen = [], set()
    for row in rows:
        call = f"{row['service']} {row['method']}"
        if row["role"] == "harness":
            continue
        found = [i for i, r in enumerate(reasons) if call in r.get("calls", []) and any(matches(p, row["role"]) for p in r["roles"])]
        seen.update(found)
        if not found:
            unexplained.append(f"{row['role']} made {row['calls']} calls of {call}, and no permission of it is for that")
    unused = [f"{', '.join(r['roles'])}: {', '.join(r['actions'])} on {r['resource']}" for i, r in enumerate(reasons) if r.get("calls") and i not in seen]
    return unexplained, unused


def check() -> None:
    """Prints the comparison; ends the program when a call has no permission."""
    reasons = yaml.safe_load((tools.ROOT / "test" / "provider" / "permissions.yaml").read_text(encoding="utf-8"))
    visible = sum(1 for r in reasons if r.get("calls"))
    report = rehearsed()
    deployments.check()
    if report is None:
        print("roles: SKIPPED the comparison with real calls: no report of `make e2e` with a record of calls")
        return
    path, rows = report
    unexplained, unused = compare(reasons, rows)
    print(f"roles: {visible} of {len(reasons)} permissions are visible in calls of the containers; record: {path.parent.name}")
    for line in unused:
        print(f"  not seen in use: {line}")
    if unexplained:
        raise SystemExit("roles: FAILED\n  " + "\n  ".join(unexplained))
