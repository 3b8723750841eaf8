package rules

// Severity says how bad it is to break a rule, as Pulumi names it.
type Severity string

// The severities.
const (
	Low      Severity = "low"
	Medium   Severity = "medium"
	High     Severity = "high"
	Critical Severity = "critical"
)

// Metadata places a rule beside what others ask, for reports.
type Metadata struct {
	Severity Severity
	// Baseline rules hold under both profiles.
	Baseline bool
	// Controls are the nearest ones of AWS Foundational Security Best Practices
	// (FSBP), the CIS AWS Foundations Benchmark and the Well-Architected Framework.
	Controls []string
}

// Metadata returns a rule's; a rule that has none is of medium severity, and strict.
func (r Rule) Metadata() Metadata {
	if m, found := metadata[r.Name]; found {
		return m
	}
	return Metadata{Severity: Medium, Baseline: r.Family == PackItself}
}

// Baseline tells whether a rule holds under the baseline profile.
func (r Rule) Baseline() bool { return r.Metadata().Baseline }

func base(severity Severity, controls ...string) Metadata {
	return Metadata{Severity: severity, Baseline: true, Controls: controls}
}

func strict(severity Severity, controls ...string) Metadata {
	return Metadata{Severity: severity, Controls: controls}
}

var metadata = map[string]Metadata{
	"no-nat-gateway":         base(High, "Well-Architected SEC05-BP01"),
	"no-elastic-ip":          base(High, "FSBP EC2.9", "Well-Architected SEC05-BP01"),
	"no-internet-gateway":    base(High, "Well-Architected SEC05-BP01"),
	"no-egress-only-gateway": base(High, "Well-Architected SEC05-BP01"),
	"no-default-route":       base(Critical, "CIS 5.5", "Well-Architected SEC05-BP02"),
	"no-other-way-out":       base(High, "CIS 5.5", "Well-Architected SEC05-BP02"),
	"no-public-subnet":       base(High, "FSBP EC2.15"),
	"no-public-ip":           base(High, "FSBP EC2.9", "FSBP EC2.25", "FSBP ECS.2"),
	"no-public-load-balancer": base(High,
		"Well-Architected SEC05-BP01"),
	"no-public-entry":    base(High, "FSBP Lambda.1", "Well-Architected SEC05-BP01"),
	"no-public-database": base(Critical, "FSBP RDS.2", "FSBP Redshift.1", "FSBP DMS.1", "CIS 2.3.3"),
	"no-forwarder":       base(High, "Well-Architected SEC05-BP02"),
	"no-unread-template": base(High, "Well-Architected SEC05-BP01"),
	"not-for-everybody":  base(Critical, "FSBP EC2.1", "FSBP RDS.1", "FSBP SSM.4", "FSBP S3.2"),
	"no-open-range":      base(High, "FSBP EKS.1", "Well-Architected SEC05-BP02"),
	"joins-narrow":       strict(Medium, "Well-Architected SEC05-BP02"),

	"no-delivery-outside":  base(High, "Well-Architected SEC05-BP01"),
	"delivery-own-account": base(High, "Well-Architected SEC03-BP07"),

	"identity-provider-narrow": base(High, "CIS 5.5", "Well-Architected SEC05-BP02"),

	"dns-firewall-declared": strict(Medium, "Well-Architected SEC05-BP03"),
	"resolver-log-declared": strict(Low, "Well-Architected SEC04-BP01"),
	"lambda-in-vpc":         base(Medium, "FSBP Lambda.3", "Well-Architected SEC05-BP01"),

	"no-open-security-group":          base(Critical, "FSBP EC2.18", "FSBP EC2.19", "CIS 5.2", "CIS 5.3"),
	"no-public-upstreams":             strict(Medium, "Well-Architected SEC11-BP05"),
	"no-wide-ports":                   strict(Medium, "FSBP EC2.18", "Well-Architected SEC05-BP02"),
	"default-security-group-locked":   strict(High, "FSBP EC2.2", "CIS 5.4"),
	"default-security-group-declared": strict(High, "FSBP EC2.2", "CIS 5.4"),
	"bucket-access-block":             base(Critical, "FSBP S3.8", "CIS 2.1.4"),
	"bucket-access-block-declared":    strict(Medium, "FSBP S3.8", "CIS 2.1.4"),
	"bucket-no-public-acl":            base(Critical, "FSBP S3.2", "FSBP S3.3", "FSBP S3.12"),
	"load-balancer-strict-http":       strict(Medium, "FSBP ELB.4", "FSBP ELB.12"),

	"database-encrypted":             base(High, "FSBP RDS.3", "FSBP RDS.27", "FSBP DocumentDB.1", "CIS 2.3.1"),
	"performance-insights-encrypted": strict(Low, "Well-Architected SEC08-BP01"),
	"cache-encrypted":                base(High, "FSBP ElastiCache.4", "Well-Architected SEC08-BP02"),
	"file-system-encrypted":          base(High, "FSBP EFS.1", "FSBP EC2.3", "CIS 2.4.1"),
	"log-group-encrypted":            strict(Medium, "Well-Architected SEC08-BP02"),
	"secret-encrypted":               base(High, "Well-Architected SEC08-BP01"),
	"repository-encrypted":           strict(Low, "FSBP ECR.5"),
	"queue-encrypted":                base(Medium, "FSBP SNS.1", "FSBP SQS.1", "FSBP Kinesis.1"),
	"key-rotates":                    strict(Medium, "FSBP KMS.4", "CIS 3.6"),
	"bucket-encrypted":               strict(Medium, "FSBP S3.17"),

	"bucket-policy-tls":            strict(Medium, "FSBP S3.5", "CIS 2.1.1"),
	"bucket-policy-declared":       strict(Medium, "FSBP S3.5", "CIS 2.1.1"),
	"data-encrypted":               base(High, "FSBP ES.1", "FSBP DAX.1", "FSBP DataFirehose.1", "Well-Architected SEC08-BP02"),
	"traffic-encrypted":            base(High, "FSBP ES.3", "FSBP MSK.1", "FSBP Opensearch.8", "Well-Architected SEC09-BP02"),
	"listener-rule-tls":            base(High, "FSBP ELB.1"),
	"no-plain-credential":          base(High, "Well-Architected SEC02-BP03"),
	"warehouse-logged":             strict(Medium, "FSBP Redshift.4"),
	"cache-tls":                    base(High, "FSBP ElastiCache.5", "FSBP ElastiCache.6"),
	"efs-volume-tls":               base(High, "Well-Architected SEC09-BP02"),
	"efs-policy-tls":               strict(Medium, "Well-Architected SEC09-BP02"),
	"efs-policy-declared":          strict(Medium, "Well-Architected SEC09-BP02"),
	"listener-tls":                 base(High, "FSBP ELB.1", "FSBP ELB.3", "FSBP ELB.17"),
	"database-parameters-tls":      base(High, "Well-Architected SEC09-BP02"),
	"database-parameters-declared": strict(Medium, "Well-Architected SEC09-BP02"),

	"no-wildcard-action":       base(High, "FSBP IAM.1", "FSBP IAM.21", "CIS 1.16"),
	"no-wildcard-resource":     base(High, "FSBP IAM.21", "CIS 1.16", "FSBP KMS.2"),
	"no-open-principal":        base(Critical, "FSBP S3.2", "FSBP SQS.3", "FSBP SNS.4", "Well-Architected SEC03-BP07"),
	"service-principal-scoped": strict(Medium, "Well-Architected SEC03-BP07"),
	"endpoint-policy":          strict(Medium, "Well-Architected SEC03-BP05"),
	"endpoint-policy-declared": strict(Medium, "Well-Architected SEC03-BP05"),
	"endpoint-own-account":     strict(Medium, "Well-Architected SEC03-BP05"),
	"no-escalation":            strict(High, "Well-Architected SEC03-BP02"),
	"no-admin-policy":          base(High, "FSBP IAM.1", "FSBP IAM.18", "CIS 1.16"),
	"no-static-credentials":    base(High, "FSBP IAM.3", "CIS 1.13", "Well-Architected SEC02-BP02"),
	"no-plaintext-secret":      base(Critical, "FSBP ECS.8", "FSBP CodeBuild.2", "Well-Architected SEC02-BP03"),
	"no-privileged-container":  base(High, "FSBP ECS.3", "FSBP ECS.4", "FSBP ECS.17"),
	"no-root-container":        strict(Medium, "FSBP ECS.20"),
	"task-roles-apart":         strict(Medium, "Well-Architected SEC03-BP02"),
	"metadata-tokens":          strict(High, "FSBP EC2.8", "FSBP EC2.170", "FSBP AutoScaling.3", "CIS 5.6"),
	"access-point-bound":       strict(Medium, "FSBP EFS.3", "FSBP EFS.4"),

	"bucket-versioned":        strict(Medium, "FSBP S3.14"),
	"container-logs-declared": strict(Medium, "FSBP ECS.9"),
	"endpoints-present":       strict(Low, "FSBP EC2.55", "FSBP EC2.57"),
	"endpoint-private-dns":    strict(Low, "Well-Architected SEC05-BP02"),
	"log-retention":           strict(Low, "FSBP CloudWatch.16"),
	"service-rolls-back":      strict(Low, "Well-Architected REL08-BP05"),
	"database-backups":        strict(Medium, "FSBP RDS.11"),
	"deletion-protection":     strict(Medium, "FSBP RDS.7", "FSBP RDS.8", "FSBP ELB.6"),
	"in-own-subnets":          strict(Medium, "FSBP ElastiCache.7", "Well-Architected SEC05-BP01"),
	"in-private-subnets":      strict(High, "FSBP RDS.46", "Well-Architected SEC05-BP01"),
	"flow-log-declared":       strict(Medium, "FSBP EC2.6", "CIS 3.7"),
	"recorders-on":            strict(Medium, "FSBP CloudTrail.4", "FSBP Config.1", "FSBP GuardDuty.1", "CIS 3.2"),
	"access-logged":           strict(Medium, "FSBP ELB.5", "FSBP RDS.9", "FSBP RDS.34"),
	"spread-over-zones":       strict(Medium, "FSBP RDS.5", "FSBP ElastiCache.3", "FSBP ELB.13", "Well-Architected REL10-BP01"),
	"file-system-backups":     strict(Medium, "FSBP EFS.2", "Well-Architected REL09-BP03"),
	"database-events-told":    strict(Low, "FSBP RDS.19", "FSBP RDS.20"),
	"alarm-tells-somebody":    strict(Low, "FSBP CloudWatch.15", "FSBP CloudWatch.17"),
	"read-only-root":          strict(Medium, "FSBP ECS.5"),
	"fargate-current":         strict(Medium, "FSBP ECS.10"),
	"exec-logged":             strict(Medium, "Well-Architected SEC04-BP01"),
	"repository-guarded":      strict(Medium, "FSBP ECR.2"),
	"repository-scanned":      strict(Medium, "FSBP ECR.1"),

	SettingsName:       base(High),
	"stale-exceptions": base(Medium),
}
