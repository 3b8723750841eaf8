package main

import "fmt"

// readOnly lists and describes everything, without the values of secrets.
const readOnly = "arn:aws:iam::aws:policy/ReadOnlyAccess"

// withoutData takes from readOnly what isn't a description: objects, tables,
// messages and parameters of the whole account.
func withoutData(e environment) statement {
	return statement{
		Sid: "DescriptionsOnly", Effect: "Deny",
		Action: []string{
			"athena:GetQueryResults", "dynamodb:BatchGetItem", "dynamodb:GetItem", "dynamodb:PartiQLSelect", "dynamodb:Query", "dynamodb:Scan",
			"ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer", "kinesis:GetRecords", "lambda:GetFunction", "s3:GetObject", "s3:GetObjectVersion",
			"sqs:ReceiveMessage", "ssm:GetParameter", "ssm:GetParameterHistory", "ssm:GetParameters", "ssm:GetParametersByPath",
		},
		NotResource: append(e.readObjects(), fmt.Sprintf("arn:aws:ecr:%s:%s:repository/%s-airflow-*", e.region, e.account, e.org)),
	}
}

// refreshed is what a drift check gets beyond descriptions: the provider reads
// the value of every secret of the stack.
func refreshed(e environment) []statement {
	return []statement{
		allow("CompareSecrets", []string{"secretsmanager:GetSecretValue"}, e.each("secretsmanager", "secret:"+e.prefix()+"/*", "secret:"+e.prefix()+"-*")),
		allow("OpenSecrets", []string{"kms:Decrypt"}, e.each("kms", "key/*")).
			when("StringEquals", "kms:ViaService", "secretsmanager."+e.region+".amazonaws.com").
			when("ForAnyValue:StringEquals", "kms:ResourceAliases", "alias/"+e.prefix()+"-secrets"),
	}
}

// released is what pushing DAGs takes: the two prefixes of the bucket, under
// the stack's data key.
func released(e environment) []statement {
	b := e.stack.Buckets
	bucket := "arn:aws:s3:::" + b.DAGs
	prefixes := []string{b.DAGsPrefix + "*", b.PluginsPrefix + "*"}
	return []statement{
		// Without a condition on the prefix: it is this right by which S3 tells "not there" from "not yours" of one object.
		allow("ListDAGs", []string{"s3:ListBucket"}, []string{bucket}),
		allow("PushDAGs", []string{"s3:DeleteObject", "s3:GetObject", "s3:PutObject"}, []string{bucket + "/" + prefixes[0], bucket + "/" + prefixes[1]}),
		allow("SealDAGs", []string{"kms:Decrypt", "kms:GenerateDataKey"}, e.each("kms", "key/*")).
			when("StringEquals", "kms:ViaService", "s3."+e.region+".amazonaws.com").
			when("ForAnyValue:StringEquals", "kms:ResourceAliases", "alias/"+e.prefix()+"-data"),
	}
}

// copied lets images be taken from the repositories of every environment: prod
// gets dev's, digests unchanged.
func copied(e environment) []statement {
	return []statement{
		allow("SignInToRegistry", []string{"ecr:GetAuthorizationToken"}, []string{"*"}),
		allow("TakeImages", []string{"ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"},
			[]string{fmt.Sprintf("arn:aws:ecr:%s:%s:repository/%s-airflow-*", e.region, e.account, e.org)}),
	}
}

// tested lets the smoke test go in through a task, where no runner is in a joined
// network: a session to one port of one host. Sessions carry the caller in their
// name (Systems Manager user guide, "Allow a user to end only sessions they
// started").
func tested(e environment) []statement {
	return []statement{
		allow("OpenSessions", []string{"ssm:StartSession"}, []string{
			e.arn("ecs", "task/"+e.prefix()+"-cluster/*"),
			fmt.Sprintf("arn:aws:ssm:%s::document/AWS-StartPortForwardingSessionToRemoteHost", e.region),
		}),
		allow("EndSessions", []string{"ssm:TerminateSession"}, []string{e.arn("ssm", "session/${aws:userid}-*")}),
	}
}
