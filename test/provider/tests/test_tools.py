"""What finds and builds the tools of a run."""

import pathlib
import subprocess
import tempfile
import threading
import time
import unittest
from unittest import mock

from harness import tools


class Environment(unittest.TestCase):
    def test_one_is_made_however_many_ask_for_it_at_once(self):
        made, got = [], []

        def create(home: pathlib.Path, **_):
            made.append(home)
            home.mkdir()  # a second one would meet it
            time.sleep(0.2)

        with tempfile.TemporaryDirectory() as cache, mock.patch.object(tools, "CACHE", pathlib.Path(cache) / "new"), \
                mock.patch.object(tools.venv, "create", create), \
                mock.patch.object(tools.subprocess, "run", lambda command, **_: subprocess.CompletedProcess(command, 0)):  # fmt: skip
            threads = [threading.Thread(target=lambda: got.append(tools.environment("moto"))) for _ in range(4)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        self.assertEqual(len(made), 1)
        self.assertEqual(got, [made[0] / "bin" / "python"] * 4)

