// Bootstrap makes what a stack needs before its first `pulumi up`: a bucket
// and a key for Pulumi's state, and roles that GitHub's pipelines assume
// without a long-lived key. Its own state is a local file: the bucket doesn't
// exist yet (docs/adr/0014).
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/kms"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/s3"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/config"
)

func main() {
	pulumi.Run(bootstrap)
}

// settings are what Pulumi.yaml describes.
type settings struct {
	region, account, org, bucket, repository string
	// reuseProvider takes the account's identity provider of GitHub as it is.
	reuseProvider bool
}

// read returns the settings, or all their faults.
func read(ctx *pulumi.Context) (settings, error) {
	c := config.New(ctx, "")
	s := settings{
		region: c.Get("region"), account: c.Get("accountId"), org: c.Get("org"),
		bucket: c.Get("stateBucket"), repository: c.Get("repository"), reuseProvider: c.GetBool("reuseGithubProvider"),
	}
	var faults []error
	for _, check := range []struct{ key, value, form, allowed string }{
		{"region", s.region, `^[a-z]{2}-[a-z]+-[0-9]$`, "an AWS region such as us-east-1"},
		{"accountId", s.account, `^[0-9]{12}$`, "an AWS account id: 12 digits, in quotes"},
		{"org", s.org, `^[a-z][a-z0-9]{0,15}$`, "1 to 16 lower-case letters and digits, a letter first"},
		{"stateBucket", s.bucket, `^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$`, "a bucket name: 3 to 63 lower-case letters, digits and hyphens"},
		{"repository", s.repository, `^[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+$`, "a GitHub repository as owner/name"},
	} {
		switch {
		case check.value == "":
			faults = append(faults, fmt.Errorf("airflow-bootstrap:%s: required, but missing: %s", check.key, check.allowed))
		case !regexp.MustCompile(check.form).MatchString(check.value):
			faults = append(faults, fmt.Errorf("airflow-bootstrap:%s is %q: %s", check.key, check.value, check.allowed))
		}
	}
	return s, errors.Join(faults...)
}

func bootstrap(ctx *pulumi.Context) error {
	s, err := read(ctx)
	if err != nil {
		return err
	}
	provider, err := aws.NewProvider(ctx, "aws", &aws.ProviderArgs{
		Region:            pulumi.String(s.region),
		AllowedAccountIds: pulumi.ToStringArray([]string{s.account}),
		DefaultTags: &aws.ProviderDefaultTagsArgs{Tags: pulumi.StringMap{
			"Project": pulumi.String(s.org + "-airflow"), "Environment": pulumi.String("bootstrap"), "ManagedBy": pulumi.String("pulumi"),
		}},
	})
	if err != nil {
		return err
	}
	in := pulumi.Provider(provider)
	key, err := newKey(ctx, s, in)
	if err != nil {
		return err
	}
	if err := newStateBucket(ctx, s, key, in); err != nil {
		return err
	}
	if err := newRoles(ctx, s, in); err != nil {
		return err
	}
	ctx.Export("backend", pulumi.Sprintf("s3://%s?region=%s", s.bucket, s.region))
	ctx.Export("secretsProvider", pulumi.Sprintf("awskms:///%s?region=%s", alias(s), s.region))
	ctx.Export("previewRole", pulumi.String(roleARN(s, "preview")))
	ctx.Export("deployRole", pulumi.String(roleARN(s, "deploy")))
	return nil
}

func alias(s settings) string { return "alias/" + s.org + "-airflow-state" }

func roleARN(s settings, purpose string) string {
	return fmt.Sprintf("arn:aws:iam::%s:role/%s-airflow-github-%s", s.account, s.org, purpose)
}

// document renders a policy; maps of plain values can always be rendered.
func document(statements ...map[string]any) pulumi.String {
	encoded, err := json.Marshal(map[string]any{"Version": "2012-10-17", "Statement": statements})
	if err != nil {
		panic(err)
	}
	return pulumi.String(encoded)
}

