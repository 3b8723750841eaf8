package platform

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/pathwai/airflow-on-fargate/components"
	"github.com/pathwai/airflow-on-fargate/config"
)

// newScaling makes workers follow their queues and the api-server its load.
func (p *platformParts) newScaling(ctx *pulumi.Context, s *services) error {
	cfg := p.config
	scale := func(service *components.Service, name string, args components.ScalingArgs) error {
		args.Scope, args.Cluster, args.Service, args.OffHours = p.scope, s.cluster, service, scheduled(cfg)
		_, err := components.NewScaling(ctx, name, &args, p.in)
		return err
	}
	api := cfg.Services.APIServer
	if err := scale(s.apiServer, "api-server", components.ScalingArgs{Min: api.Count, Max: api.MaxCount, TrackLoad: true}); err != nil {
		return err
	}
	for i, pool := range cfg.WorkerPools {
		if err := scale(s.workers[i], pool.ServiceName(), components.ScalingArgs{
			Min: pool.Min, Max: pool.Max,
			Backlog: &components.BacklogArgs{
				Queues: pool.Queues, Concurrency: pool.Concurrency,
				IdleMemory: 100 * config.IdleWorkerMemoryMiB / pool.Memory,
			},
		}); err != nil {
			return err
		}
	}
	return nil
}

// scheduled tells whether the platform is off at times.
func scheduled(cfg *config.Config) bool { return cfg.Schedule.Stop != "" }

// newHours turns everything off and on again out of hours.
func (p *platformParts) newHours(ctx *pulumi.Context, s *services, alarms []string) error {
	cfg := p.config
	if !scheduled(cfg) {
		return nil
	}
	var workers []components.Hourly
	for i, pool := range cfg.WorkerPools {
		workers = append(workers, components.Hourly{Service: s.workers[i], Min: pool.Min, Max: pool.Max})
	}
	_, err := components.NewHours(ctx, "hours", &components.HoursArgs{
		Scope: p.scope, Cluster: s.cluster, Database: p.state.database,
		Stop: cfg.Schedule.Stop, Start: cfg.Schedule.Start, Timezone: cfg.Schedule.Timezone, DrainMinutes: cfg.Schedule.DrainMinutes,
		Workers: workers,
		Others: []components.Hourly{
			{Service: s.apiServer, Min: cfg.Services.APIServer.Count, Max: cfg.Services.APIServer.MaxCount},
			{Service: s.scheduler, Min: cfg.Services.Scheduler.Count},
			{Service: s.dagProcessor, Min: cfg.Services.DAGProcessor.Count},
			{Service: s.triggerer, Min: cfg.Services.Triggerer.Count},
			{Service: s.dagsync, Min: 1},
		},
		Alarms: alarms,
	}, p.in)
	return err
}
