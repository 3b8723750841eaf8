"""A message that comes a second time fails nothing, by each line's own task of Celery."""

import subprocess
import tempfile
import unittest

from rehearsal.image import DOCKER

from .support import image_python

# The answer of the api-server to a start comes from a transport of httpx; all else is Airflow's.
DELIVER = """
import datetime, json, sys, uuid, httpx
from celery.signals import worker_init
from airflow.providers.celery.executors import celery_executor_utils as utils
from airflow.sdk.api import client
INSTALL
answer = json.loads(sys.argv[1])
status = answer.pop("status")
fault = client.ServerResponseError.from_response(httpx.Response(status, json={"detail": answer}, request=httpx.Request("PATCH", "http://a/run")))
def refuse(*arguments, **named):
    operations = client.TaskInstanceOperations(type("C", (), {"patch": lambda *a, **n: (_ for _ in ()).throw(fault)})())
    operations.start(uuid.uuid4(), 1, datetime.datetime.now(datetime.timezone.utc))
import airflow.sdk.execution_time.supervisor as supervisor
supervisor.supervise = refuse
if hasattr(supervisor, "supervise_task"):
    supervisor.supervise_task = refuse
from airflow.executors.base_executor import BaseExecutor
if hasattr(BaseExecutor, "run_workload"):
    BaseExecutor.run_workload = refuse
from airflow.executors import workloads
ti = {"id": str(uuid.uuid4()), "dag_version_id": str(uuid.uuid4()), "task_id": "t", "dag_id": "d", "run_id": "r", "try_number": 1, "map_index": -1, "pool_slots": 1, "queue": "default", "priority_weight": 1}
workload = {"token": "x", "ti": ti, "dag_rel_path": "d.py", "bundle_info": {"name": "b", "version": None}, "log_path": "l", "type": "ExecuteTask"}
print("STATE", utils.execute_workload.apply(args=[json.dumps(workload)]).state)
"""
INSTALLED = "import airflow_fargate.pool; worker_init.send(sender=None)"
RUNS = '{"status": 409, "reason": "invalid_state", "message": "m", "previous_state": "running"}'
ENDED = '{"status": 409, "reason": "invalid_state", "message": "m", "previous_state": "success"}'
REFUSED = '{"status": 403, "reason": "invalid_state", "message": "m", "previous_state": "running"}'


class Again(unittest.TestCase):
    LINE, BY_ITSELF = "3.1", "FAILURE"

    def deliver(self, answer: str, install: str = INSTALLED) -> str:
        with tempfile.TemporaryDirectory() as home:
            environment = {"PYTHONPATH": DOCKER / "python", "AIRFLOW_HOME": home, "HOME": home, "PATH": "/usr/bin:/bin"}
            done = subprocess.run([image_python(self.LINE), "-c", DELIVER.replace("INSTALL", install), answer], env=environment, capture_output=True, text=True, timeout=300)
        states = [line.split()[1] for line in done.stdout.splitlines() if line.startswith("STATE")]
        self.assertEqual(len(states), 1, done.stdout + done.stderr)
        return states[0]

    def test_a_task_that_runs(self):
        self.assertEqual(self.deliver(RUNS), "IGNORED")

    def test_by_itself(self):
        """Once 3.1 is gone, so can the module be."""
        self.assertEqual(self.deliver(RUNS, ""), self.BY_ITSELF)

    def test_any_other_answer_fails_as_before(self):
        self.assertEqual([self.deliver(ENDED), self.deliver(REFUSED)], ["FAILURE", "FAILURE"])


class AgainOf33(Again):
    LINE, BY_ITSELF = "3.3", "IGNORED"


if __name__ == "__main__":
    unittest.main()
