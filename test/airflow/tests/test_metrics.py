"""Airflow's own metrics, by the environment that the stack gives: to the agent by StatsD, or to a collector by OTLP."""

import http.server
import socket
import subprocess
import tempfile
import threading
import unittest

from .support import image_python

# What a scheduler does, without one.
SCRIPT = """
import sys
try:  # 3.3 is told where to send when a component starts
    from airflow.observability import stats
    from airflow.observability.metrics.stats_utils import get_stats_factory
    stats.initialize(factory=get_stats_factory(), export_legacy_names=True)
except ImportError:
    from airflow.stats import Stats as stats
stats.gauge("executor.open_slots", 31, tags={"status": "open", "executor_class_name": "CeleryExecutor"})
stats.timing("scheduler.scheduler_loop_duration", 1500.0)
stats.gauge("pool.open_slots", 128, tags={"pool_name": "default_pool"})
from opentelemetry import metrics
if hasattr(metrics.get_meter_provider(), "force_flush"):
    metrics.get_meter_provider().force_flush()
"""
STATSD = {
    "AIRFLOW__METRICS__STATSD_ON": "True",
    "AIRFLOW__METRICS__STATSD_HOST": "127.0.0.1",
    "AIRFLOW__METRICS__STATSD_PREFIX": "airflow",
    "AIRFLOW__METRICS__METRICS_ALLOW_LIST": r"scheduler\.scheduler_loop_duration$,executor\.open_slots$",
}


class Collector(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.taken.append((self.path, self.headers["Content-Type"], body))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_):
        pass


class Line31(unittest.TestCase):
    LINE = "3.1"

    def collector(self, port: int) -> dict:
        return {"AIRFLOW__METRICS__OTEL_HOST": "127.0.0.1", "AIRFLOW__METRICS__OTEL_PORT": str(port), "AIRFLOW__METRICS__OTEL_SSL_ACTIVE": "False"}

    def speak(self, environment: dict) -> str:
        with tempfile.TemporaryDirectory() as home:
            done = subprocess.run(
                [image_python(self.LINE), "-c", SCRIPT],
                env={"AIRFLOW_HOME": home, "HOME": home, "PATH": "/usr/bin:/bin", **environment}, capture_output=True, text=True, timeout=240,
            )  # fmt: skip
        self.assertEqual(done.returncode, 0, done.stderr[-2000:])
        return done.stdout + done.stderr

    def test_statsd(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as agent:
            agent.bind(("127.0.0.1", 0))
            agent.settimeout(10)
            self.speak({**STATSD, "AIRFLOW__METRICS__STATSD_PORT": str(agent.getsockname()[1])})
            heard = {agent.recv(65536).decode() for _ in range(2)}
            agent.settimeout(0.5)
            self.assertRaises(TimeoutError, agent.recv, 65536)  # nothing but what is allowed
        self.assertEqual({line.split(":")[0] for line in heard}, {"airflow.executor.open_slots", "airflow.scheduler.scheduler_loop_duration"})
        self.assertIn("airflow.executor.open_slots:31|g", heard)
        self.assertRegex(" ".join(heard), r"airflow\.scheduler\.scheduler_loop_duration:1500(\.0*)?\|ms")

    def test_collector(self):
        server = http.server.HTTPServer(("127.0.0.1", 0), Collector)
        server.taken = []
        self.addCleanup(server.server_close)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.shutdown)
        said = self.speak({"AIRFLOW__METRICS__OTEL_ON": "True", **self.collector(server.server_port)})
        self.assertTrue(server.taken, said[-2000:])
        self.assertEqual({(path, kind) for path, kind, _ in server.taken}, {("/v1/metrics", "application/x-protobuf")})
        body = b"".join(body for _, _, body in server.taken)
        for name in (b"airflow.executor.open_slots", b"airflow.scheduler.scheduler_loop_duration", b"airflow.pool.open_slots"):
            self.assertIn(name, body)


class Line33(Line31):
    LINE = "3.3"

    def collector(self, port: int) -> dict:
        return {"OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{port}"}
