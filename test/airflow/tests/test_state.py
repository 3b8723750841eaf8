"""The reader of Pulumi's state, and the rules of the load balancer."""

import json
import pathlib
import tempfile
import unittest

from rehearsal import web
from rehearsal.fargate import _without
from rehearsal.state import State, StateError

from . import fixture


def state(resources: list[dict] | None = None) -> State:
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "state.json"
        path.write_text(json.dumps({"deployment": {"resources": fixture.resources() if resources is None else resources}}))
        return State(path)


class Reader(unittest.TestCase):
    def test_services_and_containers(self):
        found = state()
        self.assertEqual(set(found.services), {"api-server", "scheduler", "dag-processor", "triggerer", "worker", "dagsync"})
        worker = found.services["worker"].definition.containers["worker"]
        self.assertEqual(worker.depends, [("wait", "SUCCESS")])
        self.assertEqual((worker.stop_timeout, worker.user, worker.repository), (120, "50000:0", "worker"))
        self.assertTrue(worker.read_only and worker.init and worker.essential)

    def test_secrets(self):
        found = state()
        self.assertEqual(found.secret(fixture.value_from("jwt-secret", "sign")), "j" * 96)
        self.assertIn("sslmode=verify-full", found.secret(fixture.value_from("database-url", "sync")))
        self.assertEqual(found.one("aws:rds/instance:Instance")["password"], fixture.PASSWORD)
        for wrong in (fixture.value_from("nothing"), fixture.value_from("jwt-secret") + "x", fixture.value_from("database-url", "none")):
            with self.subTest(wrong), self.assertRaises(StateError) as caught:
                found.secret(wrong)
            self.assertIn(wrong, str(caught.exception))

    def test_a_field_called_type_does_not_hide_the_resource(self):
        resources = fixture.resources()
        next(r for r in resources if "route53" in r["type"])["outputs"]["type"] = "A"
        self.assertEqual(state(resources).one("aws:route53/record:Record")["name"], fixture.HOST)

    def test_networks_beyond_the_vpc(self):
        def rule(group, cidr, port):
            return {"type": "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule", "outputs": {"securityGroupId": group, "cidrIpv4": cidr, "fromPort": port}}

        resources = fixture.resources()
        for resource in resources:
            if resource["type"] == "aws:ecs/service:Service":
                resource["outputs"]["networkConfiguration"]["securityGroups"] = ["sg-" + resource["outputs"]["name"].rsplit("-", 1)[1]]
        resources += [
            rule("sg-worker", "172.20.1.0/24", 5432), rule("sg-worker", "172.21.0.0/24", 5432), rule("sg-scheduler", "172.20.2.0/24", 22),
            {"type": "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule", "outputs": {"securityGroupId": "sg-worker", "prefixListId": "pl-1", "fromPort": 443}},
            {"type": "aws:ec2/route:Route", "outputs": {"destinationCidrBlock": "172.20.0.0/16"}},
        ]  # fmt: skip
        found = state(resources)
        self.assertEqual([(str(network), port) for network, port in found.beyond(found.services["worker"])], [("172.20.1.0/24", 5432)], "allowed and routed")
        self.assertEqual(found.beyond(found.services["triggerer"]), [])

    def test_secrets_that_a_role_may_read(self):
        policy = {"Statement": [
            {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"},
            {"Effect": "Allow", "Action": ["secretsmanager:GetSecretValue"], "Resource": [fixture.arn("secretsmanager", "secret:airflow/connections/*")]},
        ]}  # fmt: skip
        found = state(fixture.resources() + [{"type": "aws:iam/rolePolicy:RolePolicy", "outputs": {"role": "test-worker-task", "policy": json.dumps(policy)}}])
        role, read = "arn:aws:iam::123456789012:role/test-worker-task", "secretsmanager:GetSecretValue"
        self.assertTrue(found.may_read_secret(role, read, "airflow/connections/nobody-has-it"))
        for wrong in ((role, read, "airflow/variables/x"), (role, read, "airflow/connections"), (role, "secretsmanager:PutSecretValue", "airflow/connections/x"), (role + "2", read, "airflow/connections/x"), ("", read, "airflow/connections/x")):
            with self.subTest(wrong):
                self.assertFalse(found.may_read_secret(*wrong))

    def test_refuses(self):
        encrypted = fixture.resources()
        encrypted[2]["outputs"]["password"] = {"4dabf18193072939515e22adb298388d": "…", "ciphertext": "v1:x"}
        orphan = [r for r in fixture.resources() if r["type"] != "aws:ecs/taskDefinition:TaskDefinition"]
        host = fixture.resources()
        next(r for r in host if r["type"] == "aws:ecs/taskDefinition:TaskDefinition")["outputs"]["pidMode"] = "host"
        for resources, expected in ((host, "processes of its own"), (encrypted, "--show-secrets"), (orphan, "no task definition"), ([], "no ECS service")):
            with self.subTest(expected), self.assertRaises(StateError) as caught:
                state(resources)
            self.assertIn(expected, str(caught.exception))

    def test_drop(self):
        url = "postgresql://u@h/d?sslmode=verify-full&x=1"
        self.assertEqual(_without(url, "sslmode"), "postgresql://u@h/d?x=1")
        self.assertEqual(_without("postgresql://u@h/d?sslmode=a", "sslmode"), "postgresql://u@h/d")
        self.assertEqual(_without("sslmode=a", "sslmode"), "sslmode=a")
        whole = state(fixture.resources())
        self.assertEqual([whole.mentions(n) for n in ("AIRFLOW__API_AUTH__JWT_SECRET", "sslmode", "AIRFLOW__TYPO")], [True, True, False])


class Rules(unittest.TestCase):
    def test_target_groups(self):
        group = web.TargetGroup({"arn": "g", "healthCheck": {"matcher": "200,300-302"}})
        self.assertEqual([group.accepts(s) for s in (200, 201, 301, 303, 0)], [True, False, True, False, False])
        self.assertIsNone(group.pick())
        group.targets = {("a", 1): 0, ("b", 1): 0}
        self.assertEqual({group.pick() for _ in range(4)}, {("a", 1), ("b", 1)})  # fails open
        group.healthy = {("b", 1)}
        self.assertEqual({group.pick() for _ in range(4)}, {("b", 1)})

    def test_logins_come_first(self):
        actions = [{"type": "forward", "order": 2}, {"type": "authenticate-oidc", "order": 1}]
        self.assertEqual([a["type"] for a in web._in_order(actions)], ["authenticate-oidc", "forward"])
        self.assertEqual(web._in_order([{"type": "forward"}]), [{"type": "forward"}])
