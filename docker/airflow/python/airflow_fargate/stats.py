"""The names of metrics, as StatsD takes them.

Airflow makes names of DAGs' ids, which may have any letter, and 250 of them. Where one isn't ASCII, or the name is too
long, Airflow (3.1.8, 3.3.2) has no timer for a run of that DAG, and its scheduler ends, and so does each one after it.
"""

import re

UNFIT, LONGEST = re.compile("[^A-Za-z0-9_./-]"), 250


def fit(name: str) -> str:
    return UNFIT.sub("_", name)[:LONGEST]
