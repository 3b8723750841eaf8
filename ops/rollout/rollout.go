package rollout

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// Rollout follows the services of one cluster.
type Rollout struct {
	ECS     *ecs.Client
	Logs    *cloudwatchlogs.Client
	Cluster string
	Asked   []Service
	// Limit is how long services may take, for each time that they are waited for.
	Limit time.Duration
	// Pace is the time between two looks.
	Pace Pace
	// Say tells progress, a line at a time.
	Say func(format string, args ...any)
}

// Pace is the time between two looks at ECS: First, then double, at most Most.
// Progress is told every Tell.
type Pace struct{ First, Most, Tell time.Duration }

// DefaultPace is kind to ECS's limits, and to people who wait.
var DefaultPace = Pace{First: time.Second, Most: 10 * time.Second, Tell: 15 * time.Second}

// DefaultLimit is above the quarter of an hour that a new task may wait for
// the database's migration, and below a pipeline's patience.
const DefaultLimit = 30 * time.Minute

// Client returns a client of ECS that outlasts a minute of throttling, or of a
// network that is away: a rollout takes longer.
func Client(cfg aws.Config) *ecs.Client {
	return ecs.NewFromConfig(cfg, func(o *ecs.Options) { o.RetryMaxAttempts = 8 })
}

// NotAsked says that services run something else than was asked for, and will.
type NotAsked struct{ Faults []string }

func (e *NotAsked) Error() string { return strings.Join(e.Faults, "\n") }

// Unfinished says which services were not stable when the time was up.
type Unfinished struct {
	Limit time.Duration
	Lines []string
}

func (e *Unfinished) Error() string {
	return fmt.Sprintf("not stable after %s:\n%s", e.Limit, strings.Join(e.Lines, "\n"))
}

// Stable waits until every service runs what was asked for on all its tasks;
// workers may keep old tasks that are busy. It returns how each service is
// then. A [NotAsked] comes as soon as one never will, with the reasons of ECS
// and the last lines of the container that failed; [Unfinished] after Limit.
func (r *Rollout) Stable(ctx context.Context) ([]State, error) {
	return r.follow(ctx, r.Asked, map[string]string{})
}

// follow waits for services. ids are the deployments that must stay the
// primary ones; those of services without one are learned when they are seen.
func (r *Rollout) follow(ctx context.Context, services []Service, ids map[string]string) ([]State, error) {
	limited, stop := context.WithTimeout(ctx, r.Limit)
	defer stop()
	var last []State
	told, stable, doubted := time.Now(), map[string]bool{}, map[string]bool{}
	for pause := r.Pace.First; ; pause = min(2*pause, r.Pace.Most) {
		states, faulty, err := r.look(limited, services, ids)
		switch {
		case limited.Err() != nil:
			return nil, r.unfinished(ctx, services, last)
		case err != nil:
			return nil, err
		case slices.ContainsFunc(faulty, func(s Service) bool { return doubted[s.Name] }):
			return nil, r.notAsked(ctx, states, faulty)
		case len(faulty) > 0:
			// ECS may answer with what was a moment before: it must say so twice of a service.
			pause = r.Pace.First
		case !slices.ContainsFunc(states, func(s State) bool { return s.Why != "" }):
			r.tell(states, stable, false)
			return states, nil
		}
		last = states
		clear(doubted)
		for _, service := range faulty {
			doubted[service.Name] = true
		}
		if due := time.Since(told) >= r.Pace.Tell; r.tell(states, stable, due) || due {
			told = time.Now()
		}
		select {
		case <-limited.Done():
		case <-time.After(pause):
		}
	}
}

// tell says which services became stable, and when it is due how the others are.
func (r *Rollout) tell(states []State, stable map[string]bool, due bool) (told bool) {
	for _, state := range states {
		if state.Why != "" && due || state.Why == "" && !stable[state.Service] {
			r.Say("%s", state)
			told = true
		}
		stable[state.Service] = state.Why == ""
	}
	return told
}

func (r *Rollout) unfinished(ctx context.Context, services []Service, last []State) error {
	var lines []string
	for i, state := range last {
		if state.Why != "" {
			lines = append(lines, state.String())
			if ctx.Err() == nil {
				lines = append(lines, r.reasons(ctx, services[i])...)
			}
		}
	}
	if ctx.Err() != nil {
		return fmt.Errorf("%w while these were not stable yet:\n%s", ctx.Err(), or(strings.Join(lines, "\n"), "none was looked at"))
	}
	return &Unfinished{r.Limit, lines}
}

func (r *Rollout) notAsked(ctx context.Context, states []State, faulty []Service) error {
	var faults []string
	for _, service := range faulty {
		i := slices.IndexFunc(states, func(s State) bool { return s.Service == service.Name })
		faults = append(append(faults, states[i].Why), r.reasons(ctx, service)...)
	}
	return &NotAsked{faults}
}

// look judges each service once, and returns those with a fault apart.
func (r *Rollout) look(ctx context.Context, services []Service, ids map[string]string) (states []State, faulty []Service, err error) {
	got, err := r.describe(ctx, services)
	if err != nil {
		return nil, nil, err
	}
	tasks, err := r.tasks(ctx, types.DesiredStatusRunning)
	if err != nil {
		return nil, nil, err
	}
	for _, service := range services {
		state, fault := service.judge(got[service.Name], tasks["service:"+service.Name], ids[service.Name])
		if fault != "" {
			state.Why, faulty = fault, append(faulty, service)
		} else if p := primary(got[service.Name]); p != nil {
			ids[service.Name] = aws.ToString(p.Id)
		}
		states = append(states, state)
	}
	return states, faulty, nil
}

// describe returns services by their names; ECS describes ten at a time. One
// that is gone is missing.
func (r *Rollout) describe(ctx context.Context, services []Service) (map[string]types.Service, error) {
	got := map[string]types.Service{}
	for ten := range slices.Chunk(services, 10) {
		var names []string
		for _, service := range ten {
			names = append(names, service.Name)
		}
		out, err := r.ECS.DescribeServices(ctx, &ecs.DescribeServicesInput{Cluster: &r.Cluster, Services: names})
		if err != nil {
			return nil, fmt.Errorf("how are the services? %w", err)
		}
		for _, service := range out.Services {
			got[aws.ToString(service.ServiceName)] = service
		}
	}
	return got, nil
}

// tasks returns the cluster's tasks by their groups, which are "service:<name>".
func (r *Rollout) tasks(ctx context.Context, status types.DesiredStatus) (map[string][]types.Task, error) {
	tasks := map[string][]types.Task{}
	pages := ecs.NewListTasksPaginator(r.ECS, &ecs.ListTasksInput{Cluster: &r.Cluster, DesiredStatus: status})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("which tasks are there? %w", err)
		}
		if len(page.TaskArns) == 0 {
			continue
		}
		out, err := r.ECS.DescribeTasks(ctx, &ecs.DescribeTasksInput{Cluster: &r.Cluster, Tasks: page.TaskArns})
		if err != nil {
			return nil, fmt.Errorf("how are the tasks? %w", err)
		}
		for _, task := range out.Tasks {
			tasks[aws.ToString(task.Group)] = append(tasks[aws.ToString(task.Group)], task)
		}
	}
	return tasks, nil
}
