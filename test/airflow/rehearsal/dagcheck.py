"""Imports every DAG file below a folder as the dag-processor does; run by the image's Python.

    python dagcheck.py FOLDER

Fails on an import error, on any warning that points into the folder, and where
there is no DAG at all. Prints a line per DAG.
"""

import pathlib
import sys
import warnings


def main(folder: pathlib.Path) -> int:
    faults = []
    sys.path.insert(0, str(folder))  # modules that DAGs share
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            from airflow.dag_processing.dagbag import DagBag
        except ImportError:  # Airflow 3.1
            from airflow.models.dagbag import DagBag

        caught.clear()  # Airflow's own, at its import
        bag = DagBag(str(folder))
    for path, trace in bag.import_errors.items():
        faults.append(f"{path}: {trace.strip().splitlines()[-1]}")
    for warning in caught:
        faults.append(f"warning at {warning.filename}:{warning.lineno}: {warning.message}")
    for path in bag.captured_warnings:
        faults += [f"{path}: {text}" for text in bag.captured_warnings[path]]
    if not bag.dags and not faults:
        faults.append(f"there is no DAG in {folder}")
    for dag in sorted(bag.dags.values(), key=lambda dag: dag.dag_id):
        print(
            f"{dag.dag_id}: {pathlib.Path(dag.fileloc).name}, {len(dag.tasks)} tasks, queues {sorted({task.queue for task in dag.tasks})}"
            + (", catches up" if dag.catchup else "")
        )
    for fault in faults:
        print(fault.replace(f"{folder}/", ""), file=sys.stderr)
    print(f"{len(bag.dags)} DAGs, {len(faults)} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1])))
