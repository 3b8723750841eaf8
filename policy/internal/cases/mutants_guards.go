package cases

func guardMutants() []Mutant {
	const config = "configuration.executeCommandConfiguration"
	root := func(title, says string, user any) Mutant {
		return mutant("no-root-container", title, service(), "worker", says, set("worker", "containerDefinitions", text(list{merge(containerDefinition(), object{"user": user})})))
	}
	point := func(title, path string, value any, says string) Mutant {
		return mutant("access-point-bound", title, files(), "point", says, change("point", path, value))
	}
	exec := func(title, path string, value any, says string) Mutant {
		return mutant("exec-logged", title, service(), "cluster", says, change("cluster", config+path, value))
	}
	repository := func(title, path string, value any, says string) Mutant {
		return mutant("repository-guarded", title, stores(), "repository", says, change("repository", path, value))
	}
	balancer := func(title, path string, value any, says string) Mutant {
		return mutant("load-balancer-strict-http", title, loadBalancer(), "lb", says, change("lb", path, value))
	}
	admits := func(title string, group Group, name, path string, statement object) Mutant {
		return mutant("service-principal-scoped", title, group, name, "whomever it acts for", set(name, path, policy(statement)))
	}
	tasks := object{"Effect": "Allow", "Principal": object{"Service": list{"ecs-tasks.amazonaws.com"}}, "Action": "sts:AssumeRole"}
	publish := object{"Effect": "Allow", "Principal": object{"Service": "cloudwatch.amazonaws.com"}, "Action": "sns:Publish", "Resource": "*"}
	own := func(rule, title string, name string, statement object) Mutant {
		return mutant(rule, title, trust(), name, "", set(name, "policy", policy(statement)))
	}
	kept := protected(mutant("deletion-protection", "bucket with its objects", bucket(), "bucket", "forceDestroy is true", set("bucket", "forceDestroy", true)))
	return []Mutant{
		root("no user", "names no user", ""), root("root by number", "runs as root", "0"), root("root by name", "runs as root", "root:root"),
		point("root", "posixUser.uid", 0, "root"), point("no user", "posixUser", nil, "posixUser is not set"), point("unknown user", "posixUser.uid", Unknown{}, "is not known"),
		point("the whole file system", "rootDirectory.path", "/", "all of the file system"), point("no folder", "rootDirectory", nil, "is not set"),
		point("unknown folder", "rootDirectory.path", Unknown{}, "is not known"),
		mutant("flow-log-declared", "left out", network(), "vpc", "no flow log", drop("flow")),
		mutant("access-logged", "load balancer, off", loadBalancer(), "lb", "accessLogs.enabled is false", set("lb", "accessLogs.enabled", false)),
		mutant("access-logged", "load balancer, left out", loadBalancer(), "lb", "accessLogs.enabled is not set", unset("lb", "accessLogs")),
		mutant("access-logged", "database", database(), "database", "enabledCloudwatchLogsExports is not set", unset("database", "enabledCloudwatchLogsExports")),
		mutant("access-logged", "cluster, none", cluster(), "cluster", "enabledCloudwatchLogsExports is not set", set("cluster", "enabledCloudwatchLogsExports", list{})),
		mutant("no-public-subnet", "IPv6", network(), "subnet", "assignIpv6AddressOnCreation is true", set("subnet", "assignIpv6AddressOnCreation", true)),
		mutant("efs-policy-tls", "of another resource", files(), "policy", "no statement denies", set("policy", "policy", policy(object{"Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "arn:aws:s3:::nothing", "Condition": object{"Bool": object{"aws:SecureTransport": "false"}}}))),
		exec("not logged", ".logging", "NONE", `"NONE", not OVERRIDE`), exec("logging unknown", ".logging", Unknown{}, "is not known"),
		exec("no key", ".kmsKeyId", nil, "kmsKeyId is not set"), exec("AWS's key", ".kmsKeyId", "alias/aws/ecs", "a key that AWS manages"),
		exec("plain log", ".logConfiguration.cloudWatchEncryptionEnabled", false, "encrypts nothing"),
		exec("by default", "", nil, "not OVERRIDE"),
		repository("tags move", "imageTagMutability", "MUTABLE", `"MUTABLE", not IMMUTABLE`), repository("by default", "imageTagMutability", nil, "not IMMUTABLE"),
		repository("unknown", "imageTagMutability", Unknown{}, "is not known"),
		mutant("repository-scanned", "off", stores(), "repository", "scanOnPush is false", set("repository", "imageScanningConfiguration.scanOnPush", false)),
		mutant("repository-scanned", "by default", stores(), "repository", "scanOnPush is not set", unset("repository", "imageScanningConfiguration")),
		balancer("bad headers", "dropInvalidHeaderFields", false, "is false"), balancer("bad headers by default", "dropInvalidHeaderFields", nil, "is not set"),
		balancer("desync", "desyncMitigationMode", "monitor", "is monitor"), balancer("desync unknown", "desyncMitigationMode", Unknown{}, "is not known"),
		balancer("unknown kind", "loadBalancerType", Unknown{}, "is not known"),
		admits("trust policy", service(), "worker-task", "assumeRolePolicy", tasks),
		admits("queue", trust(), "queue", "policy", object{"Effect": "Allow", "Principal": object{"Service": "events.amazonaws.com"}, "Action": "sqs:SendMessage", "Resource": "*"}),
		admits("topic", trust(), "topic", "policy", publish),
		admits("EventBridge's trust policy", service(), "worker-task", "assumeRolePolicy", merge(tasks, object{"Principal": object{"Service": "events.amazonaws.com"}})),
		admits("topic, for any account", trust(), "topic", "policy", merge(publish, object{"Condition": object{"StringLike": object{"aws:SourceAccount": "*"}}})),
		own("no-wildcard-action", "topic policy", "topic", merge(publish, object{"Action": "sns:*", "Condition": ownAccount})),
		own("no-wildcard-action", "repository policy, all but some", "repository", object{"Effect": "Allow", "Principal": object{"AWS": "arn:aws:iam::381492153064:root"}, "NotAction": "ecr:DeleteRepository"}),
		mutant("bucket-no-public-acl", "ACLs switched on", bucket(), "ownership", "brings ACLs back", set("ownership", "rule.objectOwnership", "ObjectWriter")),
		mutant("bucket-no-public-acl", "ownership unknown", bucket(), "ownership", "is not known", set("ownership", "rule.objectOwnership", Unknown{})),
		mutant("no-public-entry", "public zone", privateDoors(), "zone", "the zone is public", unset("zone", "vpcs")),
		kept,
		protected(mutant("deletion-protection", "repository with its images", stores(), "repository", "forceDelete is true", set("repository", "forceDelete", true), ownProtection)),
		protected(mutant("deletion-protection", "secret at once", stores(), "secret", "recoveryWindowInDays is 0", set("secret", "recoveryWindowInDays", 0), ownProtection)),
	}
}

// change sets a property, or leaves it out.
func change(name, path string, value any) edit {
	if value == nil {
		return unset(name, path)
	}
	return set(name, path, value)
}

// ownProtection protects what else is in stores.
func ownProtection(g Group) Group {
	for _, name := range []string{"documents", "graph"} {
		g.Find(name).Props["deletionProtection"] = true
	}
	return g
}
