"""Independent scanners over the plan, the policy documents, the images' recipes and the workflows."""

import collections
import dataclasses
import fnmatch
import json
import os
import pathlib
import subprocess

import yaml

from . import tools

HERE = pathlib.Path(__file__).resolve().parent
SUPPRESSIONS = HERE.parent / "suppressions.yaml"


@dataclasses.dataclass(frozen=True)
class Finding:
    """What a scanner has against a resource."""

    rule: str
    resource: str
    says: str


@dataclasses.dataclass
class Result:
    """One scanner's work: how many checks passed, and what failed."""

    scanner: str
    passed: int = 0
    findings: list[Finding] = dataclasses.field(default_factory=list)
    skipped: str = ""


@dataclasses.dataclass
class Suppression:
    """A finding that stays, why, and who would change that."""

    rule: str
    resource: str
    reason: str
    owner: str
    used: int = 0

    def covers(self, finding: Finding) -> bool:
        return finding.rule == self.rule and fnmatch.fnmatchcase(finding.resource, self.resource)


def suppressions() -> list[Suppression]:
    entries = yaml.safe_load(SUPPRESSIONS.read_text(encoding="utf-8")) or []
    return [Suppression(**entry) for entry in entries]


def checkov(python: pathlib.Path, scanner: str, framework: str, target: list[str], prefix: str = "") -> Result:
    """Runs Checkov, offline. prefix stands before the resources' names."""
    command = [str(python.parent / "checkov"), *target, "--framework", framework, "--output", "json", "--skip-download", "--compact", "--quiet"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tools.ROOT, timeout=600)
    try:
        answer = json.loads(done.stdout)
    except json.JSONDecodeError as error:
        raise RuntimeError(f"checkov over {target}: {error}\n{done.stdout[-500:]}\n{done.stderr[-2000:]}") from error
    if "results" not in answer:  # nothing of that kind was found
        raise RuntimeError(f"checkov read nothing of {target}: {done.stdout[:300]}")
    if errors := answer["summary"]["parsing_errors"]:
        raise RuntimeError(f"checkov can't read {errors} files of {target}")
    result = Result(scanner, answer["summary"]["passed"])
    for check in answer["results"]["failed_checks"]:
        result.findings.append(Finding(check["check_id"], prefix + check["resource"], check["check_name"]))
    return result


def converter() -> pathlib.Path:
    """The program that makes a Terraform plan of a record."""
    folder = tools.bridge()
    if folder is None:
        raise tools.Missing("no awsbridge, whose tfplan.py makes a Terraform plan of the record (AWSBRIDGE names its folder)")
    return folder / "tfplan.py"


def plan(python: pathlib.Path, record: pathlib.Path, stack: str, folder: pathlib.Path) -> Result:
    """Checkov's AWS rules over what the provider made, in the form of a Terraform plan."""
    converted = folder / f"{stack}.plan.json"
    done = subprocess.run(["python3", str(converter()), str(record)], capture_output=True, text=True, check=True)
    converted.write_text(done.stdout, encoding="utf-8")
    return checkov(python, f"checkov, plan of {stack}", "terraform_plan", ["-f", str(converted)], f"{stack} ")


def policies(python: pathlib.Path, record: pathlib.Path, stack: str) -> Result:
    """parliament over every statement of every policy document."""
    done = subprocess.run([str(python), str(HERE / "statements.py"), str(record)], capture_output=True, text=True, timeout=600)
    if done.returncode:
        raise RuntimeError(f"parliament: {done.stderr[-2000:]}")
    answer = json.loads(done.stdout)
    findings = [Finding(f["rule"], f"{stack} {f['resource']}", f["says"]) for f in answer["findings"]]
    return Result(f"parliament, policies of {stack}", answer["passed"], findings)


