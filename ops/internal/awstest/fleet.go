package awstest

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsconfig "github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// Fleet is an ECS cluster with services. Moto keeps what it is told, and has no
// scheduler: a test says itself which tasks run and how a rollout ends. Its
// answers lack what follows from an update, and get it here: the primary
// deployment's revision, and that it is complete.
type Fleet struct {
	t       *testing.T
	client  *ecs.Client
	cluster string

	mu    sync.Mutex
	asked map[string]string // service to the revision that Pulumi deployed
	plant map[string]func(service map[string]any)
}

// Fleet makes an empty cluster.
func (a *AWS) Fleet(t *testing.T, cluster string) *Fleet {
	t.Helper()
	cfg, err := awsconfig.LoadDefaultConfig(t.Context(), awsconfig.WithRegion("us-east-1"))
	f := &Fleet{t: t, client: ecs.NewFromConfig(cfg), cluster: cluster, asked: map[string]string{}, plant: map[string]func(map[string]any){}}
	f.must(err)
	_, err = f.client.CreateCluster(t.Context(), &ecs.CreateClusterInput{ClusterName: &cluster})
	f.must(err)
	a.Edit("V20141113.DescribeServices", func(answer map[string]any) {
		for _, service := range answer["services"].([]any) {
			f.complete(service.(map[string]any))
		}
	})
	a.Edit("V20141113.DescribeTasks", func(answer map[string]any) {
		for _, task := range answer["tasks"].([]any) { // moto runs no health check
			task.(map[string]any)["healthStatus"] = "HEALTHY"
		}
	})
	a.Edit("V20141113.UpdateService", func(answer map[string]any) { f.complete(answer["service"].(map[string]any)) })
	return f
}

func (f *Fleet) complete(service map[string]any) {
	deployment := service["deployments"].([]any)[0].(map[string]any)
	for _, counts := range []map[string]any{service, deployment} {
		counts["runningCount"], counts["pendingCount"] = counts["desiredCount"], 0
	}
	deployment["taskDefinition"], deployment["rolloutState"] = service["taskDefinition"], "COMPLETED"
	f.mu.Lock()
	plant := f.plant[service["serviceName"].(string)]
	f.mu.Unlock()
	if plant != nil {
		plant(service)
	}
}

// Plant changes what ECS answers about a service from now on; nil ends it.
func (f *Fleet) Plant(service string, change func(service map[string]any)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.plant[service] = change
}

// Primary is the primary deployment in a service that [Fleet.Plant] changes.
func Primary(service map[string]any) map[string]any {
	return service["deployments"].([]any)[0].(map[string]any)
}

// Register makes a revision of a service whose one container has its short
// name, and logs to /<prefix>/<name>; it returns the revision's ARN.
func (f *Fleet) Register(service, container, image string) string {
	f.t.Helper()
	out, err := f.client.RegisterTaskDefinition(f.t.Context(), &ecs.RegisterTaskDefinitionInput{
		Family: &service,
		ContainerDefinitions: []types.ContainerDefinition{{
			Name: &container, Image: &image, Memory: aws.Int32(128),
			LogConfiguration: &types.LogConfiguration{LogDriver: types.LogDriverAwslogs, Options: map[string]string{
				"awslogs-group": "/" + service, "awslogs-region": "us-east-1", "awslogs-stream-prefix": container,
			}},
		}},
	})
	f.must(err)
	return aws.ToString(out.TaskDefinition.TaskDefinitionArn)
}

// Revision is the ARN of the nth revision that was registered for a service.
func Revision(service string, n int) string {
	return fmt.Sprintf("arn:aws:ecs:us-east-1:%s:task-definition/%s:%d", Account, service, n)
}

// Service makes a service that runs one task of a revision, as Pulumi asked for.
func (f *Fleet) Service(name, revision string) {
	f.t.Helper()
	_, err := f.client.CreateService(f.t.Context(), &ecs.CreateServiceInput{
		Cluster: &f.cluster, ServiceName: &name, TaskDefinition: &revision, DesiredCount: aws.Int32(1), LaunchType: types.LaunchTypeFargate,
	})
	f.must(err)
	f.Asked(name, revision)
	f.Run(name, revision)
}

// Asked says which revision Pulumi's state has for a service.
func (f *Fleet) Asked(service, revision string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asked[service] = revision
}

// Move starts a new deployment of a service, of a revision.
func (f *Fleet) Move(service, revision string) {
	f.t.Helper()
	_, err := f.client.UpdateService(f.t.Context(), &ecs.UpdateServiceInput{
		Cluster: &f.cluster, Service: &service, TaskDefinition: &revision, ForceNewDeployment: true,
	})
	f.must(err)
}

// Deploy moves a service to a revision, as Pulumi, a person or the circuit
// breaker does, and lets its tasks be of it.
func (f *Fleet) Deploy(service, revision string) {
	f.t.Helper()
	f.Move(service, revision)
	f.Stop(service, "Scaling activity initiated by (deployment of another revision)")
	f.Run(service, revision)
}

// Run starts a task in a service and returns its id.
func (f *Fleet) Run(service, revision string) string {
	f.t.Helper()
	out, err := f.client.RunTask(f.t.Context(), &ecs.RunTaskInput{
		Cluster: &f.cluster, TaskDefinition: &revision, Group: aws.String("service:" + service), LaunchType: types.LaunchTypeFargate,
	})
	f.must(err)
	arn := aws.ToString(out.Tasks[0].TaskArn)
	return arn[strings.LastIndex(arn, "/")+1:]
}

// Stop ends the tasks of a service.
func (f *Fleet) Stop(service, reason string) {
	f.t.Helper()
	list, err := f.client.ListTasks(f.t.Context(), &ecs.ListTasksInput{Cluster: &f.cluster, DesiredStatus: types.DesiredStatusRunning})
	f.must(err)
	if len(list.TaskArns) == 0 {
		return
	}
	tasks, err := f.client.DescribeTasks(f.t.Context(), &ecs.DescribeTasksInput{Cluster: &f.cluster, Tasks: list.TaskArns})
	f.must(err)
	for _, task := range tasks.Tasks {
		if aws.ToString(task.Group) == "service:"+service {
			_, err := f.client.StopTask(f.t.Context(), &ecs.StopTaskInput{Cluster: &f.cluster, Task: task.TaskArn, Reason: &reason})
			f.must(err)
		}
	}
}

// State is the stack's state, as `pulumi stack export` prints it, as far as it
// is about services.
func (f *Fleet) State() []byte {
	f.mu.Lock()
	defer f.mu.Unlock()
	var resources []any
	for _, service := range slices.Sorted(maps.Keys(f.asked)) {
		resources = append(resources, map[string]any{"type": "aws:ecs/service:Service", "outputs": map[string]any{
			"name": service, "taskDefinition": f.asked[service],
			"cluster": fmt.Sprintf("arn:aws:ecs:us-east-1:%s:cluster/%s", Account, f.cluster),
		}})
	}
	state, err := json.Marshal(map[string]any{"version": 3, "deployment": map[string]any{"resources": resources}})
	f.must(err)
	return state
}

func (f *Fleet) must(err error) {
	f.t.Helper()
	if err != nil {
		f.t.Fatal(err)
	}
}
