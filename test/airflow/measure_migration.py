#!/usr/bin/env python3
"""How long the way from one line of Airflow to the next takes in a database of many task instances.

    test/airflow/measure_migration.py [--tasks 1000000]

Makes a database of 3.1 in a real PostgreSQL (with fsync), fills it by SQL, runs
3.3's `airflow db migrate`, and meanwhile looks how long a heartbeat of a task
waits. Prints a table. Run test/airflow/run.py or check.py before, which build
both environments. See docs/e2e.md.
"""

import argparse
import os
import pathlib
import re
import subprocess
import sys
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
import run  # noqa: E402

FILL = """
insert into dag_bundle(name, active) values ('dags-folder', true) on conflict do nothing;
insert into dag(dag_id, bundle_name, is_paused, is_stale, max_active_tasks, max_consecutive_failed_dag_runs, has_task_concurrency_limits, last_parsed_time)
select 'dag-' || n, 'dags-folder', false, false, 16, 0, false, now() from generate_series(1, 100) n;
insert into dag_version(id, version_number, dag_id, bundle_name, created_at, last_updated) select gen_random_uuid(), 1, dag_id, 'dags-folder', now(), now() from dag;
insert into serialized_dag(id, dag_id, created_at, last_updated, dag_hash, dag_version_id, data) select gen_random_uuid(), dag_id, created_at, created_at, 'x', id, '{"dag": {"dag_id": "x", "timetable": {"__type": "airflow.timetables.simple.NullTimetable", "__var": {}}, "tasks": []}}' from dag_version;
insert into dag_run(dag_id, run_id, run_type, run_after, logical_date, data_interval_start, data_interval_end, start_date, end_date, updated_at, state, created_dag_version_id)
select v.dag_id, 'run-' || n, 'scheduled', at, at, at, at, at, at + interval '1 minute', at, 'success', v.id
from dag_version v, generate_series(1, %(runs)s) n, lateral (select now() - make_interval(mins => n) as at) moment;
insert into task_instance(id, task_id, dag_id, run_id, pool, pool_slots, priority_weight, try_number, max_tries, queue, operator, hostname, unixname, start_date, end_date, duration, state, dag_version_id, executor_config)
select gen_random_uuid(), 'task-' || n, dag_id, run_id, 'default_pool', 1, 1, 1, 2, 'default', 'PythonOperator', 'ip-10-0-0-1', 'airflow', start_date, end_date, 60, 'success', created_dag_version_id, '\\x80057d942e'
from dag_run, generate_series(1, 10) n;
insert into rendered_task_instance_fields(dag_id, task_id, run_id, map_index, rendered_fields) select dag_id, task_id, run_id, -1, '{}' from task_instance where task_id in ('task-1', 'task-2');
insert into xcom(dag_run_id, task_id, map_index, key, dag_id, run_id, value, timestamp) select r.id, t.task_id, -1, 'return_value', t.dag_id, t.run_id, '{"rows": 42}', t.start_date from task_instance t join dag_run r using (dag_id, run_id) where t.task_id in ('task-1', 'task-2', 'task-3');
insert into task_instance_history(task_instance_id, task_id, dag_id, run_id, map_index, try_number, pool, pool_slots, start_date, dag_version_id) select gen_random_uuid(), task_id, dag_id, run_id, map_index, 1, pool, 1, start_date, dag_version_id from task_instance where task_id = 'task-1';
insert into log(dttm, dag_id, run_id, event) select start_date, dag_id, run_id, 'running' from task_instance;
analyze;
"""


class Heartbeats:
    """Writes to one task instance four times a second, as a running task makes the api-server do."""

    def __init__(self, server):
        self.server, self.longest, self.over = server, 0.0, threading.Event()
        self.thread = threading.Thread(target=self._beat, daemon=True)
        self.thread.start()

    def _beat(self) -> None:
        while not self.over.wait(0.25):
            began = time.monotonic()
            with self.server.admin() as cursor:
                cursor.execute("update task_instance set last_heartbeat_at = now() where id = (select id from task_instance limit 1)")
            self.longest = max(self.longest, time.monotonic() - began)

    def end(self) -> float:
        self.over.set()
        self.thread.join()
        return self.longest


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tasks", type=int, default=1_000_000, help="task instances, a multiple of 1000 (default 1000000)")
    options = parser.parse_args()
    python = run.environment()
    if pathlib.Path(sys.executable) != python:
        os.execv(python, [str(python), "-u", __file__, *sys.argv[1:]])
    from rehearsal import image
    from tests.support import database

    old, new = (image.build(print, line) / "venv" / "bin" / "python" for line in run.LINES)
    with database() as made:
        with made.server.admin() as cursor:
            cursor.execute("alter system set fsync = on")
            cursor.execute("select pg_reload_conf()")
        measure(made, old, new, options.tasks)
    return 0


def measure(made, old, new, tasks: int) -> None:
    server = made.server
    made.migrate(old)
    began = time.monotonic()
    with server.admin() as cursor:
        cursor.execute("set role airflow")
        cursor.execute(FILL % {"runs": tasks // 1000})
    size = server.query("select pg_size_pretty(pg_database_size(current_database()))")[0][0]
    print(f"filled in {time.monotonic() - began:.0f} s: {server.query('select count(*) from task_instance')[0][0]} task instances, {size}", flush=True)
    beats, began, steps = Heartbeats(server), time.monotonic(), []
    process = subprocess.Popen([new, "-m", "airflow", "db", "migrate"], env=made.environment(new), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    said = []
    for line in process.stdout:
        said.append(line)
        if found := re.search(r"Running upgrade (\w*) -> (\w+), (.*?)\.?\s*(\[|$)", line):
            steps.append((time.monotonic() - began, found[2], found[3]))
    if process.wait():
        sys.exit(f"airflow db migrate ended with {process.returncode}:\n{''.join(said)[-3000:]}")
    total = time.monotonic() - began
    print(f"\n| seconds | revision | what |\n|---|---|---|")
    for (at, revision, what), (end, *_) in zip(steps, [*steps[1:], (total,)]):
        print(f"| {end - at:.1f} | {revision} | {what[:90]} |")
    print(f"\nmigrated in {total:.0f} s; the longest heartbeat waited {beats.end():.0f} s; the database is {server.query('select pg_size_pretty(pg_database_size(current_database()))')[0][0]}")


if __name__ == "__main__":
    sys.exit(main())
