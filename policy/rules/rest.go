package rules

import (
	"fmt"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/property"
)

const (
	restWhy = "under a key of the customer's own, who may decrypt is written in one policy, every use is on record, and access ends when the key does."
	restFix = "give the ARN of an aws:kms/key:Key of this stack"
)

// store says where a resource type keeps its switch and its key.
type store struct {
	// flag must be true; empty when there is none.
	flag string
	// key must name a KMS key.
	key string
	// always is true where AWS encrypts under a key of its own if the flag is off.
	always bool
}

// onStores makes checks from a table of stores.
func onStores(stores map[string]store) map[string]check {
	checks := make(map[string]check, len(stores))
	for t, where := range stores {
		checks[t] = func(res resource, r report) {
			if replicaOfRegion(res) || where.always && r.settings.Profile == Baseline {
				return
			}
			if where.flag == "" || r.needTrue(res, where.flag) {
				r.needKey(res.properties(), where.key)
			}
		}
	}
	return checks
}

// replicaOfRegion knows read replicas of a database in the same region, which take
// its encryption and its key, and may name none; another region's is named by its ARN.
func replicaOfRegion(res resource) bool {
	source := res.get("replicateSourceDb")
	return isSet(source) && !strings.HasPrefix(knownText(source), "arn:")
}

func restRule(name, description, fix string, checks map[string]check) Rule {
	return Rule{Name: name, Family: AtRest, Description: description, Why: restWhy, Fix: restFix + fix + ".", On: checks}
}

func atRest() []Rule { return append(restTypes(), dataEncrypted()) }

// restTypes are the rules that know their types.
func restTypes() []Rule {
	return []Rule{
		restRule("database-encrypted", "Databases are encrypted under a key of one's own.",
			" as kmsKeyId and set storageEncrypted (encrypted for Redshift) to true", onStores(map[string]store{
				"aws:rds/instance:Instance":                  {flag: "storageEncrypted", key: "kmsKeyId"},
				"aws:rds/cluster:Cluster":                    {flag: "storageEncrypted", key: "kmsKeyId"},
				"aws:docdb/cluster:Cluster":                  {flag: "storageEncrypted", key: "kmsKeyId"},
				"aws:neptune/cluster:Cluster":                {flag: "storageEncrypted", key: "kmsKeyArn"},
				"aws:redshift/cluster:Cluster":               {flag: "encrypted", key: "kmsKeyId"},
				"aws:redshiftserverless/namespace:Namespace": {key: "kmsKeyId"},
				"aws:dynamodb/table:Table":                   {flag: "serverSideEncryption.enabled", key: "serverSideEncryption.kmsKeyArn", always: true},
			})),
		restRule("performance-insights-encrypted", "Performance Insights data is encrypted under a key of one's own.",
			" as performanceInsightsKmsKeyId: samples hold query texts",
			on(insightsKey, "aws:rds/instance:Instance", "aws:rds/clusterInstance:ClusterInstance", "aws:rds/cluster:Cluster")),
		restRule("cache-encrypted", "Caches and brokers are encrypted under a key of one's own.",
			" and set encryption at rest to true: queued messages hold credentials", each(
				onStores(map[string]store{
					"aws:elasticache/replicationGroup:ReplicationGroup": {flag: "atRestEncryptionEnabled", key: "kmsKeyId"},
					"aws:elasticache/serverlessCache:ServerlessCache":   {key: "kmsKeyId"},
					"aws:memorydb/cluster:Cluster":                      {key: "kmsKeyArn"},
					"aws:mq/broker:Broker":                              {key: "encryptionOptions.kmsKeyId"},
				}),
				on(loneCache, "aws:elasticache/cluster:Cluster"),
			)),
		restRule("file-system-encrypted", "File systems and volumes are encrypted under a key of one's own.",
			" as kmsKeyId and set encrypted to true", onStores(map[string]store{
				"aws:efs/fileSystem:FileSystem": {flag: "encrypted", key: "kmsKeyId"},
				"aws:ebs/volume:Volume":         {flag: "encrypted", key: "kmsKeyId"},
			})),
		restRule("log-group-encrypted", "Log groups are encrypted under a key of one's own.",
			" as kmsKeyId, with a key policy that admits logs.<region>.amazonaws.com", onStores(map[string]store{
				"aws:cloudwatch/logGroup:LogGroup": {key: "kmsKeyId"},
			})),
		restRule("secret-encrypted", "Secrets are encrypted under a key of one's own.",
			" as kmsKeyId (secret) or keyId (SecureString parameter)", each(
				onStores(map[string]store{"aws:secretsmanager/secret:Secret": {key: "kmsKeyId"}}),
				on(secretParameter, "aws:ssm/parameter:Parameter"),
			)),
		restRule("repository-encrypted", "Container images are encrypted under a key of one's own.",
			" as encryptionConfigurations[].kmsKey with encryptionType KMS", on(repositoryKey, "aws:ecr/repository:Repository")),
		restRule("queue-encrypted", "Queues, topics, streams and backups are encrypted under a key of one's own.",
			"", onStores(map[string]store{
				"aws:sns/topic:Topic":          {key: "kmsMasterKeyId"},
				"aws:sqs/queue:Queue":          {key: "kmsMasterKeyId"},
				"aws:kinesis/stream:Stream":    {key: "kmsKeyId"},
				"aws:backup/vault:Vault":       {key: "kmsKeyArn"},
				"aws:cloudtrail/trail:Trail":   {key: "kmsKeyId"},
				"aws:msk/cluster:Cluster":      {key: "encryptionInfo.encryptionAtRestKmsKeyArn"},
				"aws:opensearch/domain:Domain": {flag: "encryptAtRest.enabled", key: "encryptAtRest.kmsKeyId"},
			})),
		{
			Name: "key-rotates", Family: AtRest,
			Description: "KMS keys rotate.",
			Why:         "rotation bounds how much one key ever encrypts, and costs nothing to the users of the key.",
			Fix:         "set enableKeyRotation to true.",
			On:          on(keyRotation, "aws:kms/key:Key"),
		},
	}
}

