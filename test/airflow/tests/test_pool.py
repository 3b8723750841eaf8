"""The image's pool of processes is for one form of Celery's, and needed for as long as that is so."""

import json
import subprocess
import unittest

from rehearsal.image import DOCKER

from .support import image_python

# What the pool was written for (docker/airflow/python/airflow_fargate/pool.py). On a
# mismatch: read the new AsynPool.flush. Does it still clear the table of jobs when no
# writer is active? Then renew these two, when the agent's tests pass
# (TestABrokerRestartIsNotTheWorkersFault, TestCelerysOwnPoolForgetsWhatRuns). Else the
# pool and docs/adr/0045 can go. 5.6.3 keeps what runs, and forgets what lies in a process's
# pipe and which processes are busy.
CELERY = {"3.1": "5.6.2", "3.3": "5.6.3"}
FLUSH = {"3.1": "f9ec2ca7f23cdac0", "3.3": "7315a8aaaf155e0c"}
LOOK = """
import hashlib, inspect, json, celery
from airflow_fargate import pool
from celery.concurrency import asynpool, prefork
print(json.dumps({
    "celery": celery.__version__,
    "flush": hashlib.sha256(inspect.getsource(asynpool.AsynPool.flush).encode()).hexdigest()[:16],
    "pool": [pool.TaskPool.__mro__[1] is prefork.TaskPool, pool.TaskPool.Pool is pool.AsynPool, prefork.TaskPool.Pool is asynpool.AsynPool],
}))
"""
# A broker's connection breaks while one job runs, one waits in a process's pipe, and one was given to none.
BREAK = """
import json, types
from airflow_fargate.pool import AsynPool

def job(process=None, accepted=False, alive=True, ready=False):
    given = process and types.SimpleNamespace(inqW_fd=process, exitcode=9, _is_alive=lambda: alive)
    said = types.SimpleNamespace(_write_to=given, _accepted=accepted, ready=lambda: ready)
    said.discard = lambda: pool._cache.pop(next(number for number, job in pool._cache.items() if job is said))
    return said

pool = object.__new__(AsynPool)
pool._state, pool.synack, pool.outbound_buffer = 0, False, []
pool._active_writers, pool._active_writes, pool._busy_workers, lost = set(), set(), {3, 4, 5}, []
pool.maintain_pool = lambda: None
pool.mark_as_worker_lost = lambda job, code: lost.append(code)
pool._cache = {"runs": job(3, True), "in the pipe": job(4), "waits": job(), "died": job(5, True, alive=False)}
pool.flush()
print(json.dumps([sorted(pool._cache), sorted(pool._busy_workers), lost]))
"""


class Pool(unittest.TestCase):
    LINE = "3.1"

    def run_in_image(self, script: str):
        done = subprocess.run([image_python(self.LINE), "-c", script], env={"PYTHONPATH": str(DOCKER / "python")}, capture_output=True, text=True, timeout=300)
        self.assertEqual(done.returncode, 0, done.stderr[-2000:])
        return json.loads(done.stdout)

    def test_celery_is_the_one_that_the_pool_was_written_for(self):
        self.assertEqual(self.run_in_image(LOOK), {"celery": CELERY[self.LINE], "flush": FLUSH[self.LINE], "pool": [True, True, True]})

    def test_jobs_that_a_process_was_given_are_kept(self):
        self.assertEqual(self.run_in_image(BREAK), [["died", "in the pipe", "runs"], [3, 4], [9]])


class PoolOf33(Pool):
    LINE = "3.3"


if __name__ == "__main__":
    unittest.main()
