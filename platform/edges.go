package platform

import (
	"github.com/pathwai/airflow-on-fargate/components"
	"github.com/pathwai/airflow-on-fargate/config"
)

// edges is who may open connections to whom: all there is. What is not here
// is refused by the security groups.
func edges(cfg *config.Config, endpoints *components.Endpoints, state *state, web *components.LoadBalancer, s *services) []components.Edge {
	clients := components.Peer{Name: "clients", CIDRs: cfg.LoadBalancer.ClientCIDRs}
	idp := components.Peer{Name: "idp", CIDRs: cfg.Login.IdPNetworks()}
	alb := components.Peer{Name: "alb", SecurityGroupID: web.SecurityGroupID}
	aws := components.Peer{Name: "endpoints", SecurityGroupID: endpoints.SecurityGroupID}
	s3 := components.Peer{Name: "s3", PrefixListID: endpoints.S3PrefixListID}
	database := components.Peer{Name: "database", SecurityGroupID: state.database.SecurityGroupID}
	broker := components.Peer{Name: "broker", SecurityGroupID: state.broker.SecurityGroupID}
	files := components.Peer{Name: "files", SecurityGroupID: state.files.SecurityGroupID}
	apiServer := s.apiServer.Peer()
	scheduler := s.scheduler.Peer()
	dagProcessor := s.dagProcessor.Peer()
	triggerer := s.triggerer.Peer()
	dagsync := s.dagsync.Peer()
	cleanup := s.cleanup.Peer()

	table := []components.Edge{
		{From: clients, To: alb, Port: components.HTTPSPort, Why: "people open the web interface"},
		{From: clients, To: alb, Port: components.HTTPPort, Why: "people are redirected to HTTPS"},
		{From: alb, To: apiServer, Port: components.WebPort, Why: "the load balancer forwards and checks health"},
		{From: apiServer, To: database, Port: components.DatabasePort, Why: "metadata"},
		{From: scheduler, To: database, Port: components.DatabasePort, Why: "metadata, migrations and metrics"},
		{From: dagProcessor, To: database, Port: components.DatabasePort, Why: "serialized DAGs"},
		{From: triggerer, To: database, Port: components.DatabasePort, Why: "triggers"},
		{From: cleanup, To: database, Port: components.DatabasePort, Why: "deletes what is older than the retention"},
		{From: scheduler, To: broker, Port: components.BrokerPort, Why: "the executor queues tasks, and reads their results"},
		{From: apiServer, To: triggerer, Port: triggererLogPort, Why: "logs of deferred tasks while they wait"},
		{From: apiServer, To: files, Port: components.FilesPort, Why: "plugins"},
		{From: scheduler, To: files, Port: components.FilesPort, Why: "plugins"},
		{From: dagProcessor, To: files, Port: components.FilesPort, Why: "DAGs and plugins"},
		{From: triggerer, To: files, Port: components.FilesPort, Why: "code of triggers, and plugins"},
		{From: dagsync, To: files, Port: components.FilesPort, Why: "publishes DAGs and plugins"},
	}
	all := []components.Peer{apiServer, scheduler, dagProcessor, triggerer, dagsync, cleanup}
	for i := range cfg.WorkerPools {
		worker := s.workers[i].Peer()
		all = append(all, worker)
		table = append(table,
			components.Edge{From: worker, To: alb, Port: components.ExecutionPort, Why: "tasks report over the execution API"},
			components.Edge{From: worker, To: broker, Port: components.BrokerPort, Why: "workers fetch tasks and leave their results"},
			components.Edge{From: worker, To: files, Port: components.FilesPort, Why: "DAGs and plugins"},
			components.Edge{From: apiServer, To: worker, Port: workerLogPort, Why: "logs of running tasks"},
		)
	}
	for _, peer := range all {
		table = append(table, existingEdges(endpoints, peer)...)
		table = append(table,
			components.Edge{From: peer, To: aws, Port: components.HTTPSPort, Why: "AWS APIs over the interface endpoints"},
			components.Edge{From: peer, To: s3, Port: components.HTTPSPort, Why: "image layers, DAGs and task logs over the gateway endpoint"},
		)
	}
	if cfg.Services.Exec {
		table = append(table, components.Edge{From: apiServer, To: alb, Port: components.HTTPSPort, Why: "people without a joined network come in over Session Manager, through this task (ops open)"})
	}
	table = append(table, dataEdges(cfg, endpoints, s)...)
	path := " over the private path"
	if cfg.Login.PublicIdP.On() {
		path = " on the internet: " + cfg.Login.PublicIdP.Why
	}
	switch cfg.Login.Mode {
	case config.LoginALB:
		table = append(table, components.Edge{From: alb, To: idp, Port: components.HTTPSPort, Why: "the load balancer asks the IdP" + path})
	case config.LoginFAB:
		table = append(table, components.Edge{From: apiServer, To: idp, Port: components.HTTPSPort, Why: "Airflow asks the IdP" + path})
	}
	return table
}

// Ports on which Airflow serves the logs of what is still running
// ([logging] worker_log_server_port, trigger_log_server_port).
const (
	workerLogPort    = 8793
	triggererLogPort = 8794
)
