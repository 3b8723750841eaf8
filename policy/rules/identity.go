package rules

import (
	"regexp"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/property"
)

// unscopable are the actions that AWS can't tie to a resource, so that they
// need "*" (Service Authorization Reference, column "Resource types").
var unscopable = map[string]string{
	"ecr:GetAuthorizationToken":        "the token is for the whole registry",
	"logs:DescribeLogGroups":           "it lists the account's groups, and AWS checks it against all of them",
	"ssmmessages:CreateControlChannel": "ECS Exec; channels have no ARN",
	"ssmmessages:CreateDataChannel":    "ECS Exec; channels have no ARN",
	"ssmmessages:OpenControlChannel":   "ECS Exec; channels have no ARN",
	"ssmmessages:OpenDataChannel":      "ECS Exec; channels have no ARN",
	"cloudwatch:PutMetricData":         "metrics have no ARN; a condition on cloudwatch:namespace narrows it",
	"sts:GetCallerIdentity":            "it concerns no resource",
	"access-analyzer:ValidatePolicy":   "it reads a text, and concerns no resource",
	"xray:PutTraceSegments":            "traces have no ARN",
	"xray:PutTelemetryRecords":         "traces have no ARN",
	"ecs:DescribeTaskDefinition":       "AWS checks no resource for it",
	"ecs:DeregisterTaskDefinition":     "AWS checks no resource for it",
}

// resourceKeys are condition keys that tie a statement to the customer's own
// resources where an ARN can't be known beforehand.
var resourceKeys = map[string]bool{
	"aws:resourcetag/": true, "ec2:resourcetag/": true, "secretsmanager:resourcetag/": true,
	"kms:resourcealiases": true, "kms:requestalias": true, "kms:viaservice": true,
	"elasticfilesystem:accesspointarn": true, "ecs:cluster": true, "ecs:service": true, "cloudwatch:namespace": true,
}

const leastWhy = "a task that is broken into has every permission of its role, in the whole account where a wildcard says so."

func identity() []Rule {
	return []Rule{
		{
			Name: "no-wildcard-action", Family: Identity,
			Description: "Permissions name the actions that they allow.",
			Why:         leastWhy,
			Fix:         "list the actions that are used.",
			On:          each(onPermissions(namedActions), onResourcePolicies(allowedActions, keyPolicies...)),
		},
		{
			Name: "no-wildcard-resource", Family: Identity,
			Description: "Permissions name the resources that they allow actions on.",
			Why:         leastWhy,
			Fix: "name the resource, or a prefix of its name (arn:aws:logs:REGION:ACCOUNT:log-group:/airflow/*); where ids are random, " +
				"type/* with a condition on its tag or alias. Actions that AWS cannot scope may have *: " + strings.Join(scopeless(), ", ") + ".",
			On: onPermissions(namedResources),
		},
		{
			Name: "no-open-principal", Family: Identity,
			Description: "Resource policies and trust policies say whom they admit.",
			Why:         "Principal * admits every account of AWS, and anonymous callers.",
			Fix:         "name the principal, or narrow the statement by aws:PrincipalAccount, aws:SourceAccount, aws:SourceArn, aws:PrincipalOrgID or the like.",
			On:          openPrincipal(),
			Any:         unknownDocuments,
		},
		{
			Name: "service-principal-scoped", Family: Identity,
			Description: "Policies that admit a service of AWS say for whom it may act.",
			Why:         "the service acts for every customer; without a condition another customer can send it (a confused deputy).",
			Fix:         "add a condition on aws:SourceAccount, aws:SourceArn or aws:SourceOrgID; in key policies for logs.<region>.amazonaws.com on kms:EncryptionContext:aws:logs:arn.",
			On:          onResourcePolicies(scopedServices),
		},
		{
			Name: "endpoint-policy", Family: Identity,
			Description: "VPC endpoints admit the customer's principals and resources only.",
			Why:         "without a policy, an endpoint is a way out: data can be written to a bucket, queue or log group of another account.",
			Fix: "give policy a document whose Allow statements have a condition on aws:PrincipalAccount, aws:ResourceAccount (or their org keys), " +
				"or name the foreign resources that are needed.",
			On: on(endpointPolicy, "aws:ec2/vpcEndpoint:VpcEndpoint"),
		},
		{
			Name: "no-admin-policy", Family: Identity,
			Description: "No managed policy of AWS with full access is attached.",
			Why:         "such policies are written for people at a console, and grow with the service.",
			Fix:         "write a policy with the actions that are used.",
			On:          attachments(),
		},
		{
			Name: "no-static-credentials", Family: Identity,
			Description: "No access keys or console passwords are made.",
			Why:         "they do not expire, and end up in the state and in files.",
			Fix:         "use roles: ECS gives tasks credentials that rotate by themselves, CI gets them over OIDC.",
			On:          on(exists("a static credential"), "aws:iam/accessKey:AccessKey", "aws:iam/userLoginProfile:UserLoginProfile", "aws:iam/serviceSpecificCredential:ServiceSpecificCredential"),
		},
	}
}

