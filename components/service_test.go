package components

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"

	"github.com/pathwai/airflow-on-fargate/internal/recorder"
)

const (
	serviceToken    = "aws:ecs/service:Service"
	definitionToken = "aws:ecs/taskDefinition:TaskDefinition"
)

func serviceArgs(w *world, containers ...Container) *ServiceArgs {
	return &ServiceArgs{
		Scope: testScope, Cluster: w.cluster, Images: w.images, Files: w.files, VPCID: pulumi.String("vpc"), SubnetIDs: subnetIDs(),
		CPU: 512, Memory: 1024, Architecture: "ARM64", Count: 2, OnDemandBase: 1, SpotPercent: 60,
		LogRetentionDays: 14, LogsKeyARN: pulumi.String(logsKeyARN), Containers: containers,
	}
}

func runService(t *testing.T, change func(*ServiceArgs, *world)) *recorder.Record {
	return run(t, func(ctx *pulumi.Context) error {
		w, err := newWorld(ctx, "", nil)
		if err != nil {
			return err
		}
		args := serviceArgs(w, Container{Name: "main", Image: "worker", FilesAt: "/files", Essential: true,
			Secrets: map[string]SecretRef{"TOKEN": {w.secrets.BrokerURL, ""}}})
		if change != nil {
			change(args, w)
		}
		service, err := NewService(ctx, "thing", args)
		if err != nil {
			return err
		}
		return service.Start(ctx)
	})
}

func TestServiceRunsPrivatelyAndRollsBack(t *testing.T) {
	record := runService(t, nil)
	service := one(t, record, serviceToken, "thing")
	for property, want := range map[string]any{
		"name": "acme-airflow-test-thing", "desiredCount": 2.0, "platformVersion": "1.4.0",
		"deploymentCircuitBreaker": map[string]any{"enable": true, "rollback": true},
		"enableExecuteCommand":     false, "propagateTags": "SERVICE", "enableEcsManagedTags": true,
		"networkConfiguration": map[string]any{
			"subnets": []any{"subnet-a", "subnet-c"}, "securityGroups": []any{"thing-id"}, "assignPublicIp": false,
		},
		"deploymentMinimumHealthyPercent": 100.0, "deploymentMaximumPercent": 200.0,
		"forceNewDeployment": true,
	} {
		require.Equal(t, want, service[property], property)
	}
	require.NotContains(t, service, "loadBalancers")
	require.NotContains(t, service, "launchType", "it would override the strategy")
	require.Empty(t, raw(t, record, serviceToken, "thing").IgnoreChanges, "a fixed service's count is this program's business")

	definition := one(t, record, definitionToken, "thing")
	for property, want := range map[string]any{
		"skipDestroy": true,
		"family":      "acme-airflow-test-thing", "cpu": "512", "memory": "1024", "networkMode": "awsvpc",
		"requiresCompatibilities": []any{"FARGATE"},
		"runtimePlatform":         map[string]any{"operatingSystemFamily": "LINUX", "cpuArchitecture": "ARM64"},
		"executionRoleArn":        "arn:aws:mock:::aws:iam/role:Role/thing-execution",
		"taskRoleArn":             "arn:aws:mock:::aws:iam/role:Role/thing-task",
	} {
		require.Equal(t, want, definition[property], property)
	}
	require.Equal(t, map[string]any{"name": "/acme-airflow-test/thing", "retentionInDays": 14.0, "kmsKeyId": logsKeyARN},
		without(one(t, record, "aws:cloudwatch/logGroup:LogGroup", "thing"), "tags"))
}

