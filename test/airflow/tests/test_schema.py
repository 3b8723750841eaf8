"""The script that compares the database's schema with the image's, and waits or migrates."""

import contextlib
import importlib.machinery
import importlib.util
import io
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from unittest import mock

import psycopg2
from rehearsal.image import DOCKER
from rehearsal.servers import postgres_binaries

from .support import database

IMAGE = {
    "alembic_version": {"head": "c", "known": ["a", "b", "c"]},
    "alembic_version_fab": {"head": "z", "known": ["y", "z"]},
}
EMPTY = {"alembic_version": None, "alembic_version_fab": None}
OLD = {"alembic_version": "b", "alembic_version_fab": "z"}
SAME = {"alembic_version": "c", "alembic_version_fab": "z"}
NEWER = {"alembic_version": "d", "alembic_version_fab": "z"}


def load():
    loader = importlib.machinery.SourceFileLoader("schema", str(DOCKER / "bin" / "schema"))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("schema", loader))
    loader.exec_module(module)
    return module


class Away(Exception):
    """The driver's error."""


class Database:
    """Answers with one state after the other, and with the last for ever."""

    psycopg2 = mock.Mock(Error=Away)
    unblock = mock.Mock(return_value=[])

    def __init__(self, *states):
        self.states = list(states)

    def revisions(self):
        state = self.states.pop(0) if len(self.states) > 1 else self.states[0]
        if isinstance(state, Exception):
            raise state
        return state

    def lacking(self):
        return ""

    def make_users(self):
        self.made = True


class Schema(unittest.TestCase):
    def setUp(self):
        self.schema = load()
        self.schema.POLL_SECONDS = self.schema.RETRY_SECONDS = 0.001

    def step(self, step, database, seconds=5.0):
        with contextlib.redirect_stdout(io.StringIO()) as said:
            code = step(database, IMAGE, self.schema.Wait(seconds))
        return code, said.getvalue()

    def test_difference(self):
        self.assertEqual(self.schema.difference(SAME, IMAGE), ("", False))
        told, newer = self.schema.difference(EMPTY, IMAGE)
        self.assertIn("alembic_version is at nothing, this image has c", told)
        self.assertIn("alembic_version_fab is at nothing, this image has z", told)
        self.assertFalse(newer)
        told, newer = self.schema.difference(NEWER, IMAGE)
        self.assertIn("newer than this image", told)
        self.assertTrue(newer)

    def test_waits_until_somebody_migrated(self):
        away = Away("connection to server at db failed\nmore")
        code, said = self.step(self.schema.wait, Database(away, EMPTY, OLD, SAME))
        self.assertEqual(code, 0)
        for part in ("connection to server at db failed", "at nothing", "at b", "in step"):
            self.assertIn(part, said)

    def test_one_makes_the_permissions(self):
        database = Database(SAME)
        database.permitted = mock.Mock(side_effect=[False, False, True])
        database.alone = lambda: contextlib.nullcontext(True)
        self.schema.run = mock.Mock(return_value=0)
        code, said = self.step(self.schema.wait_for_permissions, database)
        self.assertEqual((code, self.schema.run.call_args_list), (0, [mock.call(["airflow", "sync-perm"])]))
        self.assertIn("roles and permissions are there", said)

    def test_the_others_wait_for_the_permissions(self):
        database = Database(SAME)
        database.permitted = mock.Mock(side_effect=[Away("gone"), False, False, True])
        database.alone = lambda: contextlib.nullcontext(False)
        self.schema.run = mock.Mock()
        code, said = self.step(self.schema.wait_for_permissions, database)
        self.assertEqual(code, 0)
        self.assertIn("another task makes", said)
        self.schema.run.assert_not_called()
        database.permitted = mock.Mock(return_value=False)
        self.assertEqual(self.step(self.schema.wait_for_permissions, database, 0.02)[0], 1)

    def test_gives_up(self):
        for state in (OLD, NEWER, Away("gone")):
            code, said = self.step(self.schema.wait, Database(state), 0.01)
            self.assertEqual(code, 1)
            self.assertIn("giving up", said)

    def test_migrates_when_it_must_and_again_after_a_failure(self):
        codes = [1, 0]
        self.schema.run = mock.Mock(side_effect=lambda command: codes.pop(0))
        code, said = self.step(self.schema.migrate, Database(EMPTY, EMPTY, SAME))
        self.assertEqual(code, 0)
        self.assertEqual(self.schema.run.call_args_list, [mock.call(["airflow", "db", "migrate"])] * 2)
        self.assertIn("trying again", said)

    def test_gives_up_when_migrating_changes_nothing(self):
        self.schema.run = mock.Mock(return_value=0)
        code, said = self.step(self.schema.migrate, Database(OLD))
        self.assertEqual((code, self.schema.run.call_count), (1, 2))
        self.assertIn("still alembic_version is at b", said)

    def test_leaves_alone_what_is_in_step_or_newer(self):
        self.schema.run = mock.Mock()
        self.assertEqual(self.step(self.schema.migrate, Database(SAME))[0], 0)
        code, said = self.step(self.schema.migrate, Database(NEWER), 0.05)
        self.assertEqual(code, 1)
        self.assertIn("not migrating", said)
        self.schema.run.assert_not_called()

    def test_looks_who_holds_up_the_migration(self):
        self.schema.UNBLOCK_SECONDS = 0.01
        database = Database(EMPTY, SAME)
        database.unblock = mock.Mock(side_effect=[["10.0.0.1"], Away("gone\nmore"), *[[]] * 1000])
        self.schema.run = lambda command: time.sleep(0.2) or 0
        code, said = self.step(self.schema.migrate, database)
        self.assertEqual(code, 0)
        self.assertIn("schema: ended a session of 10.0.0.1, whose idle transaction held up the migration\nschema: who holds up the migration? gone\n", said)
        calls = database.unblock.call_count
        time.sleep(0.05)
        self.assertEqual(database.unblock.call_count, calls, "it goes on after the migration")

    def test_sigterm_ends_the_migration_as_well(self):
        with tempfile.TemporaryDirectory() as folder:
            child = pathlib.Path(folder) / "child"
            script = (
                "import importlib.machinery, importlib.util, sys\n"
                f"loader = importlib.machinery.SourceFileLoader('schema', {str(DOCKER / 'bin' / 'schema')!r})\n"
                "module = importlib.util.module_from_spec(importlib.util.spec_from_loader('schema', loader))\n"
                "loader.exec_module(module)\n"
                f"module.run(['sh', '-c', 'echo $$ > {child}; exec sleep 60'])\n"
            )
            process = subprocess.Popen([sys.executable, "-c", script])
            deadline = time.monotonic() + 20
            while not (child.exists() and child.read_text().strip()) and time.monotonic() < deadline:
                time.sleep(0.02)
            pid = int(child.read_text())
            process.send_signal(signal.SIGTERM)
            self.assertEqual(process.wait(20), 128 + signal.SIGTERM)
            with self.assertRaises(ProcessLookupError):
                os.kill(pid, 0)


