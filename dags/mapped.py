"""As many tasks as an earlier task finds, and one that adds up their answers."""

from __future__ import annotations

import pendulum

from airflow.sdk import dag, task


@dag(
    schedule=None,
    start_date=pendulum.datetime(2026, 1, 1),
    catchup=False,
    tags=["pack"],
    default_args={"retries": 2, "retry_delay": pendulum.duration(seconds=10)},
)
def mapped():
    @task
    def numbers() -> list[int]:
        return [1, 2, 3, 4]

    @task
    def square(number: int) -> int:
        print(f"{number} squared")
        return number * number

    @task
    def total(squares: list[int]) -> None:
        result = sum(squares)
        if result != 30:
            raise ValueError(f"1+4+9+16 is 30, not {result}")
        print(f"total {result}")

    total(square.expand(number=numbers()))


mapped()
