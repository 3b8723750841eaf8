package aws

// messages holds SNS and SQS.
var messages = map[string]*Type{
	"aws:sns/topic:Topic": {
		ID:   "{arn}",
		ARN:  "sns:{region}:{account}:{name}",
		Name: "name", NameMax: 256,
		Unique:   "{name}",
		ForceNew: "fifoTopic name namePrefix",
		JSON:     "policy deliveryPolicy",
		Defaults: Props{"contentBasedDeduplication": false, "fifoTopic": false},
		Outputs: Props{
			"beginningArchiveTime": "", "owner": "{account}",
			"policy": `{"Version":"2008-10-17","Id":"__default_policy_ID"}`, "signatureVersion": 0, "tracingConfig": "",
		},
		Later: "fifoThroughputScope name namePrefix",
		Rules: Rules{
			"name": word(256, "_."),
		},
	},
	"aws:sns/topicPolicy:TopicPolicy": {
		ID:       "{arn}",
		Unique:   "{arn}",
		Required: "arn policy",
		ForceNew: "arn",
		JSON:     "policy",
		Outputs:  Props{"owner": "{account}"},
		Rules: Rules{
			"policy": resourcePolicy(30720),
		},
		Untagged: true,
	},
	"aws:sns/topicSubscription:TopicSubscription": {
		ID:       "{topic}:{uuid}",
		Unique:   "{topic}/{protocol}/{endpoint}",
		Required: "endpoint protocol topic",
		ForceNew: "endpoint protocol topic",
		JSON:     "filterPolicy redrivePolicy",
		Defaults: Props{"confirmationTimeoutInMinutes": 1, "endpointAutoConfirms": false, "rawMessageDelivery": false},
		Outputs: Props{
			"arn": "{id}", "confirmationWasAuthenticated": true, "filterPolicyScope": "", "ownerId": "{account}",
			"pendingConfirmation": false,
		},
		Rules: Rules{
			"protocol": oneOf("sqs", "sms", "lambda", "firehose", "application", "email", "email-json", "http", "https"),
		},
		Untagged: true,
	},
	"aws:sqs/queue:Queue": {
		ID:   "{url}",
		ARN:  "sqs:{region}:{account}:{name}",
		Name: "name", NameMax: 80,
		Unique:   "{name}",
		ForceNew: "fifoQueue name namePrefix",
		JSON:     "policy redrivePolicy redriveAllowPolicy",
		Defaults: Props{
			"contentBasedDeduplication": false, "delaySeconds": 0, "fifoQueue": false, "maxMessageSize": 262144,
			"messageRetentionSeconds": 345600, "receiveWaitTimeSeconds": 0, "visibilityTimeoutSeconds": 30,
		},
		Outputs: Props{
			"deduplicationScope": "", "fifoThroughputLimit": "", "kmsDataKeyReusePeriodSeconds": 300, "policy": "",
			"sqsManagedSseEnabled": true, "url": "https://sqs.{region}.{dns}/{account}/{name}",
		},
		Later: "name namePrefix redriveAllowPolicy redrivePolicy",
		Rules: Rules{
			"name":                     text(1, 80, `^[A-Za-z0-9_-]+(\.fifo)?$`, "letters, digits, hyphens and underscores"),
			"visibilityTimeoutSeconds": between(0, 43200),
			"delaySeconds":             between(0, 900),
			"messageRetentionSeconds":  between(60, 1209600),
			"receiveWaitTimeSeconds":   between(0, 20),
			"maxMessageSize":           between(1024, 1048576),
			"policy":                   resourcePolicy(20480),
		},
	},
	"aws:sqs/queuePolicy:QueuePolicy": {
		ID:       "{queueUrl}",
		Unique:   "{queueUrl}",
		Required: "policy queueUrl",
		ForceNew: "queueUrl",
		JSON:     "policy",
		Rules: Rules{
			"policy": resourcePolicy(20480),
		},
		Untagged: true,
	},
}
