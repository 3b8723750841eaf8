"""A message that comes a second time while its task runs is put aside.

The broker delivers a message again after its visibility timeout, and after a
failover. The api-server answers the second worker 409; in Airflow 3.1 Celery notes
that as the task's failure, and the scheduler fails the task that runs
(apache/airflow#58441). Airflow 3.3 puts such a message aside by itself. Celery is
told by the signal worker_init, before it forks the processes that run tasks.
"""

import functools

from celery.exceptions import Ignore
from celery.signals import worker_init


def runs_already(fault: BaseException) -> bool:
    """Whether the api-server refused a start since the task runs."""
    detail = getattr(fault, "detail", None)
    if isinstance(detail, dict):
        detail = detail.get("detail", detail)  # the answer's body, or what it has under this name
    conflict = getattr(getattr(fault, "response", None), "status_code", 0) == 409
    return conflict and isinstance(detail, dict) and (detail.get("reason"), detail.get("previous_state")) == ("invalid_state", "running")


def put_aside(run):
    @functools.wraps(run)
    def once(*arguments, **named):
        try:
            return run(*arguments, **named)
        except Exception as fault:
            if runs_already(fault):
                print("put aside: the task of this message runs already", flush=True)
                raise Ignore from fault
            raise

    return once


@worker_init.connect
def install(**_):
    from airflow.providers.celery.executors import celery_executor_utils

    celery_executor_utils.execute_workload.run = put_aside(celery_executor_utils.execute_workload.run)
