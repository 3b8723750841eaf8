package rules

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/pathwai/airflow-on-fargate/policy/translate"
)

// resourcePolicies says where resource types keep a policy about who may use
// them.
var resourcePolicies = withShapes(map[string]string{
	"aws:s3/bucketPolicy:BucketPolicy":                                         "policy",
	"aws:kms/key:Key":                                                          "policy",
	"aws:kms/keyPolicy:KeyPolicy":                                              "policy",
	"aws:kms/replicaKey:ReplicaKey":                                            "policy",
	"aws:sns/topicPolicy:TopicPolicy":                                          "policy",
	"aws:sns/topic:Topic":                                                      "policy",
	"aws:sqs/queuePolicy:QueuePolicy":                                          "policy",
	"aws:sqs/queue:Queue":                                                      "policy",
	"aws:secretsmanager/secretPolicy:SecretPolicy":                             "policy",
	"aws:secretsmanager/secret:Secret":                                         "policy",
	"aws:ecr/repositoryPolicy:RepositoryPolicy":                                "policy",
	"aws:ecr/registryPolicy:RegistryPolicy":                                    "policy",
	"aws:efs/fileSystemPolicy:FileSystemPolicy":                                "policy",
	"aws:backup/vaultPolicy:VaultPolicy":                                       "policy",
	"aws:opensearch/domainPolicy:DomainPolicy":                                 "accessPolicies",
	"aws:opensearch/domain:Domain":                                             "accessPolicies",
	"aws:cloudwatch/eventBusPolicy:EventBusPolicy":                             "policy",
	"aws:cloudwatch/logResourcePolicy:LogResourcePolicy":                       "policyDocument",
	"aws:apigateway/restApiPolicy:RestApiPolicy":                               "policy",
	"aws:iam/role:Role":                                                        "assumeRolePolicy",
	"aws:dynamodb/resourcePolicy:ResourcePolicy":                               "policy",
	"aws:organizations/resourcePolicy:ResourcePolicy":                          "content",
	"aws:kinesis/resourcePolicy:ResourcePolicy":                                "policy",
	"aws:codeartifact/repositoryPermissionsPolicy:RepositoryPermissionsPolicy": "policyDocument",
})

func openPrincipal() map[string]check {
	checks := make(map[string]check, len(resourcePolicies)+1)
	for t, path := range resourcePolicies {
		checks[t] = func(res resource, r report) {
			withDocument(res.get(path), path, r, func(d *document) {
				for i, s := range d.Statement {
					namedPrincipal(s, s.name(i), r)
				}
			})
		}
	}
	checks[functionPermissionType] = openFunction
	checks["aws:verifiedpermissions/policy:Policy"] = permitsAll
	return each(checks, on(bodyPrincipals, restAPIType), on(collectionAccess, "aws:opensearch/serverlessAccessPolicy:ServerlessAccessPolicy"))
}

// permitsAll finds, in Cedar, a permission for everybody to do everything.
func permitsAll(res resource, r report) {
	if anybody.MatchString(knownText(res.get("definition.static.statement"))) {
		r.fault("definition permits every principal every action on every resource.")
	}
}

var anybody = regexp.MustCompile(`permit\s*\(\s*principal\s*,\s*action\s*,\s*resource\s*\)\s*(?:when\s*\{\s*true\s*\}\s*)?;`)

const functionPermissionType = "aws:lambda/permission:Permission"

// permissionSources are what narrows a function's permission, and what their values must be.
var permissionSources = []struct {
	name string
	test identifies
}{{"sourceArn", isOwnedARN}, {"sourceAccount", isAccount}, {"principalOrgId", isOrganization}}

// sourced reports whether a function's permission says on whose behalf, and of
// what is there, why it doesn't count. What isn't known yet comes from a resource.
func sourced(res resource) (bool, string) {
	doubts := ""
	for _, source := range permissionSources {
		switch value, state := text(res.get(source.name)); {
		case state == unknown, state == known && source.test(value):
			return true, ""
		case state == known && value != "":
			doubts += fmt.Sprintf("; %s %s isn't literal where it identifies", source.name, value)
		}
	}
	return false, doubts
}

