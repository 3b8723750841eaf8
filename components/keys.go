package components

import (
	"fmt"
	"slices"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/kms"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// KeysArgs describes the stack's KMS keys.
type KeysArgs struct {
	Scope Scope
}

// Keys are three customer-managed keys with yearly rotation, split by who may
// decrypt what: data at rest, logs, secrets (docs/adr/0005).
type Keys struct {
	pulumi.ResourceState

	// DataARN is the key of database, broker, files, buckets and images.
	DataARN pulumi.StringOutput
	// LogsARN is the key of log groups, alarm topics and ECS Exec sessions.
	LogsARN pulumi.StringOutput
	// SecretsARN is the key of Secrets Manager's entries.
	SecretsARN pulumi.StringOutput
}

// Aliases of the keys are alias/<prefix>-<one of these>.
const (
	dataKey    = "data"
	logsKey    = "logs"
	secretsKey = "secrets"
)

// deletionWindowDays is the longest time KMS allows to change one's mind.
const deletionWindowDays = 30

// NewKeys creates the keys, their aliases and policies.
func NewKeys(ctx *pulumi.Context, name string, args *KeysArgs, opts ...pulumi.ResourceOption) (*Keys, error) {
	k := &Keys{}
	if err := register(ctx, "Keys", name, k, opts); err != nil {
		return nil, err
	}
	s := args.Scope
	var err error
	if k.DataARN, err = k.newKey(ctx, name, s, dataKey, "database, broker, files, buckets and images",
		s.useVia("rds", "elasticache", "elasticfilesystem", "s3", "ecr", "backup")); err != nil {
		return nil, err
	}
	if k.LogsARN, err = k.newKey(ctx, name, s, logsKey, "CloudWatch log groups, alarms and Exec sessions", s.useForLogs()); err != nil {
		return nil, err
	}
	if k.SecretsARN, err = k.newKey(ctx, name, s, secretsKey, "Secrets Manager", s.useVia("secretsmanager")); err != nil {
		return nil, err
	}
	return k, ctx.RegisterResourceOutputs(k, pulumi.Map{})
}

func (k *Keys) newKey(ctx *pulumi.Context, name string, s Scope, purpose, uses string, use []Statement) (pulumi.StringOutput, error) {
	policy, err := append(Document{s.administerKey()}, use...).JSON()
	if err != nil {
		return pulumi.StringOutput{}, fmt.Errorf("keys: %s: %w", purpose, err)
	}
	key, err := kms.NewKey(ctx, name+"-"+purpose, &kms.KeyArgs{
		Description:          pulumi.Sprintf("%s: %s", s.Prefix, uses),
		EnableKeyRotation:    pulumi.Bool(true),
		DeletionWindowInDays: pulumi.Int(deletionWindowDays),
		Policy:               pulumi.String(policy),
		Tags:                 named(s.Name(purpose)),
	}, pulumi.Parent(k))
	if err != nil {
		return pulumi.StringOutput{}, fmt.Errorf("keys: %s: %w", purpose, err)
	}
	if _, err := kms.NewAlias(ctx, name+"-"+purpose, &kms.AliasArgs{
		Name:        pulumi.String("alias/" + s.Name(purpose)),
		TargetKeyId: key.KeyId,
	}, pulumi.Parent(k)); err != nil {
		return pulumi.StringOutput{}, fmt.Errorf("keys: alias of %s: %w", purpose, err)
	}
	return key.Arn, nil
}

// cryptography is what encrypting services need of a key.
var cryptography = []string{"kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"}

// administerKey lets the account's administrators manage a key, but not use
// it. A key policy must name them, or the key could become unmanageable
// (KMS developer guide, "Default key policy"). "*" means this key.
func (s Scope) administerKey() Statement {
	return Statement{
		Sid: "Administer", Effect: allow, Principal: Principal{AWS: []string{s.RootARN()}},
		Actions: []string{
			"kms:CancelKeyDeletion", "kms:CreateAlias", "kms:DeleteAlias", "kms:DescribeKey", "kms:DisableKey",
			"kms:DisableKeyRotation", "kms:EnableKey", "kms:EnableKeyRotation", "kms:GetKeyPolicy",
			"kms:GetKeyRotationStatus", "kms:ListGrants", "kms:ListKeyPolicies",
			"kms:ListResourceTags", "kms:PutKeyPolicy", "kms:RevokeGrant", "kms:ScheduleKeyDeletion",
			"kms:TagResource", "kms:UntagResource", "kms:UpdateAlias", "kms:UpdateKeyDescription",
		},
		Resources: []string{"*"},
	}
}

// useVia lets principals of this account, as far as their own policies go, use
// a key through the named services only; the second statement is for the
// grants that those services make for resources at rest.
func (s Scope) useVia(services ...string) []Statement {
	via := make([]string, 0, len(services))
	for _, service := range services {
		via = append(via, fmt.Sprintf("%s.%s.amazonaws.com", service, s.Region))
	}
	through := map[string][]string{"kms:CallerAccount": {s.AccountID}, "kms:ViaService": via}
	return []Statement{
		{
			Sid: "UseThroughServices", Effect: allow, Principal: Principal{AWS: []string{s.RootARN()}},
			Actions: append(slices.Clone(cryptography), "kms:DescribeKey"), Resources: []string{"*"},
			Conditions: Conditions{"StringEquals": through},
		},
		{
			Sid: "GrantsOfServices", Effect: allow, Principal: Principal{AWS: []string{s.RootARN()}},
			Actions: []string{"kms:CreateGrant"}, Resources: []string{"*"},
			Conditions: Conditions{"StringEquals": through, "Bool": {"kms:GrantIsForAWSResource": {"true"}}},
		},
	}
}

// useForLogs lets CloudWatch Logs encrypt this stack's log groups, alarms and
// events publish to its encrypted topic, and tasks with ECS Exec open sessions.
func (s Scope) useForLogs() []Statement {
	own := map[string][]string{"aws:SourceAccount": {s.AccountID}}
	return []Statement{
		{
			Sid: "LogGroups", Effect: allow, Principal: Principal{Services: []string{"logs." + s.Region + ".amazonaws.com"}},
			Actions: cryptography, Resources: []string{"*"},
			Conditions: Conditions{"ArnLike": {"kms:EncryptionContext:aws:logs:arn": {
				s.ARN("logs", "log-group:/"+s.Prefix+"/*"), s.ARN("logs", "log-group:/aws/rds/instance/"+s.Prefix+"-*"),
				s.ARN("logs", "log-group:"+insightsLogGroup(s.Name("cluster"))),
			}}},
		},
		{
			Sid: "PublishAlarms", Effect: allow,
			Principal:  Principal{Services: []string{AWSService("cloudwatch"), AWSService("budgets")}},
			Actions:    []string{"kms:Decrypt", "kms:GenerateDataKey*"},
			Resources:  []string{"*"},
			Conditions: Conditions{"StringEquals": own},
		},
		{
			// Neither aws:SourceAccount nor aws:SourceArn is supported from
			// EventBridge to encrypted topics (SNS developer guide, "Enable
			// compatibility between event sources from AWS services and encrypted
			// topics"). Who may publish, the topics' policies say.
			Sid: "PublishEvents", Effect: allow,
			Principal: Principal{Services: []string{AWSService("events")}},
			Actions:   []string{"kms:Decrypt", "kms:GenerateDataKey*"},
			Resources: []string{"*"},
		},
		{
			Sid: "ExecSessions", Effect: allow, Principal: Principal{AWS: []string{s.RootARN()}},
			Actions: []string{"kms:Decrypt", "kms:GenerateDataKey"}, Resources: []string{"*"},
			Conditions: Conditions{"StringEquals": {"kms:CallerAccount": {s.AccountID}}},
		},
	}
}

// decryptUnder lets a role decrypt what a service keeps under one of the
// stack's keys. A key's id is random; its alias is not.
func (s Scope) decryptUnder(sid, purpose, service string, actions ...string) Statement {
	return Statement{
		Sid: sid, Effect: allow, Actions: actions,
		Resources: []string{s.ARN("kms", "key/*")},
		Conditions: Conditions{
			"ForAnyValue:StringEquals": {"kms:ResourceAliases": {"alias/" + s.Name(purpose)}},
			"StringEquals":             {"kms:ViaService": {fmt.Sprintf("%s.%s.amazonaws.com", service, s.Region)}},
		},
	}
}
