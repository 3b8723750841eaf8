"""The roles of the pipelines: what their declared documents allow, by simulation."""

import json
import unittest

from harness import access, deployments
from harness.access import Request, allows, decide, policies

ISSUER = "token.actions.githubusercontent.com"
STATE = "arn:aws:s3:::pathwai-airflow-state/.pulumi/"
KEY = "arn:aws:kms:us-east-1:381492153064:key/00000000-0000-4000-8000-000000000001"
ROLES = ("dags", "deploy", "drift", "preview")


def token(event: str, workflow: str, ref: str = "refs/heads/main", repository: str = "o/r", environment: str = "") -> Request:
    """A job's token: the environment that it names, else what happened, is its subject."""
    subject = f"environment:{environment}" if environment else "pull_request" if event == "pull_request" else f"ref:{ref}"
    return Request("sts:AssumeRoleWithWebIdentity", "*", (
        (f"{ISSUER}:aud", "sts.amazonaws.com"), (f"{ISSUER}:sub", f"repo:{repository}:{subject}"), (f"{ISSUER}:ref", ref),
        (f"{ISSUER}:job_workflow_ref", f"{repository}/.github/workflows/{workflow}@{ref}"),
    ))  # fmt: skip


def admitted(request: Request) -> list[str]:
    roles = access.declared()["roles"]
    return sorted(name for name, role in roles.items() if decide([role["trust"]], request) == "allowed")


def request(action: str, resource: str, **context) -> Request:
    return Request(action, resource, tuple((key.replace("__", ":"), value) for key, value in context.items()))


class Trust(unittest.TestCase):
    def test_each_job_gets_its_role_and_no_other(self):
        for job, roles in {
            token("push", "deploy-stack.yml"): ["dev-preview", "prod-preview"],
            token("schedule", "drift.yml"): ["dev-drift", "prod-drift"],
            token("push", "deploy.yml", environment="dev"): ["dev-deploy"],
            token("push", "deploy-stack.yml", environment="prod"): ["prod-deploy"],
            token("push", "dag-sync.yml", environment="dev"): ["dev-dags"],
        }.items():
            self.assertEqual(admitted(job), roles, job)

    def test_nobody_else_gets_one(self):
        pull, branch = "refs/pull/7/merge", "refs/heads/feature"
        for job in (
            token("pull_request", "validate.yml", pull),
            token("pull_request", "drift.yml", pull),
            token("pull_request", "deploy-stack.yml", pull, environment="dev"),
            token("pull_request", "deploy-stack.yml", pull, environment="prod"),
            token("push", "deploy-stack.yml", branch, environment="dev"),
            token("push", "drift.yml", branch),
            token("push", "validate.yml"),
            token("push", "drift.yml", environment="dev"),
            token("push", "deploy-stack.yml", repository="o/fork", environment="dev"),
            token("push", "deploy-stack.yml", environment="staging"),
        ):
            self.assertEqual(admitted(job), [], job)


class Preview(unittest.TestCase):
    def test_it_reads_its_state(self):
        own = policies("dev-preview")
        self.assertTrue(allows(own, request("s3:GetObject", STATE + "stacks/airflow/dev.json")))
        self.assertTrue(allows(own, request("kms:Decrypt", KEY, kms__ResourceAliases=["alias/pathwai-airflow-state-dev"])))

    def test_it_reads_nothing_else_and_writes_nothing(self):
        own = policies("dev-preview")
        for refused in (
            request("s3:PutObject", STATE + "stacks/airflow/dev.json"),
            request("s3:PutObject", STATE + "locks/organization/airflow/dev/x.json"),
            request("s3:DeleteObject", STATE + "stacks/airflow/dev.json"),
            request("s3:GetObject", STATE + "stacks/airflow/prod.json"),
            request("s3:GetObject", STATE + "history/airflow/prod/prod-1.history.json"),
            request("kms:Decrypt", KEY, kms__ResourceAliases=["alias/pathwai-airflow-state-prod"]),
            request("kms:Decrypt", KEY, kms__ResourceAliases=["alias/pathwai-airflow-dev-secrets"], kms__ViaService="secretsmanager.us-east-1.amazonaws.com"),
            request("secretsmanager:GetSecretValue", "arn:aws:secretsmanager:us-east-1:381492153064:secret:pathwai-airflow-dev/database-url-abcdef"),
            request("iam:CreateRole", "arn:aws:iam::381492153064:role/pathwai-airflow-dev-x"),
        ):
            self.assertFalse(allows(own, refused), refused)

    def test_no_action_of_any_stack_is_allowed(self):
        kept = deployments.load()
        for action in kept["actions"]:
            for stack in deployments.STACKS:
                for asked in deployments.requests(action, stack, kept["resources"][stack]):
                    self.assertFalse(allows(policies("dev-preview"), asked), asked)


