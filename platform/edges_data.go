package platform

import (
	"maps"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/pathwai/airflow-on-fargate/components"
	"github.com/pathwai/airflow-on-fargate/config"
)

// dataEdges lead to what a stack's DAGs use beyond the platform: places that
// services and pools name, and endpoints that aren't for everybody.
func dataEdges(cfg *config.Config, endpoints *components.Endpoints, s *services) []components.Edge {
	var table []components.Edge
	for _, a := range accesses(cfg, s) {
		for _, egress := range a.access.Egress {
			for _, port := range egress.Ports {
				table = append(table, components.Edge{From: a.peer, To: place(egress), Port: port, Why: egress.Why})
			}
		}
	}
	aws := components.Peer{Name: "endpoints", SecurityGroupID: endpoints.SecurityGroupID}
	for _, from := range dagCode(cfg, s) {
		for _, port := range cfg.Endpoints.FurtherPorts() {
			table = append(table, components.Edge{From: from, To: aws, Port: port, Why: "AWS services on ports of their own over the interface endpoints"})
		}
		if endpoints.DynamoDBPrefixListID != nil {
			dynamoDB := components.Peer{Name: "dynamodb", PrefixListID: endpoints.DynamoDBPrefixListID}
			table = append(table, components.Edge{From: from, To: dynamoDB, Port: components.HTTPSPort, Why: "DynamoDB over the gateway endpoint"})
		}
		for _, service := range cfg.Endpoints.Services {
			to := components.Peer{Name: service.ID(), SecurityGroupID: endpoints.ServiceGroupIDs[service.ID()]}
			for _, port := range service.Ports {
				table = append(table, components.Edge{From: from, To: to, Port: port, Why: service.Why})
			}
		}
	}
	return table
}

// existingEdges lead to endpoints that were there, each group once.
func existingEdges(endpoints *components.Endpoints, from components.Peer) []components.Edge {
	var table []components.Edge
	seen := map[string]bool{}
	for _, service := range slices.Sorted(maps.Keys(endpoints.ExistingGroups)) {
		for _, group := range endpoints.ExistingGroups[service] {
			if !seen[group] {
				seen[group] = true
				to := components.Peer{Name: group, ForeignGroupID: group}
				table = append(table, components.Edge{From: from, To: to, Port: components.HTTPSPort, Why: "AWS APIs over endpoints of the existing VPC"})
			}
		}
	}
	return table
}

// serviceAccess is what a stack gives one service beyond the platform.
type serviceAccess struct {
	peer   components.Peer
	access config.Access
}

func accesses(cfg *config.Config, s *services) []serviceAccess {
	c := cfg.Services
	list := []serviceAccess{
		{s.apiServer.Peer(), c.APIServer.Access},
		{s.scheduler.Peer(), c.Scheduler.Access},
		{s.dagProcessor.Peer(), c.DAGProcessor.Access},
		{s.triggerer.Peer(), c.Triggerer.Access},
		{s.dagsync.Peer(), c.DAGSync.Access},
	}
	for i, pool := range cfg.WorkerPools {
		list = append(list, serviceAccess{s.workers[i].Peer(), pool.Access})
	}
	for i := range list {
		if list[i].peer.Name != s.dagsync.Peer().Name { // which is no Airflow
			list[i].access.Egress = cfg.Airflow.OpenTelemetry.Beside(list[i].access.Egress)
		}
	}
	return list
}

// dagCode are the services that run what people wrote: tasks, triggers, and
// what a DAG file does when it is read.
func dagCode(cfg *config.Config, s *services) []components.Peer {
	peers := []components.Peer{s.dagProcessor.Peer(), s.triggerer.Peer()}
	for i := range cfg.WorkerPools {
		peers = append(peers, s.workers[i].Peer())
	}
	return peers
}

// place is the other end of an egress. Its name is part of the rules' names.
func place(egress config.Egress) components.Peer {
	switch {
	case egress.IsNetwork():
		return components.Peer{Name: "data", CIDRs: []string{egress.To}}
	case egress.IsPrefixList():
		return components.Peer{Name: egress.To, PrefixListID: pulumi.String(egress.To)}
	}
	return components.Peer{Name: egress.To, ForeignGroupID: egress.To}
}
