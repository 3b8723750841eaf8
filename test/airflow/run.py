#!/usr/bin/env python3
"""Starts the Airflow that a Pulumi state declares, and tries it as its users would.

    pulumi stack export --show-secrets > state.json
    test/airflow/run.py --state state.json [--profile short|full]
    test/airflow/run.py --state state.json --drop AIRFLOW__API_AUTH__JWT_SECRET
    test/airflow/run.py --state state.json --upgrade newer.json
    test/airflow/run.py --state state.json --login
    test/airflow/run.py --state state.json --dev

Needs Linux, root (or sudo), Python 3.12 or 3.11, PostgreSQL 15 or newer,
redis-server, tini and iproute2; a missing one is named with the line that
installs it. Everything runs in namespaces of its own and ends with this
program. Logs and the report: .cache/e2e/. See docs/e2e.md.
"""

import argparse
import hashlib
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import venv

HERE = pathlib.Path(__file__).resolve().parent
CACHE = HERE.parents[1] / ".cache"
LOCK = HERE / "requirements.lock"
INSIDE = "REHEARSAL_INSIDE"
LINES = ("3.1", "3.3")  # of Airflow: the setting airflow.version


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0], epilog=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--state", type=pathlib.Path, help="JSON of `pulumi stack export --show-secrets`")
    parser.add_argument("--profile", choices=("short", "full"), default="full", help="short leaves out what takes long, and says what")
    parser.add_argument("--drop", default="", metavar="NAME", help="take a variable, or a query parameter of the URLs (sslmode), away from every container: the run must fail")
    parser.add_argument("--only", default="", metavar="CASES", help="comma list of cases instead of a profile; --list shows them")
    parser.add_argument("--upgrade", type=pathlib.Path, metavar="STATE", help="the same stack's state of another line of Airflow: rehearse the way from --state to it, and back")
    parser.add_argument("--rotation", type=pathlib.Path, metavar="STATE", help="the same stack's state with new secrets: rehearse the rotation")
    parser.add_argument("--login", action="store_true", help="rehearse the login of a state whose login.mode is fab or alb, at an OpenID provider")
    parser.add_argument("--list", action="store_true", help="list the cases and profiles")
    parser.add_argument("--rules", action="store_true", help="print what differs from AWS, as Markdown")
    parser.add_argument("--dev", action="store_true", help="keep everything running for local work, with dags/ live")
    parser.add_argument("--port", type=int, default=8443, help="with --dev: port on this machine (default 8443)")
    parser.add_argument("--output", type=pathlib.Path, default=CACHE / "e2e", help="folder for logs and report (default .cache/e2e)")
    return parser.parse_args()


def missing_programs() -> list[str]:
    """One line per missing program: what to install."""
    lines = []
    if not any((p / "initdb").exists() for p in pathlib.Path("/usr/lib/postgresql").glob("*/bin") if p.parent.name.isdigit() and int(p.parent.name) >= 15):
        lines.append("PostgreSQL 15 or newer: apt-get install postgresql")
    for program, package in (("redis-server", "redis-server"), ("tini-static", "tini"), ("ip", "iproute2"), ("nsenter", "util-linux"), ("unshare", "util-linux")):
        if not shutil.which(program):
            lines.append(f"{program}: apt-get install {package}")
    return lines


def environment() -> pathlib.Path:
    """The harness's own virtual environment, made once per lock; returns its Python."""
    digest = hashlib.sha256(LOCK.read_bytes() + sys.version.encode()).hexdigest()[:16]
    home = CACHE / f"harness-{digest}"
    python = home / "bin" / "python"
    if not (home / "complete").exists():
        print("e2e: installing the harness's packages into .cache (once)", flush=True)
        venv.create(home, with_pip=True, clear=True)
        subprocess.run(
            [python, "-m", "pip", "install", "-q", "--disable-pip-version-check", "--require-hashes", "-r", LOCK], check=True
        )
        (home / "complete").touch()
    return python


def may_be_root() -> bool:
    """Whether this is root, or sudo asks for no password."""
    return os.geteuid() == 0 or shutil.which("sudo") is not None and not subprocess.run(["sudo", "-n", "true"], capture_output=True).returncode


def enter(python: pathlib.Path) -> int:
    """Runs this program again in fresh network, mount and PID namespaces; returns its exit code."""
    prefix = ["unshare", "--net", "--mount", "--pid", "--fork", "--kill-child=SIGKILL", "--mount-proc"]
    if os.geteuid() != 0:
        if not may_be_root():
            sys.exit("e2e needs root for its namespaces (networks, mounts, users of containers): run it with sudo")
        prefix = ["sudo", "-n", "--preserve-env=HOME,PATH,REHEARSAL_INSIDE", *prefix]
    child = subprocess.Popen([*prefix, str(python), "-u", __file__, *sys.argv[1:]], env={**os.environ, INSIDE: "1"})

    def passed_on(*_):
        # The child has the terminal's Ctrl-C already; a plain SIGTERM it must get from here.
        for line in pathlib.Path(f"/proc/{child.pid}/task/{child.pid}/children").read_text().split():
            os.kill(int(line), signal.SIGTERM)

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, passed_on)
    return child.wait()


def prepare(python: pathlib.Path, *lines: str) -> None:
    """What needs the network: the packages of the image of these lines of Airflow."""
    code = f"from rehearsal import image; [image.build(lambda text: print('e2e:', text, flush=True), line) for line in {lines}]"
    prefix = [] if os.geteuid() == 0 else ["sudo", "-n", "--preserve-env=HOME,PATH"]
    subprocess.run([*prefix, str(python), "-c", code], cwd=HERE, check=True)


def main() -> int:
    options = arguments()
    sys.path.insert(0, str(HERE))
    if options.rules:
        from rehearsal import rules

        print(rules.table())
        return 0
    if options.list or os.environ.get(INSIDE):
        from rehearsal import session

        code = session.main(options)
        sys.stdout.flush()
        # Threads may still wait for containers that are about to end with this namespace.
        os._exit(code)
    if not options.state:
        sys.exit("e2e: --state FILE is needed: pulumi stack export --show-secrets > FILE")
    states = [path for path in (options.state, options.upgrade, options.rotation) if path]
    for path in states:
        if not path.exists():
            sys.exit(f"e2e: {path} does not exist")
    if missing := missing_programs():
        sys.exit("e2e: missing programs:\n  " + "\n  ".join(missing))
    CACHE.mkdir(exist_ok=True)
    python = environment()
    from rehearsal.state import State

    prepare(python, *(State(path).line for path in states))
    forwarder = None
    if options.dev:
        from rehearsal import door

        forwarder = door.outside(options.port, options.output)
    try:
        return enter(python)
    finally:
        if forwarder:
            forwarder.close()


if __name__ == "__main__":
    sys.exit(main())
