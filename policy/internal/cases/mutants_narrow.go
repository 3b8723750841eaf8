package cases

// narrowMutants have conditions that are there and narrow nothing, and wildcards
// in the part of a principal or resource that identifies.
func narrowMutants() []Mutant {
	const open, own = "no-open-principal", "arn:aws:iam::381492153064:"
	quick := func(m Mutant) Mutant {
		m.Quick = true
		return m
	}
	publish := object{"Effect": "Allow", "Principal": "*", "Action": "sns:Publish", "Resource": "arn:aws:sns:us-east-1:381492153064:t"}
	topic := func(title, says string, condition object) Mutant {
		return mutant(open, title, trust(), "topic", says, set("topic", "policy", policy(merge(publish, object{"Condition": condition}))))
	}
	like := func(key string, value any) object { return object{"StringLike": object{key: value}} }
	var mutants []Mutant
	for _, wild := range []struct {
		key   string
		value any
	}{
		{"aws:PrincipalArn", "arn:aws:iam::*:role/deploy"}, {"aws:PrincipalArn", "arn:aws:iam::3814*:role/deploy"}, {"aws:PrincipalArn", "*:role/deploy"},
		{"aws:PrincipalAccount", "3814*"}, {"aws:PrincipalAccount", "????????????"}, {"aws:SourceAccount", list{account, "*2"}}, {"aws:PrincipalOrgID", "o-*"},
		{"aws:PrincipalOrgPaths", "*/r-ab12/*"}, {"aws:PrincipalOrgPaths", "o-*/r-ab12/*"}, {"aws:SourceArn", "arn:aws:s3:::pathwai-*"}, {"aws:SourceArn", "arn:aws:events:us-east-1:*:rule/nightly"},
		{"aws:SourceVpc", "vpc-*"}, {"aws:SourceVpce", "vpce-0?"}, {"aws:userid", "*:session"}, {"kms:CallerAccount", "*"},
	} {
		mutants = append(mutants, quick(topic("condition on "+wild.key+" "+text(wild.value), wild.key+" ", like(wild.key, wild.value))))
	}
	federated := func(title, issuer, says string, condition object) Mutant {
		return mutant(open, title, trust(), "federated", says, set("federated", "assumeRolePolicy", policy(object{
			"Effect": "Allow", "Principal": object{"Federated": own + "oidc-provider/" + issuer}, "Action": "sts:AssumeRoleWithWebIdentity", "Condition": condition,
		})))
	}
	const github, eks = "token.actions.githubusercontent.com", "oidc.eks.us-east-1.amazonaws.com/id/ABCDEF0123456789"
	audience := object{"StringEquals": object{github + ":aud": "sts.amazonaws.com"}}
	for _, subject := range []string{"repo:pathwai/*", "repo:*", "repo:pathwai/airflow*", "repo:pathwai/airflow:*", "repo:*/airflow:ref:refs/heads/main", "repo:pathwai/airflow:ref:refs/heads/*", "repo:pathwai/airflow:environment:*", "*"} {
		mutants = append(mutants, quick(federated("GitHub, "+subject, github, github+":sub "+subject+" isn't repo:OWNER/REPOSITORY", like(github+":sub", subject))))
	}
	mutants = append(mutants,
		topic("condition names the account of anybody", "aws:PrincipalArn arn:aws:iam::*:role/deploy isn't literal where it identifies", like("aws:PrincipalArn", "arn:aws:iam::*:role/deploy")),
		topic("condition about the time", "aws:CurrentTime doesn't say who that is", object{"DateLessThan": object{"aws:CurrentTime": "2030-01-01T00:00:00Z"}}),
		topic("condition about a tag of anybody's", "aws:PrincipalTag/team doesn't say who that is", object{"StringEquals": object{"aws:PrincipalTag/team": "data"}}),
		topic("condition that may be missing, named", "aws:PrincipalAccount with StringEqualsIfExists lets a request without that key pass", object{"StringEqualsIfExists": object{"aws:PrincipalAccount": account}}),
		federated("GitHub, audience alone", github, "no condition on "+github+":sub, and :aud sts.amazonaws.com is what the caller chooses", audience),
		federated("GitHub, every repository", github, "isn't repo:OWNER/REPOSITORY", like(github+":sub", "repo:pathwai/*")),
		federated("EKS, audience alone", eks, "no condition on "+eks+":sub", object{"StringEquals": object{eks + ":aud": "sts.amazonaws.com"}}),
		federated("EKS, every service account", eks, "isn't system:serviceaccount", like(eks+":sub", "system:serviceaccount:*:*")),
		federated("GitLab, every project", "gitlab.com", "isn't project_path", like("gitlab.com:sub", "project_path:pathwai/*:ref_type:branch:ref:main")),
		federated("Cognito, every pool", "cognito-identity.amazonaws.com", "isn't literal", like("cognito-identity.amazonaws.com:aud", "*")),
		mutant(open, "trust in a role of every account", role(), "inline", "admits Principal arn:aws:iam::*:role/x", set("inline", "assumeRolePolicy", policy(object{"Effect": "Allow", "Principal": object{"AWS": "arn:aws:iam::*:role/x"}, "Action": "sts:AssumeRole"}))),
		mutant(open, "function, source of any account", trust(), "permission", "sourceArn arn:aws:s3:::* isn't literal", unset("permission", "sourceAccount"), set("permission", "sourceArn", "arn:aws:s3:::*")),
		mutant("service-principal-scoped", "function for a service, whomever it acts for", trust(), "permission", "it admits s3.amazonaws.com whomever it acts for", unset("permission", "sourceAccount"), set("permission", "principal", "s3.amazonaws.com")),
		mutant("service-principal-scoped", "queue, source of any account", trust(), "queue", "aws:SourceArn arn:aws:sns:*:*:t isn't literal", set("queue", "policy", policy(object{
			"Effect": "Allow", "Principal": object{"Service": "sns.amazonaws.com"}, "Action": "sqs:SendMessage", "Resource": "*", "Condition": object{"ArnLike": object{"aws:SourceArn": "arn:aws:sns:*:*:t"}}}))),
		alone(mutant("endpoint-policy", "an account of anybody's", Group{endpoint("extra", "athena", "Interface")}, "extra", "aws:PrincipalAccount 38* isn't literal", set("extra", "policy", policy(object{
			"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*", "Condition": like("aws:PrincipalAccount", "38*")})))), // of its provider's account, another rule would speak
		mutant("endpoint-policy-declared", "beside the endpoint, without a document", Group{endpoint("extra", "athena", "Interface"), res("aws:ec2/vpcEndpointPolicy:VpcEndpointPolicy", "beside", object{"vpcEndpointId": Ref{"extra", "id"}})}, "beside", "policy is not set"),
	)
	untrusted := alone(mutant(open, "an account that isn't trusted", trust(), "repository", "admits account 222222222222, which isn't one of the pack's trustedAccounts",
		set("repository", "policy", policy(object{"Effect": "Allow", "Principal": object{"AWS": "arn:aws:iam::222222222222:root"}, "Action": "ecr:BatchGetImage"}))))
	untrusted.Config = object{"pack-settings": object{"trustedAccounts": list{account}}}
	stranger := alone(mutant(open, "an organization that isn't trusted", trust(), "topic", "admits organization o-bbbbbbbbbb",
		set("topic", "policy", policy(merge(publish, object{"Condition": object{"StringEquals": object{"aws:PrincipalOrgID": "o-bbbbbbbbbb"}}})))))
	stranger.Config = object{"pack-settings": object{"trustedOrganizations": list{"o-aaaaaaaaaa"}}}
	return append(mutants, untrusted, stranger)
}

