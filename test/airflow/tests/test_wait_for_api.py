"""The script that a worker's task begins with: it waits for an execution API that knows what the image's tasks speak."""

import contextlib
import http.server
import importlib.machinery
import importlib.util
import io
import os
import subprocess
import threading
import time
import unittest

from rehearsal.image import DOCKER

from .support import image_python


def load():
    loader = importlib.machinery.SourceFileLoader("wait_for_api", str(DOCKER / "bin" / "wait-for-api"))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("wait_for_api", loader))
    loader.exec_module(module)
    return module


class Api(http.server.BaseHTTPRequestHandler):
    version, status = "", 200

    def do_GET(self):
        self.send_response(self.status)
        if self.version and self.path == "/execution/health":
            self.send_header("Airflow-API-Version", self.version)
        self.end_headers()

    def log_message(self, *_):
        pass


class WaitForApi(unittest.TestCase):
    LINE, SPEAKS = "3.1", "2025-11-05"

    def setUp(self):
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Api)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.addCleanup(self.server.server_close)
        self.addCleanup(self.server.shutdown)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/execution/"

    def say(self, version: str, status: int = 200) -> None:
        Api.version, Api.status = version, status

    def test_what_it_waits_for(self):
        difference = load().difference
        for version, status, told in (
            ("2025-11-05", 200, ""), ("2026-06-30", 200, ""),
            ("2025-09-23", 200, "the execution API is at 2025-09-23, this image's tasks speak 2025-11-05"),
            ("", 200, "the execution API is at no version, this image's tasks speak 2025-11-05"),
            ("2025-11-05", 503, "the execution API can't be asked: HTTP Error 503: Service Unavailable"),
        ):  # fmt: skip
            self.say(version, status)
            self.assertEqual(difference(self.url, "2025-11-05", None), told)
        self.assertIn("the execution API can't be asked: ", difference("http://127.0.0.1:1/execution/", "2025-11-05", None))

    def test_one_answer_is_not_believed(self):
        """As long as an old api-server is left, the load balancer asks it as well."""
        module = load()
        module.POLL_SECONDS = module.BETWEEN_SECONDS = 0
        answers = ["", *[""] * 6, "old", "", "old", *[""] * 8]
        asked = iter(answers)
        with contextlib.redirect_stdout(io.StringIO()) as said:
            self.assertEqual(module.wait(lambda: next(asked)), 0)
        self.assertEqual(list(asked), [], "the last eight are enough, and needed")
        self.assertEqual(said.getvalue(), "wait-for-api: waiting: old\nwait-for-api: the execution API knows what this image's tasks speak\n")

    def test_gives_up(self):
        module = load()
        module.GIVE_UP_SECONDS = module.POLL_SECONDS = 0
        with contextlib.redirect_stdout(io.StringIO()) as said:
            self.assertEqual(module.wait(lambda: "old"), 1)
        self.assertEqual(said.getvalue(), "wait-for-api: giving up after 0 minutes: old\n")

    def test_the_image_waits_for_its_own_version(self):
        self.say("2025-01-01")
        process = subprocess.Popen(
            [image_python(self.LINE), DOCKER / "bin" / "wait-for-api"], env={**os.environ, "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": self.url},
            stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        self.addCleanup(process.kill)
        self.assertEqual(process.stdout.readline(), f"wait-for-api: waiting: the execution API is at 2025-01-01, this image's tasks speak {self.SPEAKS}\n")
        time.sleep(1)
        self.assertIsNone(process.poll())
        self.say(self.SPEAKS)
        self.assertEqual(process.communicate(timeout=120)[0], "wait-for-api: the execution API knows what this image's tasks speak\n")
        self.assertEqual(process.returncode, 0)


class WaitForApiOf33(WaitForApi):
    LINE, SPEAKS = "3.3", "2026-06-30"


if __name__ == "__main__":
    unittest.main()
