"""A task that outlives the time a container gets to stop (120 s at most on Fargate).

A worker that is told to stop hands the message back to the queue, so the task
starts over elsewhere: whatever it does must bear that. The retry is its price.
"""

from __future__ import annotations

import time

import pendulum

from airflow.sdk import Param, dag, get_current_context, task


@dag(
    schedule=None,
    start_date=pendulum.datetime(2026, 1, 1),
    catchup=False,
    tags=["pack"],
    params={"seconds": Param(180, type="integer", minimum=1, description="how long the task takes")},
)
def long():
    @task(retries=3, retry_delay=pendulum.duration(seconds=5))
    def work() -> None:
        seconds = get_current_context()["params"]["seconds"]
        for second in range(seconds):
            if second % 10 == 0:
                print(f"second {second} of {seconds}")
            time.sleep(1)
        print("finished")

    work()


long()
