package rules

import (
	"fmt"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/property"
)

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
				"type/* with a condition on its tag or alias, or, for actions that make something, on the tags of the request (aws:RequestTag). Actions that AWS cannot scope may have *: " + strings.Join(scopeless(), ", ") +
				", reading actions that AWS ties to no resource, and those of the pack's unscopableActions setting.",
			On: onPermissions(namedResources),
		},
		{
			Name: "no-open-principal", Family: Identity,
			Description: "Resource policies and trust policies say whom they admit.",
			Why:         "Principal * admits every account of AWS, and anonymous callers.",
			Fix: "name the principal, or narrow the statement by aws:PrincipalAccount, aws:SourceAccount, aws:SourceArn, aws:PrincipalOrgID or the like, " +
				"with values whose account, organization or id is literal.",
			On:  openPrincipal(),
			Any: unknownDocuments,
		},
		{
			Name: "service-principal-scoped", Family: Identity,
			Description: "Policies that admit a service of AWS say for whom it may act.",
			Why:         "the service acts for every customer; without a condition another customer can send it (a confused deputy).",
			Fix:         "add a condition on aws:SourceAccount, aws:SourceArn or aws:SourceOrgID; in key policies for logs.<region>.amazonaws.com on kms:EncryptionContext:aws:logs:arn.",
			On:          each(onResourcePolicies(scopedServices), on(scopedFunction, functionPermissionType)),
		},
		{
			Name: "endpoint-policy", Family: Identity,
			Description: "VPC endpoints admit the customer's principals and resources only.",
			Why:         "without a policy, an endpoint is a way out: data can be written to a bucket, queue or log group of another account.",
			Fix: "give policy a document whose Allow statements have a condition on aws:ResourceAccount (or aws:ResourceOrgID), and on aws:PrincipalAccount where the first is IfExists, " +
				"or name the foreign resources that are needed.",
			On: on(endpointPolicy, endpointType, endpointPolicyType),
		},
		{
			Name: "endpoint-policy-declared", Family: Identity,
			Description: "Every VPC endpoint has a policy, on it or beside it.",
			Why:         "without a policy, an endpoint is a way out: data can be written to a bucket, queue or log group of another account.",
			Fix:         "set policy, or declare " + endpointPolicyType + " for the endpoint.",
			Stack:       endpointPolicyDeclared,
		},
		escalation(),
		metadataTokens(),
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
			On: on(exists("a static credential"), "aws:iam/accessKey:AccessKey", "aws:iam/userLoginProfile:UserLoginProfile", "aws:iam/serviceSpecificCredential:ServiceSpecificCredential",
				"aws:iam/signingCertificate:SigningCertificate", "aws:iam/sshKey:SshKey", "aws:lightsail/bucketAccessKey:BucketAccessKey"),
		},
	}
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
			"aws:iam/policy:Policy", "aws:iam/rolePolicy:RolePolicy", "aws:iam/userPolicy:UserPolicy", "aws:iam/groupPolicy:GroupPolicy", "aws:iot/policy:Policy"),
		on(func(res resource, r report) { read(res.get("inlinePolicy"), "inlinePolicy", r) },
			"aws:ssoadmin/permissionSetInlinePolicy:PermissionSetInlinePolicy"),
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
	var scopable []string
	for _, action := range s.Action {
		if !r.settings.unscopable(action) {
			scopable = append(scopable, action)
		}
	}
	if len(scopable) == 0 && len(s.Action) > 0 {
		return
	}
	actions := strings.Join(scopable, ", ")
	narrow, doubts := s.narrowing(resourceKeys)
	for _, arn := range s.Resource {
		if s.tagsWhatItMakes(arn, scopable) {
			continue
		}
		switch breadth(arn) {
		case everything:
			if arn == "*" && s.ofOwn(scopable) {
				continue
			}
			r.fault("%s allows %s on %s%s.", name, actions, arn, doubts)
		case everyOfAType:
			if !narrow {
				r.fault("%s allows %s on %s, without a condition that narrows it%s.", name, actions, arn, doubts)
			}
		case named:
			if everyAccount(arn) && !s.narrowed(ownerKeys) {
				r.faultFix(fmt.Sprintf("%s allows %s on %s, in every account%s.", name, actions, arn, doubts), "write the account's number into the ARN.")
			}
		}
	}
}
