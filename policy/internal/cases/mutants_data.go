package cases

func restMutants() []Mutant {
	var mutants []Mutant
	// Whatever needs a key must not do without, nor take one that AWS manages.
	for _, k := range []struct {
		rule  string
		group func() Group
		name  string
		path  string
	}{
		{"database-encrypted", database, "database", "kmsKeyId"},
		{"database-encrypted", cluster, "cluster", "kmsKeyId"},
		{"database-encrypted", stores, "documents", "kmsKeyId"},
		{"database-encrypted", stores, "graph", "kmsKeyArn"},
		{"database-encrypted", stores, "warehouse", "kmsKeyId"},
		{"database-encrypted", stores, "namespace", "kmsKeyId"},
		{"database-encrypted", stores, "table", "serverSideEncryption.kmsKeyArn"},
		{"performance-insights-encrypted", database, "database", "performanceInsightsKmsKeyId"},
		{"cache-encrypted", cache, "cache", "kmsKeyId"},
		{"cache-encrypted", stores, "serverless", "kmsKeyId"},
		{"cache-encrypted", stores, "memory", "kmsKeyArn"},
		{"cache-encrypted", stores, "mq", "encryptionOptions.kmsKeyId"},
		{"file-system-encrypted", files, "files", "kmsKeyId"},
		{"file-system-encrypted", stores, "volume", "kmsKeyId"},
		{"log-group-encrypted", stores, "logs", "kmsKeyId"},
		{"secret-encrypted", stores, "secret", "kmsKeyId"},
		{"secret-encrypted", stores, "secure", "keyId"},
		{"repository-encrypted", stores, "repository", "encryptionConfigurations.0.kmsKey"},
		{"queue-encrypted", stores, "topic", "kmsMasterKeyId"},
		{"queue-encrypted", stores, "queue", "kmsMasterKeyId"},
		{"queue-encrypted", stores, "stream", "kmsKeyId"},
		{"queue-encrypted", stores, "vault", "kmsKeyArn"},
		{"queue-encrypted", stores, "trail", "kmsKeyId"},
		{"queue-encrypted", stores, "kafka", "encryptionInfo.encryptionAtRestKmsKeyArn"},
		{"queue-encrypted", stores, "search", "encryptAtRest.kmsKeyId"},
	} {
		mutants = append(mutants,
			mutant(k.rule, k.name+" without a key", k.group(), k.name, " is not set", unset(k.name, k.path)),
			mutant(k.rule, k.name+" under AWS's key", k.group(), k.name, "a key that AWS manages", set(k.name, k.path, "alias/aws/some")))
	}
	for _, f := range []struct {
		rule  string
		group func() Group
		name  string
		path  string
	}{
		{"database-encrypted", database, "database", "storageEncrypted"},
		{"database-encrypted", cluster, "cluster", "storageEncrypted"},
		{"database-encrypted", stores, "table", "serverSideEncryption.enabled"},
		{"cache-encrypted", cache, "cache", "atRestEncryptionEnabled"},
		{"cache-tls", cache, "cache", "transitEncryptionEnabled"},
		{"file-system-encrypted", files, "files", "encrypted"},
		{"queue-encrypted", stores, "search", "encryptAtRest.enabled"},
		{"key-rotates", key, "key", "enableKeyRotation"},
	} {
		mutants = append(mutants, off(f.rule, f.group, f.name, f.path)...)
	}
	return append(mutants,
		mutant("cache-encrypted", "lone cache cluster", stores(), "member", "cannot be encrypted", unset("member", "replicationGroupId")),
		mutant("performance-insights-encrypted", "unknown", database(), "database", "is not known", set("database", "performanceInsightsEnabled", Unknown{})),
		mutant("secret-encrypted", "secret in a plain parameter", stores(), "plain", "what is called db-password is kept in a plain String parameter", set("plain", "name", "/app/db-password"), set("plain", "value", Secret{"x"})),
		mutant("secret-encrypted", "secret that isn't known in a plain parameter", stores(), "plain", "a plain String parameter", set("plain", "name", "/app/api_token"), set("plain", "value", Secret{Unknown{}})),
		mutant("secret-encrypted", "secret in the insecure field", stores(), "plain", "insecureValue: what is called password", set("plain", "name", "/app/password"), unset("plain", "value"), set("plain", "insecureValue", "hunter2")),
		mutant("secret-encrypted", "token in the insecure field", stores(), "plain", "insecureValue: a credential", unset("plain", "value"), set("plain", "insecureValue", "ghp_0123456789abcdefghijklmnopqrstuvwxyz")),
		mutant("secret-encrypted", "connection in a plain parameter", stores(), "plain", "value: a credential", set("plain", "value", Secret{`{"conn_type": "postgres", "password": "hunter2"}`})),
		mutant("secret-encrypted", "unknown kind of parameter", stores(), "secure", "type is not known", set("secure", "type", Unknown{})),
		mutant("repository-encrypted", "AES256", stores(), "repository", `"AES256", not KMS`, set("repository", "encryptionConfigurations.0.encryptionType", "AES256")),
		mutant("repository-encrypted", "by default", stores(), "repository", "is not set", unset("repository", "encryptionConfigurations")),
		mutant("repository-encrypted", "unknown", stores(), "repository", "is not known", set("repository", "encryptionConfigurations", Unknown{})),
		mutant("key-rotates", "unknown kind of key", key(), "signing", "keyUsage is not known", set("signing", "keyUsage", Unknown{}), unset("signing", "customerMasterKeySpec")),
	)
}

