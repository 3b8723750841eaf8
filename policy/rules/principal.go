package rules

// resourcePolicies says where resource types keep a policy about who may use
// them.
var resourcePolicies = map[string]string{
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
	"aws:kinesis/resourcePolicy:ResourcePolicy":                                "policy",
	"aws:codeartifact/repositoryPermissionsPolicy:RepositoryPermissionsPolicy": "policyDocument",
}

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
	checks["aws:lambda/permission:Permission"] = func(res resource, r report) {
		if knownText(res.get("principal")) == "*" && !isSet(res.get("sourceArn")) && !isSet(res.get("sourceAccount")) && !isSet(res.get("principalOrgId")) {
			r.fault("principal is *, with neither sourceArn nor sourceAccount.")
		}
	}
	return checks
}

func namedPrincipal(s statement, name string, r report) {
	if !s.allows() {
		return
	}
	switch {
	case s.NotPrincipal != nil:
		r.fault("%s admits everybody but some (NotPrincipal).", name)
	case s.Principal.anyone() && !s.narrowed(narrowingKeys):
		r.fault("%s admits Principal * without a condition that says who that is.", name)
	case len(s.Principal["Federated"]) > 0 && len(s.Condition) == 0:
		r.fault("%s admits everybody whom the identity provider knows: it has no condition.", name)
	}
}

// endpointKeys tie an endpoint's statement to the customer's principals or resources.
var endpointKeys = map[string]bool{
	"aws:principalaccount": true, "aws:principalarn": true, "aws:principalorgid": true, "aws:principalorgpaths": true,
	"aws:resourceaccount": true, "aws:resourceorgid": true, "aws:resourceorgpaths": true,
}

func endpointPolicy(res resource, r report) {
	if !isSet(res.get("policy")) {
		if privateLink(res) {
			return // such services take no policy
		}
		r.fault("policy is not set, which admits everything.")
		return
	}
	withDocument(res.get("policy"), "policy", r, func(d *document) {
		for i, s := range d.Statement {
			if !s.allows() || s.narrowed(endpointKeys) {
				continue
			}
			if len(s.NotResource) > 0 {
				r.fault("%s admits all resources but some (NotResource).", s.name(i))
			}
			for _, arn := range s.Resource {
				if breadth(arn) != named {
					r.fault("%s admits anybody to %s.", s.name(i), arn)
				}
			}
		}
	})
}
