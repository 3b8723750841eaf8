"""The nightly clean-up, from its task definition."""

from __future__ import annotations

from .base import Case, Run

OLD = "insert into log (dttm, event) select now() - interval '500 days', 'rehearsal-old' from generate_series(1, 2500)"
LEFT = "select count(*) from log where event = 'rehearsal-old'"


def cleanup(run: Run) -> None:
    """The scheduled task deletes what is old, tells so, and ends with 0."""
    with run.world.database.admin() as cursor:
        cursor.execute(OLD)
    task = run.world.run_task("cleanup")
    container = task.containers["cleanup"]
    run.check(container.exit_code == 0, f"the clean-up ended with {container.exit_code}:\n{container.tail(20)}")
    run.check("cleanup: log: 2500 rows deleted" in container.tail(60), f"the clean-up said:\n{container.tail(60)}")
    run.check(run.world.database.query(LEFT)[0][0] == 0, "old rows are still there")
    age = run.world.database.query("select extract(epoch from now() - latest_heartbeat) from job where job_type = 'Cleanup'")
    run.check(age and age[0][0] < 60, f"the clean-up left no heartbeat: {age}")
    run.report.note(f"the clean-up took {container.ended - container.started:.1f} s")


CASES = [Case("cleanup", "The scheduled clean-up deletes what is old, from its task definition", cleanup)]
