package cases

// switches are words and flags that switch a guard off, or leave it off, and
// what looks like them.
func (k *kinds) switches() {
	const (
		build    = "aws:codebuild/project:Project"
		access   = "aws:eks/accessPolicyAssociation:AccessPolicyAssociation"
		pulled   = "aws:ecr/pullThroughCacheRule:PullThroughCacheRule"
		dhcp     = "aws:ec2/vpcDhcpOptions:VpcDhcpOptions"
		launched = "aws:ec2/launchTemplate:LaunchTemplate"
	)
	k.bad("G", "metadata by Spot", "aws:ec2/spotInstanceRequest:SpotInstanceRequest", instance(nil))
	k.bad("G", "metadata by configuration", "aws:ec2/launchConfiguration:LaunchConfiguration", object{"imageId": "a", "instanceType": "t"})
	k.bad("G", "metadata by template", launched, object{"metadataOptions": object{"httpTokens": "optional"}})
	k.bad("A", "native instance", "aws-native:ec2:Instance", object{"subnetId": "s", "instanceType": "t"})
	k.cfn("AWS::EC2::LaunchTemplate", object{"LaunchTemplateData": object{"InstanceType": "t", "MetadataOptions": object{"HttpTokens": "optional"}}})
	k.cfn("AWS::EC2::Instance", object{"SubnetId": "s", "InstanceType": "t"})
	k.good("G", "metadata off", "aws:ec2/instance:Instance", instance(object{"metadataOptions": object{"httpEndpoint": "disabled"}}))
	k.good("G", "metadata with tokens", "aws:ec2/instance:Instance", instance(object{"metadataOptions": object{"httpTokens": "required", "httpPutResponseHopLimit": 2}}))
	k.good("G", "metadata of the template", "aws:ec2/instance:Instance", object{"launchTemplate": object{"id": "lt-1"}})
	k.cfnGood("AWS::EC2::LaunchTemplate", object{"LaunchTemplateData": object{"InstanceType": "t", "MetadataOptions": object{"HttpTokens": "required"}}})

	k.bad("B", "build nowhere", build, object{"serviceRole": "r", "encryptionKey": keyARN, "vpcConfig": object{"vpcId": "v", "subnets": list{}}})
	k.cfn("AWS::CodeBuild::Project", object{"ServiceRole": "r", "Environment": object{"ComputeType": "c", "Image": "i", "Type": "LINUX_CONTAINER"}, "EncryptionKey": keyARN})
	k.cfn("AWS::KinesisAnalyticsV2::Application", object{"RuntimeEnvironment": "FLINK-1_20", "ServiceExecutionRole": "r"})
	k.good("B", "build in a VPC", build, object{"serviceRole": "r", "encryptionKey": keyARN, "vpcConfig": object{"vpcId": Unknown{}, "subnets": Unknown{}, "securityGroupIds": list{"g"}}})
	k.good("B", "build in a fleet", build, object{"serviceRole": "r", "encryptionKey": keyARN, "environment": object{"fleet": object{"fleetArn": Unknown{}}}})
	k.cfnGood("AWS::KinesisAnalyticsV2::Application", object{"RuntimeEnvironment": "FLINK-1_20", "ServiceExecutionRole": "r", "ApplicationConfiguration": object{"VpcConfigurations": list{object{"SubnetIds": list{"s"}, "SecurityGroupIds": list{"g"}}}}})

	for _, name := range []string{"AmazonEKSAdminPolicy", "AmazonEKSAdminViewPolicy", "AmazonEKSEditPolicy", "AmazonEKSSecretReaderPolicy"} {
		k.bad("G", name, access, clusterAccess(name, object{"type": "cluster"}))
		k.good("G", name+" in a namespace", access, clusterAccess(name, object{"type": "namespace", "namespaces": list{"data"}}))
	}
	k.bad("G", "cluster admin of a namespace", access, clusterAccess("AmazonEKSClusterAdminPolicy", object{"type": "namespace", "namespaces": list{"data"}}))
	k.cfn("AWS::EKS::AccessEntry", object{"ClusterName": "c", "PrincipalArn": "arn:aws:iam::381492153064:role/x", "AccessPolicies": list{object{"PolicyArn": "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy", "AccessScope": object{"Type": "cluster"}}}})
	k.good("G", "cluster's readers", access, clusterAccess("AmazonEKSViewPolicy", object{"type": "cluster"}))
	k.good("G", "cluster's group", "aws:eks/accessEntry:AccessEntry", object{"clusterName": "c", "principalArn": "arn:aws:iam::381492153064:role/x", "kubernetesGroups": list{"viewers"}})

	for _, host := range []string{"public.ecr.aws", "quay.io", "ghcr.io", "https://registry.k8s.io/", "mine.azurecr.io"} {
		k.bad("C", "pulled from "+host, pulled, object{"ecrRepositoryPrefix": "x", "upstreamRegistryUrl": host})
	}
	k.cfn("AWS::ECR::PullThroughCacheRule", object{"EcrRepositoryPrefix": "d", "UpstreamRegistryUrl": "registry-1.docker.io"})
	k.cfn("AWS::CodeArtifact::Repository", object{"DomainName": "d", "RepositoryName": "r", "ExternalConnections": list{"public:pypi"}})
	k.good("C", "pulled from ECR", pulled, object{"ecrRepositoryPrefix": "shared", "upstreamRegistryUrl": "222222222222.dkr.ecr.cn-north-1.amazonaws.com.cn", "customRoleArn": "arn:aws:iam::381492153064:role/pull"})
	k.goodWith("C", "pulled from a trusted domain", pulled, object{"ecrRepositoryPrefix": "x", "upstreamRegistryUrl": "registry.example.com"}, object{"trustedDomains": list{"example.com"}})
	k.good("C", "packages of an upstream", "aws:codeartifact/repository:Repository", object{"domain": "d", "repository": "r", "upstreams": list{object{"repositoryName": "shared"}}})

	k.cfn("AWS::CloudTrail::Trail", object{"IsLogging": false, "S3BucketName": "b", "KMSKeyId": keyARN})
	k.cfn("AWS::GuardDuty::Detector", object{"Enable": false})
	k.cfnGood("AWS::CloudTrail::Trail", object{"IsLogging": true, "S3BucketName": "b", "KMSKeyId": keyARN, "EnableLogFileValidation": true})
	k.good("L", "detector", "aws:guardduty/detector:Detector", object{"enable": true})
	k.good("L", "recorder", "aws:cfg/recorderStatus:RecorderStatus", object{"isEnabled": true})
	k.good("L", "flow log of what was refused", "aws:ec2/flowLog:FlowLog", object{"subnetId": "s", "trafficType": "REJECT", "logDestination": "l"})

	k.bad("B", "public time", dhcp, object{"ntpServers": list{"203.0.113.4"}})
	k.bad("B", "public name server, IPv6", dhcp, object{"domainNameServers": "2001:4860:4860::8888"})
	k.cfn("AWS::EC2::DHCPOptions", object{"DomainNameServers": list{"8.8.8.8"}})
	k.good("B", "AWS's name servers", dhcp, object{"domainNameServers": list{"AmazonProvidedDNS"}, "domainName": "corp.internal", "ntpServers": list{"169.254.169.123", "fd00:ec2::123"}})
	k.good("B", "name servers in a joined network", dhcp, object{"domainNameServers": list{"10.8.0.2", "169.254.169.253"}})
	k.good("B", "default route that drops", "aws:ec2transitgateway/route:Route", object{"destinationCidrBlock": "0.0.0.0/0", "transitGatewayRouteTableId": "t", "blackhole": true})
	k.good("B", "answers of S3 through an ACL", "aws:ec2/networkAcl:NetworkAcl", object{"vpcId": "v",
		"ingress": list{
			object{"protocol": "tcp", "ruleNo": 1, "action": "allow", "cidrBlock": "10.0.0.0/16", "fromPort": 0, "toPort": 65535},
			object{"protocol": "6", "ruleNo": 2, "action": "allow", "cidrBlock": "0.0.0.0/0", "fromPort": 1024, "toPort": 65535},
		},
		"egress": list{object{"protocol": "tcp", "ruleNo": 1, "action": "allow", "cidrBlock": "0.0.0.0/0", "fromPort": 443, "toPort": 443}},
	})
	k.good("C", "Lattice with IAM", "aws:vpclattice/service:Service", object{"name": "n", "authType": "AWS_IAM"})
	k.bad("I", "target of a migration", "aws:dms/s3Endpoint:S3Endpoint", object{"bucketName": "b", "endpointId": "e", "endpointType": "target", "serviceAccessRoleArn": "r", "encryptionMode": "SSE_S3"})
	k.good("K", "credentials of a provider", "pulumi:providers:aws", object{"region": region, "secretKey": Secret{"hunter2"}})
}