@unittest.skipUnless(postgres_binaries(), "needs PostgreSQL 15 or newer: apt-get install postgresql")
class Held(unittest.TestCase):
    """Whose transaction is ended, in a real PostgreSQL."""

    @classmethod
    def setUpClass(cls):
        made = cls.enterClassContext(database())
        cls.server, cls.url = made.server, made.url()
        with cls.server.admin() as cursor:
            cursor.execute("create role other login; create table held(id int); alter table held owner to airflow; grant select on held to other")
            with open(made.home / "postgres" / "data" / "pg_hba.conf", "a") as file:
                file.write("local all other trust\n")
            cursor.execute("select pg_reload_conf()")

    def setUp(self):
        self.database = load().Database(self.url)
        # Over TCP, as a task; the server's own socket is somebody else's address.
        self.mine = [psycopg2.connect(self.url.replace("+psycopg2", "")) for _ in range(2)]
        self.theirs = psycopg2.connect(**{**self.server.admin().where, "user": "other"})
        for connection in (*self.mine, self.theirs):
            self.addCleanup(connection.close)

    def blocked(self, holder):
        """Has a connection hold the table, and another one of this task wait for it."""
        with holder.cursor() as cursor:
            cursor.execute("select * from held")
        waiter = threading.Thread(target=self._alter, daemon=True)
        waiter.start()
        deadline = time.monotonic() + 20
        while not self.server.query("select 1 from pg_stat_activity where wait_event_type = 'Lock'") and time.monotonic() < deadline:
            time.sleep(0.02)
        return waiter

    def _alter(self):
        with self.mine[1].cursor() as cursor:
            cursor.execute("alter table held add column more int")
        self.mine[1].rollback()

    def test_an_idle_transaction_of_another_task_is_ended(self):
        waiter = self.blocked(self.theirs)
        self.assertEqual(self.database.unblock(600), [], "not before its time")
        self.assertTrue(waiter.is_alive())
        self.assertEqual(self.database.unblock(0), ["None"])
        waiter.join(20)
        self.assertFalse(waiter.is_alive())
        with self.assertRaises(psycopg2.OperationalError):
            self.theirs.cursor().execute("select 1")
        self.assertEqual(self.database.unblock(0), [])

    def test_its_own_and_whoever_works_are_left_alone(self):
        waiter = self.blocked(self.mine[0])
        self.assertEqual(self.database.unblock(0), [])
        self.mine[0].rollback()
        waiter.join(20)
        sleeper = threading.Thread(target=lambda: self.theirs.cursor().execute("select pg_sleep(3) from (select count(*) from held) x"), daemon=True)
        sleeper.start()
        deadline = time.monotonic() + 20
        while not self.server.query("select 1 from pg_stat_activity where query like 'select pg_sleep(3)%%' and state = 'active'") and time.monotonic() < deadline:
            time.sleep(0.02)
        waiter = threading.Thread(target=self._alter, daemon=True)
        waiter.start()
        time.sleep(0.5)
        self.assertEqual(self.database.unblock(0), [], "a query that runs ends by itself")
        sleeper.join(20)
        self.theirs.rollback()
        waiter.join(20)


if __name__ == "__main__":
    unittest.main()
