"""The Celery application of the tests: Airflow's own Celery settings that matter
to how a worker takes and holds work."""

import os
import subprocess

from celery import Celery
from kombu.transport.redis import Channel

app = Celery("app", broker=os.environ["TEST_BROKER"])
app.conf.update(
    task_acks_late=True,
    worker_prefetch_multiplier=1,
    task_default_queue="default",
    task_ignore_result=True,
    broker_connection_retry_on_startup=True,
    broker_transport_options={"visibility_timeout": 86400},
    worker_pool=os.environ["TEST_POOL"],
    worker_soft_shutdown_timeout=float(os.environ.get("TEST_SOFT_SHUTDOWN", "0")),
)


@app.task
def nap(seconds):
    """Runs in a child of the pool's process, as Airflow's tasks do."""
    subprocess.run(["sleep", str(seconds)], check=True)


@app.task
def work():
    """Runs until the test ends it, however long that takes."""
    subprocess.run(["sh", "-c", f"until [ -e {os.environ['TEST_END']} ]; do sleep 0.1; done"], check=True)


# A worker that reconnects, answers every command, lists its queues and never
# takes a message again, as in apache/airflow#26542: made on demand.
_brpop_start = Channel._brpop_start


def _catatonic(self, timeout=None):
    if not os.path.exists(os.environ["TEST_CATATONIC"]):
        return _brpop_start(self, timeout)


Channel._brpop_start = _catatonic
