"""The database's narrower users, on a database that the image's own Airflow made: what they can and can't do."""

import contextlib
import subprocess
import unittest

import psycopg2
from rehearsal.servers import postgres_binaries

from .support import database, image_python

USERS = {"AIRFLOW_SERVER_URL": "airflow_server", "AIRFLOW_METRICS_URL": "airflow_metrics", "AIRFLOW_DAG_PROCESSOR_URL": "airflow_dag_processor", "AIRFLOW_TRIGGERER_URL": "airflow_triggerer"}
CODE = ("airflow_dag_processor", "airflow_triggerer")
MAKE = """
import os, sys, psycopg2
from airflow_fargate import roles
connection = psycopg2.connect(os.environ["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"].replace("+psycopg2", ""))
with connection, connection.cursor() as cursor:
    roles.make(cursor, lambda text: print("roles:", text))
"""
LACKING = """
import os, psycopg2
from airflow_fargate import roles
with psycopg2.connect(os.environ["URL"]) as connection, connection.cursor() as cursor:
    print(roles.lacking(cursor))
"""


@unittest.skipUnless(postgres_binaries(), "needs PostgreSQL 15 or newer: apt-get install postgresql")
class Roles(unittest.TestCase):
    LINE = "3.1"

    @classmethod
    def setUpClass(cls):
        cls.python = image_python(cls.LINE)
        cls.database = cls.enterClassContext(database({"log_min_duration_statement": "0"}))
        cls.database.migrate(cls.python)
        cls.server, cls.environment = cls.database.server, cls.database.environment(cls.python)
        cls.log = cls.database.home / "postgres" / "server.log"
        cls.make("SECRETWORD")

    @classmethod
    def make(cls, password: str, suffix: str = "") -> str:
        urls = {name: cls.database.url(user + suffix, password) for name, user in USERS.items()}
        return subprocess.run([cls.python, "-c", MAKE], env={**cls.environment, **urls}, check=True, capture_output=True, text=True).stdout

    def run_as(self, user: str, statement: str, password: str = "SECRETWORD") -> str:
        """The first line of the fault, or "done"."""
        connection = psycopg2.connect(f"postgresql://{user}:{password}@{self.database.at}")
        connection.autocommit = True
        with contextlib.closing(connection), connection.cursor() as cursor:
            try:
                cursor.execute(statement)
            except psycopg2.Error as fault:
                return str(fault).splitlines()[0]
        return "done"

    def tables(self) -> list[str]:
        return [name for (name,) in self.server.query("select tablename from pg_tables where schemaname = 'public' order by 1")]

    def test_nobody_reads_people_or_changes_the_schema(self):
        denied = [name for name in self.tables() if name.startswith("ab_user") or name in ("session", "ab_register_user")]
        self.assertIn("ab_user", denied)
        for user in USERS.values():
            for table in denied if user != "airflow_server" else ():
                for statement in (f"select * from {table}", f"delete from {table}", f"update {table} set id = id"):
                    self.assertEqual(self.run_as(user, statement), f"permission denied for table {table}", f"{user}: {statement}")
            for statement in ("create table t (a int)", "create temporary table t (a int)", "alter table dag add t int", "drop table log", "truncate log", "create role t", "alter role airflow password 'x'"):
                self.assertRegex(self.run_as(user, statement), "permission denied|must be owner|permission to create", f"{user}: {statement}")

    def test_servers_read_and_write_every_row(self):
        for table in self.tables():
            with self.subTest(table):
                self.assertEqual(self.run_as("airflow_server", f"select * from {table}"), "done")
                self.assertEqual(self.run_as("airflow_server", f"delete from {table} where false"), "permission denied for table " + table if table.startswith("alembic_version") else "done")
        self.assertEqual(self.run_as("airflow_server", "insert into ab_role (id, name) values (nextval('ab_role_id_seq'), 'of a test')"), "done")
        self.assertEqual(self.run_as("airflow_server", "delete from ab_role where name = 'of a test'"), "done")

    def test_metrics_read_their_columns_alone(self):
        self.assertEqual(self.run_as("airflow_metrics", "select id, state, queue, queued_dttm, end_date, duration, last_heartbeat_at from task_instance"), "done")
        self.assertEqual(self.run_as("airflow_metrics", "select pool, pool_slots from task_instance"), "done")
        self.assertEqual(self.run_as("airflow_metrics", "select job_type, latest_heartbeat from job"), "done")
        self.assertEqual(self.run_as("airflow_metrics", "select pool, slots, include_deferred from slot_pool"), "done")
        self.assertEqual(self.run_as("airflow_metrics", "select count(*) from import_error"), "done")
        self.assertEqual(self.run_as("airflow_metrics", "select is_stale, last_parse_duration from dag"), "done")
        self.assertEqual(self.run_as("airflow_metrics", "select pg_try_advisory_lock(1)"), "done")
        for statement in ("select * from task_instance", "select hostname from job", "select stacktrace from import_error", "select fileloc from dag", "select description from slot_pool", "update job set latest_heartbeat = now()"):
            self.assertRegex(self.run_as("airflow_metrics", statement), "permission denied for table", statement)
        for table in set(self.tables()) - {"task_instance", "job", "slot_pool", "import_error", "dag"}:
            self.assertEqual(self.run_as("airflow_metrics", f"select 1 from {table}"), f"permission denied for table {table}")

    def test_dag_code_reads_connections_and_changes_none(self):
        for user in CODE:
            for table in ("connection", "slot_pool", "alembic_version"):
                self.assertEqual(self.run_as(user, f"select * from {table}"), "done")
                self.assertEqual(self.run_as(user, f"delete from {table}"), f"permission denied for table {table}")
            self.assertEqual(self.run_as(user, "insert into log (dttm, event) values (now(), 'x')"), "done")
            self.assertEqual(self.run_as(user, "delete from log"), "permission denied for table log")
            for table in ("dag", "trigger", "task_instance", "variable", "import_error", "job"):
                self.assertEqual(self.run_as(user, f"delete from {table}"), "done", table)
        self.assertEqual(self.run_as("airflow_triggerer", "select * from ab_permission"), "permission denied for table ab_permission")
        self.assertEqual(self.run_as("airflow_dag_processor", "delete from ab_permission_view_role"), "done")

    def test_again_with_another_password_and_a_new_table(self):
        lacking = lambda: subprocess.run(
            [self.python, "-c", LACKING], env={**self.environment, "URL": f"postgresql://airflow_triggerer:NEXT@{self.database.at}"}, check=True, capture_output=True, text=True
        ).stdout.strip()
        self.addCleanup(self.make, "SECRETWORD")
        with self.server.admin() as cursor:
            cursor.execute("set role airflow; create table of_a_new_line (id serial)")
        self.addCleanup(self.server.query, "drop table of_a_new_line; select 1")
        self.server.query("alter role airflow_triggerer password 'NEXT'; select 1")
        self.assertEqual(lacking(), "of_a_new_line", "the wait goes on until it was given")
        said = self.make("NEXT")
        self.assertRegex(said, r"roles: airflow_metrics may use 5 of \d+ tables\n")
        self.assertEqual(lacking(), "")
        self.assertEqual(self.run_as("airflow_triggerer", "insert into of_a_new_line default values", "NEXT"), "done")
        with self.assertRaisesRegex(psycopg2.OperationalError, "password authentication failed"):
            self.run_as("airflow_triggerer", "select 1")
        self.assertNotIn("NEXT'", "".join(line for line in self.log.read_text().splitlines() if "SCRAM" in line))
        self.assertIn("alter role \"airflow_triggerer\" password 'SCRAM-SHA-256$", self.log.read_text(), "no password stands in a statement")

    def test_the_user_before_keeps_its_password(self):
        """While a rotation replaces the tasks that have it (docs/adr/0080)."""
        said = self.make("NEXT", "_b")
        self.assertRegex(said, r"roles: airflow_server_b may use \d+ of \d+ tables\n")
        for user in USERS.values():
            for name, password in ((user, "SECRETWORD"), (user + "_b", "NEXT")):
                self.assertEqual(self.run_as(name, "select 1 from ab_user", password), "done" if user == "airflow_server" else "permission denied for table ab_user", name)
        with self.assertRaisesRegex(psycopg2.OperationalError, "password authentication failed"):
            self.run_as("airflow_server_b", "select 1")

    def test_nobody_else_connects(self):
        self.server.query("create role stranger login password 'stranger'; select 1")
        self.addCleanup(self.server.query, "drop role stranger; select 1")
        with self.assertRaisesRegex(psycopg2.OperationalError, 'permission denied for database "airflow"'):
            self.run_as("stranger", "select 1", "stranger")


class RolesOf33(Roles):
    LINE = "3.3"


if __name__ == "__main__":
    unittest.main()
