package cases

import "strings"

// Foreign is a program as strangers write it, by a well-known architecture, and
// what the pack finds in it: under the baseline profile, and how many further
// rules speak up under strict.
type Foreign struct {
	Name, Describes string
	Group           Group
	// Baseline are the findings, as "rule name", sorted.
	Baseline []string
	// Strict are the further rules that find something, sorted.
	Strict []string
}

// Foreigners returns the programs.
func Foreigners() []Foreign {
	trusts := func(service string) string {
		return policy(object{"Effect": "Allow", "Principal": object{"Service": service}, "Action": "sts:AssumeRole"})
	}
	roleFor := func(name, service string) *Resource {
		return res("aws:iam/role:Role", name, object{"assumeRolePolicy": trusts(service)})
	}
	attach := func(name, arn string) *Resource {
		return res("aws:iam/rolePolicyAttachment:RolePolicyAttachment", name, object{"role": "r", "policyArn": arn})
	}
	allow := func(action, arn any) object { return object{"Effect": "Allow", "Action": action, "Resource": arn} }
	words := strings.Fields
	return []Foreign{
		{"static-site", "a bucket that CloudFront reads with origin access control", Group{
			res("aws:s3/bucketV2:BucketV2", "site", object{}),
			res("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock", "block", object{"bucket": Ref{"site", "id"}, "blockPublicAcls": true, "blockPublicPolicy": true, "ignorePublicAcls": true, "restrictPublicBuckets": true}),
			res("aws:cloudfront/distribution:Distribution", "cdn", object{"enabled": true, "viewerCertificate": object{"cloudfrontDefaultCertificate": true}, "defaultCacheBehavior": object{"viewerProtocolPolicy": "redirect-to-https"}}),
			res("aws:s3/bucketPolicy:BucketPolicy", "policy", object{"bucket": Ref{"site", "id"}, "policy": Format{policy(object{
				"Effect": "Allow", "Principal": object{"Service": "cloudfront.amazonaws.com"}, "Action": "s3:GetObject", "Resource": "arn:aws:s3:::site/*", "Condition": object{"StringEquals": object{"aws:SourceArn": "%s"}}}), Ref{"cdn", "arn"}}}),
		}, []string{"no-public-entry cdn"}, words("bucket-encrypted bucket-versioned")},
		{"serverless-api", "an HTTP API before a function with a table", Group{
			res("aws:apigatewayv2/api:Api", "api", object{"protocolType": "HTTP"}),
			roleFor("function-role", "lambda.amazonaws.com"),
			attach("logs", "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"),
			res("aws:iam/rolePolicy:RolePolicy", "items", object{"role": "r", "policy": Format{policy(allow("dynamodb:*", "%s")), Ref{"table", "arn"}}}),
			res("aws:dynamodb/table:Table", "table", object{"hashKey": "id", "billingMode": "PAY_PER_REQUEST", "serverSideEncryption": object{"enabled": true}}),
			res("aws:lambda/function:Function", "handler", object{"role": Ref{"function-role", "arn"}, "environment": object{"variables": object{"TABLE": Ref{"table", "name"}, "STRIPE_KEY": "sk_live_0123456789abcdef"}}}),
			res("aws:lambda/permission:Permission", "invoke", object{"action": "lambda:InvokeFunction", "function": "handler", "principal": "apigateway.amazonaws.com", "sourceArn": Ref{"api", "arn"}}),
		}, []string{"lambda-in-vpc handler", "no-plaintext-secret handler", "no-public-entry api"}, words("database-encrypted service-principal-scoped")},
		{"ecs-web-app", "a public load balancer before Fargate tasks with a password in their environment", Group{
			res("aws:ecs/cluster:Cluster", "cluster", object{}),
			res("aws:ec2/securityGroup:SecurityGroup", "web", object{"ingress": list{object{"protocol": "tcp", "fromPort": 80, "toPort": 80, "cidrBlocks": list{"0.0.0.0/0"}}}, "egress": list{object{"protocol": "-1", "fromPort": 0, "toPort": 0, "cidrBlocks": list{"0.0.0.0/0"}}}}),
			res("aws:lb/loadBalancer:LoadBalancer", "front", object{"securityGroups": list{Ref{"web", "id"}}, "subnets": list{"subnet-1", "subnet-2"}}),
			res("aws:lb/listener:Listener", "http", object{"loadBalancerArn": Ref{"front", "arn"}, "port": 80, "defaultActions": list{object{"type": "forward"}}, "protocol": "HTTP"}),
			roleFor("task-role", "ecs-tasks.amazonaws.com"), roleFor("execution-role", "ecs-tasks.amazonaws.com"),
			res("aws:ecs/taskDefinition:TaskDefinition", "app", object{"family": "app", "networkMode": "awsvpc", "taskRoleArn": Ref{"task-role", "arn"}, "executionRoleArn": Ref{"execution-role", "arn"},
				"containerDefinitions": text(list{object{"name": "app", "image": "nginx", "environment": list{object{"name": "DATABASE_URL", "value": "postgres://app:hunter2@db/app"}}}})}),
			res("aws:ecs/service:Service", "service", object{"cluster": Ref{"cluster", "arn"}, "taskDefinition": Ref{"app", "arn"}, "networkConfiguration": object{"assignPublicIp": true, "subnets": list{"subnet-1"}}}),
		}, []string{"listener-tls http", "no-open-security-group web", "no-plaintext-secret app", "no-public-ip service", "no-public-load-balancer front"},
			words("access-logged container-logs-declared load-balancer-strict-http no-root-container no-wide-ports read-only-root service-principal-scoped service-rolls-back")},
		{"eks", "a cluster with a node group, and a pod's role", Group{
			roleFor("cluster-role", "eks.amazonaws.com"), roleFor("node-role", "ec2.amazonaws.com"),
			attach("cluster-policy", "arn:aws:iam::aws:policy/AmazonEKSClusterPolicy"), attach("node-policy", "arn:aws:iam::aws:policy/AmazonEKSWorkerNodePolicy"),
			attach("cni", "arn:aws:iam::aws:policy/AmazonEKS_CNI_Policy"), attach("images", "arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryReadOnly"),
			res("aws:iam/role:Role", "pod", object{"assumeRolePolicy": policy(object{"Effect": "Allow", "Principal": object{"Federated": "arn:aws:iam::381492153064:oidc-provider/oidc.eks.us-east-1.amazonaws.com/id/ABC"}, "Action": "sts:AssumeRoleWithWebIdentity",
				"Condition": object{"StringEquals": object{"oidc.eks.us-east-1.amazonaws.com/id/ABC:aud": "sts.amazonaws.com"}}})}),
			res("aws:iam/policy:Policy", "dns", object{"policy": policy(allow("route53:ChangeResourceRecordSets", "arn:aws:route53:::hostedzone/*"), allow(list{"route53:ListHostedZones"}, "*"))}),
		}, []string{"no-open-principal pod", "no-wildcard-resource dns"}, words("service-principal-scoped")},
		{"data-lake", "buckets, a Glue job that reads them all, and a role that somebody else's account may take", Group{
			res("aws:s3/bucketV2:BucketV2", "raw", object{}),
			res("aws:s3/bucketV2:BucketV2", "curated", object{}),
			roleFor("glue", "glue.amazonaws.com"),
			res("aws:iam/rolePolicy:RolePolicy", "lake", object{"role": "r", "policy": policy(allow(list{"s3:GetObject", "s3:PutObject"}, "arn:aws:s3:::*"))}),
			res("aws:glue/job:Job", "job", object{"roleArn": Ref{"glue", "arn"}, "command": object{"scriptLocation": "s3://scripts/job.py"}, "defaultArguments": object{"--db_password": "hunter2", "--TempDir": "s3://tmp/x"}}),
			res("aws:iam/role:Role", "partner", object{"assumeRolePolicy": policy(object{"Effect": "Allow", "Principal": object{"AWS": "*"}, "Action": "sts:AssumeRole", "Condition": object{"StringEquals": object{"sts:ExternalId": "partner"}}})}),
		}, []string{"lambda-in-vpc job", "no-open-principal partner", "no-plaintext-secret job", "no-wildcard-resource lake"},
			words("bucket-access-block-declared bucket-encrypted bucket-policy-declared bucket-versioned data-encrypted service-principal-scoped")},
		{"batch", "a job queue on Fargate Spot with a privileged job", Group{
			roleFor("service-role", "batch.amazonaws.com"), attach("service-policy", "arn:aws:iam::aws:policy/service-role/AWSBatchServiceRole"), attach("job-policy", "arn:aws:iam::aws:policy/AmazonS3FullAccess"),
			res("aws:batch/jobDefinition:JobDefinition", "job", object{"name": "render", "type": "container", "containerProperties": text(object{"image": "render", "privileged": true, "command": list{"render", "--license-key", "ABCD-1234"}, "volumes": list{object{"name": "docker", "host": object{"sourcePath": "/var/run/docker.sock"}}}})}),
		}, []string{"no-admin-policy job-policy", "no-plaintext-secret job", "no-privileged-container job"}, words("service-principal-scoped")},
		{"three-tier-vpc", "public and private subnets, a NAT gateway, and a database", Group{
			res("aws:ec2/vpc:Vpc", "vpc", object{"cidrBlock": "10.0.0.0/16"}),
			res("aws:ec2/internetGateway:InternetGateway", "internet", object{"vpcId": Ref{"vpc", "id"}}),
			res("aws:ec2/subnet:Subnet", "public", object{"vpcId": Ref{"vpc", "id"}, "cidrBlock": "10.0.0.0/24", "mapPublicIpOnLaunch": true}),
			res("aws:ec2/eip:Eip", "address", object{"domain": "vpc"}),
			res("aws:ec2/natGateway:NatGateway", "nat", object{"subnetId": Ref{"public", "id"}, "allocationId": Ref{"address", "id"}}),
			res("aws:ec2/route:Route", "out", object{"routeTableId": "rtb-1", "destinationCidrBlock": "0.0.0.0/0", "natGatewayId": Ref{"nat", "id"}}),
			res("aws:rds/instance:Instance", "database", object{"instanceClass": "db.t4g.micro", "engine": "mysql", "dbSubnetGroupName": "private", "storageEncrypted": false, "publiclyAccessible": true, "password": Secret{"hunter2"}, "skipFinalSnapshot": true}),
		}, []string{"database-encrypted database", "no-default-route out", "no-elastic-ip address", "no-internet-gateway internet", "no-nat-gateway nat", "no-public-database database", "no-public-subnet public"},
			words("access-logged database-backups database-parameters-declared default-security-group-declared dns-firewall-declared flow-log-declared resolver-log-declared")},
		{"event-pipeline", "a topic that fans out to a queue, a stream, and a state machine", Group{
			res("aws:sns/topic:Topic", "orders", object{}),
			res("aws:sqs/queue:Queue", "work", object{"sqsManagedSseEnabled": true}),
			res("aws:sqs/queuePolicy:QueuePolicy", "fan-out", object{"queueUrl": Ref{"work", "id"}, "policy": policy(object{"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": "*", "Condition": object{"ArnLike": object{"aws:SourceArn": "arn:aws:sns:*:*:orders"}}})}),
			res("aws:sfn/stateMachine:StateMachine", "flow", object{"roleArn": "r", "definition": text(object{"StartAt": "Call", "States": object{"Call": object{"Type": "Task", "Resource": "arn:aws:states:::http:invoke", "End": true, "Parameters": object{"Headers": object{"api_token": "hunter2"}}}}})}),
		}, []string{"no-open-principal fan-out", "no-plaintext-secret flow", "queue-encrypted orders"}, nil},
		{"ci-role", "GitHub's role for deployments, as blogs have it", Group{
			res("aws:iam/openIdConnectProvider:OpenIdConnectProvider", "github", object{"url": "https://token.actions.githubusercontent.com", "clientIdLists": list{"sts.amazonaws.com"}, "thumbprintLists": list{}}),
			res("aws:iam/role:Role", "deploy", object{"assumeRolePolicy": policy(object{"Effect": "Allow", "Principal": object{"Federated": "arn:aws:iam::381492153064:oidc-provider/token.actions.githubusercontent.com"}, "Action": "sts:AssumeRoleWithWebIdentity",
				"Condition": object{"StringEquals": object{"token.actions.githubusercontent.com:aud": "sts.amazonaws.com"}, "StringLike": object{"token.actions.githubusercontent.com:sub": "repo:pathwai/*"}}})}),
			attach("admin", "arn:aws:iam::aws:policy/AdministratorAccess"),
			res("aws:iam/rolePolicy:RolePolicy", "roles", object{"role": Ref{"deploy", "id"}, "policy": policy(allow(list{"iam:PutRolePolicy", "iam:CreateRole"}, "arn:aws:iam::381492153064:role/app-*"))}),
			res("aws:iam/accessKey:AccessKey", "fallback", object{"user": "ci"}),
		}, []string{"no-admin-policy admin", "no-open-principal deploy", "no-static-credentials fallback"}, words("no-escalation")},
		{"private-api", "what keeps to it all: an internal service with a queue under a key of its own", Group{
			res("aws:sqs/queue:Queue", "jobs", object{"kmsMasterKeyId": keyARN}),
			res("aws:iam/rolePolicy:RolePolicy", "sends", object{"role": "r", "policy": Format{policy(allow("sqs:SendMessage", "%s")), Ref{"jobs", "arn"}}}),
			res("aws:lambda/function:Function", "handler", object{"role": "r", "vpcConfig": object{"subnetIds": list{"subnet-1"}, "securityGroupIds": list{"sg-1"}}, "environment": object{"variables": object{"QUEUE": Ref{"jobs", "id"}, "MAX_TOKENS": "4096"}}}),
			res("aws:cloudwatch/logGroup:LogGroup", "logs", object{"retentionInDays": 30, "kmsKeyId": keyARN}),
		}, nil, nil},
	}
}
