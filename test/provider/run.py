#!/usr/bin/env python3
"""Holds the stack before the real AWS provider and independent scanners.

    test/provider/run.py stack dev     the stack's life on an AWS-like API, by the real provider
    test/provider/run.py variants      lives in a VPC of somebody else, and joined to other networks
    test/provider/run.py scan          Checkov, parliament, hadolint and actionlint
    test/provider/run.py refusals      mistakes: what the real provider refuses and the simulation takes
    test/provider/run.py test          the harness's own tests
    test/provider/run.py settings      every setting turned on a living stack: settings.json, docs/changes.md
    test/provider/run.py roles         least privilege: tables and checks of every role

What a run lacks is said, and the run then counts as skipped (exit 0), or as
failed with --strict. Files of a run: .cache/e2e-aws/. See docs/e2e-aws.md.
"""

import argparse
import os
import pathlib
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from harness import tools  # noqa: E402  (standard library only)

INSIDE = "E2E_AWS_INSIDE"


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0], epilog=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--strict", action="store_true", help="fail where a tool is missing, instead of skipping")
    commands = parser.add_subparsers(dest="command", required=True)
    stack = commands.add_parser("stack", help="a stack's life before the real provider")
    stack.add_argument("name", choices=("dev", "prod", "bootstrap"))
    variants = commands.add_parser("variants", help="a stack's life in a VPC of somebody else, and joined to other networks")
    variants.add_argument("names", nargs="*", metavar="NAME", help="existing or joined (default: both)")
    commands.add_parser("scan", help="independent scanners over both stacks, images and workflows")
    roles = commands.add_parser("roles", help="least privilege: tables and checks")
    roles.add_argument("--check", action="store_true", help="fail where docs/least-privilege.md is out of date, instead of writing it")
    refusals = commands.add_parser("refusals", help="mistakes, shown to the real and the simulated provider")
    refusals.add_argument("--learn", action="store_true", help="add rules to the simulation from what the provider says")
    turned = commands.add_parser("settings", help="every setting turned on a living stack, and back")
    turned.add_argument("--only", action="append", metavar="PATTERN", help="rows of settings.yaml whose key matches, such as 'broker.*', and no others; may be given again (default: what this program was not asked yet)")
    turned.add_argument("--jobs", type=int, default=os.cpu_count(), metavar="N", help="previews at once (default: one a core)")
    turned.add_argument("--page", action="store_true", help="try nothing, write docs/changes.md from the kept results")
    turned.add_argument("--way", choices=("forth", "back"), action="append", help="only this way")
    commands.add_parser("test", help="the harness's own tests")
    commands.add_parser("python", help="print the Python that has moto, for other tests")
    return parser.parse_args()


def output_of(name: str) -> pathlib.Path:
    """A new folder for a run's files."""
    folder = tools.CACHE / "runs" / f"{time.strftime('%Y%m%d-%H%M%S')}-{name}-{os.getpid()}"
    folder.mkdir(parents=True)
    return folder


def stack(options: argparse.Namespace) -> None:
    from harness import journey

    output = output_of(options.name)
    print(f"e2e-aws {options.name}: files in {output.relative_to(tools.ROOT)}", flush=True)
    try:
        share = journey.travel(options.name, output)
    except journey.Fault as fault:
        sys.exit(f"e2e-aws {options.name}: FAILED\n{fault}\nlogs: {output.relative_to(tools.ROOT)}")
    print(f"e2e-aws {options.name}: passed\n{share.table()}")


def variants(options: argparse.Namespace) -> None:
    from harness import journey, worlds

    if unknown := sorted(set(options.names) - set(worlds.WORLDS)):
        sys.exit(f"variants: no {', '.join(unknown)}: there are {', '.join(worlds.WORLDS)}")
    output = output_of("variants")
    for name in options.names or worlds.WORLDS:
        (output / name).mkdir()
        try:
            worlds.live(name, output / name)
        except journey.Fault as fault:
            sys.exit(f"variants {name}: FAILED\n{fault}\nlogs: {output.relative_to(tools.ROOT)}")
        print(f"variants {name}: passed", flush=True)


def scan(options: argparse.Namespace) -> None:
    from harness import journey, scan

    output, records, why = output_of("scan"), {}, ""
    try:
        scan.converter()
        for name in ("dev", "prod", journey.BOOTSTRAP):
            (output / f"make-{name}").mkdir()
            records[name] = journey.made(name, output / f"make-{name}")
    except journey.Fault as fault:
        sys.exit(f"scan: FAILED\n{fault}")
    except tools.Missing as missing:  # images and workflows are there all the same
        if options.strict:
            raise
        records, why = {}, str(missing)
    if not scan.run(records, why, output):
        sys.exit("scan: FAILED: fix the finding in components/, or say in test/provider/suppressions.yaml why it stays")


def roles(options: argparse.Namespace) -> None:
    from harness import calls

    flags = [] if options.check else ["-write-roles"]
    test = ["go", "test", "./platform", "-run", "^TestLeastPrivilege$", "-count=1", *flags]
    if code := subprocess.run(test, cwd=tools.ROOT).returncode:
        sys.exit(code)
    calls.check()


def refusals(options: argparse.Namespace) -> None:
    from harness import journey, refusals

    output = output_of("refusals")
    try:
        if not refusals.run(output, options.learn):
            sys.exit("refusals: FAILED: the simulation takes what the provider refuses: test/provider/run.py refusals --learn")
    except journey.Fault as fault:
        sys.exit(f"refusals: FAILED\n{fault}")


def settings(options: argparse.Namespace) -> None:
    from harness import journey, turning
    from harness import settings as turned

    if options.page:
        turned.PAGE.write_text(turned.page(turned.table()[1], turned.load()), encoding="utf-8")
        return
    output = output_of("settings")
    try:
        faults = turning.turn(output, options.way or ["forth", "back"], options.only or [], options.jobs)
    except journey.Fault as fault:
        sys.exit(f"settings: FAILED\n{fault}")
    if faults:
        sys.exit("settings: FAILED: list a loss with its reason in test/provider/settings.yaml, or repair the program\n  " + "\n  ".join(faults))


def test(_: argparse.Namespace) -> None:
    import unittest

    suite = unittest.defaultTestLoader.discover(str(HERE / "tests"))
    if not unittest.TextTestRunner(verbosity=2).run(suite).wasSuccessful():
        sys.exit(1)


def python(_: argparse.Namespace) -> None:
    print(sys.executable)


def main() -> int:
    options = arguments()
    try:
        if not os.environ.get(INSIDE):
            interpreter = tools.environment("moto")
            return subprocess.run([interpreter, "-u", __file__, *sys.argv[1:]], env={**os.environ, INSIDE: "1"}).returncode
        {"stack": stack, "variants": variants, "scan": scan, "roles": roles, "refusals": refusals, "settings": settings, "test": test, "python": python}[options.command](options)
    except tools.Missing as missing:
        print(f"e2e-aws {options.command}: SKIPPED: {missing}")
        return 1 if options.strict else 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
