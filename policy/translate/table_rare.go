package translate

// rare are types of which a rule asks something that no shape tells.
var rare = map[string]pair{
	"AWS::EC2::ClientVpnTargetNetworkAssociation":             {token: "aws:ec2clientvpn/networkAssociation:NetworkAssociation"},
	"AWS::EC2::TransitGatewayConnectPeer":                     {token: "aws:ec2transitgateway/connectPeer:ConnectPeer"},
	"AWS::EC2::LocalGatewayRoute":                             {token: "aws:ec2/localGatewayRoute:LocalGatewayRoute"},
	"AWS::EC2::NetworkInterfacePermission":                    {token: "aws:ec2/networkInterfacePermission:NetworkInterfacePermission"},
	"AWS::EC2::SnapshotBlockPublicAccess":                     {token: "aws:ebs/snapshotBlockPublicAccess:SnapshotBlockPublicAccess"},
	"AWS::NetworkManager::DirectConnectGatewayAttachment":     {token: "aws:networkmanager/dxGatewayAttachment:DxGatewayAttachment"},
	"AWS::NetworkManager::TransitGatewayRouteTableAttachment": {token: "aws:networkmanager/transitGatewayRouteTableAttachment:TransitGatewayRouteTableAttachment"},
	"AWS::DirectConnect::DirectConnectGatewayAssociation":     {token: "aws:directconnect/gatewayAssociation:GatewayAssociation"},
	"AWS::DirectConnect::PrivateVirtualInterface":             {token: "aws:directconnect/privateVirtualInterface:PrivateVirtualInterface"},
	"AWS::DirectConnect::PublicVirtualInterface":              {token: "aws:directconnect/publicVirtualInterface:PublicVirtualInterface"},
	"AWS::DirectConnect::TransitVirtualInterface":             {token: "aws:directconnect/transitVirtualInterface:TransitVirtualInterface"},

	"AWS::EC2::DHCPOptions":                          {token: "aws:ec2/vpcDhcpOptions:VpcDhcpOptions"},
	"AWS::EC2::InstanceConnectEndpoint":              {token: "aws:ec2transitgateway/instanceConnectEndpoint:InstanceConnectEndpoint"},
	"AWS::EC2::NetworkAclEntry":                      {token: "aws:ec2/networkAclRule:NetworkAclRule"},
	"AWS::ECR::PullThroughCacheRule":                 {token: "aws:ecr/pullThroughCacheRule:PullThroughCacheRule"},
	"AWS::CodeArtifact::Repository":                  {token: "aws:codeartifact/repository:Repository"},
	"AWS::EKS::AccessEntry":                          {token: "aws:eks/accessEntry:AccessEntry"},
	"AWS::GuardDuty::Detector":                       {token: "aws:guardduty/detector:Detector"},
	"AWS::Macie::Session":                            {token: "aws:macie2/account:Account"},
	"AWS::VpcLattice::Service":                       {token: "aws:vpclattice/service:Service"},
	"AWS::VpcLattice::ServiceNetwork":                {token: "aws:vpclattice/serviceNetwork:ServiceNetwork"},
	"AWS::CodeBuild::Fleet":                          {token: "aws:codebuild/fleet:Fleet"},
	"AWS::KinesisAnalyticsV2::Application":           {token: "aws:kinesisanalyticsv2/application:Application", more: flink},
	"AWS::ImageBuilder::InfrastructureConfiguration": {token: "aws:imagebuilder/infrastructureConfiguration:InfrastructureConfiguration"},

	"AWS::Synthetics::Canary":                      {token: "aws:synthetics/canary:Canary"},
	"AWS::Glue::Job":                               {token: "aws:glue/job:Job", more: connected},
	"AWS::Glue::Crawler":                           {token: "aws:glue/crawler:Crawler", names: map[string]string{"crawlerSecurityConfiguration": "securityConfiguration"}},
	"AWS::Glue::DevEndpoint":                       {token: "aws:glue/devEndpoint:DevEndpoint"},
	"AWS::SageMaker::Model":                        {token: "aws:sagemaker/model:Model"},
	"AWS::ECS::TaskSet":                            {token: "aws:ecs/taskSet:TaskSet", more: ecsService},
	"AWS::ElasticBeanstalk::ConfigurationTemplate": {token: "aws:elasticbeanstalk/configurationTemplate:ConfigurationTemplate", more: beanstalk},
	"AWS::RolesAnywhere::Profile":                  {token: "aws:rolesanywhere/profile:Profile"},

	"AWS::DAX::Cluster":                         {token: "aws:dax/cluster:Cluster", more: dynamo},
	"AWS::DMS::Endpoint":                        {token: "aws:dms/endpoint:Endpoint", names: map[string]string{"kmsKeyId": "kmsKeyArn"}},
	"AWS::KinesisFirehose::DeliveryStream":      {token: "aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream", more: firehose},
	"AWS::RedshiftServerless::Namespace":        {token: "aws:redshiftserverless/namespace:Namespace"},
	"AWS::RedshiftServerless::Workgroup":        {token: "aws:redshiftserverless/workgroup:Workgroup"},
	"AWS::AmazonMQ::Broker":                     {token: "aws:mq/broker:Broker"},
	"AWS::Cassandra::Table":                     {token: "aws:keyspaces/table:Table"},
	"AWS::Kendra::Index":                        {token: "aws:kendra/index:Index"},
	"AWS::OSIS::Pipeline":                       {token: "aws:opensearchingest/pipeline:Pipeline"},
	"AWS::S3Tables::TableBucket":                {token: "aws:s3tables/tableBucket:TableBucket"},
	"AWS::OpenSearchServerless::SecurityPolicy": {token: "aws:opensearch/serverlessSecurityPolicy:ServerlessSecurityPolicy"},
	"AWS::OpenSearchServerless::AccessPolicy":   {token: "aws:opensearch/serverlessAccessPolicy:ServerlessAccessPolicy"},
	"AWS::Elasticsearch::Domain":                {token: "aws:elasticsearch/domain:Domain", names: map[string]string{"encryptionAtRestOptions": "encryptAtRest", "nodeToNodeEncryptionOptions": "nodeToNodeEncryption"}},
}

// connected has its connections in a list within a map.
func connected(own *Resource, _ string) []Resource {
	if named := in(own.Props, "connections")["connections"]; named != nil {
		own.Props["connections"] = named
	}
	return nil
}

// flink has its VPC in a list.
func flink(own *Resource, _ string) []Resource {
	rename(in(own.Props, "applicationConfiguration"), "vpcConfigurations", "vpcConfiguration")
	return nil
}

// firehose is encrypted by being told how.
func firehose(own *Resource, _ string) []Resource {
	if encryption := in(own.Props, "deliveryStreamEncryptionConfigurationInput"); len(encryption) > 0 {
		delete(own.Props, "deliveryStreamEncryptionConfigurationInput")
		encryption["enabled"] = true
		own.Props["serverSideEncryption"] = encryption
	}
	rename(own.Props, "kinesisStreamSourceConfiguration", "kinesisSourceConfiguration")
	return nil
}
