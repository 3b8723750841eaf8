"""The harness must be able to fail: each check is shown what it has to find."""

import json
import pathlib
import shutil
import sys
import tempfile
import unittest
import unittest.mock

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE.parent / "harness")]  # moto_server is a program of its own

import moto_server  # noqa: E402
from harness import calls, changes, engine, report, scan, tools  # noqa: E402

SERVICE = changes.SERVICE
URN = "urn:pulumi:dev::airflow::airflow:index:Service$aws:ecs/service:Service::"


def events(*entries: dict) -> tuple:
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "events.jsonl"
        path.write_text("\n".join(json.dumps(entry) for entry in entries), encoding="utf-8")
        return engine.read_events(path)


def before(op: str, name: str) -> dict:
    return {"resourcePreEvent": {"metadata": {"op": op, "type": SERVICE, "urn": URN + name, "diffs": ["taskDefinition"]}}}


def after(op: str, name: str) -> dict:
    return {"resOutputsEvent": {"metadata": {"op": op, "type": SERVICE, "urn": URN + name, "detailedDiff": {"taskDefinition": {}}}}}


class Events(unittest.TestCase):
    def test_parts_of_a_replacement_are_one_step(self):
        steps, _, _ = events(before("create-replacement", "a"), before("replace", "a"), before("delete-replaced", "a"), before("same", "b"))
        self.assertEqual([str(s) for s in steps], [f"replace {SERVICE} a (taskDefinition)"])

    def test_a_refresh_is_judged_by_its_end(self):
        steps, _, _ = events(before("refresh", "a"), after("update", "a"), before("refresh", "b"), after("same", "b"))
        self.assertEqual([(s.op, s.name) for s in steps], [("update", "a")])

    def test_failures_and_messages(self):
        steps, failed, messages = events(
            {"resOpFailedEvent": {"metadata": {"urn": URN + "a"}}},
            {"diagnosticEvent": {"severity": "error", "message": "no\n", "urn": URN + "a"}},
            {"diagnosticEvent": {"severity": "warning", "message": "using x from $PATH"}},
        )
        self.assertEqual((steps, failed, messages), ([], [URN + "a"], ["error: a no"]))


class Expectations(unittest.TestCase):
    change = changes.Change("t", {}, changes.rolled("a"))

    def test_what_is_expected_passes(self):
        steps = [engine.Step("replace", changes.TASKS, "a"), engine.Step("update", SERVICE, "a")]
        self.assertEqual(self.change.faults(steps), [])

    def test_replacing_a_service_is_a_fault(self):
        steps = [engine.Step("replace", changes.TASKS, "a"), engine.Step("replace", SERVICE, "a")]
        self.assertEqual(len(self.change.faults(steps)), 2)  # not expected, and the update did not happen

    def test_another_service_is_a_fault(self):
        steps = [engine.Step("replace", changes.TASKS, "a"), engine.Step("update", SERVICE, "a"), engine.Step("update", SERVICE, "b")]
        self.assertEqual(self.change.faults(steps), [f"not expected: update {SERVICE} b"])


class Settings(unittest.TestCase):
    def test_maps_merge_and_lists_are_replaced(self):
        base = {"a": {"x": 1, "y": [1, 2]}}
        self.assertEqual(engine.merged(base, {"a": {"y": [3]}}), {"a": {"x": 1, "y": [3]}})
        self.assertEqual(base, {"a": {"x": 1, "y": [1, 2]}})


class Scans(unittest.TestCase):
    finding = scan.Finding("R1", "dev aws_x.y", "says")

    def suppression(self, rule="R1", resource="dev *"):
        return scan.Suppression(rule, resource, "reason", "owner")

    def test_an_open_finding_fails(self):
        text, clean = scan.conclude([scan.Result("s", 1, [self.finding])], [])
        self.assertFalse(clean)
        self.assertIn("scan: 1 passed, 1 failed, 0 suppressed", text)

    def test_a_suppressed_one_does_not(self):
        text, clean = scan.conclude([scan.Result("s", 1, [self.finding])], [self.suppression()])
        self.assertTrue(clean)
        self.assertIn("1 passed, 0 failed, 1 suppressed", text)

    def test_another_stack_is_not_covered(self):
        self.assertFalse(scan.conclude([scan.Result("s", 0, [self.finding])], [self.suppression(resource="prod *")])[1])

    def test_a_stale_suppression_fails(self):
        text, clean = scan.conclude([scan.Result("s", 1)], [self.suppression()])
        self.assertFalse(clean)
        self.assertIn("STALE", text)

    def test_but_not_while_a_scanner_is_skipped(self):
        self.assertTrue(scan.conclude([scan.Result("s", 1), scan.Result("t", skipped="none")], [self.suppression()])[1])

    def test_every_suppression_says_why_and_who(self):
        for s in scan.suppressions():
            self.assertTrue(len(s.reason) > 8 and s.owner and " " in s.resource + " ", s)