// wideMutants have permissions that add up, or lead to other accounts.
func wideMutants() []Mutant {
	const resource, admin, escalation = "no-wildcard-resource", "no-admin-policy", "no-escalation"
	doc := func(statements ...any) edit { return set("role-policy", "policy", policy(statements...)) }
	allow := func(action, arn any) object { return object{"Effect": "Allow", "Action": action, "Resource": arn} }
	tied := func(statement object, operator, key, value string) object {
		return merge(statement, object{"Condition": object{operator: object{key: value}}})
	}
	const roles, one = "arn:aws:iam::381492153064:role/pathwai-*", "arn:aws:iam::381492153064:role/pathwai-worker"
	mutants := []Mutant{
		mutant(resource, "a role of every account", role(), "role-policy", "in every account", doc(allow("sts:AssumeRole", "arn:aws:iam::*:role/reader"))),
		mutant(resource, "a queue of every account", role(), "role-policy", "in every account", doc(allow("sqs:SendMessage", "arn:aws:sqs:us-east-1:*:jobs"))),
		mutant(resource, "a secret of some account", role(), "role-policy", "in every account", doc(allow("secretsmanager:GetSecretValue", "arn:aws:secretsmanager:us-east-1:38149215306?:secret:db"))),
		mutant(resource, "an alias of anybody's", role(), "role-policy", "kms:ResourceAliases alias/* isn't literal", doc(tied(allow("kms:Decrypt", "arn:aws:kms:us-east-1:381492153064:key/*"), "StringLike", "kms:ResourceAliases", "alias/*"))),
		mutant(resource, "a tag of any value", role(), "role-policy", "isn't literal", doc(tied(allow("ec2:TerminateInstances", "arn:aws:ec2:us-east-1:381492153064:instance/*"), "StringLike", "ec2:ResourceTag/Name", "*"))),
		mutant(resource, "a wildcard beside what can't be scoped", role(), "role-policy", "allows ec2:TerminateInstances on *", doc(allow(list{"ec2:DescribeInstances", "ec2:TerminateInstances"}, "*"))),
		mutant(escalation, "policies for roles", role(), "role-policy", "iam:PutRolePolicy without a permissions boundary", doc(allow("iam:PutRolePolicy", one))),
		mutant(escalation, "versions of a policy", role(), "policy", "iam:CreatePolicyVersion", set("policy", "policy", policy(allow("iam:CreatePolicyVersion", "arn:aws:iam::381492153064:policy/own")))),
		mutant(escalation, "passes and runs", role(), "role-policy", "together with ecs:RunTask", doc(allow("iam:PassRole", roles), allow("ecs:RunTask", "arn:aws:ecs:us-east-1:381492153064:task-definition/pathwai-worker:*"))),
		mutant(escalation, "passes in one policy, runs in another", append(role(),
			roleOf("two"),
			res("aws:iam/rolePolicy:RolePolicy", "runs", object{"role": Ref{"two", "id"}, "policy": policy(allow("lambda:CreateFunction", "arn:aws:lambda:us-east-1:381492153064:function:pathwai-x"))}),
			res("aws:iam/rolePolicy:RolePolicy", "passes", object{"role": Ref{"two", "id"}, "policy": policy(allow("iam:PassRole", roles))}),
		), "passes", "together with lambda:CreateFunction"),
	}
	for _, arn := range []string{
		"arn:aws:iam::aws:policy/ReadOnlyAccess", "arn:aws:iam::aws:policy/SecretsManagerReadWrite", "arn:aws:iam::aws:policy/service-role/AmazonElasticMapReduceforEC2Role",
		"arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryPowerUser", "arn:aws:iam::aws:policy/AWSLambda_FullAccess", "arn:aws-us-gov:iam::aws:policy/AdministratorAccess",
	} {
		mutants = append(mutants, mutant(admin, arn, role(), "attachment", arn, set("attachment", "policyArn", arn)))
	}
	const everything = "arn:aws:iam::aws:policy/AdministratorAccess"
	return append(mutants,
		mutant(admin, "exclusive, of a user", onlyOne("aws:iam/userPolicyAttachmentsExclusive:UserPolicyAttachmentsExclusive", object{"userName": "u", "policyArns": list{everything}}), "it", everything),
		mutant(admin, "exclusive, of a group", onlyOne("aws:iam/groupPolicyAttachmentsExclusive:GroupPolicyAttachmentsExclusive", object{"groupName": "g", "policyArns": list{everything}}), "it", everything),
		mutant(admin, "exclusive, of a role", onlyOne("aws:iam/rolePolicyAttachmentsExclusive:RolePolicyAttachmentsExclusive", object{"roleName": "r", "policyArns": list{everything}}), "it", everything),
		mutant(admin, "permission set", onlyOne("aws:ssoadmin/managedPolicyAttachment:ManagedPolicyAttachment", object{"instanceArn": "i", "permissionSetArn": "p", "managedPolicyArn": everything}), "it", everything),
		mutant("no-wildcard-action", "permission set's own policy", onlyOne("aws:ssoadmin/permissionSetInlinePolicy:PermissionSetInlinePolicy", object{"instanceArn": "i", "permissionSetArn": "p", "inlinePolicy": policy(allow("s3:*", "arn:aws:s3:::b/*"))}), "it", "allows s3:*"),
	)
}
