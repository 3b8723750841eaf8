package aws

import (
	"encoding/json"
	"maps"
	"testing"

	"github.com/stretchr/testify/require"
)

const secretARN = "arn:aws:secretsmanager:us-east-1:381492153064:secret:x/db-AbCdEf"

// soundContainers are a migration, a main container that waits for it, and a sidecar.
const soundContainers = `[
 {"name":"migrate","image":"r/web@sha256:1","essential":false,"command":["migrate"],
  "secrets":[{"name":"URL","valueFrom":"` + secretARN + `:sync::v1"}],
  "logConfiguration":{"logDriver":"awslogs","options":{"awslogs-group":"/x","awslogs-region":"us-east-1","awslogs-stream-prefix":"m"}}},
 {"name":"main","image":"r/web@sha256:1","cpu":512,"memory":1024,"stopTimeout":120,
  "dependsOn":[{"containerName":"migrate","condition":"SUCCESS"}],
  "environment":[{"name":"A","value":"1"}],
  "portMappings":[{"containerPort":8080}],
  "mountPoints":[{"sourceVolume":"sync","containerPath":"/opt","readOnly":true}],
  "healthCheck":{"command":["CMD","/bin/health"],"interval":30,"timeout":5,"retries":3,"startPeriod":60}},
 {"name":"metrics","image":"r/agent@sha256:2","essential":false,"dependsOn":[{"containerName":"main","condition":"HEALTHY"}]}
]`

var soundTask = bag{
	"family": "web", "requiresCompatibilities": []any{"FARGATE"}, "networkMode": "awsvpc", "cpu": "1024", "memory": "2048",
	"executionRoleArn": "arn:aws:iam::381492153064:role/x", "taskRoleArn": "arn:aws:iam::381492153064:role/y",
	"pidMode": "task",
	"volumes": []any{bag{"name": "sync", "efsVolumeConfiguration": bag{
		"fileSystemId": later, "transitEncryption": "ENABLED", "authorizationConfig": bag{"accessPointId": later, "iam": "ENABLED"},
	}}},
	"containerDefinitions": soundContainers,
}

// TestTaskRules: each case changes the task or its containers, and is refused for it.
func TestTaskRules(t *testing.T) {
	for _, c := range []struct {
		name string
		edit func(task bag, containers []bag)
		want string
	}{
		{"no JSON", func(task bag, _ []bag) { task["containerDefinitions"] = "[" }, "no valid JSON"},
		{"no list", func(task bag, _ []bag) { task["containerDefinitions"] = "{}" }, "ClientException"},
		{"empty", func(task bag, _ []bag) { task["containerDefinitions"] = "[]" }, "at least one container"},
		{"sizes", func(task bag, _ []bag) { task["memory"] = "1024" }, "No Fargate configuration exists for given values: 1024 CPU, 1024 memory"},
		{"odd size", func(task bag, _ []bag) { task["cpu"], task["memory"] = "256", "1536" }, "No Fargate configuration"},
		{"no size", func(task bag, _ []bag) { delete(task, "cpu") }, "cpu: missing"},
		{"network", func(task bag, _ []bag) { task["networkMode"] = "bridge" }, "awsvpc"},
		{"processes of the host", func(task bag, _ []bag) { task["pidMode"] = "host" }, "within their task alone"},
		{"processes of nobody", func(task bag, _ []bag) { task["pidMode"] = "Task" }, `"Task" is none of host, task`},
		{"no execution role", func(task bag, _ []bag) { delete(task, "executionRoleArn") }, "requires an execution role"},
		{"plain EFS", func(task bag, _ []bag) {
			task["volumes"] = []any{bag{"name": "sync", "efsVolumeConfiguration": bag{"fileSystemId": later, "authorizationConfig": bag{"iam": "ENABLED"}}}}
		}, "needs transitEncryption"},
		{"platform", func(task bag, _ []bag) { task["runtimePlatform"] = bag{"cpuArchitecture": "arm64"} }, "X86_64, ARM64"},
		{"no image", func(_ bag, c []bag) { delete(c[0], "image") }, "needs a name and an image"},
		{"twice", func(_ bag, c []bag) { c[0]["name"] = "main" }, "twice"},
		{"none essential", func(_ bag, c []bag) { c[1]["essential"] = false }, "at least one container must be essential"},
		{"too much", func(_ bag, c []bag) { c[1]["memory"] = 4096 }, "ask for 4096 MiB"},
		{"who", func(_ bag, c []bag) {
			c[1]["dependsOn"] = []bag{{"containerName": "migration", "condition": "SUCCESS"}}
		}, `"migration", which is no other container`},
		{"what", func(_ bag, c []bag) { c[1]["dependsOn"] = []bag{{"containerName": "migrate", "condition": "DONE"}} }, `the condition "DONE"`},
		{"essential end", func(_ bag, c []bag) { c[0]["essential"] = true }, "which is essential"},
		{"health of", func(_ bag, c []bag) { delete(c[1], "healthCheck") }, "has no healthCheck"},
		{"circle", func(_ bag, c []bag) { c[0]["dependsOn"] = []bag{{"containerName": "metrics", "condition": "START"}} }, "in a circle"},
		{"valueFrom", func(_ bag, c []bag) { c[0]["secrets"] = []bag{{"name": "URL", "valueFrom": secretARN + ":sync"}} }, "three parts"},
		{"stage and id", func(_ bag, c []bag) {
			c[0]["secrets"] = []bag{{"name": "URL", "valueFrom": secretARN + ":sync:AWSCURRENT:v1"}}
		}, "exclude each other"},
		{"other service", func(_ bag, c []bag) {
			c[0]["secrets"] = []bag{{"name": "URL", "valueFrom": "arn:aws:s3:::bucket/key"}}
		}, "neither a secret nor a parameter"},
		{"env and secret", func(_ bag, c []bag) { c[0]["environment"] = []bag{{"name": "URL", "value": "x"}} }, "URL twice"},
		{"number", func(_ bag, c []bag) { c[1]["environment"] = []bag{{"name": "A", "value": 1}} }, "ClientException"},
		{"volume", func(_ bag, c []bag) { c[1]["mountPoints"] = []bag{{"sourceVolume": "dags"}} }, `"dags", which the task doesn't have`},
		{"port", func(_ bag, c []bag) { c[1]["portMappings"] = []bag{{"containerPort": 8080, "hostPort": 80}} }, "host port is the container port"},
		{"check", func(_ bag, c []bag) { c[1]["healthCheck"] = bag{"command": []string{"/bin/health"}} }, "begins with CMD"},
		{"retries", func(_ bag, c []bag) { c[1]["healthCheck"] = bag{"command": []string{"CMD", "x"}, "retries": 11} }, "retries is 11"},
		{"stop", func(_ bag, c []bag) { c[1]["stopTimeout"] = 300 }, "at most 120 s"},
		{"privileged", func(_ bag, c []bag) { c[1]["privileged"] = true }, "no privileged containers"},
		{"capability", func(_ bag, c []bag) {
			c[1]["linuxParameters"] = bag{"capabilities": bag{"add": []string{"SYS_ADMIN"}}}
		}, "not SYS_ADMIN"},
		{"log region", func(_ bag, c []bag) {
			c[1]["logConfiguration"] = bag{"logDriver": "awslogs", "options": bag{"awslogs-group": "/x"}}
		}, "awslogs-region"},
	} {
		t.Run(c.name, func(t *testing.T) {
			task := maps.Clone(soundTask)
			var containers []bag
			require.NoError(t, json.Unmarshal([]byte(soundContainers), &containers))
			c.edit(task, containers)
			if task["containerDefinitions"] == soundContainers {
				task["containerDefinitions"] = js(containers)
			}
			require.Contains(t, newWorld(t, nil, nil).faults(taskToken, "x", task), c.want)
		})
	}
}

