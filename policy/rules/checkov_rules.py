#!/usr/bin/env python3
"""Compares coverage.csv with the rules of the Checkov that is installed, type by type.

Run it with a Python that has Checkov (test/provider/requirements/scan.lock), after an upgrade:

    python checkov_rules.py
"""

import csv
import os
import pathlib
import re
import sys

# Where Terraform's name isn't module_resource.
NAMES = {
    "aws:budgets/budget:Budget": "aws_budgets_budget",
    "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": "aws_default_security_group",
    "aws:lb/loadBalancer:LoadBalancer": "aws_lb",
    "aws:rds/eventSubscription:EventSubscription": "aws_db_event_subscription",
    "aws:rds/instance:Instance": "aws_db_instance",
    "aws:rds/parameterGroup:ParameterGroup": "aws_db_parameter_group",
    "aws:rds/subnetGroup:SubnetGroup": "aws_db_subnet_group",
    "aws:s3/bucketLifecycleConfigurationV2:BucketLifecycleConfigurationV2": "aws_s3_bucket_lifecycle_configuration",
    "aws:s3/bucketServerSideEncryptionConfigurationV2:BucketServerSideEncryptionConfigurationV2": "aws_s3_bucket_server_side_encryption_configuration",
    "aws:s3/bucketV2:BucketV2": "aws_s3_bucket",
    "aws:s3/bucketVersioningV2:BucketVersioningV2": "aws_s3_bucket_versioning",
    "pulumi:providers:aws": "aws",
}


def terraform(token: str) -> str:
    """The type's name in Terraform."""
    if token in NAMES:
        return NAMES[token]
    module, resource = token.split(":")[1].split("/")
    resource = re.sub(r"(?<!^)(?=[A-Z])", "_", resource).lower()
    return f"aws_{resource}" if module == "ec2" else f"aws_{module}_{resource}"


def written() -> dict[str, set[str]]:
    """The rules of coverage.csv, by Terraform's name of their type."""
    path = pathlib.Path(__file__).with_name("coverage.csv")
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    rules: dict[str, set[str]] = {}
    for row in csv.DictReader(lines):
        for token in row["types"].split():
            if row["list"] == "checkov" and token != "*" and not token.startswith(("random:", "awsx:")):
                rules.setdefault(terraform(token), set()).update([row["rule"]] if row["rule"] else [])
    return rules


def installed(types: set[str]) -> dict[str, set[str]]:
    """Checkov's rules by type, without those for every type."""
    os.environ["LOG_LEVEL"] = "ERROR"
    from checkov.docs_generator import get_checks

    rules: dict[str, set[str]] = {name: set() for name in types}
    every = {rule for rule, kind, entity, *_ in get_checks(["terraform"]) if entity == "aws_cloudwatch_dashboard"}
    for rule, _, entity, *_ in get_checks(["terraform"]):
        if entity in types and rule not in every:
            rules[entity].add(rule)
    return rules


def main() -> int:
    ours = written()
    theirs = installed(set(ours))
    bad = 0
    for name in sorted(ours):
        for rule in sorted(theirs[name] ^ ours[name]):
            where = "is not in coverage.csv" if rule in theirs[name] else "is no rule of Checkov's any more"
            print(f"{name}: {rule} {where}")
            bad += 1
    print(f"{len(ours)} types, {len(set().union(*theirs.values()))} rules, {bad} differences")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
