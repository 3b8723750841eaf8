package main

import "fmt"

// boundaryDocument bounds what a role of the environment's stack may do,
// whatever its own policies say: without it, whoever may make roles and hand
// them to containers may do everything. What DAGs are given by policyArns stays
// possible; IAM, the account, the pipelines' state and other environments don't.
func boundaryDocument(e environment, others []environment) []statement {
	statements := []statement{
		{
			Sid: "AllButIdentities", Effect: "Allow", Resource: []string{"*"},
			NotAction: []string{"account:*", "iam:*", "organizations:*", "sso:*", "sso-directory:*", "identitystore:*", "sts:*"},
		},
		// EventBridge Scheduler's role starts the clean-up with its roles, bounded like itself.
		allow("RolesOfTheCleanUp", []string{"iam:PassRole"}, []string{
			fmt.Sprintf("arn:aws:iam::%s:role/%s-cleanup-execution", e.account, e.prefix()), fmt.Sprintf("arn:aws:iam::%s:role/%s-cleanup-task", e.account, e.prefix()),
		}).when("StringEquals", "iam:PassedToService", "ecs-tasks.amazonaws.com"),
		// A role of the own account could be one without a bound.
		allow("RolesOfOthersAccounts", []string{"sts:AssumeRole", "sts:TagSession"}, []string{"*"}).
			when("StringNotEquals", "aws:ResourceAccount", e.account),
		deny("NotTheState", []string{"s3:*"}, []string{"arn:aws:s3:::" + e.bucket, "arn:aws:s3:::" + e.bucket + "/*"}),
		deny("NotTheStatesKeys", []string{"kms:*"}, e.each("kms", "key/*")).
			when("ForAnyValue:StringLike", "kms:ResourceAliases", []string{"alias/" + e.org + "-airflow-state", "alias/" + e.org + "-airflow-state-*"}),
	}
	for _, other := range others {
		if other.name != e.name {
			statements = append(statements,
				deny("Not"+title(other.name), []string{"*"}, other.everything()),
				deny("NotOf"+title(other.name), []string{"*"}, []string{"*"}).tagged(other, "aws:ResourceTag"))
		}
	}
	return statements
}

// everything is what is called like the environment. IAM wants the service of an
// ARN in full; what has an id instead of a name carries the environment's tags.
func (e environment) everything() []string {
	var arns []string
	for _, service := range []string{"ecr", "ecs", "elasticache", "events", "logs", "rds", "scheduler", "secretsmanager", "sns", "states"} {
		for _, end := range []string{"-*", "/*"} {
			arns = append(arns, e.arn(service, "*"+e.prefix()+end))
		}
	}
	for _, bucket := range e.buckets() {
		arns = append(arns, "arn:aws:s3:::"+bucket, "arn:aws:s3:::"+bucket+"/*")
	}
	return arns
}

// buckets are the stack's.
func (e environment) buckets() []string {
	b := e.stack.Buckets
	return []string{b.DAGs, b.Logs, b.AccessLogs}
}

// title makes a name part of a Sid, which has letters and digits only.
func title(name string) string { return string(name[0]-'a'+'A') + name[1:] }