// A task that starts before what it needs fails, and the deployment with it.
func TestServiceWaitsForWhatItNeeds(t *testing.T) {
	record := runService(t, func(a *ServiceArgs, w *world) { a.PolicyARNs = []string{"arn:of:policy"} })
	waits := raw(t, record, serviceToken, "thing").DependsOn
	for _, needed := range []string{
		"aws:ecs/clusterCapacityProviders:ClusterCapacityProviders cluster", "awsx:ecr:Repository images-worker",
		"aws:efs/mountTarget:MountTarget files-a", "aws:efs/mountTarget:MountTarget files-c",
		"aws:iam/rolePolicy:RolePolicy thing-execution", "aws:iam/role:Role thing-task",
		"aws:iam/rolePolicyAttachment:RolePolicyAttachment thing-task-0", "aws:cloudwatch/logGroup:LogGroup thing",
	} {
		require.Contains(t, waits, needed)
	}
	require.NotContains(t, waits, "awsx:ecr:Repository images-web", "an image of others")
}

func TestServiceOfAutoscaling(t *testing.T) {
	record := runService(t, func(a *ServiceArgs, _ *world) { a.Autoscaled = true })
	require.Equal(t, []string{"desiredCount"}, raw(t, record, serviceToken, "thing").IgnoreChanges,
		"an update would undo what autoscaling decided")
}

func TestServiceBehindTheLoadBalancer(t *testing.T) {
	record := runService(t, func(a *ServiceArgs, _ *world) {
		a.Target = &Target{GroupARN: pulumi.String("arn:of:group"), Container: "main", Port: 8080, GraceSeconds: 300}
	})
	service := one(t, record, serviceToken, "thing")
	require.Equal(t, []any{map[string]any{"targetGroupArn": "arn:of:group", "containerName": "main", "containerPort": 8080.0}}, service["loadBalancers"])
	require.Equal(t, 300.0, service["healthCheckGracePeriodSeconds"])
}

func TestSpotStrategies(t *testing.T) {
	demand := func(base, weight float64) any {
		return map[string]any{"capacityProvider": "FARGATE", "base": base, "weight": weight}
	}
	spotty := func(weight float64) any {
		return map[string]any{"capacityProvider": "FARGATE_SPOT", "base": 0.0, "weight": weight}
	}
	for name, c := range map[string]struct {
		base, percent int
		want          []any
	}{
		"on demand":          {1, 0, []any{demand(1, 100)}},
		"no base":            {0, 0, []any{demand(0, 100)}},
		"Spot":               {0, 100, []any{spotty(100)}},
		"Spot above a base":  {2, 100, []any{demand(2, 0), spotty(100)}},
		"some Spot":          {1, 70, []any{demand(1, 30), spotty(70)}},
		"some Spot, no base": {0, 1, []any{demand(0, 99), spotty(1)}},
	} {
		t.Run(name, func(t *testing.T) {
			record := runService(t, func(a *ServiceArgs, _ *world) { a.OnDemandBase, a.SpotPercent = c.base, c.percent })
			require.Equal(t, c.want, one(t, record, serviceToken, "thing")["capacityProviderStrategies"])
		})
	}
}

func TestServiceVolumes(t *testing.T) {
	efs := func(point string) any {
		return map[string]any{"name": "files", "efsVolumeConfiguration": map[string]any{
			"fileSystemId": "files-id", "transitEncryption": "ENABLED",
			"authorizationConfig": map[string]any{"accessPointId": point, "iam": "ENABLED"},
		}}
	}
	reader := runService(t, func(a *ServiceArgs, _ *world) {
		a.Containers = []Container{
			{Name: "main", Image: "worker", FilesAt: "/files", Scratch: []string{"/tmp", "/opt/airflow/home"}},
			{Name: "side", Image: "agent", FilesAt: "/files", Scratch: []string{"/tmp"}},
		}
	})
	require.Equal(t, []any{
		efs("files-reader-id"), map[string]any{"name": "main-tmp"}, map[string]any{"name": "main-opt-airflow-home"}, map[string]any{"name": "side-tmp"},
	}, one(t, reader, definitionToken, "thing")["volumes"], "the files once, and each container's own folders")
	writer := runService(t, func(a *ServiceArgs, _ *world) {
		a.Containers = []Container{{Name: "main", Image: "agent", FilesAt: "/files", Writer: true}}
	})
	require.Equal(t, []any{efs("files-writer-id")}, one(t, writer, definitionToken, "thing")["volumes"])
}