class Calls(unittest.TestCase):
    reasons = [
        {"roles": ["worker-task", "worker-*-task"], "actions": ["s3:PutObject"], "resource": "logs", "calls": ["s3 PUT"]},
        {"roles": ["dagsync-task"], "actions": ["s3:GetObject"], "resource": "dags", "calls": ["s3 GET"]},
    ]

    def row(self, role, method):
        return {"role": role, "service": "s3", "method": method, "calls": 3}

    def test_roles_are_told_apart(self):
        unexplained, unused = calls.compare(self.reasons, [self.row("pathwaiairflowdevworkerheavytask", "PUT")])
        self.assertEqual((unexplained, len(unused)), ([], 1))

    def test_a_call_without_a_permission_is_found(self):
        unexplained, _ = calls.compare(self.reasons, [self.row("pathwaiairflowdevdagsynctask", "PUT")])
        self.assertEqual(len(unexplained), 1)


class Digest(unittest.TestCase):
    @unittest.skipUnless(shutil.which("go"), "no Go toolchain")
    def test_it_is_of_all_that_the_programs_import_from_here(self):
        names = {str(path.relative_to(tools.ROOT)) for path in tools.program_sources()}
        self.assertLessEqual({"main.go", "bootstrap/main.go", "internal/scaling/generate.go", "config/config.go", "go.mod", "go.sum", "Pulumi.dev.yaml", "Pulumi.yaml", "bootstrap/Pulumi.yaml"}, names)
        self.assertFalse([name for name in names if name.endswith("_test.go") or name.startswith(("agent/", "tools/", "internal/simcloud/"))])

    def test_it_tells_a_change_and_a_new_name(self):
        with tempfile.TemporaryDirectory() as folder, unittest.mock.patch.object(tools, "ROOT", pathlib.Path(folder)):
            digests = set()
            for name, text in (("a.go", "x"), ("a.go", "y"), ("b.go", "x")):
                path = pathlib.Path(folder) / name
                path.write_text(text, encoding="utf-8")
                with unittest.mock.patch.object(tools, "program_sources", lambda programs, path=path: [path]):
                    digests.add(tools.program_digest())
            self.assertEqual(len(digests), 3)


class Server(unittest.TestCase):
    def test_calls_are_named_in_all_protocols(self):
        scope = "AWS4-HMAC-SHA256 Credential=KEY/20260101/us-east-1/ecs/aws4_request, SignedHeaders=host"
        base = {"PATH_INFO": "/", "REQUEST_METHOD": "POST", "HTTP_AUTHORIZATION": scope}
        target = moto_server.describe({**base, "HTTP_X_AMZ_TARGET": "AmazonEC2ContainerServiceV20141113.CreateService"})
        self.assertEqual((target["key"], target["service"], target["action"]), ("KEY", "ecs", "CreateService"))
        rest = moto_server.describe({**base, "QUERY_STRING": "Action=DescribeVpcs&Version=1"})
        self.assertEqual(rest["action"], "DescribeVpcs")

    def test_a_call_that_was_tried_again_is_told_with_its_answers(self):
        base = {"PATH_INFO": "/", "REQUEST_METHOD": "POST", "QUERY_STRING": "Action=AuthorizeSecurityGroupIngress"}
        lines = [moto_server.describe({**base, "HTTP_AMZ_SDK_INVOCATION_ID": call}) | {"service": "ec2", "status": status} for call, status in (("one", 200), ("two", 200), ("one", 400), ("", 200), ("", 200))]
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "calls.jsonl"
            path.write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
            self.assertEqual(report.tried_again(path), ["ec2 AuthorizeSecurityGroupIngress: 200, 400"])


class Shares(unittest.TestCase):
    def test_what_was_planned_and_not_made_lowers_the_share(self):
        plan = engine.Outcome("p", 0, 0, [engine.Step("create", SERVICE, "a"), engine.Step("create", SERVICE, "b")], [], [], "")
        state = {"deployment": {"resources": [{"urn": URN + "a", "custom": True}]}}
        self.assertIn("exercised: 1 of 2 AWS resources (50.0 %)", report.Share.of(plan, state, []).table())


if __name__ == "__main__":
    unittest.main()