// newKey encrypts the state, and the secrets in it.
func newKey(ctx *pulumi.Context, s settings, in pulumi.ResourceOption) (*kms.Key, error) {
	root := map[string]any{"AWS": "arn:aws:iam::" + s.account + ":root"}
	key, err := kms.NewKey(ctx, "state", &kms.KeyArgs{
		Description:          pulumi.String("Pulumi's state and the secrets in it"),
		EnableKeyRotation:    pulumi.Bool(true),
		DeletionWindowInDays: pulumi.Int(30),
		Policy: document(
			map[string]any{
				"Sid": "Administer", "Effect": "Allow", "Principal": root, "Resource": "*",
				"Action": []string{
					"kms:CancelKeyDeletion", "kms:CreateAlias", "kms:DeleteAlias", "kms:DescribeKey", "kms:DisableKey",
					"kms:EnableKey", "kms:EnableKeyRotation", "kms:GetKeyPolicy", "kms:GetKeyRotationStatus",
					"kms:ListResourceTags", "kms:PutKeyPolicy", "kms:ScheduleKeyDeletion", "kms:TagResource",
					"kms:UntagResource", "kms:UpdateAlias", "kms:UpdateKeyDescription",
				},
			},
			map[string]any{
				"Sid": "Use", "Effect": "Allow", "Principal": root, "Resource": "*",
				"Action":    []string{"kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"},
				"Condition": map[string]any{"StringEquals": map[string]string{"kms:CallerAccount": s.account}},
			},
		),
	}, in, pulumi.Protect(true))
	if err != nil {
		return nil, err
	}
	_, err = kms.NewAlias(ctx, "state", &kms.AliasArgs{Name: pulumi.String(alias(s)), TargetKeyId: key.KeyId}, in)
	return key, err
}

// newStateBucket is versioned, since a state that was overwritten is a stack that was lost.
func newStateBucket(ctx *pulumi.Context, s settings, key *kms.Key, in pulumi.ResourceOption) error {
	bucket, err := s3.NewBucketV2(ctx, "state", &s3.BucketV2Args{Bucket: pulumi.String(s.bucket)}, in, pulumi.Protect(true))
	if err != nil {
		return err
	}
	id := bucket.ID()
	if _, err := s3.NewBucketVersioningV2(ctx, "state", &s3.BucketVersioningV2Args{
		Bucket:                  id,
		VersioningConfiguration: &s3.BucketVersioningV2VersioningConfigurationArgs{Status: pulumi.String("Enabled")},
	}, in); err != nil {
		return err
	}
	if _, err := s3.NewBucketServerSideEncryptionConfigurationV2(ctx, "state", &s3.BucketServerSideEncryptionConfigurationV2Args{
		Bucket: id,
		Rules: s3.BucketServerSideEncryptionConfigurationV2RuleArray{&s3.BucketServerSideEncryptionConfigurationV2RuleArgs{
			BucketKeyEnabled: pulumi.BoolPtr(true),
			ApplyServerSideEncryptionByDefault: &s3.BucketServerSideEncryptionConfigurationV2RuleApplyServerSideEncryptionByDefaultArgs{
				SseAlgorithm: pulumi.String("aws:kms"), KmsMasterKeyId: key.Arn.ToStringPtrOutput(),
			},
		}},
	}, in); err != nil {
		return err
	}
	block, err := s3.NewBucketPublicAccessBlock(ctx, "state", &s3.BucketPublicAccessBlockArgs{
		Bucket: id, BlockPublicAcls: pulumi.Bool(true), BlockPublicPolicy: pulumi.Bool(true),
		IgnorePublicAcls: pulumi.Bool(true), RestrictPublicBuckets: pulumi.Bool(true),
	}, in)
	if err != nil {
		return err
	}
	arn := "arn:aws:s3:::" + s.bucket
	_, err = s3.NewBucketPolicy(ctx, "state", &s3.BucketPolicyArgs{
		Bucket: id,
		Policy: document(map[string]any{
			"Sid": "OnlyTLS", "Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": []string{arn, arn + "/*"},
			"Condition": map[string]any{"Bool": map[string]string{"aws:SecureTransport": "false"}},
		}),
	}, in, pulumi.DependsOn([]pulumi.Resource{block}))
	return err
}
