package rules

import (
	"slices"
	"strings"
)

// How wide the resource of a statement is.
const (
	named = iota
	everyOfAType
	everything
)

// untyped services have no type in the last part of their ARNs.
var untyped = []string{"s3", "sns", "sqs", "execute-api"}

func breadth(arn string) int {
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) < 6 || strings.ContainsAny(parts[2], "*?") {
		if strings.ContainsAny(arn, "*?") {
			return everything
		}
		return named
	}
	name := parts[5]
	if !slices.Contains(untyped, parts[2]) {
		if i := strings.IndexAny(name, "/:"); i >= 0 && !strings.ContainsAny(name[:i], "*?") {
			name = strings.TrimLeft(name[i+1:], "/:")
		}
	}
	if parts[2] == "elasticloadbalancing" {
		// Their types have a kind of load balancer behind them.
		for _, kind := range []string{"app/", "net/", "gwy/"} {
			name = strings.TrimPrefix(name, kind)
		}
	}
	switch {
	case strings.HasPrefix(name, "*"), strings.HasPrefix(name, "?"):
		if name == parts[5] {
			return everything
		}
		return everyOfAType
	}
	return named
}

// shared are the services whose resources admit other accounts, so that a
// wildcard for the account leads out of one's own.
var shared = []string{
	"iam", "sts", "kms", "secretsmanager", "ssm", "sqs", "sns", "lambda", "dynamodb", "kinesis", "firehose", "ecr", "events", "execute-api", "es", "aoss",
	"backup", "backup-storage", "codeartifact", "elasticfilesystem", "glue", "lakeformation", "s3express", "s3-outposts", "rds", "ram", "states",
}

// everyAccount reports whether a named resource may be anybody's.
func everyAccount(arn string) bool {
	parts := strings.SplitN(arn, ":", 6)
	return len(parts) == 6 && strings.ContainsAny(parts[4], "*?") && slices.Contains(shared, parts[2])
}
