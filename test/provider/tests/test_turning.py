"""A run of the settings goes on where another one ended, and asks again what has changed since."""

import pathlib
import tempfile
import unittest
import unittest.mock

from harness import settings, tools, turning
from harness.settings import BACK, FORTH, Bench, Row

ROWS = [Row("a", 1), Row("b.c", 2), Row("b.d", 3, only="it is the same")]


class Kept(unittest.TestCase):
    def setUp(self):
        folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.digest = self.enterContext(unittest.mock.patch.object(tools, "program_digest", return_value="one"))
        self.enterContext(unittest.mock.patch.object(settings, "RESULTS", folder / "settings.json"))
        self.enterContext(unittest.mock.patch.object(turning, "DONE", folder / "turned.json"))

    def open(self) -> list[str]:
        kept = turning.Kept({}, ROWS)
        return [f"{way} {row.set}" for way in (FORTH, BACK) for row in ROWS if way in row.ways() and not kept.asked(row, way)]

    def test_what_was_asked_isnt_asked_again(self):
        self.assertEqual(self.open(), ["forth a", "forth b.c", "forth b.d", "back a", "back b.c"])
        kept = turning.Kept({}, ROWS)
        kept.keep(ROWS[1], BACK, ["update x y"])
        kept.keep(ROWS[0], FORTH, [])
        self.assertEqual(self.open(), ["forth b.c", "forth b.d", "back a"])
        self.assertEqual(settings.load(), {"a": {"forth": []}, "b.c": {"back": ["update x y"]}})

    def test_a_refusal_is_asked_again(self):
        turning.Kept({}, ROWS).keep(ROWS[0], FORTH, [])
        turning.Kept({}, ROWS).keep(ROWS[0], FORTH, None)
        self.assertIn("forth a", self.open())

    def test_another_program_row_or_base_is_asked_again(self):
        kept = turning.Kept({}, ROWS)
        for row in ROWS:
            for way in row.ways():
                kept.keep(row, way, [])
        self.assertEqual(self.open(), [])
        with unittest.mock.patch.object(ROWS[0], "to", 5):  # and with it the stack from which all go back
            self.assertEqual(self.open(), ["forth a", "back a", "back b.c"])
        self.digest.return_value = "another"
        self.assertEqual(len(self.open()), 5)


class Whole(unittest.TestCase):
    def test_the_way_back_takes_away_what_the_way_forth_added(self):
        class Stack:
            settings = {"config": {"airflow:tags": {}, "airflow:workerPools": [{"name": "default", "max": 1}], "airflow:services": {"exec": True, "scheduler": {"count": 1}}}}

        rows = [Row("tags", {"team": "data"}), Row("workerPools[].policyArns", ["x"]), Row("workerPools[].max", 2), Row("services.scheduler.count", 2)]
        forth, back = Bench(Stack, {}, rows, FORTH), Bench(Stack, {}, rows, BACK)
        self.assertEqual(forth.change(rows[0]), {"tags": {"team": "data"}})
        self.assertEqual(forth.change(rows[1]), {"workerPools": [{"name": "default", "max": 1, "policyArns": ["x"]}]})
        self.assertEqual(back.live()["tags"], {"team": "data"})
        self.assertEqual(back.change(rows[0]), {"tags": {}})
        self.assertEqual(back.change(rows[1]), {"workerPools": [{"name": "default", "max": 2}]})
        self.assertEqual(back.change(rows[3])["services"]["scheduler"]["count"], 1)
        self.assertEqual(forth.change(rows[3])["services"]["scheduler"]["count"], 2)
