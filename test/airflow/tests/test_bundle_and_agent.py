"""A tree that a bundle uses stays, however often somebody pushes: the real agent, and the image's own Airflow of both lines."""

import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import time
import unittest

import boto3

from rehearsal.image import DOCKER, PROJECT
from rehearsal.servers import Moto

from .support import image_python

# More than the agent keeps of any age, which is 100.
PUSHES = 104
COMMIT = "1f0c9a6b2d3e4f5061728394a5b6c7d8e9f00112"
AGENT = PROJECT / "bin" / "airflow-agent"
# Holds one tree, as the process of a task does, until a line comes; then says what it reads in it.
HOLD = """
import json, logging, sys
from airflow.dag_processing.bundles.manager import DagBundlesManager
logging.basicConfig(format="%(message)s", stream=sys.stderr, force=True)
bundle = DagBundlesManager().get_bundle("dags-folder", version=sys.argv[1] or None)
bundle.initialize()
print(json.dumps(bundle.get_current_version()), flush=True)
for line in sys.stdin:
    if line == "refresh\\n":
        bundle.refresh()
    print(json.dumps([bundle.path.name, (bundle.path / "release.py").read_text(), (bundle.path / "pkg" / "same.py").read_text()]), flush=True)
"""


class BundleAndAgent(unittest.TestCase):
    def setUp(self):
        if not AGENT.exists():
            self.skipTest("bin/airflow-agent is not built; make agent builds it")
        self.home = pathlib.Path(tempfile.mkdtemp()).resolve()
        self.addCleanup(shutil.rmtree, self.home)
        moto = Moto(self.home)
        moto.start()
        self.addCleanup(moto.stop)
        keys = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_REGION": "us-east-1", "AWS_ENDPOINT_URL": f"http://127.0.0.1:{moto.port}"}
        self.s3 = boto3.client("s3", endpoint_url=keys["AWS_ENDPOINT_URL"], region_name="us-east-1", aws_access_key_id="test", aws_secret_access_key="test")
        self.s3.create_bucket(Bucket="dags-bucket")
        self.trees, self.link = self.home / ".dags.sync", self.home / "dags"
        self.put("pkg/same.py", "same")
        self.put("release.py", "1")
        self.put(".airflow-release", json.dumps({"id": "one", "state": "complete", "at": "2026-11-28T05:00:00Z", "commit": COMMIT}))
        command = [AGENT, "dagsync", "--source", "s3://dags-bucket/dev/", "--target", self.link, "--interval", "20ms", "--listen", "127.0.0.1:0"]
        with open(self.home / "agent.log", "wb") as log:
            agent = subprocess.Popen(command, env=keys, stdout=log, stderr=log)
        self.addCleanup(self.end, agent)
        self.until(self.link.is_symlink, "the first release is published")

    def end(self, process: subprocess.Popen) -> None:
        process.terminate()
        process.wait(120)
        for stream in (process.stdin, process.stdout):
            if stream:
                stream.close()

    def put(self, name: str, text: str) -> None:
        self.s3.put_object(Bucket="dags-bucket", Key=f"dev/{name}", Body=text.encode())

    def until(self, done, what: str) -> None:
        end = time.monotonic() + 180
        while not done():
            self.assertLess(time.monotonic(), end, f"{what}\n{(self.home / 'agent.log').read_text()[-2000:]}")
            time.sleep(0.005)

    def push(self, release: int) -> None:
        self.put("release.py", str(release))
        self.until(lambda: (self.link / "release.py").read_text() == str(release), f"release {release} is published")

    def reader(self, line: str, version: str = "") -> subprocess.Popen:
        bundles = [{"name": "dags-folder", "classpath": "airflow_fargate.bundle.TreeBundle", "kwargs": {"path": str(self.link)}}]
        environment = {
            "PATH": os.environ["PATH"], "PYTHONPATH": str(DOCKER / "python"), "AIRFLOW_HOME": str(self.home / f"airflow-{line}"),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False", "AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST": json.dumps(bundles), "PYTHONDONTWRITEBYTECODE": "1",
        }  # fmt: skip
        with open(self.home / "reader.log", "ab") as log:
            process = subprocess.Popen([image_python(line), "-c", HOLD, version], env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True)
        self.addCleanup(self.end, process)
        return process

    def said(self, process: subprocess.Popen):
        while (line := process.stdout.readline()) and not line.startswith(("[", '"')):
            pass
        self.assertTrue(line, (self.home / "reader.log").read_text()[-2000:])
        return json.loads(line)

    def ask(self, process: subprocess.Popen, word: str):
        process.stdin.write(word + "\n")
        process.stdin.flush()
        return self.said(process)

    def kept(self) -> list[str]:
        return sorted(path.stem for path in self.trees.glob("tree-*.manifest"))

    def hold_and_push(self, line: str) -> None:
        run, processor = self.reader(line), self.reader(line)
        first, version = "tree-000001", f"tree-000001+{COMMIT[:12]}"
        self.assertEqual((self.said(run), self.said(processor)), (version, version))
        for release in range(2, PUSHES + 1):
            self.push(release)
        self.assertIn(first, self.kept())
        self.assertLessEqual(len(self.kept()), 102)
        self.assertNotIn("tree-000002", self.kept(), "what nobody holds goes")
        self.assertEqual(self.ask(run, "look"), [first, "1", "same"])
        # A task that starts later in the same run finds its tree as well, a refresh lets go of it.
        later = self.reader(line, version)
        self.assertEqual(self.said(later), version)
        self.assertEqual(self.ask(processor, "refresh")[1:], [str(PUSHES), "same"])
        self.end(run)
        self.push(PUSHES + 1)
        self.assertEqual(self.ask(later, "look"), [first, "1", "same"])
        later.kill()  # as a task that dies: its lock ends with it
        self.end(later)
        self.push(PUSHES + 2)
        self.until(lambda: first not in self.kept() and not (self.trees / first).exists(), "the tree that nobody holds goes")
        gone = self.reader(line, version)
        self.assertEqual(self.said(gone), self.kept()[-1], "changed by hand: no commit")
        self.assertIn(f"the tree {version} is no longer kept", (self.home / "reader.log").read_text())

    def test_airflow_3_1(self):
        self.hold_and_push("3.1")

    def test_airflow_3_3(self):
        self.hold_and_push("3.3")
