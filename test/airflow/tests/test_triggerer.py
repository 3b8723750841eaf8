"""A trigger that is cancelled takes no other trigger's answer, in each line's own triggerer."""

import subprocess
import tempfile
import unittest

from rehearsal.image import DOCKER

from .support import image_python

# Of two triggers that ask one is cancelled before its answer has come. The connection is a pair of sockets.
CANCEL = """
import asyncio, socket, sys
import msgspec
from airflow.jobs.triggerer_job_runner import TriggerCommsDecoder
from airflow.sdk.execution_time.comms import GetVariable, VariableResult, _ResponseFrame
from airflow_fargate import triggerer

if sys.argv[1] == "installed":
    triggerer.install()

async def main():
    here, there = socket.socketpair()
    reader, writer = await asyncio.open_connection(sock=here)
    decoder = TriggerCommsDecoder(socket=here, async_writer=writer, async_reader=reader)
    if hasattr(decoder, "start_reader"):
        await decoder.start_reader()
    questions, answers = await asyncio.open_connection(sock=there)

    async def question():
        length = int.from_bytes(await questions.readexactly(4), "big")
        return msgspec.msgpack.decode(await questions.readexactly(length))[:2]

    def answer(number, asked):
        answers.write(_ResponseFrame(number, VariableResult(key=asked["key"], value=asked["key"]).model_dump()).as_bytes())

    ask = lambda key: asyncio.create_task(decoder.asend(GetVariable(key=key)))
    cancelled = ask("a")
    first = await question()
    cancelled.cancel()
    await asyncio.wait([cancelled])
    other = ask("b")
    answer(*first)
    done, _ = await asyncio.wait([other], timeout=1)
    if not done:
        answer(*await question())
        await asyncio.wait([other])
    print("SAID", cancelled.cancelled(), repr(other.exception()) if other.exception() else other.result().value)

asyncio.run(main())
"""


class Triggerer(unittest.TestCase):
    LINE, BY_ITSELF = "3.1", "True RuntimeError('Response read out of order! Got frame.id=0, expect_id=1')"

    def cancel(self, install: str) -> str:
        with tempfile.TemporaryDirectory() as home:
            environment = {"PYTHONPATH": DOCKER / "python", "AIRFLOW_HOME": home, "HOME": home, "PATH": "/usr/bin:/bin"}
            done = subprocess.run([image_python(self.LINE), "-c", CANCEL, install], env=environment, capture_output=True, text=True, timeout=300)
        said = [line.removeprefix("SAID ") for line in done.stdout.splitlines() if line.startswith("SAID ")]
        self.assertEqual(len(said), 1, done.stdout + done.stderr)
        return said[0]

    def test_each_trigger_reads_its_own_answer(self):
        self.assertEqual(self.cancel("installed"), "True b")

    def test_by_itself(self):
        """Once 3.1 is gone, so can the module be."""
        self.assertEqual(self.cancel(""), self.BY_ITSELF)


class TriggererOf33(Triggerer):
    LINE, BY_ITSELF = "3.3", "True b"


if __name__ == "__main__":
    unittest.main()
