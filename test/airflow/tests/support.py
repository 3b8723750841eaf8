"""Where the tests find the image's Python, and a PostgreSQL for it."""

import contextlib
import dataclasses
import pathlib
import random
import socket
import subprocess
import tempfile
import unittest

from rehearsal import image
from rehearsal.certs import Authority
from rehearsal.servers import Postgres

PASSWORD = "SECRETWORD"  # of the database's owner


def image_python(line: str = "3.1"):
    """The Python of the image of a line of Airflow; skips the test where it was not built."""
    python = image.folder(line) / "venv" / "bin" / "python"
    if not python.exists():
        raise unittest.SkipTest("the image's environment is not built; test/airflow/run.py or test/airflow/check.py builds it, as root or with sudo")
    return python


def free_port() -> int:
    """One that no program is given by chance: those come from 32768 on."""
    while True:
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", random.randrange(10000, 32768))) as listener:
            return listener.getsockname()[1]


@dataclasses.dataclass
class Database:
    """home: a folder that ends with it. at: what follows user and password in an address."""

    server: Postgres
    home: pathlib.Path
    at: str

    def url(self, user: str = "airflow", password: str = PASSWORD) -> str:
        return f"postgresql+psycopg2://{user}:{password}@{self.at}"

    def environment(self, python: pathlib.Path) -> dict[str, str]:
        """Of an Airflow of the image on this database."""
        return {
            "AIRFLOW_HOME": str(self.home), "HOME": str(self.home), "PATH": f"{python.parent}:/usr/bin:/bin", "PYTHONPATH": str(image.DOCKER / "python"),
            "AIRFLOW__CORE__AUTH_MANAGER": "airflow.providers.fab.auth_manager.fab_auth_manager.FabAuthManager",
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": self.url(),
        }  # fmt: skip

    def migrate(self, python: pathlib.Path) -> None:
        subprocess.run([python, "-m", "airflow", "db", "migrate"], env=self.environment(python), check=True, capture_output=True)


@contextlib.contextmanager
def database(parameters: dict[str, str] | None = None):
    """A PostgreSQL with TLS, the user airflow, and an empty database that it owns."""
    with tempfile.TemporaryDirectory() as folder:
        home = pathlib.Path(folder)
        home.chmod(0o755)
        authority = Authority(home / "certs")
        instance = {"address": "localhost", "port": free_port(), "username": "airflow", "password": PASSWORD, "dbName": "airflow"}
        server = Postgres(home / "postgres", authority, instance, parameters or {}, "127.0.0.1")
        try:
            yield Database(server, home, f"localhost:{instance['port']}/airflow?sslmode=verify-full&sslrootcert={authority.bundle}")
        finally:
            server.stop("immediate")
