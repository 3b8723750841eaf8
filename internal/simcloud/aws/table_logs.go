package aws

// logs holds cloudWatch Logs.
var logs = map[string]*Type{
	"aws:cloudwatch/logGroup:LogGroup": {
		ID:   "{name}",
		ARN:  "logs:{region}:{account}:log-group:{name}",
		Name: "name", NameMax: 512,
		Unique:   "{name}",
		ForceNew: "logGroupClass name namePrefix",
		Defaults: Props{"retentionInDays": 0, "skipDestroy": false},
		Outputs:  Props{"logGroupClass": "STANDARD"},
		Later:    "name namePrefix",
		Rules: Rules{
			"name":            text(1, 512, `^[A-Za-z0-9_/.#-]+$`, "letters, digits and _-/.#"),
			"retentionInDays": retention,
			"logGroupClass":   oneOf("STANDARD", "INFREQUENT_ACCESS", "DELIVERY"),
			"kmsKeyId":        keyARN,
		},
	},
	"aws:cloudwatch/logStream:LogStream": {
		ID:   "{name}",
		ARN:  "logs:{region}:{account}:log-group:{logGroupName}:log-stream:{name}",
		Name: "name", NameMax: 512,
		Unique:   "{logGroupName}/{name}",
		Required: "logGroupName",
		ForceNew: "logGroupName name",
		Untagged: true,
	},
	"aws:cloudwatch/logMetricFilter:LogMetricFilter": {
		ID:   "{name}",
		Name: "name", NameMax: 512,
		Unique:   "{logGroupName}/{name}",
		Required: "logGroupName metricTransformation pattern",
		ForceNew: "logGroupName name",
		Rules: Rules{
			"pattern": text(0, 1024, ``, ""),
		},
		Untagged: true,
	},
	"aws:cloudwatch/logSubscriptionFilter:LogSubscriptionFilter": {
		ID:   "cwlsf-{num10}",
		Name: "name", NameMax: 512,
		Unique:   "{logGroup}/{name}",
		Required: "destinationArn filterPattern logGroup",
		ForceNew: "destinationArn logGroup name",
		Defaults: Props{"distribution": "ByLogStream"},
		Later:    "roleArn",
		Untagged: true,
	},
	"aws:cloudwatch/logResourcePolicy:LogResourcePolicy": {
		ID:       "{policyName}",
		Unique:   "{policyName}",
		Required: "policyDocument policyName",
		ForceNew: "policyName",
		JSON:     "policyDocument",
		Rules: Rules{
			"policyDocument": resourcePolicy(5120),
		},
		Untagged: true,
	},
	"aws:cloudwatch/queryDefinition:QueryDefinition": {
		ID:   "{uuid}",
		Name: "name", NameMax: 255,
		Required: "queryString",
		Outputs:  Props{"queryDefinitionId": "{id}"},
		Untagged: true,
	},
}
