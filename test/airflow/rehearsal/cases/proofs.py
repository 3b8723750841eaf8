"""What must not be: secrets in the wrong place, unverified certificates, open doors."""

from __future__ import annotations

import json
import pathlib
import socket
import ssl
import textwrap
import threading
from urllib.parse import urlsplit

from ..certs import Authority
from .base import Case, Run

# Which roles may know a secret; by the name of its entry, and the key in it.
KNOWERS = {
    "jwt-secret": {"api-server", "scheduler"},
    "fernet-key": {"api-server", "scheduler", "dag-processor", "triggerer"},
    "broker-url": {"scheduler", "worker"},
    "api-secret-key": {"api-server", "triggerer", "worker"},
    # Of those with several URLs, the password in them.
    "database-url": set(),  # of migrate alone, which has ended
    "server-url": {"api-server", "scheduler"},
    "metrics-url": {"scheduler"},
    "dag-processor-url": {"dag-processor"},
    "triggerer-url": {"triggerer"},
}


def _environ(pid: int) -> str:
    try:
        return pathlib.Path(f"/proc/{pid}/environ").read_bytes().decode(errors="replace")
    except OSError:
        return ""


def telling(value: str) -> list[str]:
    """What tells that somebody has a secret: of an address in several forms, the password; of other JSON, its values."""
    if not value.startswith("{"):
        return [value]
    found = json.loads(value)
    return [urlsplit(found["sync"]).password] if "sync" in found else list(found.values())


def secrets(run: Run) -> None:
    """No role runs with a secret of the others: looked up in the environment of every process."""
    values = {}
    for version in run.world.state.of("aws:secretsmanager/secretVersion:SecretVersion"):
        # arn:…:secret:PREFIX/NAME-LIFE-RANDOM: the life is the stack's, the random part AWS's.
        name = version["secretId"].split(":")[6].rsplit("/", 1)[-1].rsplit("-", 2)[0]
        values[name] = telling(version["secretString"])
    strays, seen = [], {name: set() for name in KNOWERS}
    for task in run.world.tasks():
        role = "worker" if task.service.role.startswith("worker") else task.service.role
        for container in task.containers.values():
            text = "".join(_environ(pid) for pid in container.processes())
            for name, knowers in KNOWERS.items():
                if any(part in text for part in values[name]):
                    seen[name].add(role)
                    if role not in knowers:
                        strays.append(f"{task.label}/{container.name} knows {name}")
            for argument in (pathlib.Path(f"/proc/{pid}/cmdline") for pid in container.processes()):
                try:
                    line = argument.read_text(errors="replace")
                except OSError:
                    continue
                strays += [f"{task.label}/{container.name} shows {name} in its arguments" for name, parts in values.items() if any(part in line for part in parts)]
    run.check(not strays, "\n".join(strays))
    for name, knowers in KNOWERS.items():
        unfound = seen[name] - knowers
        run.check(bool(seen[name]) == bool(knowers) and not unfound, f"{name} was found with {sorted(seen[name])}: the look-up itself does not work")
        run.report.row("Who knows which secret", secret=name, allowed=", ".join(sorted(knowers)) or "nobody", found=", ".join(sorted(seen[name])) or "nobody")
    logs = [path for path in run.world.folder.glob("tasks/*/*.log")]
    for name, parts in values.items():
        leaks = [str(path.relative_to(run.world.folder)) for path in logs if any(part in path.read_text(errors="replace") for part in parts)]
        run.check(not leaks, f"the secret {name} stands in the logs {leaks}")


class Impostor:
    """Answers PostgreSQL's and TLS's opening with a certificate that nobody trusts."""

    NAME = "impostor.internal"

    def __init__(self, run: Run):
        self.address = run.world.vpc.server(self.NAME)
        certificate = Authority(run.world.folder / "impostor", "somebody else's root").server("impostor", [self.NAME])
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(*certificate)
        self.entered: list[int] = []
        for port in (5432, 6379, 8443):
            listener = socket.create_server((self.address, port))
            threading.Thread(target=self._serve, args=(listener, port), daemon=True).start()

    def _serve(self, listener: socket.socket, port: int) -> None:
        while True:
            client, _ = listener.accept()
            client.settimeout(5)
            try:
                if port == 5432:
                    client.recv(8)  # SSLRequest
                    client.sendall(b"S")
                self.context.wrap_socket(client, server_side=True)
                self.entered.append(port)
            except OSError:
                client.close()


