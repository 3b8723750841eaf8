package cases

// controls are what is right and looks wrong: no rule may refuse it.
func controls() map[string]Group {
	allow := func(action, arn any) object { return object{"Effect": "Allow", "Action": action, "Resource": arn} }
	when := func(statement, condition object) object { return merge(statement, object{"Condition": condition}) }
	publish := object{"Effect": "Allow", "Principal": "*", "Action": "sns:Publish", "Resource": "arn:aws:sns:us-east-1:381492153064:t"}
	topics := Group{}
	for i, condition := range []object{
		{"StringEquals": object{"aws:PrincipalOrgID": "o-a1b2c3d4e5"}},
		{"ForAnyValue:StringLike": object{"aws:PrincipalOrgPaths": "o-a1b2c3d4e5/r-ab12/*"}},
		{"ArnLike": object{"aws:SourceArn": "arn:aws:s3:::pathwai-airflow3-dags"}},
		{"ArnLike": object{"aws:PrincipalArn": "arn:aws:iam::381492153064:role/pathwai-*"}},
		{"StringEquals": object{"aws:SourceAccount": account, "aws:SourceOrgID": "o-a1b2c3d4e5"}, "Bool": object{"aws:SecureTransport": "true"}},
		{"StringEquals": object{"aws:SourceVpce": "vpce-0123456789abcdef0"}},
		{"StringEqualsIfExists": object{"aws:PrincipalAccount": account}, "Null": object{"aws:PrincipalAccount": "false"}},
		{"ForAllValues:StringEquals": object{"aws:PrincipalAccount": account}, "Null": object{"aws:PrincipalAccount": "false"}},
	} {
		topics = append(topics, res("aws:sns/topicPolicy:TopicPolicy", "topic"+string(rune('a'+i)), object{"arn": "t", "policy": policy(when(publish, condition))}))
	}
	federated := func(name, issuer string, condition object) *Resource {
		return res("aws:iam/role:Role", name, object{"assumeRolePolicy": policy(object{
			"Effect": "Allow", "Principal": object{"Federated": "arn:aws:iam::381492153064:oidc-provider/" + issuer}, "Action": "sts:AssumeRoleWithWebIdentity", "Condition": condition,
		})})
	}
	const github, eks = "token.actions.githubusercontent.com", "oidc.eks.us-east-1.amazonaws.com/id/ABCDEF0123456789"
	return map[string]Group{
		"conditions": topics,
		"federation": {
			federated("branch", github, object{"StringEquals": object{github + ":aud": "sts.amazonaws.com", github + ":sub": "repo:pathwai/airflow:ref:refs/heads/main"}}),
			federated("tags", github, object{"StringLike": object{github + ":sub": list{"repo:pathwai/airflow:ref:refs/tags/v*", "repo:pathwai/airflow:environment:prod"}}}),
			federated("workflow", github, object{"StringEquals": object{github + ":job_workflow_ref": "pathwai/shared/.github/workflows/deploy.yml@refs/heads/main"}}),
			federated("pod", eks, object{"StringEquals": object{eks + ":sub": "system:serviceaccount:data:airflow", eks + ":aud": "sts.amazonaws.com"}}),
			federated("pool", "cognito-identity.amazonaws.com", object{"StringEquals": object{"cognito-identity.amazonaws.com:aud": "us-east-1:12345678-1234-1234-1234-123456789012"}, "ForAnyValue:StringLike": object{"cognito-identity.amazonaws.com:amr": "authenticated"}}),
			res("aws:iam/role:Role", "saml", object{"assumeRolePolicy": policy(object{"Effect": "Allow", "Principal": object{"Federated": "arn:aws:iam::381492153064:saml-provider/company"}, "Action": "sts:AssumeRoleWithSAML", "Condition": object{"StringEquals": object{"SAML:aud": "https://signin.aws.amazon.com/saml"}}})}),
		},
		"permissions": {
			res("aws:iam/rolePolicy:RolePolicy", "reads", object{"role": "r", "policy": policy(
				allow(list{"ec2:DescribeInstances", "ec2:DescribeSubnets", "autoscaling:DescribeAutoScalingGroups", "elasticloadbalancing:DescribeTargetHealth"}, "*"),
				allow(list{"cloudwatch:GetMetricData", "cloudwatch:ListMetrics", "tag:GetResources", "s3:ListAllMyBuckets", "kms:ListAliases", "ecs:ListClusters", "iam:ListRoles"}, "*"),
				allow("sts:AssumeRole", "arn:aws:iam::222222222222:role/reader"),
				allow("logs:PutLogEvents", "arn:aws:logs:*:*:log-group:/pathwai/airflow:*"),
				when(allow("iam:PassRole", "arn:aws:iam::381492153064:role/pathwai-*"), object{"StringEquals": object{"iam:PassedToService": "ecs-tasks.amazonaws.com"}}),
				allow("ecs:RunTask", "arn:aws:ecs:us-east-1:381492153064:task-definition/pathwai-worker:*"),
				when(allow("iam:PutRolePolicy", "arn:aws:iam::381492153064:role/pathwai-worker"), object{"StringEquals": object{"iam:PermissionsBoundary": "arn:aws:iam::381492153064:policy/boundary"}}),
				allow("iam:CreateAccessKey", "arn:aws:iam::381492153064:user/${aws:username}"),
			)}),
			res("aws:iam/rolePolicyAttachment:RolePolicyAttachment", "execution", object{"role": "r", "policyArn": "arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy"}),
			res("aws:iam/rolePolicyAttachment:RolePolicyAttachment", "nodes", object{"role": "r", "policyArn": "arn:aws:iam::aws:policy/AmazonEKSWorkerNodePolicy"}),
			res("aws:iam/rolePolicyAttachment:RolePolicyAttachment", "images", object{"role": "r", "policyArn": "arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryReadOnly"}),
			res("aws:iam/rolePolicyAttachment:RolePolicyAttachment", "managed", object{"role": "r", "policyArn": "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore"}),
		},
		"not-yet-known": {
			res("aws:sqs/queue:Queue", "jobs", object{"kmsMasterKeyId": keyARN}),
			res("aws:iam/rolePolicy:RolePolicy", "sends", object{"role": "r", "policy": Format{policy(allow("sqs:SendMessage", "%s")), Ref{"jobs", "arn"}}}),
			res("aws:sqs/queuePolicy:QueuePolicy", "queue-policy", object{"queueUrl": "q", "policy": Format{policy(object{
				"Effect": "Allow", "Principal": object{"Service": "sns.amazonaws.com"}, "Action": "sqs:SendMessage", "Resource": "%s", "Condition": ownAccount}), Ref{"jobs", "arn"}}}),
			res("aws:iam/policy:Policy", "map", object{"policy": object{"Version": "2012-10-17", "Statement": list{object{"Effect": "Allow", "Action": "s3:GetObject", "Resource": Unknown{}}}}}),
		},
		"private-routes": {
			res("aws:ec2/route:Route", "office", object{"routeTableId": "rtb-1", "destinationCidrBlock": "10.20.0.0/16", "transitGatewayId": Unknown{}}),
			res("aws:ec2/route:Route", "peer", object{"routeTableId": "rtb-1", "destinationCidrBlock": "192.168.0.0/20", "vpcPeeringConnectionId": "pcx-1"}),
			res("aws:ec2/routeTable:RouteTable", "inline-office", object{"vpcId": "vpc-1", "routes": list{object{"cidrBlock": "10.30.0.0/16", "transitGatewayId": "tgw-1"}}}),
		},
		"endpoint-policy-beside": {withoutPolicy(endpoint("athena", "athena", "Interface")), res("aws:ec2/vpcEndpointPolicy:VpcEndpointPolicy", "beside", object{"vpcEndpointId": Ref{"athena", "id"}, "policy": policy(object{
			"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*", "Condition": object{"StringEquals": object{"aws:PrincipalAccount": account}, "StringEqualsIfExists": object{"aws:ResourceAccount": account}}})})},
		"not-secret":       notSecret(),
		"replica":          replica(),
		"registry-scanned": {res("aws:ecr/registryScanningConfiguration:RegistryScanningConfiguration", "registry", object{"scanType": "ENHANCED", "rules": list{object{"scanFrequency": "CONTINUOUS_SCAN", "repositoryFilters": list{object{"filter": "*", "filterType": "WILDCARD"}}}}})},
	}
}

