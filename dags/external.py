"""Waits for the run of `quick` with the same logical date, without holding a worker.

The sensor is deferrable: while it waits, the triggerer looks, and the worker's
slot is free.
"""

from __future__ import annotations

import pendulum

from airflow.providers.standard.sensors.external_task import ExternalTaskSensor
from airflow.sdk import dag, task


@dag(schedule=None, start_date=pendulum.datetime(2026, 1, 1), catchup=False, tags=["pack"])
def external():
    @task
    def after() -> None:
        print("quick was seen to succeed")

    ExternalTaskSensor(
        task_id="wait_for_quick",
        external_dag_id="quick",
        allowed_states=["success"],
        failed_states=["failed"],
        deferrable=True,
        poke_interval=2,
        timeout=600,
    ) >> after()


external()
