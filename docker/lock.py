#!/usr/bin/env python3
"""Writes docker/airflow/requirements.lock, and checks that it is in step.

    docker/lock.py              renew the lock after a change of requirements.in
    docker/lock.py --check      offline: was the lock made from these inputs?
    docker/lock.py --check --resolve
                                resolve again and compare line by line

The versions are those that existed on the day AS_OF: an unconstrained install
of Airflow 3.1.8 picks celery 5.7 and SQLAlchemy 2.1, with which the executor
does not load. uv itself is pinned and lives in .cache/ of the project.
"""
import argparse
import hashlib
import pathlib
import re
import subprocess
import sys
import tempfile
import venv

AS_OF = "2026-03-18"
OLDEST_PYTHON = "3.11"
UV = "uv==0.13.9"

DOCKER = pathlib.Path(__file__).resolve().parent
FOLDER = DOCKER / "airflow"
INPUTS = ("requirements.in", "overrides.txt")
LOCK = FOLDER / "requirements.lock"
CACHE = DOCKER.parent / ".cache"


def fingerprint():
    """One hash over everything that decides what the lock says."""
    digest = hashlib.sha256(f"{AS_OF} {OLDEST_PYTHON} {UV}\n".encode())
    for name in INPUTS:
        digest.update((FOLDER / name).read_bytes())
    return digest.hexdigest()


def header():
    return (
        "# Made by docker/lock.py: do not edit.\n"
        f"# inputs: sha256:{fingerprint()}\n"
        f"# packages as of {AS_OF}, Python {OLDEST_PYTHON} and newer, x86-64 and ARM64\n"
    )


def uv():
    """The pinned uv, installed into the project's cache on first use."""
    home = CACHE / UV.replace("==", "-")
    binary = home / "bin" / "uv"
    if not binary.exists():
        venv.create(home, with_pip=True, clear=True)
        subprocess.run([home / "bin" / "pip", "install", "-q", "--disable-pip-version-check", UV], check=True)
    return binary


def resolve(target):
    """Resolves requirements.in into the file target, hashes included."""
    subprocess.run(
        [
            uv(), "pip", "compile", "-q", "--universal", "--python-version", OLDEST_PYTHON,
            "--generate-hashes", "--exclude-newer", AS_OF, "--no-emit-index-url", "--no-header",
            "--override", "overrides.txt", "requirements.in", "-o", target,
        ],
        cwd=FOLDER, check=True, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    return header() + target.read_text()


def check(again):
    """Returns the faults of the lock, empty when it is in step."""
    text = LOCK.read_text() if LOCK.exists() else ""
    found = re.search(r"^# inputs: sha256:([0-9a-f]{64})$", text, re.M)
    if not found:
        return [f"{LOCK.name} is missing or was not made by docker/lock.py"]
    faults = []
    if found.group(1) != fingerprint():
        faults.append(f"{' or '.join(INPUTS)} changed since {LOCK.name} was made: run docker/lock.py")
    pins = re.findall(r"^([A-Za-z0-9._-]+)(?:\[[^]]*\])?==(.*?)(?=^\S|\Z)", text, re.M | re.S)
    bare = [name for name, rest in pins if "--hash=sha256:" not in rest]
    if not pins:
        faults.append(f"{LOCK.name} pins no package")
    faults += [f"{LOCK.name}: {name} has no hash" for name in bare]
    if re.search(r"--(extra-)?index-url|--find-links|\bhttps?://", text):
        faults.append(f"{LOCK.name} names a package index: an index belongs to the machine, not to the lock")
    if again and not faults:
        with tempfile.TemporaryDirectory() as folder:
            fresh = resolve(pathlib.Path(folder) / "requirements.lock")
        if fresh != text:
            faults.append(f"resolving again gives other packages than {LOCK.name}: run docker/lock.py")
    return faults


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--resolve", action="store_true", help="with --check: resolve again and compare")
    args = parser.parse_args()
    if args.check:
        faults = check(args.resolve)
        for fault in faults:
            print(f"docker/lock.py: {fault}", file=sys.stderr)
        return 1 if faults else 0
    with tempfile.TemporaryDirectory() as folder:
        # Resolved from nothing: with a fixed day the result is always the same.
        LOCK.write_text(resolve(pathlib.Path(folder) / "requirements.lock"))
    print(f"{LOCK.relative_to(DOCKER.parent)}: {LOCK.read_text().count('==')} packages")
    return 0


if __name__ == "__main__":
    sys.exit(main())
