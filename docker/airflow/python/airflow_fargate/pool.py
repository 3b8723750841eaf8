"""Celery's pool of processes, which keeps its jobs when the broker's connection breaks.

Celery empties the pool's table of jobs then (AsynPool.flush), also of those that
run: their results find nobody, the worker lists them as active for ever, doesn't
acknowledge their messages, and waits for them when it leaves (celery/celery#8541,
docs/adr/0045). Chosen by Celery's setting worker_pool.
"""

from celery.concurrency import asynpool, prefork

from airflow_fargate import again  # noqa: F401 - with the pool, for every worker


class AsynPool(asynpool.AsynPool):
    def flush(self):
        """Forgets the jobs that no process was given: the broker delivers those again."""
        given = {number: job for number, job in self._cache.items() if job._write_to is not None}
        super().flush()
        kept = {number: job for number, job in given.items() if not job.ready()}
        self._cache.update(kept)
        for job in kept.values():
            if job._write_to._is_alive():
                # Else the next job could be written to this process, and wait behind this one.
                self._busy_workers.add(job._write_to.inqW_fd)
            else:  # it ended while the table was empty
                self.mark_as_worker_lost(job, job._write_to.exitcode)


class TaskPool(prefork.TaskPool):
    Pool = AsynPool