func insightsKey(res resource, r report) {
	switch enabled, state := truth(res.get("performanceInsightsEnabled")); {
	case state == unknown:
		r.unseen("performanceInsightsEnabled")
	case enabled:
		r.needKey(res.properties(), "performanceInsightsKmsKeyId")
	}
}

// loneCache refuses Redis without a replication group: it can't be encrypted.
func loneCache(res resource, r report) {
	if !isSet(res.get("replicationGroupId")) {
		r.fault("a cache cluster without a replication group cannot be encrypted at rest.")
	}
}

// secretParameter is about SecureString parameters, and about secrets that are
// kept in plain ones.
func secretParameter(res resource, r report) {
	kind, state := text(res.get("type"))
	switch {
	case state == unknown:
		r.unseen("type")
	case kind == "SecureString":
		r.needKey(res.properties(), "keyId")
	default:
		plainParameter(res, kind, r)
	}
}

// plainParameter goes by the name and the value: the SDK marks every
// parameter's value secret, whatever it is.
func plainParameter(res resource, kind string, r report) {
	name := knownText(res.get("name"))
	if name == "" {
		name = res.Name
	}
	name = name[strings.LastIndex(name, "/")+1:]
	words := r.settings.SecretWords
	for _, path := range []string{"value", "insecureValue"} {
		v := res.get(path)
		value, state := text(v)
		switch told := tellsSecret(value, words...); {
		case state == unknown && v.HasSecrets() && soundsSecret(name, words...), state == known && holdsSecret(name, value, words...):
			r.faultFix(fmt.Sprintf("%s: what is called %s is kept in a plain %s parameter.", path, name, kind), "set type to SecureString and keyId to an aws:kms/key:Key of this stack, or keep it in Secrets Manager.")
		case holdsCredential(value) || told != "":
			r.faultFix(fmt.Sprintf("%s: a credential is kept in a plain %s parameter.", path, kind), "set type to SecureString and keyId to an aws:kms/key:Key of this stack, or keep it in Secrets Manager.")
		}
	}
}

func repositoryKey(res resource, r report) {
	found := false
	eachMap(res.get("encryptionConfigurations"), func(m property.Map) {
		found = true
		kind, state := text(m.Get("encryptionType"))
		switch {
		case state == unknown:
			r.unseen("encryptionConfigurations[].encryptionType")
		case kind != "KMS" && kind != "KMS_DSSE":
			r.fault("encryptionConfigurations[].encryptionType is %q, not KMS.", kind)
		default:
			r.needKey(m, "kmsKey")
		}
	}, func() { found = true; r.unseen("encryptionConfigurations") })
	if !found {
		r.fault("encryptionConfigurations is not set, so a key that AWS owns would be used.")
	}
}

// keyRotation passes by keys that KMS can't rotate: asymmetric and HMAC keys.
func keyRotation(res resource, r report) {
	for path, rotating := range map[string]string{"keyUsage": "ENCRYPT_DECRYPT", "customerMasterKeySpec": "SYMMETRIC_DEFAULT"} {
		switch value, state := text(res.get(path)); {
		case state == unknown:
			r.unseen(path)
			return
		case state == known && value != rotating:
			return
		}
	}
	r.needTrue(res, "enableKeyRotation")
}

// describeKey names a bucket's default encryption in a message.
func describeKey(algorithm string) string {
	if algorithm == "" {
		return "no algorithm"
	}
	return fmt.Sprintf("sseAlgorithm %q", algorithm)
}
