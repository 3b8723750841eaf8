"""The DAG pack imports without a word of warning, and the check that says so can fail."""

import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

from rehearsal.image import PROJECT

from .support import image_python

PACK = PROJECT / "dags"
CHECK = PROJECT / "test" / "airflow" / "rehearsal" / "dagcheck.py"


def check(folder: pathlib.Path, line: str) -> subprocess.CompletedProcess:
    with tempfile.TemporaryDirectory() as home:
        return subprocess.run(
            [image_python(line), CHECK, folder], env={"AIRFLOW_HOME": home, "HOME": home, "PATH": "/usr/bin:/bin"},
            capture_output=True, text=True,
        )  # fmt: skip


class Pack(unittest.TestCase):
    LINE = "3.1"

    def test_pack_imports_without_warnings(self):
        done = check(PACK, self.LINE)
        self.assertEqual(done.returncode, 0, done.stderr[-2000:])
        self.assertIn(f"{len(list(PACK.glob('*.py')))} passed, 0 failed", done.stdout)

    def test_faults_are_found(self):
        faults = {
            "an import error": ("import a_module_that_is_not_there\n", "a_module_that_is_not_there"),
            "an old import": ("from airflow.operators.bash import BashOperator\n", "is deprecated"),
            "a wrong name": ("", "expected other"),
        }
        for label, (line, expected) in faults.items():
            with self.subTest(label), tempfile.TemporaryDirectory() as folder:
                text = (PACK / "quick.py").read_text()
                name = "other.py" if label == "a wrong name" else "quick.py"
                (pathlib.Path(folder) / name).write_text(text.replace("import pendulum\n", f"import pendulum\n{line}", 1))
                done = check(pathlib.Path(folder), self.LINE)
                self.assertEqual(done.returncode, 1, done.stdout)
                self.assertIn(expected, done.stderr)

    def test_copy_of_the_pack_passes(self):
        """So that the faults above are the only reason of their failures."""
        with tempfile.TemporaryDirectory() as folder:
            shutil.copy(PACK / "quick.py", folder)
            self.assertEqual(check(pathlib.Path(folder), self.LINE).returncode, 0)


class PackOf33(Pack):
    LINE = "3.3"


def load_tests(loader, *_):
    """AIRFLOW says which line the DAGs are for; without it they are to fit all."""
    said = os.environ.get("AIRFLOW")
    cases = [case for case in (Pack, PackOf33) if not said or said == case.LINE]
    if not cases:
        raise ValueError(f"AIRFLOW is {said}, which is no line of the image: 3.1 or 3.3")
    return unittest.TestSuite(map(loader.loadTestsFromTestCase, cases))
