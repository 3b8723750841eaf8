"""The changes that a run makes to a stack, and the steps that each is expected to take.

AWS can't change a revision of a task definition or a version of a secret: those are replaced, and
services move on to the new one. Everything else here must be updated in place or created. A step
that is expected by no line fails the run, and so does a line that no step fulfils.
"""

import dataclasses
import fnmatch

from . import variants
from .engine import Stack, Step

TASKS = "aws:ecs/taskDefinition:TaskDefinition"
SERVICE = "aws:ecs/service:Service"
VERSION = "aws:secretsmanager/secretVersion:SecretVersion"
ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"
PASSWORD = "random:index/randomPassword:RandomPassword"
SCHEDULE = "aws:scheduler/schedule:Schedule"
# The database's narrower users (docs/adr/0059).
USERS = ("dag-processor", "metrics", "server", "triggerer")


@dataclasses.dataclass(frozen=True)
class Expected:
    """Steps of one kind: op and type as they stand, the name as a pattern."""

    op: str
    type: str
    name: str

    def covers(self, step: Step) -> bool:
        return step.op == self.op and step.type == self.type and fnmatch.fnmatchcase(step.name, self.name)

    def __str__(self) -> str:
        return f"{self.op} {self.type} {self.name}"


# Names that may be looked up.
ALLOWED_NAMES = Expected("update", "aws:route53/resolverFirewallDomainList:ResolverFirewallDomainList", "dns-allowed")


def rolled(*services: str) -> list[Expected]:
    """A new revision for each of the services, and nothing in place of the service itself."""
    return [e for s in services for e in (Expected("replace", TASKS, s), Expected("update", SERVICE, s))]


@dataclasses.dataclass(frozen=True)
class Change:
    title: str
    settings: dict
    expected: list[Expected]

    def faults(self, steps: list[Step]) -> list[str]:
        """What differs from the expectation, in words."""
        unexpected = [f"not expected: {step}" for step in steps if not any(e.covers(step) for e in self.expected)]
        missing = [f"did not happen: {e}" for e in self.expected if not any(e.covers(step) for step in steps)]
        return unexpected + missing


def larger(pools: list[dict], by: int) -> list[dict]:
    """The pools, the first with a higher maximum."""
    return [{**pools[0], "max": pools[0]["max"] + by}, *pools[1:]]


def of(stack: Stack) -> list[Change]:
    """The changes for a stack, each on top of those before it."""
    pools = stack.setting("workerPools")
    workers = ["worker" if pool["name"] == "default" else f"worker-{pool['name']}" for pool in pools]
    digest = "sha256:" + "ab" * 32
    smaller = stack.setting("database", "instanceClass")  # None: the default of dev
    return [
        Change(
            "scale a pool",
            {"workerPools": larger(pools, 2)},
            [
                Expected("update", "aws:appautoscaling/target:Target", workers[0]),
                Expected("update", "aws:appautoscaling/policy:Policy", f"{workers[0]}-backlog"),
                *(Expected("update", ALARM, f"alarms-backlog-{queue}") for queue in pools[0]["queues"]),
                *rolled("scheduler"),  # AIRFLOW__CORE__PARALLELISM is the slots of all pools
            ],
        ),
        Change(
            "rotate the tokens' key",
            {"secrets": {"jwtSecret": 2}},
            [
                Expected("create", PASSWORD, "credentials-jwt-secret-3"),  # the next; the second was there
                Expected("replace", VERSION, "secrets-jwt-secret"),
                *rolled("api-server", "scheduler"),
            ],
        ),
        Change(
            "rotate the database's password and the broker's token",
            {"secrets": {"databasePassword": 2, "brokerToken": 2}},
            [
                Expected("replace", PASSWORD, "credentials-database-password"),
                *(e for user in USERS for e in (Expected("replace", PASSWORD, f"credentials-{user}-password"), Expected("replace", VERSION, f"secrets-{user}-url"))),
                Expected("replace", PASSWORD, "credentials-broker-token"),
                Expected("update", "aws:rds/instance:Instance", "database"),
                Expected("update", "aws:elasticache/replicationGroup:ReplicationGroup", "broker"),
                Expected("replace", VERSION, "secrets-database-url"),
                Expected("replace", VERSION, "secrets-broker-url"),
                *rolled("api-server", "scheduler", "dag-processor", "triggerer", *workers),
                Expected("replace", TASKS, "cleanup"),
                Expected("update", SCHEDULE, "cleanup"),
            ],
        ),
        Change("new digest of the worker's image", {"images": {"digests": {"worker": digest}}}, rolled(*workers)),
        Change(
            "resize the database",
            {"database": {"instanceClass": "db.m7g.xlarge" if smaller else "db.t4g.medium", "allocatedStorageGiB": 120 if smaller else 40}},
            [
                Expected("update", "aws:rds/instance:Instance", "database"),
                *(Expected("update", ALARM, f"alarms-db-{name}") for name in ("connections", "storage", "memory")),
            ],
        ),
        # An update, with a new deployment: the service stays.
        Change(
            "off Spot",
            {"services": {"dagProcessor": {"onDemandBase": 1, "spotPercent": 0}}},
            [Expected("update", SERVICE, "dag-processor")],
        ),
        Change(
            "add an endpoint",
            {"endpoints": {"extra": ["sqs"]}},
            [
                Expected("create", "aws:ec2/vpcEndpoint:VpcEndpoint", "endpoints-sqs"),
                ALLOWED_NAMES,
            ],
        ),
    ] + (rare() if stack.name == "dev" else [])


def rare() -> list[Change]:
    """Features that neither stack has, turned on."""
    return [
        Change(
            "out of hours",
            {"schedule": variants.HOURS},
            [
                Expected("create", "aws:sfn/stateMachine:StateMachine", "hours"),
                *(Expected("create", SCHEDULE, f"hours-{turn}") for turn in ("off", "on")),
                *(Expected("create", f"aws:iam/{kind}", name) for kind in ("role:Role", "rolePolicy:RolePolicy") for name in ("hours", "hours-schedule")),
                Expected("create", ALARM, "alarms-hours-failed"),
                Expected("update", SCHEDULE, "cleanup"),  # when the platform starts
                Expected("update", "aws:cloudwatch/eventRule:EventRule", "alarms-cleanup-failed"),
                Expected("create", "airflow:index:Hours", "hours"),
            ],
        ),
        Change(
            "login at the load balancer",
            {"login": {"mode": "alb", **variants.IDP}, "oidcClientSecret": variants.SECRET},
            [
                Expected("create", "aws:secretsmanager/secret:Secret", "secrets-oidc-client-secret"),
                Expected("create", VERSION, "secrets-oidc-client-secret"),
                Expected("create", "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule", "alb-to-idp-443-*"),
                Expected("update", "aws:lb/listener:Listener", "web-https"),
                ALLOWED_NAMES,  # the identity provider's
            ],
        ),
    ]
