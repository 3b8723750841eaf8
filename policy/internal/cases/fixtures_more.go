package cases

func key() Group {
	return Group{
		res("aws:kms/key:Key", "key", object{"enableKeyRotation": true, "policy": policy(
			object{"Effect": "Allow", "Principal": object{"AWS": "arn:aws:iam::381492153064:root"}, "Action": "kms:*", "Resource": "*"},
			object{"Effect": "Allow", "Principal": object{"Service": "logs.us-east-1.amazonaws.com"}, "Action": "kms:GenerateDataKey*", "Resource": "*", "Condition": object{"ArnLike": object{"kms:EncryptionContext:aws:logs:arn": "arn:aws:logs:us-east-1:381492153064:log-group:/airflow/*"}}},
			object{"Effect": "Allow", "Principal": object{"AWS": "*"}, "Action": "kms:Decrypt", "Resource": "*", "Condition": object{"StringEquals": object{"kms:CallerAccount": account, "kms:ViaService": "s3.us-east-1.amazonaws.com"}}},
		)}),
		res("aws:kms/key:Key", "signing", object{"keyUsage": "SIGN_VERIFY", "customerMasterKeySpec": "ECC_NIST_P256"}),
	}
}

// stores are the many types that hold data and need only a key.
func stores() Group {
	return Group{
		res("aws:cloudwatch/logGroup:LogGroup", "logs", object{"name": "/airflow/scheduler", "retentionInDays": 30, "kmsKeyId": Unknown{}}),
		res("aws:secretsmanager/secret:Secret", "secret", object{"name": prefix + "/db-password", "kmsKeyId": Unknown{}}),
		res("aws:ssm/parameter:Parameter", "secure", object{"type": "SecureString", "value": Secret{"x"}, "keyId": keyARN}),
		res("aws:ssm/parameter:Parameter", "plain", object{"type": "String", "value": "x"}),
		res("aws:ecr/repository:Repository", "repository", object{"name": prefix + "/web", "imageTagMutability": "IMMUTABLE", "imageScanningConfiguration": object{"scanOnPush": true}, "encryptionConfigurations": list{object{"encryptionType": "KMS", "kmsKey": Unknown{}}}}),
		res("aws:sns/topic:Topic", "topic", object{"kmsMasterKeyId": Unknown{}}),
		res("aws:sqs/queue:Queue", "queue", object{"kmsMasterKeyId": keyARN}),
		res("aws:kinesis/stream:Stream", "stream", object{"kmsKeyId": keyARN, "encryptionType": "KMS"}),
		res("aws:backup/vault:Vault", "vault", object{"kmsKeyArn": keyARN}),
		res("aws:cloudtrail/trail:Trail", "trail", object{"s3BucketName": "b", "kmsKeyId": keyARN}),
		res("aws:msk/cluster:Cluster", "kafka", object{"clusterName": "k", "encryptionInfo": object{"encryptionAtRestKmsKeyArn": keyARN}}),
		res("aws:opensearch/domain:Domain", "search", object{
			"encryptAtRest": object{"enabled": true, "kmsKeyId": keyARN}, "vpcOptions": object{"subnetIds": list{"subnet-1"}},
			"nodeToNodeEncryption": object{"enabled": true}, "domainEndpointOptions": object{"enforceHttps": true, "tlsSecurityPolicy": "Policy-Min-TLS-1-2-PFS-2023-10"},
			"logPublishingOptions": list{object{"logType": "AUDIT_LOGS", "cloudwatchLogGroupArn": "arn:aws:logs:us-east-1:381492153064:log-group:search"}},
		}),
		res("aws:ebs/volume:Volume", "volume", object{"availabilityZone": "us-east-1a", "encrypted": true, "kmsKeyId": keyARN}),
		res("aws:dynamodb/table:Table", "table", object{"serverSideEncryption": object{"enabled": true, "kmsKeyArn": keyARN}, "deletionProtectionEnabled": true}),
		res("aws:redshift/cluster:Cluster", "warehouse", object{"clusterIdentifier": "w", "nodeType": "ra3", "encrypted": "true", "kmsKeyId": keyARN, "publiclyAccessible": false, "clusterSubnetGroupName": "s", "logging": object{"enable": true}}),
		res("aws:redshiftserverless/namespace:Namespace", "namespace", object{"namespaceName": "n", "kmsKeyId": keyARN, "logExports": list{"userlog"}}),
		res("aws:docdb/cluster:Cluster", "documents", object{"storageEncrypted": true, "kmsKeyId": keyARN, "dbSubnetGroupName": "s", "enabledCloudwatchLogsExports": list{"audit"}, "backupRetentionPeriod": 7, "deletionProtection": true}),
		res("aws:neptune/cluster:Cluster", "graph", object{"storageEncrypted": true, "kmsKeyArn": keyARN, "neptuneSubnetGroupName": "s", "enableCloudwatchLogsExports": list{"audit"}, "backupRetentionPeriod": 7, "deletionProtection": true}),
		res("aws:elasticache/serverlessCache:ServerlessCache", "serverless", object{"engine": "valkey", "name": "c", "kmsKeyId": keyARN, "subnetIds": list{"subnet-1"}}),
		res("aws:elasticache/cluster:Cluster", "member", object{"replicationGroupId": "broker", "subnetGroupName": "s"}),
		res("aws:memorydb/cluster:Cluster", "memory", object{"aclName": "a", "nodeType": "t", "kmsKeyArn": keyARN, "subnetGroupName": "s"}),
		res("aws:mq/broker:Broker", "mq", object{"brokerName": "m", "engineType": "ActiveMQ", "engineVersion": "5.18", "hostInstanceType": "mq.t3.micro", "users": list{}, "encryptionOptions": object{"kmsKeyId": keyARN}, "subnetIds": list{"subnet-1"}}),
	}
}

