"""The DAG pack: appears, parses, runs to its expected ends, logs where they belong."""

CASES = []
