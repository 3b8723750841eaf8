"""The command triggerer, in which a trigger that is cancelled ends nothing but itself.

In Airflow 3.1 a trigger asks through one connection, a question after the other. One
that is cancelled after its question leaves the answer there, and who asks next reads it:
"Response read out of order", and the triggerer ends (apache/airflow#64620). Triggers are
cancelled when somebody ends their task, and when another triggerer takes them over
since this one's heartbeat was late. Airflow 3.3 gives each answer to who asked for it.
"""

import asyncio
import functools


def to_the_answer(asend):
    @functools.wraps(asend)
    async def asend_and_read(decoder, message):
        return await asyncio.shield(asend(decoder, message))

    return asend_and_read


def install() -> None:
    from airflow.jobs.triggerer_job_runner import TriggerCommsDecoder

    if not hasattr(TriggerCommsDecoder, "start_reader"):  # 3.3
        TriggerCommsDecoder.asend = to_the_answer(TriggerCommsDecoder.asend)


if __name__ == "__main__":
    from airflow.__main__ import main

    install()
    main()
