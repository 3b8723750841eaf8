"""A stack's life before the real provider: preview, up, changes, refresh, destroy, and what each must show."""

import contextlib
import fnmatch
import json
import pathlib
import shutil
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request

from . import changes, leftovers, report, tools, variants
from .engine import Outcome, Stack

HERE = pathlib.Path(__file__).resolve().parent
ACCOUNT = "381492153064"
# The program in bootstrap/ is a stack of one, with nothing to change.
BOOTSTRAP = "bootstrap"


class Fault(Exception):
    """A check that failed."""


@contextlib.contextmanager
def cloud(folder: pathlib.Path, certificates: list[str]):
    """moto on a free port of loopback, as a context; gives its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    additions = tools.bridge()
    command = [
        str(tools.environment("moto")), str(HERE / "moto_server.py"), "--port", str(port), "--calls", str(folder / "calls.jsonl"),
        *(["--additions", str(additions / "moto" / "motoplus.py")] if additions else []),
        *(word for c in certificates for word in ("--certificate", c)),
    ]  # fmt: skip
    address = f"http://127.0.0.1:{port}"
    environment = {"MOTO_ACCOUNT_ID": ACCOUNT, "MOTO_IAM_LOAD_MANAGED_POLICIES": "true", "PATH": "/usr/bin:/bin"}
    with open(folder / "moto.log", "w", encoding="utf-8") as log:
        server = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
        try:
            await_server(server, address, folder / "moto.log")
            yield address
        finally:
            server.send_signal(signal.SIGTERM)
            server.wait(timeout=20)


def await_server(server: subprocess.Popen, address: str, log: pathlib.Path) -> None:
    for _ in range(120):
        if server.poll() is not None:
            break
        with contextlib.suppress(urllib.error.URLError, ConnectionError):
            urllib.request.urlopen(f"{address}/moto-api/", timeout=5).close()
            return
        time.sleep(0.5)
    raise Fault(f"moto did not start:\n{log.read_text(encoding='utf-8')[-2000:]}")


def succeed(outcome: Outcome) -> Outcome:
    """Prints a command's end; a command that failed ends the run."""
    print(f"  {outcome.command}: exit {outcome.code}, {outcome.seconds:.0f} s, {outcome.tally()}", flush=True)
    if outcome.code or outcome.failed:
        raise Fault("\n".join([f"{outcome.command} failed", *outcome.failed, *outcome.messages]) or outcome.text[-3000:])
    return outcome


