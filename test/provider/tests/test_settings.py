"""The table of settings is whole, and what was tried is what it allows."""

import unittest

from harness import settings
from harness.settings import BACK, FORTH, Row

SERVICE = "aws:ecs/service:Service"


class Table(unittest.TestCase):
    def test_every_setting_has_a_row_and_no_row_is_of_none(self):
        declared, rows = settings.declared(), settings.table()[1]
        self.assertGreater(len(declared), 100)
        # A map or list in a stack's file that Pulumi.yaml leaves empty or whole may have a row, too.
        tried = {row.set for row in rows}
        self.assertEqual([path for path in declared if path not in tried], [], "a setting without a row in test/provider/settings.yaml")
        self.assertEqual([path for path in tried if not any(d == path or d.startswith((path + ".", path + "[")) for d in declared)], [])
        keys = [row.key() for row in rows]
        self.assertEqual(len(keys), len(set(keys)))

    def test_every_row_says_what_it_must(self):
        for row in settings.table()[1]:
            self.assertTrue(row.untried or row.to is not None, row.set)
            for may in row.may:
                self.assertTrue(may["step"] and may["why"] and may["lost"], row.set)

    def test_what_happened_is_what_the_table_allows(self):
        rows = settings.table()[1]
        faults = settings.judged(rows, settings.load())
        self.assertEqual([fault for fault in faults if not fault.endswith(": not tried")], [])
        unused = [
            f"{row.key()}: {may['step']}" for row in rows for may in row.may
            if not any(settings.fnmatch.fnmatchcase(step, may["step"]) for steps in settings.load().get(row.key(), {}).values() for step in steps)
            and all(way in settings.load().get(row.key(), {}) for way in row.ways())
        ]  # fmt: skip
        self.assertEqual(unused, [], "losses that no run shows: take them out of the table")
        if faults:
            self.skipTest(f"{len(faults)} ways were not tried yet (test/provider/run.py settings), such as {faults[0]}")

    def test_the_page_is_of_the_last_run(self):
        rows = settings.table()[1]
        self.assertEqual(settings.PAGE.read_text(encoding="utf-8"), settings.page(rows, settings.load()), "test/provider/run.py settings --page")


class Judgement(unittest.TestCase):
    def test_losses_and_swallowed_changes_are_faults(self):
        row = Row("files.oneZone", "")
        self.assertEqual(row.faults([f"update {SERVICE} worker"], FORTH), [])
        self.assertEqual(row.faults([], FORTH), ["files.oneZone, forth: swallowed: no step"])
        for step in (f"replace {SERVICE} worker", f"delete {SERVICE} worker", "swallowed aws:efs/fileSystem:FileSystem files availabilityZoneName"):
            self.assertEqual(row.faults([step], BACK), [f"files.oneZone, back: {step}"])
        self.assertEqual(row.faults(["replace aws:ecs/taskDefinition:TaskDefinition worker", "later aws:ec2/vpcEndpoint:VpcEndpoint s3 x"], FORTH), [])

    def test_a_loss_is_allowed_for_its_way_alone(self):
        row = Row("broker.engineVersion", "8.0", may=[{"way": BACK, "step": "replace aws:elasticache/*", "why": "-", "lost": "-"}])
        step = "replace aws:elasticache/replicationGroup:ReplicationGroup broker"
        self.assertEqual(row.faults([step], BACK), [])
        self.assertEqual(row.faults([step], FORTH), [f"broker.engineVersion, forth: {step}"])

    def test_nothing_is_nothing(self):
        row = Row("login.privatePath", "vpn", nothing="only checked")
        self.assertEqual(row.faults([], FORTH), [])
        self.assertEqual(row.faults([f"update {SERVICE} worker"], FORTH), [f"login.privatePath, forth: nothing was to happen, and there are 1 steps, such as update {SERVICE} worker"])

    def test_values_find_their_place(self):
        stack = {"services": {"exec": True}, "workerPools": [{"name": "a", "max": 1}, {"name": "b", "max": 1}]}
        self.assertEqual(settings.placed(stack, "services.scheduler.cpu", 512), {"services": {"scheduler": {"cpu": 512}}})
        self.assertEqual(settings.placed(stack, "workerPools[].max", 2), {"workerPools": [{"name": "a", "max": 2}, {"name": "b", "max": 1}]})
        self.assertEqual(settings.present(stack, "workerPools[].max"), 1)
        self.assertIsNone(settings.present(stack, "services.scheduler.cpu"))
