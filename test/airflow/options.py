#!/usr/bin/env python3
"""Writes config/options/<line>.txt: every option that Airflow of a line and its image's providers know.

    test/airflow/options.py

The program refuses other ones in airflow.options (config/options.go). A line says
"section.option", with " secret" behind it where <option>_cmd and <option>_secret stand
in for it, "section.old > section.new" for one that moved, or "section.*" for a section
whose options Airflow hands on. Builds both environments, as root or with
sudo; a test compares.
"""

import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
import run  # noqa: E402

# Run by the image's Python.
READ = '''
import importlib.resources, yaml
from airflow.cli.commands.config_command import CONFIGS_CHANGES
from airflow.configuration import conf
from airflow.providers_manager import ProvidersManager

def name(section, option):
    return f"{section.replace('.', '_')}.{option}".lower()

core = yaml.safe_load(importlib.resources.files("airflow").joinpath("config_templates/config.yml").read_text())
found = {
    name(section, option): said or {}
    for part in (core, *dict(ProvidersManager().provider_configs).values()) for section, about in part.items() for option, said in (about["options"] or {}).items()
}
known, secret = set(found), {option for option, said in found.items() if said.get("sensitive")}
moved = {}
for change in CONFIGS_CHANGES:
    if change.renamed_to and not change.default_change:
        moved[name(change.config.section, change.config.option)] = name(change.renamed_to.section, change.renamed_to.option)
for new, (section, option, _) in conf.deprecated_options.items():
    moved.setdefault(name(section, option), name(*new))
# To kombu, and to the Sentry SDK.
handed_on = ("celery_broker_transport_options", "celery_result_backend_transport_options", "sentry")
lines = {line + " secret" * (line in secret) for line in known} | {f"{old} > {new}" for old, new in moved.items() if old not in known and new in known}
lines = {line for line in lines if line.split(".")[0] not in handed_on} | {f"{section}.*" for section in handed_on}
print("OPTIONS", *sorted(lines), sep="\\n")
'''


def known(python, home) -> str:
    """What the file of a line must hold."""
    done = subprocess.run([python, "-c", READ], env={"HOME": str(home), "AIRFLOW_HOME": str(home)}, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(done.stderr[-2000:])
    return done.stdout.split("OPTIONS\n", 1)[1]


def file(line: str) -> pathlib.Path:
    return HERE.parents[1] / "config" / "options" / f"{line}.txt"


def main() -> int:
    import tempfile

    from rehearsal import image

    for line in run.LINES:
        python = image.build(print, line) / "venv" / "bin" / "python"
        with tempfile.TemporaryDirectory() as home:
            file(line).parent.mkdir(exist_ok=True)
            file(line).write_text(known(python, home))
        print(f"wrote {file(line)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
