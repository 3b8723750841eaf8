import pendulum
from hostile_probe import Hostile, look, tell

from airflow.sdk import BaseOperator, dag, task


class Wait(BaseOperator):
    def execute(self, context):
        self.defer(trigger=Hostile(context["dag_run"].conf), method_name="told")

    def told(self, context, event=None):
        print(tell(event))


@dag(schedule=None, start_date=pendulum.datetime(2026, 1, 1), catchup=False)
def hostile():
    @task
    def probe(**context):
        print(tell(look(context["dag_run"].conf, "worker", str(context["ti"].id))))

    probe() >> Wait(task_id="wait")


hostile()
