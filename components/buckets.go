package components

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/s3"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// BucketsArgs describes the stack's buckets. The names are of the whole world:
// they come from config.
type BucketsArgs struct {
	Scope Scope
	// DAGs holds what dagsync publishes, Logs the task logs, AccessLogs the
	// load balancer's.
	DAGs, Logs, AccessLogs string
	// LogRetentionDays ends task and access logs; 0 keeps them.
	LogRetentionDays int
	// NoncurrentDays ends overwritten and deleted objects.
	NoncurrentDays int
	// ForceDestroy lets a destroy delete what the buckets hold.
	ForceDestroy bool
	// DataKeyARN is the KMS key that encrypts DAGs and task logs. Access logs are
	// under S3's own keys: a load balancer can't write under others.
	DataKeyARN pulumi.StringInput
}

// Buckets are versioned, encrypted, private, and TLS only.
type Buckets struct {
	pulumi.ResourceState

	// AccessLogsReady must exist before a load balancer writes there.
	AccessLogsReady []pulumi.Resource
}

// abortUploadDays ends uploads that nobody finished.
const abortUploadDays = 1

// NewBuckets creates the three buckets with all that guards them.
func NewBuckets(ctx *pulumi.Context, name string, args *BucketsArgs, opts ...pulumi.ResourceOption) (*Buckets, error) {
	b := &Buckets{}
	if err := register(ctx, "Buckets", name, b, opts); err != nil {
		return nil, err
	}
	for _, bucket := range []bucketArgs{
		{name: name + "-dags", physical: args.DAGs, keyARN: args.DataKeyARN, more: ownEncryption(args.DAGs)},
		{name: name + "-logs", physical: args.Logs, keyARN: args.DataKeyARN, expireDays: args.LogRetentionDays},
		// The load balancer writes under S3's own keys only (ELB user guide,
		// "Access logs for your Application Load Balancer").
		{name: name + "-access-logs", physical: args.AccessLogs, expireDays: args.LogRetentionDays,
			more: []Statement{deliverAccessLogs(args)}},
	} {
		ready, err := b.newBucket(ctx, args, bucket)
		if err != nil {
			return nil, fmt.Errorf("bucket %s: %w", bucket.physical, err)
		}
		if bucket.physical == args.AccessLogs {
			b.AccessLogsReady = ready
		}
	}
	return b, ctx.RegisterResourceOutputs(b, pulumi.Map{})
}

type bucketArgs struct {
	name, physical string
	// keyARN is the key of SSE-KMS; nil means SSE-S3.
	keyARN pulumi.StringInput
	// expireDays ends objects; 0 keeps them.
	expireDays int
	more       []Statement
}

func (b *Buckets) newBucket(ctx *pulumi.Context, args *BucketsArgs, bucket bucketArgs) ([]pulumi.Resource, error) {
	created, err := s3.NewBucketV2(ctx, bucket.name, &s3.BucketV2Args{
		Bucket:       pulumi.String(bucket.physical),
		ForceDestroy: pulumi.Bool(args.ForceDestroy),
		Tags:         named(bucket.physical),
	}, pulumi.Parent(b))
	if err != nil {
		return nil, err
	}
	in := parented(created)
	id := created.ID()
	block, err := s3.NewBucketPublicAccessBlock(ctx, bucket.name, &s3.BucketPublicAccessBlockArgs{
		Bucket:                id,
		BlockPublicAcls:       pulumi.Bool(true),
		BlockPublicPolicy:     pulumi.Bool(true),
		IgnorePublicAcls:      pulumi.Bool(true),
		RestrictPublicBuckets: pulumi.Bool(true),
	}, in...)
	if err != nil {
		return nil, fmt.Errorf("public access block: %w", err)
	}
	if _, err := s3.NewBucketOwnershipControls(ctx, bucket.name, &s3.BucketOwnershipControlsArgs{
		Bucket: id,
		Rule:   &s3.BucketOwnershipControlsRuleArgs{ObjectOwnership: pulumi.String("BucketOwnerEnforced")},
	}, in...); err != nil {
		return nil, fmt.Errorf("ownership: %w", err)
	}
	if _, err := s3.NewBucketServerSideEncryptionConfigurationV2(ctx, bucket.name, encryption(id, bucket.keyARN), in...); err != nil {
		return nil, fmt.Errorf("encryption: %w", err)
	}
	versioning, err := s3.NewBucketVersioningV2(ctx, bucket.name, &s3.BucketVersioningV2Args{
		Bucket:                  id,
		VersioningConfiguration: &s3.BucketVersioningV2VersioningConfigurationArgs{Status: pulumi.String("Enabled")},
	}, in...)
	if err != nil {
		return nil, fmt.Errorf("versioning: %w", err)
	}
	if _, err := s3.NewBucketLifecycleConfigurationV2(ctx, bucket.name, lifecycle(id, args, bucket.expireDays),
		append(in, pulumi.DependsOn([]pulumi.Resource{versioning}))...); err != nil {
		return nil, fmt.Errorf("lifecycle: %w", err)
	}
	document, err := append(guard(args.Scope, bucket.physical), bucket.more...).JSON()
	if err != nil {
		return nil, err
	}
	policy, err := s3.NewBucketPolicy(ctx, bucket.name, &s3.BucketPolicyArgs{Bucket: id, Policy: pulumi.String(document)},
		append(in, pulumi.DependsOn([]pulumi.Resource{block}))...)
	if err != nil {
		return nil, fmt.Errorf("policy: %w", err)
	}
	return []pulumi.Resource{created, policy}, nil
}

