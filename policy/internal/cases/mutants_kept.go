package cases

// keptMutants are about what is kept, what is sent, and what is missing.
func keptMutants() []Mutant {
	var all []Mutant
	for _, more := range [][]Mutant{
		loneMutants("data-encrypted", []lone{
			{"file system for Lustre", "aws:fsx/lustreFileSystem:LustreFileSystem", object{"subnetIds": "s"}, "kmsKeyId is not set"},
			{"file system for ONTAP", "aws:fsx/ontapFileSystem:OntapFileSystem", object{"deploymentType": "d", "preferredSubnetId": "s", "subnetIds": list{"s"}}, "kmsKeyId is not set"},
			{"root disk", "aws:ec2/instance:Instance", object{"metadataOptions": tokens, "instanceType": "t", "subnetId": "s", "rootBlockDevice": object{"volumeSize": 8}}, "rootBlockDevice.encrypted is not set"},
			{"further disk", "aws:ec2/instance:Instance", object{"metadataOptions": tokens, "instanceType": "t", "subnetId": "s", "ebsBlockDevices": list{object{"deviceName": "d", "encrypted": false}}}, "ebsBlockDevices.encrypted is false"},
			{"template's disk", "aws:ec2/launchTemplate:LaunchTemplate", object{"metadataOptions": tokens, "blockDeviceMappings": list{object{"ebs": object{"encrypted": "false"}}}}, "ebs.encrypted is false"},
			{"configuration's disk", "aws:ec2/launchConfiguration:LaunchConfiguration", object{"metadataOptions": tokens, "imageId": "i", "instanceType": "t", "rootBlockDevice": object{"encrypted": false}}, "rootBlockDevice.encrypted is false"},
			{"fleet's disk", "aws:ec2/spotFleetRequest:SpotFleetRequest", object{"iamFleetRole": "r", "targetCapacity": 1, "launchSpecifications": list{object{"ami": "a", "instanceType": "t", "rootBlockDevices": list{object{"encrypted": false}}}}}, "rootBlockDevices.encrypted is false"},
			{"service's volume", "aws:ecs/service:Service", object{"networkConfiguration": object{"subnets": list{"s"}}, "deploymentCircuitBreaker": object{"enable": true, "rollback": true}, "volumeConfiguration": object{"name": "v", "managedEbsVolume": object{"roleArn": "r", "sizeInGb": 8, "encrypted": false}}}, "managedEbsVolume.encrypted is false"},
			{"copied image", "aws:ec2/amiCopy:AmiCopy", object{"sourceAmiId": "a", "sourceAmiRegion": "r", "kmsKeyId": keyARN}, "encrypted is not set"},
			{"copied snapshot", "aws:ebs/snapshotCopy:SnapshotCopy", object{"sourceRegion": "r", "sourceSnapshotId": "s", "encrypted": false, "kmsKeyId": keyARN}, "encrypted is false"},
			{"stream with a key and without encryption", "aws:kinesis/stream:Stream", object{"kmsKeyId": keyARN, "encryptionType": "NONE"}, "encryptionType is NONE"},
			{"video stream", "aws:kinesis/videoStream:VideoStream", object{}, "kmsKeyId is not set"},
			{"delivery stream", "aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream", object{"destination": "extended_s3", "extendedS3Configuration": object{"bucketArn": "b", "roleArn": "r", "kmsKeyArn": keyARN}}, "serverSideEncryption.enabled is not set"},
			{"delivery stream's objects", "aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream", object{"destination": "extended_s3", "serverSideEncryption": object{"enabled": true, "keyType": "CUSTOMER_MANAGED_CMK", "keyArn": keyARN}, "extendedS3Configuration": object{"bucketArn": "b", "roleArn": "r"}}, "extendedS3Configuration.kmsKeyArn is not set"},
			{"secret's replica", "aws:secretsmanager/secret:Secret", object{"kmsKeyId": keyARN, "replicas": list{object{"region": "eu-west-1"}}}, "replicas.kmsKeyId is not set"},
			{"table's replica", "aws:dynamodb/table:Table", object{"serverSideEncryption": object{"enabled": true, "kmsKeyArn": keyARN}, "replicas": list{object{"regionName": "eu-west-1"}}}, "replicas.kmsKeyArn is not set"},
			{"table's replica, beside it", "aws:dynamodb/tableReplica:TableReplica", object{"globalTableArn": "t"}, "kmsKeyArn is not set"},
			{"file system's replica", "aws:efs/replicationConfiguration:ReplicationConfiguration", object{"sourceFileSystemId": "f", "destination": object{"region": "eu-west-1"}}, "destination.kmsKeyId is not set"},
			{"backups' replica", "aws:rds/instanceAutomatedBackupsReplication:InstanceAutomatedBackupsReplication", object{"sourceDbInstanceArn": "a"}, "kmsKeyId is not set"},
			{"global database", "aws:rds/globalCluster:GlobalCluster", object{"globalClusterIdentifier": "g", "engine": "aurora-mysql"}, "storageEncrypted is not set"},
			{"elastic documents", "aws:docdb/elasticCluster:ElasticCluster", object{"adminUserName": "a", "authType": "SECRET_ARN", "shardCapacity": 2, "shardCount": 1, "subnetIds": list{"s"}}, "kmsKeyId is not set"},
			{"graph", "aws:neptunegraph/graph:Graph", object{"provisionedMemory": 16}, "kmsKeyIdentifier is not set"},
			{"time series", "aws:timestreamwrite/database:Database", object{"databaseName": "d"}, "kmsKeyId is not set"},
			{"wide columns", "aws:keyspaces/table:Table", object{"keyspaceName": "k", "tableName": "t", "schemaDefinition": object{"columns": list{}, "partitionKeys": list{}}}, "encryptionSpecification is not set"},
			{"DAX", "aws:dax/cluster:Cluster", object{"clusterName": "c", "iamRoleArn": "r", "nodeType": "t", "replicationFactor": 1, "subnetGroupName": "s", "clusterEndpointEncryptionType": "TLS"}, "serverSideEncryption.enabled is not set"},
			{"search, the older type", "aws:elasticsearch/domain:Domain", object{"vpcOptions": object{"subnetIds": list{"s"}}, "nodeToNodeEncryption": object{"enabled": true}, "domainEndpointOptions": object{"enforceHttps": true, "tlsSecurityPolicy": "Policy-Min-TLS-1-2-2019-07"}, "logPublishingOptions": list{object{"logType": "AUDIT_LOGS", "cloudwatchLogGroupArn": "a"}}}, "encryptAtRest is not set"},
			{"Airflow", "aws:mwaa/environment:Environment", object{"dagS3Path": "d", "executionRoleArn": "r", "sourceBucketArn": "b", "networkConfiguration": object{"subnetIds": list{"s"}, "securityGroupIds": list{"g"}}}, "kmsKey is not set"},
			{"query results", "aws:athena/workgroup:Workgroup", object{"configuration": object{"resultConfiguration": object{"encryptionConfiguration": object{"encryptionOption": "SSE_S3"}}}}, "encryptionOption is SSE_S3"},
			{"query results, by default", "aws:athena/workgroup:Workgroup", object{"configuration": object{"resultConfiguration": object{"outputLocation": "s3://b/"}}}, "encryptionConfiguration is not set"},
			{"catalogue", "aws:glue/dataCatalogEncryptionSettings:DataCatalogEncryptionSettings", object{"dataCatalogEncryptionSettings": object{"connectionPasswordEncryption": object{"returnConnectionPasswordEncrypted": false}, "encryptionAtRest": object{"catalogEncryptionMode": "DISABLED"}}}, "catalogEncryptionMode is DISABLED"},
			{"jobs' output", "aws:glue/securityConfiguration:SecurityConfiguration", object{"encryptionConfiguration": object{"cloudwatchEncryption": object{"cloudwatchEncryptionMode": "DISABLED"}, "jobBookmarksEncryption": object{"jobBookmarksEncryptionMode": "CSE-KMS", "kmsKeyArn": keyARN}, "s3Encryption": object{"s3EncryptionMode": "SSE-KMS", "kmsKeyArn": keyARN}}}, "cloudwatchEncryptionMode is DISABLED"},
			{"job", "aws:glue/job:Job", object{"roleArn": "r", "connections": list{"c"}, "command": object{"scriptLocation": "s"}}, "securityConfiguration is not set"},
			{"notebook", "aws:sagemaker/notebookInstance:NotebookInstance", object{"instanceType": "t", "roleArn": "r", "subnetId": "s", "directInternetAccess": "Disabled"}, "kmsKeyId is not set"},
			{"model's endpoint", "aws:sagemaker/endpointConfiguration:EndpointConfiguration", object{"productionVariants": list{}}, "kmsKeyArn is not set"},
			{"desktop", "aws:workspaces/workspace:Workspace", object{"bundleId": "b", "directoryId": "d", "userName": "u", "volumeEncryptionKey": keyARN, "rootVolumeEncryptionEnabled": false, "userVolumeEncryptionEnabled": true}, "rootVolumeEncryptionEnabled is false"},
			{"artifacts", "aws:codebuild/project:Project", object{"vpcConfig": inVPC, "name": "p", "serviceRole": "r", "encryptionKey": keyARN, "artifacts": object{"type": "S3", "encryptionDisabled": true}}, "encryptionDisabled is true"},
			{"responses of an API", "aws:apigateway/methodSettings:MethodSettings", object{"methodPath": "*/*", "restApi": "r", "stageName": "s", "settings": object{"cachingEnabled": true}}, "cacheDataEncrypted is not set"},
			{"responses of GraphQL", "aws:appsync/apiCache:ApiCache", object{"apiCachingBehavior": "b", "apiId": "a", "ttl": 1, "type": "t", "transitEncryptionEnabled": true}, "atRestEncryptionEnabled is not set"},
			{"ledger", "aws:qldb/ledger:Ledger", object{"permissionsMode": "STANDARD"}, "kmsKey is not set"},
			{"export", "aws:dynamodb/tableExport:TableExport", object{"s3Bucket": "b", "tableArn": "t", "s3SseAlgorithm": "AES256"}, "s3SseAlgorithm is AES256"},
			{"image cache", "aws:ecr/repositoryCreationTemplate:RepositoryCreationTemplate", object{"appliedFors": list{"PULL_THROUGH_CACHE"}, "prefix": "p", "encryptionConfigurations": list{object{"encryptionType": "AES256"}}}, "encryptionType is AES256"},
			{"AWS's key", "aws:fsx/windowsFileSystem:WindowsFileSystem", object{"subnetIds": "s", "throughputCapacity": 8, "kmsKeyId": "alias/aws/fsx"}, "a key that AWS manages"},
			{"copies of disks", "aws:dlm/lifecyclePolicy:LifecyclePolicy", object{"description": "d", "executionRoleArn": "r", "state": "ENABLED", "policyDetails": object{"schedules": list{object{"name": "n", "crossRegionCopyRules": list{object{"encrypted": false}}}}}}, "crossRegionCopyRules.encrypted is false"},
		}),
		loneMutants("traffic-encrypted", []lone{
			{"database proxy", "aws:rds/proxy:Proxy", object{"auths": list{}, "engineFamily": "POSTGRESQL", "roleArn": "r", "vpcSubnetIds": list{"s"}}, "requireTls is not set"},
			{"Kafka's clients", "aws:msk/cluster:Cluster", object{"clusterName": "k", "encryptionInfo": object{"encryptionAtRestKmsKeyArn": keyARN, "encryptionInTransit": object{"clientBroker": "TLS_PLAINTEXT"}}}, "clientBroker is TLS_PLAINTEXT"},
			{"Kafka's brokers", "aws:msk/cluster:Cluster", object{"clusterName": "k", "encryptionInfo": object{"encryptionAtRestKmsKeyArn": keyARN, "encryptionInTransit": object{"inCluster": false}}}, "inCluster is false"},
			{"Kafka without a login", "aws:msk/cluster:Cluster", object{"clusterName": "k", "encryptionInfo": object{"encryptionAtRestKmsKeyArn": keyARN}, "clientAuthentication": object{"unauthenticated": true}}, "unauthenticated is true"},
			{"Kafka's connector", "aws:mskconnect/connector:Connector", object{"kafkaClusterEncryptionInTransit": object{"encryptionType": "PLAINTEXT"}}, "encryptionType is PLAINTEXT"},
			{"search between nodes", "aws:opensearch/domain:Domain", object{"encryptAtRest": object{"enabled": true, "kmsKeyId": keyARN}, "vpcOptions": object{"subnetIds": list{"s"}}, "logPublishingOptions": list{object{"logType": "AUDIT_LOGS", "cloudwatchLogGroupArn": "a"}}, "nodeToNodeEncryption": object{"enabled": false}, "domainEndpointOptions": object{"enforceHttps": true}}, "nodeToNodeEncryption.enabled is false"},
			{"search over HTTP", "aws:opensearch/domain:Domain", object{"encryptAtRest": object{"enabled": true, "kmsKeyId": keyARN}, "vpcOptions": object{"subnetIds": list{"s"}}, "logPublishingOptions": list{object{"logType": "AUDIT_LOGS", "cloudwatchLogGroupArn": "a"}}, "nodeToNodeEncryption": object{"enabled": true}, "domainEndpointOptions": object{"enforceHttps": true, "tlsSecurityPolicy": "Policy-Min-TLS-1-0-2019-07"}}, "Policy-Min-TLS-1-0-2019-07"},
			{"DAX", "aws:dax/cluster:Cluster", object{"clusterName": "c", "iamRoleArn": "r", "nodeType": "t", "replicationFactor": 1, "subnetGroupName": "s", "serverSideEncryption": object{"enabled": true}}, "clusterEndpointEncryptionType"},
			{"files over FTP", "aws:transfer/server:Server", object{"endpointType": "VPC", "protocols": list{"FTP"}, "securityPolicyName": "TransferSecurityPolicy-2024-01"}, "protocols has FTP"},
			{"files with old ciphers", "aws:transfer/server:Server", object{"endpointType": "VPC", "securityPolicyName": "TransferSecurityPolicy-2018-11"}, "TransferSecurityPolicy-2018-11"},
			{"Lattice", "aws:vpclattice/listener:Listener", object{"protocol": "HTTP", "defaultAction": object{}}, "protocol is HTTP"},
			{"mail", "aws:sesv2/configurationSet:ConfigurationSet", object{"configurationSetName": "c", "deliveryOptions": object{"tlsPolicy": "OPTIONAL"}}, "tlsPolicy is OPTIONAL"},
			{"migration", "aws:dms/endpoint:Endpoint", object{"endpointId": "e", "endpointType": "source", "engineName": "postgres", "sslMode": "none"}, "sslMode is none"},
			{"subscription", "aws:sns/topicSubscription:TopicSubscription", object{"endpoint": "http://x", "protocol": "http", "topic": "t"}, "protocol is http"},
			{"data source", "aws:quicksight/dataSource:DataSource", object{"dataSourceId": "d", "type": "POSTGRESQL", "parameters": object{}, "sslProperties": object{"disableSsl": true}}, "disableSsl is true"},
			{"API's domain", "aws:apigateway/domainName:DomainName", object{"domainName": "d", "endpointConfiguration": object{"types": "PRIVATE"}, "securityPolicy": "TLS_1_0"}, "securityPolicy is TLS_1_0"},
			{"cache of GraphQL", "aws:appsync/apiCache:ApiCache", object{"apiCachingBehavior": "b", "apiId": "a", "ttl": 1, "type": "t", "atRestEncryptionEnabled": true}, "transitEncryptionEnabled is not set"},
			{"mounted files", "aws:datasync/efsLocation:EfsLocation", object{"ec2Config": object{"securityGroupArns": list{"s"}, "subnetArn": "s"}, "efsFileSystemArn": "f", "inTransitEncryption": "NONE"}, "inTransitEncryption is NONE"},
		}),
		loneMutants("database-parameters-tls", []lone{
			{"documents", "aws:docdb/clusterParameterGroup:ClusterParameterGroup", object{"family": "docdb5.0", "parameters": list{object{"name": "tls", "value": "disabled"}}}, `tls is "disabled"`},
			{"graph", "aws:neptune/clusterParameterGroup:ClusterParameterGroup", object{"family": "neptune1.3", "parameters": list{object{"name": "neptune_enforce_ssl", "value": "0"}}}, `neptune_enforce_ssl is "0"`},
			{"warehouse", "aws:redshift/parameterGroup:ParameterGroup", object{"family": "redshift-1.0"}, "doesn't set require_ssl"},
			{"serverless warehouse", "aws:redshiftserverless/workgroup:Workgroup", object{"namespaceName": "n", "workgroupName": "w", "subnetIds": list{"s"}, "configParameters": list{object{"parameterKey": "require_ssl", "parameterValue": "false"}}}, `require_ssl is "false"`},
		}),
		loneMutants("no-plain-credential", []lone{
			{"database", "aws:docdb/cluster:Cluster", object{"masterPassword": "hunter2", "storageEncrypted": true, "kmsKeyId": keyARN, "dbSubnetGroupName": "s", "enabledCloudwatchLogsExports": list{"audit"}, "backupRetentionPeriod": 7}, "masterPassword is given in plain text"},
			{"broker's user", "aws:mq/broker:Broker", object{"brokerName": "m", "engineType": "ActiveMQ", "hostInstanceType": "t", "subnetIds": list{"s"}, "encryptionOptions": object{"kmsKeyId": keyARN}, "users": list{object{"username": "u", "password": "hunter2"}}}, "users.password"},
			{"search", "aws:elasticsearch/domain:Domain", object{"advancedSecurityOptions": object{"enabled": true, "masterUserOptions": object{"masterUserPassword": "hunter2"}}, "vpcOptions": object{"subnetIds": list{"s"}}, "encryptAtRest": object{"enabled": true, "kmsKeyId": keyARN}, "nodeToNodeEncryption": object{"enabled": true}, "domainEndpointOptions": object{"enforceHttps": true}, "logPublishingOptions": list{object{"logType": "AUDIT_LOGS", "cloudwatchLogGroupArn": "a"}}}, "masterUserPassword"},
			{"VPN", "aws:directconnect/bgpPeer:BgpPeer", object{"addressFamily": "ipv4", "bgpAsn": 1, "virtualInterfaceId": "v", "bgpAuthKey": "hunter2"}, "bgpAuthKey"},
			{"events' API", "aws:cloudwatch/eventConnection:EventConnection", object{"authorizationType": "BASIC", "authParameters": object{"basic": object{"username": "u", "password": "hunter2"}}}, "basic.password"},
			{"login", "aws:lb/listenerRule:ListenerRule", object{"listenerArn": "l", "conditions": list{}, "actions": list{object{"type": "authenticate-oidc", "authenticateOidc": object{"clientSecret": "hunter2"}}}}, "clientSecret"},
		}),
		loneMutants("in-own-subnets", []lone{
			{"graph", "aws:neptune/cluster:Cluster", object{"storageEncrypted": true, "kmsKeyArn": keyARN, "enableCloudwatchLogsExports": list{"audit"}, "backupRetentionPeriod": 7}, "neptuneSubnetGroupName is not set"},
			{"serverless cache", "aws:elasticache/serverlessCache:ServerlessCache", object{"engine": "valkey", "name": "c", "kmsKeyId": keyARN}, "subnetIds is not set"},
			{"broker", "aws:mq/broker:Broker", object{"brokerName": "m", "engineType": "ActiveMQ", "hostInstanceType": "t", "users": list{}, "encryptionOptions": object{"kmsKeyId": keyARN}}, "subnetIds is not set"},
			{"replication", "aws:dms/replicationInstance:ReplicationInstance", object{"publiclyAccessible": false, "replicationInstanceClass": "c", "replicationInstanceId": "r", "kmsKeyArn": keyARN}, "replicationSubnetGroupId is not set"},
		}),
		loneMutants("access-logged", []lone{
			{"documents", "aws:docdb/cluster:Cluster", object{"storageEncrypted": true, "kmsKeyId": keyARN, "dbSubnetGroupName": "s", "backupRetentionPeriod": 7}, "enabledCloudwatchLogsExports is not set"},
			{"graph", "aws:neptune/cluster:Cluster", object{"storageEncrypted": true, "kmsKeyArn": keyARN, "neptuneSubnetGroupName": "s", "backupRetentionPeriod": 7}, "enableCloudwatchLogsExports is not set"},
			{"classic load balancer", "aws:elb/loadBalancer:LoadBalancer", object{"internal": true, "subnets": list{"s"}, "listeners": list{object{"lbProtocol": "ssl", "lbPort": 443, "instancePort": 443, "instanceProtocol": "ssl"}}}, "accessLogs is not set"},
			{"stage", "aws:apigateway/stage:Stage", object{"deployment": "d", "restApi": "r", "stageName": "s"}, "accessLogSettings is not set"},
		}),
		loneMutants("database-backups", []lone{
			{"documents", "aws:docdb/cluster:Cluster", object{"storageEncrypted": true, "kmsKeyId": keyARN, "dbSubnetGroupName": "s", "enabledCloudwatchLogsExports": list{"audit"}}, "backupRetentionPeriod is not set"},
		}),
		{
			mutant("warehouse-logged", "not declared", stores(), "warehouse", "logging of the cluster is not declared", unset("warehouse", "logging")),
			mutant("listener-rule-tls", "forwards", behindRedirect(), "rule", "doesn't redirect", set("rule", "actions", list{object{"type": "forward", "targetGroupArn": "t"}})),
			mutant("bucket-policy-tls", "one prefix only", bucket(), "policy", "no statement denies", set("policy", "policy", policy(merge(denyPlaintext("s3"), object{"Resource": list{"arn:aws:s3:::b", "arn:aws:s3:::b/public/*"}})))),
			mutant("bucket-no-public-acl", "grant by canonical id", one("aws:s3/bucketAclV2:BucketAclV2", "it", object{"bucket": "b", "accessControlPolicy": object{"owner": object{"id": "x"}, "grants": list{object{"permission": "READ", "grantee": object{"type": "CanonicalUser", "id": "c0ffee"}}}}}), "it", "by its canonical id"),
			mutant("bucket-no-public-acl", "grant inline", inlineBucket(), "bucket", "by its canonical id", set("bucket", "grants", list{object{"type": "CanonicalUser", "permissions": list{"READ"}, "id": "c0ffee"}})),
			mutant("no-wide-ports", "protocol in upper case", securityGroup(), "ingress", "are too many", set("ingress", "ipProtocol", "TCP"), set("ingress", "fromPort", 0), set("ingress", "toPort", 65535)),
			mutant("no-wide-ports", "every protocol, in upper case", securityGroup(), "ingress", "all traffic", set("ingress", "ipProtocol", "ALL")),
		},
	} {
		all = append(all, more...)
	}
	return all
}

// behindRedirect is a listener that redirects, with a rule that does too.
func behindRedirect() Group {
	return append(loadBalancer(), res("aws:lb/listenerRule:ListenerRule", "rule", object{
		"listenerArn": Ref{"http", "arn"}, "conditions": list{}, "actions": list{object{"type": "redirect", "redirect": object{"protocol": "HTTPS", "statusCode": "HTTP_301"}}},
	}))
}