func role() Group {
	statements := list{
		object{"Sid": "Token", "Effect": "Allow", "Action": "ecr:GetAuthorizationToken", "Resource": "*"},
		object{"Sid": "Exec", "Effect": "Allow", "Action": list{"ssmmessages:CreateControlChannel", "ssmmessages:OpenDataChannel"}, "Resource": "*"},
		object{"Sid": "Logs", "Effect": "Allow", "Action": list{"logs:PutLogEvents"}, "Resource": "arn:aws:logs:us-east-1:381492153064:log-group:/airflow/scheduler:*"},
		object{"Sid": "Dags", "Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::pathwai-airflow3-dags/dev/*"},
		object{"Sid": "Secrets", "Effect": "Allow", "Action": "secretsmanager:GetSecretValue", "Resource": "arn:aws:secretsmanager:us-east-1:381492153064:secret:pathwai-airflow-dev/db-*"},
		object{"Sid": "Key", "Effect": "Allow", "Action": "kms:Decrypt", "Resource": "arn:aws:kms:us-east-1:381492153064:key/*", "Condition": object{"ForAnyValue:StringEquals": object{"kms:ResourceAliases": "alias/pathwai-airflow-dev-data"}}},
		object{"Sid": "Files", "Effect": "Allow", "Action": "elasticfilesystem:ClientMount", "Resource": "arn:aws:elasticfilesystem:us-east-1:381492153064:file-system/*", "Condition": object{"StringEquals": object{"aws:ResourceTag/Name": "pathwai-airflow-dev-files"}}},
		object{"Sid": "Never", "Effect": "Deny", "Action": "s3:*", "NotResource": "arn:aws:s3:::pathwai-airflow3-dags/*"},
	}
	return Group{
		res("aws:iam/rolePolicy:RolePolicy", "role-policy", object{"role": "r", "policy": policy(statements...)}),
		res("aws:iam/policy:Policy", "policy", object{"policy": object{"Version": "2012-10-17", "Statement": statements}}),
		res("aws:iam/role:Role", "inline", object{"assumeRolePolicy": policy(object{"Effect": "Allow", "Principal": object{"Service": "ecs-tasks.amazonaws.com"}, "Action": "sts:AssumeRole", "Condition": ownAccount}),
			"inlinePolicies": list{object{"name": "p", "policy": policy(statements...)}}, "managedPolicyArns": list{"arn:aws:iam::aws:policy/service-role/AmazonRDSEnhancedMonitoringRole"}}),
		res("aws:iam/rolePolicyAttachment:RolePolicyAttachment", "attachment", object{"role": "r", "policyArn": Unknown{}}),
	}
}

