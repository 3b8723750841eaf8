package session

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/pathwai/airflow-on-fargate/ops/stack"
)

// container is the one of the api-server's task that a session goes through.
const container = "api-server"

// target is a container as Session Manager calls it.
type target struct{ cluster, task, runtime string }

func (t target) String() string { return fmt.Sprintf("ecs:%s_%s_%s", t.cluster, t.task, t.runtime) }

// findTarget is a running task of the api-server whose agent takes sessions.
func findTarget(ctx context.Context, s *stack.Stack, cfg aws.Config) (target, error) {
	client, service := ecs.NewFromConfig(cfg), s.Prefix()+"-api-server"
	list, err := client.ListTasks(ctx, &ecs.ListTasksInput{
		Cluster: aws.String(s.Cluster()), ServiceName: aws.String(service), DesiredStatus: types.DesiredStatusRunning,
	})
	if err != nil {
		return target{}, err
	}
	if len(list.TaskArns) == 0 {
		return target{}, fmt.Errorf("%w: no task of %s runs (out of hours? ops wake %s)", ErrNoWay, service, s.Name)
	}
	tasks, err := client.DescribeTasks(ctx, &ecs.DescribeTasksInput{Cluster: aws.String(s.Cluster()), Tasks: list.TaskArns})
	if err != nil {
		return target{}, err
	}
	for _, task := range tasks.Tasks {
		for _, c := range task.Containers {
			if aws.ToString(c.Name) == container && aws.ToString(c.RuntimeId) != "" && takesSessions(c) {
				arn := aws.ToString(task.TaskArn)
				return target{s.Cluster(), arn[strings.LastIndex(arn, "/")+1:], aws.ToString(c.RuntimeId)}, nil
			}
		}
	}
	return target{}, fmt.Errorf("%w: no task of %s takes sessions: the agent of ECS Exec isn't running in it. Tasks from before services.exec was turned on have none: make redeploy STACK=%s CLOUD=aws",
		ErrNoWay, service, s.Name)
}

func takesSessions(c types.Container) bool {
	for _, agent := range c.ManagedAgents {
		if agent.Name == types.ManagedAgentNameExecuteCommandAgent && aws.ToString(agent.LastStatus) == "RUNNING" {
			return true
		}
	}
	return false
}
