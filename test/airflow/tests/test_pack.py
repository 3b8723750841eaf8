"""The DAG pack imports without a word of warning on both lines, and the check that says so can fail."""

import pathlib
import re
import tempfile
import unittest

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

    def test_faults_are_found(self):
        faults = {
            "an import error": ("import a_module_that_is_not_there\n", "a_module_that_is_not_there"),
            "an old import": ("from airflow.operators.bash import BashOperator\n", "is deprecated"),
        }
        for label, (line, expected) in faults.items():
            with self.subTest(label), tempfile.TemporaryDirectory() as folder:
                text = (PACK / "quick.py").read_text()
                (pathlib.Path(folder) / "quick.py").write_text(text.replace("import pendulum\n", f"import pendulum\n{line}", 1))
                done = self.check(pathlib.Path(folder))
                self.assertEqual(done.returncode, 1, done.stdout)
                self.assertIn(expected, done.stderr)
        with tempfile.TemporaryDirectory() as folder:
            self.assertIn("there is no DAG in ", self.check(pathlib.Path(folder)).stderr)

    def test_anybodys_dags_pass(self):
        """Another name than the file's, two in a file, a module beside them, catching up, and tests, which aren't pushed."""
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            text = (PACK / "quick.py").read_text().replace("import pendulum\n", "import pendulum\nimport shared\n", 1)
            (folder / "mine.py").write_text(text + "\n\n@dag(dag_id=shared.NAME, schedule=None, start_date=pendulum.datetime(2026, 1, 1), catchup=True)\ndef other(): ...\n\n\nother()\n")
            (folder / "shared.py").write_text('NAME = "theirs"\n')
            (folder / "tests").mkdir()
            (folder / "tests" / "test_dag.py").write_text("import a_module_that_is_not_there, airflow\n")
            done = self.check(folder)
            self.assertEqual(done.returncode, 0, done.stderr[-2000:])
            self.assertIn("theirs: mine.py, 0 tasks, queues [], catches up\n2 DAGs, 0 faults\n", done.stdout)


class PackOf33(Pack):
    line = "3.3"
