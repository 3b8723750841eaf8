"""Imports every DAG file below a folder as the dag-processor does; run by the image's Python.

    python dagcheck.py FOLDER [QUEUE …]

Each file is read in a process of its own, as there: one that ends its process, or never ends, hides no other.
Fails on an import error, on a DAG that can't be serialized, on one that two files have, on a source that is not UTF-8,
on a broken zip, on any warning that points into the folder, and where there is no DAG at all; all faults are printed,
each with its line.
Prints a line per DAG, which names the queues that are none of QUEUE.
"""

import multiprocessing
import pathlib
import re
import sys
import warnings
import zipfile

from airflow.configuration import conf
from airflow.dag_processing.processor import BundleDagBag, _serialize_dags
from airflow.models.dagcode import DagCode
from airflow.utils.file import list_py_file_paths

FRAME = re.compile(r'^  File "(.+?)", line (\d+).*\n(?:    .*\n|  \[Previous line repeated .*\n)*', re.M)


def read(path: str, folder: pathlib.Path, answer) -> None:
    """Sends what Airflow finds in a file: its DAGs, faults and warnings."""
    with warnings.catch_warnings(record=True):  # Airflow gives on what it has noted
        warnings.simplefilter("always")
        bag = BundleDagBag(dag_folder=path, bundle_path=folder, load_op_links=False)
        _, unserializable = _serialize_dags(bag, bag.log)
    dags = [(dag.dag_id, dag.fileloc, len(dag.tasks), sorted({task.queue for task in dag.tasks}), dag.catchup) for dag in bag.dags.values()]
    faults = [located(file, trace, folder) for file, trace in {**bag.import_errors, **unserializable}.items()]
    for file in {dag.fileloc for dag in bag.dags.values()}:
        try:
            DagCode.get_code_from_file(file)  # which Airflow keeps, to show it
        except UnicodeDecodeError as fault:
            faults.append(f"{file}: Airflow reads the source of a DAG as UTF-8: {fault}")
    # Of a library's warnings its own authors are to know.
    faults += [f"warning at {text}" for texts in bag.captured_warnings.values() for text in texts if text.startswith(f"{folder}/")]
    answer.send((dags, faults))


def located(file: str, trace: str, folder: pathlib.Path) -> str:
    """A fault's message behind the last line of the folder's files that led to it."""
    frames = list(FRAME.finditer(trace))
    lines = [f"{frame[1]}:{frame[2]}" for frame in frames if frame[1].startswith(f"{folder}/")]
    return f"{lines[-1] if lines else file}: {trace[frames[-1].end() if frames else 0 :].strip()}"


def found(path: str, folder: pathlib.Path, seconds: float) -> tuple[list, list[str]]:
    """The DAGs and faults of a file, read in a process of its own."""
    ours, theirs = multiprocessing.Pipe(duplex=False)
    process = multiprocessing.Process(target=read, args=(path, folder, theirs))
    process.start()
    theirs.close()
    try:
        return ours.recv() if ours.poll(seconds) else ([], [f"{path}: it isn't read after {seconds:.0f} s, when the dag-processor gives up (dag_processor.dag_file_processor_timeout)"])
    except EOFError:
        process.join()
        return [], [f"{path}: it ends the process that reads it, by {f'exit code {process.exitcode}' if process.exitcode >= 0 else f'signal {-process.exitcode}'}"]
    finally:
        process.kill()
        process.join()


def main(folder: pathlib.Path, served: list[str]) -> int:
    multiprocessing.set_start_method("fork")
    seconds = conf.getint("dag_processor", "dag_file_processor_timeout")
    with warnings.catch_warnings(record=True):  # Airflow's own, of an .airflowignore
        paths = sorted(list_py_file_paths(str(folder)))
    dags, faults = [], [f"{link}: it is a symbolic link, which a bucket can't hold; put there what it leads to" for link in folder.rglob("*") if link.is_symlink()]
    faults += [f"{path}: it is no zip file, and Airflow passes over it" for path in folder.rglob("*.zip") if path.is_file() and not zipfile.is_zipfile(path)]
    for path in paths:
        theirs, broken = found(path, folder, seconds)
        dags, faults = dags + theirs, faults + broken
    files: dict[str, list[str]] = {}
    for name, file, *_ in dags:
        files.setdefault(name, []).append(file)
    faults += [f"{' and '.join(sorted(twins))}: both have the DAG {name}, of which Airflow keeps the one it read last" for name, twins in files.items() if len(twins) > 1]
    if not dags and not faults:
        faults.append(f"there is no DAG in {folder}")
    for name, file, tasks, queues, catchup in sorted(dags):
        unserved = [queue for queue in queues if served and queue not in served]
        print(
            f"{name}: {file.removeprefix(f'{folder}/')}, {tasks} tasks, queues {queues}"
            + (f", no worker pool serves {unserved}" if unserved else "")
            + (", catches up" if catchup else "")
        )
    sys.stdout.flush()
    for fault in faults:
        print(fault.replace(f"{folder}/", ""), file=sys.stderr)
    print(f"{len(files)} DAGs, {len(faults)} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1]), sys.argv[2:]))
