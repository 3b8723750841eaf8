package rollout

import (
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// State is how far a service is.
type State struct {
	Service string `json:"service"`
	// Revision is what its primary deployment runs, as family:revision.
	Revision string `json:"revision"`
	Desired  int32  `json:"desired"`
	Running  int32  `json:"running"`
	// Rollout is ECS's word for the deployment: IN_PROGRESS, COMPLETED or FAILED.
	Rollout string `json:"rollout"`
	// Old counts running tasks of earlier deployments; only busy workers have
	// them when all is done.
	// New are the tasks of the asked deployment.
	New int `json:"new"`
	Old int `json:"old"`
	// Why says what is still waited for, empty when the service is stable.
	Why string `json:"why,omitempty"`
}

func (s State) String() string {
	text := fmt.Sprintf("%s %d/%d %s %s", s.Service, s.Running, s.Desired, s.Revision, s.Rollout)
	if s.Why != "" {
		return text + ": " + s.Why
	}
	if s.Old > 0 && s.New == 0 {
		text += "; no new task has run yet"
	}
	if s.Old > 0 {
		text += fmt.Sprintf("; %d old tasks are busy, protected, and end by themselves", s.Old)
	}
	return text
}

// judge says how far a service is, from one look at it and at its tasks that
// are to run. Fault is set when it never will be as asked: it was rolled back,
// or somebody else deployed. id is the deployment that must be the primary
// one, empty when any of the asked revision will do: ECS rolls a forced
// deployment back to one of the same revision.
func (s Service) judge(got types.Service, tasks []types.Task, id string) (state State, fault string) {
	state = State{Service: s.Name, Desired: got.DesiredCount, Running: got.RunningCount}
	if aws.ToString(got.Status) != "ACTIVE" {
		return state, fmt.Sprintf("%s is not there any more", s.Name)
	}
	primary := primary(got)
	if primary == nil {
		state.Why = "no deployment yet"
		return state, ""
	}
	revision := aws.ToString(primary.TaskDefinition)
	state.Revision, state.Rollout = short(revision), string(primary.RolloutState)
	switch {
	case revision != s.Revision:
		return state, fmt.Sprintf("%s runs %s, and %s was asked for: it was rolled back, or deployed by another hand", s.Name, short(revision), short(s.Revision))
	case id != "" && aws.ToString(primary.Id) != id:
		return state, fmt.Sprintf("%s runs %s again as deployed before, by %s in the place of %s: it was rolled back, or deployed by another hand",
			s.Name, short(revision), aws.ToString(primary.Id), id)
	case primary.RolloutState == types.DeploymentRolloutStateFailed:
		return state, fmt.Sprintf("the deployment of %s on %s failed", short(revision), s.Name)
	}
	healthy, ill := 0, 0
	for _, task := range tasks {
		if s.old(task, primary) {
			state.Old++
			continue
		}
		if fault := s.foreign(task); fault != "" {
			return state, fault
		}
		state.New++
		switch task.HealthStatus {
		case types.HealthStatusHealthy:
			healthy++
		case types.HealthStatusUnhealthy:
			ill++
		}
	}
	switch {
	case ill > 0:
		state.Why = fmt.Sprintf("%d new tasks are unhealthy", ill)
	case s.Worker:
		state.Why = worker(got, primary, state.Old, healthy)
	default:
		state.Why = all(got, primary, state.Old)
	}
	return state, ""
}

// all: every task is new.
func all(got types.Service, primary *types.Deployment, old int) string {
	switch {
	case primary.RolloutState != types.DeploymentRolloutStateCompleted:
		return fmt.Sprintf("new tasks start (%d failed)", primary.FailedTasks)
	case got.RunningCount < got.DesiredCount:
		return "tasks start"
	case old > 0:
		return fmt.Sprintf("%d old tasks still run", old)
	}
	return ""
}

// worker: the new tasks are healthy, or there is no room for them yet. Old ones may be
// protected for hours, and ECS calls the rollout complete only after them.
func worker(got types.Service, primary *types.Deployment, old, healthy int) string {
	room := got.DesiredCount * 2 // components/service.go: at most 200 percent
	if c := got.DeploymentConfiguration; c != nil && c.MaximumPercent != nil {
		room = got.DesiredCount * *c.MaximumPercent / 100
	}
	switch {
	case primary.RolloutState == types.DeploymentRolloutStateCompleted && got.RunningCount >= got.DesiredCount:
	case old > 0 && got.DesiredCount > 0 && int32(healthy) >= got.DesiredCount:
	case old > 0 && primary.FailedTasks == 0 && int32(old) >= room:
	case old == 0 && got.DesiredCount == 0: // the first task to come is new
	default:
		return fmt.Sprintf("new workers start (%d failed)", primary.FailedTasks)
	}
	return ""
}

func primary(got types.Service) *types.Deployment {
	i := slices.IndexFunc(got.Deployments, func(d types.Deployment) bool { return aws.ToString(d.Status) == "PRIMARY" })
	if i < 0 {
		return nil
	}
	return &got.Deployments[i]
}

// old: of another revision, or started by an earlier deployment of the same
// (ECS API, Task: startedBy has the deployment's id).
func (s Service) old(task types.Task, primary *types.Deployment) bool {
	by := aws.ToString(task.StartedBy)
	return aws.ToString(task.TaskDefinitionArn) != s.Revision || strings.HasPrefix(by, "ecs-svc/") && by != aws.ToString(primary.Id)
}

// foreign says when a task of the asked revision has a container with other
// bytes. An image that is named by its digest is that digest: ECS may tell, as
// imageDigest, the one of the index or of the platform's manifest in it.
func (s Service) foreign(task types.Task) string {
	for _, c := range task.Containers {
		asked, known := s.containers[aws.ToString(c.Name)]
		_, digest, _ := strings.Cut(asked.image, "@")
		if !known || aws.ToString(c.Image) == asked.image || digest != "" && aws.ToString(c.ImageDigest) == digest {
			continue
		}
		return fmt.Sprintf("%s: the container %s of task %s runs %s (%s), and %s was asked for", s.Name, aws.ToString(c.Name),
			short(aws.ToString(task.TaskArn)), aws.ToString(c.Image), or(aws.ToString(c.ImageDigest), "no digest yet"), asked.image)
	}
	return ""
}
