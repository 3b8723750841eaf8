package cases

// further are more of each kind.
func (k *kinds) further() {
	al := func(action any) object { return object{"Effect": "Allow", "Action": action, "Resource": "*"} }
	A := func(title string, ss ...any) {
		k.good("G", title, "aws:iam/rolePolicy:RolePolicy", object{"role": "r", "policy": policy(ss...)})
	}
	P := func(title string, ss ...any) {
		k.bad("G", title, "aws:iam/rolePolicy:RolePolicy", object{"role": "r", "policy": policy(ss...)})
	}
	A("reads", al(list{"rds:DescribeEvents", "rds:DescribeAccountAttributes", "elasticache:DescribeEngineDefaultParameters", "sqs:ListQueues", "ecs:ListServices", "route53domains:ListDomains", "guardduty:ListDetectors", "lambda:ListFunctions", "ssm:DescribeParameters", "sts:GetCallerIdentity", "cloudtrail:LookupEvents", "organizations:ListAccounts", "cloudformation:ListStacks"}))
	P("not reads", al("ec2:DeleteSecurityGroup"))
	P("reads data", al("s3:GetObject"))
	P("reads secrets", al("secretsmanager:GetSecretValue"))
	P("reads params", al("ssm:GetParameter"))
	P("decrypt", al("kms:Decrypt"))
	P("describe wildcard", al("ec2:Describe*"))
	// D
	k.bad("D", "endpoint service any account", "aws:ec2/vpcEndpointService:VpcEndpointService", object{"acceptanceRequired": true, "allowedPrincipals": list{"arn:aws:iam::*:root"}})
	k.bad("D", "portfolio", "aws:servicecatalog/principalPortfolioAssociation:PrincipalPortfolioAssociation", object{"portfolioId": "p", "principalArn": "arn:aws:iam::*:role/x", "principalType": "IAM_PATTERN"})
	k.bad("D", "db default", "aws:glue/catalogDatabase:CatalogDatabase", object{"name": "d", "createTableDefaultPermissions": list{object{"permissions": list{"ALL"}, "principal": object{"dataLakePrincipalIdentifier": "IAM_ALLOWED_PRINCIPALS"}}}})
	k.bad("D", "bucket policy inline", "aws:s3/bucketV2:BucketV2", object{"bucket": "b", "policy": policy(object{"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*"})})
	k.good("D", "endpoint service", "aws:ec2/vpcEndpointService:VpcEndpointService", object{"acceptanceRequired": true, "allowedPrincipals": list{"arn:aws:iam::222222222222:root"}, "networkLoadBalancerArns": list{"a"}})
	// B
	k.bad("B", "ssm doc", "aws:ssm/document:Document", object{"name": "d", "documentType": "Automation", "content": text(object{"schemaVersion": "0.3", "mainSteps": list{object{"name": "r", "action": "aws:executeAwsApi", "inputs": object{"Service": "ec2", "Api": "RunInstances", "NetworkInterfaces": list{object{"AssociatePublicIpAddress": true}}}}}})})
	k.bad("B", "spot fleet ni", "aws:ec2/spotFleetRequest:SpotFleetRequest", object{"iamFleetRole": "r", "targetCapacity": 1, "launchSpecifications": list{object{"ami": "a", "instanceType": "t", "associatePublicIpAddress": true}}})
	k.bad("B", "batch env", "aws:batch/jobDefinition:JobDefinition", object{"name": "j", "type": "container", "platformCapabilities": list{"FARGATE"}, "containerProperties": text(object{"image": "i", "networkConfiguration": object{"assignPublicIp": "ENABLED"}})})
	k.bad("B", "workspaces pool", "aws:workspaces/directory:Directory", object{"directoryId": "d", "workspaceCreationProperties": object{"enableInternetAccess": "true"}})
	k.bad("B", "tgw route v6", "aws:ec2transitgateway/route:Route", object{"destinationCidrBlock": "::/0", "transitGatewayAttachmentId": "a", "transitGatewayRouteTableId": "r"})
	k.bad("B", "client vpn auth", "aws:ec2clientvpn/authorizationRule:AuthorizationRule", object{"clientVpnEndpointId": "c", "targetNetworkCidr": "::/0"})
	k.bad("B", "lgw", "aws:ec2/localGatewayRoute:LocalGatewayRoute", object{"destinationCidrBlock": "0.0.0.0/0", "localGatewayRouteTableId": "r", "localGatewayVirtualInterfaceGroupId": "g"})
	// C
	k.bad("G", "lightsail key", "aws:lightsail/bucketAccessKey:BucketAccessKey", object{"bucketName": "b"})
	k.bad("C", "elasticsearch", "aws:elasticsearch/domain:Domain", object{"domainName": "d"})
	k.bad("C", "neptune graph", "aws:neptunegraph/graph:Graph", object{"provisionedMemory": 16, "publicConnectivity": true})
	k.bad("C", "apigw policy ip", "aws:apigateway/restApiPolicy:RestApiPolicy", object{"restApiId": "a", "policy": policy(object{"Effect": "Allow", "Principal": "*", "Action": "execute-api:Invoke", "Resource": "*", "Condition": object{"IpAddress": object{"aws:SourceIp": "0.0.0.0/0"}}})})
	k.bad("C", "verified access", "aws:verifiedaccess/endpoint:Endpoint", object{"attachmentType": "vpc"})
	// I halves
	k.bad("I", "dynamo half", "aws:dynamodb/table:Table", object{"serverSideEncryption": object{"enabled": false, "kmsKeyArn": keyARN}})
	k.bad("I", "efs half", "aws:efs/fileSystem:FileSystem", object{"encrypted": false, "kmsKeyId": keyARN})
	k.bad("I", "ebs half", "aws:ebs/volume:Volume", object{"availabilityZone": "a", "encrypted": "false", "kmsKeyId": keyARN})
	k.bad("I", "kinesis half", "aws:kinesis/stream:Stream", object{"encryptionType": "NONE", "kmsKeyId": keyARN})
	k.bad("I", "ecr half", "aws:ecr/repository:Repository", object{"imageTagMutability": "IMMUTABLE", "encryptionConfigurations": list{object{"encryptionType": "AES256", "kmsKey": keyARN}}})
	k.bad("I", "redis half", "aws:elasticache/replicationGroup:ReplicationGroup", object{"description": "d", "atRestEncryptionEnabled": false, "kmsKeyId": keyARN, "transitEncryptionEnabled": true, "authToken": Secret{"x"}, "subnetGroupName": "s"})
	k.bad("I", "rds cluster half", "aws:rds/cluster:Cluster", object{"engine": "aurora", "kmsKeyId": keyARN, "dbSubnetGroupName": "s", "backupRetentionPeriod": 7, "enabledCloudwatchLogsExports": list{"a"}})
	k.bad("I", "sse-c half", "aws:s3/bucketServerSideEncryptionConfigurationV2:BucketServerSideEncryptionConfigurationV2", object{"bucket": "half-encrypted", "rules": list{object{"applyServerSideEncryptionByDefault": object{"sseAlgorithm": "AES256", "kmsMasterKeyId": keyARN}}}})
	k.bad("I", "featuregroup", "aws:sagemaker/featureGroup:FeatureGroup", object{"featureGroupName": "f", "eventTimeFeatureName": "e", "recordIdentifierFeatureName": "r", "roleArn": "r", "featureDefinitions": list{}, "offlineStoreConfig": object{"s3StorageConfig": object{"s3Uri": "s3://b", "kmsKeyId": "alias/aws/s3"}}})
	k.bad("I", "fsx ontap aws key", "aws:fsx/ontapFileSystem:OntapFileSystem", object{"deploymentType": "MULTI_AZ_1", "subnetIds": list{"s"}, "preferredSubnetId": "s", "kmsKeyId": "alias/aws/fsx"})
	k.bad("I", "timestream", "aws:timestreamwrite/database:Database", object{"databaseName": "d", "kmsKeyId": "alias/aws/timestream"})
	k.bad("I", "docdb elastic", "aws:docdb/elasticCluster:ElasticCluster", object{"name": "c", "adminUserName": "u", "adminUserPassword": Secret{"x"}, "authType": "SECRET_ARN", "shardCapacity": 2, "shardCount": 1, "subnetIds": list{"s"}})
	// J
	k.bad("J", "kafka plaintext", "aws:dms/endpoint:Endpoint", object{"endpointId": "e", "endpointType": "target", "engineName": "kafka", "kafkaSettings": object{"broker": "b", "securityProtocol": "plaintext"}})
	k.bad("J", "redis plain", "aws:dms/endpoint:Endpoint", object{"endpointId": "e", "endpointType": "target", "engineName": "redis", "redisSettings": object{"authType": "none", "port": 6379, "serverName": "s", "sslSecurityProtocol": "plaintext"}})
	k.bad("J", "connector", "aws:mskconnect/connector:Connector", object{"name": "c", "kafkaClusterEncryptionInTransit": object{"encryptionType": "PLAINTEXT"}})
	k.bad("J", "cdn origin", "aws:cloudfront/distribution:Distribution", object{"enabled": true, "origins": list{object{"domainName": "d", "originId": "o", "customOriginConfig": object{"originProtocolPolicy": "http-only"}}}})
	k.bad("J", "redirect http", "aws:lb/listener:Listener", object{"loadBalancerArn": "x", "port": 80, "protocol": "HTTP", "defaultActions": list{object{"type": "redirect", "redirect": object{"protocol": "HTTP", "statusCode": "HTTP_301"}}}})
	k.bad("J", "memorydb", "aws:memorydb/cluster:Cluster", object{"aclName": "a", "nodeType": "t", "kmsKeyArn": keyARN, "subnetGroupName": "s", "tlsEnabled": "false"})
	k.bad("J", "domain http", "aws:opensearch/domain:Domain", object{"domainName": "d", "encryptAtRest": object{"enabled": true, "kmsKeyId": keyARN}, "nodeToNodeEncryption": object{"enabled": true}, "vpcOptions": object{"subnetIds": list{"s"}}, "logPublishingOptions": list{object{"logType": "A"}}, "domainEndpointOptions": object{"enforceHttps": false, "tlsSecurityPolicy": "Policy-Min-TLS-1-2-PFS-2023-10"}})
	k.bad("J", "tls10 domain", "aws:opensearch/domain:Domain", object{"domainName": "d", "encryptAtRest": object{"enabled": true, "kmsKeyId": keyARN}, "nodeToNodeEncryption": object{"enabled": true}, "vpcOptions": object{"subnetIds": list{"s"}}, "logPublishingOptions": list{object{"logType": "A"}}, "domainEndpointOptions": object{"enforceHttps": true, "tlsSecurityPolicy": "Policy-Min-TLS-1-0-2019-07"}})
	k.bad("J", "sagemaker inter", "aws:sagemaker/dataQualityJobDefinition:DataQualityJobDefinition", object{"networkConfig": object{"enableInterContainerTrafficEncryption": false}})
	const task = "aws:ecs/taskDefinition:TaskDefinition"
	env := func(n, v string) object {
		return object{"family": "f", "networkMode": "awsvpc", "containerDefinitions": text(list{object{"name": "a", "image": "i", "user": "1000", "logConfiguration": object{"logDriver": "awslogs", "options": object{"awslogs-group": "g"}}, "environment": list{object{"name": n, "value": v}}}})}
	}
	for _, nv := range [][2]string{{"PASSWORD_POLICY", "strong"}, {"TOKEN_AUDIENCE", "api://x"}, {"SECRET_PREFIX", "prod/"}, {"API_KEY_HEADER", "X-Api-Key"}, {"ENCRYPTION_KEY_ID", "alias/app"}, {"AWS_ACCESS_KEY_ID_PARAM", "/app/key"}, {"KEY_COLUMN", "id"},
		{"KAFKA_KEY_SERIALIZER", "org.apache.kafka.common.serialization.StringSerializer"}, {"CONTEXT_TOKENS", "8192"}, {"JWT_SECRET_ARN", "arn:aws:secretsmanager:us-east-1:381492153064:secret:x"}, {"DB_PASSWORD_SECRET", "prod/db/password"}, {"TOKENIZER", "cl100k_base"},
		{"REDIS_URL", "rediss://cache.internal:6379/0"}, {"ROUTING_KEY", "orders"}, {"CACHE_KEY", "v1"}, {"SIGNING_KEY_PATH", "/run/keys/sign.pem"}, {"PUBLIC_KEY", "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A"}, {"TOKEN_BUCKET_SIZE", "10"}, {"PASSWORD_RESET_URL", "https://app/reset"}, {"SECRETS_BACKEND", "airflow.providers.amazon.aws.secrets.secrets_manager.SecretsManagerBackend"},
		{"AIRFLOW__SECRETS__BACKEND_KWARGS", `{"connections_prefix": "airflow/connections"}`}, {"ACCESS_TOKEN_EXPIRE_MINUTES", "30"}, {"PASS_THROUGH", "true"}, {"OAUTH_TOKEN_URL", "https://idp/token"}, {"STORAGE_KEY_PREFIX", "logs/"}, {"KEY", "value"}, {"SSH_KEY_NAME", "deploy"}, {"CSRF_TOKEN_NAME", "csrf"}, {"USE_SECRET", "true"}, {"DB_PASSWORD", "${ssm:/app/db}"},
		{"SECRET_NAME", "db-credentials"}, {"CREDENTIALS_FILE", "/etc/creds.json"}, {"DB_CREDENTIALS_SECRET_ID", "prod-db"}, {"ANTHROPIC_API_KEY_SECRET_NAME", "anthropic"}} {
		k.good("K", nv[0], task, env(nv[0], nv[1]))
	}
	for _, nv := range [][2]string{{"DB_PASS", "hunter2"}, {"PGPASSWORD", "hunter2"}, {"MYSQL_ROOT_PASSWORD", "hunter2"}, {"SECRET_KEY_BASE", "0123456789abcdef0123456789abcdef"}, {"DJANGO_SECRET_KEY", "insecure-abc123xyz"}, {"NPM_TOKEN", "npm_0123456789abcdefghijklmnopqrstuvwxyz"}, {"SLACK_BOT_TOKEN", "xoxb-123456789012-abcdefghijkl"}, {"OPENAI_API_KEY", "sk-abcdefghijklmnopqrstuvwx"},
		{"DATADOG_API_KEY", "0123456789abcdef0123456789abcdef"}, {"TWILIO_AUTH_TOKEN", "0123456789abcdef0123456789abcdef"}, {"JWT_SIGNING_KEY", "abc123def456ghi789"}, {"AIRFLOW__DATABASE__SQL_ALCHEMY_CONN", "postgresql+psycopg2://airflow:hunter2@db/airflow"}, {"AIRFLOW__CORE__FERNET_KEY", "kP1mQ2nR3sT4uV5wX6yZ7aB8cD9eF0gH1iJ2kL3mN4o="}, {"SMTP_PASSWORD_PROD", "hunter2"}, {"dbPwd", "hunter2"}, {"CLIENT_SECRET", "abc123def"}, {"SENTRY_AUTH", "sntrys_eyJpYXQiOjE3MDAwMDAwMDB9abcdefghij"}, {"PRIVATE_KEY", "-----BEGIN RSA PRIVATE KEY-----MIIE"}, {"AZURE_STORAGE_CONNECTION_STRING", "DefaultEndpointsProtocol=https;AccountName=a;AccountKey=abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJ==;EndpointSuffix=core.windows.net"},
		{"MONGO_URI", "mongodb+srv://u:hunter2@cluster.mongodb.net/db"}, {"ENCRYPTION_KEY", "0123456789abcdef0123456789abcdef"}, {"ACCESS_KEY", "AKIAIOSFODNN7EXAMPLE"}, {"LICENSE_KEY", "AAAA-BBBB-CCCC-DDDD"}, {"WEBHOOK_SECRET", "whsec_abcdefghijklmnop1234"}, {"API_SECRET_V2", "abc123def"}} {
		k.bad("K", nv[0], task, env(nv[0], nv[1]))
	}
}