func withoutPolicy(endpoint *Resource) *Resource {
	delete(endpoint.Props, "policy")
	return endpoint
}

// notSecret has names that sound secret and values that aren't, and
// placeholders for what is put in later.
func notSecret() Group {
	variable := func(name, value string) object { return object{"name": name, "value": value} }
	quiet := merge(containerDefinition(), object{
		"environment": list{
			variable("MAX_TOKENS", "4096"), variable("TOKENS_PER_MINUTE", "1000"), variable("USE_TOKEN", "true"), variable("SORT_KEY", "created"), variable("S3_KEY", "dags/main.py"),
			variable("DB_PASSWORD", "${DB_PASSWORD}"), variable("API_KEY", "$(cat /run/secrets/api)"), variable("DB_SECRET", "arn:aws:secretsmanager:us-east-1:381492153064:secret:db"),
			variable("SECRET", "prod/airflow/db"), variable("TOKEN", "<injected at start>"), variable("JWT_SECRET", "{{resolve:secretsmanager:jwt}}"), variable("TOKEN_URL", "https://idp.internal/token"),
			variable("DATABASE_URL", "postgresql://airflow:${DB_PASSWORD}@db/airflow"), variable("SSH_PUBLIC_KEY", "ssh-ed25519 AAAA"), variable("PASSWORD_MIN_LENGTH", "12"),
			variable("AWS_SECRET", "/run/secrets/aws"), variable("API_TOKEN_1", "placeholder"), variable("KEYS", "3"),
		},
		"command": list{"sh", "-c", "psql \"password=$DB_PASSWORD\" && run --password=$(cat /run/pw) --token-file /run/token --api-key ${API_KEY}"},
	})
	return Group{
		roleOf("quiet-task"), roleOf("quiet-execution"), task("quiet", "quiet-task", "quiet-execution", quiet),
		res("aws:ssm/parameter:Parameter", "level", object{"type": "String", "name": "/app/log-level", "value": Secret{"info"}}),
		res("aws:ssm/parameter:Parameter", "tokens", object{"type": "String", "name": "/app/max-tokens", "value": Secret{"4096"}}),
		res("aws:ssm/parameter:Parameter", "image", object{"type": "String", "name": "/app/image", "value": Secret{Unknown{}}}),
		res("aws:sfn/stateMachine:StateMachine", "machine", object{"roleArn": "r", "definition": text(object{"StartAt": "Run", "States": object{"Run": object{"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken", "Parameters": object{"token.$": "$$.Task.Token", "ClientToken": "run"}, "End": true}}})}),
		res("aws:codebuild/project:Project", "build", object{"vpcConfig": inVPC, "serviceRole": "r", "environment": object{"environmentVariables": list{object{"name": "NPM_TOKEN", "type": "SECRETS_MANAGER", "value": "npm/token"}}}}),
		res("aws:batch/jobDefinition:JobDefinition", "job", object{"name": "j", "type": "container", "containerProperties": text(object{"image": "i", "command": list{"run", "Ref::date"}, "environment": list{variable("LEVEL", "info")}})}),
	}
}

// replica reads from a database of the same region, whose key it takes.
func replica() Group {
	group := database()
	copied := merge(group.Find("database").Props, object{"identifier": prefix + "-replica", "replicateSourceDb": Ref{"database", "id"}})
	for _, path := range []string{"storageEncrypted", "kmsKeyId", "backupRetentionPeriod", "password"} {
		delete(copied, path)
	}
	return append(group, res("aws:rds/instance:Instance", "replica", copied))
}
