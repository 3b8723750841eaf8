"""What moto 5.2.5 forgets of the stack's resources: it accepts these arguments, and later doesn't tell them.

Applied by moto_server on top of all other additions. Without them a preview after an up shows
differences that AWS would not have.
"""

import moto_joins
import moto_resolver
from moto.applicationautoscaling.models import ApplicationAutoscalingBackend
from moto.core.responses import ActionResult
from moto.ec2.models.security_groups import SecurityGroupRule
from moto.ec2.models.vpcs import VPCBackend
from moto.ecs.responses import EC2ContainerServiceResponse
from moto.efs.exceptions import FileSystemNotFound
from moto.efs.models import EFSBackend
from moto.elasticache.responses import ElastiCacheResponse
from moto.rds.responses import RDSResponse
from moto.route53 import models as route53_models
from moto.route53.responses import Route53
from moto.stepfunctions.responses import StepFunctionResponse

# Parameter of the call -> attribute of moto's model, from which it answers.
SERVICE = {
    "enableECSManagedTags": "enable_ecs_managed_tags",
    "healthCheckGracePeriodSeconds": "health_check_grace_period_seconds",
    "enableExecuteCommand": "enable_execute_command",
    "availabilityZoneRebalancing": "availability_zone_rebalancing",
    "deploymentConfiguration": "deployment_configuration",
    "capacityProviderStrategy": "capacity_provider_strategy",
    "propagateTags": "propagate_tags",
}
INSTANCE = {
    "EnablePerformanceInsights": "performance_insights_enabled",
    "PerformanceInsightsKMSKeyId": "performance_insights_kms_key_id",
    "PerformanceInsightsRetentionPeriod": "performance_insights_retention_period",
}
GROUP = {
    "TransitEncryptionMode": "transit_encryption_mode",
    "PreferredMaintenanceWindow": "preferred_maintenance_window",
    "AutoMinorVersionUpgrade": "auto_minor_version_upgrade",
}


def remember(responses, action: str, result: str, attributes: dict[str, str]) -> None:
    """Lets an action keep arguments that were given in the model that it answers with."""
    old = getattr(responses, action)

    def wrapped(self):
        given = {attribute: self._get_param(name) for name, attribute in attributes.items()}
        reply = old(self)
        for attribute, value in given.items():
            if value is not None:
                # The query protocol has words for booleans, and moto no mercy with them.
                setattr(reply._result[result], attribute, {"true": True, "false": False}.get(value, value) if isinstance(value, str) else value)
        return reply

    setattr(responses, action, wrapped)


def tell_of_members() -> None:
    """Members of a replication group have what was said of the group."""
    old = ElastiCacheResponse.describe_cache_clusters

    def wrapped(self):
        reply = old(self)
        for cluster in reply._result["CacheClusters"]:
            if not isinstance(cluster, dict):  # a cluster of moto's own, in no group
                continue
            group = self.elasticache_backend.replication_groups.get(cluster["ReplicationGroupId"])
            for name, attribute in GROUP.items():
                if (value := getattr(group, attribute, None)) is not None:
                    cluster[name] = value
        return reply

    ElastiCacheResponse.describe_cache_clusters = wrapped


def keep_policies() -> None:
    """A scaling policy that is put again keeps its ARN, to which alarms refer."""
    old = ApplicationAutoscalingBackend.put_scaling_policy

    def wrapped(self, *arguments, **named):
        before = {key: policy.policy_arn for key, policy in self.policies.items()}
        put = old(self, *arguments, **named)
        for key, policy in self.policies.items():
            if policy is put:
                policy.policy_arn = before.get(key, policy.policy_arn)
        return put

    ApplicationAutoscalingBackend.put_scaling_policy = wrapped


def describe_rules() -> None:
    """Rules between security groups, and to prefix lists, have descriptions like any other."""
    old = SecurityGroupRule.__init__

    def wrapped(self, *arguments, **named):
        old(self, *arguments, **named)
        self.prefix_description = (named.get("prefix_list_id") or {}).get("Description")
        for value in arguments:
            if isinstance(value, dict) and "PrefixListId" in value:
                self.prefix_description = value.get("Description")

    def description(self):
        return self.ip_range.get("Description") or self.source_group.get("Description") or self.prefix_description

    SecurityGroupRule.__init__ = wrapped
    SecurityGroupRule.description = property(description)


def keep_zones_private() -> None:
    """A zone that is created with a VPC is private, whatever else is said (Route 53 API, CreateHostedZone)."""
    old = Route53.create_hosted_zone

    def wrapped(self):
        if self._get_param("VPC.VPCId"):
            self.params.setdefault("HostedZoneConfig", {})["PrivateZone"] = True
        return old(self)

    Route53.create_hosted_zone = wrapped


def name_zones() -> None:
    """Ids of zones begin with Z, as AWS's do."""
    old = route53_models.create_route53_zone_id
    route53_models.create_route53_zone_id = lambda *arguments, **named: "Z" + old(*arguments, **named)[1:]


def end_lists_with_their_network() -> None:
    """A VPC's own access control list goes with it."""
    old = VPCBackend.delete_vpc

    def wrapped(self, vpc_id: str):
        gone = old(self, vpc_id)
        self.network_acls = {key: acl for key, acl in self.network_acls.items() if acl.vpc_id != vpc_id}
        return gone

    VPCBackend.delete_vpc = wrapped


class FileSystems(dict):
    """File systems by id: one that is gone is an answer (404), where moto fails and the provider tries again for long."""

    def __missing__(self, key: str):
        raise FileSystemNotFound(key)


def know_gone_file_systems() -> None:
    old = EFSBackend.__init__

    def wrapped(self, *arguments, **named):
        old(self, *arguments, **named)
        self.file_systems_by_id = FileSystems(self.file_systems_by_id)

    EFSBackend.__init__ = wrapped


def take_state_machines() -> None:
    """The provider has a definition validated before it makes a machine of it, and asks for versions, of which there are none."""
    StepFunctionResponse.validate_state_machine_definition = lambda _: ActionResult({"result": "OK", "diagnostics": [], "truncated": False})
    StepFunctionResponse.list_state_machine_versions = lambda _: ActionResult({"stateMachineVersions": []})


def apply() -> None:
    moto_joins.apply()
    moto_resolver.apply()
    take_state_machines()
    describe_rules()
    know_gone_file_systems()
    keep_zones_private()
    name_zones()
    end_lists_with_their_network()
    keep_policies()
    for action in ("create_service", "update_service"):
        remember(EC2ContainerServiceResponse, action, "service", SERVICE)
    for action in ("create_db_instance", "modify_db_instance"):
        remember(RDSResponse, action, "DBInstance", INSTANCE)
    for action in ("create_replication_group", "modify_replication_group"):
        remember(ElastiCacheResponse, action, "ReplicationGroup", GROUP)
    tell_of_members()
