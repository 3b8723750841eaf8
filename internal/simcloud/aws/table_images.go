package aws

// images holds ECR.
var images = map[string]*Type{
	"aws:ecr/repository:Repository": {
		ID:   "{name}",
		ARN:  "ecr:{region}:{account}:repository/{name}",
		Name: "name", NameMax: 256,
		Unique:   "{name}",
		ForceNew: "encryptionConfigurations.encryptionType encryptionConfigurations.kmsKey name",
		Defaults: Props{"imageTagMutability": "MUTABLE"},
		Outputs:  Props{"registryId": "{account}", "repositoryUrl": "{account}.dkr.ecr.{region}.{dns}/{name}"},
		Rules: Rules{
			"name":               text(2, 256, `^[a-z0-9]+([._-][a-z0-9]+)*(/[a-z0-9]+([._-][a-z0-9]+)*)*$`, "lower-case letters and digits, with single .-_ and / between them"),
			"imageTagMutability": oneOf("MUTABLE", "IMMUTABLE", "IMMUTABLE_WITH_EXCLUSION", "MUTABLE_WITH_EXCLUSION"),
		},
		Check: checkRepository,
	},
	"aws:ecr/lifecyclePolicy:LifecyclePolicy": {
		ID:       "{repository}",
		Unique:   "{repository}",
		Required: "policy repository",
		ForceNew: "policy repository",
		JSON:     "policy",
		Outputs:  Props{"registryId": "{account}"},
		Check:    checkImageLifecycle,
		Untagged: true,
	},
	"aws:ecr/repositoryPolicy:RepositoryPolicy": {
		ID:       "{repository}",
		Unique:   "{repository}",
		Required: "policy repository",
		ForceNew: "repository",
		JSON:     "policy",
		Outputs:  Props{"registryId": "{account}"},
		Rules: Rules{
			"policy": statementPolicy(10240),
		},
		Untagged: true,
	},
	"aws:ecr/registryScanningConfiguration:RegistryScanningConfiguration": {
		ID:       "{account}",
		Unique:   "registry",
		Required: "scanType",
		Outputs:  Props{"registryId": "{account}"},
		Rules: Rules{
			"scanType": oneOf("BASIC", "ENHANCED"),
		},
		Untagged: true,
	},
	"aws:ecr/pullThroughCacheRule:PullThroughCacheRule": {
		ID:       "{ecrRepositoryPrefix}",
		Unique:   "{ecrRepositoryPrefix}",
		Required: "ecrRepositoryPrefix upstreamRegistryUrl",
		ForceNew: "ecrRepositoryPrefix upstreamRegistryUrl upstreamRepositoryPrefix",
		Outputs:  Props{"registryId": "{account}"},
		Untagged: true,
	},
}
