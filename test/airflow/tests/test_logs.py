"""What the Amazon provider deletes after a log's upload, by the declared template of log names (ADR 0075)."""

import json
import re
import subprocess
import tempfile
import unittest

from rehearsal.image import PROJECT

from .support import image_python

UPLOAD = """
import datetime, json, pathlib, sys
import jinja2
from airflow.providers.amazon.aws.log.s3_task_handler import S3RemoteLogIO

class Upload(S3RemoteLogIO):
    def write(self, log, remote_log_location, *_):
        return True

class Ti:
    dag_id, run_id, task_id, map_index = "d", "r", "t", -1
    class dag_run:
        run_after = datetime.datetime(2026, 1, 2)

base = pathlib.Path(sys.argv[1])
logs = [jinja2.Template(sys.argv[2]).render(ti=Ti, try_number=n) for n in (1, 2)]
for log in logs:
    (base / log).parent.mkdir(parents=True, exist_ok=True)
    (base / log).write_text("said")
Upload(remote_base="s3://b", base_log_folder=base, delete_local_copy=True).upload(logs[0], None)
print(json.dumps([(base / log).exists() for log in logs]))
"""


class Upload(unittest.TestCase):
    LINE = "3.1"

    def left(self, template):
        """Whether the logs of tries 1 and 2 are there after the upload of the first."""
        with tempfile.TemporaryDirectory() as home:
            run = subprocess.run(
                [image_python(self.LINE), "-c", UPLOAD, f"{home}/logs", template],
                env={"AIRFLOW_HOME": home, "HOME": home, "PATH": "/usr/bin:/bin"}, capture_output=True, text=True,
            )  # fmt: skip
        self.assertEqual(run.returncode, 0, run.stderr)
        return json.loads(run.stdout.splitlines()[-1])

    def test_the_next_try_keeps_its_log(self):
        for stack in ("dev", "prod"):
            golden = (PROJECT / "platform" / "testdata" / "golden" / f"{stack}.txt").read_text()
            declared = set(re.findall(r"^ *AIRFLOW__LOGGING__LOG_FILENAME_TEMPLATE=(.*)$", golden, re.M))
            self.assertEqual(len(declared), 1, "one template for every component")
            self.assertEqual(self.left(declared.pop()), [False, True])

    def test_the_provider_deletes_the_folder(self):
        self.assertEqual(self.left("task_id={{ ti.task_id }}/attempt={{ try_number }}.log"), [False, False], "the provider was mended: ADR 0075 may go")


class UploadOf33(Upload):
    LINE = "3.3"
