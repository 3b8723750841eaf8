// Bootstrap makes what stacks need before their first `pulumi up`: a bucket and
// keys for Pulumi's state, the roles that GitHub's pipelines assume without a
// long-lived key, and what an account has once. Its own state is a local file: the bucket doesn't
// exist yet (docs/adr/0014).
package main

import (
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/kms"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/s3"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

func main() {
	pulumi.Run(bootstrap)
}

func bootstrap(ctx *pulumi.Context) error {
	s, err := read(ctx, "..")
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
	if err := newState(ctx, s, in); err != nil {
		return err
	}
	if err := newRoles(ctx, s, in); err != nil {
		return err
	}
	if err := newAccount(ctx, s, in); err != nil {
		return err
	}
	ctx.Export("backend", pulumi.Sprintf("s3://%s?region=%s", s.bucket, s.region))
	// Workflows put an environment and a purpose behind it: the variable AWS_ROLES.
	ctx.Export("roles", pulumi.Sprintf("arn:aws:iam::%s:role/%s-airflow-github-", s.account, s.org))
	providers, boundaries := pulumi.StringMap{}, pulumi.StringMap{}
	for _, e := range s.environments {
		providers[e.name] = pulumi.Sprintf("awskms:///%s?region=%s", e.secretsAlias(), s.region)
		boundaries[e.name] = pulumi.String(e.boundary())
	}
	ctx.Export("secretsProviders", providers)
	ctx.Export("permissionsBoundaries", boundaries)
	return nil
}

// newState makes the bucket of Pulumi's state with its key, and a key for each
// environment's secrets in it.
func newState(ctx *pulumi.Context, s settings, in pulumi.ResourceOption) error {
	key, err := newKey(ctx, s, "state", "Pulumi's state", alias(s), in)
	if err != nil {
		return err
	}
	for _, e := range s.environments {
		if _, err := newKey(ctx, s, "state-"+e.name, "Secrets in the state and the file of stack "+e.name, e.secretsAlias(), in); err != nil {
			return err
		}
	}
	return newStateBucket(ctx, s, key, in)
}

// newKey makes a key of the account with an alias.
func newKey(ctx *pulumi.Context, s settings, name, description, alias string, in pulumi.ResourceOption) (*kms.Key, error) {
	root := map[string]any{"AWS": "arn:aws:iam::" + s.account + ":root"}
	key, err := kms.NewKey(ctx, name, &kms.KeyArgs{
		Description:          pulumi.String(description),
		EnableKeyRotation:    pulumi.Bool(true),
		DeletionWindowInDays: pulumi.Int(30),
		Policy: document(
			statement{
				Sid: "Administer", Effect: "Allow", Principal: root, Resource: []string{"*"},
				Action: []string{
					"kms:CancelKeyDeletion", "kms:CreateAlias", "kms:DeleteAlias", "kms:DescribeKey", "kms:DisableKey",
					"kms:EnableKey", "kms:EnableKeyRotation", "kms:GetKeyPolicy", "kms:GetKeyRotationStatus",
					"kms:ListResourceTags", "kms:PutKeyPolicy", "kms:ScheduleKeyDeletion", "kms:TagResource",
					"kms:UntagResource", "kms:UpdateAlias", "kms:UpdateKeyDescription",
				},
			},
			statement{
				Sid: "Use", Effect: "Allow", Principal: root, Resource: []string{"*"},
				Action: []string{"kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"},
			}.when("StringEquals", "kms:CallerAccount", s.account),
		),
	}, in, pulumi.Protect(true))
	if err != nil {
		return nil, err
	}
	_, err = kms.NewAlias(ctx, name, &kms.AliasArgs{Name: pulumi.String(alias), TargetKeyId: key.KeyId}, in)
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
		Policy: document(statement{
			Sid: "OnlyTLS", Effect: "Deny", Principal: "*", Action: []string{"s3:*"}, Resource: []string{arn, arn + "/*"},
		}.when("Bool", "aws:SecureTransport", "false")),
	}, in, pulumi.DependsOn([]pulumi.Resource{block}))
	return err
}