func openFunction(res resource, r report) {
	principal := knownText(res.get("principal"))
	if narrow, doubts := sourced(res); principal == "*" && !narrow {
		r.fault("principal is *, with neither sourceArn nor sourceAccount%s.", doubts)
	}
	if isAccount(principal) || isOwnedARN(principal) {
		trusted(principal, "principal", r)
	}
}

func namedPrincipal(s statement, name string, r report) {
	if !s.allows() {
		return
	}
	narrow, doubts := s.narrowing(narrowingKeys)
	switch {
	case s.NotPrincipal != nil:
		r.fault("%s admits everybody but some (NotPrincipal).", name)
	case s.Principal.anyone() && !narrow:
		r.fault("%s admits Principal * without a condition that says who that is%s.", name, doubts)
	}
	for _, wild := range s.Principal.wild() {
		if !narrow {
			r.fault("%s admits Principal %s, and a wildcard there isn't literal where it identifies%s.", name, wild, doubts)
		}
	}
	federatedPrincipal(s, name, r)
	for _, principal := range s.Principal["AWS"] {
		trusted(principal, name, r)
	}
	for key, test := range narrowingKeys {
		for _, value := range s.values(key) {
			if test(value) {
				trusted(value, name+", "+key, r)
			}
		}
	}
}

// trusted refuses accounts and organizations beside those that the settings
// trust, if they name any.
func trusted(principal, where string, r report) {
	account := cmp.Or(accountOf(principal), principal)
	if account == translate.Account && strings.Contains(r.urn, inside) {
		return // a template's own account
	}
	switch accounts, organizations := r.settings.TrustedAccounts, r.settings.TrustedOrganizations; {
	case len(accounts) > 0 && isAccount(account) && !slices.Contains(accounts, account):
		r.faultFix(fmt.Sprintf("%s admits account %s, which isn't one of the pack's trustedAccounts.", where, account),
			"name an account that is trusted, or add this one to the pack's trustedAccounts setting.")
	case len(organizations) > 0 && isOrganization(principal) && !slices.Contains(organizations, principal):
		r.faultFix(fmt.Sprintf("%s admits organization %s, which isn't one of the pack's trustedOrganizations.", where, principal),
			"name an organization that is trusted, or add this one to the pack's trustedOrganizations setting.")
	}
}

const endpointPolicyType = "aws:ec2/vpcEndpointPolicy:VpcEndpointPolicy"

// endpointPolicy reads a policy that is there; whether one is, see endpoint-policy-declared.
func endpointPolicy(res resource, r report) {
	withDocument(res.get("policy"), "policy", r, func(d *document) {
		for i, s := range d.Statement {
			callers, doubts := s.narrowing(callerKeys)
			if !s.allows() || s.narrowed(ownerKeys) || callers && s.whenThere().narrowed(ownerKeys) {
				continue
			}
			if len(s.NotResource) > 0 {
				r.fault("%s admits all resources but some (NotResource)%s.", s.name(i), doubts)
			}
			for _, arn := range s.Resource {
				switch {
				case breadth(arn) == named:
				case callers:
					r.faultFix(fmt.Sprintf("%s says who calls, and not whose %s is: aws:ResourceAccount (or aws:ResourceOrgID) is missing, so that its callers may write to other accounts.", s.name(i), arn),
						"add aws:ResourceAccount to the condition, with StringEqualsIfExists where requests concern no resource, or name the resources.")
				default:
					r.fault("%s admits anybody to %s%s.", s.name(i), arn, doubts)
				}
			}
		}
	})
}

// endpointPolicyDeclared takes a policy on the endpoint, or beside it.
func endpointPolicyDeclared(s *stack, r report) {
	for _, endpoint := range s.of(endpointType) {
		if privateLink(*endpoint) {
			continue // such services take no policy
		}
		if !isSet(endpoint.get("policy")) && !s.hasCompanion(endpoint, "vpcEndpointId", endpointPolicyType) {
			r.at(endpoint.URN).fault("policy is not set, which admits everything.")
		}
	}
	for _, beside := range s.of(endpointPolicyType) {
		if !isSet(beside.get("policy")) {
			r.at(beside.URN).fault("policy is not set, which admits everything.")
		}
	}
}