func scopeless() []string {
	var names []string
	for name := range unscopable {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// onPermissions gives every kind of identity policy the same check.
func onPermissions(c func(s statement, name string, r report)) map[string]check {
	read := func(v property.Value, path string, r report) {
		withDocument(v, path, r, func(d *document) {
			for i, s := range d.Statement {
				if s.allows() {
					c(s, s.name(i), r)
				}
			}
		})
	}
	return each(
		on(func(res resource, r report) { read(res.get("policy"), "policy", r) },
			"aws:iam/policy:Policy", "aws:iam/rolePolicy:RolePolicy", "aws:iam/userPolicy:UserPolicy", "aws:iam/groupPolicy:GroupPolicy"),
		on(func(res resource, r report) {
			eachMap(res.get("inlinePolicies"), func(m property.Map) { read(m.Get("policy"), "inlinePolicies[].policy", r) },
				func() { r.unseen("inlinePolicies") })
		}, "aws:iam/role:Role"),
	)
}

func namedActions(s statement, name string, r report) {
	if len(s.NotAction) > 0 {
		r.fault("%s allows all actions but some (NotAction).", name)
	}
	for _, action := range s.Action {
		if strings.ContainsAny(action, "*?") {
			r.fault("%s allows %s.", name, action)
		}
	}
}

func namedResources(s statement, name string, r report) {
	if len(s.NotResource) > 0 {
		r.fault("%s allows all resources but some (NotResource).", name)
	}
	if !slices.ContainsFunc(s.Action, func(action string) bool { return unscopable[action] == "" }) && len(s.Action) > 0 {
		return
	}
	narrow := s.narrowed(resourceKeys)
	for _, arn := range s.Resource {
		switch breadth(arn) {
		case everything:
			r.fault("%s allows %s on %s.", name, strings.Join(s.Action, ", "), arn)
		case everyOfAType:
			if !narrow {
				r.fault("%s allows %s on %s, without a condition that narrows it.", name, strings.Join(s.Action, ", "), arn)
			}
		}
	}
}

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
	switch {
	case strings.HasPrefix(name, "*"), strings.HasPrefix(name, "?"):
		if name == parts[5] {
			return everything
		}
		return everyOfAType
	}
	return named
}

var adminPolicy = regexp.MustCompile(`:aws:policy/(.*/)?(\w*FullAccess\w*|AdministratorAccess.*|PowerUserAccess|IAMFullAccess|SystemAdministrator|DatabaseAdministrator|NetworkAdministrator)$`)

func attachments() map[string]check {
	refuse := func(v property.Value, r report) {
		list, _ := items(v)
		for _, item := range list {
			// An unknown ARN is that of a policy this stack makes: its document is checked.
			if arn := knownText(item); adminPolicy.MatchString(arn) {
				r.fault("%s is attached.", arn)
			}
		}
	}
	return each(
		on(func(res resource, r report) { refuse(res.get("policyArn"), r) },
			"aws:iam/rolePolicyAttachment:RolePolicyAttachment", "aws:iam/policyAttachment:PolicyAttachment",
			"aws:iam/userPolicyAttachment:UserPolicyAttachment", "aws:iam/groupPolicyAttachment:GroupPolicyAttachment"),
		on(func(res resource, r report) { refuse(res.get("managedPolicyArns"), r) }, "aws:iam/role:Role"),
		on(func(res resource, r report) { refuse(res.get("policyArns"), r) },
			"aws:iam/rolePolicyAttachmentsExclusive:RolePolicyAttachmentsExclusive"),
	)
}
