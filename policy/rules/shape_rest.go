package rules

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"

	"github.com/pathwai/airflow-on-fargate/policy/schema"
)

// dataEncrypted is encryption at rest for every type that has no rule of its own.
func dataEncrypted() Rule {
	own := map[string]bool{}
	for _, rule := range restTypes() {
		for token := range rule.On {
			own[token] = true
		}
	}
	return Rule{
		Name: "data-encrypted", Family: AtRest,
		Description: "Whatever keeps data encrypts it, under a key of one's own.",
		Why:         restWhy,
		Fix:         "switch encryption on, with a KMS key as its kind where it has one, and " + restFix + ".",
		On: each(
			on(keyedStream, "aws:kinesis/stream:Stream"),
			on(memcached, "aws:dax/cluster:Cluster"),
			on(catalogued, "aws:athena/workgroup:Workgroup"),
			onPlaced("encryptAtRest", "aws:elasticsearch/domain:Domain"),
			underStrict(each(
				on(collectionKey, "aws:opensearch/serverlessSecurityPolicy:ServerlessSecurityPolicy"),
				onPlaced("encryptionSpecification", "aws:keyspaces/table:Table"),
				onPlaced("encryptionConfiguration", "aws:athena/database:Database", "aws:s3tables/tableBucket:TableBucket"),
				onPlaced("serverSideEncryptionConfiguration", "aws:kendra/index:Index"),
				onPlaced("encryptionConfigurations", "aws:ecr/repositoryCreationTemplate:RepositoryCreationTemplate"),
				onPlaced("encryptionAtRestOptions", "aws:opensearchingest/pipeline:Pipeline"),
				onPlaced("encryptionConfig", "aws:eks/cluster:Cluster"),
				onPlaced("securityConfiguration", "aws:glue/job:Job", "aws:glue/crawler:Crawler", "aws:glue/devEndpoint:DevEndpoint", "aws:emr/cluster:Cluster"),
			)),
			on(func(res resource, r report) { r.needTrue(res, "enabled") }, "aws:ebs/encryptionByDefault:EncryptionByDefault"),
			on(emrSecurity("EnableAtRestEncryption"), emrSecurityType),
			on(plainQueue, "aws:sqs/queue:Queue"),
			on(delivered, "aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream"),
		),
		Any: func(res resource, r report) {
			for _, at := range places(res, schema.Encrypted) {
				if !restElsewhere(res.Type, at.path) && (!at.top || !own[res.Type]) {
					encryptedSwitch(res, at, r)
				}
			}
			for _, at := range places(res, schema.Unencrypted) {
				r.needNotTrue(at.in, at.leaf())
			}
			for _, at := range places(res, schema.Cipher) {
				if !restElsewhere(res.Type, at.path) {
					strongCipher(at, r)
				}
			}
			for _, at := range places(res, schema.Key) {
				if !restElsewhere(res.Type, at.path) && (!at.top || !own[res.Type] || strings.Contains(at.leaf(), "SecretKmsKey")) {
					ownKey(res, at, r)
				}
			}
		},
	}
}

// restElsewhere tells what other rules ask for, or what is no data at rest.
func restElsewhere(token, path string) bool {
	return readElsewhere.MatchString(token + " " + path)
}

var readElsewhere = regexp.MustCompile(`^aws:(?:` + strings.Join([]string{
	`ecr/repository:`, `dynamodb/table:Table serverSideEncryption`, `mq/`, `msk/`, `opensearch/domain:`, `s3/bucket(?:V2)?:\S+ serverSide`, `s3/bucketServerSide`,
	`ecs/cluster:Cluster configuration\.executeCommand`, `memorydb/cluster:`,
	// TLS, and formats of others.
	`medialive/`, `mskconnect/`, `directconnect/`, `dax/`, `transfer/connector:`, `paymentcryptography/`,
	// The provider's own words, or keys of other accounts' data.
	`kms/grant:`, `\S+ .*[aA]dditionalEncryptionContext`,
}, "|") + `)`)

func encryptedSwitch(res resource, at place, r report) {
	value, state := truth(at.value)
	switch {
	case state == unknown:
		r.unseen(at.path)
	case state == known && !value:
		r.fault("%s is false.", at.path)
	case state == absent && !inherited(res, at):
		r.fault("%s is not set.", at.path)
	}
}

