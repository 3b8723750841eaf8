package cases

import (
	"encoding/json"
	"maps"
)

const (
	account = "381492153064"
	region  = "us-east-1"
	prefix  = "pathwai-airflow-dev"
	keyARN  = "arn:aws:kms:us-east-1:381492153064:key/1111"
)

// ownAccount says that a service acts for this account.
var ownAccount = object{"StringEquals": object{"aws:SourceAccount": account}}

// tokens and inVPC are what instances and builds have.
var (
	tokens = object{"httpTokens": "required"}
	inVPC  = object{"vpcId": "v", "subnets": list{"s"}, "securityGroupIds": list{"g"}}
)

// text returns a value as the JSON text that AWS takes for policies and containers.
func text(v any) string {
	raw, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(raw)
}

func policy(statements ...any) string {
	return text(object{"Version": "2012-10-17", "Statement": statements})
}

// merge returns base with more in it.
func merge(base, more object) object {
	all := maps.Clone(base)
	maps.Copy(all, more)
	return all
}

func network() Group {
	return Group{
		res("aws:ec2/vpc:Vpc", "vpc", object{"cidrBlock": "10.0.0.0/16"}),
		res("aws:ec2/defaultSecurityGroup:DefaultSecurityGroup", "locked", object{"vpcId": Ref{"vpc", "id"}}),
		res("aws:route53/resolverFirewallDomainList:ResolverFirewallDomainList", "names", object{"domains": list{"*.amazonaws.com", "db.example.com"}}),
		res("aws:route53/resolverFirewallDomainList:ResolverFirewallDomainList", "everything", object{"domains": list{"*"}}),
		res("aws:route53/resolverFirewallRuleGroup:ResolverFirewallRuleGroup", "firewall", object{"name": "firewall"}),
		res("aws:route53/resolverFirewallRule:ResolverFirewallRule", "allow", object{"firewallRuleGroupId": Ref{"firewall", "id"}, "firewallDomainListId": Ref{"names", "id"}, "action": "ALLOW", "priority": 100}),
		res("aws:route53/resolverFirewallRule:ResolverFirewallRule", "block", object{"firewallRuleGroupId": Ref{"firewall", "id"}, "firewallDomainListId": Ref{"everything", "id"}, "action": "BLOCK", "blockResponse": "NXDOMAIN", "priority": 200}),
		res("aws:route53/resolverFirewallRuleGroupAssociation:ResolverFirewallRuleGroupAssociation", "answers", object{"firewallRuleGroupId": Ref{"firewall", "id"}, "vpcId": Ref{"vpc", "id"}, "priority": 101}),
		res("aws:route53/resolverFirewallConfig:ResolverFirewallConfig", "closed", object{"resourceId": Ref{"vpc", "id"}, "firewallFailOpen": "DISABLED"}),
		res("aws:route53/resolverQueryLogConfigAssociation:ResolverQueryLogConfigAssociation", "questions", object{"resourceId": Ref{"vpc", "id"}, "resolverQueryLogConfigId": "rqlc-1"}),
		res("aws:ec2/flowLog:FlowLog", "flow", object{"vpcId": Ref{"vpc", "id"}, "trafficType": "ALL"}),
		res("aws:ec2/subnet:Subnet", "subnet", object{"vpcId": Ref{"vpc", "id"}, "cidrBlock": "10.0.0.0/20", "mapPublicIpOnLaunch": false}),
		res("aws:ec2/routeTable:RouteTable", "table", object{"vpcId": Ref{"vpc", "id"}, "routes": list{}}),
		res("aws:ec2/routeTableAssociation:RouteTableAssociation", "association", object{"routeTableId": Ref{"table", "id"}, "subnetId": Ref{"subnet", "id"}}),
		res("aws:efs/mountTarget:MountTarget", "mount", object{"fileSystemId": "fs-1", "subnetId": Ref{"subnet", "id"}}),
	}
}