class Drift(unittest.TestCase):
    def test_it_changes_nothing_and_reads_the_secrets_of_its_own_stack(self):
        kept = deployments.load()
        for action in kept["actions"]:
            if access.level(action) in ("List", "Read"):
                continue
            for asked in deployments.requests(action, "dev", kept["resources"]["dev"]):
                self.assertFalse(allows(policies("dev-drift"), asked), asked)
        secret = "arn:aws:secretsmanager:us-east-1:381492153064:secret:pathwai-airflow-{}/database-url-abcdef"
        self.assertTrue(allows(policies("dev-drift"), request("secretsmanager:GetSecretValue", secret.format("dev"))))
        self.assertFalse(allows(policies("dev-drift"), request("secretsmanager:GetSecretValue", secret.format("prod"))))
        self.assertFalse(allows(policies("dev-drift"), request("s3:GetObject", "arn:aws:s3:::pathwai-airflow3-access-logs/x")))
        self.assertFalse(allows(policies("dev-drift"), request("s3:PutObject", STATE + "stacks/airflow/dev.json")))


class Deploy(unittest.TestCase):
    def test_it_does_what_a_stacks_life_takes_and_nothing_of_that_to_the_other(self):
        kept = deployments.load()
        self.assertGreater(len(kept["actions"]), 150)
        self.assertEqual(deployments.faults(kept), [])

    def test_what_is_untied_is_said_once_and_true(self):
        kept = deployments.load()
        of_prod = {
            "route53": "arn:aws:route53:::hostedzone/of-prod", "ec2": "arn:aws:ec2:us-east-1:381492153064:network-interface/of-prod",
            "route53resolver": "arn:aws:route53resolver:us-east-1:381492153064:firewall-config/of-prod",
        }  # fmt: skip
        for action in deployments.UNTIED:
            asked = [Request(action, of_prod[action.split(":")[0]] if access.kinds(action) else "*")]
            self.assertTrue(all(allows(policies("dev-deploy"), r) for r in asked), f"{action} is tied: take it out of the list")
        self.assertIn("route53:DeleteHostedZone", kept["actions"])

    def test_roles_are_bounded(self):
        own = policies("dev-deploy")
        role = "arn:aws:iam::381492153064:role/pathwai-airflow-dev-worker-task"
        bound = deployments.boundary("dev")
        self.assertTrue(allows(own, request("iam:CreateRole", role, iam__PermissionsBoundary=bound)))
        self.assertTrue(allows(own, request("iam:PassRole", role, iam__PassedToService="ecs-tasks.amazonaws.com")))
        # The reference tells that AWS asks for the boundary of the role that is changed, too.
        for action in ("iam:UpdateAssumeRolePolicy", "iam:DeleteRolePolicy", "iam:DetachRolePolicy"):
            self.assertIn("iam:permissionsboundary", access.kinds(action)[0].keys)
            self.assertTrue(allows(own, request(action, role, iam__PermissionsBoundary=bound)), action)
            for other in ({}, {"iam__PermissionsBoundary": deployments.boundary("prod")}):
                self.assertFalse(allows(own, request(action, role, **other)), (action, other))
        for refused in (
            request("iam:CreateRole", role),
            request("iam:CreateRole", role, iam__PermissionsBoundary=deployments.boundary("prod")),
            request("iam:CreateRole", "arn:aws:iam::381492153064:role/another", iam__PermissionsBoundary=bound),
            request("iam:CreateRole", "arn:aws:iam::381492153064:role/pathwai-airflow-prod-x", iam__PermissionsBoundary=bound),
            request("iam:PutRolePolicy", role),
            request("iam:DeleteRolePermissionsBoundary", role, iam__PermissionsBoundary=bound),
            request("iam:AttachRolePolicy", role, iam__PermissionsBoundary=bound, iam__PolicyARN="arn:aws:iam::aws:policy/AdministratorAccess"),
            request("iam:PassRole", role, iam__PassedToService="lambda.amazonaws.com"),
            request("iam:PassRole", "arn:aws:iam::381492153064:role/pathwai-airflow-prod-worker-task", iam__PassedToService="ecs-tasks.amazonaws.com"),
            request("iam:UpdateAssumeRolePolicy", "arn:aws:iam::381492153064:role/pathwai-airflow-github-prod-deploy"),
            request("iam:CreatePolicyVersion", bound),
            request("iam:DeletePolicy", bound),
        ):
            self.assertFalse(allows(own, refused), refused)

    def test_the_smoke_test_goes_in_through_a_task_of_its_own_stack(self):
        own = policies("dev-deploy")
        task, document = "arn:aws:ecs:us-east-1:381492153064:task/pathwai-airflow-{}-cluster/0", "arn:aws:ssm:us-east-1::document/AWS-{}"
        for allowed in (task.format("dev"), document.format("StartPortForwardingSessionToRemoteHost")):
            self.assertTrue(allows(own, request("ssm:StartSession", allowed)), allowed)
        for refused in (task.format("prod"), document.format("StartInteractiveCommand"), "arn:aws:ec2:us-east-1:381492153064:instance/i-0"):
            self.assertFalse(allows(own, request("ssm:StartSession", refused)), refused)
        self.assertTrue(allows(own, request("ssm:TerminateSession", "arn:aws:ssm:us-east-1:381492153064:session/${aws:userid}-0")))
        self.assertFalse(allows(own, request("ssm:TerminateSession", "arn:aws:ssm:us-east-1:381492153064:session/another-0")))

    def test_the_names_that_resolve_are_its_own_stacks(self):
        own, arn = policies("dev-deploy"), "arn:aws:route53resolver:us-east-1:381492153064:firewall-domain-list/rslvr-fdl-0"
        tags = {key: {f"aws:{key}/Project": "pathwai-airflow", f"aws:{key}/Environment": "dev"} for key in ("RequestTag", "ResourceTag")}
        for action, key in (("CreateFirewallDomainList", "RequestTag"), ("UpdateFirewallDomains", "ResourceTag"), ("DeleteFirewallDomainList", "ResourceTag")):
            for stack, allowed in (("dev", True), ("prod", False)):
                context = {**tags[key], f"aws:{key}/Environment": stack}
                self.assertEqual(allows(own, Request(f"route53resolver:{action}", arn, tuple(context.items()))), allowed, (action, stack))

    def test_state_and_secrets_of_the_other_are_out_of_reach(self):
        own = policies("dev-deploy")
        self.assertTrue(allows(own, request("s3:PutObject", STATE + "locks/organization/airflow/dev/x.json")))
        self.assertTrue(allows(own, request("ecr:BatchGetImage", "arn:aws:ecr:us-east-1:381492153064:repository/pathwai-airflow-prod/web")))
        for refused in (
            request("s3:PutObject", STATE + "stacks/airflow/prod.json"),
            request("s3:GetObject", STATE + "stacks/airflow/prod.json"),
            request("kms:Decrypt", KEY, kms__ResourceAliases=["alias/pathwai-airflow-state-prod"]),
            request("secretsmanager:GetSecretValue", "arn:aws:secretsmanager:us-east-1:381492153064:secret:pathwai-airflow-prod/database-url-abcdef"),
            request("ecr:PutImage", "arn:aws:ecr:us-east-1:381492153064:repository/pathwai-airflow-prod/web"),
        ):
            self.assertFalse(allows(own, refused), refused)


