"""PostgreSQL, Redis and moto, as the state's RDS instance, ElastiCache group and buckets."""

from __future__ import annotations

import os
import pathlib
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import time

import psycopg2
import redis

from .certs import Authority

# Parameters of an RDS parameter group that PostgreSQL itself knows and that need no module.
POSTGRES_PARAMETERS = ("max_connections", "log_min_duration_statement", "idle_in_transaction_session_timeout", "statement_timeout", "ssl_min_protocol_version")  # fmt: skip


def postgres_binaries() -> pathlib.Path | None:
    """The newest server's programs, 15 or newer."""
    found = [p for p in pathlib.Path("/usr/lib/postgresql").glob("*/bin") if (p / "initdb").exists()]
    found = [p for p in found if p.parent.name.isdigit() and int(p.parent.name) >= 15]
    return max(found, key=lambda p: int(p.parent.name), default=None)


def until(condition, seconds: float, what: str, pause: float = 0.1):
    """Calls condition until it answers something true; returns that."""
    deadline = time.monotonic() + seconds
    while True:
        if answer := condition():
            return answer
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what}: not within {seconds:.0f} s")
        time.sleep(pause)


class Postgres:
    """TLS only: pg_hba.conf admits no other connection but the harness's own by socket."""

    def __init__(self, folder: pathlib.Path, authority: Authority, instance: dict, parameters: dict[str, str], address: str, inside: list[str] = ()):
        """inside: what runs a program in the server's own network, if it has one; address may be a comma list."""
        self.folder, self.instance, self.address, self.inside = folder, instance, address, list(inside)
        self.port = int(instance.get("port") or 5432)
        self.binaries = postgres_binaries()
        self.user = pwd.getpwnam("postgres") if os.geteuid() == 0 else None
        self.data, self.socket = folder / "data", folder / "socket"
        for path in (folder, self.socket):
            path.mkdir(parents=True)
            self._own(path)
        names = [instance["address"], address]
        crt, key = authority.server("postgres", names)
        # The server refuses a key that others can read.
        for source, name in ((crt, "server.crt"), (key, "server.key")):
            shutil.copy(source, folder / name)
            (folder / name).chmod(0o600)
            self._own(folder / name)
        self._run("initdb", "-D", self.data, "-U", "postgres", "--auth=trust", "-E", "UTF8", "--no-sync")
        settings = {
            "listen_addresses": address, "port": self.port, "unix_socket_directories": self.socket,
            "ssl": "on", "ssl_cert_file": folder / "server.crt", "ssl_key_file": folder / "server.key",
            "fsync": "off",  # the machine's crash is not rehearsed
            **{k: v for k, v in parameters.items() if k in POSTGRES_PARAMETERS and v.isdigit()},
        }  # fmt: skip
        with open(self.data / "postgresql.auto.conf", "a") as file:
            file.writelines(f"{k} = '{v}'\n" for k, v in settings.items())
        (self.data / "pg_hba.conf").write_text("local all postgres trust\nhostssl all all all scram-sha-256\n")
        self.start()
        with self.admin("postgres") as cursor:
            cursor.execute(f"create role \"{instance['username']}\" login createdb createrole password %s", (instance["password"],))
            # As RDS's rds_superuser, whose member its user is.
            cursor.execute(f"grant pg_monitor, pg_signal_backend to \"{instance['username']}\"")
            cursor.execute(f"create database \"{instance['dbName']}\" owner \"{instance['username']}\"")

    def _own(self, path: pathlib.Path) -> None:
        if self.user:
            os.chown(path, self.user.pw_uid, self.user.pw_gid)

    def _run(self, program: str, *arguments) -> None:
        done = subprocess.run(
            [*self.inside, *self._as_user(), self.binaries / program, *map(str, arguments)], capture_output=True, text=True, cwd=self.folder,
        )  # fmt: skip
        if done.returncode:
            log = self.folder / "server.log"
            raise RuntimeError(f"{program}: {done.stderr}\n{log.read_text()[-1500:] if log.exists() else ''}")

    def _as_user(self) -> list[str]:
        """The server refuses to run as root."""
        return ["setpriv", f"--reuid={self.user.pw_uid}", f"--regid={self.user.pw_gid}", "--clear-groups"] if self.user else []

    def start(self) -> None:
        log = self.folder / "server.log"
        log.touch()
        self._own(log)
        self._run("pg_ctl", "start", "-D", self.data, "-l", log, "-w")

    def stop(self, mode: str = "fast") -> None:
        """mode: fast as a reboot, immediate as a crash."""
        self._run("pg_ctl", "stop", "-D", self.data, "-m", mode, "-w")

    def admin(self, database: str = ""):
        """A cursor of the harness's own connection, by socket; a context manager."""
        return _Cursor(host=str(self.socket), port=self.port, user="postgres", dbname=database or self.instance["dbName"])

    def query(self, text: str, *values) -> list[tuple]:
        with self.admin() as cursor:
            cursor.execute(text, values)
            return cursor.fetchall()

    def connections(self) -> dict[str, int]:
        """Connections by client address."""
        rows = self.query("select host(client_addr), count(*) from pg_stat_activity where client_addr is not null group by 1")
        return {address: int(count) for address, count in rows}