func route() Group {
	return Group{
		res("aws:ec2/route:Route", "route", object{"routeTableId": "rtb-1", "destinationCidrBlock": "10.0.0.0/16", "gatewayId": "local"}),
		res("aws:ec2/routeTable:RouteTable", "table", object{"vpcId": "vpc-1", "routes": list{object{"cidrBlock": "10.0.0.0/16", "gatewayId": "local"}}}),
		res("aws:ec2/defaultRouteTable:DefaultRouteTable", "default", object{"defaultRouteTableId": "rtb-2", "routes": list{}}),
	}
}

func endpoint(name, service, kind string) *Resource {
	props := object{
		"vpcId": "vpc-1", "serviceName": "com.amazonaws.us-east-1." + service, "vpcEndpointType": kind,
		"policy": policy(object{
			"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*",
			"Condition": object{"StringEquals": object{"aws:PrincipalAccount": account}, "StringEqualsIfExists": object{"aws:ResourceAccount": account}},
		}, object{
			"Sid": "Layers", "Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::prod-us-east-1-starport-layer-bucket/*",
		}),
	}
	if kind == "Interface" {
		props["privateDnsEnabled"], props["subnetIds"] = true, list{"subnet-1", "subnet-2"}
	}
	return res("aws:ec2/vpcEndpoint:VpcEndpoint", name, props)
}

func endpoints() Group {
	group := Group{endpoint("s3", "s3", "Gateway")}
	for _, service := range []string{
		"ecr.api", "ecr.dkr", "logs", "sts", "secretsmanager", "kms", "ssmmessages",
	} {
		group = append(group, endpoint(service, service, "Interface"))
	}
	return group
}

func securityGroup() Group {
	return Group{
		res("aws:ec2/securityGroup:SecurityGroup", "group", object{"vpcId": "vpc-1", "description": "tasks", "ingress": list{}, "egress": list{object{"protocol": "tcp", "fromPort": 443, "toPort": 443, "cidrBlocks": list{"10.0.0.0/16"}}}}),
		res("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", "ingress", object{"securityGroupId": "sg-1", "ipProtocol": "tcp", "fromPort": 443, "toPort": 443, "cidrIpv4": "10.0.0.0/16"}),
		res("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", "peer", object{"securityGroupId": "sg-1", "ipProtocol": "tcp", "fromPort": 5432, "toPort": 5432, "referencedSecurityGroupId": Unknown{}}),
		res("aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule", "egress", object{"securityGroupId": "sg-1", "ipProtocol": "tcp", "fromPort": 443, "toPort": 443, "prefixListId": Unknown{}}),
		res("aws:ec2/securityGroupRule:SecurityGroupRule", "rule", object{"type": "ingress", "securityGroupId": "sg-1", "protocol": "tcp", "fromPort": 2049, "toPort": 2049, "cidrBlocks": list{"10.0.0.0/16"}, "ipv6CidrBlocks": list{"fd00::/8"}}),
		res("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", "icmp", object{"securityGroupId": "sg-1", "ipProtocol": "icmp", "fromPort": 3, "toPort": 4, "cidrIpv4": "10.0.0.0/16"}),
		res("aws:ec2/managedPrefixList:ManagedPrefixList", "prefixes", object{"name": "users", "addressFamily": "IPv4", "maxEntries": 1, "entries": list{object{"cidr": "10.9.0.0/16"}}}),
		res("aws:ec2/managedPrefixListEntry:ManagedPrefixListEntry", "prefix", object{"prefixListId": "pl-1", "cidr": "10.8.0.0/16"}),
	}
}

