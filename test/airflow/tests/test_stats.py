"""No DAG's id ends a scheduler: each makes a name of a metric that StatsD takes, in the image of both lines."""

import os
import pathlib
import socket
import subprocess
import tempfile
import unittest

from rehearsal.image import DOCKER, dockerfile_setting

from .support import image_python

IDS = ["quick", "größe_日本", "l" * 250]
TIMED = """
import sys
try:
    from airflow.stats import Stats as stats
    name, tags = "dagrun.dependency-check.{}", None
except ImportError:  # 3.3 makes both of one name
    from airflow._shared.observability.metrics import stats
    from airflow.configuration import conf
    from airflow.observability.metrics import stats_utils
    stats.initialize(factory=stats_utils.get_stats_factory(), export_legacy_names=conf.getboolean("metrics", "legacy_names_on"))
    name, tags = "dagrun.dependency-check", "dag_id"
for dag in sys.argv[1:]:
    with stats.timer(name.format(dag), **({"tags": {tags: dag}} if tags else {})):
        pass
"""


class Names(unittest.TestCase):
    def sent(self, line: str, **environment: str) -> tuple[subprocess.CompletedProcess, list[str]]:
        """What a scheduler's Airflow sends for runs of IDS."""
        with tempfile.TemporaryDirectory() as home, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
            receiver.bind(("127.0.0.1", 0))
            receiver.settimeout(0.2)
            pathlib.Path(home, "airflow.cfg").touch()
            stats = {"AIRFLOW__METRICS__STATSD_ON": "True", "AIRFLOW__METRICS__STATSD_HOST": "127.0.0.1", "AIRFLOW__METRICS__STATSD_PORT": str(receiver.getsockname()[1])}
            known = {"HOME": home, "AIRFLOW_HOME": home, "PATH": os.environ["PATH"], "PYTHONPATH": str(DOCKER / "python")}
            done = subprocess.run([image_python(line), "-c", TIMED, *IDS], env={**known, **stats, **environment}, capture_output=True, text=True)
            names = []
            while True:
                try:
                    names.append(receiver.recv(2000).decode().split(":")[0])
                except TimeoutError:
                    return done, [name for name in names if ".dependency-check." in name]

    def test_every_id_has_a_name(self):
        image = dict(word.split("=", 1) for word in dockerfile_setting("ENV").split())
        name = "AIRFLOW__METRICS__STAT_NAME_HANDLER"
        for line in ("3.1", "3.3"):
            with self.subTest(line):
                done, names = self.sent(line, **{name: image[name]})
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertEqual(names, ["airflow.dagrun.dependency-check." + end for end in ("quick", "gr__e___", "l" * 226)])

    def test_airflow_still_needs_it(self):
        for line in ("3.1", "3.3"):
            with self.subTest(line):
                done, names = self.sent(line)
                self.assertEqual(names, ["airflow.dagrun.dependency-check.quick"])
                self.assertRegex(done.stderr, "(TypeError|AttributeError): 'NoneType' object ")


if __name__ == "__main__":
    unittest.main()
