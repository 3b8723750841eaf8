package aws

// secrets holds secrets Manager and Parameter Store.
var secrets = map[string]*Type{
	"aws:secretsmanager/secret:Secret": {
		ID:   "{arn}",
		ARN:  "secretsmanager:{region}:{account}:secret:{name}-{alnum6}",
		Name: "name", NameMax: 512,
		Unique:   "{name}",
		ForceNew: "name namePrefix",
		JSON:     "policy",
		Defaults: Props{"forceOverwriteReplicaSecret": false, "recoveryWindowInDays": 30},
		Outputs:  Props{"policy": "", "replicas": []any{}},
		Later:    "name namePrefix",
		Rules: Rules{
			"name":                 text(1, 512, `^[A-Za-z0-9/_+=.@-]+$`, "letters, digits and /_+=.@-"),
			"recoveryWindowInDays": recoveryWindow,
			"policy":               resourcePolicy(20480),
		},
	},
	"aws:secretsmanager/secretVersion:SecretVersion": {
		ID:       "{secretId}|{versionId}",
		Required: "secretId",
		ForceNew: "secretBinary secretId secretString",
		Secret:   "secretString secretBinary",
		Outputs:  Props{"arn": "{secretId}", "versionId": "{uuid}", "versionStages": []any{"AWSCURRENT"}},
		Rules: Rules{
			"secretString": text(1, 65536, ``, ""),
		},
		Check:    checkSecretVersion,
		Untagged: true,
	},
	"aws:secretsmanager/secretPolicy:SecretPolicy": {
		ID:       "{secretArn}",
		Unique:   "{secretArn}",
		Required: "policy secretArn",
		ForceNew: "secretArn",
		JSON:     "policy",
		Rules: Rules{
			"policy": resourcePolicy(20480),
		},
		Untagged: true,
	},
	"aws:secretsmanager/secretRotation:SecretRotation": {
		ID:       "{secretId}",
		Unique:   "{secretId}",
		Required: "rotationRules secretId",
		ForceNew: "secretId",
		Defaults: Props{"rotateImmediately": true},
		Outputs:  Props{"rotationEnabled": true},
		Untagged: true,
	},
	"aws:ssm/parameter:Parameter": {
		ID:   "{name}",
		Name: "name", NameMax: 1011,
		Unique:   "{name}",
		Required: "type",
		ForceNew: "dataType name",
		Secret:   "value",
		Outputs: Props{
			"arn": parameterARN, "dataType": "text", "insecureValue": "", "keyId": "", "tier": "Standard",
			"version": generationNumber,
		},
		Later: "value",
		Rules: Rules{
			"type": oneOf("String", "StringList", "SecureString"),
			"name": text(1, 1011, `^[A-Za-z0-9/_.-]+$`, "letters, digits and /_.-"),
		},
		Check: checkParameter,
	},
	"aws:ssm/document:Document": {
		ID:   "{name}",
		ARN:  "ssm:{region}:{account}:document/{name}",
		Name: "name", NameMax: 128,
		Unique:   "{name}",
		Required: "content documentType",
		ForceNew: "name",
		Defaults: Props{"documentFormat": "JSON"},
		Outputs: Props{
			"defaultVersion": "1", "documentVersion": "1", "hash": "{hex64}", "hashType": "Sha256", "latestVersion": "1",
			"owner": "{account}", "schemaVersion": "2.2", "status": "Active",
		},
		Later: "createdDate description parameters platformTypes",
	},
}