func containerDefinition() object {
	return object{
		"name": "scheduler", "image": account + ".dkr.ecr.us-east-1.amazonaws.com/" + prefix + "/scheduler@sha256:00",
		"environment": list{
			object{"name": "AIRFLOW__CORE__EXECUTOR", "value": "CeleryExecutor"},
			object{"name": "AIRFLOW__SECRETS__BACKEND", "value": "airflow.providers.amazon.aws.secrets.secrets_manager.SecretsManagerBackend"},
			object{"name": "AIRFLOW_CONN_AWS_DEFAULT", "value": "aws://"},
			object{"name": "S3_KEY_PREFIX", "value": "dev/"}, object{"name": "DB_PASSWORD_FILE", "value": "/run/pw"},
			object{"name": "OBJECT_KEY", "value": "dev/x"}, object{"name": "API_TOKEN", "value": ""},
		},
		"secrets":          list{object{"name": "AIRFLOW__CORE__FERNET_KEY", "valueFrom": "arn:aws:secretsmanager:us-east-1:381492153064:secret:x-abcdef:::v1"}},
		"logConfiguration": object{"logDriver": "awslogs", "options": object{"awslogs-group": "/airflow/scheduler", "awslogs-region": region}},
		"user":             "50000:0",
		"linuxParameters":  object{"initProcessEnabled": true, "capabilities": object{"drop": list{"ALL"}}},
	}
}

func roleOf(name string) *Resource {
	return res("aws:iam/role:Role", name, object{"name": prefix + "-" + name, "assumeRolePolicy": policy(object{
		"Effect": "Allow", "Principal": object{"Service": "ecs-tasks.amazonaws.com"}, "Action": "sts:AssumeRole", "Condition": ownAccount,
	})})
}

func task(name, taskRole, executionRole string, containers ...any) *Resource {
	return res("aws:ecs/taskDefinition:TaskDefinition", name, object{
		"family": prefix + "-" + name, "networkMode": "awsvpc", "requiresCompatibilities": list{"FARGATE"},
		"taskRoleArn": Ref{taskRole, "arn"}, "executionRoleArn": Ref{executionRole, "arn"}, "containerDefinitions": text(containers),
		"volumes": list{object{"name": "sync", "efsVolumeConfiguration": object{
			"fileSystemId": Unknown{}, "transitEncryption": "ENABLED", "authorizationConfig": object{"accessPointId": Unknown{}, "iam": "ENABLED"},
		}}},
	})
}

func serviceOf(name, taskName string) *Resource {
	return res("aws:ecs/service:Service", name, object{
		"name": prefix + "-" + name, "cluster": Ref{"cluster", "arn"}, "taskDefinition": Ref{taskName, "arn"}, "enableExecuteCommand": true,
		"networkConfiguration":     object{"subnets": list{"subnet-1", "subnet-2"}, "assignPublicIp": false},
		"deploymentCircuitBreaker": object{"enable": true, "rollback": true},
	})
}

func service() Group {
	return Group{
		res("aws:ecs/cluster:Cluster", "cluster", object{"name": prefix, "configuration": object{"executeCommandConfiguration": object{
			"kmsKeyId": Unknown{}, "logging": "OVERRIDE", "logConfiguration": object{"cloudWatchEncryptionEnabled": true, "cloudWatchLogGroupName": "/airflow/exec"},
		}}}),
		roleOf("scheduler-task"), roleOf("scheduler-execution"), roleOf("worker-task"), roleOf("worker-execution"),
		task("scheduler", "scheduler-task", "scheduler-execution", containerDefinition()),
		task("worker", "worker-task", "worker-execution", containerDefinition()),
		serviceOf("scheduler-service", "scheduler"), serviceOf("worker-service", "worker"),
	}
}

// lateDefinition pins the version of a secret that the same update creates.
func lateDefinition() Group {
	late := task("late", "late-task", "late-execution")
	late.Props["containerDefinitions"] = Format{text(list{merge(containerDefinition(), object{
		"secrets": list{object{"name": "TOKEN", "valueFrom": "arn:aws:secretsmanager:us-east-1:381492153064:secret:x-abcdef:::%s"}},
	})}), Ref{"version", "versionId"}}
	return Group{
		roleOf("late-task"), roleOf("late-execution"),
		res("aws:secretsmanager/secretVersion:SecretVersion", "version", object{"secretId": "s", "secretString": Secret{"hidden"}}),
		late,
	}
}

