package cases

// rare is what few programs have: services on the side, and functions of
// templates.
func (k *kinds) rare() {
	k.rareServices()
	k.rareTemplates()
	k.definitions()
}

func (k *kinds) rareServices() {
	runner := func(egress object) object {
		return object{"serviceName": "s", "sourceConfiguration": object{}, "encryptionConfiguration": object{"kmsKey": keyARN}, "networkConfiguration": merge(object{"ingressConfiguration": object{"isPubliclyAccessible": false}}, egress)}
	}
	const appRunner, canary, model = "aws:apprunner/service:Service", "aws:synthetics/canary:Canary", "aws:sagemaker/model:Model"
	watch := object{"name": "c", "artifactS3Location": "s3://b", "executionRoleArn": "r", "handler": "h", "runtimeVersion": "v", "schedule": object{"expression": "rate(1 day)"}}
	k.bad("B", "app runner by default", appRunner, runner(object{}))
	k.bad("B", "app runner", appRunner, runner(object{"egressConfiguration": object{"egressType": "DEFAULT"}}))
	k.bad("B", "canary", canary, watch)
	k.bad("B", "model", model, object{"executionRoleArn": "r", "primaryContainer": object{"image": "i"}})
	k.bad("B", "glue job", "aws:glue/job:Job", object{"roleArn": "r", "securityConfiguration": "s", "command": object{"scriptLocation": "s"}})
	k.bad("C", "lightsail ports", "aws:lightsail/instancePublicPorts:InstancePublicPorts", object{"instanceName": "i", "portInfos": list{object{"fromPort": 22, "toPort": 22, "protocol": "tcp"}}})
	k.bad("C", "emr ports", "aws:emr/blockPublicAccessConfiguration:BlockPublicAccessConfiguration", object{"blockPublicSecurityGroupRules": true, "permittedPublicSecurityGroupRuleRanges": list{object{"minRange": 0, "maxRange": 65535}}})
	k.bad("C", "quicksight addresses", "aws:quicksight/ipRestriction:IpRestriction", object{"enabled": true, "ipRestrictionRuleMap": object{"0.0.0.0/0": "all"}})
	k.bad("D", "documents for everybody", "aws:ssm/serviceSetting:ServiceSetting", object{"settingId": "arn:aws:ssm:us-east-1:381492153064:servicesetting/ssm/documents/console/public-sharing-permission", "settingValue": "Enable"})
	k.bad("I", "collection's key", "aws:opensearch/serverlessSecurityPolicy:ServerlessSecurityPolicy", object{"name": "n", "type": "encryption", "policy": text(object{"Rules": list{object{"ResourceType": "collection", "Resource": list{"collection/x"}}}, "AWSOwnedKey": true})})
	k.bad("F", "cedar for all when true", "aws:verifiedpermissions/policy:Policy", object{"policyStoreId": "p", "definition": object{"static": object{"statement": "permit (principal, action, resource) when { true };"}}})
	k.good("B", "app runner in the VPC", appRunner, runner(object{"egressConfiguration": object{"egressType": "VPC", "vpcConnectorArn": "a"}}))
	k.good("B", "canary in the VPC", canary, merge(watch, object{"vpcConfig": object{"subnetIds": list{"s"}, "securityGroupIds": list{"g"}}}))
	k.good("B", "isolated model", model, object{"executionRoleArn": "r", "enableNetworkIsolation": true, "primaryContainer": object{"image": "i"}})
	k.good("B", "glue job in the VPC", "aws:glue/job:Job", object{"roleArn": "r", "securityConfiguration": "s", "connections": list{"c"}, "command": object{"scriptLocation": "s"}})
	k.good("C", "emr block", "aws:emr/blockPublicAccessConfiguration:BlockPublicAccessConfiguration", object{"blockPublicSecurityGroupRules": true})
	k.good("C", "quicksight office", "aws:quicksight/ipRestriction:IpRestriction", object{"enabled": true, "ipRestrictionRuleMap": object{"10.0.0.0/8": "office"}})
	k.good("D", "documents for nobody", "aws:ssm/serviceSetting:ServiceSetting", object{"settingId": "arn:aws:ssm:us-east-1:381492153064:servicesetting/ssm/documents/console/public-sharing-permission", "settingValue": "Disable"})
	k.good("I", "collection's own key", "aws:opensearch/serverlessSecurityPolicy:ServerlessSecurityPolicy", object{"name": "n", "type": "encryption", "policy": text(object{"Rules": list{object{"ResourceType": "collection", "Resource": list{"collection/x"}}}, "AWSOwnedKey": false, "KmsARN": keyARN})})
}