class _Cursor:
    def __init__(self, **where):
        self.where = where

    def __enter__(self):
        self.connection = psycopg2.connect(**self.where)
        self.connection.autocommit = True
        return self.connection.cursor()

    def __exit__(self, *_):
        self.connection.close()


class Redis:
    """TLS and token only. Data is kept over a restart unless told otherwise."""

    def __init__(self, folder: pathlib.Path, authority: Authority, group: dict, parameters: dict[str, str], address: str):
        folder.mkdir(parents=True)
        self.folder, self.group, self.address = folder, group, address
        self.port = int(group.get("port") or 6379)
        self.names = [group["primaryEndpointAddress"], address]
        crt, key = authority.server("redis", self.names)
        policy = parameters.get("maxmemory-policy", "volatile-lru")  # ElastiCache's default
        self.authority = authority
        (folder / "redis.conf").write_text(
            f"port 0\ntls-port {self.port}\nbind {address}\ntls-cert-file {crt}\ntls-key-file {key}\n"
            f"tls-ca-cert-file {authority.bundle}\ntls-auth-clients no\nrequirepass {group['authToken']}\n"
            f'maxmemory-policy {policy}\ndir {folder}\nsave ""\nappendonly no\ndaemonize no\n'
        )
        self.process: subprocess.Popen | None = None
        self.start()

    def start(self) -> None:
        with open(self.folder / "server.log", "ab") as out:
            self.process = subprocess.Popen(["redis-server", str(self.folder / "redis.conf")], stdout=out, stderr=out)
        until(self._answers, 15, "redis answers")

    def _answers(self) -> bool:
        if self.process.poll() is not None:
            raise RuntimeError(f"redis-server ended: {(self.folder / 'server.log').read_text()[-1500:]}")
        try:
            return self.client().ping()
        except redis.ConnectionError:
            return False

    def client(self) -> redis.Redis:
        return redis.Redis(
            host=self.address, port=self.port, password=self.group["authToken"], ssl=True,
            ssl_ca_certs=str(self.authority.bundle), socket_timeout=5,
        )  # fmt: skip

    def stop(self, keep: bool = True) -> None:
        """keep: as a failover to a replica; otherwise as the loss of the only node."""
        try:
            self.client().execute_command("SHUTDOWN", "SAVE" if keep else "NOSAVE")
        except redis.ConnectionError:
            pass
        self.process.wait(10)
        if not keep:
            (self.folder / "dump.rdb").unlink(missing_ok=True)

    def connections(self) -> dict[str, int]:
        counts: dict[str, int] = {}
        for client in self.client().client_list():
            address = client["addr"].rsplit(":", 1)[0]
            counts[address] = counts.get(address, 0) + 1
        return counts


class Moto:
    """The AWS API on a port of localhost; Front puts TLS and names before it."""

    def __init__(self, folder: pathlib.Path):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.log = folder / "moto.log"
        self.process: subprocess.Popen | None = None

    def start(self) -> None:
        program = str(pathlib.Path(sys.executable).with_name("moto_server"))
        with open(self.log, "ab") as out:
            self.process = subprocess.Popen([program, "-H", "127.0.0.1", "-p", str(self.port)], stdout=out, stderr=out)
        until(self._answers, 60, "moto answers")

    def _answers(self) -> bool:
        if self.process.poll() is not None:
            raise RuntimeError(f"moto_server ended: {self.log.read_text()[-1500:]}")
        with socket.socket() as probe:
            probe.settimeout(1)
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(10)
