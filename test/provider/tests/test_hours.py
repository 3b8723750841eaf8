"""Runs the state machine of off-hours, as components declares it, in moto's interpreter of Amazon States Language.

The definition is components/testdata/hours.json, which a Go test compares with the program's. Only the
times are shorter, and errors of the scheduler are spelt as the interpreter spells them.
"""

import json
import os
import pathlib
import time
import unittest
import uuid

import boto3
from moto import mock_aws
from moto.core.config import default_user_config
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_aws_sdk import StateTaskServiceAwsSdk

ROOT = pathlib.Path(__file__).resolve().parents[3]
PREFIX, REGION, ACCOUNT = "acme-airflow-test", "eu-west-1", "123456789012"
MACHINE = f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:{PREFIX}-hours"
CLUSTER, DATABASE = f"{PREFIX}-cluster", f"{PREFIX}-db"
WORKERS, SCALED, FIXED = [f"{PREFIX}-worker", f"{PREFIX}-worker-heavy"], [f"{PREFIX}-api-server"], [f"{PREFIX}-scheduler"]
DAY = {f"{PREFIX}-worker": (0, 4), f"{PREFIX}-worker-heavy": (1, 2), f"{PREFIX}-api-server": (1, 3), f"{PREFIX}-scheduler": (2, None)}


def shortened(value):
    """The definition with waits of nothing, so that a night takes seconds."""
    if isinstance(value, dict):
        short = {"Seconds": 0, "IntervalSeconds": 1, "MaxAttempts": 1}
        return {key: short.get(key, shortened(inner)) for key, inner in value.items()}
    return [shortened(inner) for inner in value] if isinstance(value, list) else value


def definition() -> str:
    text = (ROOT / "components" / "testdata" / "hours.json").read_text(encoding="utf-8")
    return json.dumps(shortened(json.loads(text.replace('"Scheduler.', '"scheduler.'))))


def spelt(shape: str):
    """Step Functions writes DbInstances where the API has DBInstances (its guide, "AWS SDK service integrations"); moto leaves that out."""

    def translate(self, value, boto_service_name=None, service_action_name=None):
        client = boto3.client(self._get_boto_service_name(boto_service_name))
        operation = client.meta.method_to_api_mapping[self._get_boto_service_action(service_action_name)]
        model = getattr(client.meta.service_model.operation_model(operation), f"{shape}_shape")
        if model is not None:
            {"input": self._to_boto_request, "output": self._from_boto_response}[shape](value, model)

    return translate


# The name of the SDK for Java, which Step Functions uses, and boto's.
StateTaskServiceAwsSdk._SERVICE_NAME_SFN_TO_BOTO_OVERRIDES = {
    **StateTaskServiceAwsSdk._SERVICE_NAME_SFN_TO_BOTO_OVERRIDES, "applicationautoscaling": "application-autoscaling",
}  # fmt: skip
StateTaskServiceAwsSdk._normalise_parameters = spelt("input")
StateTaskServiceAwsSdk._normalise_response = spelt("output")


