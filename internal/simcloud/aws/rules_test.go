package aws

import (
	"encoding/json"
	"maps"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func js(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(text)
}

const account = "arn:aws:iam::381492153064:root"

func policy(statements ...any) string {
	return js(bag{"Version": "2012-10-17", "Statement": statements})
}

// sound are inputs without a fault, by a short name. The cases spoil one thing.
var sound = map[string]struct {
	token  string
	inputs bag
}{
	"vpc":      {vpcToken, bag{"cidrBlock": "10.40.0.0/16"}},
	"subnet":   {subnetToken, bag{"vpcId": later, "cidrBlock": "10.40.0.0/20", "availabilityZone": "us-east-1a"}},
	"route":    {"aws:ec2/route:Route", bag{"routeTableId": later, "destinationCidrBlock": "10.0.0.0/8", "vpcPeeringConnectionId": "pcx-1"}},
	"flowlog":  {"aws:ec2/flowLog:FlowLog", bag{"vpcId": later, "trafficType": "ALL", "iamRoleArn": later, "logDestination": later}},
	"endpoint": {"aws:ec2/vpcEndpoint:VpcEndpoint", bag{"vpcId": later, "serviceName": "com.amazonaws.us-east-1.sts", "vpcEndpointType": "Interface", "subnetIds": []any{later}, "privateDnsEnabled": true}},
	"global":   {"aws:ec2/vpcEndpoint:VpcEndpoint", bag{"vpcId": later, "serviceName": "com.amazonaws.route53", "vpcEndpointType": "Interface", "subnetIds": []any{later}, "privateDnsEnabled": true}},
	"gateway":  {"aws:ec2/vpcEndpoint:VpcEndpoint", bag{"vpcId": later, "serviceName": "com.amazonaws.us-east-1.s3", "routeTableIds": []any{later}}},
	"nat":      {"aws:ec2/natGateway:NatGateway", bag{"subnetId": later, "allocationId": later}},
	"group":    {"aws:ec2/securityGroup:SecurityGroup", bag{"vpcId": later, "name": "web", "description": "Web interface"}},
	"rule":     {"aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", bag{"securityGroupId": later, "ipProtocol": "tcp", "fromPort": 443, "toPort": 443, "cidrIpv4": "10.0.0.0/8"}},
	"key":      {keyToken, bag{"deletionWindowInDays": 30, "enableKeyRotation": true, "policy": policy(bag{"Effect": "Allow", "Principal": bag{"AWS": account}, "Action": "kms:*", "Resource": "*"})}},
	"alias":    {aliasToken, bag{"name": "alias/x", "targetKeyId": later}},
	"db": {"aws:rds/instance:Instance", bag{"identifier": "pathwai-db", "engine": "postgres", "engineVersion": "16.10", "instanceClass": "db.t4g.small", "allocatedStorage": 20,
		"maxAllocatedStorage": 100, "storageType": "gp3", "username": "airflow", "password": hidden{later}, "performanceInsightsEnabled": true, "performanceInsightsRetentionPeriod": 7, "backupRetentionPeriod": 7}},
	"subnets": {"aws:rds/subnetGroup:SubnetGroup", bag{"subnetIds": []any{later, later}}},
	"params":  {"aws:rds/parameterGroup:ParameterGroup", bag{"family": "postgres16", "parameters": []any{bag{"name": "rds.force_ssl", "value": "1"}}}},
	"cache": {"aws:elasticache/replicationGroup:ReplicationGroup", bag{"replicationGroupId": "pathwai-broker", "description": "Broker", "engine": "valkey", "engineVersion": "8.0", "nodeType": "cache.t4g.micro",
		"numCacheClusters": 2, "automaticFailoverEnabled": true, "multiAzEnabled": true, "transitEncryptionEnabled": true, "atRestEncryptionEnabled": true, "authToken": hidden{later}}},
	"efs":       {"aws:efs/fileSystem:FileSystem", bag{"encrypted": true, "lifecyclePolicies": []any{bag{"transitionToIa": "AFTER_30_DAYS"}}}},
	"point":     {"aws:efs/accessPoint:AccessPoint", bag{"fileSystemId": later, "posixUser": bag{"uid": 50000, "gid": 0}, "rootDirectory": bag{"path": "/sync"}}},
	"bucket":    {bucket, bag{"bucket": "pathwai-airflow3-dags"}},
	"encrypt":   {"aws:s3/bucketServerSideEncryptionConfigurationV2:BucketServerSideEncryptionConfigurationV2", bag{"bucket": "b", "rules": []any{bag{"applyServerSideEncryptionByDefault": bag{"sseAlgorithm": "aws:kms", "kmsMasterKeyId": later}}}}},
	"bpolicy":   {"aws:s3/bucketPolicy:BucketPolicy", bag{"bucket": "dags", "policy": policy(bag{"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": []any{"arn:aws:s3:::dags", "arn:aws:s3:::dags/*"}})}},
	"lifecycle": {"aws:s3/bucketLifecycleConfigurationV2:BucketLifecycleConfigurationV2", bag{"bucket": "b", "rules": []any{bag{"id": "old", "status": "Enabled", "expiration": bag{"days": 7}}}}},
	"secret":    {"aws:secretsmanager/secret:Secret", bag{"name": "pathwai-airflow-dev/db-password", "recoveryWindowInDays": 7}},
	"ssm":       {"aws:ssm/parameter:Parameter", bag{"name": "/a/b", "type": "String", "value": "x"}},
	"role":      {roleToken, bag{"name": "pathwai-web-task", "assumeRolePolicy": policy(bag{"Effect": "Allow", "Principal": bag{"Service": "ecs-tasks.amazonaws.com"}, "Action": "sts:AssumeRole"})}},
	"inline":    {rolePolicyToken, bag{"role": "r", "policy": policy(bag{"Sid": "Read", "Effect": "Allow", "Action": []any{"s3:GetObject"}, "Resource": "arn:aws:s3:::dags/*"})}},
	"managed":   {"aws:iam/policy:Policy", bag{"policy": policy(bag{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"})}},
	"repo":      {"aws:ecr/repository:Repository", bag{"name": "pathwai-airflow-dev/web", "imageTagMutability": "IMMUTABLE", "encryptionConfigurations": []any{bag{"encryptionType": "KMS", "kmsKey": later}}}},
	"images": {"aws:ecr/lifecyclePolicy:LifecyclePolicy", bag{"repository": "r", "policy": js(bag{"rules": []any{
		bag{"rulePriority": 1, "selection": bag{"tagStatus": "untagged", "countType": "sinceImagePushed", "countUnit": "days", "countNumber": 1}, "action": bag{"type": "expire"}},
		bag{"rulePriority": 2, "selection": bag{"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 20}, "action": bag{"type": "expire"}}}})}},
	"cluster":  {"aws:ecs/cluster:Cluster", bag{"name": "c", "settings": []any{bag{"name": "containerInsights", "value": "enhanced"}}}},
	"capacity": {"aws:ecs/clusterCapacityProviders:ClusterCapacityProviders", bag{"clusterName": "c", "capacityProviders": []any{"FARGATE"}, "defaultCapacityProviderStrategies": []any{bag{"capacityProvider": "FARGATE", "weight": 1}}}},
	"service": {"aws:ecs/service:Service", bag{"name": "web", "cluster": later, "taskDefinition": later, "desiredCount": 1, "networkConfiguration": bag{"subnets": []any{later}},
		"capacityProviderStrategies": []any{bag{"capacityProvider": "FARGATE", "base": 1, "weight": 0}, bag{"capacityProvider": "FARGATE_SPOT", "weight": 1}}}},
	"lb":       {balancerToken, bag{"name": "pathwai-airflow-dev", "internal": true, "subnets": []any{later, later}}},
	"target":   {targetToken, bag{"name": "web", "port": 8080, "protocol": "HTTP", "targetType": "ip", "vpcId": later, "healthCheck": bag{"path": "/x", "interval": 30, "timeout": 5}}},
	"listener": {listenerToken, bag{"loadBalancerArn": later, "port": 443, "protocol": "HTTPS", "certificateArn": "arn:aws:acm:us-east-1:381492153064:certificate/x", "defaultActions": []any{bag{"type": "forward", "targetGroupArn": later}}}},
	"cert":     {"aws:acm/certificate:Certificate", bag{"domainName": "a.b", "validationMethod": "DNS"}},
	"record":   {"aws:route53/record:Record", bag{"zoneId": later, "name": "a", "type": "A", "ttl": 60, "records": []any{"10.0.0.1"}}},
	"scalable": {"aws:appautoscaling/target:Target", bag{"serviceNamespace": "ecs", "scalableDimension": "ecs:service:DesiredCount", "resourceId": "service/c/s", "minCapacity": 0, "maxCapacity": 10}},
	"scaling": {"aws:appautoscaling/policy:Policy", bag{"serviceNamespace": "ecs", "scalableDimension": "ecs:service:DesiredCount", "resourceId": "service/c/s", "policyType": "StepScaling",
		"stepScalingPolicyConfiguration": bag{"adjustmentType": "ExactCapacity", "stepAdjustments": []any{
			bag{"scalingAdjustment": 0, "metricIntervalUpperBound": "1"}, bag{"scalingAdjustment": 1, "metricIntervalLowerBound": "1"}}}}},
	"action":    {"aws:appautoscaling/scheduledAction:ScheduledAction", bag{"serviceNamespace": "ecs", "scalableDimension": "ecs:service:DesiredCount", "resourceId": "service/c/s", "schedule": "cron(0 20 ? * MON-FRI *)", "scalableTargetAction": bag{"maxCapacity": 0}}},
	"logs":      {group, bag{"name": "/pathwai/web", "retentionInDays": 30, "kmsKeyId": "arn:aws:kms:us-east-1:381492153064:key/x"}},
	"alarm":     {"aws:cloudwatch/metricAlarm:MetricAlarm", bag{"name": "a", "comparisonOperator": "GreaterThanThreshold", "evaluationPeriods": 3, "datapointsToAlarm": 2, "metricName": "m", "namespace": "n", "period": 60, "statistic": "Maximum", "threshold": 1}},
	"composite": {"aws:cloudwatch/compositeAlarm:CompositeAlarm", bag{"alarmName": "c", "alarmRule": "ALARM(a) OR (ALARM(b) AND OK(c))"}},
	"board":     {"aws:cloudwatch/dashboard:Dashboard", bag{"dashboardName": "d", "dashboardBody": `{"widgets":[{"type":"metric"}]}`}},
	"event":     {"aws:cloudwatch/eventRule:EventRule", bag{"name": "e", "eventPattern": `{"source":["aws.ecs"]}`}},
	"budget":    {"aws:budgets/budget:Budget", bag{"name": "b", "budgetType": "COST", "timeUnit": "MONTHLY", "limitAmount": "100", "limitUnit": "USD", "notifications": []any{bag{"comparisonOperator": "GREATER_THAN", "notificationType": "ACTUAL", "threshold": 80, "thresholdType": "PERCENTAGE", "subscriberEmailAddresses": []any{"a@b.c"}}}}},
	"queue":     {"aws:sqs/queue:Queue", bag{"name": "q", "visibilityTimeoutSeconds": 60}},
	"topic":     {"aws:sns/topicPolicy:TopicPolicy", bag{"arn": later, "policy": policy(bag{"Effect": "Allow", "Principal": bag{"Service": "cloudwatch.amazonaws.com"}, "Action": "sns:Publish", "Resource": "arn:aws:sns:us-east-1:381492153064:t"})}},
	"task":      {taskToken, soundTask},
}

func long(n int) string { return strings.Repeat("a", n) }

// TestSoundInputsPass: otherwise the cases below would prove nothing.
func TestSoundInputsPass(t *testing.T) {
	for name, s := range sound {
		require.Empty(t, newWorld(t, nil, nil).faults(s.token, "x", s.inputs), name)
	}
}

// TestRules: each case changes inputs of a sound resource, and is refused for it.
func TestRules(t *testing.T) {
	big := policy(bag{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::" + long(7000)})
	for _, c := range []struct {
		base   string
		change bag
		want   string
	}{
		{"vpc", bag{"cidrBlock": "10.40.0.0/99"}, "no IPv4 network"},
		{"vpc", bag{"cidrBlock": "10.40.0.1/16"}, "the network is 10.40.0.0/16"},
		{"vpc", bag{"cidrBlock": "10.0.0.0/8"}, "from /16 to /28"},
		{"vpc", bag{"cidrBlock": nil}, "cidrBlock: missing"},
		{"subnet", bag{"availabilityZone": "us-west-2a"}, "no zone of us-east-1"},
		{"subnet", bag{"vpcId": "10.0.0.0"}, "not the identifier"},
		{"route", bag{"gatewayId": "igw-1"}, "conflicts with gatewayId"},
		{"route", bag{"vpcPeeringConnectionId": nil}, "is required"},
		{"flowlog", bag{"subnetId": "subnet-00000001"}, "conflicts"},
		{"flowlog", bag{"iamRoleArn": nil}, "iamRoleArn: missing"},
		{"endpoint", bag{"serviceName": "sts"}, "InvalidServiceName"},
		{"endpoint", bag{"serviceName": "com.amazonaws.eu-west-1.sts"}, "another region"},
		{"endpoint", bag{"serviceName": "com.amazonaws.us-east-1"}, "InvalidServiceName"},
		{"endpoint", bag{"routeTableIds": []any{later}}, "for gateway endpoints"},
		{"endpoint", bag{"policy": policy(bag{"Effect": "Allow", "Action": "*", "Resource": "*"})}, "Principal"},
		{"gateway", bag{"serviceName": "com.amazonaws.us-east-1.sts"}, "no gateway endpoint"},
		{"gateway", bag{"subnetIds": []any{later}}, "for interface endpoints"},
		{"nat", bag{"allocationId": nil}, "needs an Elastic IP"},
		{"group", bag{"description": "Umlaut ä"}, "not allowed"},
		{"group", bag{"description": long(256)}, "256 characters"},
		{"rule", bag{"cidrIpv6": "::/0"}, "conflicts with cidrIpv4"},
		{"rule", bag{"cidrIpv4": nil}, "is required"},
		{"rule", bag{"toPort": 80}, "no range"},
		{"rule", bag{"fromPort": 70000}, "no whole number"},
		{"rule", bag{"ipProtocol": "-1"}, "takes no ports"},
		{"rule", bag{"fromPort": nil, "toPort": nil}, "needs fromPort"},
		{"key", bag{"deletionWindowInDays": 3}, "3 is no whole number from 7 to 30"},
		{"key", bag{"policy": policy(bag{"Effect": "Allow", "Principal": bag{"AWS": "arn:aws:iam::123456789012:root"}, "Action": "kms:*", "Resource": "*"})}, "will not allow you to update"},
		{"key", bag{"policy": "{"}, "no valid JSON"},
		{"alias", bag{"name": "x-y-z-1"}, "begin with alias/"},
		{"alias", bag{"name": "alias/aws/x"}, "AWS's own"},
		{"db", bag{"identifier": "Airflow_DB"}, "lower-case"},
		{"db", bag{"identifier": "a--b"}, "single hyphens"},
		{"db", bag{"identifier": long(64)}, "64 characters"},
		{"db", bag{"storageType": "gp9"}, "none of standard"},
		{"db", bag{"port": 70000}, "from 1150 to 65535"},
		{"db", bag{"allocatedStorage": 10}, "gp3 starts at 20 GiB"},
		{"db", bag{"maxAllocatedStorage": 21}, "at least a tenth above"},
		{"db", bag{"username": "admin"}, "reserved word"},
		{"db", bag{"password": nil}, "password: missing"},
		{"db", bag{"manageMasterUserPassword": true}, "conflicts with password"},
		{"db", bag{"performanceInsightsRetentionPeriod": 30}, "multiple of 31"},
		{"db", bag{"backupRetentionPeriod": 36}, "from 0 to 35"},
		{"db", bag{"monitoringInterval": 60}, "needs a role"},
		{"db", bag{"instanceClass": "t4g.small"}, "look like db."},
		{"db", bag{"enabledCloudwatchLogsExports": []any{"audit"}}, "no log of PostgreSQL"},
		{"subnets", bag{"subnetIds": []any{later}}, "at least two zones"},
		{"params", bag{"parameters": []any{bag{"name": "a", "value": "1"}, bag{"name": "a", "value": "2"}}}, "twice"},
		{"params", bag{"family": "airflow16"}, "look like postgres16"},
		{"cache", bag{"replicationGroupId": long(41)}, "41 characters"},
		{"cache", bag{"numCacheClusters": 1}, "at least two nodes"},
		{"cache", bag{"automaticFailoverEnabled": false}, "needs automaticFailoverEnabled"},
		{"cache", bag{"transitEncryptionEnabled": false}, "needs transitEncryptionEnabled"},
		{"cache", bag{"authToken": hidden{"short"}}, "16 to 128"},
		{"cache", bag{"engineVersion": "7.1"}, "no Valkey 7.1"},
		{"efs", bag{"lifecyclePolicies": []any{bag{"transitionToIa": "AFTER_31_DAYS"}}}, "no transition"},
		{"efs", bag{"throughputMode": "provisioned"}, "goes with"},
		{"efs", bag{"availabilityZoneName": "eu-west-1a"}, "no zone"},
		{"point", bag{"rootDirectory": bag{"path": "sync"}}, "begins with a slash"},
		{"bucket", bag{"bucket": "Pathwai_DAGs"}, "InvalidBucketName"},
		{"bucket", bag{"bucket": "10.0.0.1"}, "IP address"},
		{"encrypt", bag{"rules": []any{bag{"applyServerSideEncryptionByDefault": bag{"sseAlgorithm": "AES256", "kmsMasterKeyId": "x"}}}}, "goes with aws:kms"},
		{"bpolicy", bag{"bucket": "logs"}, "not of the bucket logs"},
		{"lifecycle", bag{"rules": []any{bag{"id": "a", "status": "Enabled"}}}, "does nothing"},
		{"lifecycle", bag{"rules": []any{bag{"id": "a", "status": "On", "expiration": bag{"days": 1}}}}, "Enabled or Disabled"},
		{"secret", bag{"recoveryWindowInDays": 5}, "from 7 to 30"},
		{"secret", bag{"name": "a b"}, "not allowed"},
		{"ssm", bag{"name": "a/b"}, "begins with one"},
		{"role", bag{"name": long(65)}, "65 characters"},
		{"role", bag{"assumeRolePolicy": policy(bag{"Effect": "Allow", "Action": "sts:AssumeRole"})}, "Principal"},
		{"role", bag{"maxSessionDuration": 60}, "3600"},
		{"inline", bag{"policy": policy(bag{"Effect": "Allow", "Action": "s3:GetObject"})}, "Resource"},
		{"inline", bag{"policy": policy(bag{"Effect": "allow", "Action": "s3:GetObject", "Resource": "*"})}, "Allow or Deny"},
		{"inline", bag{"policy": policy(bag{"Effect": "Allow", "Action": "GetObject", "Resource": "*"})}, "look like s3:GetObject"},
		{"inline", bag{"policy": policy(bag{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "dags/*"})}, "ARNs or *"},
		{"inline", bag{"policy": policy(bag{"Sid": "a-b", "Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"})}, "letters and digits"},
		{"inline", bag{"policy": policy(bag{"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "*"})}, "may not"},
		{"inline", bag{"policy": `{"Version":"2024-01-01","Statement":[{}]}`}, "Version"},
		{"managed", bag{"policy": big}, "AWS takes 6144"},
		{"repo", bag{"name": "Pathwai/Web"}, "lower-case"},
		{"repo", bag{"encryptionConfigurations": []any{bag{"encryptionType": "AES256", "kmsKey": "x"}}}, "goes with the encryptionType KMS"},
		{"images", bag{"policy": `{"rules":[]}`}, "list of rules"},
		{"images", bag{"policy": js(bag{"rules": []any{
			bag{"rulePriority": 1, "selection": bag{"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 20}, "action": bag{"type": "expire"}},
			bag{"rulePriority": 2, "selection": bag{"tagStatus": "untagged", "countType": "imageCountMoreThan", "countNumber": 1}, "action": bag{"type": "expire"}}}})}, "highest rulePriority"},
		{"images", bag{"policy": js(bag{"rules": []any{bag{"rulePriority": 1, "selection": bag{"tagStatus": "tagged", "countType": "imageCountMoreThan", "countNumber": 1}, "action": bag{"type": "expire"}}}})}, "tagPrefixList"},
		{"cluster", bag{"settings": []any{bag{"name": "containerInsights", "value": "on"}}}, "enabled, enhanced or disabled"},
		{"capacity", bag{"defaultCapacityProviderStrategies": []any{bag{"capacityProvider": "FARGATE_SPOT", "weight": 1}}}, "not among"},
		{"service", bag{"launchType": "FARGATE"}, "exclude each other"},
		{"service", bag{"capacityProviderStrategies": []any{bag{"capacityProvider": "FARGATE", "weight": 0}}}, "weight above 0"},
		{"service", bag{"capacityProviderStrategies": []any{bag{"capacityProvider": "FARGATE", "base": 1, "weight": 1}, bag{"capacityProvider": "FARGATE_SPOT", "base": 1, "weight": 1}}}, "only one"},
		{"service", bag{"healthCheckGracePeriodSeconds": 60}, "behind a load balancer"},
		{"service", bag{"taskDefinition": nil}, "taskDefinition: missing"},
		{"service", bag{"deploymentMinimumHealthyPercent": 100, "deploymentMaximumPercent": 100}, "no deployment can begin"},
		{"lb", bag{"name": long(33)}, "33 characters"},
		{"lb", bag{"name": "internal-x"}, "ELB's own"},
		{"lb", bag{"subnets": []any{later}}, "At least two subnets"},
		{"target", bag{"name": "-web"}, "no hyphen at either end"},
		{"target", bag{"vpcId": nil}, "vpcId: missing"},
		{"target", bag{"healthCheck": bag{"interval": 5, "timeout": 5}}, "greater than the timeout"},
		{"listener", bag{"certificateArn": nil}, "needs a certificate"},
		{"listener", bag{"protocol": "HTTP"}, "takes no certificate"},
		{"listener", bag{"sslPolicy": "TLS13"}, "ELBSecurityPolicy-"},
		{"listener", bag{"defaultActions": []any{bag{"type": "authenticate-oidc", "authenticateOidc": bag{}}}}, "once and last"},
		{"listener", bag{"certificateArn": "certificate/x"}, "not an ARN"},
		{"cert", bag{"domainName": nil}, "domainName: missing"},
		{"record", bag{"ttl": nil}, "ttl: missing"},
		{"record", bag{"records": []any{"host"}}, "no IPv4 address"},
		{"scalable", bag{"minCapacity": 11}, "not from 0 to maxCapacity"},
		{"scalable", bag{"resourceId": "c/s"}, "service/CLUSTER/SERVICE"},
		{"scaling", bag{"policyType": "TargetTrackingScaling"}, "missing: the policyType is TargetTrackingScaling"},
		{"scaling", bag{"stepScalingPolicyConfiguration": bag{"adjustmentType": "ExactCapacity", "stepAdjustments": []any{
			bag{"scalingAdjustment": 0, "metricIntervalUpperBound": "1"}, bag{"scalingAdjustment": 1, "metricIntervalLowerBound": "2"}}}}, "gap"},
		{"action", bag{"schedule": "0 20 * * *"}, "schedules are"},
		{"logs", bag{"retentionInDays": 31}, "31 is none of"},
		{"logs", bag{"kmsKeyId": "alias/x"}, "key's ARN"},
		{"alarm", bag{"comparisonOperator": "Above"}, "none of"},
		{"alarm", bag{"period": 45}, "multiple of 60"},
		{"alarm", bag{"datapointsToAlarm": 4}, "4 of 3 periods"},
		{"alarm", bag{"statistic": nil}, "is required"},
		{"composite", bag{"alarmRule": "ALARM(a"}, "parentheses"},
		{"board", bag{"dashboardBody": "{"}, "no valid JSON"},
		{"board", bag{"dashboardBody": `{"widgets":[{"type":"chart"}]}`}, `the type "chart"`},
		{"event", bag{"eventPattern": "source"}, "no valid JSON"},
		{"event", bag{"eventPattern": nil}, "eventPattern: missing"},
		{"budget", bag{"notifications": []any{bag{"comparisonOperator": "GREATER_THAN", "notificationType": "ACTUAL", "threshold": 80, "thresholdType": "PERCENTAGE"}}}, "needs a subscriber"},
		{"queue", bag{"visibilityTimeoutSeconds": 50000}, "43200"},
		{"topic", bag{"policy": policy(bag{"Effect": "Allow", "Action": "sns:Publish", "Resource": "*"})}, "Principal"},
	} {
		s, ok := sound[c.base]
		require.True(t, ok, c.base)
		inputs := maps.Clone(s.inputs)
		for k, v := range c.change {
			if v == nil {
				delete(inputs, k)
			} else {
				inputs[k] = v
			}
		}
		assert.Contains(t, newWorld(t, nil, nil).faults(s.token, "x", inputs), c.want, "%s %v", c.base, c.change)
	}
}
