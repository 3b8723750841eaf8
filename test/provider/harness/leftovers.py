"""What is in the AWS-like API: lists of everything that a stack makes, before and after."""

import boto3
import botocore.config

# service, call, arguments, field of the answer, name of an entry (None: the entry itself)
LISTS = [
    ("ec2", "describe_vpcs", {}, "Vpcs", "VpcId"),
    ("ec2", "describe_subnets", {}, "Subnets", "SubnetId"),
    ("ec2", "describe_route_tables", {}, "RouteTables", "RouteTableId"),
    ("ec2", "describe_security_groups", {}, "SecurityGroups", "GroupId"),
    ("ec2", "describe_security_group_rules", {}, "SecurityGroupRules", "SecurityGroupRuleId"),
    ("ec2", "describe_vpc_endpoints", {}, "VpcEndpoints", "VpcEndpointId"),
    ("ec2", "describe_network_interfaces", {}, "NetworkInterfaces", "NetworkInterfaceId"),
    ("ec2", "describe_flow_logs", {}, "FlowLogs", "FlowLogId"),
    ("ec2", "describe_network_acls", {}, "NetworkAcls", "NetworkAclId"),
    ("ec2", "describe_dhcp_options", {}, "DhcpOptions", "DhcpOptionsId"),
    ("ec2", "describe_internet_gateways", {}, "InternetGateways", "InternetGatewayId"),
    ("ec2", "describe_vpn_gateways", {}, "VpnGateways", "VpnGatewayId"),
    ("ec2", "describe_vpc_peering_connections", {}, "VpcPeeringConnections", "VpcPeeringConnectionId"),
    ("ec2", "describe_transit_gateways", {}, "TransitGateways", "TransitGatewayId"),
    ("ec2", "describe_transit_gateway_vpc_attachments", {}, "TransitGatewayVpcAttachments", "TransitGatewayAttachmentId"),
    ("ec2", "describe_transit_gateway_route_tables", {}, "TransitGatewayRouteTables", "TransitGatewayRouteTableId"),
    ("networkmanager", "list_core_networks", {}, "CoreNetworks", "CoreNetworkId"),
    ("networkmanager", "list_attachments", {}, "Attachments", "AttachmentId"),
    ("route53resolver", "list_resolver_endpoints", {}, "ResolverEndpoints", "Id"),
    ("route53resolver", "list_resolver_query_log_configs", {}, "ResolverQueryLogConfigs", "Id"),
    ("kms", "list_aliases", {}, "Aliases", "AliasName"),
    ("s3", "list_buckets", {}, "Buckets", "Name"),
    ("rds", "describe_db_instances", {}, "DBInstances", "DBInstanceIdentifier"),
    ("rds", "describe_db_subnet_groups", {}, "DBSubnetGroups", "DBSubnetGroupName"),
    ("rds", "describe_db_parameter_groups", {}, "DBParameterGroups", "DBParameterGroupName"),
    ("rds", "describe_db_snapshots", {}, "DBSnapshots", "DBSnapshotIdentifier"),
    ("elasticache", "describe_replication_groups", {}, "ReplicationGroups", "ReplicationGroupId"),
    ("elasticache", "describe_cache_subnet_groups", {}, "CacheSubnetGroups", "CacheSubnetGroupName"),
    ("efs", "describe_file_systems", {}, "FileSystems", "FileSystemId"),
    ("efs", "describe_access_points", {}, "AccessPoints", "AccessPointId"),
    ("secretsmanager", "list_secrets", {"IncludePlannedDeletion": True}, "SecretList", "Name"),
    ("ecr", "describe_repositories", {}, "repositories", "repositoryName"),
    ("ecs", "list_task_definitions", {"status": "ACTIVE"}, "taskDefinitionArns", None),
    ("elbv2", "describe_load_balancers", {}, "LoadBalancers", "LoadBalancerName"),
    ("elbv2", "describe_target_groups", {}, "TargetGroups", "TargetGroupName"),
    ("route53", "list_hosted_zones", {}, "HostedZones", "Name"),
    ("iam", "list_roles", {}, "Roles", "RoleName"),
    ("iam", "list_policies", {"Scope": "Local"}, "Policies", "PolicyName"),
    ("logs", "describe_log_groups", {}, "logGroups", "logGroupName"),
    ("cloudwatch", "describe_alarms", {}, "MetricAlarms", "AlarmName"),
    ("cloudwatch", "describe_alarms", {"AlarmTypes": ["CompositeAlarm"]}, "CompositeAlarms", "AlarmName"),
    ("cloudwatch", "list_dashboards", {}, "DashboardEntries", "DashboardName"),
    ("application-autoscaling", "describe_scalable_targets", {"ServiceNamespace": "ecs"}, "ScalableTargets", "ResourceId"),
    ("application-autoscaling", "describe_scaling_policies", {"ServiceNamespace": "ecs"}, "ScalingPolicies", "PolicyName"),
    ("sns", "list_topics", {}, "Topics", "TopicArn"),
    ("sqs", "list_queues", {}, "QueueUrls", None),
    ("events", "list_rules", {}, "Rules", "Name"),
    ("stepfunctions", "list_state_machines", {}, "stateMachines", "name"),
    ("scheduler", "list_schedules", {}, "Schedules", "Name"),
    ("backup", "list_backup_vaults", {}, "BackupVaultList", "BackupVaultName"),
    ("backup", "list_backup_plans", {}, "BackupPlansList", "BackupPlanName"),
]  # fmt: skip


class Account:
    """What is in the AWS-like API, seen by somebody who isn't the stack."""

    def __init__(self, endpoint: str, region: str = "us-east-1"):
        self.endpoint, self.region, self.clients = endpoint, region, {}

    def client(self, service: str):
        if service not in self.clients:
            self.clients[service] = boto3.client(
                service, endpoint_url=self.endpoint, region_name=self.region, aws_access_key_id="listing", aws_secret_access_key="listing",
                config=botocore.config.Config(retries={"max_attempts": 1}),
            )  # fmt: skip
        return self.clients[service]

    def pages(self, service: str, call: str, **arguments):
        client = self.client(service)
        return client.get_paginator(call).paginate(**arguments) if client.can_paginate(call) else [getattr(client, call)(**arguments)]

    def inventory(self) -> dict[str, object]:
        """Everything alive, by "service kind: name", as AWS tells it. What AWS shows for a while after its end is left out:
        keys that wait for theirs, deleted endpoints, inactive clusters."""
        found = {}
        for service, call, arguments, field, name in LISTS:
            for page in self.pages(service, call, **arguments):
                for entry in page.get(field, []):
                    if isinstance(entry, dict) and str(entry.get("State", "")).lower() == "deleted":
                        continue
                    found[f"{service} {field}: {entry if name is None else entry[name]}"] = entry
        for page in self.pages("ecs", "list_clusters"):
            for cluster in self.client("ecs").describe_clusters(clusters=page["clusterArns"])["clusters"] if page["clusterArns"] else []:
                if cluster["status"] != "INACTIVE":
                    found[f"ecs clusters: {cluster['clusterName']}"] = cluster
        for page in self.pages("kms", "list_keys"):
            for key in page["Keys"]:
                if (told := self.client("kms").describe_key(KeyId=key["KeyId"])["KeyMetadata"])["KeyState"] != "PendingDeletion":
                    found[f"kms Keys: {key['KeyId']}"] = told
        return found

    def listing(self) -> set[str]:
        """The names of everything alive."""
        return set(self.inventory())
