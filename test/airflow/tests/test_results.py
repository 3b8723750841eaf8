"""The image's result backend: the broker's absence ends neither the scheduler's loop nor loses a result."""

import json
import shutil
import subprocess
import time
import unittest

from rehearsal.image import DOCKER

from .support import free_port, image_python

CONFIG = """
import json, os, time
from celery import Celery
url = os.environ["URL"]
app = Celery("airflow", config_source={"broker_url": url, "result_backend": url, "override_backends": {"redis": "airflow_fargate.results:Results"}})
"""
# What the executor does (BulkStateFetcher), with nobody there.
AWAY = CONFIG + """
began = time.monotonic()
values = app.backend.mget([app.backend.get_key_for_task(name) for name in ("a", "b")])
print(json.dumps([type(app.backend).__name__, values, time.monotonic() - began < 15]))
"""
# A task's end, while the broker is away: READY tells that it was tried.
END = CONFIG + """
print("READY", flush=True)
app.backend.store_result("a", None, "SUCCESS")
print(json.dumps([app.backend.get_task_meta("a")["status"], app.backend.client.ttl(app.backend.get_key_for_task("a"))]))
"""
QUEUE = CONFIG + """
@app.task(name="t")
def t(): pass
for _ in range(5):
    t.apply_async()
print(json.dumps([app.backend.client.pubsub_channels(), app.backend.client.llen("celery")]))
"""


@unittest.skipUnless(shutil.which("redis-server"), "needs redis-server: apt-get install redis-server")
class Results(unittest.TestCase):
    LINE = "3.1"

    def setUp(self):
        self.python, self.port = image_python(self.LINE), free_port()

    def start(self, *more: str):
        server = subprocess.Popen(
            ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", *more], stdout=subprocess.DEVNULL
        )
        self.addCleanup(lambda: (server.kill(), server.wait()))
        return server

    def popen(self, script: str):
        environment = {"PYTHONPATH": str(DOCKER / "python"), "URL": f"redis://127.0.0.1:{self.port}/0"}
        return subprocess.Popen([self.python, "-c", script], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def answer(self, process):
        out, err = process.communicate(timeout=180)
        self.assertEqual(process.returncode, 0, err[-2000:])
        return json.loads(out.splitlines()[-1])

    def test_no_answer_is_no_news(self):
        self.assertEqual(self.answer(self.popen(AWAY)), ["Results", [None, None], True])

    def test_a_result_outlasts_the_brokers_absence(self):
        process = self.popen(END)
        self.assertEqual(process.stdout.readline(), "READY\n")
        time.sleep(3)
        self.assertIsNone(process.poll(), "it gave the result up")
        self.start()
        status, ttl = self.answer(process)
        self.assertEqual(status, "SUCCESS")
        self.assertIn(ttl, range(86000, 86401), "a day: results that nobody asks for go by themselves")

    def test_a_result_outlasts_a_replica_and_a_full_broker(self):
        for setting, wrong, right in (("replicaof", ["127.0.0.1", "1"], ["no", "one"]), ("maxmemory", ["1"], ["0"])):
            with self.subTest(setting):
                server = self.start()
                cli = lambda *words: subprocess.run(["redis-cli", "-p", str(self.port), *words], check=True, capture_output=True)
                for _ in range(600):
                    if subprocess.run(["redis-cli", "-p", str(self.port), "ping"], capture_output=True).stdout == b"PONG\n":
                        break
                    time.sleep(0.1)
                change = (lambda *values: cli("replicaof", *values)) if setting == "replicaof" else (lambda *values: cli("config", "set", setting, *values))
                change(*wrong)
                process = self.popen(END)
                self.assertEqual(process.stdout.readline(), "READY\n")
                time.sleep(2)
                self.assertIsNone(process.poll(), "it gave the result up")
                change(*right)
                self.assertEqual(self.answer(process)[0], "SUCCESS")
                server.kill()
                server.wait()

    def test_queued_tasks_are_not_subscribed_to(self):
        self.start()
        self.assertEqual(self.answer(self.popen(QUEUE)), [[], 5])


class ResultsOf33(Results):
    LINE = "3.3"


if __name__ == "__main__":
    unittest.main()