func loadBalancer() Group {
	return Group{
		res("aws:lb/loadBalancer:LoadBalancer", "lb", object{"name": prefix, "internal": true, "subnets": list{"subnet-1", "subnet-2"}, "loadBalancerType": "application", "dropInvalidHeaderFields": true, "desyncMitigationMode": "defensive", "accessLogs": object{"bucket": "logs-of-another-stack", "enabled": true}}),
		res("aws:lb/listener:Listener", "https", object{"loadBalancerArn": "x", "port": 443, "protocol": "HTTPS", "sslPolicy": "ELBSecurityPolicy-TLS13-1-3-2021-06", "defaultActions": list{object{"type": "forward"}}}),
		res("aws:lb/listener:Listener", "http", object{"loadBalancerArn": "x", "port": 80, "protocol": "HTTP", "defaultActions": list{object{"type": "redirect", "redirect": object{"protocol": "HTTPS", "statusCode": "HTTP_301"}}}}),
	}
}

func database() Group {
	return Group{
		res("aws:rds/eventSubscription:EventSubscription", "told", object{"snsTopic": "t", "sourceType": "db-instance", "eventCategories": list{"failover", "failure"}}),
		res("aws:rds/parameterGroup:ParameterGroup", "parameters", object{"family": "postgres16", "parameters": list{object{"name": "log_statement", "value": "ddl"}, object{"name": "rds.force_ssl", "value": "1"}}}),
		res("aws:rds/instance:Instance", "database", object{
			"identifier": prefix, "instanceClass": "db.t4g.small", "engine": "postgres", "multiAz": true, "storageEncrypted": true, "kmsKeyId": Unknown{}, "publiclyAccessible": false,
			"backupRetentionPeriod": 7, "deletionProtection": true, "skipFinalSnapshot": false, "dbSubnetGroupName": Unknown{}, "parameterGroupName": Ref{"parameters", "name"},
			"performanceInsightsEnabled": true, "performanceInsightsKmsKeyId": Unknown{}, "enabledCloudwatchLogsExports": list{"postgresql"}, "password": Secret{Unknown{}},
		}),
	}
}

func cluster() Group {
	return Group{
		res("aws:rds/clusterParameterGroup:ClusterParameterGroup", "parameters", object{"name": "pathwai-aurora", "family": "aurora-mysql8.0", "parameters": list{object{"name": "require_secure_transport", "value": "ON"}}}),
		res("aws:rds/cluster:Cluster", "cluster", object{
			"engine": "aurora-mysql", "storageEncrypted": true, "kmsKeyId": keyARN, "backupRetentionPeriod": 1, "deletionProtection": true,
			"dbSubnetGroupName": "subnets", "dbClusterParameterGroupName": "pathwai-aurora", "enabledCloudwatchLogsExports": list{"audit"},
		}),
		res("aws:rds/clusterInstance:ClusterInstance", "member", object{"clusterIdentifier": Ref{"cluster", "id"}, "instanceClass": "db.r7g.large", "engine": "aurora-mysql"}),
	}
}

func cache() Group {
	return one("aws:elasticache/replicationGroup:ReplicationGroup", "cache", object{
		"description": "broker", "automaticFailoverEnabled": true, "multiAzEnabled": true, "atRestEncryptionEnabled": true, "kmsKeyId": Unknown{}, "transitEncryptionEnabled": true, "authToken": Secret{Unknown{}}, "subnetGroupName": Unknown{},
	})
}

func denyPlaintext(service string) object {
	return object{"Effect": "Deny", "Principal": "*", "Action": service + ":*", "Resource": "*", "Condition": object{"Bool": object{"aws:SecureTransport": "false"}}}
}

