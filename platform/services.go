package platform

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/pathwai/airflow-on-fargate/components"
	"github.com/pathwai/airflow-on-fargate/config"
)

// platformParts is what services are built on.
type platformParts struct {
	config    *config.Config
	scope     components.Scope
	keys      *components.Keys
	network   *components.Network
	dns       *components.DNSFirewall
	endpoints *components.Endpoints
	state     *state
	images    *components.Images
	web       *components.LoadBalancer
	cluster   *components.Cluster
	in        pulumi.ResourceOption
}

// services are the ECS services of the platform.
type services struct {
	cluster      *components.Cluster
	apiServer    *components.Service
	scheduler    *components.Service
	dagProcessor *components.Service
	triggerer    *components.Service
	dagsync      *components.Service
	// workers are in the order of config's pools.
	workers []*components.Service
	// cleanup is no service: it runs once a day.
	cleanup *components.ScheduledTask
}

// airflow are the services that run Airflow, all but dagsync.
func (s *services) airflow() []*components.Service {
	return append([]*components.Service{s.apiServer, s.scheduler, s.dagProcessor, s.triggerer}, s.workers...)
}

// all are the services of the platform.
func (s *services) all() []*components.Service { return append(s.airflow(), s.dagsync) }

// start lets tasks run, each service's after the rules that let them talk.
func (s *services) start(ctx *pulumi.Context, rules components.Rules) error {
	for _, service := range s.all() {
		if err := service.Start(ctx, rules[service.Peer().Name]...); err != nil {
			return err
		}
	}
	return s.cleanup.Start(ctx, rules[s.cleanup.Peer().Name]...)
}

// logGroups are the log groups of the services and the clean-up.
func (s *services) logGroups() []pulumi.Resource {
	var groups []pulumi.Resource
	for _, service := range s.all() {
		groups = append(groups, service.Logs())
	}
	return append(groups, s.cleanup.Logs())
}

func (p *platformParts) newServices(ctx *pulumi.Context) (*services, error) {
	cfg, s := p.config, &services{}
	var err error
	if s.cluster, err = components.NewCluster(ctx, "cluster", &components.ClusterArgs{
		Scope:             p.scope,
		ContainerInsights: cfg.Services.ContainerInsights,
		LogRetentionDays:  cfg.Services.LogRetentionDays,
		LogsKeyARN:        p.keys.LogsARN,
		Meanwhile:         p.endpoints.Ready(), // some minutes, and services wait for both
	}, p.in); err != nil {
		return nil, err
	}
	p.cluster = s.cluster
	airflow := &components.Airflow{Scope: p.scope, Config: cfg, Secrets: p.state.secrets}

	apiServer := p.service(cfg.Services.APIServer.Size, cfg.Services.APIServer.Capacity, cfg.Services.APIServer.Access, airflow.APIServer())
	apiServer.Count, apiServer.Autoscaled = cfg.Services.APIServer.Count, true
	apiServer.Permissions = append(p.scope.ReadTaskLogs(cfg.Buckets.Logs, cfg.Buckets.LogsPrefix), p.lookUp()...)
	apiServer.Target = &components.Target{
		GroupARN: p.web.TargetGroupARN, Container: "api-server", Port: components.WebPort, GraceSeconds: 600,
	}
	apiServer.Ready = append(apiServer.Ready, p.web.Ready()...)
	if s.apiServer, err = components.NewService(ctx, "api-server", apiServer, p.in); err != nil {
		return nil, err
	}

	scheduler := p.service(cfg.Services.Scheduler.Size, cfg.Services.Scheduler.Capacity, cfg.Services.Scheduler.Access, airflow.Scheduler())
	scheduler.Count, scheduler.Autoscaled = cfg.Services.Scheduler.Count, scheduled(cfg)
	if s.scheduler, err = components.NewService(ctx, "scheduler", scheduler, p.in); err != nil {
		return nil, err
	}

	dagProcessor := p.service(cfg.Services.DAGProcessor.Size, cfg.Services.DAGProcessor.Capacity, cfg.Services.DAGProcessor.Access, airflow.DAGProcessor())
	dagProcessor.Count, dagProcessor.Autoscaled = cfg.Services.DAGProcessor.Count, scheduled(cfg)
	dagProcessor.Permissions = p.lookUp()
	if s.dagProcessor, err = components.NewService(ctx, "dag-processor", dagProcessor, p.in); err != nil {
		return nil, err
	}

	triggerer := p.service(cfg.Services.Triggerer.Size, cfg.Services.Triggerer.Capacity, cfg.Services.Triggerer.Access, airflow.Triggerer())
	triggerer.Count, triggerer.Autoscaled = cfg.Services.Triggerer.Count, scheduled(cfg)
	triggerer.Permissions = append(p.scope.WriteTaskLogs(cfg.Buckets.Logs, cfg.Buckets.LogsPrefix), p.lookUp()...)
	if s.triggerer, err = components.NewService(ctx, "triggerer", triggerer, p.in); err != nil {
		return nil, err
	}

	dagsync := p.service(cfg.Services.DAGSync.Size, cfg.Services.DAGSync.Capacity, cfg.Services.DAGSync.Access, airflow.DAGSync())
	dagsync.Count, dagsync.Autoscaled = 1, scheduled(cfg)
	dagsync.Permissions = p.scope.ReadDAGs(cfg.Buckets.DAGs, cfg.Buckets.DAGsPrefix, cfg.Buckets.PluginsPrefix)
	if s.dagsync, err = components.NewService(ctx, "dagsync", dagsync, p.in); err != nil {
		return nil, err
	}
	for _, pool := range cfg.WorkerPools {
		worker, err := p.newWorkers(ctx, airflow, pool)
		if err != nil {
			return nil, err
		}
		s.workers = append(s.workers, worker)
	}
	s.cleanup, err = p.newCleanup(ctx, airflow)
	return s, err
}

