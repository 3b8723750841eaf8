#!/usr/bin/env python3
"""Tests of the image's scripts, the DAG pack and the harness itself; seconds, no servers; what needs root is skipped without.

    e2e/check.py [-v]

Prepares the same environments as e2e/run.py (once, from the locks).
"""

import os
import subprocess
import sys

import run


def main() -> int:
    run.CACHE.mkdir(exist_ok=True)
    python = run.environment()
    if os.environ.get("REHEARSAL_CHECK") != "1":
        if os.geteuid() == 0:
            run.prepare(python)
        else:
            print("check: not root, so the image's environment is not built here; its tests need one that e2e/run.py built", flush=True)
        return subprocess.run([python, __file__, *sys.argv[1:]], env={**os.environ, "REHEARSAL_CHECK": "1"}).returncode
    import unittest

    suite = unittest.defaultTestLoader.discover(str(run.HERE / "tests"), top_level_dir=str(run.HERE))
    result = unittest.TextTestRunner(verbosity=2 if "-v" in sys.argv else 1).run(suite)
    for test, reason in result.skipped:
        print(f"SKIPPED {test}: {reason}")
    failed = len(result.failures) + len(result.errors)
    print(f"{result.testsRun - failed - len(result.skipped)} passed, {failed} failed, {len(result.skipped)} skipped")
    return 0 if result.wasSuccessful() and result.testsRun else 1


if __name__ == "__main__":
    sys.exit(main())