func files() Group {
	return Group{
		res("aws:efs/fileSystem:FileSystem", "files", object{"encrypted": true, "kmsKeyId": Unknown{}}),
		res("aws:efs/backupPolicy:BackupPolicy", "backups", object{"fileSystemId": Ref{"files", "id"}, "backupPolicy": object{"status": "ENABLED"}}),
		res("aws:efs/accessPoint:AccessPoint", "point", object{"fileSystemId": Ref{"files", "id"}, "posixUser": object{"uid": 50000, "gid": 0}, "rootDirectory": object{"path": "/sync"}}),
		res("aws:efs/fileSystemPolicy:FileSystemPolicy", "policy", object{"fileSystemId": Ref{"files", "id"}, "policy": policy(
			object{"Effect": "Allow", "Principal": object{"AWS": "arn:aws:iam::381492153064:role/dagsync"}, "Action": "elasticfilesystem:ClientMount", "Resource": "*"},
			object{"Effect": "Deny", "Principal": object{"AWS": "*"}, "Action": "*", "Resource": "*", "Condition": object{"Bool": object{"aws:SecureTransport": "false"}}},
		)}),
	}
}

func bucketPolicy(name string) string {
	arn := "arn:aws:s3:::" + name
	return policy(object{
		"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": list{arn, arn + "/*"}, "Condition": object{"Bool": object{"aws:SecureTransport": "false"}},
	})
}

func bucketOf(name string, in any, byDefault object) Group {
	return Group{
		res("aws:s3/bucketV2:BucketV2", "bucket", object{"bucket": name}),
		res("aws:s3/bucketServerSideEncryptionConfigurationV2:BucketServerSideEncryptionConfigurationV2", "encryption", object{"bucket": in, "rules": list{object{"applyServerSideEncryptionByDefault": byDefault, "bucketKeyEnabled": true}}}),
		res("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock", "block", object{"bucket": in, "blockPublicAcls": true, "blockPublicPolicy": true, "ignorePublicAcls": true, "restrictPublicBuckets": true}),
		res("aws:s3/bucketPolicy:BucketPolicy", "policy", object{"bucket": in, "policy": bucketPolicy(name)}),
		res("aws:s3/bucketOwnershipControls:BucketOwnershipControls", "ownership", object{"bucket": in, "rule": object{"objectOwnership": "BucketOwnerEnforced"}}),
		res("aws:s3/bucketVersioningV2:BucketVersioningV2", "versioning", object{"bucket": in, "versioningConfiguration": object{"status": "Enabled"}}),
	}
}

// bucket's guards know it by its id, which is unknown at preview.
func bucket() Group {
	return bucketOf("pathwai-airflow3-dags", Ref{"bucket", "id"}, object{"sseAlgorithm": "aws:kms", "kmsMasterKeyId": Unknown{}})
}

// accessLogs is a load balancer's bucket; its guards know it by its name.
func accessLogs() Group {
	return append(bucketOf("pathwai-access-logs", "pathwai-access-logs", object{"sseAlgorithm": "AES256"}),
		res("aws:lb/loadBalancer:LoadBalancer", "lb", object{"internal": true, "subnets": list{"subnet-1"}, "dropInvalidHeaderFields": true, "accessLogs": object{"bucket": "pathwai-access-logs", "enabled": true}}))
}

// inlineBucket is of the older type that holds its guards itself.
func inlineBucket() Group {
	return Group{
		res("aws:s3/bucket:Bucket", "bucket", object{
			"bucket": "pathwai-old", "versioning": object{"enabled": true}, "acl": "private",
			"serverSideEncryptionConfiguration": object{"rule": object{"applyServerSideEncryptionByDefault": object{"sseAlgorithm": "aws:kms", "kmsMasterKeyId": keyARN}}},
		}),
		res("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock", "block", object{"bucket": Ref{"bucket", "id"}, "blockPublicAcls": true, "blockPublicPolicy": true, "ignorePublicAcls": true, "restrictPublicBuckets": true}),
		res("aws:s3/bucketPolicy:BucketPolicy", "policy", object{"bucket": Ref{"bucket", "id"}, "policy": bucketPolicy("pathwai-old")}),
	}
}
