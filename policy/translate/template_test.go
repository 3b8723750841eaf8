package translate

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

type props = map[string]any

func TestTemplate(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		text       string
		parameters map[string]any
		want       []Resource
	}{
		"JSON": {`{"Resources": {"N": {"Type": "AWS::EC2::NatGateway", "Properties": {"SubnetId": "s"}}}}`, nil,
			[]Resource{{"aws:ec2/natGateway:NatGateway", "N", props{"id": "ref-N", "subnetId": "s"}}}},
		"YAML with short functions": {"Resources:\n  Q:\n    Type: AWS::SQS::Queue\n    Properties:\n      QueueName: !Sub '${AWS::StackName}-q'\n      KmsMasterKeyId: !GetAtt K.Arn\n", nil,
			[]Resource{{"aws:sqs/queue:Queue", "Q", props{"id": "ref-Q", "queueName": "stack-q", "kmsMasterKeyId": "arn:aws:stack:us-east-1:123456789012:ref-K"}}}},
		"a parameter that is given, and its default": {`{"Parameters": {"A": {"Default": "x"}, "B": {"Default": "y"}, "C": {}}, "Resources": {"L": {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": {"Ref": "A"}, "KmsKeyId": {"Ref": "B"}, "RetentionInDays": {"Ref": "C"}}}}}`,
			map[string]any{"A": "given"}, []Resource{{"aws:cloudwatch/logGroup:LogGroup", "L", props{"id": "ref-L", "name": "given", "kmsKeyId": "y", "retentionInDays": Unknown{}}}}},
		"both answers of a condition": {`{"Resources": {"S": {"Type": "AWS::EC2::Subnet", "Properties": {"MapPublicIpOnLaunch": {"Fn::If": ["P", true, false]}}}}}`, nil, []Resource{
			{"aws:ec2/subnet:Subnet", "S", props{"id": "ref-S", "mapPublicIpOnLaunch": true}}, {"aws:ec2/subnet:Subnet", "S", props{"id": "ref-S", "mapPublicIpOnLaunch": false}}}},
		"what has no twin keeps its type": {`{"Resources": {"A": {"Type": "AWS::CloudWatch::Alarm", "Properties": {"AlarmName": "a"}}}}`, nil,
			[]Resource{{"AWS::CloudWatch::Alarm", "A", props{"alarmName": "a"}}}},
		"no value": {`{"Resources": {"Q": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": {"Ref": "AWS::NoValue"}}}}}`, nil,
			[]Resource{{"aws:sqs/queue:Queue", "Q", props{"id": "ref-Q"}}}},
		"a map, a join, a choice": {`{"Mappings": {"M": {"us-east-1": {"z": "a"}}}, "Resources": {"Q": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": {"Fn::Join": ["-", [{"Fn::FindInMap": ["M", {"Ref": "AWS::Region"}, "z"]}, {"Fn::Select": [0, {"Fn::Split": [",", "b,c"]}]}]]}}}}}`, nil,
			[]Resource{{"aws:sqs/queue:Queue", "Q", props{"id": "ref-Q", "queueName": "a-b"}}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := Template(c.text, c.parameters)
			require.NoError(t, err)
			assert.Equal(t, c.want, got)
		})
	}
}

func TestTemplateThatCannotBeRead(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		``:                         "is empty",
		`[1]`:                      "is no map",
		`Resources: [`:             "is neither JSON nor YAML: yaml: line 1: did not find expected node content",
		`{"Parameters": {}}`:       "has no Resources",
		`{"Resources": {"N": 1}}`:  "has N, which is no resource",
		`{"Resources": {"N": {}}}`: "has N, whose type cannot be seen",
		`{"Resources": {"N": {"Type": "Our::Network::MODULE"}}}`:                      "has N, whose type cannot be seen",
		`{"Resources": {"Fn::ForEach::N": ["A", ["1"], {}]}}`:                         "has Fn::ForEach::N, which is no resource",
		`{"Transform": "Our::Macro", "Resources": {}}`:                                "is made by a macro, which may add anything: Our::Macro",
		`{"Transform": ["AWS::LanguageExtensions", "AWS::Include"], "Resources": {}}`: "is made by a macro, which may add anything: AWS::Include",
		"a: &a [*a]": "is nested too deeply",
	} {
		_, err := Template(text, nil)
		assert.EqualError(t, err, want, text)
	}
}

