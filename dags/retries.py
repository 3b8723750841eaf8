"""Two tasks that fail: one recovers at its third try, the other never does.

The run's end state is "failed", as it should be; nothing after `never` runs.
"""

from __future__ import annotations

import pendulum

from airflow.sdk import dag, get_current_context, task


@dag(
    schedule=None,
    start_date=pendulum.datetime(2026, 1, 1),
    catchup=False,
    tags=["pack"],
    default_args={"retries": 2, "retry_delay": pendulum.duration(seconds=2)},
)
def retries():
    @task
    def third_time_lucky() -> None:
        attempt = get_current_context()["ti"].try_number
        if attempt < 3:
            raise RuntimeError(f"try {attempt} fails on purpose")
        print(f"try {attempt} succeeds")

    @task
    def never() -> None:
        raise RuntimeError("this task always fails, on purpose")

    @task
    def unreachable() -> None:
        print("nobody reads this")

    third_time_lucky()
    never() >> unreachable()


retries()
