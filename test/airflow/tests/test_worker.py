"""A worker of each line starts, and is ready for tasks, without a database."""

import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

from rehearsal.image import DOCKER

from .support import free_port, image_python

ENTRYPOINT = (DOCKER / "bin" / "entrypoint").read_text()
NO_DATABASE = re.search(r'^NO_DATABASE = "(.+)"$', ENTRYPOINT, re.M).group(1)


@unittest.skipUnless(shutil.which("redis-server"), "needs redis-server: apt-get install redis-server")
class Worker(unittest.TestCase):
    LINE = "3.1"

    def test_without_a_database(self):
        python, port = image_python(self.LINE), free_port()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        home = pathlib.Path(folder.name)
        server = subprocess.Popen(["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", home], stdout=subprocess.DEVNULL)
        self.addCleanup(lambda: (server.kill(), server.wait()))
        url = f"redis://127.0.0.1:{port}/0"
        environment = {
            "AIRFLOW_HOME": str(home), "HOME": str(home), "PATH": f"{pathlib.Path(python).parent}:/usr/bin:/bin", "PYTHONPATH": str(DOCKER / "python"), "C_FORCE_ROOT": "1",
            "AIRFLOW__CORE__EXECUTOR": "CeleryExecutor", "AIRFLOW__CORE__LOAD_EXAMPLES": "False", "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": NO_DATABASE,
            "AIRFLOW__CELERY__BROKER_URL": url, "AIRFLOW__CELERY__RESULT_BACKEND": url, "AIRFLOW__CELERY__WORKER_CONCURRENCY": "1",
            "AIRFLOW__CELERY__EXTRA_CELERY_CONFIG": '{"override_backends":{"redis":"airflow_fargate.results:Results"}}',
            "AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT": str(free_port()),
        }  # fmt: skip
        log = home / "worker.log"
        with open(log, "w") as out:
            worker = subprocess.Popen([python, "-m", "airflow", "celery", "worker", "--skip-serve-logs"], env=environment, stdout=out, stderr=out, start_new_session=True)
        self.addCleanup(lambda: worker.poll() is None and os.killpg(worker.pid, signal.SIGKILL))
        until = time.monotonic() + 300
        while " ready." not in log.read_text() and worker.poll() is None and time.monotonic() < until:
            time.sleep(0.5)
        self.assertIn(" ready.", log.read_text(), log.read_text()[-2000:])
        # Airflow wants to note in the database that it was started, and says why it can't.
        self.assertRegex(log.read_text(), "Failed to log action .*/workers-have-no-database/.s.PGSQL.5432")
        worker.send_signal(signal.SIGTERM)
        self.assertEqual(worker.wait(180), 0, log.read_text()[-2000:])


class WorkerOf33(Worker):
    LINE = "3.3"


if __name__ == "__main__":
    unittest.main()