func TestShapes(t *testing.T) {
	t.Parallel()
	document := `{"Statement":[{"Effect":"Allow"}]}`
	for name, c := range map[string]struct {
		kind  string
		props props
		want  []Resource
	}{
		"an embedded policy becomes text": {"AWS::SQS::QueuePolicy", props{"PolicyDocument": props{"Statement": []any{props{"Effect": "Allow"}}}},
			[]Resource{{"aws:sqs/queuePolicy:QueuePolicy", "x", props{"policy": document}}}},
		"a group without egress leads everywhere": {"AWS::EC2::SecurityGroup", props{"SecurityGroupIngress": props{"IpProtocol": "tcp", "CidrIp": "10.0.0.0/8"}}, []Resource{{"aws:ec2/securityGroup:SecurityGroup", "x", props{
			"ingress": []any{props{"protocol": "tcp", "cidrBlocks": []any{"10.0.0.0/8"}}},
			"egress":  []any{props{"protocol": "-1", "fromPort": 0.0, "toPort": 0.0, "cidrBlocks": []any{"0.0.0.0/0"}}}}}}},
		"a bucket's guards stand beside it": {"AWS::S3::Bucket", props{"BucketName": "b", "VersioningConfiguration": props{"Status": "Enabled"}, "AccessControl": "PublicReadWrite"}, []Resource{
			{"aws:s3/bucketV2:BucketV2", "x", props{"bucketName": "b", "bucket": "b", "acl": "public-read-write", "accessControl": "PublicReadWrite"}},
			{"aws:s3/bucketVersioningV2:BucketVersioningV2", "#versioning", props{"bucket": "b", "versioningConfiguration": props{"status": "Enabled"}}}}},
		"a load balancer's switches": {"AWS::ElasticLoadBalancingV2::LoadBalancer", props{"Scheme": "internal", "LoadBalancerAttributes": []any{props{"Key": "access_logs.s3.enabled", "Value": "true"}}}, []Resource{
			{"aws:lb/loadBalancer:LoadBalancer", "x", props{"scheme": "internal", "internal": true, "accessLogs": props{"enabled": "true"}, "loadBalancerAttributes": []any{props{"key": "access_logs.s3.enabled", "value": "true"}}}}}},
		"a classic one's": {"AWS::ElasticLoadBalancing::LoadBalancer", props{"Listeners": []any{props{"Protocol": "HTTPS"}}, "AccessLoggingPolicy": props{"Enabled": true, "S3BucketName": "b"}}, []Resource{
			{"aws:elb/loadBalancer:LoadBalancer", "x", props{"internal": false, "listeners": []any{props{"lbProtocol": "HTTPS"}}, "accessLoggingPolicy": props{"enabled": true, "bucket": "b"}, "accessLogs": props{"enabled": true, "bucket": "b"}}}}},
		"containers become text": {"AWS::ECS::TaskDefinition", props{"ContainerDefinitions": []any{props{"Name": "a", "Image": Unknown{}}}}, []Resource{
			{"aws:ecs/taskDefinition:TaskDefinition", "x", props{"containerDefinitions": `[{"image":"unknown","name":"a"}]`}}}},
		"a permission set's policies": {"AWS::SSO::PermissionSet", props{"ManagedPolicies": []any{"arn:x"}}, []Resource{
			{"aws:ssoadmin/permissionSet:PermissionSet", "x", props{"managedPolicies": []any{"arn:x"}}},
			{"aws:ssoadmin/managedPolicyAttachment:ManagedPolicyAttachment", "#attachment0", props{"managedPolicyArn": "arn:x"}}}},
		"a bus's policy, as it once was": {"AWS::Events::EventBusPolicy", props{"Principal": "*"}, []Resource{
			{"aws:cloudwatch/eventPermission:EventPermission", "x", props{"principal": "*"}}}},
		"a VPN's attachment isn't a gateway's": {"AWS::EC2::VPCGatewayAttachment", props{"VpnGatewayId": "vgw-1"}, []Resource{
			{"aws:ec2/vpnGatewayAttachment:VpnGatewayAttachment", "x", props{"vpnGatewayId": "vgw-1"}}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, c.want, twin(c.kind, "x", "", c.props))
		})
	}
}

