package cases

// delivering is what tells people, and sends on within the stack's account.
func delivering() Group {
	return Group{
		res("pulumi:providers:aws", "own", object{"region": region, "allowedAccountIds": `["` + account + `"]`}),
		res("aws:sns/topicSubscription:TopicSubscription", "told", object{"topic": "alarms", "protocol": "email", "endpoint": "ops@example.com"}),
		res("aws:sns/topicSubscription:TopicSubscription", "chat", object{"topic": "alarms", "protocol": "https", "endpoint": "https://global.sns-api.chatbot.amazonaws.com"}),
		res("aws:cloudwatch/eventTarget:EventTarget", "sent-on", object{"rule": "r", "arn": "arn:aws:events:us-east-1:" + account + ":event-bus/ours"}),
		res("aws:dms/endpoint:Endpoint", "warehouse-copy", object{"endpointId": "e", "endpointType": "target", "engineName": "postgres", "sslMode": "verify-full", "kmsKeyArn": keyARN, "serverName": "db.abc123.us-east-1.rds.amazonaws.com"}),
		res("aws:appflow/flow:Flow", "taken-in", object{"name": "f", "kmsArn": keyARN, "destinationFlowConfigs": list{object{"connectorType": "S3"}}}),
	}
}

func deliveryMutants() []Mutant {
	const outside, own = "no-delivery-outside", "delivery-own-account"
	sent := func(rule, title, at, says string, edits ...edit) Mutant {
		return mutant(rule, title, delivering(), at, says, edits...)
	}
	return []Mutant{
		sent(outside, "subscription to an address", "chat", "endpoint is https://collector.example.com/in, which is on the internet", set("chat", "endpoint", "https://collector.example.com/in")),
		sent(outside, "address by number", "warehouse-copy", "serverName is 203.0.113.7, which", set("warehouse-copy", "serverName", "203.0.113.7")),
		sent(outside, "flow to somebody else's service", "taken-in", "connectorType is Zendesk", set("taken-in", "destinationFlowConfigs", list{object{"connectorType": "Zendesk"}})),
		sent(own, "bus of another account", "sent-on", "account 222222222222 is neither the stack's own (381492153064) nor trusted", set("sent-on", "arn", "arn:aws:events:us-east-1:222222222222:event-bus/theirs")),
		sent(own, "queue of another account", "told", "endpoint is arn:aws:sqs:us-east-1:222222222222:q: account 222222222222", set("told", "protocol", "sqs"), set("told", "endpoint", "arn:aws:sqs:us-east-1:222222222222:q")),
	}
}
