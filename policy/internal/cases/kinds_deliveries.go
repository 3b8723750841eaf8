package cases

// delivered is E: what services of AWS call, and deliver to.
func (k *kinds) delivered() {
	k.calledOutside()
	k.toAccounts()
}

func (k *kinds) calledOutside() {
	const subscription, dms, stream = "aws:sns/topicSubscription:TopicSubscription", "aws:dms/endpoint:Endpoint", "aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream"
	fire := func(props object) object {
		return merge(object{"name": "f", "destination": "http_endpoint", "serverSideEncryption": object{"enabled": true, "keyType": "CUSTOMER_MANAGED_CMK", "keyArn": keyARN}}, props)
	}
	sub := func(protocol string, endpoint any) object {
		return object{"topic": "t", "topicArn": "arn:aws:sns:us-east-1:381492153064:t", "protocol": protocol, "endpoint": endpoint}
	}
	k.bad("E", "subscription https", subscription, sub("https", "https://collector.example.com/in"))
	k.bad("E", "subscription http by address", subscription, sub("http", "http://203.0.113.9/in"))
	k.bad("E", "subscription to a gateway of anybody's", subscription, sub("https", "https://abc123.execute-api.us-east-1.amazonaws.com/prod"))
	k.bad("E", "api destination", "aws:cloudwatch/eventApiDestination:EventApiDestination", object{"name": "d", "connectionArn": "c", "httpMethod": "POST", "invocationEndpoint": "https://hooks.example.com/*"})
	k.bad("E", "token of a connection", "aws:cloudwatch/eventConnection:EventConnection", object{"name": "c", "authorizationType": "OAUTH_CLIENT_CREDENTIALS", "authParameters": object{"oauth": object{"authorizationEndpoint": "https://login.example.com/token", "httpMethod": "POST"}}})
	k.bad("E", "firehose http", stream, fire(object{"httpEndpointConfiguration": object{"url": "https://aws-kinesis-http-intake.logs.example.com/v1/input"}}))
	k.bad("E", "firehose splunk", stream, fire(object{"destination": "splunk", "splunkConfiguration": object{"hecEndpoint": "https://http-inputs.example.splunkcloud.com:443"}}))
	k.bad("E", "firehose snowflake", stream, fire(object{"destination": "snowflake", "snowflakeConfiguration": object{"accountUrl": "https://xy12345.us-east-1.snowflakecomputing.com"}}))
	k.bad("E", "iot https", "aws:iot/topicRule:TopicRule", object{"enabled": true, "sql": "SELECT *", "sqlVersion": "2016-03-23", "https": list{object{"url": "https://collector.example.com"}}})
	k.bad("E", "dms by name", dms, object{"endpointId": "e", "endpointType": "target", "engineName": "postgres", "sslMode": "verify-full", "serverName": "db.example.com"})
	k.bad("E", "dms by address", dms, object{"endpointId": "e", "endpointType": "target", "engineName": "postgres", "sslMode": "verify-full", "serverName": "198.51.100.7"})
	k.bad("E", "dms kafka, one of two brokers", dms, object{"endpointId": "e", "endpointType": "target", "engineName": "kafka", "sslMode": "verify-full", "kafkaSettings": object{"broker": "10.0.0.5:9092,kafka.example.com:9092", "securityProtocol": "ssl-encryption"}})
	k.bad("E", "datasync azure", "aws:datasync/locationAzureBlob:LocationAzureBlob", object{"agentArns": list{"a"}, "authenticationType": "SAS", "containerUrl": "https://account.blob.core.windows.net/container"})
	k.bad("E", "datasync object storage", "aws:datasync/locationObjectStorage:LocationObjectStorage", object{"agentArns": list{"a"}, "bucketName": "b", "serverHostname": "storage.googleapis.com"})
	k.bad("E", "transfer connector", "aws:transfer/connector:Connector", object{"accessRole": "r", "url": "sftp://files.example.com", "sftpConfig": object{}})
	k.bad("E", "appflow out", "aws:appflow/flow:Flow", object{"name": "f", "kmsArn": keyARN, "destinationFlowConfigs": list{object{"connectorType": "Salesforce"}}})
	k.bad("E", "appflow profile", "aws:appflow/connectorProfile:ConnectorProfile", object{"name": "p", "kmsArn": keyARN, "connectorType": "Zendesk", "connectionMode": "Public", "connectorProfileConfig": object{"connectorProfileProperties": object{"zendesk": object{"instanceUrl": "https://example.zendesk.com"}}}})
	k.bad("E", "appsync source", "aws:appsync/dataSource:DataSource", object{"apiId": "a", "name": "d", "type": "HTTP", "httpConfig": object{"endpoint": "https://api.example.com"}})
	k.bad("E", "bucket by its address", "aws:appsync/dataSource:DataSource", object{"apiId": "a", "name": "d", "type": "HTTP", "httpConfig": object{"endpoint": "https://s3.us-east-1.amazonaws.com"}})
	k.bad("E", "integration of an api", "aws:apigateway/integration:Integration", object{"restApi": "a", "resourceId": "r", "httpMethod": "ANY", "type": "HTTP_PROXY", "uri": "https://api.example.com/{proxy}"})
	k.bad("E", "key store", "aws:kms/customKeyStore:CustomKeyStore", object{"customKeyStoreName": "s", "customKeyStoreType": "EXTERNAL_KEY_STORE", "xksProxyUriEndpoint": "https://keys.example.com"})
	k.bad("E", "campaign hook", "aws:pinpoint/app:App", object{"name": "a", "campaignHook": object{"webUrl": "https://hook.example.com", "mode": "FILTER"}})
	k.cfn("AWS::SNS::Subscription", object{"Protocol": "https", "TopicArn": "t", "Endpoint": "https://collector.example.com"})
	k.cfn("AWS::Events::ApiDestination", object{"ConnectionArn": "c", "HttpMethod": "POST", "InvocationEndpoint": "https://hooks.example.com"})
	k.cfn("AWS::KinesisFirehose::DeliveryStream", object{"HttpEndpointDestinationConfiguration": object{"EndpointConfiguration": object{"Url": "https://intake.example.com"}}})
	k.cfn("AWS::AppFlow::Flow", object{"FlowName": "f", "DestinationFlowConfigList": list{object{"ConnectorType": "Marketo"}}})
	k.badCfnMany("subscription within a topic", object{"T": object{"Type": "AWS::SNS::Topic", "Properties": object{"KmsMasterKeyId": keyARN, "Subscription": list{object{"Protocol": "https", "Endpoint": "https://collector.example.com"}}}}})
	k.bad("A", "native api destination", "aws-native:events:ApiDestination", object{"connectionArn": "c", "httpMethod": "POST", "invocationEndpoint": "https://hooks.example.com"})

	k.good("E", "e-mail", subscription, sub("email", "ops@example.com"))
	k.good("E", "text message", subscription, sub("sms", "+15550100"))
	k.good("E", "chat of AWS", subscription, sub("https", "https://global.sns-api.chatbot.amazonaws.com"))
	k.good("E", "address of a resource", subscription, sub("https", Unknown{}))
	k.goodWith("E", "trusted domain", subscription, sub("https", "https://events.pagerduty.com/integration/x/enqueue"), object{"trustedDomains": list{"pagerduty.com"}})
	k.good("E", "dms of RDS", dms, object{"endpointId": "e", "endpointType": "source", "engineName": "postgres", "sslMode": "verify-full", "serverName": "db.abc123.us-east-1.rds.amazonaws.com"})
	k.good("E", "dms in the office", dms, object{"endpointId": "e", "endpointType": "source", "engineName": "postgres", "sslMode": "verify-full", "serverName": "10.20.0.4"})
	k.good("E", "dms by a private name", dms, object{"endpointId": "e", "endpointType": "source", "engineName": "postgres", "sslMode": "verify-full", "serverName": "warehouse.corp.internal"})
	k.good("E", "firehose to Redshift", stream, fire(object{"destination": "redshift", "redshiftConfiguration": object{"clusterJdbcurl": "jdbc:redshift://c.abc123.us-east-1.redshift.amazonaws.com:5439/dev", "roleArn": "r", "dataTableName": "t"}}))
	k.good("E", "appflow in", "aws:appflow/flow:Flow", object{"name": "f", "kmsArn": keyARN, "destinationFlowConfigs": list{object{"connectorType": "S3"}}})
	k.good("E", "integration over a VPC link", "aws:apigateway/integration:Integration", object{"restApi": "a", "resourceId": "r", "httpMethod": "ANY", "type": "HTTP_PROXY", "connectionType": "VPC_LINK", "connectionId": "l", "uri": "https://app.example.com/{proxy}"})
	k.good("E", "integration of a function", "aws:apigateway/integration:Integration", object{"restApi": "a", "resourceId": "r", "httpMethod": "ANY", "type": "AWS_PROXY", "uri": "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/arn:aws:lambda:us-east-1:381492153064:function:f/invocations"})
	k.good("E", "API of AWS", "aws:appsync/dataSource:DataSource", object{"apiId": "a", "name": "d", "type": "HTTP", "httpConfig": object{"endpoint": "https://states.us-east-1.amazonaws.com"}})
	k.good("E", "issuer", "aws:iam/openIdConnectProvider:OpenIdConnectProvider", object{"url": "https://token.actions.githubusercontent.com", "clientIdLists": list{"sts.amazonaws.com"}})
	k.cfnGood("AWS::SNS::Subscription", object{"Protocol": "email", "TopicArn": "t", "Endpoint": "ops@example.com"})
}

