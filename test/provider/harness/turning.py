"""Asks a living stack what each row of settings.yaml would do: previews of copies of its state, several at once."""

import concurrent.futures
import fnmatch
import hashlib
import json
import pathlib
import queue
import threading

from . import settings, tools
from .engine import Stack
from .journey import departure, succeed
from .settings import BACK, Bench, Row

# What this program has been asked already: a run that ended early goes on from there.
DONE = tools.CACHE / "turned.json"

NOTHING = '{"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}]}'


class Kept:
    """What happened, saved after each row, so that a run can end at any time."""

    def __init__(self, base: dict, rows: list[Row]):
        self.rows, self.results, self.lock = rows, settings.load(), threading.Lock()
        program = [tools.program_digest((".",)), base]
        there = [[row.set, row.to] for row in rows if BACK in row.ways()]
        self.of = {way: program + ([there] if way == BACK else []) for way in (settings.FORTH, BACK)}
        self.done = json.loads(DONE.read_text(encoding="utf-8")) if DONE.exists() else {}

    def mark(self, row: Row, way: str) -> str:
        """Names all that an answer depends on."""
        return hashlib.sha256(json.dumps([*self.of[way], way, row.set, row.to, row.with_], sort_keys=True).encode()).hexdigest()

    def asked(self, row: Row, way: str) -> bool:
        return way in self.results.get(row.key(), {}) and self.done.get(f"{way} {row.key()}") == self.mark(row, way)

    def keep(self, row: Row, way: str, steps: list[str] | None) -> None:
        """None: the row was refused, and nothing is known."""
        with self.lock:
            found, name = self.results.setdefault(row.key(), {}), f"{way} {row.key()}"
            found.pop(way, None)
            self.done.pop(name, None)
            if steps is not None:
                found[way], self.done[name] = steps, self.mark(row, way)
            settings.save(self.results, self.rows)
            DONE.write_text(json.dumps(self.done, indent=1), encoding="utf-8")


def ask(stack: Stack, bench: Bench, row: Row, way: str, kept: Kept) -> str:
    """One preview; returns what it came to, in words."""
    with stack.tried(settings.sealed(bench.change(row)), whole=True):
        outcome = stack.run("preview")
    events = stack.logs / f"{outcome.command}.events.jsonl"
    if outcome.code:  # refused settings are a fault of the table, and no step
        kept.keep(row, way, None)
        return f"  {way} {row.key()}: FAULT: {' '.join(' '.join(outcome.messages).split())[:600]}"
    steps = settings.steps_of(events, outcome.steps)
    events.unlink()  # megabytes each
    kept.keep(row, way, steps)
    return f"  {way} {row.key()}: {outcome.seconds:.0f} s, {len(steps)} steps" + "".join(f"\n    FAULT: {f}" for f in row.faults(steps, way))


def turn(output: pathlib.Path, ways: list[str], only: list[str], jobs: int) -> list[str]:
    """Tries the rows of settings.yaml whose key matches one of only, and keeps what happened; returns all faults.

    What this program was asked before isn't asked again, unless only names rows.
    """
    base, rows = settings.table()
    kept = Kept(base, rows)
    for way in ways:
        chosen = [row for row in rows if way in row.ways() and (any(fnmatch.fnmatchcase(row.key(), p) for p in only) if only else not kept.asked(row, way))]
        print(f"settings, {way}: {len(chosen)} rows to ask, {jobs} at once", flush=True)
        if not chosen:
            continue
        (output / way).mkdir()
        with departure("dev", output / way) as journey:
            bench = Bench(journey.stack, base, rows, way)
            journey.stack.configure(settings.sealed(bench.live()))
            # What the rows name and no stack makes.
            journey.account.client("iam").create_policy(PolicyName="for-tests", PolicyDocument=NOTHING)
            succeed(journey.stack.run("up"))
            free = queue.SimpleQueue()
            for number in range(jobs):
                free.put(journey.stack.copy(output / way / f"copy-{number}"))

            def one(row: Row) -> str:
                stack = free.get()
                try:
                    return ask(stack, bench, row, way, kept)
                finally:
                    free.put(stack)

            with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
                for said in concurrent.futures.as_completed([pool.submit(one, row) for row in chosen]):
                    print(said.result(), flush=True)
    settings.PAGE.write_text(settings.page(rows, kept.results), encoding="utf-8")
    return settings.judged(rows, kept.results)
