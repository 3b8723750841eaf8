// Package rollout answers whether a stack's services run what was asked for, on
// all their tasks, waits until they do, and replaces their tasks. "Stable", as
// AWS means it, is not enough: a service that the circuit breaker took back is
// stable, too.
package rollout

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// Service is an ECS service, and what was asked of it.
type Service struct {
	Name string
	// Revision is the ARN of the task definition that its tasks are to have.
	Revision string
	// Worker services are done before their old tasks are: a busy worker is
	// protected, and ends when its Airflow tasks do.
	Worker bool

	containers map[string]container
}

// container is one of the asked revision's.
type container struct {
	image             string // with its digest
	logGroup, streams string // awslogs-group and awslogs-stream-prefix
}

// Stack says where a stack's services are and what their images are to be.
type Stack struct {
	// Cluster is the ECS cluster's name, Prefix what all names begin with.
	Cluster, Prefix string
	// Registry is where the stack's own images are: <registry>/<image>.
	Registry string
	// Digests are image to sha256:<64 hex digits>. None are checked when it is
	// empty: then Pulumi built the images, and the revision alone knows them.
	Digests map[string]string
}

// ErrNoServices says that there is nothing to follow.
var ErrNoServices = errors.New("the stack's state has no service: make up makes them")

// Asked returns the services of a stack, in the order of their names, with the
// revisions that its Pulumi state (the JSON of `pulumi stack export`) has. A
// revision whose images are not those of the stack's digests is a [NotAsked].
func Asked(ctx context.Context, client *ecs.Client, s Stack, state []byte) ([]Service, error) {
	services, err := s.services(state)
	if err != nil {
		return nil, err
	}
	var faults []string
	for i := range services {
		service := &services[i]
		described, err := client.DescribeTaskDefinition(ctx, &ecs.DescribeTaskDefinitionInput{TaskDefinition: &service.Revision})
		if err != nil {
			return nil, fmt.Errorf("the revision %s of %s: %w", short(service.Revision), service.Name, err)
		}
		service.containers = containers(described.TaskDefinition.ContainerDefinitions)
		for _, name := range slices.Sorted(maps.Keys(service.containers)) {
			image, digest, ours := s.image(service.containers[name].image)
			if want := s.Digests[image]; ours && len(s.Digests) > 0 && want != digest {
				faults = append(faults, fmt.Sprintf("%s: the container %s of %s, as Pulumi made it, has the image %s@%s, and %s was asked for: make up makes it so",
					service.Name, name, short(service.Revision), image, digest, or(want, "no digest of it")))
			}
		}
	}
	if len(faults) > 0 {
		return nil, &NotAsked{faults}
	}
	return services, nil
}

func (s Stack) services(state []byte) ([]Service, error) {
	var export struct {
		Deployment struct {
			Resources []struct {
				Type    string          `json:"type"`
				Delete  bool            `json:"delete"` // a replaced one
				Outputs json.RawMessage `json:"outputs"`
			} `json:"resources"`
		} `json:"deployment"`
	}
	if err := json.Unmarshal(state, &export); err != nil {
		return nil, fmt.Errorf("the stack's state: %w", err)
	}
	var services []Service
	for _, resource := range export.Deployment.Resources {
		if resource.Type != "aws:ecs/service:Service" || resource.Delete {
			continue
		}
		var out struct{ Name, Cluster, TaskDefinition string }
		if err := json.Unmarshal(resource.Outputs, &out); err != nil {
			return nil, fmt.Errorf("a service in the stack's state: %w", err)
		}
		if !strings.HasSuffix(out.Cluster, "/"+s.Cluster) {
			continue
		}
		pool := strings.TrimPrefix(out.Name, s.Prefix+"-")
		services = append(services, Service{
			Name: out.Name, Revision: out.TaskDefinition,
			Worker: pool == "worker" || strings.HasPrefix(pool, "worker-"),
		})
	}
	if len(services) == 0 {
		return nil, ErrNoServices
	}
	slices.SortFunc(services, func(a, b Service) int { return strings.Compare(a.Name, b.Name) })
	return services, nil
}

// image splits the reference of one of the stack's own images.
func (s Stack) image(reference string) (name, digest string, ours bool) {
	rest, ours := strings.CutPrefix(reference, s.Registry+"/")
	name, digest, _ = strings.Cut(rest, "@")
	return name, digest, ours
}

func containers(definitions []types.ContainerDefinition) map[string]container {
	all := map[string]container{}
	for _, definition := range definitions {
		c := container{image: aws.ToString(definition.Image)}
		if logs := definition.LogConfiguration; logs != nil && logs.LogDriver == types.LogDriverAwslogs {
			c.logGroup, c.streams = logs.Options["awslogs-group"], logs.Options["awslogs-stream-prefix"]
		}
		all[aws.ToString(definition.Name)] = c
	}
	return all
}

// short is the part of an ARN that people read: family:revision, or a task's id.
func short(arn string) string { return arn[strings.LastIndex(arn, "/")+1:] }

func or(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text
}
