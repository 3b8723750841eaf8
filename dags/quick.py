"""One task after another, done in seconds: the canary of a deployment."""

from __future__ import annotations

import pendulum

from airflow.sdk import dag, task


@dag(schedule=None, start_date=pendulum.datetime(2026, 1, 1), catchup=False, tags=["pack", "canary"])
def quick():
    @task
    def hello() -> str:
        print("hello from quick")
        return "hello"

    @task
    def done(word: str) -> None:
        print(f"{word} has arrived")

    done(hello())


quick()
