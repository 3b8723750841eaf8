package rollout

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
)

// Redeploy replaces every task by one of the same, asked revision, and waits as
// [Rollout.Stable] does. The service called first goes before all others. Before
// anything is forced, every service must be on the asked revision: forcing one
// that was rolled back would deploy the old revision once more. An error says
// which services were forced by then.
func (r *Rollout) Redeploy(ctx context.Context, first string) ([]State, error) {
	if err := r.onAskedRevision(ctx); err != nil {
		return nil, err
	}
	ids := map[string]string{}
	var before, others []Service
	for _, service := range r.Asked {
		if service.Name == first {
			before = append(before, service)
		} else {
			others = append(others, service)
		}
	}
	if err := r.force(ctx, before, ids); err != nil {
		return nil, r.halfDone(err, ids)
	}
	if _, err := r.follow(ctx, before, ids); err != nil {
		return nil, r.halfDone(err, ids)
	}
	if err := r.force(ctx, others, ids); err != nil {
		return nil, r.halfDone(err, ids)
	}
	states, err := r.follow(ctx, r.Asked, ids)
	if err != nil {
		return nil, r.halfDone(err, ids)
	}
	return states, nil
}

func (r *Rollout) onAskedRevision(ctx context.Context) error {
	got, err := r.describe(ctx, r.Asked)
	if err != nil {
		return err
	}
	var faults []string
	for _, service := range r.Asked {
		p := primary(got[service.Name])
		if p != nil && aws.ToString(p.TaskDefinition) == service.Revision {
			continue
		}
		_, fault := service.judge(got[service.Name], nil, "")
		faults = append(faults, or(fault, service.Name+" has no deployment"))
		faults = append(faults, r.reasons(ctx, service)...)
	}
	if len(faults) > 0 {
		return &NotAsked{faults}
	}
	return nil
}

// force starts a deployment of each service, and puts its id into ids.
func (r *Rollout) force(ctx context.Context, services []Service, ids map[string]string) error {
	for _, service := range services {
		out, err := r.ECS.UpdateService(ctx, &ecs.UpdateServiceInput{
			Cluster: &r.Cluster, Service: &service.Name, TaskDefinition: &service.Revision, ForceNewDeployment: true,
		})
		if err != nil {
			return fmt.Errorf("%s: %w", service.Name, err)
		}
		r.Say("%s: new tasks of %s", service.Name, short(service.Revision))
		if p := primary(*out.Service); p != nil {
			ids[service.Name] = aws.ToString(p.Id)
		}
	}
	return nil
}

// halfDone adds to an error what was forced, and what not yet.
func (r *Rollout) halfDone(err error, ids map[string]string) error {
	var forced, not []string
	for _, service := range r.Asked {
		if _, is := ids[service.Name]; is {
			forced = append(forced, service.Name)
		} else {
			not = append(not, service.Name)
		}
	}
	return fmt.Errorf("%w\nforced so far: %s; not yet: %s", err, or(strings.Join(forced, " "), "none"), or(strings.Join(not, " "), "none"))
}
