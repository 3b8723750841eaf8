"""What `make dev` brings into the bucket is what `ops push` would."""

import pathlib
import tempfile
import types
import unittest

import boto3

from rehearsal.dev import Live
from rehearsal.servers import Moto


class Dev(unittest.TestCase):
    def test_dags_and_plugins_as_a_push_takes_them(self):
        home = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        moto = Moto(home)
        moto.start()
        self.addCleanup(moto.stop)
        s3 = boto3.client("s3", endpoint_url=f"http://127.0.0.1:{moto.port}", region_name="us-east-1", aws_access_key_id="test", aws_secret_access_key="test")
        s3.create_bucket(Bucket="dags-bucket")
        marks = []
        run = types.SimpleNamespace(world=types.SimpleNamespace(s3=s3), location=lambda tree: ("dags-bucket", f"dev-{tree}/"), mark=lambda *mark: marks.append(mark))
        taken = ["dags/.airflowignore", "dags/a b/ü.sql", "dags/mine.py", "dags/packed.zip", "plugins/mine.py"]
        left = ["dags/tests/test_mine.py", "dags/.venv/x.py", "dags/__pycache__/mine.pyc", "dags/.hidden.py", "dags/old.pyc"]
        for name in taken + left:
            (home / name).parent.mkdir(parents=True, exist_ok=True)
            (home / name).write_bytes(name.encode())
        live = Live(run, home)

        def keys() -> list[str]:
            return sorted(entry["Key"].removeprefix("dev-") for entry in s3.list_objects_v2(Bucket="dags-bucket").get("Contents", []))

        self.assertEqual(sorted(live.step()), taken)
        self.assertEqual(keys(), taken)
        self.assertEqual(marks, [("pushing", "dags"), ("pushing", "plugins"), ("complete", "dags"), ("complete", "plugins")])
        self.assertEqual((live.step(), len(marks)), ([], 4))
        (home / "dags" / "mine.py").unlink()
        (home / "plugins" / "mine.py").write_text("changed")
        self.assertEqual(live.step(), ["plugins/mine.py", "dags/mine.py"])
        self.assertEqual(len(marks), 8)
        self.assertEqual(keys(), [name for name in taken if name != "dags/mine.py"])
        self.assertEqual(s3.get_object(Bucket="dags-bucket", Key="dev-plugins/mine.py")["Body"].read(), b"changed")
