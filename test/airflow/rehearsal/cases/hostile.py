"""A hostile DAG: what its code gets at in a task, while it is parsed, and in a trigger; and what stopped it."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import pathlib
import re

from ..world import Failed
from .base import Case, Run
from .dags import readable
from .proofs import telling

FILES = pathlib.Path(__file__).resolve().parents[1] / "hostile"
PLACES = ("worker", "dag-processor", "triggerer")
NOT = "–"  # not tried there


@dataclasses.dataclass
class Try:
    """answers: place -> (pattern of the answer, what the table says of it)."""

    name: str
    tried: str
    limit: str
    answers: dict[str, tuple[str, str]]


def everywhere(pattern: str, said: str) -> dict[str, tuple[str, str]]:
    return dict.fromkeys(PLACES, (pattern, said))


REFUSED = "InsufficientPrivilege: permission denied for .*"
NO_LOGIN = "OperationalError: .*no password supplied"
NOBODY = "no rule, no password"


def by_user(pattern: str, said: str) -> dict[str, tuple[str, str]]:
    """Of a statement: a worker has no way to the database, the other two are users of their own."""
    return {"worker": (NO_LOGIN, NOBODY), "dag-processor": (pattern, said), "triggerer": (pattern, said)}


TRIES = [
    Try("secrets", "secrets in environments and memory", "the task definition has no others",
        {
            "worker": ("api-secret-key, broker-url", "the broker's address, the key of the live logs"),
            "dag-processor": ("dag-processor-url, fernet-key", "its user of the database, the Fernet key"),
            "triggerer": ("api-secret-key, fernet-key, triggerer-url", "its user of the database, the Fernet key, the key of the live logs"),
        }),
    Try("other environments", "`/proc/PID/environ` of the container's processes", "Fargate has one user a container, and no `hidepid`; sidecars are containers of their own, with PIDs of their own", everywhere("True", "read")),
    Try("parent's memory", "`/proc/PPID/mem`", "3.3 sets `PR_SET_DUMPABLE` to 0 and so refuses; the child is forked, though, and has that memory in its own", everywhere("read|PermissionError: .*", "3.1: read; 3.3: refused")),
    Try("orm", "Airflow's own ORM (`create_session`)", "Airflow takes it away from what it runs", everywhere("(RuntimeError|AttributeError|ImportError|AirflowConfigException|OperationalError|ArgumentError): .*", "refused")),
    Try("database", "log in to the database", "no rule from a worker's security group to the database's (`platform/reach_test.go`), and no password", by_user("1 rows", "as its user")),
    Try("passwords", "`select password from ab_user`", "rights of the database's user ([ADR 0059](adr/0059-narrower-users.md))", by_user(REFUSED, "refused")),
    Try("schema", "`create table`", "the same", by_user(REFUSED, "refused")),
    Try("audit log", "`delete from log`", "the same", by_user(REFUSED, "refused")),
    Try("change connections", "`update connection`", "the same", by_user(REFUSED, "refused")),
    Try("connections", "`select * from connection`", "none: a DAG may ask for any connection by its name, over the execution API", by_user(r"\d+ rows", "read")),
    Try("dags", "write into the published DAGs", "the files are mounted read-only, by an access point and a role that only read", everywhere(r"OSError: \[Errno 30\] Read-only file system.*", "refused")),
    Try("root", "write into the image", "the root is read-only, or root's", everywhere("(OSError|PermissionError): .*", "refused")),
    Try("airflow.cfg", "read `airflow.cfg`", "the stack's settings are not in it, they come by the environment", everywhere("read", "Airflow's defaults")),
    Try("guard", "the sidecar on 127.0.0.1", "it says healthy or not, and takes nothing",
        {"worker": ("connected", "its health"), "dag-processor": ("ConnectionRefusedError: .*", "none there"), "triggerer": ("ConnectionRefusedError: .*", "none there")}),
    Try("internet", "an address outside", "no route", everywhere(r"OSError: \[Errno 101\] Network is unreachable", "refused")),
    Try("credentials", "the credentials endpoint", "the task role: what it may do is [least-privilege](least-privilege.md), with `policyArns` of the stack's own. On a worker: list, read and write below the logs' prefix (others' task logs, too), protect tasks of the cluster from scale-in",
        {place: (f".*-{place}-task", "the task role") for place in PLACES}),
    Try("own token", "any variable over the execution API, with its own token", "none in Airflow: a task reads and writes each variable, and reads each connection", {"worker": ("200|403, and 200 as its process", "read")}),
    Try("another's task, own token", "end another's task, with its own token", "the token is for one task", {"worker": ("403", "refused")}),
    Try("broker", "the broker, with the worker's password", "none: Celery needs the queues whole. It reads what waits and runs, may empty queues, stop workers, and hand any pool a message: pools are no wall between DAG authors", {"worker": ("True results, True tokens of running tasks", "results, messages, and tasks' tokens in them")}),
    Try("another's token", "end another's task, with the token from the broker", "its life, twice `airflow.queuedTimeoutSeconds`, in 3.3 once. There it starts a task that waits, or again for who names host and process of one that runs; the answer has a token for the rest", {"worker": ("204|403, and 204 as its process", "done")}),
    Try("somebody else's task", "what became of that task", "Airflow believes the token", {"worker": ("failed", "failed")}),
]  # fmt: skip


def found(text: str) -> dict:
    """What the probe told in a text, an import error or a log."""
    told = set(re.findall(r"FOUND ([0-9a-f]+) END", text))
    if len(told) != 1:
        raise Failed(f"the probe told {len(told)} answers in {text[-2000:]}")
    return json.loads(bytes.fromhex(told.pop()))


def names(run: Run, sums: list[str]) -> str:
    """The secrets of the stack among what was found."""
    secrets = {}
    for version in run.world.state.of("aws:secretsmanager/secretVersion:SecretVersion"):
        name = version["secretId"].split(":")[6].rsplit("/", 1)[-1].rsplit("-", 2)[0]
        secrets.update({hashlib.sha256(part.encode()).hexdigest(): name for part in telling(version["secretString"])})
    return ", ".join(sorted({secrets[s] for s in sums if s in secrets}))


def told(run: Run) -> dict[str, dict]:
    """The answers of all places."""
    run.api.call("POST", "/variables", {"key": "hostile", "value": "of somebody else"})
    database = run.world.database.address
    run.put("hostile_probe.py", (FILES / "hostile_probe.py").read_text(), "plugins")
    for name in ("hostile.py", "hostile_parse.py"):
        run.put(name, (FILES / name).read_text().replace("'DATABASE'", repr(database)))

    def parsed() -> list[dict]:
        return [e for e in run.api.import_errors() if e["filename"] == "hostile_parse.py" and "FOUND" in e["stack_trace"]]

    # On a busy machine its looks may take longer than a parse may; then it is parsed again.
    error = run.world.wait(parsed, 180, "the hostile file was parsed")[0]
    run.world.wait(lambda: "hostile" in run.api.dags(), 60, "the hostile DAG appears")
    run.api.unpause("hostile")
    victim = run.api.trigger("long", {"seconds": 180})
    run.world.wait(lambda: run.api.tasks("long", victim)[0]["state"] == "running", 60, "the task of somebody else runs")
    run_id, _ = run.once("hostile", {"database": database, "variable": "hostile", "other": run.api.tasks("long", victim)[0]["id"]}, seconds=120)
    answers = {"dag-processor": found(error["stack_trace"])}
    for task, place in (("probe", "worker"), ("wait", "triggerer")):
        readable(run, "hostile", run_id, task, 1, "END")
        answers[place] = found(run.api.log("hostile", run_id, task, 1))
    for name in ("hostile.py", "hostile_parse.py"):
        run.remove(name)
    run.remove("hostile_probe.py", "plugins")
    run.world.wait(lambda: run.api.ended("long", victim), 240, "the task of somebody else ends")
    answers["worker"]["somebody else's task"] = run.api.ended("long", victim)
    return answers


def hostile(run: Run) -> None:
    """Each try of the hostile DAG ends as the table of docs/hostile-dag.md says."""
    answers = told(run)
    for place in answers:
        answers[place]["secrets"] = names(run, answers[place]["secrets"])
    (run.world.folder / "hostile.json").write_text(json.dumps(answers, indent=1))
    wrong = []
    for one in TRIES:
        for place, (pattern, _) in one.answers.items():
            answer = str(answers[place].pop(one.name, "not tried"))
            if not re.fullmatch(pattern, answer):
                wrong.append(f"{one.name} in the {place}: {answer!r}, expected {pattern}")
    wrong += [f"{name} in the {place} is in no table: {answer}" for place, rest in answers.items() for name, answer in rest.items()]
    run.check(not wrong, "\n".join(wrong))
    run.report.note(f"{len(TRIES)} tries of a hostile DAG ended as docs/hostile-dag.md says")


def table() -> str:
    """The tries as Markdown, for docs/hostile-dag.md."""
    lines = [f"| tried | {' | '.join(PLACES)} | what limits it |", "|" + "---|" * (len(PLACES) + 2)]
    for one in TRIES:
        cells = [one.answers[place][1] if place in one.answers else NOT for place in PLACES]
        lines.append(f"| {one.tried} | {' | '.join(cells)} | {one.limit} |")
    return "\n".join(lines)


CASES = [Case("hostile", "A hostile DAG gets what docs/hostile-dag.md says, and no more", hostile, short=False)]
