package platform

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/pathwai/airflow-on-fargate/components"
	"github.com/pathwai/airflow-on-fargate/config"
)

// newScaling makes workers follow their queues and the api-server its load.
// Services of a fixed size are scalable only to be turned off out of hours.
func (p *platformParts) newScaling(ctx *pulumi.Context, s *services) error {
	cfg := p.config
	scale := func(service *components.Service, name string, args components.ScalingArgs) error {
		args.Scope, args.Cluster, args.Service, args.OffHours = p.scope, s.cluster, service, offHours(cfg)
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
	if offHours(cfg) == nil {
		return nil
	}
	if _, err := components.NewDatabaseSchedule(ctx, "database-schedule", &components.DatabaseScheduleArgs{
		Scope: p.scope, Database: p.state.database, OffHours: *offHours(cfg),
	}, p.in); err != nil {
		return err
	}
	for _, fixed := range []struct {
		service *components.Service
		name    string
		count   int
	}{
		{s.scheduler, "scheduler", cfg.Services.Scheduler.Count},
		{s.dagProcessor, "dag-processor", cfg.Services.DAGProcessor.Count},
		{s.triggerer, "triggerer", cfg.Services.Triggerer.Count},
		{s.dagsync, "dagsync", 1},
	} {
		if err := scale(fixed.service, fixed.name, components.ScalingArgs{Min: fixed.count, Max: fixed.count}); err != nil {
			return err
		}
	}
	return nil
}

func offHours(cfg *config.Config) *components.OffHoursArgs {
	if cfg.Schedule.Stop == "" {
		return nil
	}
	return &components.OffHoursArgs{Stop: cfg.Schedule.Stop, Start: cfg.Schedule.Start, Timezone: cfg.Schedule.Timezone}
}