// toAccounts has the own account in the settings, or in the role that the
// service is given.
func (k *kinds) toAccounts() {
	trusting := object{"trustedAccounts": list{account}}
	with := func(title, token string, props object) { k.badWith("E", title, token, props, trusting) }
	fine := func(title, token string, props object) { k.goodWith("E", title, token, props, trusting) }
	const foreign, target = "222222222222", "aws:cloudwatch/eventTarget:EventTarget"
	of := func(service, account, name string) string {
		return "arn:aws:" + service + ":us-east-1:" + account + ":" + name
	}
	role := "arn:aws:iam::" + account + ":role/service-role"
	k.bad("E", "bus beside a role", target, object{"rule": "r", "arn": of("events", foreign, "event-bus/theirs"), "roleArn": role})
	with("bus", target, object{"rule": "r", "arn": of("events", foreign, "event-bus/theirs")})
	with("dead letters", target, object{"rule": "r", "arn": of("sqs", account, "q"), "deadLetterConfig": object{"arn": of("sqs", foreign, "q")}})
	with("pipe", "aws:pipes/pipe:Pipe", object{"roleArn": role, "source": of("sqs", account, "q"), "target": of("states", foreign, "stateMachine:m")})
	with("schedule", "aws:scheduler/schedule:Schedule", object{"scheduleExpression": "rate(1 day)", "flexibleTimeWindow": object{"mode": "OFF"}, "target": object{"arn": of("sqs", foreign, "q"), "roleArn": role}})
	with("queue of a topic", "aws:sns/topicSubscription:TopicSubscription", object{"topicArn": of("sns", account, "t"), "protocol": "sqs", "endpoint": of("sqs", foreign, "q")})
	with("function of a topic", "aws:sns/topicSubscription:TopicSubscription", object{"topicArn": of("sns", account, "t"), "protocol": "lambda", "endpoint": of("lambda", foreign, "function:f")})
	with("log subscription", "aws:cloudwatch/logSubscriptionFilter:LogSubscriptionFilter", object{"logGroup": "g", "filterPattern": "", "destinationArn": of("logs", foreign, "destination:d")})
	with("log destination", "aws:cloudwatch/logDestination:LogDestination", object{"name": "d", "roleArn": role, "targetArn": of("kinesis", foreign, "stream/s")})
	with("replication", "aws:s3/bucketReplicationConfig:BucketReplicationConfig", object{"bucket": "b", "role": role, "rules": list{object{"status": "Enabled", "destination": object{"bucket": "arn:aws:s3:::theirs", "account": foreign}}}})
	with("inventory", "aws:s3/inventory:Inventory", object{"bucket": "b", "includedObjectVersions": "All", "schedule": object{"frequency": "Daily"}, "destination": object{"bucket": object{"bucketArn": "arn:aws:s3:::theirs", "format": "CSV", "accountId": foreign}}})
	with("images", "aws:ecr/replicationConfiguration:ReplicationConfiguration", object{"replicationConfiguration": object{"rules": list{object{"destinations": list{object{"region": "us-east-1", "registryId": foreign}}}}}})
	with("backups", "aws:backup/plan:Plan", object{"name": "p", "rules": list{object{"ruleName": "r", "targetVaultName": "v", "copyActions": list{object{"destinationVaultArn": of("backup", foreign, "backup-vault:v")}}}}})
	with("flow log over a role", "aws:ec2/flowLog:FlowLog", object{"vpcId": "v", "logDestinationType": "kinesis-data-firehose", "logDestination": of("firehose", foreign, "deliverystream/s"), "deliverCrossAccountRole": "arn:aws:iam::" + foreign + ":role/r"})
	with("trail told elsewhere", "aws:cloudtrail/trail:Trail", object{"s3BucketName": "b", "kmsKeyId": keyARN, "snsTopicName": of("sns", foreign, "t")})
	with("config told elsewhere", "aws:cfg/deliveryChannel:DeliveryChannel", object{"s3BucketName": "b", "s3KmsKeyArn": keyARN, "snsTopicArn": of("sns", foreign, "t")})
	with("aggregator", "aws:cfg/aggregateAuthorization:AggregateAuthorization", object{"accountId": foreign, "region": "us-east-1"})
	with("notification of a bucket", "aws:s3/bucketNotification:BucketNotification", object{"bucket": "b", "queues": list{object{"queueArn": of("sqs", foreign, "q"), "events": list{"s3:ObjectCreated:*"}}}})
	with("metric stream", "aws:cloudwatch/metricStream:MetricStream", object{"firehoseArn": of("firehose", foreign, "deliverystream/s"), "roleArn": role, "outputFormat": "json"})
	with("monitoring account", "aws:oam/link:Link", object{"sinkIdentifier": of("oam", foreign, "sink/x"), "labelTemplate": "$AccountName", "resourceTypes": list{"AWS::Logs::LogGroup"}})
	with("queue by its URL", "aws:iot/topicRule:TopicRule", object{"enabled": true, "sql": "SELECT *", "sqlVersion": "2016-03-23", "sqs": list{object{"queueUrl": "https://sqs.us-east-1.amazonaws.com/" + foreign + "/q", "roleArn": role, "useBase64": false}}})
	with("access point", "aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream", object{"name": "f", "destination": "extended_s3", "serverSideEncryption": object{"enabled": true, "keyType": "CUSTOMER_MANAGED_CMK", "keyArn": keyARN}, "extendedS3Configuration": object{"kmsKeyArn": keyARN, "roleArn": role, "bucketArn": of("s3", foreign, "accesspoint/theirs")}})
	with("alarm", "aws:cloudwatch/metricAlarm:MetricAlarm", object{"comparisonOperator": "GreaterThanThreshold", "evaluationPeriods": 1, "alarmActions": list{of("sns", foreign, "t")}})
	with("rule in a template", "aws:cloudformation/stack:Stack", template("AWS::Events::Rule", object{"Targets": list{object{"Id": "t", "Arn": of("events", foreign, "event-bus/theirs")}}}))
	with("replication in a template", "aws:cloudformation/stack:Stack", template("AWS::Logs::SubscriptionFilter", object{"LogGroupName": "g", "FilterPattern": "", "DestinationArn": of("logs", foreign, "destination:d")}))

	fine("own bus", target, object{"rule": "r", "arn": of("events", account, "event-bus/ours")})
	k.good("E", "queue of a resource", target, object{"rule": "r", "arn": Unknown{}, "roleArn": role})
	k.goodWith("E", "trusted bus", target, object{"rule": "r", "arn": of("events", foreign, "event-bus/theirs")}, object{"trustedAccounts": list{account, foreign}})
	fine("pipe from another account", "aws:pipes/pipe:Pipe", object{"roleArn": role, "source": of("kinesis", foreign, "stream/s"), "target": of("sqs", account, "q")})
	fine("topic of another account", "aws:sns/topicSubscription:TopicSubscription", object{"topicArn": of("sns", foreign, "t"), "protocol": "sqs", "endpoint": of("sqs", account, "q")})
	fine("layer of AWS", "aws:lambda/function:Function", object{"role": role, "layers": list{of("lambda", "580247275435", "layer:LambdaInsightsExtension:14")}, "vpcConfig": object{"subnetIds": list{"s"}, "securityGroupIds": list{"g"}}, "kmsKeyArn": keyARN})
	fine("replication at home", "aws:s3/bucketReplicationConfig:BucketReplicationConfig", object{"bucket": "b", "role": role, "rules": list{object{"status": "Enabled", "destination": object{"bucket": "arn:aws:s3:::ours", "account": account}}}})
	fine("name given to a program", "aws:codebuild/project:Project", object{"vpcConfig": inVPC, "name": "p", "serviceRole": role, "encryptionKey": keyARN, "environment": object{"computeType": "c", "image": "i", "type": "t", "environmentVariables": list{object{"name": "TOPIC", "value": of("sns", foreign, "t")}}}})
	fine("alarm in a template", "aws:cloudformation/stack:Stack", template("AWS::Events::Rule", object{"Targets": list{object{"Id": "t", "Arn": object{"Fn::Sub": "arn:aws:sqs:us-east-1:${AWS::AccountId}:q"}}}}))
	fine("template's own account as principal", "aws:cloudformation/stack:Stack", template("AWS::SQS::QueuePolicy", object{"Queues": list{"q"}, "PolicyDocument": object{"Statement": list{object{"Effect": "Allow", "Principal": object{"AWS": object{"Fn::Sub": "arn:aws:iam::${AWS::AccountId}:root"}}, "Action": "sqs:SendMessage", "Resource": "*"}}}}))
}
