package translate

import "strings"

// twins are the types of CloudFormation that have one in the AWS provider, by
// their names in lower case: aws-native writes them so in part.
var twins = lower(stores, doors, rare)

// stores are networks, data, containers and identities.
var stores = map[string]pair{
	"AWS::EC2::NatGateway":                      {token: "aws:ec2/natGateway:NatGateway"},
	"AWS::EC2::EIP":                             {token: "aws:ec2/eip:Eip"},
	"AWS::EC2::EIPAssociation":                  {token: "aws:ec2/eipAssociation:EipAssociation"},
	"AWS::EC2::InternetGateway":                 {token: "aws:ec2/internetGateway:InternetGateway"},
	"AWS::EC2::VPCGatewayAttachment":            {token: "aws:ec2/internetGatewayAttachment:InternetGatewayAttachment", more: gatewayAttachment},
	"AWS::EC2::EgressOnlyInternetGateway":       {token: "aws:ec2/egressOnlyInternetGateway:EgressOnlyInternetGateway"},
	"AWS::EC2::CarrierGateway":                  {token: "aws:ec2/carrierGateway:CarrierGateway"},
	"AWS::EC2::VPC":                             {token: "aws:ec2/vpc:Vpc", more: vpc},
	"AWS::EC2::Subnet":                          {token: "aws:ec2/subnet:Subnet"},
	"AWS::EC2::RouteTable":                      {token: "aws:ec2/routeTable:RouteTable"},
	"AWS::EC2::SubnetRouteTableAssociation":     {token: "aws:ec2/routeTableAssociation:RouteTableAssociation"},
	"AWS::EC2::Route":                           {token: "aws:ec2/route:Route", names: map[string]string{"egressOnlyInternetGatewayId": "egressOnlyGatewayId"}},
	"AWS::EC2::SecurityGroup":                   {token: "aws:ec2/securityGroup:SecurityGroup", more: securityGroup},
	"AWS::EC2::SecurityGroupIngress":            {token: "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", names: map[string]string{"cidrIp": "cidrIpv4", "sourcePrefixListId": "prefixListId"}},
	"AWS::EC2::SecurityGroupEgress":             {token: "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule", names: map[string]string{"cidrIp": "cidrIpv4", "destinationPrefixListId": "prefixListId"}},
	"AWS::EC2::PrefixList":                      {token: "aws:ec2/managedPrefixList:ManagedPrefixList"},
	"AWS::EC2::VPCEndpoint":                     {token: "aws:ec2/vpcEndpoint:VpcEndpoint", names: map[string]string{"policyDocument": "policy"}},
	"AWS::EC2::FlowLog":                         {token: "aws:ec2/flowLog:FlowLog", names: map[string]string{"resourceId": "vpcId"}},
	"AWS::EC2::Instance":                        {token: "aws:ec2/instance:Instance"},
	"AWS::EC2::NetworkInterface":                {token: "aws:ec2/networkInterface:NetworkInterface"},
	"AWS::EC2::LaunchTemplate":                  {token: "aws:ec2/launchTemplate:LaunchTemplate", more: launchTemplate},
	"AWS::EC2::SpotFleet":                       {token: "aws:ec2/spotFleetRequest:SpotFleetRequest", more: spotFleet},
	"AWS::EC2::Volume":                          {token: "aws:ebs/volume:Volume"},
	"AWS::EC2::TransitGatewayAttachment":        {token: "aws:ec2transitgateway/vpcAttachment:VpcAttachment"},
	"AWS::EC2::TransitGatewayVpcAttachment":     {token: "aws:ec2transitgateway/vpcAttachment:VpcAttachment"},
	"AWS::EC2::TransitGatewayPeeringAttachment": {token: "aws:ec2transitgateway/peeringAttachment:PeeringAttachment"},
	"AWS::EC2::TransitGatewayConnect":           {token: "aws:ec2transitgateway/connect:Connect"},
	"AWS::EC2::TransitGatewayRoute":             {token: "aws:ec2transitgateway/route:Route"},
	"AWS::EC2::VPCPeeringConnection":            {token: "aws:ec2/vpcPeeringConnection:VpcPeeringConnection"},
	"AWS::EC2::VPNGateway":                      {token: "aws:ec2/vpnGateway:VpnGateway"},
	"AWS::EC2::VPNConnection":                   {token: "aws:ec2/vpnConnection:VpnConnection"},
	"AWS::EC2::VPNConnectionRoute":              {token: "aws:ec2/vpnConnectionRoute:VpnConnectionRoute"},
	"AWS::EC2::VPNGatewayRoutePropagation":      {token: "aws:ec2/vpnGatewayRoutePropagation:VpnGatewayRoutePropagation"},
	"AWS::EC2::ClientVpnEndpoint":               {token: "aws:ec2clientvpn/endpoint:Endpoint"},
	"AWS::EC2::ClientVpnRoute":                  {token: "aws:ec2clientvpn/route:Route"},
	"AWS::EC2::VPCBlockPublicAccessExclusion":   {token: "aws:ec2/vpcBlockPublicAccessExclusion:VpcBlockPublicAccessExclusion"},
	"AWS::NetworkManager::VpcAttachment":        {token: "aws:networkmanager/vpcAttachment:VpcAttachment"},
	"AWS::GlobalAccelerator::Accelerator":       {token: "aws:globalaccelerator/accelerator:Accelerator"},
	"AWS::CloudFront::Distribution":             {token: "aws:cloudfront/distribution:Distribution"},
	"AWS::Route53::HostedZone":                  {token: "aws:route53/zone:Zone"},

	"AWS::ElasticLoadBalancingV2::LoadBalancer": {token: "aws:lb/loadBalancer:LoadBalancer", names: map[string]string{"type": "loadBalancerType"}, more: loadBalancer},
	"AWS::ElasticLoadBalancingV2::Listener":     {token: "aws:lb/listener:Listener", more: listenerActions},
	"AWS::ElasticLoadBalancingV2::ListenerRule": {token: "aws:lb/listenerRule:ListenerRule", more: listenerActions},
	"AWS::ElasticLoadBalancingV2::TargetGroup":  {token: "aws:lb/targetGroup:TargetGroup"},
	"AWS::ApiGateway::RestApi":                  {token: "aws:apigateway/restApi:RestApi"},
	"AWS::ApiGatewayV2::Api":                    {token: "aws:apigatewayv2/api:Api"},
	"AWS::AppSync::GraphQLApi":                  {token: "aws:appsync/graphQLApi:GraphQLApi"},
	"AWS::Lambda::Function":                     {token: "aws:lambda/function:Function"},
	"AWS::Lambda::Permission":                   {token: "aws:lambda/permission:Permission", names: map[string]string{"principalOrgID": "principalOrgId"}},
	"AWS::Lambda::Url":                          {token: "aws:lambda/functionUrl:FunctionUrl", names: map[string]string{"authType": "authorizationType"}},
	"AWS::Lambda::LayerVersionPermission":       {token: "aws:lambda/layerVersionPermission:LayerVersionPermission"},
	"AWS::ECS::Service":                         {token: "aws:ecs/service:Service", more: ecsService},
	"AWS::ECS::TaskDefinition":                  {token: "aws:ecs/taskDefinition:TaskDefinition", more: taskDefinition},

	"AWS::RDS::DBInstance": {token: "aws:rds/instance:Instance", names: map[string]string{
		"enableCloudwatchLogsExports": "enabledCloudwatchLogsExports", "enablePerformanceInsights": "performanceInsightsEnabled",
		"performanceInsightsKMSKeyId": "performanceInsightsKmsKeyId", "dbParameterGroupName": "parameterGroupName",
		"masterUserPassword": "password", "sourceDBInstanceIdentifier": "replicateSourceDb", "dbInstanceIdentifier": "identifier",
	}},
	"AWS::RDS::DBCluster": {token: "aws:rds/cluster:Cluster", names: map[string]string{
		"enableCloudwatchLogsExports": "enabledCloudwatchLogsExports", "dbClusterParameterGroupName": "dbClusterParameterGroupName",
		"masterUserPassword": "masterPassword",
	}},
	"AWS::RDS::DBParameterGroup":         {token: "aws:rds/parameterGroup:ParameterGroup", names: map[string]string{"dbParameterGroupName": "name"}, more: parameterGroup},
	"AWS::RDS::DBClusterParameterGroup":  {token: "aws:rds/clusterParameterGroup:ClusterParameterGroup", names: map[string]string{"dbClusterParameterGroupName": "name"}, more: parameterGroup},
	"AWS::RDS::DBSubnetGroup":            {token: "aws:rds/subnetGroup:SubnetGroup"},
	"AWS::RDS::DBProxy":                  {token: "aws:rds/proxy:Proxy"},
	"AWS::DocDB::DBCluster":              {token: "aws:docdb/cluster:Cluster", names: map[string]string{"enableCloudwatchLogsExports": "enabledCloudwatchLogsExports", "masterUserPassword": "masterPassword"}},
	"AWS::Neptune::DBCluster":            {token: "aws:neptune/cluster:Cluster", names: map[string]string{"kmsKeyId": "kmsKeyArn", "dbSubnetGroupName": "neptuneSubnetGroupName"}},
	"AWS::Redshift::Cluster":             {token: "aws:redshift/cluster:Cluster", more: warehouse},
	"AWS::DynamoDB::Table":               {token: "aws:dynamodb/table:Table", more: dynamo},
	"AWS::ElastiCache::ReplicationGroup": {token: "aws:elasticache/replicationGroup:ReplicationGroup", names: map[string]string{"cacheSubnetGroupName": "subnetGroupName"}},
	"AWS::ElastiCache::ServerlessCache":  {token: "aws:elasticache/serverlessCache:ServerlessCache"},
	"AWS::EFS::FileSystem":               {token: "aws:efs/fileSystem:FileSystem", more: fileSystem},
	"AWS::EFS::AccessPoint":              {token: "aws:efs/accessPoint:AccessPoint"},
	"AWS::EFS::MountTarget":              {token: "aws:efs/mountTarget:MountTarget"},
	"AWS::S3::Bucket":                    {token: "aws:s3/bucketV2:BucketV2", more: bucket},
	"AWS::S3::BucketPolicy":              {token: "aws:s3/bucketPolicy:BucketPolicy", names: map[string]string{"policyDocument": "policy"}},
	"AWS::S3::AccessPoint":               {token: "aws:s3/accessPoint:AccessPoint"},
	"AWS::OpenSearchService::Domain":     {token: "aws:opensearch/domain:Domain", names: map[string]string{"encryptionAtRestOptions": "encryptAtRest", "nodeToNodeEncryptionOptions": "nodeToNodeEncryption"}},
	"AWS::Kinesis::Stream":               {token: "aws:kinesis/stream:Stream", more: stream},
	"AWS::ECR::Repository":               {token: "aws:ecr/repository:Repository", names: map[string]string{"encryptionConfiguration": "encryptionConfigurations"}, more: repository},
	"AWS::Backup::BackupVault":           {token: "aws:backup/vault:Vault", names: map[string]string{"encryptionKeyArn": "kmsKeyArn"}},
	"AWS::CloudTrail::Trail":             {token: "aws:cloudtrail/trail:Trail", names: map[string]string{"isLogging": "enableLogging"}},

	"AWS::KMS::Key":                       {token: "aws:kms/key:Key", names: map[string]string{"keyPolicy": "policy", "keySpec": "customerMasterKeySpec"}},
	"AWS::SNS::Topic":                     {token: "aws:sns/topic:Topic", more: topic},
	"AWS::SNS::TopicPolicy":               {token: "aws:sns/topicPolicy:TopicPolicy", names: map[string]string{"policyDocument": "policy"}},
	"AWS::SQS::Queue":                     {token: "aws:sqs/queue:Queue"},
	"AWS::SQS::QueuePolicy":               {token: "aws:sqs/queuePolicy:QueuePolicy", names: map[string]string{"policyDocument": "policy"}},
	"AWS::SecretsManager::Secret":         {token: "aws:secretsmanager/secret:Secret"},
	"AWS::SecretsManager::ResourcePolicy": {token: "aws:secretsmanager/secretPolicy:SecretPolicy", names: map[string]string{"resourcePolicy": "policy"}},
	"AWS::SSM::Parameter":                 {token: "aws:ssm/parameter:Parameter"},
	"AWS::Logs::LogGroup":                 {token: "aws:cloudwatch/logGroup:LogGroup", names: map[string]string{"logGroupName": "name"}},
	"AWS::IAM::Role":                      {token: "aws:iam/role:Role", names: map[string]string{"assumeRolePolicyDocument": "assumeRolePolicy"}, more: inlinePolicies},
	"AWS::IAM::User":                      {token: "aws:iam/user:User", more: inlinePolicies},
	"AWS::IAM::Group":                     {token: "aws:iam/group:Group", more: inlinePolicies},
	"AWS::IAM::Policy":                    {token: "aws:iam/rolePolicy:RolePolicy", names: map[string]string{"policyDocument": "policy"}},
	"AWS::IAM::RolePolicy":                {token: "aws:iam/rolePolicy:RolePolicy", names: map[string]string{"policyDocument": "policy"}},
	"AWS::IAM::UserPolicy":                {token: "aws:iam/userPolicy:UserPolicy", names: map[string]string{"policyDocument": "policy"}},
	"AWS::IAM::GroupPolicy":               {token: "aws:iam/groupPolicy:GroupPolicy", names: map[string]string{"policyDocument": "policy"}},
	"AWS::IAM::ManagedPolicy":             {token: "aws:iam/policy:Policy", names: map[string]string{"policyDocument": "policy"}},
	"AWS::IAM::AccessKey":                 {token: "aws:iam/accessKey:AccessKey"},
	"AWS::MWAA::Environment":              {token: "aws:mwaa/environment:Environment"},
	"AWS::SageMaker::NotebookInstance":    {token: "aws:sagemaker/notebookInstance:NotebookInstance"},
	"AWS::Transfer::Server":               {token: "aws:transfer/server:Server"},
	"AWS::EKS::Cluster":                   {token: "aws:eks/cluster:Cluster", names: map[string]string{"resourcesVpcConfig": "vpcConfig"}, more: kubernetes},
	"AWS::CloudFormation::Stack":          {token: "aws:cloudformation/stack:Stack", names: map[string]string{"templateURL": "templateUrl"}},
}

func lower(tables ...map[string]pair) map[string]pair {
	all := map[string]pair{}
	for _, table := range tables {
		for kind, p := range table {
			all[strings.ToLower(kind)] = p
		}
	}
	return all
}
