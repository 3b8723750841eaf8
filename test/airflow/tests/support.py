"""Where the tests find the image's Python."""

import socket
import unittest

from rehearsal import image


def image_python(line: str = "3.1"):
    """The Python of the image of a line of Airflow; skips the test where it was not built."""
    python = image.folder(line) / "venv" / "bin" / "python"
    if not python.exists():
        raise unittest.SkipTest("the image's environment is not built; test/airflow/run.py or test/airflow/check.py builds it, as root or with sudo")
    return python


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]