// off switches a flag off in the three ways there are.
func off(rule string, group func() Group, name, path string) []Mutant {
	return []Mutant{
		mutant(rule, path+" off on "+name, group(), name, path+" is false", set(name, path, false)),
		mutant(rule, path+" left out on "+name, group(), name, path+" is not set", unset(name, path)),
		mutant(rule, path+" unknown on "+name, group(), name, path+" is not known", set(name, path, Unknown{})),
	}
}

func bucketMutants() []Mutant {
	const byDefault = "rules.0.applyServerSideEncryptionByDefault."
	mutants := []Mutant{
		mutant("bucket-encrypted", "not declared", bucket(), "bucket", "no default encryption", drop("encryption")),
		mutant("bucket-encrypted", "AES256", bucket(), "encryption", `"AES256", not aws:kms`, set("encryption", byDefault+"sseAlgorithm", "AES256")),
		mutant("bucket-encrypted", "AES256 without a load balancer", accessLogs(), "encryption", `"AES256", not aws:kms`, set("lb", "accessLogs.bucket", "another")),
		mutant("bucket-encrypted", "no key", bucket(), "encryption", "kmsMasterKeyId is not set", unset("encryption", byDefault+"kmsMasterKeyId")),
		mutant("bucket-encrypted", "AWS's key", bucket(), "encryption", "a key that AWS manages", set("encryption", byDefault+"kmsMasterKeyId", "alias/aws/s3")),
		mutant("bucket-encrypted", "unknown", bucket(), "encryption", "sseAlgorithm is not known", set("encryption", byDefault+"sseAlgorithm", Unknown{})),
		mutant("bucket-encrypted", "inline, AES256", inlineBucket(), "bucket", `"AES256", not aws:kms`, set("bucket", "serverSideEncryptionConfiguration.rule.applyServerSideEncryptionByDefault.sseAlgorithm", "AES256")),
		mutant("bucket-access-block-declared", "left out", bucket(), "bucket", "no public access block", drop("block")),
		mutant("bucket-access-block-declared", "on another bucket", bucket(), "bucket", "no public access block", set("block", "bucket", "another")),
		mutant("bucket-no-public-acl", "public-read", inlineBucket(), "bucket", `"public-read"`, set("bucket", "acl", "public-read")),
		mutant("bucket-no-public-acl", "standalone", one("aws:s3/bucketAclV2:BucketAclV2", "it", object{"bucket": "b", "acl": "public-read-write"}), "it", `"public-read-write"`),
		mutant("bucket-no-public-acl", "grant to all users", one("aws:s3/bucketAclV2:BucketAclV2", "it", object{"bucket": "b", "accessControlPolicy": object{"owner": object{"id": "x"}, "grants": list{object{"permission": "READ", "grantee": object{"type": "Group", "uri": "http://acs.amazonaws.com/groups/global/AllUsers"}}}}}), "it", "AllUsers"),
		mutant("bucket-policy-declared", "left out", bucket(), "bucket", "no bucket policy", drop("policy")),
		mutant("bucket-policy-tls", "another deny", bucket(), "policy", "no statement denies", set("policy", "policy", policy(object{"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*", "Condition": object{"Bool": object{"aws:SecureTransport": "true"}}}))),
		mutant("bucket-policy-tls", "only for reads", bucket(), "policy", "no statement denies", set("policy", "policy", policy(merge(denyPlaintext("s3"), object{"Action": "s3:GetObject"})))),
		mutant("bucket-policy-tls", "only for one caller", bucket(), "policy", "no statement denies", set("policy", "policy", policy(merge(denyPlaintext("s3"), object{"Principal": object{"AWS": "arn:aws:iam::381492153064:root"}})))),
		mutant("bucket-policy-tls", "only the bucket, not its objects", bucket(), "policy", "no statement denies", set("policy", "policy", policy(merge(denyPlaintext("s3"), object{"Resource": "arn:aws:s3:::b"})))),
		mutant("bucket-policy-tls", "with a second condition", bucket(), "policy", "no statement denies", set("policy", "policy", policy(merge(denyPlaintext("s3"), object{"Condition": object{"Bool": object{"aws:SecureTransport": "false"}, "StringEquals": object{"aws:SourceVpc": "v"}}})))),
		withAlso(mutant("bucket-policy-tls", "not JSON", bucket(), "policy", "not a policy document", set("policy", "policy", "{")), "no-open-principal policy"),
		mutant("bucket-versioned", "suspended", bucket(), "versioning", `"Suspended"`, set("versioning", "versioningConfiguration.status", "Suspended")),
		mutant("bucket-versioned", "not declared", bucket(), "bucket", "is not declared", drop("versioning")),
		mutant("bucket-versioned", "inline, off", inlineBucket(), "bucket", "is not declared", set("bucket", "versioning.enabled", false)),
		mutant("bucket-versioned", "unknown", bucket(), "versioning", "is not known", set("versioning", "versioningConfiguration.status", Unknown{})),
	}
	for _, flag := range []string{"blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets"} {
		mutants = append(mutants, off("bucket-access-block", bucket, "block", flag)...)
	}
	return mutants
}

