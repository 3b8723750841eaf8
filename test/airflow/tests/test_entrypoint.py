"""The containers' entrypoint names what is missing, says no secret, and hands over with exec."""

import os
import pathlib
import subprocess
import tempfile
import unittest

from rehearsal.image import DOCKER

SYNC = "postgresql+psycopg2://u:SECRETWORD@h:5432/d?sslmode=verify-full"
ASYNC = "postgresql+asyncpg://u:SECRETWORD@h:5432/d?ssl=verify-full"
BROKER = "rediss://:SECRETWORD@h:6379/0?ssl_cert_reqs=required"
WHOLE = {
    "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": SYNC,
    "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN_ASYNC": ASYNC,
    "PGSSLROOTCERT": "/etc/hosts",
    "AIRFLOW__CELERY__BROKER_URL": BROKER,
    "AIRFLOW__CELERY__RESULT_BACKEND": BROKER,
    "AIRFLOW_DB_RETENTION_DAYS": "90",
    "AIRFLOW__API_AUTH__JWT_SECRET": "SECRETWORD" * 7,
    "AIRFLOW_JWT_KEYS": '{"keys": [{"kid": "7", "k": "SECRETWORD"}]}',
    "AIRFLOW__API_AUTH__JWT_KID": "7",
    "AIRFLOW__CORE__FERNET_KEY": "SECRETWORD",
    "AIRFLOW__API__SECRET_KEY": "SECRETWORD",
    "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": "https://h:8443/execution/",
}
DATABASE = ["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN", "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN_ASYNC", "PGSSLROOTCERT"]
JWT, KEYS, FERNET, SESSIONS = "AIRFLOW__API_AUTH__JWT_SECRET", "AIRFLOW_JWT_KEYS", "AIRFLOW__CORE__FERNET_KEY", "AIRFLOW__API__SECRET_KEY"
BROKER_URL, EXECUTION = "AIRFLOW__CELERY__BROKER_URL", "AIRFLOW__CORE__EXECUTION_API_SERVER_URL"
RESULTS, NO_DATABASE = "AIRFLOW__CELERY__RESULT_BACKEND", "postgresql+psycopg2:///?host=/workers-have-no-database"
NEEDS = {
    "migrate": DATABASE,
    "wait-for-migrations": DATABASE,
    "wait-for-permissions": DATABASE,
    "cleanup": [DATABASE[0], DATABASE[2], "AIRFLOW_DB_RETENTION_DAYS"],
    "wait-for-api": [EXECUTION],
    "api-server": [*DATABASE, JWT, KEYS, FERNET, SESSIONS],
    "scheduler": [*DATABASE, BROKER_URL, RESULTS, JWT, FERNET],
    "dag-processor": [*DATABASE, FERNET],
    "triggerer": [*DATABASE, FERNET, SESSIONS],
    "celery": [DATABASE[0], BROKER_URL, RESULTS, SESSIONS, EXECUTION],
}
WRONG = [
    ("scheduler", "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN", SYNC.replace("verify-full", "require"), "sslmode=verify-full"),
    ("scheduler", "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN_ASYNC", ASYNC.split("?")[0], "ssl=verify-full"),
    ("scheduler", "AIRFLOW__CELERY__BROKER_URL", BROKER.split("?")[0], "ssl_cert_reqs=required"),
    ("celery", "AIRFLOW__CELERY__BROKER_URL", BROKER.replace("rediss", "redis"), "ssl_cert_reqs=required"),
    ("celery", "AIRFLOW__CELERY__RESULT_BACKEND", "db+" + SYNC, "ssl_cert_reqs=required"),
    ("celery", "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN", SYNC, "a worker runs DAG code"),
    ("api-server", "AIRFLOW__API_AUTH__JWT_SECRET", "SECRETWORD", "64"),
    ("api-server", "AIRFLOW_JWT_KEYS", '{"keys": [{"kid": "6", "k": "SECRETWORD"}]}', "has no key with the kid 7 (AIRFLOW__API_AUTH__JWT_KID)"),
    ("api-server", "AIRFLOW_JWT_KEYS", "SECRETWORD", "has no key with the kid 7"),
    ("api-server", "AIRFLOW__FAB__CONFIG_FILE", "/nowhere/webserver_config.py", "/nowhere/webserver_config.py"),
    ("migrate", "PGSSLROOTCERT", "/nowhere/ca.pem", "/nowhere/ca.pem"),
]


def whole(command: str) -> dict[str, str]:
    """The environment that a command wants."""
    return {**WHOLE, DATABASE[0]: NO_DATABASE} if command.startswith("celery") else WHOLE


def entrypoint(command: str, environment: dict, path: str = "") -> subprocess.CompletedProcess:
    whole = {"PATH": f"{path}:{os.environ['PATH']}", **environment}
    return subprocess.run([DOCKER / "bin" / "entrypoint", *command.split()], env=whole, capture_output=True, text=True)


class Entrypoint(unittest.TestCase):
    def test_names_each_missing_variable(self):
        for command, names in NEEDS.items():
            for name in names:
                with self.subTest(command=command, missing=name):
                    done = entrypoint(command, {k: v for k, v in whole(command).items() if k != name})
                    self.assertEqual(done.returncode, 64)
                    self.assertIn(f"{name} is not set", done.stderr)
                    self.assertEqual(done.stderr.count("entrypoint:"), 1, done.stderr)

    def test_names_what_is_wrong_and_no_secret(self):
        for command, name, value, expected in WRONG:
            with self.subTest(command=command, name=name, value=value):
                done = entrypoint(command, {**whole(command), name: value})
                self.assertEqual(done.returncode, 64)
                self.assertIn(name, done.stderr)
                self.assertIn(expected, done.stderr)
                self.assertNotIn("SECRETWORD", done.stderr + done.stdout)

    def test_all_faults_at_once(self):
        done = entrypoint("api-server", {})
        self.assertEqual(done.stderr.count("is not set"), len(NEEDS["api-server"]))

    def test_no_command(self):
        done = subprocess.run([DOCKER / "bin" / "entrypoint"], capture_output=True, text=True)
        self.assertEqual(done.returncode, 64)
        self.assertIn("no command", done.stderr)

    def becomes(self, program: str, command: str) -> str:
        """What a stand-in of the program was given; it must be the process that was started: signals reach it."""
        with tempfile.TemporaryDirectory() as folder:
            stub = pathlib.Path(folder) / program
            stub.write_text('#!/bin/sh\necho "$$ $@"\n')
            stub.chmod(0o755)
            process = subprocess.Popen(
                [DOCKER / "bin" / "entrypoint", *command.split()],
                env={"PATH": f"{folder}:/usr/bin:/bin", **whole(command)}, stdout=subprocess.PIPE, text=True,
            )  # fmt: skip
            identity, _, given = process.communicate(timeout=120)[0].strip().partition(" ")
        self.assertEqual(identity, str(process.pid))
        return given

    def test_becomes_airflow(self):
        self.assertEqual(self.becomes("airflow", "celery worker --queues a,b"), "celery worker --queues a,b")

    def test_becomes_the_images_triggerer(self):
        self.assertEqual(self.becomes("python", "triggerer --capacity 5"), "-m airflow_fargate.triggerer triggerer --capacity 5")
