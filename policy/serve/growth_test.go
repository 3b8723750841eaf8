package serve

import (
	"fmt"
	"syscall"
	"testing"
	"time"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"github.com/stretchr/testify/require"
)

// TestGrowthIsLinear asks about many buckets whose companions name them by known
// names, many roles and many services, as the engine does, and compares the CPU
// that it takes for four times as many. What compares everything with everything
// takes sixteen times as much, or more.
func TestGrowthIsLinear(t *testing.T) {
	const few, many = 250, 1000
	least := func(count int) time.Duration {
		best := time.Hour
		for range 3 {
			best = min(best, cpuOf(t, plan(t, count)))
		}
		return best
	}
	small, large := least(few), least(many)
	t.Logf("%d buckets with companions: %v of CPU; %d: %v", few, small, many, large)
	require.Less(t, large, time.Second, "%d buckets take %v of CPU", many, large)
	require.Less(t, float64(large)/float64(small), 8.0, "%d buckets take %v of CPU, and %d take %v", few, small, many, large)
}

func cpuOf(t *testing.T, resources []*pulumirpc.AnalyzerResource) time.Duration {
	t.Helper()
	s := configured(t)
	start := cpu(t)
	for _, res := range resources {
		_, err := ask(t, s, &pulumirpc.AnalyzeRequest{Type: res.GetType(), Name: res.GetName(), Urn: res.GetUrn(), Properties: res.GetProperties()})
		require.NoError(t, err)
	}
	response, err := askStack(t, s, resources...)
	require.NoError(t, err)
	require.Empty(t, response.GetDiagnostics())
	return cpu(t) - start
}

func cpu(t *testing.T) time.Duration {
	t.Helper()
	var usage syscall.Rusage
	require.NoError(t, syscall.Getrusage(syscall.RUSAGE_SELF, &usage))
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// plan has, for each bucket, its four companions, a role of its own and a task
// with a service that name each other.
func plan(t *testing.T, count int) []*pulumirpc.AnalyzerResource {
	t.Helper()
	var all []*pulumirpc.AnalyzerResource
	add := func(token, name string, props map[string]any) {
		all = append(all, &pulumirpc.AnalyzerResource{
			Type: token, Name: name, Urn: "urn:pulumi:dev::p::" + token + "::" + name, Properties: object(t, props),
		})
	}
	for i := range count {
		name := fmt.Sprintf("bucket-%d", i)
		role := func(of string) string { return fmt.Sprintf("arn:aws:iam::381492153064:role/%s-%d", of, i) }
		trust := `{"Statement":[{"Effect":"Allow","Principal":{"Service":"ecs-tasks.amazonaws.com"},"Action":"sts:AssumeRole","Condition":{"StringEquals":{"aws:SourceAccount":"381492153064"}}}]}`
		add("aws:s3/bucketV2:BucketV2", name, map[string]any{"bucket": name})
		add("aws:s3/bucketServerSideEncryptionConfigurationV2:BucketServerSideEncryptionConfigurationV2", name, map[string]any{"bucket": name, "rules": []any{
			map[string]any{"applyServerSideEncryptionByDefault": map[string]any{"sseAlgorithm": "aws:kms", "kmsMasterKeyId": "arn:aws:kms:us-east-1:381492153064:key/1"}}}})
		add("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock", name, map[string]any{"bucket": name, "blockPublicAcls": true, "blockPublicPolicy": true, "ignorePublicAcls": true, "restrictPublicBuckets": true})
		add("aws:s3/bucketPolicy:BucketPolicy", name, map[string]any{"bucket": name, "policy": `{"Statement":[{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":["arn:aws:s3:::` + name + `","arn:aws:s3:::` + name + `/*"],"Condition":{"Bool":{"aws:SecureTransport":"false"}}}]}`})
		add("aws:s3/bucketVersioningV2:BucketVersioningV2", name, map[string]any{"bucket": name, "versioningConfiguration": map[string]any{"status": "Enabled"}})
		for _, of := range []string{"task", "execution"} {
			add("aws:iam/role:Role", of+"-"+name, map[string]any{"name": fmt.Sprintf("%s-%d", of, i), "assumeRolePolicy": trust})
		}
		add("aws:iam/rolePolicy:RolePolicy", name, map[string]any{"role": fmt.Sprintf("task-%d", i), "policy": `{"Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::` + name + `/*"}]}`})
		add("aws:ecs/taskDefinition:TaskDefinition", name, map[string]any{"family": name, "networkMode": "awsvpc", "taskRoleArn": role("task"), "executionRoleArn": role("execution"),
			"containerDefinitions": `[{"name":"main","user":"1000","readonlyRootFilesystem":true,"logConfiguration":{"logDriver":"awslogs","options":{"awslogs-group":"g","mode":"non-blocking"}}}]`})
		add("aws:ecs/service:Service", name, map[string]any{"name": name, "taskDefinition": "arn:aws:ecs:us-east-1:381492153064:task-definition/" + name + ":1",
			"networkConfiguration": map[string]any{"subnets": []any{"subnet-1"}}, "deploymentCircuitBreaker": map[string]any{"enable": true, "rollback": true}})
	}
	return all
}