class Hours(unittest.TestCase):
    def setUp(self):
        os.environ |= {"AWS_ACCESS_KEY_ID": "harness", "AWS_SECRET_ACCESS_KEY": "harness", "AWS_DEFAULT_REGION": REGION}
        cloud = mock_aws(config={**default_user_config, "stepfunctions": {"execute_state_machine": True}})
        cloud.start()
        self.addCleanup(cloud.stop)
        self.ecs, self.rds, self.sfn = boto3.client("ecs"), boto3.client("rds"), boto3.client("stepfunctions")
        self.scaling, self.scheduler = boto3.client("application-autoscaling"), boto3.client("scheduler")
        self.alarms = boto3.client("cloudwatch")
        self.ecs.create_cluster(clusterName=CLUSTER)
        self.ecs.register_task_definition(family="x", containerDefinitions=[{"name": "x", "image": "x", "memory": 8}])
        for name, (least, most) in DAY.items():
            self.ecs.create_service(cluster=CLUSTER, serviceName=name, taskDefinition="x", desiredCount=max(least, 1))
            if most:
                self.bound(name, least, most)
        self.rds.create_db_instance(DBInstanceIdentifier=DATABASE, DBInstanceClass="db.t4g.micro", Engine="postgres", AllocatedStorage=20)
        self.alarms.put_metric_alarm(
            AlarmName=f"{PREFIX}-web-down", ComparisonOperator="LessThanThreshold", EvaluationPeriods=1, MetricName="m",
            Namespace="n", Period=60, Threshold=1, Statistic="Sum", ActionsEnabled=True,
        )  # fmt: skip
        role = boto3.client("iam").create_role(RoleName="hours", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
        self.sfn.create_state_machine(name=f"{PREFIX}-hours", definition=definition(), roleArn=role)
        self.role = role

    def bound(self, name: str, least: int, most: int) -> None:
        self.scaling.register_scalable_target(
            ServiceNamespace="ecs", ResourceId=f"service/{CLUSTER}/{name}", ScalableDimension="ecs:service:DesiredCount",
            MinCapacity=least, MaxCapacity=most,
        )  # fmt: skip

    def turn(self, to: str, by: str = "operator") -> str:
        """Runs the machine to its end; returns the end's status."""
        run = self.sfn.start_execution(stateMachineArn=MACHINE, name=uuid.uuid4().hex, input=json.dumps({"to": to, "by": by}))["executionArn"]
        for _ in range(1200):
            told = self.sfn.describe_execution(executionArn=run)
            if told["status"] != "RUNNING":
                self.steps = [e["stateEnteredEventDetails"]["name"] for e in self.sfn.get_execution_history(executionArn=run)["events"] if "stateEnteredEventDetails" in e]
                if told["status"] == "FAILED":
                    self.fail(f"{told.get('error')}: {told.get('cause')}, after {self.steps}")
                return told["status"]
            time.sleep(0.1)
        self.fail("the run doesn't end")

    def override(self, to: str) -> None:
        """What `ops hibernate` and `ops wake` make for their end."""
        self.scheduler.create_schedule(
            Name=f"{PREFIX}-hours-override", ScheduleExpression="at(2030-01-01T06:00:00)", FlexibleTimeWindow={"Mode": "OFF"},
            ActionAfterCompletion="DELETE",
            Target={"Arn": MACHINE, "RoleArn": self.role, "Input": json.dumps({"to": to, "by": "override"})},
        )  # fmt: skip

    def state(self) -> dict:
        services = self.ecs.describe_services(cluster=CLUSTER, services=list(DAY))["services"]
        targets = self.scaling.describe_scalable_targets(ServiceNamespace="ecs")["ScalableTargets"]
        return {
            "tasks": {s["serviceName"]: s["desiredCount"] for s in services},
            "bounds": {t["ResourceId"].rsplit("/", 1)[1]: (t["MinCapacity"], t["MaxCapacity"]) for t in targets},
            "database": self.rds.describe_db_instances()["DBInstances"][0]["DBInstanceStatus"],
            "alarm": self.alarms.describe_alarms()["MetricAlarms"][0]["ActionsEnabled"],
        }

    off = {
        "tasks": dict.fromkeys(DAY, 0), "bounds": dict.fromkeys([*WORKERS, *SCALED], (0, 0)), "database": "stopped", "alarm": False,
    }  # fmt: skip
    on = {
        "tasks": {name: least for name, (least, _) in DAY.items()},
        "bounds": {name: bounds for name, bounds in DAY.items() if bounds[1]}, "database": "available", "alarm": True,
    }  # fmt: skip

    def test_a_night(self):
        self.assertEqual(self.turn("off", "schedule"), "SUCCEEDED")
        self.assertEqual(self.state(), self.off)
        order = [s for s in self.steps if s in ("Quiet alarms", "Workers off", "Busy 1", "Scaled off", "Fixed off", "Stop database")]
        self.assertEqual(order, ["Quiet alarms", "Workers off", "Busy 1", "Scaled off", "Fixed off", "Stop database"])
        self.assertEqual(self.turn("off"), "SUCCEEDED")  # once more: nothing is left to stop
        self.assertEqual(self.state(), self.off)
        self.assertEqual(self.turn("on", "schedule"), "SUCCEEDED")
        self.assertEqual(self.state(), self.on)

    def test_busy_workers_hold_the_rest_until_the_limit(self):
        machine = json.loads(definition().replace('"NumericLessThan": 90', '"NumericLessThan": 3'))
        # A worker that never ends: moto's services run no tasks, so the answer is told here.
        machine["States"]["Busy 1"] = {"Type": "Pass", "Result": {"running": [0, 1]}, "ResultPath": "$.busy", "Next": "Drained 1"}
        self.sfn.update_state_machine(stateMachineArn=MACHINE, definition=json.dumps(machine))
        self.assertEqual(self.turn("off"), "SUCCEEDED")
        self.assertEqual(self.steps.count("Drain 1"), 3)
        self.assertEqual(self.state(), self.off)

    def test_what_runs_by_day_keeps_its_number(self):
        self.ecs.update_service(cluster=CLUSTER, service=WORKERS[0], desiredCount=3)
        self.assertEqual(self.turn("on"), "SUCCEEDED")
        self.assertEqual(self.state()["tasks"][WORKERS[0]], 3)

    def test_an_override_holds_the_schedule_back_one_way(self):
        self.turn("off")
        self.override("on")  # hibernation, until its end
        self.assertEqual(self.turn("on", "schedule"), "SUCCEEDED")
        self.assertEqual((self.state(), self.steps[-1]), (self.off, "Held back"))
        self.rds.start_db_instance(DBInstanceIdentifier=DATABASE)  # as RDS does after seven days
        self.turn("off", "schedule")
        self.assertEqual(self.state(), self.off)
        self.turn("on", "override")
        self.assertEqual(self.state(), self.on)

    def test_a_wrong_way_fails(self):
        with self.assertRaisesRegex(AssertionError, "Input: to is off or on"):
            self.turn("up")
        self.assertTrue(self.state()["alarm"])


if __name__ == "__main__":
    unittest.main()
