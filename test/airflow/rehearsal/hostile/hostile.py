import json

import pendulum
from hostile_probe import Hostile, look

from airflow.sdk import BaseOperator, dag, task


class Wait(BaseOperator):
    def execute(self, context):
        self.defer(trigger=Hostile(context["dag_run"].conf), method_name="tell")

    def tell(self, context, event=None):
        print("FOUND", json.dumps(event), "END")


@dag(schedule=None, start_date=pendulum.datetime(2026, 1, 1), catchup=False)
def hostile():
    @task
    def probe(**context):
        print("FOUND", json.dumps(look(context["dag_run"].conf, "worker", str(context["ti"].id))), "END")

    probe() >> Wait(task_id="wait")


hostile()
