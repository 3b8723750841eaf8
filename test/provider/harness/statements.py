"""Hands every policy statement of a record to parliament; prints its findings as JSON.

    statements.py RECORD

Runs with the scanners' Python. parliament judges identity policies only. What it can't know is told to
it: the role that a trust policy is attached to, and that "*" in a policy attached to a resource is that
resource (KMS developer guide, "Key policies"; EFS user guide, "Using IAM to control data access").
"""

import json
import sys
import warnings

warnings.filterwarnings("ignore")  # pkg_resources

import parliament  # noqa: E402

# Types whose policy is attached to the resource that its "arn", or another's, names.
TRUST = "assume_role_policy"
# VPC endpoints are doors, not the things behind them: their "*" is every resource of the service.
DOORS = ("aws_vpc_endpoint",)


def read(path: str) -> list[dict]:
    """The last state of each resource of a record."""
    latest = {}
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            resource = json.loads(line)
            latest[resource["urn"]] = resource
    return list(latest.values())


def documents(value, path: str):
    """Every policy document in a value, with its path."""
    if isinstance(value, str) and value.lstrip().startswith("{") and '"Statement"' in value:
        yield path, json.loads(value)
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from documents(inner, f"{path}.{key}")
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from documents(inner, f"{path}[{index}]")


def attached_to(resource: dict, path: str, resources: list[dict]) -> str | None:
    """ARN of what "*" means in a resource's policy; None for identity policies and doors."""
    values = resource["values"]
    if resource["type"] in DOORS or (resource["type"].startswith("aws_iam_") and not path.endswith(TRUST)):
        return None
    if values.get("arn"):
        return values["arn"]
    # A policy that is a resource of its own, beside what it guards.
    for key in ("file_system_id", "bucket", "backup_vault_name", "arn"):
        for other in resources:
            if values.get(key) and other["urn"] != resource["urn"] and values[key] in (other["values"].get("id"), other["values"].get("bucket")):
                if other["values"].get("arn"):
                    return other["values"]["arn"]
    return None


def told(statement: dict, arn: str | None) -> dict:
    """The statement as parliament must see it."""
    if arn is None:
        return statement
    statement = {key: value for key, value in statement.items() if key != "Principal"}
    if statement.get("Resource", "*") in ("*", ["*"]):
        statement["Resource"] = arn
    return statement


def main() -> None:
    resources = read(sys.argv[1])
    findings, passed = [], 0
    for resource in resources:
        name = resource["urn"].rsplit("::", 1)[1]
        for path, document in documents(resource["values"], ""):
            arn = attached_to(resource, path, resources)
            identity = arn is None and resource["type"] not in DOORS
            for number, statement in enumerate(document["Statement"]):
                text = json.dumps({"Version": document["Version"], "Statement": [told(statement, arn)]})
                found = parliament.analyze_policy_string(text, include_community_auditors=identity).findings
                found = [f for f in found if f.severity != "MUTE"]
                passed += not found
                for finding in found:
                    label = statement.get("Sid") or str(number)
                    findings.append(
                        {
                            "rule": f"parliament:{finding.issue}",
                            "resource": f"{resource['type']}.{name}{path}#{label}",
                            "says": " ".join(str(part) for part in (finding.title, finding.description, finding.detail) if part),
                        }
                    )
    json.dump({"passed": passed, "findings": findings}, sys.stdout)


if __name__ == "__main__":
    main()
