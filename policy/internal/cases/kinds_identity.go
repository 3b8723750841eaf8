package cases

// conditions is F and E: policies, and conditions that narrow nothing.
func (k *kinds) conditions() {
	S := func(c any, more object) string {
		st := object{"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": "arn:aws:sqs:us-east-1:381492153064:q"}
		if c != nil {
			st["Condition"] = c
		}
		for k, v := range more {
			st[k] = v
		}
		return policy(st)
	}
	q := func(title string, c any, more object) {
		k.bad("F", title, "aws:sqs/queuePolicy:QueuePolicy", object{"queueUrl": "q", "policy": S(c, more)})
	}
	g := func(title string, c any, more object) {
		k.good("F", title, "aws:sqs/queuePolicy:QueuePolicy", object{"queueUrl": "q", "policy": S(c, more)})
	}
	q("source ip", object{"IpAddress": object{"aws:SourceIp": "0.0.0.0/0"}}, nil)
	q("referer", object{"StringEquals": object{"aws:Referer": "secret"}}, nil)
	q("secure", object{"Bool": object{"aws:SecureTransport": "true"}}, nil)
	q("not equals", object{"StringNotEquals": object{"aws:PrincipalAccount": "222222222222"}}, nil)
	q("is service", object{"Bool": object{"aws:PrincipalIsAWSService": "true"}}, nil)
	q("self", object{"StringEquals": object{"aws:SourceAccount": "${aws:PrincipalAccount}"}}, nil)
	q("external id", object{"StringEquals": object{"sts:ExternalId": "abc"}}, nil)
	q("all values", object{"ForAllValues:StringEquals": object{"aws:PrincipalOrgPaths": "o-abc/r-x/"}}, nil)
	q("null true", object{"StringEqualsIfExists": object{"aws:PrincipalAccount": "381492153064"}, "Null": object{"aws:PrincipalAccount": "true"}}, nil)
	q("arn user of any", object{"ArnLike": object{"aws:PrincipalArn": "arn:aws:iam::*:user/deploy"}}, nil)
	q("arn equals wildcard", object{"ArnEquals": object{"aws:SourceArn": "arn:aws:sns:*:*:topic"}}, nil)
	q("one of two open", object{"StringLike": object{"aws:PrincipalOrgID": list{"o-a1b2c3d4e5", "*"}}}, nil)
	q("list principal", nil, object{"Principal": object{"AWS": list{"arn:aws:iam::381492153064:root", "*"}}})
	q("wild account principal", nil, object{"Principal": object{"AWS": "arn:aws:iam::*:root"}})
	q("lower case keys", object{"stringlike": object{"AWS:SOURCEACCOUNT": "*"}}, nil)
	q("empty cond", object{}, nil)
	q("principal case", nil, object{"principal": "*"})
	q("empty values", object{"StringEquals": object{"aws:SourceAccount": list{}}}, nil)
	q("date", object{"DateGreaterThan": object{"aws:CurrentTime": "2020-01-01T00:00:00Z"}}, nil)
	q("vpc star", object{"StringLike": object{"aws:SourceVpc": "vpc-*"}}, nil)
	q("principal type", object{"StringEquals": object{"aws:PrincipalType": "AssumedRole"}}, nil)
	g("org upper key", object{"StringEquals": object{"AWS:PrincipalOrgId": list{"o-a1b2c3d4e5"}}}, nil)
	g("vpce list", object{"stringEquals": object{"aws:sourceVpce": list{"vpce-0123", "vpce-0456"}}}, nil)
	g("source arn like", object{"ArnLike": object{"aws:SourceArn": "arn:aws:events:us-east-1:381492153064:rule/*"}}, nil)
	g("two operators", object{"ArnEquals": object{"aws:SourceArn": "arn:aws:sns:us-east-1:381492153064:t"}, "Bool": object{"aws:SecureTransport": true}}, nil)
	g("numeric account", object{"StringEquals": object{"aws:SourceAccount": 381492153064}}, nil)
	g("foranyvalue", object{"ForAnyValue:StringEquals": object{"aws:PrincipalOrgPaths": "o-a1b2c3d4e5/r-ab12/ou-1/"}}, nil)
	g("role principal", nil, object{"Principal": object{"AWS": list{"arn:aws:iam::381492153064:role/a", "381492153064"}}})
	g("deny star", nil, object{"Effect": "Deny"})
	g("if exists with demand", object{"ArnLikeIfExists": object{"aws:PrincipalArn": "arn:aws:iam::381492153064:role/app-*"}, "Null": object{"aws:PrincipalArn": false}}, nil)
	k.good("F", "lattice", "aws:vpclattice/authPolicy:AuthPolicy", object{"resourceIdentifier": "r", "policy": policy(object{"Effect": "Allow", "Principal": "*", "Action": "vpc-lattice-svcs:Invoke", "Resource": "arn:aws:vpc-lattice:us-east-1:381492153064:service/svc-1/*", "Condition": object{"StringEquals": object{"vpc-lattice-svcs:SourceVpc": "vpc-0123456789abcdef0"}}})})
	T := func(issuer string, c object) object {
		return object{"assumeRolePolicy": policy(object{"Effect": "Allow", "Principal": object{"Federated": "arn:aws:iam::381492153064:oidc-provider/" + issuer}, "Action": "sts:AssumeRoleWithWebIdentity", "Condition": c})}
	}
	const gh = "token.actions.githubusercontent.com"
	R := "aws:iam/role:Role"
	k.bad("F", "gh org wide", R, T(gh, object{"StringLike": object{gh + ":sub": "repo:acme/*:ref:refs/heads/main"}}))
	k.bad("F", "gh anyref", R, T(gh, object{"StringLike": object{gh + ":sub": "repo:acme/app:ref:*"}}))
	k.bad("F", "gh repo owner only", R, T(gh, object{"StringEquals": object{gh + ":repository_owner": "acme", gh + ":aud": "sts.amazonaws.com"}}))
	k.bad("F", "gh not like", R, T(gh, object{"StringNotLike": object{gh + ":sub": "repo:evil/*"}}))
	k.bad("F", "gh ifexists", R, T(gh, object{"StringLikeIfExists": object{gh + ":sub": "repo:acme/app:environment:prod"}}))
	k.bad("F", "gh one of two", R, T(gh, object{"StringLike": object{gh + ":sub": list{"repo:acme/app:environment:prod", "repo:acme/*"}}}))
	k.bad("F", "gh forall", R, T(gh, object{"ForAllValues:StringLike": object{gh + ":sub": "repo:acme/app:environment:prod"}}))
	k.bad("F", "gh question", R, T(gh, object{"StringLike": object{gh + ":sub": "repo:acm?/app:environment:prod"}}))
	k.bad("F", "gh env star", R, T(gh, object{"StringLike": object{gh + ":sub": "repo:acme/app:environment:*"}}))
	k.bad("F", "cognito guest", R, object{"assumeRolePolicy": policy(object{"Effect": "Allow", "Principal": object{"Federated": "cognito-identity.amazonaws.com"}, "Action": "sts:AssumeRoleWithWebIdentity", "Condition": object{"StringEquals": object{"cognito-identity.amazonaws.com:aud": "us-east-1:12345678-1234-1234-1234-123456789012"}, "ForAnyValue:StringLike": object{"cognito-identity.amazonaws.com:amr": "unauthenticated"}}})})
	k.bad("F", "cognito any", R, object{"assumeRolePolicy": policy(object{"Effect": "Allow", "Principal": object{"Federated": "cognito-identity.amazonaws.com"}, "Action": "sts:AssumeRoleWithWebIdentity", "Condition": object{"StringEquals": object{"cognito-identity.amazonaws.com:aud": "us-east-1:12345678-1234-1234-1234-123456789012"}}})})
	k.bad("F", "gitlab any ref", R, T("gitlab.com", object{"StringLike": object{"gitlab.com:sub": "project_path:acme/app:ref_type:branch:ref:*"}}))
	k.bad("F", "buildkite org", R, T("agent.buildkite.com", object{"StringLike": object{"agent.buildkite.com:sub": "organization:*"}, "StringEquals": object{"agent.buildkite.com:aud": "sts.amazonaws.com"}}))
	k.bad("F", "google no cond", R, object{"assumeRolePolicy": policy(object{"Effect": "Allow", "Principal": object{"Federated": "accounts.google.com"}, "Action": "sts:AssumeRoleWithWebIdentity"})})
	k.bad("F", "eks ns star", R, T("oidc.eks.us-east-1.amazonaws.com/id/A", object{"StringLike": object{"oidc.eks.us-east-1.amazonaws.com/id/A:sub": "system:serviceaccount:*:app"}}))
	k.bad("F", "saml no cond", R, object{"assumeRolePolicy": policy(object{"Effect": "Allow", "Principal": object{"Federated": "arn:aws:iam::381492153064:saml-provider/x"}, "Action": "sts:AssumeRoleWithSAML"})})
	k.good("F", "gh sub ok", R, T(gh, object{"StringEquals": object{gh + ":aud": "sts.amazonaws.com"}, "StringLike": object{gh + ":sub": "repo:acme/app:ref:refs/heads/release/*"}}))
	k.good("F", "gh enterprise", R, T(gh+"/acme-corp", object{"StringEquals": object{gh + "/acme-corp:sub": "repo:acme/app:environment:prod"}}))
	k.good("F", "buildkite", R, T("agent.buildkite.com", object{"StringLike": object{"agent.buildkite.com:sub": "organization:acme:pipeline:deploy:ref:refs/heads/main:commit:*:step:*"}, "StringEquals": object{"agent.buildkite.com:aud": "sts.amazonaws.com"}}))
	k.good("F", "google app", R, object{"assumeRolePolicy": policy(object{"Effect": "Allow", "Principal": object{"Federated": "accounts.google.com"}, "Action": "sts:AssumeRoleWithWebIdentity", "Condition": object{"StringEquals": object{"accounts.google.com:aud": "1234-abc.apps.googleusercontent.com", "accounts.google.com:sub": "1234567"}}})})
	k.good("F", "facebook", R, object{"assumeRolePolicy": policy(object{"Effect": "Allow", "Principal": object{"Federated": "graph.facebook.com"}, "Action": "sts:AssumeRoleWithWebIdentity", "Condition": object{"StringEquals": object{"graph.facebook.com:app_id": "1234567"}}})})
	k.good("F", "circleci", R, T("oidc.circleci.com/org/7b0b0f9c", object{"StringEquals": object{"oidc.circleci.com/org/7b0b0f9c:aud": "7b0b0f9c"}, "StringLike": object{"oidc.circleci.com/org/7b0b0f9c:sub": "org/7b0b0f9c/project/88/user/*"}}))
	k.good("F", "bitbucket", R, T("api.bitbucket.org/2.0/workspaces/acme/pipelines-config/identity/oidc", object{"StringEquals": object{"api.bitbucket.org/2.0/workspaces/acme/pipelines-config/identity/oidc:aud": "ari:cloud:bitbucket::workspace/1"}}))
	k.good("F", "pod identity", R, object{"assumeRolePolicy": policy(object{"Effect": "Allow", "Principal": object{"Service": "pods.eks.amazonaws.com"}, "Action": list{"sts:AssumeRole", "sts:TagSession"}, "Condition": object{"StringEquals": object{"aws:SourceAccount": "381492153064"}}})})
	k.good("F", "eks sa prefix", R, T("oidc.eks.us-east-1.amazonaws.com/id/A", object{"StringLike": object{"oidc.eks.us-east-1.amazonaws.com/id/A:sub": "system:serviceaccount:data:airflow-*"}}))
}

