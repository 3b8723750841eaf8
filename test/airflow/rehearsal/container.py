"""One container: a process tree in namespaces of its own, started from its definition alone."""

from __future__ import annotations

import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import threading
import time

from . import procfs
from .image import INIT, Image
from .state import Container as Definition
from .vpc import Port

LAUNCH = pathlib.Path(__file__).with_name("launch.py")
NSENTER = shutil.which("nsenter") or "nsenter"
SHELL_TAIL = 15  # lines of a log that a message quotes


class Container:
    """States: created, running, exited. Health: none, starting, healthy, unhealthy."""

    def __init__(self, definition: Definition, image: Image, port: Port, folder: pathlib.Path, spec: dict):
        """spec holds what the task knows: environment, binds, empties; see Task."""
        self.definition, self.image, self.port, self.folder = definition, image, port, folder
        self.spec = spec
        self.log = folder / f"{definition.name}.log"
        self.process: subprocess.Popen | None = None
        self.pid = 0  # the container's first process, as seen from here
        self.home = ("", "")  # what its processes have in common, see procfs
        self.started = self.ended = 0.0
        self.exit_code: int | None = None
        self.health = "starting" if definition.health else "none"
        self.health_times: list[tuple[float, str]] = []
        self.health_cpu: list[float] = []
        self.health_said = ""
        self._stopping = threading.Event()

    @property
    def name(self) -> str:
        return self.definition.name

    @property
    def running(self) -> bool:
        return self.process is not None and self.exit_code is None

    def start(self) -> None:
        user, _, group = (self.definition.user or self.image.user or "0:0").partition(":")
        d = self.definition
        arguments = list(d.entry_point) + list(d.command)
        root = self.folder / f"{d.name}.root"
        root.mkdir(parents=True, exist_ok=True)
        full = {
            **self.spec,
            "root": str(root),
            "hostname": self.port.hostname,
            "read_only": d.read_only,
            "links": self.image.links,
            "arguments": [INIT, "--", *arguments] if d.init else arguments,
            "uid": int(user),
            "gid": int(group or 0),
            "directory": d.working_directory or self.image.working_directory,
        }
        path = self.folder / f"{d.name}.json"
        path.touch(0o600)
        path.write_text(json.dumps(full))
        with open(self.log, "ab") as out:
            self.process = subprocess.Popen(
                [
                    NSENTER, f"--net={self.port.path}", "unshare", "--mount", "--uts", "--ipc", "--pid", "--fork",
                    "--kill-child=SIGKILL", sys.executable, "-I", "-S", str(LAUNCH), str(path),
                ],
                stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT, env={"PATH": os.environ["PATH"]}, cwd="/",
                start_new_session=True,
            )  # fmt: skip
        self.started = time.monotonic()
        threading.Thread(target=self._wait, daemon=True).start()
        while self.exit_code is None and not (children := procfs.children(self.process.pid)):
            time.sleep(0.01)
        if self.exit_code is None:
            self.pid = children[0]
            self.home = procfs.home(self.pid)
        if d.health:
            threading.Thread(target=self._check_health, daemon=True).start()

    def _wait(self) -> None:
        code = self.process.wait()
        self.ended = time.monotonic()
        self.exit_code = code

    def signal(self, number: int) -> None:
        """Signals the first process, as ECS does."""
        if self.running and self.pid:
            try:
                os.kill(self.pid, number)
            except ProcessLookupError:
                pass

    def stop(self) -> bool:
        """SIGTERM, and SIGKILL after stopTimeout. Returns whether it ended by itself."""
        self._stopping.set()
        self.signal(signal.SIGTERM)
        deadline = time.monotonic() + self.definition.stop_timeout
        while self.running and time.monotonic() < deadline:
            time.sleep(0.05)
        in_time = not self.running
        if not in_time:
            self.kill()
        return in_time

    def kill(self) -> None:
        self._stopping.set()
        self.signal(signal.SIGKILL)
        while self.running:
            procfs.reap_adopted()
            time.sleep(0.02)

    def processes(self) -> list[int]:
        return procfs.at_home(self.home) if self.running and all(self.home) else []

    def freeze(self) -> None:
        for pid in self.processes():
            _send(pid, signal.SIGSTOP)

    def thaw(self) -> None:
        for pid in self.processes():
            _send(pid, signal.SIGCONT)

    def command(self, arguments: list[str]) -> list[str]:
        """Arguments that run a command inside the container as its user; give it spec["environment"]."""
        user, _, group = (self.definition.user or self.image.user or "0:0").partition(":")
        return [
            NSENTER, f"--target={self.pid}", "--mount", "--uts", "--ipc", "--net", "--pid", "--root", "--wd",
            f"--setuid={user}", f"--setgid={group or 0}", "--", *arguments,
        ]  # fmt: skip

    def execute(self, arguments: list[str], seconds: float = 60, text: str = "") -> subprocess.CompletedProcess:
        """Runs a command inside, like ECS Exec; its output is in stdout."""
        return subprocess.run(
            self.command(arguments), input=text, capture_output=True, text=True, timeout=seconds, env=self.spec["environment"]
        )

    # -- health ---------------------------------------------------------------

    def _set_health(self, value: str) -> None:
        if value != self.health:
            self.health = value
            self.health_times.append((time.monotonic(), value))

    def healthy_after(self) -> float | None:
        """Seconds from start to the first time it was healthy."""
        return next((at - self.started for at, value in self.health_times if value == "healthy"), None)

    def _check_health(self) -> None:
        """ECS's rules: failures within the start period don't count, `retries` in a row do."""
        check = self.definition.health
        kind, *arguments = check["command"]
        if kind == "CMD-SHELL":
            arguments = ["/bin/sh", "-c", arguments[0]]
        failures = 0
        while not self._stopping.wait(check.get("interval", 30)) and self.running:
            passed, cpu, said = self._probe(arguments, check.get("timeout", 5))
            if not self.running:
                return
            self.health_cpu.append(cpu)
            self.health_said = said
            if passed:
                failures = 0
                self._set_health("healthy")
            elif self.health == "healthy" or time.monotonic() - self.started > check.get("startPeriod", 0):
                failures += 1
                if failures >= check.get("retries", 3):
                    self._set_health("unhealthy")

    def _probe(self, arguments: list[str], timeout: float) -> tuple[bool, float, str]:
        """Runs the check; returns (passed, CPU-seconds, what it said)."""
        read, write = os.pipe()
        process = subprocess.Popen(
            self.command(arguments), stdin=subprocess.DEVNULL, stdout=write, stderr=write,
            env=self.spec["environment"], start_new_session=True,
        )  # fmt: skip
        os.close(write)
        timer = threading.Timer(timeout, lambda: os.killpg(process.pid, signal.SIGKILL))
        timer.start()
        with os.fdopen(read, errors="replace") as output:
            said = output.read(4000)
        _, status, usage = os.wait4(process.pid, 0)
        timer.cancel()
        process.returncode = os.waitstatus_to_exitcode(status)
        late = process.returncode == -signal.SIGKILL
        return process.returncode == 0, usage.ru_utime + usage.ru_stime, "timed out" if late else said.strip()

    def stacks(self) -> str:
        """Where each of its Python processes stands; for the report of a failed case."""
        parts = []
        for pid in self.processes():
            spy = [str(pathlib.Path(sys.executable).with_name("py-spy")), "dump", "--nonblocking", "--pid", str(pid)]
            done = subprocess.run(spy, capture_output=True, text=True, timeout=30)
            parts.append(done.stdout or f"process {pid}: {done.stderr.strip()[:200]}")
        return "\n".join(parts)

    # -- what it said -----------------------------------------------------------

    def tail(self, lines: int = SHELL_TAIL) -> str:
        try:
            text = self.log.read_text(errors="replace").splitlines()
        except OSError:
            return ""
        return "\n".join(text[-lines:])


def _send(pid: int, number: int) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass
