"""What deployments called and made, kept in deployments.json, and held against the roles of the pipelines."""

import json
import re

import botocore.session

from . import access, tools
from .access import Request

KEPT = tools.ROOT / "test" / "provider" / "deployments.json"
ACCOUNT = "381492153064"
STACKS = ("dev", "prod")
SERVICES = {"monitoring": "cloudwatch"}  # signing name to IAM's
# Operations that IAM calls by another name (S3 user guide, "Policy actions"; Budgets' actions).
NAMES = {
    "s3:PutBucketEncryption": "s3:PutEncryptionConfiguration", "s3:DeleteBucketEncryption": "s3:PutEncryptionConfiguration",
    "s3:GetBucketEncryption": "s3:GetEncryptionConfiguration", "s3:PutBucketLifecycle": "s3:PutLifecycleConfiguration",
    "s3:DeleteBucketLifecycle": "s3:PutLifecycleConfiguration", "s3:GetBucketLifecycle": "s3:GetLifecycleConfiguration",
    "s3:DeleteBucketOwnershipControls": "s3:PutBucketOwnershipControls", "s3:PutPublicAccessBlock": "s3:PutBucketPublicAccessBlock",
    "s3:DeletePublicAccessBlock": "s3:PutBucketPublicAccessBlock", "s3:GetPublicAccessBlock": "s3:GetBucketPublicAccessBlock",
    "s3:GetBucketAccelerateConfiguration": "s3:GetAccelerateConfiguration", "s3:GetBucketCors": "s3:GetBucketCORS",
    "s3:GetBucketReplication": "s3:GetReplicationConfiguration", "s3:GetObjectLockConfiguration": "s3:GetBucketObjectLockConfiguration",
    "s3:HeadBucket": "s3:ListBucket", "s3:ListObjectVersions": "s3:ListBucketVersions", "s3:ListObjectsV2": "s3:ListBucket",
    "s3:DeleteObjects": "s3:DeleteObject",
    "budgets:CreateBudget": "budgets:ModifyBudget", "budgets:CreateNotification": "budgets:ModifyBudget",
    "budgets:CreateSubscriber": "budgets:ModifyBudget", "budgets:DeleteSubscriber": "budgets:ModifyBudget",
    "budgets:DeleteBudget": "budgets:ModifyBudget", "budgets:DeleteNotification": "budgets:ModifyBudget",
    "budgets:UpdateBudget": "budgets:ModifyBudget", "budgets:DescribeBudget": "budgets:ViewBudget",
    "budgets:DescribeNotificationsForBudget": "budgets:ViewBudget", "budgets:DescribeSubscribersForNotification": "budgets:ViewBudget",
}  # fmt: skip
# Actions that AWS ties to no name and no tag: prod's are within dev's reach, and why that is borne.
UNTIED = {
    "route53:CreateHostedZone": "AWS checks no resource",
    "route53:AssociateVPCWithHostedZone": "a zone's ARN is an id, and carries no tags",
    "route53:ChangeTagsForResource": "as above",
    "route53:DeleteHostedZone": "as above; a zone with records can't be deleted, and records are tied to the hostname",
    "route53:DisassociateVPCFromHostedZone": "as above",
    "route53resolver:UpdateFirewallConfig": "AWS makes a VPC's configuration itself, without tags",
    "ec2:DeleteNetworkInterface": "EFS's have no tags; a service's interface in use can't be deleted by others",
}


def operations(service: str) -> list[tuple[str, re.Pattern, set[str], str]]:
    """Method, path, query keys and name of each operation of a REST service."""
    name = {"elasticfilesystem": "efs"}.get(service, service)
    model = botocore.session.get_session().get_service_model(name)
    found = []
    for operation in model.operation_names:
        http = model.operation_model(operation).http
        path, _, query = http["requestUri"].partition("?")
        text = re.sub(r"\\\{\w+\\\}", "[^/]+", re.sub(r"\\\{\w+\\\+\\\}", ".+", re.escape(path.rstrip("/"))))
        found.append((http["method"], re.compile(text + "/?"), {part.split("=")[0] for part in query.split("&") if part}, operation))
    return sorted(found, key=lambda o: -len(o[2]))


def named(call: dict, known: dict) -> str:
    """The IAM action of a recorded call."""
    service = SERVICES.get(call["service"], call["service"])
    action = call["action"]
    if not action:
        keys = {part.split("=")[0] for part in call["query"].split("&") if part}
        rest = known.setdefault(service, operations(service))
        action = next((o for method, path, query, o in rest if method == call["method"] and path.fullmatch(call["path"]) and query <= keys), "")
    full = f"{service}:{re.sub('20[0-9]{6}$|20[0-9]{2}_[0-9]{2}_[0-9]{2}$', '', action)}"
    return NAMES.get(full, full)


def called() -> list[str]:
    """Every action that the recorded lives of the stacks took."""
    known: dict = {}
    found = set()
    for stack in STACKS:
        with open(tools.CACHE / "made" / stack / "calls.jsonl", encoding="utf-8") as lines:
            found |= {named(call, known) for call in map(json.loads, lines) if call["key"] == "harness"}
    return sorted(found)


def made(stack: str) -> dict[str, bool]:
    """ARN to whether it has the stack's tags, of all that a stack is made of; ids are shortened to one of each shape."""
    state = json.loads((tools.CACHE / "made" / stack / "state.json").read_text(encoding="utf-8"))
    found = {}
    for resource in state["deployment"]["resources"]:
        outputs = resource.get("outputs") or {}
        tags = outputs.get("tagsAll") or {}
        for key in ("arn", "dashboardArn"):
            arn = outputs.get(key)
            if isinstance(arn, str) and resource["type"].startswith("aws:"):
                short = re.sub(r"\b[0-9a-f]{8,}\b(?<!%s)|[0-9a-f-]{36}" % ACCOUNT, "0", arn)
                found[short] = tags.get("Environment") == stack
    return dict(sorted(found.items()))


def record() -> None:
    """Writes deployments.json from the newest lives of both stacks (`make e2e-aws`)."""
    kept = {"actions": called(), "resources": {stack: made(stack) for stack in STACKS}}
    KEPT.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")


def load() -> dict:
    return json.loads(KEPT.read_text(encoding="utf-8"))


def requests(action: str, stack: str, resources: dict[str, bool]) -> list[Request]:
    """An action on everything of a stack that it can be for: as made anew, and as it stands."""
    if not access.kinds(action):
        keys = tuple(k.lower() for k in access.REFERENCE.actions.get_action_details(*action.split(":"))["conditionKeys"])
        return [Request(action, "*", access.carried(keys, tags("aws:RequestTag", stack)))]
    found = []
    for kind in access.kinds(action):
        for arn, tagged in resources.items():
            if not kind.is_of(arn):
                continue
            context = {"aws:ResourceAccount": ACCOUNT} | (tags("aws:ResourceTag", stack) if tagged else {})
            if action.split(":")[1].startswith(("Create", "Register", "Authorize", "Run")) or access.level(action) == "Tagging":
                context |= tags("aws:RequestTag", stack)
            context |= EXTRA.get(action, lambda _: {})(stack)
            found.append(Request(action, arn, access.carried(kind.keys, context)))
    return found


def tags(key: str, stack: str) -> dict[str, str]:
    return {f"{key}/Project": "pathwai-airflow", f"{key}/Environment": stack}


# Condition keys that a call carries beside tags.
EXTRA = {
    "route53resolver:AssociateFirewallRuleGroup": lambda stack: tags("aws:RequestTag", stack),
    **{
        f"iam:{action}": lambda stack: {"iam:PermissionsBoundary": boundary(stack)}
        for action in ("CreateRole", "DeleteRolePolicy", "DetachRolePolicy", "PutRolePolicy", "UpdateAssumeRolePolicy")
    },
    "iam:AttachRolePolicy": lambda stack: {"iam:PermissionsBoundary": boundary(stack), "iam:PolicyARN": f"arn:aws:iam::{ACCOUNT}:policy/of-a-team"},
    "route53:ChangeResourceRecordSets": lambda stack: {"route53:ChangeResourceRecordSetsNormalizedRecordNames": f"airflow.{stack}.pathwai.com"},
}


def boundary(stack: str) -> str:
    return f"arn:aws:iam::{ACCOUNT}:policy/pathwai-airflow-github-{stack}-boundary"


def faults(kept: dict) -> list[str]:
    """Whether each deploy role may do what its stack's life took, on all that it was done to, and nothing of it to the other."""
    found = []
    for stack in STACKS:
        role = f"{stack}-deploy"
        other = next(s for s in STACKS if s != stack)
        for action in kept["actions"]:
            writes = access.level(action) not in ("List", "Read")
            own = requests(action, stack, kept["resources"][stack])
            found += [f"{role} may not {r.action} on {r.resource}" for r in own if not access.allows(access.policies(role), r)]
            if not writes or action in UNTIED:
                continue
            foreign = requests(action, other, kept["resources"][other])
            found += [f"{role} may {r.action} on {r.resource}, which is {other}'s" for r in foreign if r.resource != "*" and access.allows(access.policies(role), r)]
    return found


def check() -> None:
    """Records the newest lives of the stacks, where there are some, and prints whether the deploy roles fit; ends the program where not."""
    if all((tools.CACHE / "made" / stack / name).exists() for stack in STACKS for name in ("calls.jsonl", "state.json")):
        record()
    else:
        print("roles: SKIPPED the record of deployments: no runs of `make e2e-aws` for dev and prod; the kept one is used")
    kept = load()
    writes = [a for a in kept["actions"] if access.level(a) not in ("List", "Read")]
    found = faults(kept)
    print(f"roles: stacks' lives took {len(kept['actions'])} actions, {len(writes)} of them changes, on {sum(map(len, kept['resources'].values()))} kinds of ARNs; the deploy roles: {len(found)} faults")
    if found:
        raise SystemExit("roles: FAILED\n  " + "\n  ".join(found))
