"""The clean-up on a database of 400 days, made by the image's own Airflow in a real PostgreSQL."""

import contextlib
import importlib.machinery
import importlib.util
import io
import os
import pathlib
import re
import subprocess
import unittest
from unittest import mock

from rehearsal.image import DOCKER
from rehearsal.servers import postgres_binaries

from .support import database, free_port, image_python

HISTORY = pathlib.Path(__file__).with_name("history.sql")
# What Airflow's own clean-up has rules for and this one leaves, with the reason.
LEFT = {
    "task_instance": "goes with its run, so that a run that is kept has its tasks",
    "task_instance_history": "goes with its task",
    "task_reschedule": "goes with its task",
    "xcom": "goes with its task",
    "deadline": "goes with its run",
    "task_state_store": "goes with its run",
    "trigger": "the triggerer deletes those that nobody waits for; by age, waiting tasks would go with them",
    "_xcom_archive": "made by the upgrade from Airflow 2, of which there is none here",
    "sla_miss": "of Airflow 2",
}


@unittest.skipUnless(postgres_binaries(), "needs PostgreSQL 15 or newer: apt-get install postgresql")
class Cleanup(unittest.TestCase):
    LINE = "3.1"

    @classmethod
    def setUpClass(cls):
        cls.python = image_python(cls.LINE)
        made = cls.enterClassContext(database())
        made.migrate(cls.python)
        cls.server, cls.environment = made.server, {**made.environment(cls.python), "AIRFLOW_DB_RETENTION_DAYS": "90"}
        with cls.server.admin("postgres") as cursor:
            cursor.execute("alter database airflow rename to pristine")

    def setUp(self):
        with self.server.admin("postgres") as cursor:
            cursor.execute("drop database if exists airflow with (force)")
            cursor.execute("create database airflow template pristine owner airflow")
        with self.server.admin() as cursor:
            cursor.execute("set role airflow")
            cursor.execute(HISTORY.read_text())

    def clean(self, *arguments: str, **environment: str) -> tuple[int, dict[str, int], str]:
        """Returns the exit code, the rows deleted by table, and all that it said."""
        done = subprocess.run(
            [self.python, DOCKER / "bin" / "cleanup", *arguments], env={**self.environment, **environment}, capture_output=True, text=True, timeout=120
        )
        said = done.stdout + done.stderr
        self.assertNotIn("SECRETWORD", said)
        return done.returncode, {table: int(rows) for table, rows in re.findall(r"^cleanup: (\w+): (\d+) rows deleted$", said, re.M)}, said

    def age(self) -> float:
        """Seconds since the last good clean-up, as the metrics know it."""
        return float(self.server.query("select extract(epoch from now() - latest_heartbeat) from job where job_type = 'Cleanup'")[0][0])

    def count(self, table: str, where: str = "true") -> int:
        return self.server.query(f"select count(*) from {table} where {where}")[0][0]

    def test_four_hundred_days(self):
        tasks = self.count("task_instance")
        code, told, said = self.clean()
        self.assertEqual(code, 0, said)
        # 90 days of daily and unchanged, 10 of gone-with-runs, the last scheduled one of once, two that run.
        self.assertEqual(self.count("dag_run"), 90 + 90 + 10 + 1 + 2)
        self.assertEqual(self.count("task_instance"), 2 * self.count("dag_run"))
        for child in ("xcom", "task_instance_note", "rendered_task_instance_fields", "task_instance_history"):
            self.assertEqual(self.count(child), self.count("task_instance"), child)
        self.assertEqual({name for (name,) in self.server.query("select dag_id from dag")}, {"daily", "once", "unchanged", "gone-with-runs", "long", "deferred"})
        # Of daily those that runs of the last 90 days name (0, 40, 80, and that of 120 days, which day 89 still used).
        self.assertEqual(sorted(number for (number,) in self.server.query("select version_number from dag_version where dag_id = 'daily'")), [8, 9, 10, 11])
        self.assertEqual(self.count("dag_version", "dag_id = 'unchanged'"), 1)
        self.assertEqual(self.count("serialized_dag"), self.count("dag_version"))
        self.assertEqual(self.count("trigger"), 2, "a task waits for one, an asset for the other")
        self.assertEqual(self.count("task_instance", "state = 'deferred'"), 2)
        self.assertEqual(sorted(self.server.query("select id from backfill")), [(2,), (3,)])
        for table, column, rows in (("log", "dttm", 890), ("job", "latest_heartbeat", 91), ("import_error", "timestamp", 89), ("asset_event", "timestamp", 89), ("celery_taskmeta", "date_done", 89)):
            self.assertIn(self.count(table) - rows, range(0, 11), table)
            self.assertEqual(self.count(table, f"{column} < now() - interval '90 days 1 hour'"), 0, table)
        self.assertIn(f"cleanup: {sum(told.values())} rows deleted in ", said)
        self.assertEqual(told["dag_run"], (tasks - self.count("task_instance")) // 2)
        with self.server.admin() as cursor:
            cursor.execute("update job set latest_heartbeat = now() - interval '200 days' where job_type = 'Cleanup'")
        self.assertEqual(sum(self.clean()[1].values()), 0, "a second clean-up finds nothing")
        self.assertLess(self.age(), 600)

    def test_a_row_that_somebody_writes_is_waited_for(self):
        with self.server.admin() as cursor:
            cursor.execute("begin; update dag_run set state = 'queued' where dag_id = 'daily' and run_id = 'day-200'")
            code, told, said = self.clean()
            cursor.execute("commit")
        self.assertEqual((code, "dag_run" in told), (1, False), said)
        self.assertIn("dag_run: NOT CLEANED: canceling statement due to lock timeout", said)
        failed = self.age()
        self.assertIn("dag_run: canceling statement due to lock timeout; trying again", said)
        self.assertGreater(told["log"], 0, "the other tables are cleaned")
        self.assertGreater(self.age(), failed, "what failed is no clean-up")
        code, told, said = self.clean()
        self.assertEqual(code, 0, said)
        self.assertLess(self.age(), failed)
        self.assertEqual(self.count("dag_run", "run_id = 'day-200' and dag_id = 'daily'"), 1, "it was cleared, and is to run again")

    def test_one_at_a_time(self):
        with self.server.admin() as cursor:
            cursor.execute("select pg_advisory_lock(%s)", (0x41697247,))
            code, told, said = self.clean()
        self.assertEqual((code, told, said), (0, {}, "cleanup: another clean-up is at it\n"))
        self.assertEqual(self.count("log"), 3990)

    def test_a_database_that_is_away(self):
        """It is waited for, as in the morning; and for half an hour at most."""
        loader = importlib.machinery.SourceFileLoader("cleanup", str(DOCKER / "bin" / "cleanup"))
        cleanup = importlib.util.module_from_spec(importlib.util.spec_from_loader("cleanup", loader))
        loader.exec_module(cleanup)
        away = f"postgresql+psycopg2://a:SECRETWORD@127.0.0.1:{free_port()}/airflow"
        cleanup.PATIENCE_SECONDS, cleanup.POLL_SECONDS = 0.2, 0.1
        with mock.patch.dict(os.environ, {**self.environment, cleanup.URL: away}), contextlib.redirect_stdout(io.StringIO()) as said:
            self.assertEqual(cleanup.main([]), 75)
        self.assertIn("cleanup: the database can't be asked: connection to server at", said.getvalue())
        self.assertTrue(said.getvalue().endswith("cleanup: giving up: the next clean-up tries again\n"), said.getvalue())
        self.assertNotIn("SECRETWORD", said.getvalue())
        cleanup.PATIENCE_SECONDS, tries = 60, []
        cleanup.say = lambda text: (tries.append(text), os.environ.update(self.environment))
        with mock.patch.dict(os.environ, {**self.environment, cleanup.URL: away}):
            self.assertEqual(cleanup.main([]), 0)
        self.assertIn("the database can't be asked: ", tries[0])
        self.assertIn("rows deleted in", tries[-1])

    def test_settings(self):
        code, _, said = self.clean("now", AIRFLOW_DB_RETENTION_DAYS="0", AIRFLOW__DATABASE__SQL_ALCHEMY_CONN="")
        self.assertEqual(code, 64)
        for fault in ("takes no argument", "AIRFLOW_DB_RETENTION_DAYS must be a number of days, at least 1, not '0'", "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN is not set"):
            self.assertIn(fault, said)
        self.assertEqual(self.count("log"), 3990)

    def test_airflows_own_takes_tasks_that_run_and_knows_no_other_tables(self):
        """The reason for a clean-up of our own (ADR 0057); once this fails, it can go."""
        script = "from airflow.utils.db_cleanup import config_dict; print('TABLES', *config_dict)"
        done = subprocess.run([self.python, "-c", script], env=self.environment, capture_output=True, text=True)
        (line,) = [line for line in done.stdout.splitlines() if line.startswith("TABLES")]
        ours = set(re.findall(r'^    "(\w+)": """', (DOCKER / "bin" / "cleanup").read_text(), re.M))
        self.assertEqual(set(line.split()[1:]) - ours - set(LEFT), set(), "tables that Airflow cleans and this project doesn't")
        self.assertEqual(self.count("task_instance", "state in ('deferred', 'running')"), 4)
        before = self.server.query("select (now() - interval '90 days')::text")[0][0]
        command = [self.python, "-m", "airflow", "db", "clean", "--clean-before-timestamp", before, "--skip-archive", "--yes", "-t"]
        done = subprocess.run([*command, "trigger"], env=self.environment, capture_output=True, text=True)
        self.assertEqual(self.count("task_instance", "state in ('deferred', 'running')"), 0, done.stdout + done.stderr)
        if self.LINE == "3.1":
            done = subprocess.run([*command, "dag_version"], env=self.environment, capture_output=True, text=True)
            self.assertIn("violates", done.stdout + done.stderr)


class CleanupOf33(Cleanup):
    LINE = "3.3"