func encryption(bucket pulumi.StringInput, keyARN pulumi.StringInput) *s3.BucketServerSideEncryptionConfigurationV2Args {
	byDefault := &s3.BucketServerSideEncryptionConfigurationV2RuleApplyServerSideEncryptionByDefaultArgs{SseAlgorithm: pulumi.String("AES256")}
	rule := &s3.BucketServerSideEncryptionConfigurationV2RuleArgs{ApplyServerSideEncryptionByDefault: byDefault}
	if keyARN != nil {
		byDefault.SseAlgorithm = pulumi.String("aws:kms")
		byDefault.KmsMasterKeyId = keyARN.ToStringOutput().ToStringPtrOutput()
		// One KMS request for many objects: dagsync reads thousands.
		rule.BucketKeyEnabled = pulumi.BoolPtr(true)
	}
	return &s3.BucketServerSideEncryptionConfigurationV2Args{
		Bucket: bucket,
		Rules:  s3.BucketServerSideEncryptionConfigurationV2RuleArray{rule},
	}
}

func lifecycle(bucket pulumi.StringInput, args *BucketsArgs, expireDays int) *s3.BucketLifecycleConfigurationV2Args {
	noncurrent := args.NoncurrentDays
	rules := s3.BucketLifecycleConfigurationV2RuleArray{}
	everything := &s3.BucketLifecycleConfigurationV2RuleFilterArgs{Prefix: pulumi.StringPtr("")}
	if expireDays > 0 {
		noncurrent = min(noncurrent, expireDays)
		rules = append(rules, &s3.BucketLifecycleConfigurationV2RuleArgs{
			Id: pulumi.String("expire"), Status: pulumi.String("Enabled"), Filter: everything,
			Expiration: &s3.BucketLifecycleConfigurationV2RuleExpirationArgs{Days: pulumi.IntPtr(expireDays)},
		})
	}
	rules = append(rules, &s3.BucketLifecycleConfigurationV2RuleArgs{
		Id: pulumi.String("tidy"), Status: pulumi.String("Enabled"), Filter: everything,
		Expiration: &s3.BucketLifecycleConfigurationV2RuleExpirationArgs{ExpiredObjectDeleteMarker: pulumi.BoolPtr(true)},
		NoncurrentVersionExpiration: &s3.BucketLifecycleConfigurationV2RuleNoncurrentVersionExpirationArgs{
			NoncurrentDays: pulumi.Int(noncurrent),
		},
		AbortIncompleteMultipartUpload: &s3.BucketLifecycleConfigurationV2RuleAbortIncompleteMultipartUploadArgs{
			DaysAfterInitiation: pulumi.IntPtr(abortUploadDays),
		},
	})
	return &s3.BucketLifecycleConfigurationV2Args{Bucket: bucket, Rules: rules}
}

// guard refuses plain HTTP, and everybody outside the account but AWS's own
// services, which come as themselves.
func guard(s Scope, bucket string) Document {
	resources := []string{BucketARN(bucket, ""), BucketARN(bucket, "*")}
	return Document{
		denyPlaintext("s3:*", resources...),
		{
			Sid: "OwnAccount", Effect: deny, Principal: Principal{Anyone: true},
			Actions: []string{"s3:*"}, Resources: resources,
			Conditions: Conditions{
				"StringNotEquals": {"aws:PrincipalAccount": {s.AccountID}},
				"Bool":            {"aws:PrincipalIsAWSService": {"false"}},
			},
		},
	}
}

// ownEncryption refuses uploads that say how they are encrypted. What they leave
// out the bucket does, under its key; an object under another key, or one that
// the client keeps (SSE-C), would be one that dagsync can't read. Two statements,
// since the conditions of one must all hold.
func ownEncryption(bucket string) []Statement {
	given := func(sid, header string) Statement {
		return Statement{
			Sid: sid, Effect: deny, Principal: Principal{Anyone: true},
			Actions: []string{"s3:PutObject"}, Resources: []string{BucketARN(bucket, "*")},
			Conditions: Conditions{"Null": {"s3:" + header: {"false"}}},
		}
	}
	return []Statement{
		given("BucketsKeyOnly", "x-amz-server-side-encryption"),
		given("NoClientKeys", "x-amz-server-side-encryption-customer-algorithm"),
	}
}

// deliverAccessLogs lets the load balancers of this account write their logs.
func deliverAccessLogs(args *BucketsArgs) Statement {
	return Statement{
		Sid: "AccessLogs", Effect: allow,
		Principal: Principal{Services: []string{AWSService("logdelivery.elasticloadbalancing")}},
		Actions:   []string{"s3:PutObject"},
		Resources: []string{BucketARN(args.AccessLogs, "AWSLogs/"+args.Scope.AccountID+"/*")},
		Conditions: Conditions{"ArnLike": {
			"aws:SourceArn": {args.Scope.ARN("elasticloadbalancing", "loadbalancer/*")},
		}},
	}
}
