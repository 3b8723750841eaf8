package cases

// instance is one as it should be, but for what is asked here.
func instance(more object) object {
	return merge(object{"ami": "a", "instanceType": "t", "subnetId": "s", "rootBlockDevice": object{"encrypted": true, "kmsKeyId": keyARN}}, more)
}

// switchMutants are words and flags that switch a guard off, or leave it off.
func switchMutants() []Mutant {
	var all []Mutant
	for _, more := range [][]Mutant{
		loneMutants("metadata-tokens", []lone{
			{"instance", "aws:ec2/instance:Instance", instance(object{"metadataOptions": object{"httpTokens": "optional"}}), "metadataOptions.httpTokens is optional"},
			{"instance, by default", "aws:ec2/instance:Instance", instance(nil), "metadataOptions.httpTokens is not set"},
			{"instance, unknown", "aws:ec2/instance:Instance", instance(object{"metadataOptions": object{"httpTokens": Unknown{}}}), "metadataOptions.httpTokens is not known"},
			{"template", "aws:ec2/launchTemplate:LaunchTemplate", object{"metadataOptions": object{"httpEndpoint": "enabled"}}, "metadataOptions.httpTokens is not set"},
			{"region's default", "aws:ec2/instanceMetadataDefaults:InstanceMetadataDefaults", object{"httpTokens": "no-preference"}, `httpTokens is "no-preference", not required`},
			{"region's default, unknown", "aws:ec2/instanceMetadataDefaults:InstanceMetadataDefaults", object{"httpTokens": Unknown{}}, "httpTokens is not known"},
			{"builder of images", "aws:imagebuilder/infrastructureConfiguration:InfrastructureConfiguration", object{"instanceProfileName": "i", "subnetId": "s"}, "instanceMetadataOptions.httpTokens is not set"},
			{"notebook", "aws:sagemaker/notebookInstance:NotebookInstance", object{"instanceType": "t", "roleArn": "r", "subnetId": "s", "kmsKeyId": keyARN, "directInternetAccess": "Disabled", "instanceMetadataServiceConfiguration": object{"minimumInstanceMetadataServiceVersion": "1"}}, "minimumInstanceMetadataServiceVersion is 1"},
		}),
		loneMutants("recorders-on", []lone{
			{"trail", "aws:cloudtrail/trail:Trail", object{"s3BucketName": "b", "kmsKeyId": keyARN, "enableLogging": false}, "enableLogging is false"},
			{"trail's files", "aws:cloudtrail/trail:Trail", object{"s3BucketName": "b", "kmsKeyId": keyARN, "enableLogFileValidation": "False"}, "enableLogFileValidation is False"},
			{"trail, unknown", "aws:cloudtrail/trail:Trail", object{"s3BucketName": "b", "kmsKeyId": keyARN, "enableLogging": Unknown{}}, "enableLogging is not known"},
			{"lake", "aws:cloudtrail/eventDataStore:EventDataStore", object{"kmsKeyId": keyARN, "suspend": "true"}, "suspend is true"},
			{"recorder", "aws:cfg/recorderStatus:RecorderStatus", object{"isEnabled": false}, "isEnabled is false"},
			{"detector", "aws:guardduty/detector:Detector", object{"enable": false}, "enable is false"},
			{"Macie", "aws:macie2/account:Account", object{"status": "PAUSED"}, "status is PAUSED"},
			{"flow log of what passed", "aws:ec2/flowLog:FlowLog", object{"subnetId": "s", "trafficType": "ACCEPT", "logDestination": "l"}, "trafficType is ACCEPT"},
		}),
		loneMutants("no-public-upstreams", []lone{
			{"Docker Hub", "aws:ecr/pullThroughCacheRule:PullThroughCacheRule", object{"ecrRepositoryPrefix": "docker", "upstreamRegistryUrl": "registry-1.docker.io"}, "upstreamRegistryUrl is registry-1.docker.io, where others push"},
			{"unknown", "aws:ecr/pullThroughCacheRule:PullThroughCacheRule", object{"ecrRepositoryPrefix": "x", "upstreamRegistryUrl": Unknown{}}, "upstreamRegistryUrl is not known"},
			{"packages", "aws:codeartifact/repository:Repository", object{"domain": "d", "repository": "r", "externalConnections": object{"externalConnectionName": "public:npmjs"}}, "externalConnections is set"},
		}),
		loneMutants("lambda-in-vpc", []lone{
			{"build", "aws:codebuild/project:Project", object{"serviceRole": "r", "encryptionKey": keyARN}, "vpcConfig.subnets is not set"},
			{"builders", "aws:codebuild/fleet:Fleet", object{"baseCapacity": 1}, "vpcConfigs is not set"},
			{"streams", "aws:kinesisanalyticsv2/application:Application", object{"runtimeEnvironment": "FLINK-1_20", "serviceExecutionRole": "r"}, "applicationConfiguration.vpcConfiguration is not set"},
		}),
		loneMutants("no-admin-policy", []lone{
			{"cluster", "aws:eks/accessPolicyAssociation:AccessPolicyAssociation", clusterAccess("AmazonEKSClusterAdminPolicy", object{"type": "cluster"}), "AmazonEKSClusterAdminPolicy holds in the whole cluster"},
			{"cluster's masters", "aws:eks/accessEntry:AccessEntry", object{"clusterName": "c", "principalArn": "arn:aws:iam::381492153064:role/x", "kubernetesGroups": list{"system:masters"}}, "system:masters"},
		}),
		loneMutants("no-other-way-out", []lone{
			{"name servers", "aws:ec2/vpcDhcpOptions:VpcDhcpOptions", object{"domainNameServers": list{"AmazonProvidedDNS", "8.8.8.8"}}, "domainNameServers is 8.8.8.8"},
			{"time, unknown", "aws:ec2/vpcDhcpOptions:VpcDhcpOptions", object{"ntpServers": list{Unknown{}}}, "ntpServers is not known"},
		}),
		loneMutants("no-open-range", []lone{
			{"network ACL", "aws:ec2/networkAclRule:NetworkAclRule", object{"networkAclId": "n", "ruleNumber": 1, "protocol": "tcp", "ruleAction": "allow", "cidrBlock": "0.0.0.0/0", "fromPort": 22, "toPort": 22}, "cidrBlock is 0.0.0.0/0"},
			{"network ACL, inline", "aws:ec2/networkAcl:NetworkAcl", object{"vpcId": "v", "ingress": list{object{"protocol": "-1", "ruleNo": 1, "action": "ALLOW", "ipv6CidrBlock": "::/0", "fromPort": 0, "toPort": 0}}}, "ipv6CidrBlock is ::/0"},
			{"network ACL, unknown", "aws:ec2/networkAcl:NetworkAcl", object{"vpcId": "v", "ingress": Unknown{}}, "ingress is not known"},
		}),
	} {
		all = append(all, more...)
	}
	return append(all,
		mutant("no-public-entry", "Instance Connect endpoint", one("aws:ec2transitgateway/instanceConnectEndpoint:InstanceConnectEndpoint", "it", object{"subnetId": "s"}), "it", "an EC2 Instance Connect endpoint"),
		mutant("no-public-entry", "Lattice for whoever is there", one("aws:vpclattice/service:Service", "it", object{"name": "n"}), "it", "authType is not set"),
		mutant("no-privileged-container", "build", one("aws:codebuild/project:Project", "it", object{"serviceRole": "r", "encryptionKey": keyARN, "vpcConfig": inVPC, "environment": object{"privilegedMode": true}}), "it", "environment.privilegedMode is true"),
		mutant("cache-tls", "user without a password", one("aws:elasticache/user:User", "it", object{"engine": "valkey", "userId": "u", "userName": "u", "accessString": "on", "authenticationMode": object{"type": "no-password-required"}}), "it", "authenticationMode.type is no-password-required"),
		mutant("data-encrypted", "delivery stream, AWS's key", one("aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream", "it", object{"destination": "extended_s3", "serverSideEncryption": object{"enabled": true}}), "it", "serverSideEncryption.keyArn is not set"),
		mutant("no-plain-credential", "provider", one("pulumi:providers:aws", "it", object{"region": region, "accessKey": "AKIA", "secretKey": "hunter2"}), "it", "secretKey is given in plain text"),
	)
}

func clusterAccess(name string, scope object) object {
	return object{"clusterName": "c", "principalArn": "arn:aws:iam::381492153064:role/x", "policyArn": "arn:aws:eks::aws:cluster-access-policy/" + name, "accessScope": scope}
}