// inherited tells what takes its encryption from what it is made from.
func inherited(res resource, at place) bool {
	switch {
	case isSet(at.in.Get("snapshotId")), isSet(at.in.Get("sourceDbClusterIdentifier")), isSet(at.in.Get("snapshotIdentifier")), isSet(at.in.Get("virtualName")):
		return true
	case at.leaf() == "cacheDataEncrypted":
		caching, _ := truth(at.in.Get("cachingEnabled"))
		return !caching
	case strings.HasPrefix(res.Type, "aws:ec2/amiFromInstance:"), strings.HasPrefix(res.Type, "aws:ec2/ami:"):
		return true
	}
	return foreign(res.Type)
}

// strongCipher wants a word that says KMS, where one is given.
func strongCipher(at place, r report) {
	word, state := text(at.value)
	upper := strings.ToUpper(word)
	switch {
	case state == unknown:
		r.unseen(at.path)
	case word == "":
	case r.settings.Profile == Baseline && !slices.Contains([]string{"NONE", "DISABLED", "NO_ENCRYPTION", "NOT_ENCRYPTED"}, upper):
	case strings.HasPrefix(upper, "AWS_OWNED"):
		r.fault("%s is %s, a key that AWS owns.", at.path, word)
	case strings.Contains(upper, "KMS"), upper == "CUSTOM", strings.HasPrefix(upper, "CUSTOMER"), upper == "TLS", upper == "AWS_CMK", upper == "PGP":
	default:
		r.fault("%s is %s, not KMS.", at.path, word)
	}
}

// keyOptional are top-level keys of what isn't a store of data of its own:
// small settings, code, messages that AWS encrypts anyway, and copies of what
// says itself how it is encrypted.
var keyOptional = regexp.MustCompile(`^aws:(?:` + strings.Join([]string{
	`appconfig/`, `appflow/`, `codebuild/project:`, `auditmanager/`, `bedrock/agent`, `cfg/`, `cloudwatch/eventBus:`, `cloudwatch/eventConnection:`, `cloudwatch/logAnomaly`,
	`codeartifact/domain:`, `cognito/`, `dms/endpoint:`, `imagebuilder/`, `lambda/`, `pipes/`, `scheduler/`, `rds/customDb`, `rds/integration:`, `redshift/integration:`,
	`redshift/snapshotCopyGrant:`, `ebs/snapshotImport:`, `memorydb/snapshot:`, `verifiedaccess/`, `elastictranscoder/`, `sagemaker/deviceFleet:`, `s3/bucketObject`,
	`s3/objectCopy:`, `amp/workspace:`, `rekognition/`, `dms/replicationConfig:`, `opensearchingest/`, `emr/studio:`, `storagegateway/`, `customerprofiles/`, `location/`,
	`timestreamquery/`,
}, "|") + `)`)

// aspects are keys within an object that holds much else: they are asked for
// only if encryption there was asked for.
var aspects = regexp.MustCompile(`(?:^|\.)(?:lambdaConfig|as2Config|conversationLogs|s3Settings|redshiftSettings|keyModesOfUse|onlineStoreConfig\.securityConfig|sharingSettings|` +
	`workspaceSettings|coreDumpConfig|managedStorageConfiguration|services\.tls|s3Actions|kmsKeyDetails|amiDistributionConfiguration|computeConfig|` +
	`s3BackupConfiguration|masterUserSecret\w*|logSettings|executeCommandConfiguration|postCallAnalyticsSettings|action\.s3Destination|source)\.[a-zA-Z0-9]+$`)

func ownKey(res resource, at place, r report) {
	key, state := text(at.value)
	switch {
	case state == unknown:
	case state == known && managedByAWS(key) && r.settings.Profile != Baseline:
		r.fault("%s is %q, a key that AWS manages.", at.path, key)
	case r.settings.Profile == Baseline:
	case key != "" || foreign(res.Type) || lateKey(res, at):
	case at.top && !keyOptional.MatchString(res.Type), !at.top && !aspects.MatchString(at.path):
		r.fault("%s is not set, so a key that AWS owns or manages would be used.", at.path)
	}
}

