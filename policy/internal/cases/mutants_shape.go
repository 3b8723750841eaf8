package cases

// lone is a mutant of one resource: its type, what it has, and what the rule says.
type lone struct {
	title, token string
	props        object
	says         string
}

// loneMutants makes mutants of one rule. One in three meets the engine: the
// others differ from it by their types alone.
func loneMutants(rule string, table []lone) []Mutant {
	var mutants []Mutant
	for i, l := range table {
		m := mutant(rule, l.title, one(l.token, "it", l.props), "it", l.says)
		m.Quick = i%3 != 0
		mutants = append(mutants, m)
	}
	return mutants
}

func shapeMutants() []Mutant {
	anybody := policy(object{"Effect": "Allow", "Principal": "*", "Action": "x:Get", "Resource": "arn:aws:x:us-east-1:381492153064:y"})
	var all []Mutant
	for _, more := range [][]Mutant{
		loneMutants("no-forwarder", []lone{
			{"instance", "aws:ec2/instance:Instance", object{"metadataOptions": tokens, "instanceType": "t3.nano", "subnetId": "s", "sourceDestCheck": false}, "sourceDestCheck is false"},
			{"interface", "aws:ec2/networkInterface:NetworkInterface", object{"subnetId": "s", "sourceDestCheck": false}, "sourceDestCheck is false"},
			{"Spot", "aws:ec2/spotInstanceRequest:SpotInstanceRequest", object{"metadataOptions": tokens, "sourceDestCheck": false}, "sourceDestCheck is false"},
			{"unknown", "aws:ec2/networkInterface:NetworkInterface", object{"subnetId": "s", "sourceDestCheck": Unknown{}}, "sourceDestCheck is not known"},
		}),
		loneMutants("no-other-way-out", []lone{
			{"private block to a NAT gateway", "aws:ec2/route:Route", object{"routeTableId": "r", "destinationCidrBlock": "10.0.0.0/8", "natGatewayId": "nat-1"}, "natGatewayId is set"},
			{"private block to an internet gateway", "aws:ec2/route:Route", object{"routeTableId": "r", "destinationCidrBlock": "10.0.0.0/8", "gatewayId": "igw-1"}, "igw-1"},
			{"inline, to a NAT gateway", "aws:ec2/routeTable:RouteTable", object{"vpcId": "v", "routes": list{object{"cidrBlock": "192.168.0.0/16", "natGatewayId": "nat-1"}}}, "natGatewayId is set"},
			{"learnt routes", "aws:ec2/routeTable:RouteTable", object{"vpcId": "v", "propagatingVgws": list{"vgw-1"}}, "propagatingVgws is set"},
			{"propagation", "aws:ec2/vpnGatewayRoutePropagation:VpnGatewayRoutePropagation", object{"routeTableId": "r", "vpnGatewayId": "v"}, "propagation"},
			{"transit gateway's peering", "aws:ec2transitgateway/peeringAttachment:PeeringAttachment", object{"peerRegion": "eu-west-1", "peerTransitGatewayId": "t", "transitGatewayId": "t"}, "a transit gateway attachment"},
			{"Connect", "aws:ec2transitgateway/connect:Connect", object{"transitGatewayId": "t", "transportAttachmentId": "a"}, "a transit gateway attachment"},
			{"Cloud WAN's VPN", "aws:networkmanager/siteToSiteVpnAttachment:SiteToSiteVpnAttachment", object{"coreNetworkId": "c", "vpnConnectionArn": "a"}, "a Cloud WAN attachment"},
			{"Direct Connect", "aws:directconnect/gatewayAssociation:GatewayAssociation", object{"dxGatewayId": "d"}, "a Direct Connect"},
			{"public interface", "aws:directconnect/publicVirtualInterface:PublicVirtualInterface", object{"connectionId": "c"}, "a Direct Connect"},
			{"client VPN's association", "aws:ec2clientvpn/networkAssociation:NetworkAssociation", object{"clientVpnEndpointId": "c", "subnetId": "s"}, "a client VPN"},
			{"Lattice", "aws:vpclattice/serviceNetworkVpcAssociation:ServiceNetworkVpcAssociation", object{"serviceNetworkIdentifier": "s", "vpcIdentifier": "v"}, "Lattice"},
			{"interface for another account", "aws:ec2/networkInterfacePermission:NetworkInterfacePermission", object{"awsAccountId": "1", "networkInterfaceId": "e", "permission": "INSTANCE-ATTACH"}, "another account"},
			{"exclusion from Block Public Access", "aws:ec2/vpcBlockPublicAccessExclusion:VpcBlockPublicAccessExclusion", object{"vpcId": "v"}, "an exclusion"},
		}),
		loneMutants("no-default-route", []lone{
			{"transit gateway's own", "aws:ec2transitgateway/route:Route", object{"destinationCidrBlock": "0.0.0.0/0", "transitGatewayAttachmentId": "a", "transitGatewayRouteTableId": "r"}, "0.0.0.0/0"},
			{"client VPN's own", "aws:ec2clientvpn/route:Route", object{"destinationCidrBlock": "0.0.0.0/0", "clientVpnEndpointId": "c", "targetVpcSubnetId": "s"}, "0.0.0.0/0"},
			{"VPN connection's own", "aws:ec2/vpnConnectionRoute:VpnConnectionRoute", object{"destinationCidrBlock": "0.0.0.0/0", "vpnConnectionId": "v"}, "0.0.0.0/0"},
		}),
		loneMutants("no-public-ip", []lone{
			{"batch job", "aws:batch/jobDefinition:JobDefinition", object{"type": "container", "containerProperties": text(object{"image": "i", "networkConfiguration": object{"assignPublicIp": "ENABLED"}})}, "assignPublicIp is ENABLED"},
			{"batch ECS job", "aws:batch/jobDefinition:JobDefinition", object{"type": "container", "ecsProperties": text(object{"taskProperties": list{object{"networkConfiguration": object{"assignPublicIp": "ENABLED"}}}})}, "assignPublicIp is ENABLED"},
			{"state machine", "aws:sfn/stateMachine:StateMachine", object{"roleArn": "r", "definition": text(object{"States": object{"Run": object{"Parameters": object{"NetworkConfiguration": object{"AwsvpcConfiguration": object{"AssignPublicIp": "ENABLED"}}}}}})}, "assignPublicIp is ENABLED"},
			{"schedule that calls the API", "aws:scheduler/schedule:Schedule", object{"flexibleTimeWindow": object{"mode": "OFF"}, "scheduleExpression": "rate(1 hour)", "target": object{"arn": "a", "roleArn": "r", "input": text(object{"NetworkConfiguration": object{"AwsvpcConfiguration": object{"AssignPublicIp": "ENABLED"}}})}}, "assignPublicIp is ENABLED"},
			{"Spot fleet", "aws:ec2/spotFleetRequest:SpotFleetRequest", object{"iamFleetRole": "r", "targetCapacity": 1, "launchSpecifications": list{object{"ami": "a", "instanceType": "t", "associatePublicIpAddress": true}}}, "associatePublicIpAddress is true"},
			{"replication server", "aws:drs/replicationConfigurationTemplate:ReplicationConfigurationTemplate", object{"createPublicIp": true, "ebsEncryption": "CUSTOM", "ebsEncryptionKeyArn": keyARN}, "createPublicIp is true"},
			{"OpsWorks layer", "aws:opsworks/customLayer:CustomLayer", object{"shortName": "l", "stackId": "s", "autoAssignPublicIps": true}, "autoAssignPublicIps is true"},
		}),
		loneMutants("no-public-entry", []lone{
			{"Airflow's own web server", "aws:mwaa/environment:Environment", object{"webserverAccessMode": "PUBLIC_ONLY", "kmsKey": keyARN, "dagS3Path": "d", "executionRoleArn": "r", "sourceBucketArn": "b", "networkConfiguration": object{"subnetIds": list{"s"}, "securityGroupIds": list{"g"}}}, "webserverAccessMode is PUBLIC_ONLY"},
			{"Kubernetes", "aws:eks/cluster:Cluster", object{"roleArn": "r", "vpcConfig": object{"subnetIds": list{"s"}}, "enabledClusterLogTypes": list{"audit"}, "encryptionConfig": object{"provider": object{"keyArn": keyARN}, "resources": list{"secrets"}}}, "endpointPublicAccess is not set"},
			{"notebook", "aws:sagemaker/notebookInstance:NotebookInstance", object{"instanceType": "t", "roleArn": "r", "subnetId": "s", "kmsKeyId": keyARN}, "directInternetAccess is not set"},
			{"notebook, said aloud", "aws:sagemaker/notebookInstance:NotebookInstance", object{"instanceType": "t", "roleArn": "r", "subnetId": "s", "kmsKeyId": keyARN, "directInternetAccess": "Enabled"}, "directInternetAccess is Enabled"},
			{"Studio", "aws:sagemaker/domain:Domain", object{"authMode": "IAM", "domainName": "d", "vpcId": "v", "subnetIds": list{"s"}, "kmsKeyId": keyARN, "defaultUserSettings": object{"executionRole": "r"}}, "appNetworkAccessType is not set"},
			{"transfer server", "aws:transfer/server:Server", object{"securityPolicyName": "TransferSecurityPolicy-2024-01"}, "endpointType is not set"},
			{"GraphQL", "aws:appsync/graphQLApi:GraphQLApi", object{"authenticationType": "AWS_IAM", "name": "g"}, "visibility is not set"},
			{"API's domain", "aws:apigateway/domainName:DomainName", object{"domainName": "d", "endpointConfiguration": object{"types": "REGIONAL"}}, "endpointConfiguration.types is REGIONAL"},
			{"collection", "aws:opensearch/serverlessSecurityPolicy:ServerlessSecurityPolicy", object{"name": "n", "type": "network", "policy": text(list{object{"Rules": list{}, "AllowFromPublic": true}})}, "allowFromPublic is true"},
			{"build project's page", "aws:codebuild/project:Project", object{"vpcConfig": inVPC, "name": "p", "serviceRole": "r", "encryptionKey": keyARN, "projectVisibility": "PUBLIC_READ"}, "projectVisibility is PUBLIC_READ"},
			{"identity pool", "aws:cognito/identityPool:IdentityPool", object{"identityPoolName": "p", "allowUnauthenticatedIdentities": true}, "allowUnauthenticatedIdentities is true"},
			{"web site", "aws:s3/bucketWebsiteConfigurationV2:BucketWebsiteConfigurationV2", object{"bucket": "b"}, "a public website"},
			{"application", "aws:amplify/app:App", object{"name": "a"}, "a public web application"},
			{"Lightsail", "aws:lightsail/containerService:ContainerService", object{"name": "c", "power": "nano", "scale": 1}, "a public web application"},
			{"nodes with a key", "aws:eks/nodeGroup:NodeGroup", object{"clusterName": "c", "nodeRoleArn": "r", "subnetIds": list{"s"}, "scalingConfig": object{"desiredSize": 1, "maxSize": 1, "minSize": 1}, "remoteAccess": object{"ec2SshKey": "k"}}, "port 22"},
			{"Beanstalk", "aws:elasticbeanstalk/environment:Environment", object{"application": "a", "settings": list{object{"namespace": "aws:ec2:vpc", "name": "ELBScheme", "value": "public"}}}, "ELBScheme is public"},
			{"Grafana", "aws:grafana/workspace:Workspace", object{"accountAccessType": "CURRENT_ACCOUNT", "authenticationProviders": list{"AWS_SSO"}, "permissionType": "SERVICE_MANAGED"}, "networkAccessControl is not set"},
			{"user pool", "aws:cognito/userPool:UserPool", object{"name": "p"}, "everybody may sign up"},
			{"desktops", "aws:workspaces/directory:Directory", object{"directoryId": "d", "workspaceCreationProperties": object{"enableInternetAccess": true}}, "enableInternetAccess is true"},
			{"streamed applications", "aws:appstream/fleet:Fleet", object{"name": "f", "instanceType": "t", "computeCapacity": object{"desiredInstances": 1}, "enableDefaultInternetAccess": true}, "enableDefaultInternetAccess is true"},
		}),
		loneMutants("no-public-database", []lone{
			{"graph", "aws:neptunegraph/graph:Graph", object{"provisionedMemory": 16, "publicConnectivity": true, "kmsKeyIdentifier": keyARN}, "publicConnectivity is true"},
			{"time series", "aws:timestreaminfluxdb/dbInstance:DbInstance", object{"name": "d", "publiclyAccessible": true}, "publiclyAccessible is true"},
			{"shards", "aws:rds/shardGroup:ShardGroup", object{"dbClusterIdentifier": "c", "dbShardGroupIdentifier": "g", "maxAcu": 1, "publiclyAccessible": true}, "publiclyAccessible is true"},
			{"mainframe", "aws:m2/environment:Environment", object{"engineType": "bluage", "instanceType": "t", "kmsKeyId": keyARN, "publiclyAccessible": true}, "publiclyAccessible is true"},
		}),
		loneMutants("not-for-everybody", []lone{
			{"image", "aws:ec2/amiLaunchPermission:AmiLaunchPermission", object{"imageId": "i", "group": "all"}, `group is "all"`},
			{"image builder", "aws:imagebuilder/distributionConfiguration:DistributionConfiguration", object{"name": "d", "distributions": list{object{"region": "r", "amiDistributionConfiguration": object{"launchPermission": object{"userGroups": list{"all"}}}}}}, `userGroups is "all"`},
			{"snapshot", "aws:rds/snapshot:Snapshot", object{"dbInstanceIdentifier": "d", "dbSnapshotIdentifier": "s", "sharedAccounts": list{"all"}}, `sharedAccounts is "all"`},
			{"cluster snapshot", "aws:rds/clusterSnapshot:ClusterSnapshot", object{"dbClusterIdentifier": "d", "dbClusterSnapshotIdentifier": "s", "sharedAccounts": list{"all"}}, `sharedAccounts is "all"`},
			{"layer", "aws:lambda/layerVersionPermission:LayerVersionPermission", object{"action": "lambda:GetLayerVersion", "layerName": "l", "principal": "*", "statementId": "s", "versionNumber": 1}, `principal is "*"`},
			{"event bus", "aws:cloudwatch/eventPermission:EventPermission", object{"principal": "*", "statementId": "s"}, `principal is "*"`},
			{"endpoint service", "aws:ec2/vpcEndpointService:VpcEndpointService", object{"acceptanceRequired": true, "allowedPrincipals": list{"*"}}, `allowedPrincipals is "*"`},
			{"endpoint service, beside it", "aws:ec2/vpcEndpointServiceAllowedPrinciple:VpcEndpointServiceAllowedPrinciple", object{"principalArn": "*", "vpcEndpointServiceId": "v"}, `principalArn is "*"`},
			{"document", "aws:ssm/document:Document", object{"content": "{}", "documentType": "Command", "permissions": object{"type": "Share", "accountIds": "All"}}, `accountIds is "All"`},
			{"share", "aws:ram/resourceShare:ResourceShare", object{"allowExternalPrincipals": true}, "allowExternalPrincipals is true"},
			{"transit gateway", "aws:ec2transitgateway/transitGateway:TransitGateway", object{"autoAcceptSharedAttachments": "enable"}, "autoAcceptSharedAttachments is enable"},
			{"object", "aws:s3/bucketObjectv2:BucketObjectv2", object{"bucket": "b", "acl": "public-read"}, `acl is "public-read"`},
			{"object that is copied", "aws:s3/objectCopy:ObjectCopy", object{"bucket": "b", "key": "k", "source": "s", "grants": list{object{"permissions": list{"READ"}, "type": "CanonicalUser", "id": "c0ffee"}}}, "by its canonical id"},
			{"query results", "aws:athena/database:Database", object{"bucket": "b", "encryptionConfiguration": object{"encryptionOption": "SSE_KMS", "kmsKey": keyARN}, "aclConfiguration": object{"s3AclOption": "PUBLIC_READ"}}, "PUBLIC_READ"},
			{"file share", "aws:storagegateway/nfsFileShare:NfsFileShare", object{"clientLists": list{"10.0.0.0/8"}, "gatewayArn": "g", "locationArn": "l", "roleArn": "r", "kmsEncrypted": true, "kmsKeyArn": keyARN, "objectAcl": "public-read"}, "public-read"},
			{"things' objects", "aws:iot/topicRule:TopicRule", object{"enabled": true, "sql": "s", "sqlVersion": "v", "s3": list{object{"bucketName": "b", "key": "k", "roleArn": "r", "cannedAcl": "public-read"}}}, "public-read"},
			{"images for everybody", "aws:ecrpublic/repository:Repository", object{"repositoryName": "r"}, "a public repository"},
			{"access point without its block", "aws:s3/accessPoint:AccessPoint", object{"bucket": "b", "publicAccessBlockConfiguration": object{"blockPublicPolicy": false}}, "blockPublicPolicy is false"},
			{"data lake", "aws:lakeformation/permissions:Permissions", object{"permissions": list{"ALL"}, "principal": "IAM_ALLOWED_PRINCIPALS"}, "IAM_ALLOWED_PRINCIPALS"},
			{"data share", "aws:redshift/dataShareAuthorization:DataShareAuthorization", object{"consumerIdentifier": "*", "dataShareArn": "a"}, `consumerIdentifier is "*"`},
		}),
		loneMutants("no-open-range", []lone{
			{"game servers' ports", "aws:lightsail/instancePublicPorts:InstancePublicPorts", object{"instanceName": "i", "portInfos": list{object{"fromPort": 22, "toPort": 22, "protocol": "tcp", "cidrs": list{"0.0.0.0/0"}}}}, "0.0.0.0/0"},
			{"video's senders", "aws:medialive/inputSecurityGroup:InputSecurityGroup", object{"whitelistRules": list{object{"cidr": "0.0.0.0/0"}}}, "0.0.0.0/0"},
			{"desktops' users", "aws:workspaces/ipGroup:IpGroup", object{"rules": list{object{"source": "0.0.0.0/0"}}}, "0.0.0.0/0"},
			{"client VPN's network", "aws:ec2clientvpn/authorizationRule:AuthorizationRule", object{"clientVpnEndpointId": "c", "targetNetworkCidr": "0.0.0.0/0"}, "0.0.0.0/0"},
			{"labellers", "aws:sagemaker/workforce:Workforce", object{"workforceName": "w", "sourceIpConfig": object{"cidrs": list{"0.0.0.0/1"}}}, "0.0.0.0/1"},
		}),
		loneMutants("no-open-principal", []lone{
			{"code artifacts", "aws:codeartifact/domainPermissions:DomainPermissions", object{"domain": "d", "policyDocument": anybody}, "admits Principal *"},
			{"access point", "aws:s3control/accessPointPolicy:AccessPointPolicy", object{"accessPointArn": "a", "policy": anybody}, "admits Principal *"},
			{"regions' access point", "aws:s3control/multiRegionAccessPointPolicy:MultiRegionAccessPointPolicy", object{"details": object{"name": "n", "policy": anybody}}, "admits Principal *"},
			{"catalogue", "aws:glue/resourcePolicy:ResourcePolicy", object{"policy": anybody}, "admits Principal *"},
			{"certificates", "aws:acmpca/policy:Policy", object{"policy": anybody, "resourceArn": "a"}, "admits Principal *"},
			{"vault", "aws:glacier/vault:Vault", object{"accessPolicy": anybody}, "admits Principal *"},
			{"Kafka", "aws:msk/clusterPolicy:ClusterPolicy", object{"clusterArn": "a", "policy": anybody}, "admits Principal *"},
			{"Lattice", "aws:vpclattice/authPolicy:AuthPolicy", object{"resourceIdentifier": "r", "policy": anybody}, "admits Principal *"},
			{"mail", "aws:ses/identityPolicy:IdentityPolicy", object{"identity": "i", "policy": anybody}, "admits Principal *"},
			{"schemas", "aws:schemas/registryPolicy:RegistryPolicy", object{"registryName": "r", "policy": anybody}, "admits Principal *"},
			{"logs of others", "aws:cloudwatch/logDestinationPolicy:LogDestinationPolicy", object{"destinationName": "d", "accessPolicy": anybody}, "admits Principal *"},
			{"search, the older type", "aws:elasticsearch/domainPolicy:DomainPolicy", object{"domainName": "d", "accessPolicies": anybody}, "admits Principal *"},
			{"tables", "aws:s3tables/tablePolicy:TablePolicy", object{"name": "n", "namespace": "n", "tableBucketArn": "a", "resourcePolicy": anybody}, "admits Principal *"},
			{"models", "aws:sagemaker/modelPackageGroupPolicy:ModelPackageGroupPolicy", object{"modelPackageGroupName": "m", "resourcePolicy": anybody}, "admits Principal *"},
			{"warehouse", "aws:redshift/resourcePolicy:ResourcePolicy", object{"policy": anybody, "resourceArn": "a"}, "admits Principal *"},
			{"traces", "aws:xray/resourcePolicy:ResourcePolicy", object{"policyName": "n", "policyDocument": anybody}, "admits Principal *"},
			{"key from outside", "aws:kms/externalKey:ExternalKey", object{"policy": anybody}, "admits Principal *"},
			{"media", "aws:mediastore/containerPolicy:ContainerPolicy", object{"containerName": "c", "policy": anybody}, "admits Principal *"},
			{"builds", "aws:codebuild/resourcePolicy:ResourcePolicy", object{"policy": anybody, "resourceArn": "a"}, "admits Principal *"},
			{"collection", "aws:opensearch/serverlessAccessPolicy:ServerlessAccessPolicy", object{"name": "n", "type": "data", "policy": text(list{object{"Rules": list{}, "Principal": list{"*"}}})}, "admits Principal *"},
		}),
	} {
		all = append(all, more...)
	}
	return append(all, keptMutants()...)
}
