"""Files of the image that must agree with each other."""

import dataclasses
import importlib.machinery
import importlib.util
import re
import subprocess
import sys
import threading
import unittest
from http.server import BaseHTTPRequestHandler, HTTPServer

from rehearsal import image
from rehearsal.image import DOCKER, PROJECT


def healthcheck():
    loader = importlib.machinery.SourceFileLoader("healthcheck", str(DOCKER / "bin" / "healthcheck"))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("healthcheck", loader))
    loader.exec_module(module)
    return module


class Answer(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if self.path == "/well" else 503)
        self.end_headers()
        self.wfile.write(b"said")

    def log_message(self, *_):
        pass


class Files(unittest.TestCase):
    def test_dockerfile(self):
        text = (DOCKER / "Dockerfile").read_text()
        bases = set(re.findall(r"^FROM (\S+@sha256:[0-9a-f]{64}) ", text, re.M))
        self.assertEqual(len(bases), 1, "every stage starts from the same digest")
        targets = re.findall(r"^FROM airflow AS (\S+)$", text, re.M)
        self.assertEqual(targets, ["web", "scheduler", "dag-processor", "triggerer", "worker"])
        self.assertEqual(image.dockerfile_setting("USER"), "50000:0")
        for role in re.findall(r'healthcheck", "([^"]+)"', text):
            self.assertIn(role, (DOCKER / "bin" / "healthcheck").read_text())

    def test_locks_are_in_step_and_their_check_can_fail(self):
        lock = PROJECT / "docker" / "lock.py"
        self.assertEqual(subprocess.run([sys.executable, lock, "--check"]).returncode, 0)
        loader = importlib.machinery.SourceFileLoader("lock", str(lock))
        module = importlib.util.module_from_spec(importlib.util.spec_from_loader("lock", loader))
        sys.modules["lock"] = module  # dataclasses look there
        loader.exec_module(module)
        for made in module.LOCKS:
            later = dataclasses.replace(made, as_of="2099-01-01")
            self.assertEqual(made.faults(False), [])
            self.assertIn("changed since", later.faults(False)[0])
        tracked = subprocess.run(["git", "ls-files", "*.lock"], cwd=PROJECT, check=True, capture_output=True, text=True).stdout.split()
        self.assertEqual({PROJECT / path for path in tracked}, {made.path for made in module.LOCKS})

    def test_authorities_of_rds(self):
        text = (DOCKER / "certs" / "rds-global-bundle.pem").read_text()
        self.assertEqual(text.count("BEGIN CERTIFICATE"), text.count("END CERTIFICATE"))
        for family in ("RSA2048", "RSA4096", "ECC384"):
            self.assertIn(f"Amazon RDS us-east-1 Root CA {family} G1", text)

    def test_healthcheck(self):
        check = healthcheck()
        server = HTTPServer(("127.0.0.1", 0), Answer)
        self.addCleanup(server.server_close)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.shutdown)
        origin = f"http://127.0.0.1:{server.server_port}"
        self.assertEqual(check.by_url(origin + "/well")[0], True)
        self.assertEqual(check.by_url(origin + "/ill"), (False, f"{origin}/ill answered 503 said"))
        free = HTTPServer(("127.0.0.1", 0), Answer)
        port = free.server_port
        free.server_close()
        self.assertEqual(check.by_url(f"http://127.0.0.1:{port}/")[0], False)
        self.assertEqual(check.main(["nobody"]), 1)