class Dags(unittest.TestCase):
    def test_it_pushes_below_its_prefixes_only(self):
        own, bucket = policies("dev-dags"), "arn:aws:s3:::pathwai-airflow3-dags"
        data = {"kms__ResourceAliases": ["alias/pathwai-airflow-dev-data"], "kms__ViaService": "s3.us-east-1.amazonaws.com"}
        for allowed in (
            request("s3:PutObject", bucket + "/dev/a.py"),
            request("s3:DeleteObject", bucket + "/dev-plugins/p.py"),
            request("s3:ListBucket", bucket),
            request("kms:GenerateDataKey", KEY, **data),
        ):
            self.assertTrue(allows(own, allowed), allowed)
        for refused in (
            request("s3:PutObject", bucket + "/other/a.py"),
            request("s3:PutObject", bucket + "-prod/dev/a.py"),
            request("s3:ListBucket", bucket + "-prod"),
            request("s3:PutBucketPolicy", bucket),
            request("s3:PutObject", STATE + "stacks/airflow/dev.json"),
            request("kms:GenerateDataKey", KEY, **{**data, "kms__ResourceAliases": ["alias/pathwai-airflow-prod-data"]}),
        ):
            self.assertFalse(allows(own, refused), refused)


class Boundary(unittest.TestCase):
    def test_a_role_with_every_permission_stays_within(self):
        everything = [{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}]
        bound = access.declared()["boundaries"]["dev"]
        prod = {"aws:ResourceTag/Project": "pathwai-airflow", "aws:ResourceTag/Environment": "prod"}
        for allowed in (
            request("athena:StartQueryExecution", "arn:aws:athena:us-east-1:381492153064:workgroup/primary", aws__ResourceAccount="381492153064"),
            request("s3:GetObject", "arn:aws:s3:::a-teams-data/x"),
            request("secretsmanager:GetSecretValue", "arn:aws:secretsmanager:us-east-1:381492153064:secret:pathwai-airflow-dev/database-url-abcdef"),
            request("sts:AssumeRole", "arn:aws:iam::210987654321:role/data", aws__ResourceAccount="210987654321"),
        ):
            self.assertTrue(allows(everything, allowed, bound), allowed)
        for refused in (
            request("iam:CreateUser", "*"),
            request("iam:PassRole", "arn:aws:iam::381492153064:role/administrator"),
            request("sts:AssumeRole", "arn:aws:iam::381492153064:role/administrator", aws__ResourceAccount="381492153064"),
            request("s3:GetObject", STATE + "stacks/airflow/dev.json"),
            request("kms:Decrypt", KEY, kms__ResourceAliases=["alias/pathwai-airflow-state-dev"]),
            request("secretsmanager:GetSecretValue", "arn:aws:secretsmanager:us-east-1:381492153064:secret:pathwai-airflow-prod/database-url-abcdef"),
            request("s3:PutObject", "arn:aws:s3:::pathwai-airflow3-dags-prod/prod/a.py"),
            Request("elasticfilesystem:ClientMount", "arn:aws:elasticfilesystem:us-east-1:381492153064:file-system/fs-0", tuple(prod.items())),
        ):
            self.assertFalse(allows(everything, refused, bound), refused)


