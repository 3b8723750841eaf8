"""What ECS calls the pause container: it holds a PID namespace that a task's containers share."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time

from . import procfs


class Pause:
    """The namespace's process 1 does nothing but reap orphans. Whatever is left in the namespace ends with it."""

    def __init__(self) -> None:
        init = shutil.which("tini-static") or "tini-static"
        self._process = subprocess.Popen(
            ["unshare", "--pid", "--fork", "--kill-child=SIGKILL", init, "--", "sleep", "infinity"],
            stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, cwd="/", start_new_session=True,
        )  # fmt: skip
        while not (children := procfs.children(self._process.pid)):
            if self._process.poll() is not None:
                raise RuntimeError(f"no PID namespace could be made: {self._process.stderr.read()}")
            time.sleep(0.01)
        self.pid = children[0]  # as seen from here

    @property
    def path(self) -> str:
        return f"/proc/{self.pid}/ns/pid"

    def close(self) -> None:
        if self._process.poll() is None:
            os.kill(self.pid, signal.SIGKILL)
        while self._process.poll() is None:
            procfs.reap_adopted()
            time.sleep(0.01)
        self._process.stderr.close()  # unshare complains of the kill
