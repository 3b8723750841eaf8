"""Containers as processes: what is one's own, and what ends with it.

Needs root and tini, no image: the containers run this machine's /usr.
"""

import ctypes
import os
import pathlib
import shutil
import subprocess
import tempfile
import threading
import time
import types
import unittest

from rehearsal import procfs
from rehearsal.fargate import Fargate
from rehearsal.image import INIT, Image
from rehearsal.state import Container as Definition
from rehearsal.state import Service, TaskDefinition
from rehearsal.task import Task

PR_SET_CHILD_SUBREAPER = 36  # prctl(2)


def definition(name: str, script: str) -> Definition:
    return Definition.of(
        {
            "name": name, "image": f"r/{name}@sha256:1", "user": "50000:0", "entryPoint": ["/bin/sh", "-c"], "command": [script],
            "environment": [], "linuxParameters": {"initProcessEnabled": True}, "stopTimeout": 2,
        }
    )  # fmt: skip


def fargate(folder: pathlib.Path) -> Fargate:
    """A place for tasks without secrets: no network, and this machine's /usr as their image."""
    hosts = folder / "hosts"
    hosts.touch()
    port = types.SimpleNamespace(path="/proc/self/ns/net", hostname="ip-10-0-0-1.test", close=lambda: None)
    vpc = types.SimpleNamespace(hosts=hosts, attach=lambda *_: port)
    binds = [(pathlib.Path("/usr"), "/usr"), (pathlib.Path(shutil.which("tini-static")), INIT)]
    image = Image(binds, {"PATH": "/usr/bin"}, "/", "", ["/tmp"], {"/bin": "usr/bin", "/lib": "usr/lib", "/lib64": "usr/lib64"})
    nothing = types.SimpleNamespace(beyond=lambda _: [])
    return Fargate(nothing, folder, vpc, types.SimpleNamespace(of=lambda _: image), "us-east-1")


def parent(pid: int) -> int:
    return int(pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[1])


def state(pid: int) -> str:
    return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]


def title(pid: int) -> str:
    try:
        return pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode().strip()
    except OSError:
        return ""


