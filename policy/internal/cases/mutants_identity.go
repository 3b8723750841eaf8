package cases

func permissionMutants() []Mutant {
	doc := func(more object) string {
		return policy(merge(object{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*"}, more))
	}
	at := func(rule, title, says string, more object) Mutant {
		return mutant(rule, title, role(), "role-policy", says, set("role-policy", "policy", doc(more)))
	}
	const action, resource = "no-wildcard-action", "no-wildcard-resource"
	mutants := []Mutant{
		at(action, "every action", "allows *.", object{"Action": "*"}),
		at(action, "every action of a service", "allows s3:*.", object{"Action": "s3:*"}),
		at(action, "every reading action", "allows s3:Get*.", object{"Action": list{"s3:ListBucket", "s3:Get*"}}),
		withoutAction(at(action, "all but some", "NotAction", object{"NotAction": "iam:*"})),
		at(resource, "every resource", "on *.", object{"Resource": "*"}),
		at(resource, "every bucket", "on arn:aws:s3:::*.", object{"Resource": "arn:aws:s3:::*"}),
		at(resource, "every secret", "without a condition", object{"Action": "secretsmanager:GetSecretValue", "Resource": "arn:aws:secretsmanager:us-east-1:381492153064:secret:*"}),
		at(resource, "every key", "without a condition", object{"Action": "kms:Decrypt", "Resource": "arn:aws:kms:us-east-1:381492153064:key/*"}),
		at(resource, "every key, condition without effect", "without a condition", object{"Action": "kms:Decrypt", "Resource": "arn:aws:kms:us-east-1:381492153064:key/*", "Condition": object{"StringLike": object{"kms:ViaService": "*"}}}),
		at(resource, "every key, condition that may be missing", "without a condition", object{"Action": "kms:Decrypt", "Resource": "arn:aws:kms:us-east-1:381492153064:key/*", "Condition": object{"StringEqualsIfExists": object{"kms:ViaService": "s3.us-east-1.amazonaws.com"}}}),
		at(resource, "an action that needs * and one that doesn't", "on *.", object{"Action": list{"ecr:GetAuthorizationToken", "ecr:BatchGetImage"}, "Resource": "*"}),
		withoutResource(at(resource, "all but some", "NotResource", object{"NotResource": "arn:aws:s3:::b/*"})),
		mutant(action, "managed policy as a map", role(), "policy", "allows s3:*", set("policy", "policy", object{"Statement": list{object{"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::b/*"}}})),
		mutant(action, "inline policy", role(), "inline", "allows s3:*", set("inline", "inlinePolicies.0.policy", doc(object{"Action": "s3:*"}))),
		mutant(resource, "a lone statement", role(), "role-policy", "on *.", set("role-policy", "policy", text(object{"Statement": object{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}}))),
		withAlso(mutant(action, "not JSON", role(), "role-policy", "not a policy document", set("role-policy", "policy", "all of it")), "no-wildcard-resource role-policy"),
		mutant(action, "secret document", role(), "role-policy", "allows s3:*", set("role-policy", "policy", Secret{doc(object{"Action": "s3:*"})})),
		mutant("no-static-credentials", "access key", one("aws:iam/accessKey:AccessKey", "it", object{"user": "u"}), "it", "a static credential"),
	}
	for _, arn := range []string{
		"arn:aws:iam::aws:policy/AdministratorAccess", "arn:aws:iam::aws:policy/AmazonS3FullAccess", "arn:aws:iam::aws:policy/PowerUserAccess",
		"arn:aws:iam::aws:policy/job-function/SystemAdministrator",
	} {
		mutants = append(mutants, mutant("no-admin-policy", arn, role(), "attachment", arn, set("attachment", "policyArn", arn)))
	}
	return append(mutants,
		mutant("no-admin-policy", "on the role", role(), "inline", "AdministratorAccess", set("inline", "managedPolicyArns", list{"arn:aws:iam::aws:policy/AdministratorAccess"})))
}

func withoutAction(m Mutant) Mutant {
	m.Group.Find(m.At).Props["policy"] = policy(object{"Effect": "Allow", "NotAction": "iam:*", "Resource": "arn:aws:s3:::b/*"})
	return m
}

func withoutResource(m Mutant) Mutant {
	m.Group.Find(m.At).Props["policy"] = policy(object{"Effect": "Allow", "Action": "s3:GetObject", "NotResource": "arn:aws:s3:::b/*"})
	return m
}

func principalMutants() []Mutant {
	open := object{"Effect": "Allow", "Principal": "*", "Action": "sns:Publish", "Resource": "arn:aws:sns:us-east-1:381492153064:t"}
	topic := func(title string, more object) Mutant {
		return mutant("no-open-principal", title, trust(), "topic", "Principal *", set("topic", "policy", policy(merge(open, more))))
	}
	condition := func(operator, key string, value any) object {
		return object{"Condition": object{operator: object{key: value}}}
	}
	own := "aws:PrincipalAccount"
	endpointWith := func(title, says string, statement object) Mutant {
		return mutant("endpoint-policy", title, Group{endpoint("extra", "athena", "Interface")}, "extra", says, set("extra", "policy", policy(statement)))
	}
	trustAnyone := policy(object{"Effect": "Allow", "Principal": object{"AWS": "*"}, "Action": "sts:AssumeRole"})
	return []Mutant{
		topic("anybody", object{}),
		topic("anybody, as a map", object{"Principal": object{"AWS": list{"arn:aws:iam::381492153064:root", "*"}}}),
		topic("a condition that says nothing of callers", condition("Bool", "aws:SecureTransport", "true")),
		topic("a condition that may be missing", condition("StringEqualsIfExists", own, account)),
		topic("a condition that excludes", condition("StringNotEquals", own, "1")),
		topic("a condition that holds for all", condition("StringLike", own, "*")),
		topic("a condition that an empty request meets", condition("ForAllValues:StringEquals", own, account)),
		mutant("no-open-principal", "everybody but some", trust(), "topic", "NotPrincipal", set("topic", "policy", policy(object{"Effect": "Allow", "NotPrincipal": object{"AWS": "arn:aws:iam::1:root"}, "Action": "sns:Publish", "Resource": "*"}))),
		mutant("no-open-principal", "trust policy", role(), "inline", "Principal *", set("inline", "assumeRolePolicy", trustAnyone)),
		mutant("no-open-principal", "identity provider without a condition", trust(), "federated", "no condition", set("federated", "assumeRolePolicy", policy(object{"Effect": "Allow", "Principal": object{"Federated": "arn:aws:iam::381492153064:oidc-provider/x"}, "Action": "sts:AssumeRoleWithWebIdentity"}))),
		mutant("no-open-principal", "key", key(), "key", "Principal *", set("key", "policy", policy(object{"Effect": "Allow", "Principal": "*", "Action": "kms:Decrypt", "Resource": "*"}))),
		mutant("no-open-principal", "bucket", bucket(), "policy", "Principal *", set("policy", "policy", policy(denyPlaintext("s3"), object{"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "*"}))),
		mutant("no-open-principal", "file system without IAM", files(), "policy", "Principal *", set("policy", "policy", policy(denyPlaintext("elasticfilesystem"), object{"Effect": "Allow", "Principal": "*", "Action": "elasticfilesystem:ClientMount", "Condition": object{"Bool": object{"elasticfilesystem:AccessedViaMountTarget": "true"}}}))),
		mutant("no-open-principal", "repository", trust(), "repository", "Principal *", set("repository", "policy", policy(object{"Effect": "Allow", "Principal": "*", "Action": "ecr:BatchGetImage"}))),
		mutant("no-open-principal", "function", trust(), "permission", "principal is *", unset("permission", "sourceAccount")),
		mutant("endpoint-policy-declared", "left out", Group{endpoint("extra", "athena", "Interface")}, "extra", "policy is not set", unset("extra", "policy")),
		endpointWith("AWS's default", "admits anybody to *", object{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}),
		endpointWith("one key may be missing", "admits anybody to *", object{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*", "Condition": object{"StringEqualsIfExists": object{"aws:ResourceAccount": account}}}),
		endpointWith("callers alone", "says who calls, and not whose * is: aws:ResourceAccount (or aws:ResourceOrgID) is missing", object{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*", "Condition": object{"StringEquals": object{own: account}}}),
		endpointWith("all but some", "NotResource", object{"Effect": "Allow", "Principal": "*", "Action": "*", "NotResource": "arn:aws:s3:::b/*"}),
	}
}

func containerMutants() []Mutant {
	with := func(rule, title, says string, more object) Mutant {
		return mutant(rule, title, service(), "worker", says, set("worker", "containerDefinitions", text(list{merge(containerDefinition(), more)})))
	}
	env := func(title, name, value, says string) Mutant {
		return with("no-plaintext-secret", title, says, object{"environment": list{object{"name": name, "value": value}}})
	}
	logs := func(title, says string, configuration any) Mutant {
		return with("container-logs-declared", title, says, object{"logConfiguration": configuration})
	}
	const definitions = "containerDefinitions"
	return []Mutant{
		env("password", "DB_PASSWORD", "x", "DB_PASSWORD is set in plain text"),
		env("Fernet key", "AIRFLOW__CORE__FERNET_KEY", "x", "FERNET_KEY is set"),
		env("token", "githubToken", "x", "githubToken is set"),
		env("secret", "AIRFLOW__API_AUTH__JWT_SECRET", "x", "JWT_SECRET is set"),
		env("URL with a password", "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN", "postgresql+psycopg2://airflow:pw@host/airflow", "holds a credential"),
		env("broker URL with a password", "BROKER", "rediss://:pw@host:6379/0", "holds a credential"),
		env("access key", "AWS_ACCOUNT", "AKIAABCDEFGHIJKLMNOP", "holds a credential"),
		with("no-plaintext-secret", "in the command", "an argument", object{"command": list{"migrate", "postgresql://a:b@host/db"}}),
		with("no-plaintext-secret", "in the log driver", "splunk-token is set", object{"logConfiguration": object{"logDriver": "splunk", "options": object{"splunk-token": "x"}}}),
		mutant("no-plaintext-secret", "a secret value in the document", service(), "worker", "a secret value went into", set("worker", definitions, Secret{text(list{containerDefinition()})})),
		mutant("no-plaintext-secret", "a secret value, unknown", lateDefinition(), "late", "a secret value went into", set("late", definitions, Secret{Ref{"version", "versionId"}})),
		mutant("no-plaintext-secret", "function", function(), "function", "API_TOKEN is set", set("function", "environment.variables.API_TOKEN", "x")),
		mutant("no-plaintext-secret", "function, secret value", function(), "function", "a secret value went into DSN", set("function", "environment.variables.DSN", Secret{"x"})),
		withAlso(mutant("no-plaintext-secret", "not JSON", service(), "worker", "cannot be read", set("worker", definitions, "[")), "container-logs-declared worker", "no-root-container worker"),
		with("no-privileged-container", "privileged", "is privileged", object{"privileged": true}),
		with("no-privileged-container", "capability", "gains SYS_ADMIN", object{"linuxParameters": object{"capabilities": object{"add": list{"SYS_ADMIN"}}}}),
		with("no-privileged-container", "device", "devices", object{"linuxParameters": object{"devices": list{object{"hostPath": "/dev/mem"}}}}),
		mutant("no-privileged-container", "host network", service(), "worker", "networkMode is host", set("worker", "networkMode", "host")),
		mutant("no-privileged-container", "host processes", service(), "worker", "pidMode is host", set("worker", "pidMode", "host")),
		mutant("no-privileged-container", "unknown network", service(), "worker", "networkMode is not known", set("worker", "networkMode", Unknown{})),
		logs("no logs", "has no logConfiguration", nil),
		logs("group made by the driver", "made by the driver", object{"logDriver": "awslogs", "options": object{"awslogs-group": "g", "awslogs-create-group": "true"}}),
		logs("no group", "names no awslogs-group", object{"logDriver": "awslogs", "options": object{}}),
		mutant("task-roles-apart", "shared task role", service(), "scheduler-task", "shared by", set("worker", "taskRoleArn", Ref{"scheduler-task", "arn"})),
		mutant("task-roles-apart", "shared execution role", service(), "scheduler-execution", "shared by", set("worker", "executionRoleArn", Ref{"scheduler-execution", "arn"})),
		mutant("task-roles-apart", "shared role, by its ARN", service(), "scheduler-task", "shared by", set("worker", "taskRoleArn", "arn:aws:iam::381492153064:role/ecs/"+prefix+"-scheduler-task")),
		mutant("task-roles-apart", "shared role of another stack", service(), "scheduler", "shared by",
			set("scheduler", "taskRoleArn", "arn:aws:iam::381492153064:role/everybody"), set("worker", "taskRoleArn", "arn:aws:iam::381492153064:role/everybody")),
		mutant("task-roles-apart", "unknown role", service(), "worker", "taskRoleArn is not known", set("worker", "taskRoleArn", Unknown{})),
		mutant("task-roles-apart", "one role for both", service(), "worker", "are one", set("worker", "executionRoleArn", Ref{"worker-task", "arn"})),
		withAlso(mutant("task-roles-apart", "two services of one definition", service(), "worker-task", "shared by", add(serviceOf("second-service", "worker"))), "task-roles-apart worker-execution"),
	}
}
