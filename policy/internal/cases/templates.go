package cases

// cfn is a stack of CloudFormation with a template of resources.
func cfn(resources object) *Resource {
	return res("aws:cloudformation/stack:Stack", "it", object{"name": "s", "templateBody": text(object{"Resources": resources})})
}

func inTemplate(kind string, props object) Group {
	return Group{cfn(object{"It": object{"Type": kind, "Properties": props}})}
}

// yamlTemplate is right: a bucket with all its guards, a key, a queue, a role.
const yamlTemplate = `
AWSTemplateFormatVersion: 2010-09-09
Parameters:
  Name: {Type: String, Default: data}
Conditions:
  Big: !Equals [!Ref Name, big]
Resources:
  Key:
    Type: AWS::KMS::Key
    Properties:
      EnableKeyRotation: true
      KeyPolicy:
        Version: 2012-10-17
        Statement:
          - {Effect: Allow, Principal: {AWS: !Sub "arn:${AWS::Partition}:iam::${AWS::AccountId}:root"}, Action: "kms:*", Resource: "*"}
  Bucket:
    Type: AWS::S3::Bucket
    Properties:
      BucketName: !Sub "${Name}-bucket"
      BucketEncryption:
        ServerSideEncryptionConfiguration:
          - ServerSideEncryptionByDefault: {SSEAlgorithm: "aws:kms", KMSMasterKeyID: !GetAtt Key.Arn}
      PublicAccessBlockConfiguration: {BlockPublicAcls: true, BlockPublicPolicy: true, IgnorePublicAcls: true, RestrictPublicBuckets: true}
      VersioningConfiguration: {Status: !If [Big, Enabled, Enabled]}
  BucketPolicy:
    Type: AWS::S3::BucketPolicy
    Properties:
      Bucket: !Ref Bucket
      PolicyDocument:
        Statement:
          - Effect: Deny
            Principal: "*"
            Action: "s3:*"
            Resource: [!GetAtt Bucket.Arn, !Sub "${Bucket.Arn}/*"]
            Condition: {Bool: {"aws:SecureTransport": "false"}}
  Queue:
    Type: AWS::SQS::Queue
    Properties:
      KmsMasterKeyId: !Ref Key
      QueueName: !If [Big, big, !Ref "AWS::NoValue"]
  Role:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Statement:
          - {Effect: Allow, Principal: {Service: ecs-tasks.amazonaws.com}, Action: "sts:AssumeRole", Condition: {StringEquals: {"aws:SourceAccount": !Ref "AWS::AccountId"}}}
      Policies:
        - PolicyName: read
          PolicyDocument:
            Statement:
              - {Effect: Allow, Action: ["s3:GetObject"], Resource: !Sub "arn:aws:s3:::${Bucket}/*"}
`

// templated are resources in the forms of other tools, all of them right.
func templated() Group {
	return Group{
		res("aws:cloudformation/stack:Stack", "yaml", object{"name": "s", "templateBody": yamlTemplate}),
		res("aws:cloudcontrol/resource:Resource", "logs", object{"typeName": "AWS::Logs::LogGroup", "desiredState": text(object{"LogGroupName": "x", "RetentionInDays": 30, "KmsKeyId": keyARN})}),
		res("aws-native:logs:LogGroup", "native-logs", object{"logGroupName": "x", "retentionInDays": 30, "kmsKeyId": Unknown{}}),
		res("aws-native:s3:Bucket", "native-bucket", object{
			"bucketName":                     "pathwai-native",
			"bucketEncryption":               object{"serverSideEncryptionConfiguration": list{object{"serverSideEncryptionByDefault": object{"sseAlgorithm": "aws:kms", "kmsMasterKeyId": keyARN}}}},
			"publicAccessBlockConfiguration": object{"blockPublicAcls": true, "blockPublicPolicy": true, "ignorePublicAcls": true, "restrictPublicBuckets": true},
			"versioningConfiguration":        object{"status": "Enabled"},
			"ownershipControls":              object{"rules": list{object{"objectOwnership": "BucketOwnerEnforced"}}},
		}),
		res("aws-native:s3:BucketPolicy", "native-policy", object{"bucket": Ref{"native-bucket", "id"}, "policyDocument": object{"Version": "2012-10-17", "Statement": list{object{
			"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": list{"arn:aws:s3:::pathwai-native", "arn:aws:s3:::pathwai-native/*"}, "Condition": object{"Bool": object{"aws:SecureTransport": "false"}},
		}}}}),
		res("aws-native:ec2:SecurityGroup", "native-group", object{"groupDescription": "tasks", "vpcId": "v", "securityGroupIngress": list{object{"ipProtocol": "tcp", "fromPort": 443, "toPort": 443, "cidrIp": "10.0.0.0/16"}}, "securityGroupEgress": list{object{"ipProtocol": "tcp", "fromPort": 443, "toPort": 443, "cidrIp": "10.0.0.0/16"}}}),
		res("aws-native:ecs:Service", "native-service", object{"networkConfiguration": object{"awsvpcConfiguration": object{"assignPublicIp": "DISABLED", "subnets": list{"s"}}}, "deploymentConfiguration": object{"deploymentCircuitBreaker": object{"enable": true, "rollback": true}}}),
		res("aws-native:lambda:Function", "native-function", object{"role": "r", "vpcConfig": object{"subnetIds": list{"s"}}, "code": object{}}),
		res("aws-native:rds:DbInstance", "native-database", object{
			"engine": "mysql", "storageEncrypted": true, "kmsKeyId": keyARN, "dbSubnetGroupName": "s", "dbParameterGroupName": "pathwai-aurora-p", "backupRetentionPeriod": 7,
			"enableCloudwatchLogsExports": list{"error"}, "masterUserPassword": Secret{"hunter2"}, "publiclyAccessible": false,
		}),
		res("aws-native:rds:DbParameterGroup", "native-parameters", object{"dbParameterGroupName": "pathwai-aurora-p", "family": "mysql8.0", "parameters": object{"require_secure_transport": "1"}}),
	}
}

