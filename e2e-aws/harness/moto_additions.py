"""What moto 5.2.5 forgets of the stack's resources: it accepts these arguments, and later doesn't tell them.

Applied by moto_server on top of all other additions. Without them a preview after an up shows
differences that AWS would not have.
"""

from moto.ecs.responses import EC2ContainerServiceResponse
from moto.elasticache.responses import ElastiCacheResponse
from moto.rds.responses import RDSResponse

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
GROUP = {"TransitEncryptionMode": "transit_encryption_mode", "PreferredMaintenanceWindow": "preferred_maintenance_window"}


def remember(responses, action: str, result: str, attributes: dict[str, str]) -> None:
    """Lets an action keep arguments that were given in the model that it answers with."""
    old = getattr(responses, action)

    def wrapped(self):
        given = {attribute: self._get_param(name) for name, attribute in attributes.items()}
        reply = old(self)
        for attribute, value in given.items():
            if value is not None:
                setattr(reply._result[result], attribute, value)
        return reply

    setattr(responses, action, wrapped)


def tell_of_members() -> None:
    """Members of a replication group have what was said of the group."""
    old = ElastiCacheResponse.describe_cache_clusters
    told = {"PreferredMaintenanceWindow": "preferred_maintenance_window", "TransitEncryptionMode": "transit_encryption_mode"}

    def wrapped(self):
        reply = old(self)
        for cluster in reply._result["CacheClusters"]:
            if not isinstance(cluster, dict):  # a cluster of moto's own, in no group
                continue
            group = self.elasticache_backend.replication_groups.get(cluster["ReplicationGroupId"])
            for name, attribute in told.items():
                if value := getattr(group, attribute, None):
                    cluster[name] = value
        return reply

    ElastiCacheResponse.describe_cache_clusters = wrapped


def apply() -> None:
    for action in ("create_service", "update_service"):
        remember(EC2ContainerServiceResponse, action, "service", SERVICE)
    for action in ("create_db_instance", "modify_db_instance"):
        remember(RDSResponse, action, "DBInstance", INSTANCE)
    for action in ("create_replication_group", "modify_replication_group"):
        remember(ElastiCacheResponse, action, "ReplicationGroup", GROUP)
    tell_of_members()