// rareTemplates has what a template's functions hide.
func (k *kinds) rareTemplates() {
	ingress := func(cidr any) object {
		return object{"X": object{"Type": "AWS::EC2::SecurityGroupIngress", "Properties": object{"GroupId": "g", "IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "CidrIp": cidr}}}
	}
	mapped := func(other string) string {
		return text(object{"Mappings": object{"M": object{"us-east-1": object{"C": "10.0.0.0/8"}, "eu-west-1": object{"C": other}}}, "Resources": ingress(object{"Fn::FindInMap": list{"M", object{"Ref": "AWS::Region"}, "C"}})})
	}
	within := func(first, second string) object {
		return ingress(object{"Fn::If": list{"Prod", object{"Fn::If": list{"Wide", first, second}}, "10.0.0.0/8"}})
	}
	const stack = "aws:cloudformation/stack:Stack"
	k.badCfnMany("a condition within a condition", within("10.1.0.0/16", "0.0.0.0/0"))
	k.badCfnMany("the second of a list", ingress(object{"Fn::Select": list{1, list{"10.0.0.0/8", "0.0.0.0/0"}}}))
	k.bad("A", "another region's row", stack, object{"name": "s", "templateBody": mapped("0.0.0.0/0")})
	k.cfn("AWS::EC2::Instance", object{"ImageId": "a", "SubnetId": "s", "UserData": object{"Fn::Base64": "export DB_PASSWORD=hunter2"}})
	k.cfn("AWS::Backup::BackupVault", object{"BackupVaultName": "v", "EncryptionKeyArn": keyARN, "AccessPolicy": object{"Statement": list{object{"Effect": "Allow", "Principal": "*", "Action": "backup:CopyIntoBackupVault", "Resource": "*"}}}})
	k.cfn("AWS::Organizations::ResourcePolicy", object{"Content": object{"Statement": list{object{"Effect": "Allow", "Principal": "*", "Action": "organizations:DescribeOrganization", "Resource": "*"}}}})
	k.bad("A", "trust in SAM", stack, object{"name": "s", "templateBody": text(object{"Transform": "AWS::Serverless-2016-10-31", "Resources": object{"F": object{"Type": "AWS::Serverless::Function", "Properties": object{
		"VpcConfig": object{"SubnetIds": list{"s"}, "SecurityGroupIds": list{"g"}}, "KmsKeyArn": keyARN, "AssumeRolePolicyDocument": object{"Statement": list{object{"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole"}}}}}}})})
	k.twinsOnly()
	k.goodCfnMany("a condition within a condition", within("10.1.0.0/16", "10.2.0.0/16"))
	k.goodCfnMany("the second of a list", ingress(object{"Fn::Select": list{1, list{"0.0.0.0/0", "10.0.0.0/8"}}}))
	k.good("A", "every region's row", stack, object{"name": "s", "templateBody": mapped("10.64.0.0/10")})
	k.cfnGood("AWS::Backup::BackupVault", object{"BackupVaultName": "v", "EncryptionKeyArn": keyARN, "AccessPolicy": object{"Statement": list{object{"Effect": "Deny", "Principal": "*", "Action": "backup:DeleteRecoveryPoint", "Resource": "*"}}}})
}

// definitions are those that say more than their type: of APIs, of machines.
func (k *kinds) definitions() {
	const api, machine, account = "aws:apigateway/restApi:RestApi", "aws:sfn/stateMachine:StateMachine", "381492153064"
	private := func(body string) object {
		return object{"name": "a", "endpointConfiguration": object{"types": "PRIVATE"}, "body": body}
	}
	steps := func(state object) object {
		return object{"roleArn": "arn:aws:iam::" + account + ":role/machine", "encryptionConfiguration": object{"type": "CUSTOMER_MANAGED_KMS_KEY", "kmsKeyId": keyARN}, "loggingConfiguration": object{"level": "ALL", "logDestination": "arn:aws:logs:us-east-1:" + account + ":log-group:x:*"},
			"definition": text(object{"StartAt": "A", "States": object{"A": merge(object{"Type": "Task", "End": true}, state)}})}
	}
	queue := func(account string) object {
		return object{"Resource": "arn:aws:states:::sqs:sendMessage", "Parameters": object{"QueueUrl": "https://sqs.us-east-1.amazonaws.com/" + account + "/q"}}
	}
	k.bad("F", "policy in an API's definition", api, private(text(object{"openapi": "3.0.1", "paths": object{}, "x-amazon-apigateway-policy": object{"Statement": list{object{"Effect": "Allow", "Principal": "*", "Action": "execute-api:Invoke", "Resource": "*"}}}})))
	k.bad("F", "the same in YAML", api, private("openapi: 3.0.1\npaths: {}\nx-amazon-apigateway-policy:\n  Statement: {Effect: Allow, Principal: '*', Action: execute-api:Invoke, Resource: '*'}\n"))
	k.bad("F", "a definition that is none", api, private("openapi: ["))
	k.bad("E", "integration in a definition", api, private("openapi: 3.0.1\npaths:\n  /:\n    get:\n      responses: {200: {description: ok}}\n      x-amazon-apigateway-integration: {type: http_proxy, httpMethod: GET, uri: 'https://api.example.com'}\n"))
	k.bad("E", "call of a machine", machine, steps(object{"Resource": "arn:aws:states:::http:invoke", "Arguments": object{"ApiEndpoint": "https://collector.example.com", "Method": "POST"}}))
	k.bad("E", "queue of a machine", machine, steps(queue("222222222222")))
	k.badWith("E", "log policy of an account", "aws:cloudwatch/logAccountPolicy:LogAccountPolicy", object{"policyName": "p", "policyType": "SUBSCRIPTION_FILTER_POLICY", "policyDocument": text(object{"DestinationArn": "arn:aws:logs:us-east-1:222222222222:destination:x", "FilterPattern": ""})}, object{"trustedAccounts": list{account}})
	k.badWith("E", "mirror of traffic", "aws:ec2/trafficMirrorTarget:TrafficMirrorTarget", object{"networkLoadBalancerArn": "arn:aws:elasticloadbalancing:us-east-1:222222222222:loadbalancer/net/x/1"}, object{"trustedAccounts": list{account}})
	k.good("F", "policy of a private API", api, private(text(object{"openapi": "3.0.1", "paths": object{}, "components": object{"securitySchemes": object{"api_key": object{"type": "apiKey", "name": "x-api-key", "in": "header"}}},
		"x-amazon-apigateway-policy": object{"Statement": list{object{"Effect": "Allow", "Principal": "*", "Action": "execute-api:Invoke", "Resource": "*", "Condition": object{"StringEquals": object{"aws:SourceVpce": "vpce-0a1b2c3d"}}}}}})))
	k.good("E", "integration over a link in a definition", api, private("openapi: 3.0.1\npaths:\n  /:\n    get:\n      x-amazon-apigateway-integration: {type: http_proxy, httpMethod: GET, connectionType: VPC_LINK, connectionId: l, uri: 'https://app.example.com'}\n"))
	k.good("E", "own queue of a machine", machine, steps(queue(account)))
}

// twinsOnly are types of CloudFormation whose fault is what isn't said.
func (k *kinds) twinsOnly() {
	k.cfn("AWS::Synthetics::Canary", object{"Name": "c", "ArtifactS3Location": "s3://b", "ExecutionRoleArn": "r"})
	k.cfn("AWS::Glue::Job", object{"Role": "r", "Command": object{"Name": "glueetl"}, "SecurityConfiguration": "s"})
	k.cfn("AWS::SageMaker::Model", object{"ExecutionRoleArn": "r", "PrimaryContainer": object{"Image": "i"}})
	k.cfn("AWS::EC2::SnapshotBlockPublicAccess", object{"State": "unblocked"})
	k.cfn("AWS::EC2::ClientVpnTargetNetworkAssociation", object{"ClientVpnEndpointId": "c", "SubnetId": "s"})
	k.cfn("AWS::NetworkManager::TransitGatewayRouteTableAttachment", object{"PeeringId": "p", "TransitGatewayRouteTableArn": "r"})
	k.cfn("AWS::DAX::Cluster", object{"IAMRoleARN": "r", "NodeType": "t", "ReplicationFactor": 1, "SubnetGroupName": "g", "ClusterEndpointEncryptionType": "TLS"})
	k.cfn("AWS::DMS::Endpoint", object{"EndpointType": "target", "EngineName": "postgres", "ServerName": "10.0.0.4", "KmsKeyId": keyARN})
	k.cfn("AWS::KinesisFirehose::DeliveryStream", object{"DeliveryStreamName": "s"})
	k.cfn("AWS::RedshiftServerless::Namespace", object{"NamespaceName": "n"})
	k.cfn("AWS::AmazonMQ::Broker", object{"BrokerName": "b", "SubnetIds": list{"s"}, "EngineType": "RABBITMQ"})
	k.cfn("AWS::OpenSearchServerless::SecurityPolicy", object{"Type": "encryption", "Name": "n", "Policy": text(object{"Rules": list{}, "AWSOwnedKey": true})})
	k.cfn("AWS::OpenSearchServerless::AccessPolicy", object{"Type": "data", "Name": "n", "Policy": text(list{object{"Rules": list{}, "Principal": list{"*"}}})})
	api := func(more object) object {
		return object{"Transform": "AWS::Serverless-2016-10-31", "Resources": object{"A": object{"Type": "AWS::Serverless::Api", "Properties": merge(object{"StageName": "s", "EndpointConfiguration": object{"Type": "PRIVATE"}}, more)}}}
	}
	open := list{object{"Effect": "Allow", "Principal": "*", "Action": "execute-api:Invoke", "Resource": "*"}}
	const stack = "aws:cloudformation/stack:Stack"
	k.bad("A", "policy of SAM's API", stack, object{"name": "s", "templateBody": text(api(object{"Auth": object{"ResourcePolicy": object{"CustomStatements": open}}}))})
	k.bad("A", "policy in the body of SAM's API", stack, object{"name": "s", "templateBody": text(api(object{"DefinitionBody": object{"x-amazon-apigateway-policy": object{"Statement": open}}}))})
	bucket := func(encryption any) object {
		return object{"P": object{"Type": "AWS::S3::BucketPolicy", "Properties": object{"Bucket": object{"Ref": "B"}, "PolicyDocument": object{"Statement": list{denyPlaintext("s3")}}}},
			"B": object{"Type": "AWS::S3::Bucket", "Properties": object{"BucketEncryption": encryption, "VersioningConfiguration": object{"Status": "Enabled"},
				"PublicAccessBlockConfiguration": object{"BlockPublicAcls": true, "BlockPublicPolicy": true, "IgnorePublicAcls": true, "RestrictPublicBuckets": true}}}}
	}
	own := object{"ServerSideEncryptionConfiguration": list{object{"ServerSideEncryptionByDefault": object{"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": keyARN}}}}
	k.badCfnMany("encryption by one answer alone", bucket(object{"Fn::If": list{"Prod", own, object{"Ref": "AWS::NoValue"}}}))
	k.goodCfnMany("encryption by both answers", bucket(object{"Fn::If": list{"Prod", own, own}}))

	k.cfnGood("AWS::Synthetics::Canary", object{"Name": "c", "ArtifactS3Location": "s3://b", "ExecutionRoleArn": "r", "VPCConfig": object{"SubnetIds": list{"s"}, "SecurityGroupIds": list{"g"}}})
	k.cfnGood("AWS::Glue::Job", object{"Role": "r", "Command": object{"Name": "glueetl"}, "SecurityConfiguration": "s", "Connections": object{"Connections": list{"c"}}})
	k.cfnGood("AWS::SageMaker::Model", object{"ExecutionRoleArn": "r", "EnableNetworkIsolation": true, "PrimaryContainer": object{"Image": "i"}})
	k.cfnGood("AWS::DAX::Cluster", object{"IAMRoleARN": "r", "NodeType": "t", "ReplicationFactor": 1, "SubnetGroupName": "g", "ClusterEndpointEncryptionType": "TLS", "SSESpecification": object{"SSEEnabled": true}})
	k.cfnGood("AWS::DMS::Endpoint", object{"EndpointType": "target", "EngineName": "postgres", "ServerName": "10.0.0.4", "SslMode": "verify-full", "KmsKeyId": keyARN})
	k.cfnGood("AWS::KinesisFirehose::DeliveryStream", object{"DeliveryStreamName": "s", "DeliveryStreamEncryptionConfigurationInput": object{"KeyType": "CUSTOMER_MANAGED_CMK", "KeyARN": keyARN}, "ExtendedS3DestinationConfiguration": object{"BucketARN": "arn:aws:s3:::b", "RoleARN": "r", "EncryptionConfiguration": object{"KMSEncryptionConfig": object{"AWSKMSKeyARN": keyARN}}}})
	k.cfnGood("AWS::RedshiftServerless::Namespace", object{"NamespaceName": "n", "KmsKeyId": keyARN, "LogExports": list{"userlog"}})
	k.cfnGood("AWS::AmazonMQ::Broker", object{"BrokerName": "b", "SubnetIds": list{"s"}, "EngineType": "RABBITMQ", "EncryptionOptions": object{"UseAwsOwnedKey": false, "KmsKeyId": keyARN}})
	k.cfnGood("AWS::OpenSearchServerless::SecurityPolicy", object{"Type": "encryption", "Name": "n", "Policy": text(object{"Rules": list{}, "AWSOwnedKey": false, "KmsARN": keyARN})})
}
