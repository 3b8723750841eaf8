"""The DAG pack imports without a word of warning on both lines, and the check that says so can fail."""

import os
import pathlib
import re
import tempfile
import unittest
import unittest.mock
import zipfile

import check
from rehearsal.image import PROJECT

from .support import image_python

PACK = PROJECT / "dags"


class Pack(unittest.TestCase):
    line = "3.1"

    def check(self, folder: pathlib.Path):
        return check.dags(image_python(self.line), folder, capture_output=True, text=True)

    def test_pack_imports_without_warnings(self):
        done = self.check(PACK)
        self.assertEqual(done.returncode, 0, done.stderr[-2000:])
        # A file has one DAG of its own name, and none catches up.
        names = sorted(path.stem for path in PACK.glob("*.py"))
        self.assertEqual(re.findall(r"(?m)^(\w+): \1\.py, \d+ tasks, queues \[.+\]$", done.stdout), names, done.stdout)
        self.assertIn(f"{len(names)} DAGs, 0 faults", done.stdout)

    def write(self, folder: pathlib.Path, **files: str) -> None:
        """Variants of quick, each with a DAG of its file's name: what stands for its import of pendulum."""
        for name, line in files.items():
            text = (PACK / "quick.py").read_text().replace("import pendulum\n", f"import pendulum\n{line}\n", 1)
            (folder / f"{name}.py").write_text(text.replace("quick", name))

    def test_all_faults_are_found_at_once(self):
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            self.write(
                folder, good="", left="", right="", gone="import os; os._exit(0)", module="import a_module_that_is_not_there", old="from airflow.operators.bash import BashOperator",
                read="from airflow.sdk import Variable\nVariable.get('a_variable')", far="pendulum.datetime(2026, 13, 1)", stops="raise SystemExit(0)",
                clock="from airflow.timetables.interval import CronDataIntervalTimetable as Cron\nclass Mine(Cron): ...",
            )  # fmt: skip
            (folder / "right.py").write_text((folder / "right.py").read_text().replace("def right", "def left").replace("right()", "left()"))
            (folder / "clock.py").write_text((folder / "clock.py").read_text().replace("schedule=None", "schedule=Mine('@daily', 'UTC')"))
            (folder / "syntax.py").write_text("from airflow.sdk import dag\ndef f(:\n")
            (folder / "broken.zip").write_bytes(b"PK")
            (folder / "link.py").symlink_to(PACK / "quick.py")
            (folder / "latin.py").write_text("# -*- coding: latin-1 -*-\n# grün\n" + (PACK / "quick.py").read_text().replace("quick", "latin"), "latin-1")
            done = self.check(folder)
        self.assertEqual(done.returncode, 1, done.stdout)
        said = done.stderr.splitlines()
        for expected in (
            "gone.py: it ends the process that reads it, by exit code 0",
            "stops.py:6: SystemExit: 0",
            "module.py:6: ModuleNotFoundError: No module named 'a_module_that_is_not_there'",
            "far.py:6: ValueError: month must be in 1..12",
            "syntax.py:2: SyntaxError: invalid syntax",
            "left.py and right.py: both have the DAG left, of which Airflow keeps the one it read last",
            "latin.py: Airflow reads the source of a DAG as UTF-8: 'utf-8' codec can't decode byte 0xfc in position 30: invalid start byte",
            "broken.zip: it is no zip file, and Airflow passes over it",
            "link.py: it is a symbolic link, which a bucket can't hold; put there what it leads to",
        ):
            self.assertIn(expected, said)
        self.assertRegex(done.stderr, r"(?m)^warning at old[.]py:6: .* is deprecated[.] Please use `'airflow[.]providers[.]standard[.]operators[.]bash[.]BashOperator'`[.]$")
        self.assertRegex(done.stderr, r"(?m)^read[.]py:7: .*'Variable a_variable not found'")
        self.assertRegex(done.stderr, r"(?m)^clock[.]py: .*SerializationError: Failed to serialize DAG 'clock': Timetable class '.+Mine' is not registered")
        self.assertRegex(done.stdout, r"(?m)^good: good[.]py, 2 tasks, queues \['default'\]$")
        self.assertRegex(done.stdout, r"(?m)^\d DAGs, 12 faults$")
        with tempfile.TemporaryDirectory() as folder:
            self.assertIn("there is no DAG in ", self.check(pathlib.Path(folder)).stderr)

    def test_anybodys_dags_pass(self):
        """Other names than the files', two in a file, modules and plugins beside them, a zip, what it reads at its import, and what isn't pushed."""
        with tempfile.TemporaryDirectory() as home:
            folder, plugins = pathlib.Path(home, "dags"), pathlib.Path(home, "plugins")
            for path in (folder / "tests", folder / ".ipynb_checkpoints", plugins):
                path.mkdir(parents=True)
            self.write(folder, mine="import shared, operators_of_mine", needs="from airflow.sdk import Variable\nVariable.get('a_variable')\nimport warnings\nwarnings.warn_explicit('old', DeprecationWarning, 'a_library.py', 1)")
            with open(folder / "mine.py", "a") as text:
                text.write("\n\n@dag(dag_id=shared.NAME, schedule=None, start_date=pendulum.datetime(2026, 1, 1), catchup=True)\ndef other(): ...\n\n\nother()\n")
            (folder / "shared.py").write_text('NAME = "theirs"\n')
            (folder / ".airflowignore").write_text("half_*.py\n")
            with zipfile.ZipFile(folder / "packed.zip", "w") as packed:
                packed.writestr("in_zip.py", (PACK / "quick.py").read_text().replace("quick", "in_zip").replace("import pendulum\n", "import pendulum\nimport beside\n"))
                packed.writestr("beside.py", "")
            (plugins / "operators_of_mine.py").write_text("")
            broken = "import a_module_that_is_not_there, airflow, dag\n"
            for path in ("tests/test_dag.py", ".ipynb_checkpoints/mine-checkpoint.py", "half_done.py"):
                (folder / path).write_text(broken)
            with unittest.mock.patch.dict(os.environ, AIRFLOW_VAR_A_VARIABLE="here"):
                done = check.dags(image_python(self.line), folder, ["heavy"], {"AIRFLOW__OPERATORS__DEFAULT_QUEUE": "light"}, capture_output=True, text=True)
        self.assertEqual(done.stderr, "")
        self.assertEqual(done.returncode, 0)
        self.assertIn("in_zip: packed.zip/in_zip.py, 2 tasks, queues ['light'], no worker pool serves ['light']\n", done.stdout)
        self.assertIn("theirs: mine.py, 0 tasks, queues [], catches up\n4 DAGs, 0 faults\n", done.stdout)


class Stack(unittest.TestCase):
    def test_settings_of_the_stack_reach_the_import(self):
        settings = {
            "airflow": {"version": "3.3", "options": {"core": {"dag_ignore_file_syntax": "regexp"}}},
            "workerPools": [{"queues": ["default", "heavy"]}, {"queues": ["gpu"]}],
            "services.dagProcessor": {"cpu": 512, "environment": {"BUCKET": "orders"}},
        }
        with unittest.mock.patch.object(check, "setting", lambda stack, path: settings[path]), unittest.mock.patch.object(check, "dags") as dags:
            check.stack_dags("team")
        environment = {"AIRFLOW__CORE__DAG_IGNORE_FILE_SYNTAX": "regexp", "BUCKET": "orders"}
        dags.assert_called_once_with(image_python("3.3"), PACK, ["default", "gpu", "heavy"], environment)


class PackOf33(Pack):
    line = "3.3"
