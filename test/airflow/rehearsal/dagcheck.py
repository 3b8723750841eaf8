"""Imports every file of the DAG pack as the dag-processor would; run by the image's Python.

    python dagcheck.py FOLDER

Fails on an import error, on any warning that points into the pack, on a file
without exactly one DAG of its own name, and on a catch-up. Prints a line per DAG.
"""

import pathlib
import sys
import warnings


def main(folder: pathlib.Path) -> int:
    faults = []
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            from airflow.dag_processing.dagbag import DagBag

            options = {}
        except ImportError:  # 3.1, whose bag has Airflow's examples as well
            from airflow.models.dagbag import DagBag

            options = {"include_examples": False}
        caught.clear()  # Airflow's own, at its import
        bag = DagBag(str(folder), safe_mode=False, **options)
    for path, trace in bag.import_errors.items():
        faults.append(f"{path}: {trace.strip().splitlines()[-1]}")
    for warning in caught:
        faults.append(f"warning at {warning.filename}:{warning.lineno}: {warning.message}")
    for path in bag.captured_warnings:
        faults += [f"{path}: {text}" for text in bag.captured_warnings[path]]
    by_file = {}
    for dag in bag.dags.values():
        by_file.setdefault(pathlib.Path(dag.fileloc).name, []).append(dag)
    for path in sorted(folder.glob("*.py")):
        dags = by_file.get(path.name, [])
        if [dag.dag_id for dag in dags] != [path.stem]:
            faults.append(f"{path.name}: holds the DAGs {[dag.dag_id for dag in dags]}, expected {path.stem}")
            continue
        dag = dags[0]
        if dag.catchup:
            faults.append(f"{path.name}: catches up")
        if "pack" not in dag.tags:
            faults.append(f"{path.name}: lacks the tag pack")
        print(f"{dag.dag_id}: {len(dag.tasks)} tasks, queues {sorted({task.queue for task in dag.tasks})}")
    for fault in faults:
        print(fault, file=sys.stderr)
    print(f"{len(bag.dags)} passed, {len(faults)} failed")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1])))
