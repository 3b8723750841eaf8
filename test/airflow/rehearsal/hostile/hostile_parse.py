# Read by the dag-processor: a DAG of airflow that says what it found as its import error.
import json

from hostile_probe import look

raise RuntimeError(f"FOUND {json.dumps(look({'database': 'DATABASE'}, 'dag-processor'))} END")