func TestServerless(t *testing.T) {
	t.Parallel()
	got, err := Template(`{"Transform": "AWS::Serverless-2016-10-31", "Globals": {"Function": {"Timeout": 5}}, "Resources": {"F": {"Type": "AWS::Serverless::Function", "Properties": {
		"FunctionUrlConfig": {"AuthType": "NONE"}, "Policies": ["AmazonS3FullAccess"], "Events": {"E": {"Type": "HttpApi"}}}}}}`, nil)
	require.NoError(t, err)
	var types []string
	for _, res := range got {
		types = append(types, strings.SplitN(res.Type, ":", 3)[2]+" "+res.Name)
	}
	assert.Equal(t, []string{"Function F", "FunctionUrl FUrl", "Api ServerlessHttpApi", "RolePolicyAttachment FPolicy0"}, types)
	assert.Equal(t, 5.0, got[0].Props["timeout"])
	assert.Equal(t, "NONE", got[1].Props["authorizationType"])
	assert.Equal(t, "arn:aws:iam::aws:policy/AmazonS3FullAccess", got[3].Props["policyArn"])
}

func TestNativeAndCloudControl(t *testing.T) {
	t.Parallel()
	database := []Resource{{"aws:rds/instance:Instance", "x", props{"publiclyAccessible": true}}}
	assert.Equal(t, database, Native("aws-native:rds:DbInstance", "x", props{"publiclyAccessible": true}))
	assert.Equal(t, database, Native("aws-native:index:ExtensionResource", "x", props{"type": "AWS::RDS::DBInstance", "properties": props{"PubliclyAccessible": true}}))
	assert.Equal(t, []Resource{{"aws-native:cloudwatch:Alarm", "x", props{"alarmName": "a"}}}, Native("aws-native:cloudwatch:Alarm", "x", props{"alarmName": "a"}))
	got, err := CloudControl("AWS::RDS::DBInstance", "x", `{"PubliclyAccessible": true}`)
	require.NoError(t, err)
	assert.Equal(t, database, got)
	_, err = CloudControl("AWS::RDS::DBInstance", "x", `[]`)
	assert.EqualError(t, err, "is no map")
}

// FuzzTemplates gives any text to be read as a template, and as a desired state:
// it is read or refused, and never falls over.
//
//	go test ./translate -run '^$' -fuzz FuzzTemplates -fuzztime 3m
func FuzzTemplates(f *testing.F) {
	for _, seed := range []string{
		"", "{", "null", "[]", `{"Resources": {}}`, `{"Resources": {"A": {"Type": "AWS::S3::Bucket", "Properties": {"BucketEncryption": 1, "AccessControl": []}}}}`,
		`{"Resources": {"A": {"Type": "AWS::EC2::SecurityGroup", "Properties": {"SecurityGroupIngress": [1, {"CidrIp": {"Fn::Sub": "${A}"}}]}}}}`,
		`{"Resources": {"A": {"Type": "AWS::Serverless::Function", "Properties": {"Policies": 1, "Events": []}}}}`, "Resources:\n  A: &a\n    <<: *a\n", "a: !Sub [!Ref b, {}]",
		`{"Resources": {"A": {"Type": "AWS::IAM::User", "Properties": {"Policies": [1], "LoginProfile": 1}}}}`, `{"Resources": {"A": {"Type": "AWS::Events::EventBusPolicy", "Properties": {"Statement": "x"}}}}`,
		`{"Resources": {"A": {"Type": "AWS::ECS::Service", "Properties": {"B": {"Fn::If": [1]}, "C": {"Fn::FindInMap": [{}]}, "D": {"Fn::Select": [9, []]}, "E": {"Ref": []}}}}}`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		_, _ = Template(text, map[string]any{"A": Unknown{}})
		for kind := range twins {
			_, _ = CloudControl(kind, "x", text)
		}
	})
}