class Containers(unittest.TestCase):
    def setUp(self):
        if os.geteuid() != 0 or not shutil.which("tini-static"):
            raise unittest.SkipTest("needs root and tini-static (apt-get install tini)")
        if subprocess.run(["unshare", "--pid", "--mount", "--fork", "true"], capture_output=True).returncode:
            raise unittest.SkipTest("this machine's root may make no namespaces")
        self.folder = pathlib.Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def task(self, **scripts: str) -> Task:
        """Starts a task of containers that run these scripts, and waits until each runs what it should."""
        containers = {name: definition(name, script) for name, script in scripts.items()}
        kind = TaskDefinition("test", "arn", "", "", containers, {}, 256, 512)
        task = Task(1, Service("acme-airflow-test-worker", kind, 1, [], []), fargate(pathlib.Path(tempfile.mkdtemp(dir=self.folder))))
        self.addCleanup(task.kill, "the test ends")
        for container in task.containers.values():
            container.start()
        return task

    def wait(self, condition, what: str):
        for _ in range(2400):  # two minutes: a busy machine takes its time
            if found := condition():
                return found
            time.sleep(0.05)
        self.fail(what)

    def running(self, container, command: str) -> int:
        return self.wait(lambda: next((p for p in container.processes() if title(p) == command), 0), f"{container.name} does not run {command}")

    def test_none_sees_the_other(self):
        task = self.task(worker="exec sleep 1003", guard="exec sleep 1004")
        self.running(task.containers["worker"], "sleep 1003")
        self.running(task.containers["guard"], "sleep 1004")
        said = task.containers["guard"].execute(["/bin/sh", "-c", "cat /proc/[0-9]*/cmdline"]).stdout
        self.assertTrue("1004" in said and "1003" not in said)

    def test_processes_are_those_of_one_container(self):
        task = self.task(worker="sleep 1001 & wait", guard="exec sleep 1002")
        worker, guard = task.containers["worker"], task.containers["guard"]
        self.running(worker, "sleep 1001")
        self.running(guard, "sleep 1002")
        self.assertEqual(len(worker.processes()), 3, [title(p) for p in worker.processes()])  # tini, sh, sleep
        self.assertEqual(len(guard.processes()), 2, [title(p) for p in guard.processes()])
        self.assertFalse(set(worker.processes()) & set(guard.processes()))
        worker.freeze()
        self.wait(lambda: {state(p) for p in worker.processes()} == {"T"}, "the worker does not freeze")
        self.assertNotIn("T", {state(p) for p in guard.processes()})
        worker.thaw()
        self.wait(lambda: "T" not in {state(p) for p in worker.processes()}, "the worker does not thaw")
        # A command inside, as a health check is one, belongs to it; the programs that enter don't.
        probe = subprocess.Popen(worker.command(["/bin/sleep", "1009"]), env=worker.spec["environment"])
        self.running(worker, "/bin/sleep 1009")
        self.assertNotIn(probe.pid, worker.processes())
        probe.kill()
        probe.wait()

    def test_kill_and_stop_concern_one_container(self):
        task = self.task(worker="sleep 1001 & sleep 1001", guard="sleep 1002 & wait", other="exec sleep 1003")
        worker, guard, other = (task.containers[name] for name in ("worker", "guard", "other"))
        for container, command in ((worker, "sleep 1001"), (guard, "sleep 1002"), (other, "sleep 1003")):
            self.running(container, command)
        killed, stopped = worker.processes(), guard.processes()
        worker.kill()
        self.assertEqual([p for p in killed if title(p)], [])
        self.assertTrue(guard.running and other.running)
        self.assertEqual(guard.processes(), stopped)
        self.assertTrue(guard.stop(), "SIGTERM does not reach the command through tini")
        self.assertEqual([p for p in stopped if title(p)], [])
        self.assertTrue(other.running)

    def test_what_a_container_leaves_behind_ends_with_it(self):
        task = self.task(worker="sleep 1001 & sleep 1006; exit 3", guard="exec sleep 1002")
        left = self.running(task.containers["worker"], "sleep 1001")
        os.kill(self.running(task.containers["worker"], "sleep 1006"), 9)
        self.wait(lambda: not task.containers["worker"].running, "the worker does not end")
        self.assertEqual(task.containers["worker"].exit_code, 3)
        self.assertEqual(title(left), "")
        self.assertTrue(task.containers["guard"].running)
        guard = task.containers["guard"].processes()
        task.kill("killed")
        self.assertEqual([p for p in guard if title(p)], [])

    def test_orphans_are_adopted(self):
        task = self.task(worker="(sleep 1001 & sleep 1005 &) ; exec sleep 1002")
        worker = task.containers["worker"]
        orphan, short = self.running(worker, "sleep 1001"), self.running(worker, "sleep 1005")
        self.wait(lambda: parent(orphan) == worker.pid, "the orphan is not its tini's")
        os.kill(short, 9)
        self.wait(lambda: not pathlib.Path(f"/proc/{short}").exists(), "a dead orphan stays a zombie")

    def test_a_command_that_outlasts_its_time_keeps_no_task_from_ending(self):
        """The rehearsal is process 1 of its namespace: what a killed nsenter leaves behind is left to it."""
        subreaper = ctypes.CDLL(None, use_errno=True).prctl
        self.assertEqual(subreaper(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), 0)
        self.addCleanup(subreaper, PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0)
        task = self.task(worker="exec sleep 1001")
        self.running(task.containers["worker"], "sleep 1001")
        with self.assertRaises(subprocess.TimeoutExpired):
            task.containers["worker"].execute(["/bin/sleep", "2"], 0.5)
        ended = threading.Thread(target=task.kill, args=("killed",), daemon=True)
        ended.start()
        ended.join(120)
        self.assertFalse(ended.is_alive(), "the task's PID namespace waits for a process that nobody reaps")


if __name__ == "__main__":
    unittest.main()
