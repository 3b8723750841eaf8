# Read by the dag-processor: a DAG of airflow that says what it found as its import error.
from hostile_probe import look, tell

raise RuntimeError(tell(look({'database': 'DATABASE'}, 'dag-processor')))