// permissions is G: permissions.
func (k *kinds) permissions() {
	P := func(title string, ss ...any) {
		k.bad("G", title, "aws:iam/rolePolicy:RolePolicy", object{"role": "r", "policy": policy(ss...)})
	}
	A := func(title string, ss ...any) {
		k.good("G", title, "aws:iam/rolePolicy:RolePolicy", object{"role": "r", "policy": policy(ss...)})
	}
	al := func(action, res any) object { return object{"Effect": "Allow", "Action": action, "Resource": res} }
	w := func(s object, c object) object { s["Condition"] = c; return s }
	P("not action", object{"Effect": "Allow", "NotAction": "iam:*", "Resource": "arn:aws:s3:::b/*"})
	P("not resource", object{"Effect": "Allow", "Action": "s3:GetObject", "NotResource": "arn:aws:s3:::b/*"})
	P("upper", al("S3:GET*", "arn:aws:s3:::b/*"))
	P("question", al("s3:GetObjec?", "arn:aws:s3:::b/*"))
	P("all buckets", al("s3:GetObject", "arn:aws:s3:::*/*"))
	P("any partition", al("s3:GetObject", "arn:*:s3:::*"))
	P("all functions", al("lambda:InvokeFunction", "arn:aws:lambda:us-east-1:381492153064:function:*"))
	P("all lbs", al("elasticloadbalancing:DeleteLoadBalancer", "arn:aws:elasticloadbalancing:us-east-1:381492153064:loadbalancer/app/*"))
	P("all lbs net", al("elasticloadbalancing:DeleteLoadBalancer", "arn:aws:elasticloadbalancing:us-east-1:381492153064:loadbalancer/net/*/*"))
	P("all listeners", al("elasticloadbalancing:ModifyListener", "arn:aws:elasticloadbalancing:us-east-1:381492153064:listener/app/*"))
	P("all tables", al("dynamodb:GetItem", "arn:aws:dynamodb:*:*:table/*"))
	P("all roles", al("sts:AssumeRole", "arn:aws:iam::381492153064:role/*"))
	P("role any account", al("sts:AssumeRole", "arn:aws:iam::*:role/deploy"))
	P("role ? account", al("sts:AssumeRole", "arn:aws:iam::3814921530??:role/deploy"))
	P("all topics", al("sns:Publish", "arn:aws:sns:us-east-1:381492153064:*"))
	P("all secrets", al("secretsmanager:GetSecretValue", "arn:aws:secretsmanager:us-east-1:381492153064:secret:*"))
	P("tag like star", w(al("ec2:TerminateInstances", "arn:aws:ec2:us-east-1:381492153064:instance/*"), object{"StringLike": object{"aws:ResourceTag/team": "*"}}))
	P("tag null", w(al("ec2:TerminateInstances", "arn:aws:ec2:us-east-1:381492153064:instance/*"), object{"Null": object{"aws:ResourceTag/team": "false"}}))
	P("tag ifexists", w(al("ec2:TerminateInstances", "arn:aws:ec2:us-east-1:381492153064:instance/*"), object{"StringEqualsIfExists": object{"aws:ResourceTag/team": "data"}}))
	P("request tag on terminate", w(al("ec2:TerminateInstances", "arn:aws:ec2:us-east-1:381492153064:instance/*"), object{"StringEquals": object{"aws:RequestTag/team": "data"}}))
	P("tag var", w(al("ec2:TerminateInstances", "arn:aws:ec2:us-east-1:381492153064:instance/*"), object{"StringEquals": object{"aws:ResourceTag/team": "${aws:RequestTag/team}"}}))
	P("pass role lower", al("iam:passrole", "arn:aws:iam::381492153064:role/app-*"), al("ECS:runtask", "arn:aws:ecs:us-east-1:381492153064:task-definition/a:1"))
	P("put lower", al("IAM:PutRolePolicy", "arn:aws:iam::381492153064:role/app"))
	P("attach without bound", al("iam:attachrolepolicy", "arn:aws:iam::381492153064:role/app"))
	P("boundary", al("iam:PutRolePermissionsBoundary", "arn:aws:iam::381492153064:role/app"))
	P("assignment", al("sso:CreateAccountAssignment", "arn:aws:sso:::instance/ssoins-1"))
	P("oidc", al("iam:UpdateOpenIDConnectProviderThumbprint", "arn:aws:iam::381492153064:oidc-provider/x"), al("iam:CreateOpenIDConnectProvider", "arn:aws:iam::381492153064:oidc-provider/x"))
	P("pass any glue", al("iam:PassRole", "arn:aws:iam::381492153064:role/*"), al("glue:CreateJob", "arn:aws:glue:us-east-1:381492153064:job/x"))
	P("one string statement", "x")
	for _, arn := range []string{"arn:aws:iam::aws:policy/AmazonS3FullAccess", "arn:aws:iam::aws:policy/job-function/Billing", "arn:aws:iam::aws:policy/AmazonEC2FullAccess", "arn:aws-cn:iam::aws:policy/IAMFullAccess", "arn:aws:iam::aws:policy/AmazonDynamoDBFullAccess_v2", "arn:aws:iam::aws:policy/AWSOrganizationsFullAccess", "arn:aws:iam::aws:policy/AmazonECS_FullAccess", "arn:aws:iam::aws:policy/AmazonRDSDataFullAccess", "arn:aws:iam::aws:policy/AWSSSOMasterAccountAdministrator", "arn:aws:iam::aws:policy/PowerUserAccess"} {
		k.bad("G", arn, "aws:iam/rolePolicyAttachment:RolePolicyAttachment", object{"role": "r", "policyArn": arn})
	}
	k.bad("G", "group", "aws:iam/groupPolicyAttachment:GroupPolicyAttachment", object{"group": "g", "policyArn": "arn:aws:iam::aws:policy/AdministratorAccess"})
	k.bad("G", "quicksight", "aws:quicksight/iamPolicyAssignment:IamPolicyAssignment", object{"assignmentName": "a", "assignmentStatus": "ENABLED", "policyArn": "arn:aws:iam::aws:policy/AdministratorAccess"})
	k.bad("G", "iot", "aws:iot/policy:Policy", object{"policy": policy(object{"Effect": "Allow", "Action": "iot:*", "Resource": "*"})})
	k.bad("G", "iot topics", "aws:iot/policy:Policy", object{"policy": policy(object{"Effect": "Allow", "Action": "iot:Publish", "Resource": "*"})})
	k.bad("G", "sso", "aws:ssoadmin/permissionSetInlinePolicy:PermissionSetInlinePolicy", object{"instanceArn": "i", "permissionSetArn": "p", "inlinePolicy": policy(object{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"})})
	k.bad("G", "cedar", "aws:verifiedpermissions/policy:Policy", object{"policyStoreId": "s", "definition": object{"static": object{"statement": "permit(principal, action, resource);"}}})
	k.bad("G", "resource policy wildcard action", "aws:secretsmanager/secretPolicy:SecretPolicy", object{"secretArn": "s", "policy": policy(object{"Effect": "Allow", "Principal": object{"AWS": "arn:aws:iam::381492153064:role/x"}, "Action": "*", "Resource": "*"})})
	k.bad("G", "exclusive", "aws:iam/rolePolicyAttachmentsExclusive:RolePolicyAttachmentsExclusive", object{"roleName": "r", "policyArns": list{"arn:aws:iam::aws:policy/AmazonVPCFullAccess"}})
	k.bad("G", "user key", "aws:iam/userLoginProfile:UserLoginProfile", object{"user": "u"})
	k.bad("G", "signing cert", "aws:iam/signingCertificate:SigningCertificate", object{"certificateBody": "c", "userName": "u"})
	k.bad("G", "ssh key", "aws:iam/sshKey:SshKey", object{"encoding": "SSH", "publicKey": "p", "username": "u"})
	A("prefix", al("s3:GetObject", "arn:aws:s3:::acme-logs-*/*"))
	A("lower unscopable", al("ec2:describeinstances", "*"))
	A("group lower", al("ECR:GetAuthorizationToken", "*"))
	A("tag", w(al("ec2:StopInstances", "arn:aws:ec2:us-east-1:381492153064:instance/*"), object{"StringEquals": object{"aws:ResourceTag/team": "data"}}))
	A("tag list", w(al("ec2:StopInstances", list{"arn:aws:ec2:*:381492153064:instance/*"}), object{"StringEquals": object{"ec2:ResourceTag/team": list{"data", "ml"}}}))
	A("request tag", w(al("elasticfilesystem:CreateFileSystem", "*"), object{"StringEquals": object{"aws:RequestTag/environment": "prod"}}))
	A("request tag typed", w(al("ec2:CreateSecurityGroup", "arn:aws:ec2:us-east-1:381492153064:security-group/*"), object{"StringEquals": object{"aws:RequestTag/environment": "prod"}}))
	A("create action", w(al("ec2:CreateTags", "arn:aws:ec2:us-east-1:381492153064:instance/*"), object{"StringEquals": object{"ec2:CreateAction": "RunInstances"}}))
	P("request tag like", w(al("elasticfilesystem:CreateFileSystem", "*"), object{"StringLike": object{"aws:RequestTag/environment": "*"}}))
	P("request tag forall", w(al("elasticfilesystem:CreateFileSystem", "*"), object{"ForAllValues:StringEquals": object{"aws:TagKeys": "environment"}}))
	P("create action any", w(al("ec2:CreateTags", "arn:aws:ec2:us-east-1:381492153064:instance/*"), object{"StringLike": object{"ec2:CreateAction": "*"}}))
	P("create action on others", w(al(list{"ec2:CreateTags", "ec2:TerminateInstances"}, "arn:aws:ec2:us-east-1:381492153064:instance/*"), object{"StringEquals": object{"ec2:CreateAction": "RunInstances"}}))
	A("iot", object{"Effect": "Allow", "Action": "iot:Connect", "Resource": "arn:aws:iot:us-east-1:381492153064:client/${iot:Connection.Thing.ThingName}"})
	k.good("G", "iot policy", "aws:iot/policy:Policy", object{"policy": policy(object{"Effect": "Allow", "Action": "iot:Connect", "Resource": "arn:aws:iot:us-east-1:381492153064:client/${iot:Connection.Thing.ThingName}"})})
	A("assume foreign", al("sts:AssumeRole", "arn:aws:iam::222222222222:role/reader"))
	A("kms alias", w(al("kms:Decrypt", "*"), object{"ForAnyValue:StringEquals": object{"kms:ResourceAliases": "alias/app"}, "StringEquals": object{"aws:ResourceAccount": "381492153064"}}))
	P("kms alias of anybody's", w(al("kms:Decrypt", "*"), object{"ForAnyValue:StringEquals": object{"kms:ResourceAliases": "alias/app"}}))
	A("tag on everything", w(al("ec2:StopInstances", "*"), object{"StringEquals": object{"aws:ResourceTag/team": "data"}}))
	P("role by tag", w(al("sts:AssumeRole", "*"), object{"StringEquals": object{"aws:ResourceTag/team": "data"}}))
	P("tags anything", w(al("ec2:CreateTags", "arn:aws:ec2:us-east-1:381492153064:instance/*"), object{"StringEquals": object{"aws:RequestTag/team": "data"}}))
	P("tags any key", w(al(list{"kms:CreateKey", "kms:TagResource"}, "*"), object{"StringEquals": object{"aws:RequestTag/team": "data"}}))
	P("opens any group", w(al("ec2:AuthorizeSecurityGroupIngress", "arn:aws:ec2:us-east-1:381492153064:security-group/*"), object{"StringEquals": object{"aws:RequestTag/team": "data"}}))
	P("in any network", w(al("ec2:CreateSubnet", "arn:aws:ec2:us-east-1:381492153064:vpc/*"), object{"StringEquals": object{"aws:RequestTag/team": "data"}}))
	A("rule", w(al("ec2:AuthorizeSecurityGroupIngress", "arn:aws:ec2:us-east-1:381492153064:security-group-rule/*"), object{"StringEquals": object{"aws:RequestTag/team": "data"}}))
	P("request tag ifexists", w(al("elasticfilesystem:CreateFileSystem", "*"), object{"StringEqualsIfExists": object{"aws:RequestTag/environment": "prod"}}))
	P("request tag null", w(al("elasticfilesystem:CreateFileSystem", "*"), object{"Null": object{"aws:RequestTag/environment": "false"}}))
	P("request tag forall 2", w(al("elasticfilesystem:CreateFileSystem", "*"), object{"ForAllValues:StringEquals": object{"aws:RequestTag/environment": "prod"}}))
	A("log group", al(list{"logs:CreateLogStream", "logs:PutLogEvents"}, "arn:aws:logs:*:381492153064:log-group:/aws/lambda/app-*:*"))
	A("deny", object{"Effect": "Deny", "NotAction": "sts:*", "Resource": "*"})
	A("eni of lambda", al(list{"ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets"}, "*"))
	A("pass one", al("iam:PassRole", "arn:aws:iam::381492153064:role/app"), al("ecs:RunTask", "arn:aws:ecs:us-east-1:381492153064:task-definition/app:*"))
	A("pass tied", w(al("iam:PassRole", "arn:aws:iam::381492153064:role/app-*"), object{"StringEquals": object{"iam:PassedToService": "ecs-tasks.amazonaws.com"}}), al("ecs:RunTask", "arn:aws:ecs:us-east-1:381492153064:task-definition/app:*"))
	A("xray", al(list{"xray:PutTraceSegments", "cloudwatch:PutMetricData"}, "*"))
	A("one lb", al("elasticloadbalancing:ModifyListener", "arn:aws:elasticloadbalancing:us-east-1:381492153064:listener/app/web/*"))
	A("api", al("execute-api:Invoke", "arn:aws:execute-api:us-east-1:381492153064:abc123/prod/GET/*"))
	k.good("G", "viewonly", "aws:iam/rolePolicyAttachment:RolePolicyAttachment", object{"role": "r", "policyArn": "arn:aws:iam::aws:policy/job-function/ViewOnlyAccess"})
	k.good("G", "audit", "aws:iam/rolePolicyAttachment:RolePolicyAttachment", object{"role": "r", "policyArn": "arn:aws:iam::aws:policy/SecurityAudit"})
	k.good("G", "xray", "aws:iam/rolePolicyAttachment:RolePolicyAttachment", object{"role": "r", "policyArn": "arn:aws:iam::aws:policy/AWSXRayDaemonWriteAccess"})
	k.good("G", "vpc lambda", "aws:iam/rolePolicyAttachment:RolePolicyAttachment", object{"role": "r", "policyArn": "arn:aws:iam::aws:policy/service-role/AWSLambdaVPCAccessExecutionRole"})
	k.good("G", "own", "aws:iam/rolePolicyAttachment:RolePolicyAttachment", object{"role": "r", "policyArn": "arn:aws:iam::381492153064:policy/app"})
}
