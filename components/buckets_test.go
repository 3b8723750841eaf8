package components

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"

	"github.com/pathwai/airflow-on-fargate/internal/recorder"
)

func runBuckets(t *testing.T) *recorder.Record {
	return run(t, func(ctx *pulumi.Context) error {
		buckets, err := NewBuckets(ctx, "buckets", &BucketsArgs{
			Scope: testScope, DAGs: "acme-dags", Logs: "acme-logs", AccessLogs: "acme-access",
			LogRetentionDays: 7, NoncurrentDays: 30, DataKeyARN: pulumi.String(dataKeyARN),
		})
		if err == nil {
			require.Len(t, buckets.AccessLogsReady, 2, "bucket and policy, before ELB writes there")
		}
		return err
	})
}

var bucketNames = map[string]string{"buckets-dags": "acme-dags", "buckets-logs": "acme-logs", "buckets-access-logs": "acme-access"}

func TestBucketsAreShut(t *testing.T) {
	record := runBuckets(t)
	require.Len(t, record.Of("aws:s3/bucketV2:BucketV2"), 3)
	for name, physical := range bucketNames {
		bucket := one(t, record, "aws:s3/bucketV2:BucketV2", name)
		require.Equal(t, physical, bucket["bucket"])
		require.Equal(t, false, bucket["forceDestroy"])
		require.Equal(t, map[string]any{
			"bucket": name + "-id", "blockPublicAcls": true, "blockPublicPolicy": true, "ignorePublicAcls": true, "restrictPublicBuckets": true,
		}, one(t, record, "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock", name))
		require.Equal(t, map[string]any{"objectOwnership": "BucketOwnerEnforced"},
			one(t, record, "aws:s3/bucketOwnershipControls:BucketOwnershipControls", name)["rule"])
		require.Equal(t, map[string]any{"status": "Enabled"},
			one(t, record, "aws:s3/bucketVersioningV2:BucketVersioningV2", name)["versioningConfiguration"])
	}
}

func TestBucketPolicies(t *testing.T) {
	record := runBuckets(t)
	for name, physical := range bucketNames {
		policy := parsePolicy(t, one(t, record, "aws:s3/bucketPolicy:BucketPolicy", name)["policy"])
		both := []any{"arn:aws:s3:::" + physical, "arn:aws:s3:::" + physical + "/*"}
		for sid, condition := range map[string]map[string]map[string]any{
			"OnlyTLS": {"Bool": {"aws:SecureTransport": "false"}},
			"OwnAccount": {
				"StringNotEquals": {"aws:PrincipalAccount": "123456789012"},
				"Bool":            {"aws:PrincipalIsAWSService": "false"},
			},
		} {
			require.Equal(t, statement{
				Sid: sid, Effect: "Deny", Principal: "*", Action: "s3:*", Resource: both, Condition: condition,
			}, policy[sid], name)
		}
		if name == "buckets-dags" {
			require.Equal(t, []string{"BucketsKeyOnly", "NoClientKeys", "OnlyTLS", "OwnAccount"}, sids(policy))
			for sid, header := range map[string]string{
				"BucketsKeyOnly": "s3:x-amz-server-side-encryption", "NoClientKeys": "s3:x-amz-server-side-encryption-customer-algorithm",
			} {
				require.Equal(t, statement{
					Sid: sid, Effect: "Deny", Principal: "*", Action: "s3:PutObject", Resource: "arn:aws:s3:::acme-dags/*",
					Condition: map[string]map[string]any{"Null": {header: "false"}},
				}, policy[sid], "an object that dagsync can't read")
			}
			continue
		}
		if name != "buckets-access-logs" {
			require.Len(t, policy, 2, "nobody is let in by the bucket itself")
			continue
		}
		require.Len(t, policy, 3)
		require.Equal(t, statement{
			Sid: "AccessLogs", Effect: "Allow", Principal: map[string]any{"Service": "logdelivery.elasticloadbalancing.amazonaws.com"},
			Action: "s3:PutObject", Resource: "arn:aws:s3:::acme-access/AWSLogs/123456789012/*",
			Condition: map[string]map[string]any{"ArnLike": {"aws:SourceArn": "arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/*"}},
		}, policy["AccessLogs"])
	}
}

// DAGs and logs lie under the stack's key; ELB can't write under one.
func TestBucketEncryption(t *testing.T) {
	record := runBuckets(t)
	for name := range bucketNames {
		rules := one(t, record, "aws:s3/bucketServerSideEncryptionConfigurationV2:BucketServerSideEncryptionConfigurationV2", name)["rules"]
		want := map[string]any{
			"applyServerSideEncryptionByDefault": map[string]any{"sseAlgorithm": "aws:kms", "kmsMasterKeyId": dataKeyARN},
			"bucketKeyEnabled":                   true,
		}
		if name == "buckets-access-logs" {
			want = map[string]any{"applyServerSideEncryptionByDefault": map[string]any{"sseAlgorithm": "AES256"}}
		}
		require.Equal(t, []any{want}, rules, name)
	}
}

func TestBucketLifecycles(t *testing.T) {
	record := runBuckets(t)
	// Objects of the log buckets end after 7 days and their old versions no later; DAGs stay.
	for name, want := range map[string]struct {
		expire     any
		noncurrent float64
	}{"buckets-dags": {nil, 30}, "buckets-logs": {7.0, 7}, "buckets-access-logs": {7.0, 7}} {
		token := "aws:s3/bucketLifecycleConfigurationV2:BucketLifecycleConfigurationV2"
		require.Contains(t, raw(t, record, token, name).DependsOn, "aws:s3/bucketVersioningV2:BucketVersioningV2 "+name, "versioning first")
		rules := map[string]map[string]any{}
		for _, rule := range one(t, record, token, name)["rules"].([]any) {
			rule := rule.(map[string]any)
			require.Equal(t, "Enabled", rule["status"])
			require.Equal(t, map[string]any{"prefix": ""}, rule["filter"], "all objects")
			rules[rule["id"].(string)] = rule
		}
		if want.expire == nil {
			require.NotContains(t, rules, "expire", "DAGs don't expire")
		} else {
			require.Equal(t, map[string]any{"days": want.expire}, rules["expire"]["expiration"], name)
		}
		require.Equal(t, map[string]any{"noncurrentDays": want.noncurrent}, rules["tidy"]["noncurrentVersionExpiration"], name)
		require.Equal(t, map[string]any{"daysAfterInitiation": 1.0}, rules["tidy"]["abortIncompleteMultipartUpload"])
		require.Equal(t, map[string]any{"expiredObjectDeleteMarker": true}, rules["tidy"]["expiration"])
	}
}
