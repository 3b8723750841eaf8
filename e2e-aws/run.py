#!/usr/bin/env python3
"""Holds the stack before the real AWS provider and independent scanners.

    e2e-aws/run.py stack dev     the stack's life on an AWS-like API, by the real provider
    e2e-aws/run.py scan          Checkov, parliament, hadolint and actionlint
    e2e-aws/run.py roles         least privilege: tables and checks of every role

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
    stack.add_argument("name", choices=("dev", "prod"))
    return parser.parse_args()


def stack(options: argparse.Namespace) -> None:
    from harness import journey

    output = tools.CACHE / "runs" / f"{time.strftime('%Y%m%d-%H%M%S')}-{options.name}"
    output.mkdir(parents=True)
    print(f"e2e-aws {options.name}: files in {output.relative_to(tools.ROOT)}", flush=True)
    try:
        share = journey.travel(options.name, output)
    except journey.Fault as fault:
        sys.exit(f"e2e-aws {options.name}: FAILED\n{fault}\nlogs: {output.relative_to(tools.ROOT)}")
    print(f"e2e-aws {options.name}: passed\n{share.table()}")


def main() -> int:
    options = arguments()
    try:
        if not os.environ.get(INSIDE):
            python = tools.environment("moto")
            return subprocess.run([python, "-u", __file__, *sys.argv[1:]], env={**os.environ, INSIDE: "1"}).returncode
        {"stack": stack}[options.command](options)
    except tools.Missing as missing:
        print(f"e2e-aws {options.command}: SKIPPED: {missing}")
        return 1 if options.strict else 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