class Journey:
    """One stack, from nothing to nothing."""

    def __init__(self, stack: Stack, address: str):
        self.stack, self.account = stack, leftovers.Account(address)
        self.excluded = report.exclusions()
        # A difference from what is expected; the journey goes on, and fails at its end.
        self.faults: list[str] = []
        # URNs, as patterns, of what the provider still finds after a destroy: revisions of task definitions, and what is somebody else's.
        self.stays: tuple[str, ...] = ("*:TaskDefinition::*",)

    def flags(self) -> list[str]:
        return [word for e in self.excluded if e.stack in (self.stack.name, "*") for word in ("--exclude", e.urns)]

    def run(self) -> report.Share:
        self.before = self.account.listing()
        if self.stack.name == "dev":  # once is enough
            self.try_variants()
        plan = succeed(self.stack.run("preview", *self.flags()))
        succeed(self.stack.run("up", *self.flags()))
        made = self.stack.export()
        self.keep(made)
        share = report.Share.of(plan, made, self.excluded)
        self.unchanged(self.stack.run("preview", "--diff", *self.flags()))
        self.unchanged(self.stack.run("refresh", *self.flags()))
        for change in changes.of(self.stack) if self.stack.name != BOOTSTRAP else []:
            self.change(change)
        self.unchanged(self.stack.run("refresh", *self.flags()))
        self.end()
        if self.stack.name != BOOTSTRAP:
            self.live_again()
        shutil.copy(self.stack.folder.parent / "calls.jsonl", tools.CACHE / "made" / self.stack.name / "calls.jsonl")
        if self.faults:
            raise Fault("\n".join(self.faults))
        return share

    def unchanged(self, outcome: Outcome) -> None:
        """Fails the journey if a command would do anything."""
        succeed(outcome)
        if outcome.steps:
            shown = [line for line in outcome.text.splitlines() if line.lstrip()[:2] in ("~ ", "+ ", "- ")]
            self.faults.append("\n  ".join([f"{outcome.command} shows differences where nothing has changed:", *map(str, outcome.steps), *shown]))
            print(f"  FAULT: {self.faults[-1]}", flush=True)

    def try_variants(self) -> None:
        """The provider takes the settings that no stack has."""
        for title, settings in variants.VARIANTS:
            print(f"  variant: {title}", flush=True)
            with self.stack.tried(settings):
                succeed(self.stack.run("preview", *self.flags()))

    def keep(self, made: dict) -> None:
        """Keeps what was made for the scanners: before the changes, as the stack's file says it."""
        target = tools.CACHE / "made" / self.stack.name
        target.mkdir(parents=True, exist_ok=True)
        # Without what a preview of other settings recorded.
        urns = set(report.aws_resources(made))
        lines = self.stack.record.read_text(encoding="utf-8").splitlines(keepends=True)
        (target / "record.jsonl").write_text("".join(line for line in lines if json.loads(line)["urn"] in urns), encoding="utf-8")
        (target / "state.json").write_text(json.dumps(made), encoding="utf-8")
        (target / "program.txt").write_text(tools.program_digest(), encoding="utf-8")

    def change(self, change: changes.Change) -> None:
        """Makes a change: the preview's steps and the steps taken are those expected, and nothing is left to do."""
        print(f"  change: {change.title}", flush=True)
        self.stack.configure(change.settings)
        for command in ("preview", "up"):
            outcome = succeed(self.stack.run(command, *self.flags()))
            if faults := change.faults(outcome.steps):
                self.faults.append(f"{change.title}, {command}:\n  " + "\n  ".join(faults))
                print(f"  FAULT: {self.faults[-1]}", flush=True)
        self.unchanged(self.stack.run("preview", "--diff", *self.flags()))

    def end(self) -> None:
        """Lifts the protection, destroys, and looks for what is left, in two ways."""
        protected = bool(self.stack.setting("database", "deletionProtection"))
        if protected or self.stack.name == BOOTSTRAP:
            self.refuse_destroy()
        if self.stack.name == BOOTSTRAP:
            self.stack.unprotect()
        else:
            self.stack.configure(LIFTED)
            succeed(self.stack.run("up", *self.flags()))
        last = self.stack.export()
        succeed(self.stack.run("destroy"))
        self.nothing_left(last, protected)

    def live_again(self) -> None:
        """Makes the stack again at once, with settings that keep what AWS can keep, and destroys it again."""
        print("  a second life", flush=True)
        self.stack.configure({"secrets": {"recoveryDays": 7}, "database": {"finalSnapshot": True}})
        for life in ("second", "third"):
            succeed(self.stack.run("up", *self.flags()))
            succeed(self.stack.run("destroy"))
            print(f"  the {life} life has ended", flush=True)

    def refuse_destroy(self) -> None:
        """A protected stack is not destroyed by accident: its preview fails, and nothing is touched."""
        before = report.aws_resources(self.stack.export())
        outcome = self.stack.run("destroy")
        print(f"  {outcome.command}, protected: exit {outcome.code}", flush=True)
        if outcome.code == 0 or "protected" not in outcome.text:
            raise Fault("a protected stack was not refused:\n" + outcome.text[-2000:])
        if gone := set(before) - set(report.aws_resources(self.stack.export())):
            raise Fault("a refused destroy deleted something:\n  " + "\n  ".join(sorted(gone)))

    def nothing_left(self, last: dict, protected: bool) -> None:
        """Nothing but what is meant to stay (docs/runbooks/destroy.md): revisions of task definitions, secrets until their end, and
        backups of a protected database."""
        there = self.account.inventory()
        left = set(there) - self.before
        meant = {"ecs taskDefinitionArns: *"} if self.stack.name != BOOTSTRAP else set()
        if self.stack.setting("secrets", "recoveryDays"):
            meant.add("secretsmanager SecretList: *")
            if alive := [entry for entry in fnmatch.filter(left, "secretsmanager *") if "DeletedDate" not in there[entry]]:
                raise Fault("secrets without an end:\n  " + "\n  ".join(alive))
        if protected:
            meant.add("rds DBSnapshots: *")
            if len(final := [entry for entry in left if "-db-final-" in entry]) != 1:
                raise Fault(f"one final snapshot of the database was to stay, and there are {len(final)}")
        for pattern in sorted(meant):
            kept = sorted(fnmatch.filter(left, pattern))
            if not kept:
                raise Fault(f"was to stay, and is gone: {pattern}")
            print(f"  kept by intent: {len(kept)} {pattern.removesuffix(': *')}, such as {kept[0].rsplit('/', 1)[-1]}", flush=True)
            left -= set(kept)
        if left:
            raise Fault("left after destroy:\n  " + "\n  ".join(sorted(left)))
        # The provider itself looks for every resource that there was; at a secret's value AWS lets nobody look who waits for its end.
        destroyed = self.stack.export()
        self.stack.restore(last)
        waiting = "secretsmanager SecretList: *" in meant
        succeed(self.stack.run("refresh", *(["--exclude", "**:SecretVersion::**"] if waiting else [])))
        stays = (*self.stays, "*:SecretVersion::*") if waiting else self.stays
        alive = [urn for urn in report.aws_resources(self.stack.export()) if not any(fnmatch.fnmatchcase(urn, pattern) for pattern in stays)]
        if alive:
            raise Fault("the provider still finds:\n  " + "\n  ".join(alive))
        self.stack.restore(destroyed)
        print("  nothing is left: neither by listing nor by the provider's own look at every resource", flush=True)


