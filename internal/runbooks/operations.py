"""Writes aws.json from botocore's service models: the operations that the pages
given as "SERVICE OPERATION" lines on standard input use, with the AWS CLI's
names of their parameters. `go test ./internal/runbooks -update` runs it.

What the AWS CLI adds to the services (s3 sync, logs tail …) stands below, from
its command reference.
"""

import json
import sys

import botocore.exceptions
import botocore.session
from botocore import xform_name

EXTRA = {
    ("s3", "ls"): ["recursive", "human-readable", "summarize"],
    ("s3", "sync"): ["delete", "exact-timestamps", "exclude", "include", "dryrun"],
    ("s3", "cp"): ["recursive"],
    ("logs", "tail"): ["since", "follow", "format", "filter-pattern", "log-stream-names", "log-stream-name-prefix"],
    ("ecr", "get-login-password"): [],
}


def describe(session, service, name):
    if (service, name) in EXTRA:
        return {"parameters": sorted(EXTRA[service, name]), "required": []}
    service = {"s3api": "s3"}.get(service, service)
    model = session.get_service_model(service)
    if name.startswith("wait "):
        waiters = session.get_waiter_model(service)
        operation = next((waiters.get_waiter(w).operation for w in waiters.waiter_names if xform_name(w, "-") == name[5:]), None)
    else:
        operation = next((o for o in model.operation_names if xform_name(o, "-") == name), None)
    if operation is None:
        return None
    shape = model.operation_model(operation).input_shape
    members = shape.members if shape else {}
    required = shape.required_members if shape else []
    return {
        "parameters": sorted(xform_name(m, "-") for m in members),
        "required": sorted(xform_name(m, "-") for m in required),
    }


def main():
    session = botocore.session.get_session()
    found = {}
    for line in sorted(set(sys.stdin)):
        service, name = line.rstrip("\n").split(" ", 1)
        try:
            operation = describe(session, service, name)
        except botocore.exceptions.UnknownServiceError:
            operation = None
        if operation is None:
            print(f"aws {service} {name}: AWS has no such operation", file=sys.stderr)
            continue
        if name == "execute-command":  # the CLI turns it into a flag of its own
            operation["required"] = [r for r in operation["required"] if r != "interactive"]
        found.setdefault(service, {})[name] = operation
    json.dump(found, sys.stdout, indent=1, sort_keys=True)
    print()


main()
