"""One task for the default queue, one for the pool of workers that serves `heavy`.

A queue is served only where a worker pool of the stack names it; on a stack
without one the second task stays queued, so this DAG is for stacks that have it.
"""

from __future__ import annotations

import pendulum

from airflow.sdk import dag, task


@dag(schedule=None, start_date=pendulum.datetime(2026, 1, 1), catchup=False, tags=["pack"])
def routed():
    @task
    def light() -> None:
        print("on the default queue")

    @task(queue="heavy")
    def heavy() -> None:
        print("on the queue heavy")

    light() >> heavy()


routed()
