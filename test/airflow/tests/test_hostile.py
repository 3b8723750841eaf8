"""The page on what a hostile DAG gets has the table that the rehearsal proves."""

import unittest

from rehearsal.cases import hostile
from rehearsal.image import PROJECT


class Page(unittest.TestCase):
    def test_the_table_is_the_proven_one(self):
        page = (PROJECT / "docs" / "hostile-dag.md").read_text()
        self.assertIn("\n\n" + hostile.table() + "\n\n", page, f"docs/hostile-dag.md has another table than the case hostile:\n{hostile.table()}")

    def test_each_try_has_a_place_and_a_limit(self):
        for one in hostile.TRIES:
            self.assertTrue(one.answers and one.tried and one.limit, one.name)
            self.assertLessEqual(set(one.answers), set(hostile.PLACES), one.name)


if __name__ == "__main__":
    unittest.main()