// TestServiceAgainstItsTask: what only both together show.
func TestServiceAgainstItsTask(t *testing.T) {
	w := newWorld(t, nil, nil)
	target := w.must(targetToken, "web", bag{"name": "web", "port": 8080, "protocol": "HTTP", "targetType": "ip", "vpcId": "vpc-00000001"})
	task := maps.Clone(soundTask)
	task["volumes"] = []any{bag{"name": "sync"}}
	delete(task, "taskRoleArn")
	arn := w.must(taskToken, "web", task).text(t, "arn")
	service := bag{
		"name": "web", "cluster": "c", "taskDefinition": arn, "enableExecuteCommand": true,
		"loadBalancers":   []any{bag{"targetGroupArn": target.id, "containerName": "main", "containerPort": 9090}},
		"platformVersion": "1.3.0",
	}
	const token = "aws:ecs/service:Service"
	faults := w.faults(token, "web", service)
	require.Contains(t, faults, "Network Configuration must be provided")
	require.Contains(t, faults, "valid taskRoleArn")
	require.Contains(t, faults, "The container main did not have a container port 9090")
	require.Contains(t, faults, "does not have an associated load balancer")
	require.Contains(t, faults, "pidMode needs the platform version 1.4.0, not 1.3.0")

	task["taskRoleArn"] = "arn:aws:iam::381492153064:role/y"
	service["taskDefinition"] = w.must(taskToken, "web", task).text(t, "arn")
	service["platformVersion"] = "1.4.0"
	service["networkConfiguration"] = bag{"subnets": []any{"subnet-00000001"}}
	service["loadBalancers"] = []any{bag{"targetGroupArn": target.id, "containerName": "main", "containerPort": 8080}}
	w.must(listenerToken, "web", bag{
		"loadBalancerArn": "arn:aws:elasticloadbalancing:us-east-1:381492153064:loadbalancer/app/x/1", "port": 80, "protocol": "HTTP",
		"defaultActions": []any{bag{"type": "forward", "targetGroupArn": target.id}},
	})
	require.Empty(t, w.faults(token, "web", service))
}

// TestServiceStrategy: a changed capacity provider strategy replaces a service,
// unless a new deployment is forced.
func TestServiceStrategy(t *testing.T) {
	service := func(weight int, forced bool) bag {
		return bag{"name": "web", "cluster": "c", "taskDefinition": "web:1", "forceNewDeployment": forced,
			"capacityProviderStrategies": []any{bag{"capacityProvider": "FARGATE", "weight": weight}}}
	}
	const token = "aws:ecs/service:Service"
	w := newWorld(t, nil, nil)
	made := w.must(token, "web", service(1, false))
	require.Equal(t, "arn:aws:ecs:us-east-1:381492153064:service/c/web", made.id)
	require.Equal(t, "replace", newWorld(t, w.states, nil).must(token, "web", service(2, false)).op)
	require.Equal(t, "update", newWorld(t, w.states, nil).must(token, "web", service(3, true)).op)
}

// TestBrokerVersion: the way back from a version that ElastiCache raised is
// another broker; the way up is none.
func TestBrokerVersion(t *testing.T) {
	const token = "aws:elasticache/replicationGroup:ReplicationGroup"
	group := func(version string) bag {
		inputs := maps.Clone(sound["cache"].inputs)
		inputs["engineVersion"] = version
		return inputs
	}
	w := newWorld(t, nil, nil)
	w.must(token, "broker", group("8.0"))
	require.Equal(t, "update", newWorld(t, w.states, nil).must(token, "broker", group("8.1")).op)
	require.Equal(t, "replace", newWorld(t, w.states, nil).must(token, "broker", group("7.2")).op)
}
