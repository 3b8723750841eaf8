package rollout

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/stretchr/testify/assert"
)

const arn = "arn:aws:ecs:us-east-1:381492153064:task-definition/"

// seen is a service on revision w:2 whose deployment "ecs-svc/2" is in progress.
func seen(desired, running, running2 int32, change func(*types.Service)) types.Service {
	service := types.Service{
		Status: aws.String("ACTIVE"), DesiredCount: desired, RunningCount: running,
		DeploymentConfiguration: &types.DeploymentConfiguration{MaximumPercent: aws.Int32(200)},
		Deployments: []types.Deployment{
			{Id: aws.String("ecs-svc/1"), Status: aws.String("ACTIVE"), TaskDefinition: aws.String(arn + "w:1"), RunningCount: running - running2},
			{Id: aws.String("ecs-svc/2"), Status: aws.String("PRIMARY"), TaskDefinition: aws.String(arn + "w:2"), RunningCount: running2, RolloutState: types.DeploymentRolloutStateInProgress},
		},
	}
	if change != nil {
		change(&service)
	}
	return service
}

func completed(service *types.Service) {
	service.Deployments[1].RolloutState = types.DeploymentRolloutStateCompleted
}

func broken(service *types.Service) { service.Deployments[1].FailedTasks = 1 }

func of(revision, by string, n int) (tasks []types.Task) {
	for range n {
		tasks = append(tasks, types.Task{TaskDefinitionArn: aws.String(arn + revision), StartedBy: aws.String(by)})
	}
	return tasks
}

// health are new tasks in a state of health.
func health(status types.HealthStatus, n int) []types.Task {
	tasks := of("w:2", "ecs-svc/2", n)
	for i := range tasks {
		tasks[i].HealthStatus = status
	}
	return tasks
}

// What moto can't show, since it has no scheduler: rollouts with old and new tasks.
func TestHowFarAServiceIs(t *testing.T) {
	for name, test := range map[string]struct {
		worker bool
		got    types.Service
		tasks  []types.Task
		old    int
		why    string
	}{
		"new tasks start":              {false, seen(2, 3, 1, nil), of("w:1", "ecs-svc/1", 2), 2, "new tasks start (0 failed)"},
		"complete":                     {false, seen(2, 2, 2, completed), of("w:2", "ecs-svc/2", 2), 0, ""},
		"complete, and one died since": {false, seen(2, 1, 1, completed), of("w:2", "ecs-svc/2", 1), 0, "tasks start"},
		"an old one is left":           {false, seen(1, 2, 1, completed), of("w:1", "ecs-svc/1", 1), 1, "1 old tasks still run"},
		"forced, an old one is left":   {false, seen(1, 2, 1, completed), of("w:2", "ecs-svc/1", 1), 1, "1 old tasks still run"},
		"started by hand":              {false, seen(1, 1, 1, completed), of("w:2", "somebody", 1), 0, ""},
		"scaled to zero":               {false, seen(0, 0, 0, completed), nil, 0, ""},

		"workers complete":                {true, seen(2, 2, 2, completed), of("w:2", "ecs-svc/2", 2), 0, ""},
		"workers from zero":               {true, seen(0, 0, 0, nil), nil, 0, ""},
		"no old worker, the new one late": {true, seen(1, 0, 0, nil), nil, 0, "new workers start (0 failed)"},
		"busy beside new workers":         {true, seen(2, 4, 2, nil), append(of("w:1", "ecs-svc/1", 2), health(types.HealthStatusHealthy, 2)...), 2, ""},
		"busy, new ones not yet healthy":  {true, seen(2, 4, 2, nil), append(of("w:1", "ecs-svc/1", 2), health(types.HealthStatusUnknown, 2)...), 2, "new workers start (0 failed)"},
		"busy, new ones are unhealthy":    {true, seen(2, 4, 2, nil), append(of("w:1", "ecs-svc/1", 2), health(types.HealthStatusUnhealthy, 2)...), 2, "2 new tasks are unhealthy"},
		"one failed, then all healthy":    {true, seen(2, 4, 2, broken), append(of("w:1", "ecs-svc/1", 2), health(types.HealthStatusHealthy, 2)...), 2, ""},
		"complete, but unhealthy":         {false, seen(1, 1, 1, completed), health(types.HealthStatusUnhealthy, 1), 0, "1 new tasks are unhealthy"},
		"busy, a new one still starts":    {true, seen(2, 3, 1, nil), of("w:1", "ecs-svc/1", 2), 2, "new workers start (0 failed)"},
		"busy, and no room for new ones":  {true, seen(1, 5, 0, nil), of("w:1", "ecs-svc/1", 5), 5, ""},
		"busy, and new ones fail":         {true, seen(2, 2, 0, broken), of("w:1", "ecs-svc/1", 2), 2, "new workers start (1 failed)"},
		"busy, no room, and one failed":   {true, seen(1, 2, 0, broken), of("w:1", "ecs-svc/1", 2), 2, "new workers start (1 failed)"},
		"busy, and scaled in to zero":     {true, seen(0, 3, 0, nil), of("w:1", "ecs-svc/1", 3), 3, ""},
	} {
		t.Run(name, func(t *testing.T) {
			state, fault := Service{Name: "w", Revision: arn + "w:2", Worker: test.worker}.judge(test.got, test.tasks, "ecs-svc/2")
			assert.Empty(t, fault)
			assert.Equal(t, test.why, state.Why)
			assert.Equal(t, test.old, state.Old)
		})
	}
	state, _ := Service{Name: "w", Revision: arn + "w:2", Worker: true}.judge(seen(2, 4, 2, nil), of("w:1", "", 2), "")
	assert.Contains(t, state.String(), "new workers start")
	state, _ = Service{Name: "w", Revision: arn + "w:2", Worker: true}.judge(seen(1, 5, 0, nil), of("w:1", "", 2), "")
	assert.Equal(t, "w 5/1 w:2 IN_PROGRESS; no new task has run yet; 2 old tasks are busy, protected, and end by themselves", state.String())
}

// Tasks run the bytes that were asked for, told by the image's reference or by
// the digest that ECS found for it.
func TestTheBytesOfATask(t *testing.T) {
	const asked = "r/web@sha256:aa"
	service := Service{Name: "w", Revision: arn + "w:2", containers: map[string]container{"web": {image: asked}}}
	for name, test := range map[string]struct {
		image, digest, fault string
	}{
		"as asked":                        {asked, "sha256:aa", ""},
		"the platform's manifest in it":   {asked, "sha256:cc", ""},
		"by a tag":                        {"r/web:latest", "sha256:aa", ""},
		"not yet pulled":                  {asked, "", ""},
		"other bytes":                     {"r/web@sha256:bb", "sha256:bb", "w: the container web of task 1 runs r/web@sha256:bb (sha256:bb), and r/web@sha256:aa was asked for"},
		"other bytes, not yet told which": {"r/web:latest", "", "w: the container web of task 1 runs r/web:latest (no digest yet), and r/web@sha256:aa was asked for"},
	} {
		t.Run(name, func(t *testing.T) {
			task := of("w:2", "ecs-svc/2", 1)[0]
			task.TaskArn = aws.String("a/1")
			task.Containers = []types.Container{
				{Name: aws.String("aws-guardduty-agent-x"), Image: aws.String("another")}, // of AWS's own
				{Name: aws.String("web"), Image: aws.String(test.image), ImageDigest: aws.String(test.digest)},
			}
			_, fault := service.judge(seen(1, 1, 1, completed), []types.Task{task}, "")
			assert.Equal(t, test.fault, fault)
		})
	}
}
