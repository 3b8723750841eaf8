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
    ("backup", "list_backup_vaults", {}, "BackupVaultList", "BackupVaultName"),
    ("backup", "list_backup_plans", {}, "BackupPlansList", "BackupPlanName"),
]  # fmt: skip


def listing(endpoint: str, region: str = "us-east-1") -> set[str]:
    """Everything alive, as "service call: name". What AWS shows for a while after its end is left out: keys that wait for
    theirs, deleted endpoints, inactive clusters."""
    clients: dict = {}
    found = set()

    def client(service):
        if service not in clients:
            clients[service] = boto3.client(
                service, endpoint_url=endpoint, region_name=region, aws_access_key_id="listing", aws_secret_access_key="listing",
                config=botocore.config.Config(retries={"max_attempts": 1}),
            )  # fmt: skip
        return clients[service]

    for service, call, arguments, field, name in LISTS:
        pages = client(service).get_paginator(call).paginate(**arguments) if client(service).can_paginate(call) else [getattr(client(service), call)(**arguments)]
        for page in pages:
            for entry in page.get(field, []):
                if isinstance(entry, dict) and str(entry.get("State", "")).lower() == "deleted":
                    continue
                found.add(f"{service} {field}: {entry if name is None else entry[name]}")
    for page in client("ecs").get_paginator("list_clusters").paginate():
        for cluster in client("ecs").describe_clusters(clusters=page["clusterArns"])["clusters"] if page["clusterArns"] else []:
            if cluster["status"] != "INACTIVE":
                found.add(f"ecs clusters: {cluster['clusterName']}")
    for page in client("kms").get_paginator("list_keys").paginate():
        for key in page["Keys"]:
            if client("kms").describe_key(KeyId=key["KeyId"])["KeyMetadata"]["KeyState"] != "PendingDeletion":
                found.add(f"kms Keys: {key['KeyId']}")
    return found
