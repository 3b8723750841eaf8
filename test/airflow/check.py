#!/usr/bin/env python3
"""Tests of the image's scripts, the DAG pack and the harness itself; minutes; what needs root is skipped without.

    test/airflow/check.py [-v]
    test/airflow/check.py --dags [LINE]     imports what is in dags/ as this line of Airflow (3.1) does, and tests nothing else

Prepares the same environments as test/airflow/run.py (once, from the locks).
"""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

import run


def dags(python: pathlib.Path, folder: pathlib.Path, **options) -> subprocess.CompletedProcess:
    """Imports the DAGs of a folder by the image's Python; what isn't pushed isn't looked at."""
    with tempfile.TemporaryDirectory() as home:
        pushed = shutil.copytree(folder, pathlib.Path(home) / "dags", ignore=lambda at, _: ["tests"] if at == str(folder) else [])
        command = [python, run.HERE / "rehearsal" / "dagcheck.py", pushed]
        quiet = {"AIRFLOW__LOGGING__LOGGING_LEVEL": "WARNING", "AIRFLOW__CORE__LOAD_EXAMPLES": "False"}
        return subprocess.run(command, env={"AIRFLOW_HOME": home, "HOME": home, "PATH": "/usr/bin:/bin", **quiet}, **options)


def main() -> int:
    if sys.argv[1:2] == ["--dags"]:
        from rehearsal import image

        line = sys.argv[2] if len(sys.argv) > 2 else run.LINES[0]
        if line not in run.LINES:
            sys.exit(f"check: --dags is {line!r}: {' or '.join(run.LINES)}")
        run.CACHE.mkdir(exist_ok=True)
        python = image.folder(line) / "venv" / "bin" / "python"
        if run.may_be_root():
            run.prepare(run.environment(), line)
        elif not python.exists():
            sys.exit("check: neither root nor sudo, so the image's environment can't be built, and the DAGs are untested")
        return dags(python, image.PROJECT / "dags").returncode
    run.CACHE.mkdir(exist_ok=True)
    python = run.environment()
    if os.environ.get("REHEARSAL_CHECK") != "1":
        if run.may_be_root():
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
    return 0 if result.wasSuccessful() and result.testsRun else 1


if __name__ == "__main__":
    sys.exit(main())