// newCleanup keeps the database as small as its retention says, every night;
// where nights are off, when the platform starts: it waits for the database.
func (p *platformParts) newCleanup(ctx *pulumi.Context, airflow *components.Airflow) (*components.ScheduledTask, error) {
	task := p.service(config.Size{CPU: 256, Memory: 512}, config.Capacity{}, config.Access{}, airflow.Cleanup())
	task.Exec = false
	args := &components.ScheduledTaskArgs{Task: task, When: "cron(17 3 * * ? *)", Timezone: "UTC"}
	if scheduled(p.config) {
		args.When, args.Timezone = p.config.Schedule.Start, p.config.Schedule.Timezone
	}
	return components.NewScheduledTask(ctx, "cleanup", args, p.in)
}

// lookUp lets a service find connections and variables in Secrets Manager.
func (p *platformParts) lookUp() components.Document {
	return p.scope.LookUpSecrets(p.config.SecretsBackend.Prefixes())
}

// service returns what the services have in common.
func (p *platformParts) service(size config.Size, capacity config.Capacity, access config.Access, containers []components.Container) *components.ServiceArgs {
	return &components.ServiceArgs{
		Scope:            p.scope,
		Cluster:          p.cluster,
		Images:           p.images,
		Files:            p.state.files,
		VPCID:            p.network.VPCID,
		SubnetIDs:        p.network.SubnetIDs(p.config.TaskZones()),
		CPU:              size.CPU,
		Memory:           size.Memory,
		Architecture:     p.config.Services.Architecture,
		OnDemandBase:     capacity.OnDemandBase,
		SpotPercent:      capacity.SpotPercent,
		Exec:             p.config.Services.Exec,
		LogRetentionDays: p.config.Services.LogRetentionDays,
		LogsKeyARN:       p.keys.LogsARN,
		Containers:       containers,
		PolicyARNs:       access.PolicyARNs,
		Ready:            p.endpoints.Ready(),
	}
}

func (p *platformParts) newWorkers(ctx *pulumi.Context, airflow *components.Airflow, pool config.WorkerPool) (*components.Service, error) {
	args := p.service(pool.Size, pool.Capacity, pool.Access, airflow.Worker(pool))
	args.Count, args.Autoscaled = pool.Min, true
	args.Permissions = append(p.scope.WriteTaskLogs(p.config.Buckets.Logs, p.config.Buckets.LogsPrefix),
		p.scope.ProtectTasks(p.cluster))
	args.Permissions = append(args.Permissions, p.lookUp()...)
	return components.NewService(ctx, pool.ServiceName(), args, p.in)
}
