"""The bundle reads one tree of dagsync's for a parse or a run, with the image's own Airflow."""

import json
import pathlib
import shutil
import subprocess
import tempfile
import unittest

from rehearsal.image import DOCKER

from .support import image_python

RELEASES = 42
# Publishes releases as dagsync does, one rename of the link each, while the DAG processor's
# own bag of DAGs parses in fresh processes; each parse takes some time between its imports.
PARSE = """
import json, logging, multiprocessing, os, pathlib, sys, threading, time
from airflow.dag_processing.bundles.manager import DagBundlesManager
try:
    from airflow.dag_processing.dagbag import BundleDagBag
except ImportError:  # 3.1
    from airflow.models.dagbag import BundleDagBag

home, releases, mode = pathlib.Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
trees = home / ".dags.sync"

def publish(n):
    tree = trees / f"tree-{n:06}"
    (tree / "lib_a").mkdir(parents=True)
    (tree / "lib_a" / "__init__.py").write_text(f"RELEASE = {n}")
    (tree / "lib_b.py").write_text(f"RELEASE = {n}")
    (tree / "dag.py").write_text(
        f"import time, lib_a; time.sleep(0.05)\\nimport lib_b\\nfrom airflow.sdk import DAG\\n"
        f"dag = DAG('d', description=f'{n} {{lib_a.RELEASE}} {{lib_b.RELEASE}}', schedule=None)\\n")
    (trees / f"tree-{n:06}.manifest").touch()
    os.symlink(f".dags.sync/tree-{n:06}", home / "next")
    os.replace(home / "next", home / "dags")

def parse(queue):
    if mode == "link":
        path = home / "dags"
    else:
        bundle = DagBundlesManager().get_bundle("dags-folder")
        bundle.initialize()
        path = bundle.path
    bag = BundleDagBag(str(path), bundle_path=path)
    dag = bag.dags.get("d")
    queue.put([sorted(bag.import_errors.values()), dag and dag.description.split(), dag and str(dag.fileloc), dag and str(dag.relative_fileloc),
               None if mode == "link" else bundle.get_current_version()])

publish(1)
ended = threading.Event()
def releases_come():
    for n in range(2, releases + 1):
        time.sleep(0.15)
        publish(n)
    ended.set()
fork = multiprocessing.get_context("fork")
queue, found = fork.Queue(), []
threading.Thread(target=releases_come).start()
while not ended.is_set():
    child = fork.Process(target=parse, args=(queue,))
    child.start()
    found.append(queue.get(timeout=300))
    child.join()
print(json.dumps(found))
"""
LOOK = """
import json, logging, sys
from airflow.dag_processing.bundles.manager import DagBundlesManager
logging.basicConfig(format="%(message)s", stream=sys.stderr, force=True)
bundle = DagBundlesManager().get_bundle("dags-folder", version=sys.argv[2] or None)
bundle.initialize()
before = [bundle.supports_versioning, bundle.get_current_version(), str(bundle.path)]
if len(sys.argv) > 3:
    exec(sys.argv[3])
bundle.refresh()
print(json.dumps([before, [bundle.get_current_version(), str(bundle.path)]]))
"""
# Runs begin and end between two refreshes of the DAG processor's bundle; which trees' records are locked after each?
RUNS = """
import fcntl, json, logging, pathlib, sys
from airflow.utils import timezone
from sqlalchemy import insert, update
from airflow import settings
from airflow.dag_processing.bundles.manager import DagBundlesManager
from airflow.models import import_all_models
from airflow.models.base import Base
from airflow.models.dagbundle import DagBundleModel
from airflow.models.dagrun import DagRun
from airflow.utils.session import create_session

import_all_models()
logging.basicConfig(format="%(message)s", stream=sys.stderr, force=True)
runs = DagRun.__table__
Base.metadata.create_all(settings.engine)
with create_session() as session:
    session.add(DagBundleModel(name="dags-folder"))
bundle = DagBundlesManager().get_bundle("dags-folder")
bundle.initialize()
held = []

def look(change=None):
    if change is not None:
        with create_session() as session:
            session.execute(change)
    with create_session() as session:  # as the DAG processor does
        model = session.get(DagBundleModel, "dags-folder")
        bundle.refresh()
        model.version = bundle.get_current_version() + str(len(held))
    with create_session() as session:
        assert session.get(DagBundleModel, "dags-folder").version == f"tree-000004{len(held)}"
    locked = []
    for record in sorted(pathlib.Path(sys.argv[1], ".dags.sync").glob("*.manifest")):
        with record.open("rb") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                locked.append(record.stem)
    held.append(locked)

look()
began = {"dag_id": "d", "run_type": "manual", "run_after": timezone.utcnow(), "log_template_id": None}
unfinished = [("running", "tree-000001"), ("queued", "tree-000002"), ("running", None), ("running", "tree-000000"), ("running", "../x"), ("running", "tree-000001+1f0c9a6b2d3e")]
for number, (state, version) in enumerate([*unfinished, ("success", "tree-000003")]):
    with create_session() as session:
        session.execute(insert(runs).values(run_id=str(number), state=state, bundle_version=version, **began))
look()
look(update(runs).where(runs.c.run_id == "0").values(state="success"))
look(update(runs).where(runs.c.run_id == "5").values(state="failed"))
runs.drop(settings.engine)
look()
print(json.dumps(held))
"""