// trust holds policies of resources that admit others, and say whom.
func trust() Group {
	publish := policy(object{"Effect": "Allow", "Principal": "*", "Action": "sns:Publish", "Resource": "arn:aws:sns:us-east-1:381492153064:t", "Condition": ownAccount})
	return Group{
		res("aws:iam/role:Role", "instance", object{"assumeRolePolicy": policy(object{"Effect": "Allow", "Principal": object{"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"})}),
		res("aws:iam/role:Role", "federated", object{"assumeRolePolicy": policy(object{
			"Effect": "Allow", "Principal": object{"Federated": "arn:aws:iam::381492153064:oidc-provider/token.actions.githubusercontent.com"}, "Action": "sts:AssumeRoleWithWebIdentity",
			"Condition": object{"StringEquals": object{"token.actions.githubusercontent.com:sub": "repo:pathwai/airflow:environment:prod"}},
		})}),
		res("aws:sns/topicPolicy:TopicPolicy", "topic", object{"arn": "t", "policy": publish}),
		// EventBridge's messages to topics carry no source that could be asked for.
		res("aws:sns/topicPolicy:TopicPolicy", "events", object{"arn": "t", "policy": policy(object{"Effect": "Allow", "Principal": object{"Service": "events.amazonaws.com"}, "Action": "sns:Publish", "Resource": "arn:aws:sns:us-east-1:381492153064:t"})}),
		res("aws:sqs/queuePolicy:QueuePolicy", "queue", object{"queueUrl": "q", "policy": publish}),
		res("aws:secretsmanager/secretPolicy:SecretPolicy", "secret", object{"secretArn": "s", "policy": policy(object{"Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "*", "Condition": object{"StringNotEquals": object{"aws:PrincipalAccount": account}}})}),
		res("aws:ecr/repositoryPolicy:RepositoryPolicy", "repository", object{"repository": "r", "policy": policy(object{"Effect": "Allow", "Principal": object{"AWS": "arn:aws:iam::381492153064:root"}, "Action": "ecr:BatchGetImage"})}),
		res("aws:lambda/permission:Permission", "permission", object{"action": "lambda:InvokeFunction", "function": "f", "principal": "*", "sourceAccount": account}),
	}
}

func function() Group {
	return one("aws:lambda/function:Function", "function", object{
		"role": "r", "vpcConfig": object{"subnetIds": list{"subnet-1"}, "securityGroupIds": list{"sg-1"}}, "environment": object{"variables": object{"LEVEL": "info"}},
	})
}

// privateDoors are doors that the internet can't use.
func privateDoors() Group {
	return Group{
		res("aws:apigateway/restApi:RestApi", "api", object{"endpointConfiguration": object{"types": "PRIVATE"}}),
		res("aws:route53/zone:Zone", "zone", object{"name": "airflow.internal", "vpcs": list{object{"vpcId": "vpc-1"}}}),
		res("aws:lambda/functionUrl:FunctionUrl", "url", object{"functionName": "f", "authorizationType": "AWS_IAM"}),
		res("aws:apprunner/service:Service", "apprunner", object{"serviceName": "s", "sourceConfiguration": object{}, "networkConfiguration": object{"ingressConfiguration": object{"isPubliclyAccessible": false}, "egressConfiguration": object{"egressType": "VPC", "vpcConnectorArn": "c"}}}),
		res("aws:elb/loadBalancer:LoadBalancer", "classic", object{"internal": true, "subnets": list{"subnet-1"}, "accessLogs": object{"bucket": "logs-of-another-stack"}, "listeners": list{object{"lbProtocol": "ssl", "lbPort": 443, "instancePort": 443, "instanceProtocol": "ssl"}}}),
		res("aws:dms/replicationInstance:ReplicationInstance", "replication", object{"replicationInstanceId": "r", "replicationInstanceClass": "c", "publiclyAccessible": false, "replicationSubnetGroupId": "s", "kmsKeyArn": keyARN}),
	}
}

// elsewhere are things that start tasks or instances.
func elsewhere() Group {
	return Group{
		res("aws:ecs/taskSet:TaskSet", "task-set", object{"cluster": "c", "service": "s", "taskDefinition": "t", "networkConfiguration": object{"subnets": list{"subnet-1"}, "assignPublicIp": false}}),
		res("aws:cloudwatch/eventTarget:EventTarget", "event", object{"arn": "a", "rule": "r", "ecsTarget": object{"taskDefinitionArn": "t", "networkConfiguration": object{"subnets": list{"subnet-1"}}}}),
		res("aws:scheduler/schedule:Schedule", "schedule", object{"scheduleExpression": "rate(1 day)", "flexibleTimeWindow": object{"mode": "OFF"}, "target": object{"arn": "a", "roleArn": "r", "ecsParameters": object{"taskDefinitionArn": "t", "networkConfiguration": object{"subnets": list{"subnet-1"}, "assignPublicIp": false}}}}),
		res("aws:pipes/pipe:Pipe", "pipe", object{"roleArn": "r", "source": "s", "target": "t", "targetParameters": object{"ecsTaskParameters": object{"taskDefinitionArn": "t", "networkConfiguration": object{"awsVpcConfiguration": object{"subnets": list{"s"}, "assignPublicIp": "DISABLED"}}}}}),
		res("aws:ec2/instance:Instance", "instance", object{"metadataOptions": tokens, "ami": "a", "instanceType": "t4g.nano", "subnetId": "subnet-1", "associatePublicIpAddress": false}),
		res("aws:ec2/launchTemplate:LaunchTemplate", "template", object{"metadataOptions": tokens, "networkInterfaces": list{object{"associatePublicIpAddress": "false"}}}),
		res("aws:ec2/launchConfiguration:LaunchConfiguration", "configuration", object{"metadataOptions": tokens, "imageId": "i", "instanceType": "t"}),
	}
}
