"""The options that a stack may set are those that the image's Airflow and providers have."""

import tempfile
import unittest

import options

from .support import image_python


class Options(unittest.TestCase):
    def test_listed(self):
        for line in ("3.1", "3.3"):
            with self.subTest(line=line), tempfile.TemporaryDirectory() as home:
                found = options.known(image_python(line), home)
                self.assertEqual(options.file(line).read_text(), found, f"{options.file(line)} is stale: test/airflow/options.py writes it")


if __name__ == "__main__":
    unittest.main()