PROBES = {
    "sync URL": """
        import os, psycopg2
        url = os.environ["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"].replace("+psycopg2", "")
        psycopg2.connect(url.replace(HOST(url), IMPOSTOR), connect_timeout=5)
    """,
    "async URL": """
        import os, asyncio
        from sqlalchemy.ext.asyncio import create_async_engine
        url = os.environ["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN_ASYNC"]
        async def go():
            async with create_async_engine(url.replace(HOST(url), IMPOSTOR)).connect(): pass
        asyncio.run(go())
    """,
    "broker URL": """
        import os
        from kombu import Connection
        url = os.environ["AIRFLOW__CELERY__BROKER_URL"]
        Connection(url.replace(HOST(url), IMPOSTOR)).ensure_connection(max_retries=1, timeout=5)
    """,
    "result URL": """
        import os
        from celery import Celery
        from airflow_fargate.results import Results
        url = os.environ["AIRFLOW__CELERY__RESULT_BACKEND"]
        Results(app=Celery("probe"), url=url.replace(HOST(url), IMPOSTOR)).client.ping()
    """,
    "execution API": """
        import os
        from airflow.sdk.api.client import Client
        url = os.environ["AIRFLOW__CORE__EXECUTION_API_SERVER_URL"]
        client = Client(base_url=url.replace(HOST(url), IMPOSTOR), token="x")
        # Without the client's retries, whose random pauses add up to minutes.
        Client.request.__wrapped__(client, "GET", "health")
    """,
}


def verified(run: Run) -> None:
    """Each declared connection refuses a server whose certificate nobody trusts."""
    impostor = Impostor(run)
    worker, database = run.world.workers()[0].main, run.world.fleet["dag-processor"].task().main
    for name, body in PROBES.items():
        script = (
            "from urllib.parse import urlsplit\n"
            "HOST = lambda url: urlsplit(url).hostname\n"
            f"IMPOSTOR = {Impostor.NAME!r}\n"
            "try:\n"
            + textwrap.indent(textwrap.dedent(body), "    ")
            + "\nexcept BaseException as fault:\n    print('REFUSED', type(fault).__name__, repr(fault)[:600], repr(fault.__cause__)[:300])\nelse:\n    print('CONNECTED')\n"
        )
        asks = database if "SQL_ALCHEMY" in body else worker
        done = asks.execute(["/opt/airflow/venv/bin/python", "-c", script], 90)
        said = next((line for line in done.stdout.splitlines() if line.startswith(("REFUSED", "CONNECTED"))), done.stdout + done.stderr)
        run.check(said.startswith("REFUSED") and ("CERTIFICATE_VERIFY_FAILED" in said or "certificate verify failed" in said), f"{name} with an untrusted server: {said[-900:]}")
        run.report.row("Untrusted server", connection=name, answer="refused: certificate verify failed")
    run.check(not impostor.entered, f"a client went on to talk to the impostor on {impostor.entered}")
    _plain(run)


def _plain(run: Run) -> None:
    """PostgreSQL and Redis take no unencrypted connection."""
    asks = run.world.fleet["dag-processor"].task().main
    script = (
        "import os, psycopg2\n"
        "url = os.environ['AIRFLOW__DATABASE__SQL_ALCHEMY_CONN'].replace('+psycopg2', '').replace('verify-full', 'disable')\n"
        "try: psycopg2.connect(url, connect_timeout=5)\n"
        "except psycopg2.OperationalError as fault: print('REFUSED', str(fault).replace(chr(10), ' '))\n"
        "else: print('CONNECTED')\n"
    )
    done = asks.execute(["/opt/airflow/venv/bin/python", "-c", script], 30)
    run.check("REFUSED" in done.stdout and "no pg_hba.conf entry" in done.stdout, f"PostgreSQL without TLS: {done.stdout}{done.stderr}")
    with socket.create_connection((run.world.broker.address, run.world.broker.port), timeout=5) as client:
        client.sendall(b"PING\r\n")
        try:
            answer = client.recv(100)
        except OSError:
            answer = b""
        run.check(b"PONG" not in answer, "Redis answers without TLS")


def no_way_out(run: Run) -> None:
    """A task has no default route, and its read-only root takes no file."""
    for task in run.world.tasks():
        container = task.main
        if container.definition.repository == "agent":
            continue
        routes = pathlib.Path(f"/proc/{container.pid}/net/route").read_text().splitlines()[1:]
        run.check(all(line.split()[1] != "00000000" for line in routes), f"{task.label} has a default route")
        if container.definition.read_only:
            done = container.execute(["/bin/sh", "-c", "touch /opt/airflow/x 2>&1; touch /opt/airflow/sync/x 2>&1; id -u; touch /tmp/x && echo scratch"], 15)
            run.check(done.stdout.count("Read-only file system") == 2 and "50000" in done.stdout and "scratch" in done.stdout, f"{task.label}: {done.stdout}{done.stderr}")


def calls(run: Run) -> None:
    """Which AWS calls each task role made: for the comparison with what it may do."""
    summary: dict[tuple[str, str, str], int] = {}
    for _, key, service, method, _ in run.world.front.calls:
        summary[key, service, method] = summary.get((key, service, method), 0) + 1
    for (key, service, method), count in sorted(summary.items()):
        run.report.row("AWS calls by task role", role=key.removeprefix("ROLE"), service=service, method=method, calls=count)
    run.check(not any(key in ("anonymous", "ANONYMOUS") for key, _, _ in summary), "an AWS call was made without a task role")


CASES = [
    Case("secrets", "Each role works without the secrets of the others", secrets),
    Case("verified", "Untrusted certificates and unencrypted connections are refused", verified),
    Case("no-way-out", "No default route, read-only root, user 50000", no_way_out),
    Case("calls", "AWS calls are made with task roles", calls),
]
