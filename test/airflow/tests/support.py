"""Where the tests find the image's Python."""

import socket
import unittest

from rehearsal import image


def image_python():
    """The Python of the image's environment; skips the test where it was not built."""
    found = sorted(image.CACHE.glob("image-*/venv/bin/python"), key=lambda p: p.parents[2].stat().st_mtime)
    if not found:
        raise unittest.SkipTest("the image's environment is not built; test/airflow/run.py or test/airflow/check.py builds it, as root or with sudo")
    return found[-1]


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]