// lateKey tells keys that another property says aren't wanted, or can't be: a
// secret of the database's, blocks from a snapshot, a switch that is off
// already and was reported.
func lateKey(res resource, at place) bool {
	leaf := strings.ToLower(at.leaf())
	switch {
	case strings.Contains(leaf, "secretkmskey"), strings.HasPrefix(leaf, "performanceinsights"), leaf == "logencryptionkmskeyid":
		return true
	case strings.HasSuffix(at.path, ".ebs.kmsKeyId"), strings.Contains(at.path, "lockDevice"):
		// Volumes of instances: the account's default key of EBS holds.
		return true
	case strings.HasPrefix(leaf, "replicakmskey"), isSet(at.in.Get("snapshotIdentifier")):
		return true
	case res.Type == "aws:sagemaker/endpointConfiguration:EndpointConfiguration" && !at.top:
		return !isSet(at.in.Get("enableCapture"))
	}
	for _, name := range []string{"encryptionOption", "encryptionMode", "encryptionType", "catalogEncryptionMode", "cloudwatchEncryptionMode", "jobBookmarksEncryptionMode", "s3EncryptionMode", "ebsEncryption"} {
		if word := strings.ToUpper(knownText(at.in.Get(name))); word != "" && (!strings.Contains(word, "KMS") || strings.HasPrefix(word, "AWS_OWNED")) {
			// strongCipher says so.
			return true
		}
	}
	return strings.HasSuffix(at.path, "awsKmsKeyId") && strings.Contains(at.path, "connectionPassword")
}

// underStrict asks nothing under the baseline profile: it is about what AWS
// encrypts under a key of its own where nothing is said.
func underStrict(checks map[string]check) map[string]check {
	for token, c := range checks {
		checks[token] = func(res resource, r report) {
			if r.settings.Profile != Baseline {
				c(res, r)
			}
		}
	}
	return checks
}

// keyedStream has a key, and a word beside it that may make nothing of it.
func keyedStream(res resource, r report) {
	switch kind, state := text(res.get("encryptionType")); {
	case state == unknown:
		r.unseen("encryptionType")
	case kind != "KMS":
		r.fault("encryptionType is %q, not KMS.", kind)
	}
}

// delivered wants Firehose to encrypt what it takes in itself; what it takes
// from a stream or from Kafka is encrypted there.
func delivered(res resource, r report) {
	if isSet(res.get("kinesisSourceConfiguration")) || isSet(res.get("mskSourceConfiguration")) {
		return
	}
	if r.needTrue(res, "serverSideEncryption.enabled") {
		r.needKey(res.properties(), "serverSideEncryption.keyArn")
	}
}

const emrSecurityType = "aws:emr/securityConfiguration:SecurityConfiguration"

// emrSecurity reads a switch of a cluster's security, which is JSON.
func emrSecurity(name string) check {
	return func(res resource, r report) {
		raw, state := text(res.get("configuration"))
		if state == unknown {
			r.later("configuration")
			return
		}
		var said struct{ EncryptionConfiguration map[string]any }
		if err := json.Unmarshal([]byte(raw), &said); err != nil {
			r.fault("configuration is not JSON: %v.", err)
		} else if said.EncryptionConfiguration[name] != true {
			r.fault("EncryptionConfiguration.%s is not true.", name)
		}
	}
}

// plainQueue is encrypted unless it is told not to be.
func plainQueue(res resource, r report) {
	if on, state := truth(res.get("sqsManagedSseEnabled")); state == known && !on && !isSet(res.get("kmsMasterKeyId")) {
		r.fault("sqsManagedSseEnabled is false, and there is no key.")
	}
}

func memcached(res resource, r report) { r.needTrue(res, "serverSideEncryption.enabled") }

// catalogued wants the results of queries encrypted, which stand in a bucket.
func catalogued(res resource, r report) {
	if !isSet(res.get("configuration.resultConfiguration.encryptionConfiguration")) && isSet(res.get("configuration.resultConfiguration.outputLocation")) {
		r.fault("configuration.resultConfiguration.encryptionConfiguration is not set.")
	}
}
