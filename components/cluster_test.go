package components

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"
)

func TestCluster(t *testing.T) {
	record := run(t, func(ctx *pulumi.Context) error {
		cluster, err := NewCluster(ctx, "cluster", &ClusterArgs{
			Scope: testScope, ContainerInsights: "enhanced", LogRetentionDays: 14, LogsKeyARN: pulumi.String(logsKeyARN),
		})
		if err == nil {
			require.Equal(t, "acme-airflow-test-cluster", cluster.Name)
			require.Len(t, cluster.ready, 2, "a service needs the capacity providers")
		}
		return err
	})
	cluster := one(t, record, "aws:ecs/cluster:Cluster", "cluster")
	require.Equal(t, "acme-airflow-test-cluster", cluster["name"])
	require.Equal(t, []any{map[string]any{"name": "containerInsights", "value": "enhanced"}}, cluster["settings"])

	group := one(t, record, "aws:cloudwatch/logGroup:LogGroup", "cluster-exec")
	require.Equal(t, 14.0, group["retentionInDays"])
	require.Equal(t, logsKeyARN, group["kmsKeyId"])
	insights := one(t, record, "aws:cloudwatch/logGroup:LogGroup", "cluster-insights")
	require.Equal(t, map[string]any{
		"name": "/aws/ecs/containerinsights/acme-airflow-test-cluster/performance", "retentionInDays": 14.0, "kmsKeyId": logsKeyARN,
	}, without(insights, "tags"))
	require.Contains(t, raw(t, record, "aws:ecs/cluster:Cluster", "cluster").DependsOn, "aws:cloudwatch/logGroup:LogGroup cluster-insights", "ECS would make it first")
	require.Contains(t, texts(keyPolicy(t, runKeys(t), "logs")["LogGroups"].Condition["ArnLike"]["kms:EncryptionContext:aws:logs:arn"]),
		"arn:aws:logs:eu-west-1:123456789012:log-group:/aws/ecs/containerinsights/acme-airflow-test-cluster/performance")
	// What people type in Exec sessions is encrypted on its way, and recorded.
	require.Equal(t, map[string]any{"executeCommandConfiguration": map[string]any{
		"kmsKeyId": logsKeyARN, "logging": "OVERRIDE",
		"logConfiguration": map[string]any{"cloudWatchEncryptionEnabled": true, "cloudWatchLogGroupName": group["name"]},
	}}, cluster["configuration"])

	providers := one(t, record, "aws:ecs/clusterCapacityProviders:ClusterCapacityProviders", "cluster")
	require.ElementsMatch(t, []any{"FARGATE", "FARGATE_SPOT"}, providers["capacityProviders"])
	require.Equal(t, []any{map[string]any{"capacityProvider": "FARGATE", "weight": 1.0}}, providers["defaultCapacityProviderStrategies"],
		"what nobody decided isn't put on Spot")
}

func TestClusterWithoutContainerInsights(t *testing.T) {
	record := run(t, func(ctx *pulumi.Context) error {
		_, err := NewCluster(ctx, "cluster", &ClusterArgs{Scope: testScope, ContainerInsights: "disabled", LogRetentionDays: 14, LogsKeyARN: pulumi.String(logsKeyARN)})
		return err
	})
	require.Equal(t, []string{"cluster-exec"}, names(record, "aws:cloudwatch/logGroup:LogGroup"))
}

// In a fresh account ECS makes its role after the first cluster; the capacity
// providers are refused until then.
func TestCapacityProvidersComeLater(t *testing.T) {
	record := run(t, func(ctx *pulumi.Context) error {
		slow, err := newTestNetwork(ctx)
		if err != nil {
			return err
		}
		_, err = NewCluster(ctx, "cluster", &ClusterArgs{
			Scope: testScope, ContainerInsights: "disabled", LogRetentionDays: 14, LogsKeyARN: pulumi.String(logsKeyARN), Meanwhile: []pulumi.Resource{slow},
		})
		return err
	})
	require.Contains(t, raw(t, record, "aws:ecs/clusterCapacityProviders:ClusterCapacityProviders", "cluster").DependsOn, "aws:ec2/vpc:Vpc network")
}
