#!/usr/bin/env python3
"""Tests of the image's scripts, the DAG pack and the harness itself; seconds, no servers; what needs root is skipped without.

    test/airflow/check.py [-v]
    test/airflow/check.py --dags     fails, too, if the DAGs could not be tested: nothing is pushed untested

Prepares the same environments as test/airflow/run.py (once, from the locks).
"""

import os
import shutil
import subprocess
import sys

import run


def main() -> int:
    run.CACHE.mkdir(exist_ok=True)
    python = run.environment()
    if os.environ.get("REHEARSAL_CHECK") != "1":
        if os.geteuid() == 0 or shutil.which("sudo") and not subprocess.run(["sudo", "-n", "true"], capture_output=True).returncode:
            run.prepare(python, *run.LINES)
        else:
            print("check: neither root nor sudo, so the image's environment is not built here; its tests need one that test/airflow/run.py built", flush=True)
        return subprocess.run([python, __file__, *sys.argv[1:]], env={**os.environ, "REHEARSAL_CHECK": "1"}).returncode
    import unittest

    suite = unittest.defaultTestLoader.discover(str(run.HERE / "tests"), top_level_dir=str(run.HERE))
    result = unittest.TextTestRunner(verbosity=2 if "-v" in sys.argv else 1).run(suite)
    for test, reason in result.skipped:
        print(f"SKIPPED {test}: {reason}")
    failed = len(result.failures) + len(result.errors)
    print(f"{result.testsRun - failed - len(result.skipped)} passed, {failed} failed, {len(result.skipped)} skipped")
    # Without the image's environment the DAG pack isn't looked at.
    unseen = [test for test, _ in result.skipped if "--dags" in sys.argv and "test_pack" in str(test)]
    if unseen:
        print("check: the DAGs were not tested, and that counts as a failure here")
    return 0 if result.wasSuccessful() and result.testsRun and not unseen else 1


if __name__ == "__main__":
    sys.exit(main())
