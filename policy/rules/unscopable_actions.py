"""Writes unscopable.txt: the reading and listing actions that AWS ties to no
resource, from the copy of the Service Authorization Reference that parliament
carries (make scan installs it).

    python3 unscopable_actions.py PATH/parliament/iam_definition.json
"""

import json
import pathlib
import re
import sys


def families(actions: dict[str, bool]) -> list[str]:
    """Names, and Verb* where every action of a service's that begins so is free."""
    verbs: dict[str, list[str]] = {}
    for name in actions:
        verbs.setdefault(re.match(r"[A-Z][a-z0-9]*|\w+", name)[0], []).append(name)
    found = []
    for verb, names in verbs.items():
        alike = [name for name in actions if name.startswith(verb)]
        if len(names) > 2 and verb in ("Describe", "List", "Get", "Search", "Lookup") and all(actions[name] for name in alike):
            found.append(verb + "*")
        else:
            found += [name for name in names if actions[name]]
    return sorted(found)


def main() -> None:
    lines = ["# Written by unscopable_actions.py from parliament's iam_definition.json: a service, and its actions."]
    services: dict[str, dict[str, bool]] = {}
    for service in json.loads(pathlib.Path(sys.argv[1]).read_text()):
        for privilege in service["privileges"]:
            scoped = any(kind["resource_type"] for kind in privilege["resource_types"])
            free = not scoped and privilege["access_level"] in ("Read", "List")
            services.setdefault(service["prefix"], {})[privilege["privilege"]] = free
    for prefix in sorted(services):
        if found := families(services[prefix]):
            lines.append(f"{prefix} {' '.join(found)}")
    pathlib.Path(__file__).with_name("unscopable.txt").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
