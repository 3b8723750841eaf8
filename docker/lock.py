#!/usr/bin/env python3
"""Writes the locks of Python packages, and checks that they are in step: the
Airflow image's, and those of what the rehearsals in test/ run with.

    docker/lock.py              renew the locks after a change of their inputs
    docker/lock.py --check      offline: were the locks made from these inputs?
    docker/lock.py --check --resolve
                                resolve again and compare line by line

The versions are those that existed on a lock's day: an unconstrained install
of Airflow 3.1.8 picks celery 5.7 and SQLAlchemy 2.1, with which the executor
does not load. uv itself is pinned and lives in .cache/ of the project.
"""
import argparse
import dataclasses
import hashlib
import pathlib
import re
import subprocess
import sys
import tempfile
import venv

OLDEST_PYTHON = "3.11"
UV = "uv==0.13.9"

ROOT = pathlib.Path(__file__).resolve().parent.parent
CACHE = ROOT / ".cache"


@dataclasses.dataclass(frozen=True)
class Lock:
    path: pathlib.Path
    inputs: tuple[str, ...]  # beside the lock; those after the first override what packages ask for
    as_of: str

    def fingerprint(self):
        """One hash over everything that decides what the lock says."""
        digest = hashlib.sha256(f"{self.as_of} {OLDEST_PYTHON} {UV}\n".encode())
        for name in self.inputs:
            digest.update((self.path.parent / name).read_bytes())
        return digest.hexdigest()

    def header(self):
        return (
            "# Made by docker/lock.py: do not edit.\n"
            f"# inputs: sha256:{self.fingerprint()}\n"
            f"# packages as of {self.as_of}, Python {OLDEST_PYTHON} and newer, x86-64 and ARM64\n"
        )

    def resolve(self):
        """The lock's text, from nothing: with a fixed day the result is always the same."""
        overrides = [word for name in self.inputs[1:] for word in ("--override", name)]
        with tempfile.TemporaryDirectory() as folder:
            target = pathlib.Path(folder) / self.path.name
            subprocess.run(
                [
                    uv(), "pip", "compile", "-q", "--universal", "--python-version", OLDEST_PYTHON,
                    "--generate-hashes", "--exclude-newer", self.as_of, "--no-emit-index-url", "--no-header",
                    *overrides, self.inputs[0], "-o", target,
                ],
                cwd=self.path.parent, check=True, stdout=subprocess.DEVNULL,
            )  # fmt: skip
            return self.header() + target.read_text()

    def faults(self, again):
        """What is wrong with the lock, nothing when it is in step."""
        called = self.path.relative_to(ROOT)
        text = self.path.read_text() if self.path.exists() else ""
        found = re.search(r"^# inputs: sha256:([0-9a-f]{64})$", text, re.M)
        if not found:
            return [f"{called} is missing or was not made by docker/lock.py"]
        faults = []
        if found.group(1) != self.fingerprint():
            faults.append(f"{' or '.join(self.inputs)} changed since {called} was made: run docker/lock.py")
        pins = re.findall(r"^([A-Za-z0-9._-]+)(?:\[[^]]*\])?==(.*?)(?=^\S|\Z)", text, re.M | re.S)
        bare = [name for name, rest in pins if "--hash=sha256:" not in rest]
        if not pins:
            faults.append(f"{called} pins no package")
        faults += [f"{called}: {name} has no hash" for name in bare]
        if re.search(r"--(extra-)?index-url|--find-links|\bhttps?://", text):
            faults.append(f"{called} names a package index: an index belongs to the machine, not to the lock")
        if again and not faults and self.resolve() != text:
            faults.append(f"resolving again gives other packages than {called}: run docker/lock.py")
        return faults


LOCKS = (
    Lock(ROOT / "docker/airflow/requirements-3.1.lock", ("requirements-3.1.in", "overrides.txt"), "2026-03-18"),
    Lock(ROOT / "docker/airflow/requirements-3.3.lock", ("requirements-3.3.in", "overrides.txt"), "2026-10-15"),
    Lock(ROOT / "test/airflow/requirements.lock", ("requirements.in",), "2026-11-16"),
    Lock(ROOT / "test/repository/requirements.lock", ("requirements.in",), "2026-11-16"),
    Lock(ROOT / "test/provider/requirements/moto.lock", ("moto.in",), "2026-11-16"),
    Lock(ROOT / "test/provider/requirements/scan.lock", ("scan.in",), "2026-11-16"),
    Lock(ROOT / "tools/checks/requirements.lock", ("requirements.in",), "2026-11-16"),
)


def uv():
    """The pinned uv, installed into the project's cache on first use."""
    home = CACHE / UV.replace("==", "-")
    binary = home / "bin" / "uv"
    if not binary.exists():
        venv.create(home, with_pip=True, clear=True)
        subprocess.run([home / "bin" / "pip", "install", "-q", "--disable-pip-version-check", UV], check=True)
    return binary


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--resolve", action="store_true", help="with --check: resolve again and compare")
    args = parser.parse_args()
    if args.check:
        faults = [fault for lock in LOCKS for fault in lock.faults(args.resolve)]
        for fault in faults:
            print(f"docker/lock.py: {fault}", file=sys.stderr)
        return 1 if faults else 0
    for lock in LOCKS:
        lock.path.write_text(lock.resolve())
        print(f"{lock.path.relative_to(ROOT)}: {lock.path.read_text().count('==')} packages")
    return 0


if __name__ == "__main__":
    sys.exit(main())