class Bundle(unittest.TestCase):
    LINE = "3.1"

    def setUp(self):
        self.home = pathlib.Path(tempfile.mkdtemp()).resolve()
        self.addCleanup(shutil.rmtree, self.home)

    def run_in_image(self, script: str, *arguments: str):
        bundles = [{"name": "dags-folder", "classpath": "airflow_fargate.bundle.TreeBundle", "kwargs": {"path": str(self.home / "dags")}}]
        environment = {
            "PYTHONPATH": str(DOCKER / "python"), "AIRFLOW_HOME": str(self.home / "airflow"), "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST": json.dumps(bundles), "PYTHONDONTWRITEBYTECODE": "1",
        }  # fmt: skip
        done = subprocess.run([image_python(self.LINE), "-c", script, str(self.home), *arguments], env=environment, capture_output=True, text=True, timeout=240)
        self.assertEqual(done.returncode, 0, done.stderr[-2000:])
        return json.loads(done.stdout.strip().splitlines()[-1]), done.stderr

    def publish(self, name: str, record: str = "") -> pathlib.Path:
        tree = self.home / ".dags.sync" / name
        tree.mkdir(parents=True)
        tree.with_name(f"{name}.manifest").write_text(record)
        (self.home / "next").symlink_to(f".dags.sync/{name}")
        (self.home / "next").replace(self.home / "dags")
        return tree

    def test_no_parse_mixes_two_releases(self):
        found, _ = self.run_in_image(PARSE, str(RELEASES), "bundle")
        self.assertGreater(len({version for *_, version in found}), 5, "the releases came too fast to be seen")
        for errors, releases, fileloc, relative, version in found:
            self.assertEqual(errors, [])
            self.assertIsNotNone(releases, version)
            self.assertEqual(len(set(releases)), 1, releases)
            self.assertEqual(version, f"tree-{int(releases[0]):06}")
            self.assertEqual(fileloc, f"{self.home}/.dags.sync/{version}/dag.py")
            self.assertEqual(relative, "dag.py")

    def test_a_run_keeps_its_tree(self):
        old, new = self.publish("tree-000001"), self.publish("tree-000002")
        found, said = self.run_in_image(LOOK, "tree-000001")
        self.assertEqual(found, [[True, "tree-000001", str(old)], ["tree-000001", str(old)]])
        self.assertNotIn("no longer kept", said)
        found, _ = self.run_in_image(LOOK, "")
        self.assertEqual(found[1], ["tree-000002", str(new)])

    def test_a_tree_that_is_gone_gives_way_to_the_present_one(self):
        new = self.publish("tree-000002")
        (self.home / "secret").mkdir()
        for version in ("tree-000001", "../secret", str(self.home / "secret"), ".."):
            found, said = self.run_in_image(LOOK, version)
            self.assertEqual(found[1], ["tree-000002", str(new)])
            self.assertIn(f"Bundle 'dags-folder': the tree {version} is no longer kept; using tree-000002", said)

    def test_a_version_names_the_commit_of_its_push(self):
        """A run of before, whose version has none, finds its tree as well; what stands among the files is no commit."""
        tree = self.publish("tree-000001", '0a1b\n{"source":"s3://b/","mark":"m","commit":"1f0c9a6b2d3e4f50","published":"","files":[]}')
        files = "x" * 2048 + '"commit":"1f0c9a6b2d3e4f50",'
        self.publish("tree-000002", '0a1b\n{"source":"s3://b/","mark":"m","published":"","files":["' + files + '"]}')
        for version in ("tree-000001+1f0c9a6b2d3e", "tree-000001"):
            found, _ = self.run_in_image(LOOK, version)
            self.assertEqual(found[1], ["tree-000001+1f0c9a6b2d3e", str(tree)])
        found, _ = self.run_in_image(LOOK, "")
        self.assertEqual(found[1][0], "tree-000002")

    def test_the_processor_follows_at_a_refresh_alone(self):
        old = self.publish("tree-000001")
        step = f"import os; os.mkdir({str(self.home)!r} + '/.dags.sync/tree-000002'); os.unlink({str(self.home / 'dags')!r}); "
        step += f"os.symlink('.dags.sync/tree-000002', {str(self.home / 'dags')!r}); assert str(bundle.path) == {str(old)!r}"
        found, _ = self.run_in_image(LOOK, "", step)
        self.assertEqual(found[1][0], "tree-000002")

    def test_the_processor_holds_the_trees_of_runs_that_have_not_ended(self):
        for n in (1, 2, 3, 4):
            self.publish(f"tree-{n:06}")
        (self.home / "x.manifest").touch()
        held, said = self.run_in_image(RUNS)
        one, two, present = "tree-000001", "tree-000002", "tree-000004"
        self.assertEqual(held, [[present], [one, two, present], [one, two, present], [two, present], [two, present]])
        self.assertEqual(said.count("the runs can't be asked for, so the trees of before are held"), 1, said[-2000:])

    def test_before_the_first_publication_and_in_a_plain_folder(self):
        found, _ = self.run_in_image(LOOK, "")
        self.assertEqual(found[0], [True, None, str(self.home / "dags")])
        (self.home / "dags").mkdir()
        found, _ = self.run_in_image(LOOK, "tree-000001")
        self.assertEqual(found[0], [False, None, str(self.home / "dags")])


class BundleOf33(Bundle):
    LINE = "3.3"


if __name__ == "__main__":
    unittest.main()
