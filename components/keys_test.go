package components

import (
	"slices"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"

	"github.com/pathwai/airflow-on-fargate/internal/recorder"
)

func runKeys(t *testing.T) *recorder.Record {
	return run(t, func(ctx *pulumi.Context) error {
		_, err := NewKeys(ctx, "keys", &KeysArgs{Scope: testScope})
		return err
	})
}

func keyPolicy(t *testing.T, record *recorder.Record, purpose string) map[string]statement {
	return parsePolicy(t, one(t, record, "aws:kms/key:Key", "keys-"+purpose)["policy"])
}

func TestKeysRotateAndHaveAliases(t *testing.T) {
	record := runKeys(t)
	require.Equal(t, []string{"keys-data", "keys-logs", "keys-secrets"}, names(record, "aws:kms/key:Key"))
	for _, purpose := range []string{"data", "logs", "secrets"} {
		key := one(t, record, "aws:kms/key:Key", "keys-"+purpose)
		require.Equal(t, true, key["enableKeyRotation"])
		require.Equal(t, 30.0, key["deletionWindowInDays"])
		require.Equal(t, map[string]any{"name": "alias/acme-airflow-test-" + purpose, "targetKeyId": "key-keys-" + purpose},
			one(t, record, "aws:kms/alias:Alias", "keys-"+purpose))
	}
}

// The account's administrators manage the keys, and can neither encrypt nor
// decrypt with them by that.
func TestKeyAdministratorsCannotUseKeys(t *testing.T) {
	record := runKeys(t)
	for _, purpose := range []string{"data", "logs", "secrets"} {
		administer := keyPolicy(t, record, purpose)["Administer"]
		require.Equal(t, map[string]any{"AWS": "arn:aws:iam::123456789012:root"}, administer.Principal)
		for _, action := range texts(administer.Action) {
			require.NotContains(t, action, "*")
			for _, use := range []string{"kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey", "kms:ReEncrypt", "kms:CreateGrant"} {
				require.NotEqual(t, use, action)
			}
		}
		for _, needed := range []string{"kms:PutKeyPolicy", "kms:ScheduleKeyDeletion", "kms:DescribeKey"} {
			require.Contains(t, texts(administer.Action), needed, "the key could become unmanageable")
		}
	}
}

// Data and secrets can be decrypted through the services that hold them only,
// and on nobody's behalf outside the account.
func TestKeysOfDataAndSecretsAreScopedToServices(t *testing.T) {
	record := runKeys(t)
	for purpose, services := range map[string][]string{
		"data":    {"backup", "ecr", "elasticache", "elasticfilesystem", "rds", "s3"},
		"secrets": {"secretsmanager"},
	} {
		policy := keyPolicy(t, record, purpose)
		require.Equal(t, []string{"Administer", "GrantsOfServices", "UseThroughServices"}, sids(policy))
		for _, sid := range []string{"GrantsOfServices", "UseThroughServices"} {
			condition := policy[sid].Condition["StringEquals"]
			require.Equal(t, "123456789012", condition["kms:CallerAccount"])
			var via []string
			for _, service := range services {
				via = append(via, service+".eu-west-1.amazonaws.com")
			}
			got := texts(condition["kms:ViaService"])
			slices.Sort(got)
			require.Equal(t, via, got, "%s %s", purpose, sid)
		}
		require.Equal(t, "kms:CreateGrant", policy["GrantsOfServices"].Action)
		require.Equal(t, "true", policy["GrantsOfServices"].Condition["Bool"]["kms:GrantIsForAWSResource"])
	}
}

func TestKeyOfLogsIsForThisStacksLogs(t *testing.T) {
	policy := keyPolicy(t, runKeys(t), "logs")
	groups := policy["LogGroups"]
	require.Equal(t, map[string]any{"Service": "logs.eu-west-1.amazonaws.com"}, groups.Principal)
	for _, arn := range texts(groups.Condition["ArnLike"]["kms:EncryptionContext:aws:logs:arn"]) {
		require.Contains(t, arn, "acme-airflow-test", "logs of others")
		require.Contains(t, arn, "arn:aws:logs:eu-west-1:123456789012:log-group:/")
	}
	for sid, statement := range policy {
		require.NotEqual(t, "*", statement.Principal, sid)
		if sid == "PublishEvents" {
			require.Equal(t, map[string]any{"Service": "events.amazonaws.com"}, statement.Principal)
			require.Empty(t, statement.Condition, "EventBridge's messages to encrypted topics carry no source")
			continue
		}
		if principal, ok := statement.Principal.(map[string]any); ok && principal["Service"] != nil {
			require.NotEmpty(t, statement.Condition, "%s: a service that acts for anybody", sid)
			require.NotContains(t, principal["Service"], "events.amazonaws.com", "%s: EventBridge under a condition", sid)
		}
		if sid != "Administer" {
			require.NotEmpty(t, statement.Condition, sid)
		}
	}
}