func templateMutants() []Mutant {
	anybody := object{"Statement": list{object{"Effect": "Allow", "Principal": "*", "Action": "sns:Publish", "Resource": "*"}}}
	in := func(rule, title, kind string, props object, says string) Mutant {
		return mutant(rule, title, inTemplate(kind, props), "it", says)
	}
	control := func(rule, title, kind string, props object, says string) Mutant {
		return mutant(rule, title+", Cloud Control", one("aws:cloudcontrol/resource:Resource", "it", object{"typeName": kind, "desiredState": text(props)}), "it", says)
	}
	native := func(rule, title, token string, props object, says string) Mutant {
		return mutant(rule, title+", aws-native", one("aws-native:"+token, "it", props), "it", says)
	}
	body := func(rule, title, template, says string) Mutant {
		return mutant(rule, title, one("aws:cloudformation/stack:Stack", "it", object{"name": "s", "templateBody": template}), "it", says)
	}
	return []Mutant{
		in("no-nat-gateway", "in a template", "AWS::EC2::NatGateway", object{"SubnetId": "s"}, "It (aws:ec2/natGateway:NatGateway): a NAT gateway"),
		body("no-nat-gateway", "in YAML", "Resources:\n  Way:\n    Type: AWS::EC2::NatGateway\n    Properties: {SubnetId: !Ref Subnet}\n", "a NAT gateway"),
		control("no-nat-gateway", "gateway", "AWS::EC2::NatGateway", object{"SubnetId": "s"}, "a NAT gateway"),
		native("no-nat-gateway", "gateway", "ec2:NatGateway", object{"subnetId": "s"}, "a NAT gateway"),
		mutant("no-nat-gateway", "in a stack set", one("aws:cloudformation/stackSet:StackSet", "it", object{"name": "s", "templateBody": text(object{"Resources": object{"N": object{"Type": "AWS::EC2::NatGateway"}}})}), "it", "a NAT gateway"),
		native("no-internet-gateway", "gateway", "ec2:InternetGateway", object{}, "an internet gateway"),
		in("no-default-route", "in a template", "AWS::EC2::Route", object{"RouteTableId": "r", "DestinationCidrBlock": "0.0.0.0/0", "GatewayId": "i"}, "0.0.0.0/0"),
		body("no-default-route", "by a parameter's default", `{"Parameters": {"To": {"Type": "String", "Default": "0.0.0.0/0"}}, "Resources": {"R": {"Type": "AWS::EC2::Route", "Properties": {"DestinationCidrBlock": {"Ref": "To"}}}}}`, "0.0.0.0/0"),
		body("no-default-route", "by a condition's other answer", `{"Resources": {"R": {"Type": "AWS::EC2::Route", "Properties": {"DestinationCidrBlock": {"Fn::If": ["Private", "10.0.0.0/8", "0.0.0.0/0"]}}}}}`, "0.0.0.0/0"),
		body("no-default-route", "by joining", `{"Resources": {"R": {"Type": "AWS::EC2::Route", "Properties": {"DestinationCidrBlock": {"Fn::Join": ["/", ["0.0.0.0", "0"]]}}}}}`, "0.0.0.0/0"),
		in("no-public-load-balancer", "in a template, by default", "AWS::ElasticLoadBalancingV2::LoadBalancer", object{
			"Type": "network", "Subnets": list{"s"}, "LoadBalancerAttributes": list{object{"Key": "access_logs.s3.enabled", "Value": "true"}},
		}, "internal is false"),
		in("no-open-principal", "in a template", "AWS::SNS::TopicPolicy", object{"Topics": list{"t"}, "PolicyDocument": anybody}, "admits Principal *"),
		in("bucket-no-public-acl", "in a template", "AWS::S3::Bucket", object{
			"AccessControl":                  "PublicRead",
			"BucketEncryption":               object{"ServerSideEncryptionConfiguration": list{object{"ServerSideEncryptionByDefault": object{"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": keyARN}}}},
			"PublicAccessBlockConfiguration": object{"BlockPublicAcls": true, "BlockPublicPolicy": true, "IgnorePublicAcls": true, "RestrictPublicBuckets": true},
			"VersioningConfiguration":        object{"Status": "Enabled"},
		}, `acl is "public-read"`).with("bucket-policy-declared it"),
		native("file-system-encrypted", "volume", "ec2:Volume", object{"availabilityZone": "z", "encrypted": false}, "encrypted is false"),
		native("no-public-ip", "service", "ecs:Service", object{"networkConfiguration": object{"awsvpcConfiguration": object{"assignPublicIp": "ENABLED", "subnets": list{"s"}}}, "deploymentConfiguration": object{"deploymentCircuitBreaker": object{"enable": true, "rollback": true}}}, "assignPublicIp is true"),
		native("no-open-security-group", "group", "ec2:SecurityGroup", object{"groupDescription": "g", "securityGroupEgress": list{}, "securityGroupIngress": list{object{"ipProtocol": "tcp", "fromPort": 22, "toPort": 22, "cidrIp": "0.0.0.0/0"}}}, "0.0.0.0/0"),
		native("no-wildcard-action", "role", "iam:Role", object{
			"assumeRolePolicyDocument": object{"Statement": list{object{"Effect": "Allow", "Principal": object{"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}}},
			"policies":                 list{object{"policyName": "p", "policyDocument": object{"Statement": list{object{"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::b/*"}}}}},
		}, "allows s3:*"),
		native("no-public-database", "type without a twin", "timestream:InfluxDbInstance", object{"publiclyAccessible": true}, "publiclyAccessible is true"),
		native("no-plain-credential", "type without a twin", "timestream:InfluxDbInstance", object{"password": "hunter2"}, "password is given in plain text"),
		in("lambda-in-vpc", "in SAM", "AWS::Serverless::Function", object{"Handler": "h"}, "vpcConfig.subnetIds is not set"),
		in("no-public-entry", "event of SAM", "AWS::Serverless::Function", object{"VpcConfig": object{"SubnetIds": list{"s"}}, "Events": object{"Web": object{"Type": "HttpApi"}}}, "a public API"),
		in("no-public-entry", "address of a function, SAM", "AWS::Serverless::Function", object{"VpcConfig": object{"SubnetIds": list{"s"}}, "FunctionUrlConfig": object{"AuthType": "NONE"}}, `authorizationType is "NONE"`),
		in("no-admin-policy", "SAM", "AWS::Serverless::Function", object{"VpcConfig": object{"SubnetIds": list{"s"}}, "Policies": list{"AdministratorAccess"}}, "AdministratorAccess is attached"),
		in("no-unread-template", "template by URL in a template", "AWS::CloudFormation::Stack", object{"TemplateURL": "https://x"}, "templateUrl is set"),
		in("no-unread-template", "application of SAM", "AWS::Serverless::Application", object{"Location": "l"}, "Serverless Application Repository"),
		body("no-unread-template", "neither JSON nor YAML", "{", "cannot be read"),
		body("no-unread-template", "macro", `{"Transform": "Anything", "Resources": {}}`, "is made by a macro"),
		body("no-unread-template", "include", `{"Transform": {"Name": "AWS::Include"}, "Resources": {}}`, "is made by a macro"),
		body("no-unread-template", "no resources", `{"Description": "d"}`, "has no Resources"),
		body("no-unread-template", "loop", `{"Transform": "AWS::LanguageExtensions", "Resources": {"Fn::ForEach::N": ["X", ["a"], {}]}}`, "no resource"),
		mutant("no-unread-template", "by URL", one("aws:cloudformation/stack:Stack", "it", object{"name": "s", "templateUrl": "https://x"}), "it", "templateUrl is set"),
		mutant("no-unread-template", "unknown", one("aws:cloudformation/stack:Stack", "it", object{"name": "s", "templateBody": Unknown{}}), "it", "templateBody is not known"),
		mutant("no-unread-template", "stack set by URL", one("aws:cloudformation/stackSet:StackSet", "it", object{"name": "s", "templateUrl": "https://x"}), "it", "templateUrl is set"),
		mutant("no-unread-template", "from the repository", one("aws:serverlessrepository/cloudFormationStack:CloudFormationStack", "it", object{"applicationId": "a", "capabilities": list{}}), "it", "Serverless Application Repository"),
		mutant("no-unread-template", "desired state, unknown", one("aws:cloudcontrol/resource:Resource", "it", object{"typeName": "AWS::EC2::VPC", "desiredState": Unknown{}}), "it", "desiredState is not known"),
		mutant("no-unread-template", "product", one("aws:servicecatalog/product:Product", "it", object{"owner": "o", "type": "CLOUD_FORMATION_TEMPLATE", "provisioningArtifactParameters": object{"templateUrl": "https://x"}}), "it", "templateUrl is set"),
	}
}

// with adds findings that the fault can't be had without.
func (m Mutant) with(also ...string) Mutant {
	m.Also = append(m.Also, also...)
	return m
}
