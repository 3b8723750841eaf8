"""Celery's results in the broker, so that its absence ends nobody (docs/adr/0047).

Celery's own backend lets the scheduler's loop fail, and so the scheduler end, while the
broker can't be asked; subscribes to each task that is queued, for an answer that Airflow
never waits for; and gives a result up when its first question isn't answered: its
retries are for the write alone. Chosen by Celery's setting override_backends.
"""

import logging

from celery.backends.redis import RedisBackend
from redis.exceptions import OutOfMemoryError, ReadOnlyError

log = logging.getLogger(__name__)

# Seconds. Without it a broker whose host doesn't answer holds the scheduler's loop for
# minutes, and the scheduler is replaced for its silence.
CONNECT_SECONDS = 5


class Results(RedisBackend):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.always_retry = True
        self.connparams["socket_connect_timeout"] = CONNECT_SECONDS

    def on_task_call(self, producer, task_id):
        """Nothing: the executor asks for many results at once."""

    def mget(self, keys):
        """Results by key; of those that can't be asked for, none yet."""
        try:
            return super().mget(keys)
        except self.connection_errors as fault:
            log.warning("the broker can't be asked for results, the next loop asks again: %s", type(fault).__name__)
            return [None] * len(keys)

    def exception_safe_to_retry(self, exc):
        """Besides what Celery tries again: a primary that became a replica, and a full broker."""
        return super().exception_safe_to_retry(exc) or isinstance(exc, (ReadOnlyError, OutOfMemoryError))