class Evaluator(unittest.TestCase):
    """The evaluator itself, on the cases of the IAM user guide's rules."""

    def decides(self, statement: dict, asked: Request) -> str:
        return decide([{"Statement": [{"Effect": "Allow", "Action": "s3:Get*", "Resource": "*", **statement}]}], asked)

    def test_rules(self):
        asked = Request("s3:GetObject", "arn:aws:s3:::b/k", (("aws:tag", "x"), ("aws:many", ["x", "y"])))
        for statement, answer in (
            ({}, "allowed"),
            ({"Action": "S3:getobject"}, "allowed"),
            ({"Action": "s3:Put*"}, "silent"),
            ({"Effect": "Deny"}, "denied"),
            ({"Resource": "arn:aws:s3:::b/?"}, "allowed"),
            ({"Resource": "arn:aws:s3:::b"}, "silent"),
            ({"Condition": {"StringEquals": {"AWS:Tag": "x"}}}, "allowed"),
            ({"Condition": {"StringEquals": {"aws:tag": "X"}}}, "silent"),
            ({"Condition": {"StringEquals": {"aws:missing": "x"}}}, "silent"),
            ({"Condition": {"StringNotEquals": {"aws:missing": "x"}}}, "allowed"),
            ({"Condition": {"StringNotEquals": {"aws:tag": ["x", "z"]}}}, "silent"),
            ({"Condition": {"StringLike": {"aws:tag": ["y", "?"]}}}, "allowed"),
            ({"Condition": {"ForAnyValue:StringEquals": {"aws:many": "y"}}}, "allowed"),
            ({"Condition": {"ForAnyValue:StringEquals": {"aws:missing": "y"}}}, "silent"),
            ({"Condition": {"ForAllValues:StringEquals": {"aws:many": "y"}}}, "silent"),
            ({"Condition": {"ForAllValues:StringEquals": {"aws:missing": "y"}}}, "allowed"),
            ({"Condition": {"StringEquals": {"aws:tag": "x"}, "StringLike": {"aws:many": "z"}}}, "silent"),
        ):
            self.assertEqual(self.decides(statement, asked), answer, json.dumps(statement))
        with self.assertRaises(KeyError):
            self.decides({"Condition": {"NumericEquals": {"aws:tag": "1"}}}, asked)

    def test_every_action_of_the_documents_is_one_of_awss(self):
        for name, role in access.declared()["roles"].items():
            for policy in role.get("policies") or []:
                for statement in policy["Statement"]:
                    for action in statement["Action"]:
                        if not action.endswith("*"):
                            access.kinds(action)
