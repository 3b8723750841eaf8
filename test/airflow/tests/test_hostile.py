"""The page on what a hostile DAG gets has the table that the rehearsal proves."""

import subprocess
import unittest

from rehearsal.cases import hostile
from rehearsal.image import PROJECT

from .support import image_python

TIMED_OUT = """
import sys
sys.path.insert(0, sys.argv[1])
from airflow.exceptions import AirflowTaskTimeout
from hostile_probe import attempt

def slow():
    raise AirflowTaskTimeout("after 30.0s")

print(attempt(lambda: 1 / 0))
attempt(slow)
"""


class Page(unittest.TestCase):
    def test_the_table_is_the_proven_one(self):
        page = (PROJECT / "docs" / "hostile-dag.md").read_text()
        self.assertIn("\n\n" + hostile.table() + "\n\n", page, f"docs/hostile-dag.md has another table than the case hostile:\n{hostile.table()}")

    def test_each_try_has_a_place_and_a_limit(self):
        for one in hostile.TRIES:
            self.assertTrue(one.answers and one.tried and one.limit, one.name)
            self.assertLessEqual(set(one.answers), set(hostile.PLACES), one.name)

    def test_a_parse_that_is_stopped_is_no_answer(self):
        for line in ("3.1", "3.3"):
            with self.subTest(line):
                done = subprocess.run([image_python(line), "-c", TIMED_OUT, hostile.FILES], capture_output=True, text=True)
                self.assertEqual((done.returncode, done.stdout.splitlines()[-1]), (1, "ZeroDivisionError: division by zero"), done.stderr)
                self.assertRegex(done.stderr, r"AirflowTaskTimeout: after 30[.]0s\n$")


if __name__ == "__main__":
    unittest.main()