def recipes(python: pathlib.Path) -> list[Result]:
    """hadolint and Checkov over the Dockerfiles."""
    found = sorted(str(p.relative_to(tools.ROOT)) for p in (tools.ROOT / "docker").rglob("Dockerfile"))
    if not found:
        return [Result("hadolint, Dockerfiles", skipped="there is no Dockerfile under docker/")]
    if not (hadolint := tools.ROOT / "bin" / "hadolint").exists():
        subprocess.run([tools.ROOT / "scripts" / "lint-tools", "checks"], check=True)
    result = Result("hadolint, Dockerfiles")
    done = subprocess.run([str(hadolint), "--format", "json", *found], capture_output=True, text=True, cwd=tools.ROOT)
    if done.returncode not in (0, 1) or not done.stdout:
        raise RuntimeError(f"hadolint: {done.stderr}")
    for entry in json.loads(done.stdout):
        result.findings.append(Finding(entry["code"], f"{entry['file']}:{entry['line']}", entry["message"]))
    result.passed = len(found) - len({f.resource.split(":")[0] for f in result.findings})
    return [result, checkov(python, "checkov, Dockerfiles", "dockerfile", [w for f in found for w in ("-f", f)])]


def workflows(python: pathlib.Path) -> list[Result]:
    """actionlint and Checkov over the workflows."""
    folder = tools.ROOT / ".github" / "workflows"
    found = sorted(str(p.relative_to(tools.ROOT)) for p in folder.glob("*.y*ml"))
    if not found:
        return [Result("actionlint and checkov, workflows", skipped="there is no workflow under .github/workflows")]
    lint = tools.ROOT / "bin" / "actionlint"
    if not lint.exists():
        tools.go_build("github.com/rhysd/actionlint/cmd/actionlint", lint, tools.ROOT / "tools" / "actionlint")
    result = Result("actionlint, workflows")
    done = subprocess.run([str(lint), "-format", "{{json .}}", *found], capture_output=True, text=True, cwd=tools.ROOT)
    if done.returncode not in (0, 1):
        raise RuntimeError(f"actionlint: {done.stderr}")
    for entry in json.loads(done.stdout or "[]") or []:
        result.findings.append(Finding("actionlint:" + entry["kind"], f"{entry['filepath']}:{entry['line']}", entry["message"]))
    result.passed = len(found) - len({f.resource.split(":")[0] for f in result.findings})
    return [result, checkov(python, "checkov, workflows", "github_actions", ["-d", ".github"])]


def conclude(results: list[Result], known: list[Suppression]) -> tuple[str, bool]:
    """The report, and whether nothing is left to do: no open finding, no suppression without one."""
    lines, passed, failed, suppressed = [], 0, 0, 0
    ran = [r for r in results if not r.skipped]
    for result in results:
        if result.skipped:
            lines.append(f"SKIPPED {result.scanner}: {result.skipped}")
            continue
        opened = [f for f in result.findings if not covered(f, known)]
        passed, failed, suppressed = passed + result.passed, failed + len(opened), suppressed + len(result.findings) - len(opened)
        lines.append(f"{result.scanner}: {result.passed} passed, {len(opened)} failed, {len(result.findings) - len(opened)} suppressed")
        lines += [f"  FAILED {f.rule} {f.resource}: {f.says}" for f in opened]
    stale = [s for s in known if not s.used]
    # What a scanner that was skipped would have found can't be called stale.
    if len(ran) == len(results):
        lines += [f"  STALE suppression, nothing is found any more: {s.rule} {s.resource}" for s in stale]
    else:
        stale = []
    lines.append(f"scan: {passed} passed, {failed} failed, {suppressed} suppressed")
    return "\n".join(lines), not failed and not stale


def covered(finding: Finding, known: list[Suppression]) -> bool:
    found = False
    for suppression in known:
        if suppression.covers(finding):
            suppression.used += 1
            found = True
    return found


def owners(known: list[Suppression]) -> str:
    """What is suppressed, in short."""
    count = collections.Counter(s.owner for s in known)
    return ", ".join(f"{n} by {owner}" for owner, n in sorted(count.items()))


def run(records: dict[str, pathlib.Path], why: str, folder: pathlib.Path) -> bool:
    """Scans everything and prints the report; returns whether it is clean. Without records, why says what is missing."""
    os.environ["LOG_LEVEL"] = "ERROR"  # Checkov's
    python = tools.environment("scan")
    results = [] if records else [Result("checkov and parliament, plans and policies", skipped=why)]
    for stack, record in records.items():
        results += [plan(python, record, stack, folder), policies(python, record, stack)]
    results += recipes(python) + workflows(python)
    text, clean = conclude(results, suppressions())
    print(text)
    (folder / "report.txt").write_text(text + "\n", encoding="utf-8")
    return clean
