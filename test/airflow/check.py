#!/usr/bin/env python3
"""Tests of the image's scripts, the DAG pack and the harness itself; minutes; what needs root is skipped without.

    test/airflow/check.py [-v]
    test/airflow/check.py --dags STACK      imports what is in dags/ as the stack's Airflow does, and tests nothing else

Prepares the same environments as test/airflow/run.py (once, from the locks).
"""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

import run
from rehearsal.pushed import is_pushed


def dags(python: pathlib.Path, folder: pathlib.Path, queues: list[str] = (), environment: dict[str, str] | None = None, **options) -> subprocess.CompletedProcess:
    """Imports the DAGs of a folder by the image's Python; what isn't pushed isn't looked at.

    queues are those that workers serve, environment is the dag-processor's own. Variables and connections that
    a DAG reads at its import come from this program's environment, as AIRFLOW_VAR_… and AIRFLOW_CONN_….
    """
    with tempfile.TemporaryDirectory() as home:
        pushed = shutil.copytree(folder, pathlib.Path(home) / "dags", symlinks=True, ignore=lambda at, names: {name for name in names if not is_pushed(pathlib.Path(at, name), folder)})
        command = [python, run.HERE / "rehearsal" / "dagcheck.py", pushed, *queues]
        quiet = {"AIRFLOW__LOGGING__LOGGING_LEVEL": "CRITICAL", "AIRFLOW__CORE__LOAD_EXAMPLES": "False", "PYTHONDONTWRITEBYTECODE": "1", "LANG": "C.UTF-8"}
        places = {"AIRFLOW__CORE__DAGS_FOLDER": str(pushed), "AIRFLOW__CORE__PLUGINS_FOLDER": str(folder.parent / "plugins")}
        whole = {"AIRFLOW__CORE__DAGBAG_IMPORT_ERROR_TRACEBACK_DEPTH": "1000"}  # the line in a DAG's file is anywhere in it
        given = {name: value for name, value in os.environ.items() if name.startswith(("AIRFLOW_VAR_", "AIRFLOW_CONN_"))}
        return subprocess.run(command, env={**(environment or {}), **given, "AIRFLOW_HOME": home, "HOME": home, "PATH": "/usr/bin:/bin", **quiet, **places, **whole}, **options)


def setting(stack: str, path: str):
    """A setting of a stack; ops has said what is wrong where there is none."""
    done = subprocess.run([run.HERE.parents[1] / "bin" / "ops", "setting", stack, path], stdout=subprocess.PIPE, text=True)
    if done.returncode:
        sys.exit(done.returncode)
    return json.loads(done.stdout)


def stack_dags(stack: str) -> int:
    """Imports dags/ as the Airflow of a stack does."""
    from rehearsal import image

    airflow, pools, processor = (setting(stack, path) for path in ("airflow", "workerPools", "services.dagProcessor"))
    run.CACHE.mkdir(exist_ok=True)
    python = image.folder(airflow["version"]) / "venv" / "bin" / "python"
    if run.may_be_root():
        run.prepare(run.environment(), airflow["version"])
    elif not python.exists():
        sys.exit("check: neither root nor sudo, so the image's environment can't be built, and the DAGs are untested")
    options = {f"AIRFLOW__{section}__{option}".upper(): value for section, values in airflow["options"].items() for option, value in values.items()}
    queues = sorted({queue for pool in pools for queue in pool["queues"]})
    return dags(python, image.PROJECT / "dags", queues, {**options, **processor.get("environment", {})}).returncode


def main() -> int:
    if sys.argv[1:2] == ["--dags"]:
        return stack_dags(*sys.argv[2:]) if len(sys.argv) == 3 else sys.exit("check: --dags needs a stack, such as: check.py --dags dev")
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
