"""Deletes what is older than the retention from Airflow's own tables, every night.

The number of days is the stack's: AIRFLOW_DB_RETENTION_DAYS on the workers.
Airflow takes its database away from tasks (SQL_ALCHEMY_CONN is replaced in every
task process), so the image's program cleanup gets the address under a name of
its own. An alarm tells when it is late: cleanup-late.
"""

from __future__ import annotations

import os

import pendulum

from airflow.sdk import dag, task

URL = "AIRFLOW_HOUSEKEEPING_DATABASE_URL"


@dag(
    schedule="17 3 * * *",
    start_date=pendulum.datetime(2026, 1, 1),
    catchup=False,
    max_active_runs=1,
    is_paused_upon_creation=False,  # retention must not wait for somebody to think of it
    tags=["pack", "housekeeping"],
)
def housekeeping():
    @task.bash(retries=2, retry_delay=pendulum.duration(minutes=5), append_env=True)
    def clean() -> str:
        if not os.environ.get(URL):
            raise ValueError(f"{URL} is not set on this worker: which database is to be cleaned?")
        # The address stays in the environment: neither the log nor the process list shows it.
        return f'AIRFLOW__DATABASE__SQL_ALCHEMY_CONN="${URL}" /opt/airflow/bin/cleanup'

    clean()


housekeeping()