func transitMutants() []Mutant {
	listener := func(title, name, path string, value any, says string) Mutant {
		return mutant("listener-tls", title, loadBalancer(), name, says, set(name, path, value))
	}
	volume := "volumes.0.efsVolumeConfiguration."
	volumeOff := func(title, path, says string, value any) Mutant {
		return mutant("efs-volume-tls", title, service(), "worker", says, set("worker", volume+path, value))
	}
	parameters := "parameters.1."
	return []Mutant{
		mutant("cache-tls", "clients without TLS", cache(), "cache", "is preferred", set("cache", "transitEncryptionMode", "preferred")),
		mutant("cache-tls", "no password", cache(), "cache", "neither authToken", unset("cache", "authToken")),
		mutant("cache-tls", "MemoryDB", stores(), "memory", "tlsEnabled is false", set("memory", "tlsEnabled", false)),
		volumeOff("plain mount", "transitEncryption", `transitEncryption is "DISABLED"`, "DISABLED"),
		volumeOff("mount, unknown", "transitEncryption", "is not known", Unknown{}),
		volumeOff("mount without IAM", "authorizationConfig.iam", `iam is "DISABLED"`, "DISABLED"),
		mutant("efs-volume-tls", "mount by default", service(), "worker", `transitEncryption is ""`, unset("worker", volume+"transitEncryption")),
		mutant("efs-volume-tls", "mount without authorization", service(), "worker", `iam is ""`, unset("worker", volume+"authorizationConfig")),
		mutant("efs-policy-tls", "no deny", files(), "policy", "no statement denies", set("policy", "policy", policy(object{"Effect": "Allow", "Principal": object{"AWS": "arn:aws:iam::381492153064:root"}, "Action": "elasticfilesystem:ClientMount"}))),
		mutant("efs-policy-declared", "left out", files(), "files", "no file-system policy", drop("policy")),
		listener("plain HTTP", "https", "protocol", "HTTP", "doesn't redirect"),
		listener("TLS 1.0", "https", "sslPolicy", "ELBSecurityPolicy-2016-08", "older than 1.2"),
		listener("TLS 1.1", "https", "sslPolicy", "ELBSecurityPolicy-TLS13-1-1-2021-06", "older than 1.2"),
		listener("unknown policy", "https", "sslPolicy", Unknown{}, "sslPolicy is not known"),
		listener("unknown protocol", "https", "protocol", Unknown{}, "protocol is not known"),
		listener("TCP", "https", "protocol", "TCP", "cannot be seen"),
		listener("HTTP that forwards", "http", "defaultActions", list{object{"type": "forward"}}, "doesn't redirect"),
		listener("HTTP that redirects to HTTP", "http", "defaultActions.0.redirect.protocol", "HTTP", "doesn't redirect"),
		mutant("listener-tls", "policy by default", loadBalancer(), "https", "sslPolicy is not set", unset("https", "sslPolicy")),
		mutant("listener-tls", "classic", privateDoors(), "classic", "takes http", set("classic", "listeners.0.lbProtocol", "http")),
		mutant("database-parameters-tls", "Postgres", database(), "parameters", "rds.force_ssl", set("parameters", parameters+"value", "0")),
		mutant("database-parameters-tls", "Postgres by default", database(), "parameters", "rds.force_ssl", set("parameters", "parameters", list{})),
		mutant("database-parameters-tls", "MySQL", cluster(), "parameters", "require_secure_transport", set("parameters", "parameters.0.value", "OFF")),
		mutant("database-parameters-tls", "unknown", database(), "parameters", "parameters is not known", set("parameters", parameters+"value", Unknown{})),
		mutant("database-parameters-declared", "AWS's default group", database(), "database", "names no parameter group", set("database", "parameterGroupName", "default.postgres16")),
		mutant("database-parameters-declared", "left out", database(), "database", "names no parameter group", unset("database", "parameterGroupName")),
		mutant("database-parameters-declared", "cluster", cluster(), "cluster", "names no parameter group", unset("cluster", "dbClusterParameterGroupName")),
	}
}