# Settings under which a stack can be destroyed.
LIFTED = {
    "database": {"deletionProtection": False},
    "loadBalancer": {"deletionProtection": False},
    "buckets": {"forceDestroy": True},
    "images": {"forceDelete": True},
}


@contextlib.contextmanager
def departure(name: str, output: pathlib.Path):
    """A stack at the start of its journey, as a context; raises tools.Missing."""
    environment, provider = tools.prepare()
    print(f"e2e-aws {name}: {provider}, moto 5.2.5 on loopback", flush=True)
    certificates = [f"{arn}={host}" for arn, host in report.certificates(tools.ROOT)]
    with cloud(output, certificates) as address:
        environment |= {
            "AWS_ENDPOINT_URL": address, "AWS_ACCESS_KEY_ID": "harness", "AWS_SECRET_ACCESS_KEY": "harness",
            "AWS_REGION": "us-east-1", "AWS_EC2_METADATA_DISABLED": "true", "AWS_MAX_ATTEMPTS": "2",
        }  # fmt: skip
        root = tools.ROOT / "bootstrap" if name == BOOTSTRAP else tools.ROOT
        try:
            yield Journey(Stack(name, root, output / name, environment), address)
        finally:
            for call in report.tried_again(output / "calls.jsonl"):
                print(f"  tried again: {call}", flush=True)


def travel(name: str, output: pathlib.Path) -> report.Share:
    """The whole journey of stack name, with its files in output; raises Fault or tools.Missing."""
    with departure(name, output) as journey:
        return journey.run()


def made(name: str, output: pathlib.Path) -> pathlib.Path:
    """The record of what the provider made of the program as it stands; makes it where there is none yet."""
    folder = tools.CACHE / "made" / name
    note = folder / "program.txt"
    if not note.exists() or note.read_text(encoding="utf-8") != tools.program_digest():
        print(f"e2e-aws {name}: no record of this program yet, it is made now (some minutes)", flush=True)
        with departure(name, output) as journey:
            succeed(journey.stack.run("up", *journey.flags()))
            journey.keep(journey.stack.export())
    return folder / "record.jsonl"
