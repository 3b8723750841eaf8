package components

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"

	"github.com/pathwai/airflow-on-fargate/internal/recorder"
)

const cacheToken = "aws:elasticache/replicationGroup:ReplicationGroup"

func runBroker(t *testing.T, engine, version string, replicas int) *recorder.Record {
	return run(t, func(ctx *pulumi.Context) error {
		_, err := NewBroker(ctx, "broker", &BrokerArgs{
			Scope: testScope, VPCID: pulumi.String("vpc"), SubnetIDs: subnetIDs(), Engine: engine, EngineVersion: version,
			NodeType: "cache.t4g.micro", Replicas: replicas, SnapshotRetentionDays: 3,
			Token: pulumi.ToSecret(pulumi.String("token")).(pulumi.StringOutput), DataKeyARN: pulumi.String(dataKeyARN),
		})
		return err
	})
}

func TestBrokerIsEncryptedAndAsksForAToken(t *testing.T) {
	record := runBroker(t, "valkey", "8.0", 0)
	cache := one(t, record, cacheToken, "broker")
	for property, want := range map[string]any{
		"replicationGroupId": "acme-airflow-test-broker", "engine": "valkey", "engineVersion": "8.0", "nodeType": "cache.t4g.micro",
		"atRestEncryptionEnabled": true, "kmsKeyId": dataKeyARN,
		"transitEncryptionEnabled": true, "transitEncryptionMode": "required",
		"securityGroupIds": []any{"broker-id"}, "port": 6379.0, "snapshotRetentionLimit": 3.0,
		// A rotated token is added before the old one goes.
		"authTokenUpdateStrategy": "ROTATE",
		// The way back from a raised minor version would be a replacement.
		"autoMinorVersionUpgrade": false,
	} {
		require.Equal(t, want, cache[property], property)
	}
	require.True(t, raw(t, record, cacheToken, "broker").Inputs["authToken"].ContainsSecrets(), "the token is in clear in the state")
	require.Equal(t, []any{"subnet-a", "subnet-c"}, one(t, record, "aws:elasticache/subnetGroup:SubnetGroup", "broker")["subnetIds"])
}

// Cluster mode fails Celery's commands over several keys; an eviction policy
// would forget queued tasks.
func TestBrokerKeepsWhatIsQueued(t *testing.T) {
	for version, family := range map[string]string{"8.0": "valkey8", "7.2": "valkey7"} {
		record := runBroker(t, "valkey", version, 1)
		cache := one(t, record, cacheToken, "broker")
		require.NotContains(t, cache, "numNodeGroups")
		require.NotContains(t, cache, "clusterMode")
		parameters := one(t, record, "aws:elasticache/parameterGroup:ParameterGroup", "broker")
		require.Equal(t, family, parameters["family"])
		require.Equal(t, "acme-airflow-test-broker-"+family, parameters["name"])
		require.Equal(t, parameters["name"], cache["parameterGroupName"])
		require.Equal(t, []any{map[string]any{"name": "maxmemory-policy", "value": "noeviction"}}, parameters["parameters"])
	}
	require.Equal(t, "redis7", one(t, runBroker(t, "redis", "7.1", 0), "aws:elasticache/parameterGroup:ParameterGroup", "broker")["family"])
}

func TestBrokerFailsOverWithReplicas(t *testing.T) {
	for replicas, over := range map[int]bool{0: false, 1: true, 2: true} {
		cache := one(t, runBroker(t, "valkey", "8.0", replicas), cacheToken, "broker")
		require.Equal(t, float64(replicas+1), cache["numCacheClusters"])
		require.Equal(t, over, cache["automaticFailoverEnabled"])
		require.Equal(t, over, cache["multiAzEnabled"])
	}
}
