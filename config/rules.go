package config

import (
	"fmt"
	"slices"
)

// mostRules is EC2's quota of rules of a security group in one direction.
const mostRules = 60

// httpsPort is on what AWS's services answer, as a rule.
const httpsPort = 443

// GroupRules is how many rules settings make in one security group.
type GroupRules struct {
	// Group is its name among the edges, Setting what makes most of its rules.
	Group, Setting string
	// Inbound tells its direction.
	Inbound bool
	Rules   int
}

// FurtherPorts are those on which interface endpoints answer beside HTTPS's,
// which everybody reaches.
func (e Endpoints) FurtherPorts() []int {
	var ports []int
	for _, extra := range e.Extra {
		ports = append(ports, extra.OpenPorts()...)
	}
	slices.Sort(ports)
	return slices.DeleteFunc(slices.Compact(ports), func(port int) bool { return port == httpsPort })
}

// SecurityGroupRules counts the rules of those groups whose number settings
// decide, without those to endpoints that an existing VPC has: how many groups
// these have, only AWS knows, and how large prefix lists are, whose sizes are given.
func (c *Config) SecurityGroupRules(sizes map[string]int) []GroupRules {
	services, pools := c.Services, len(c.WorkerPools)
	aws := 2 // interface endpoints, and S3's gateway
	idp := map[string]int{c.Login.Mode: len(c.Login.IdPNetworks())}
	code := len(c.Endpoints.FurtherPorts()) // what DAGs reach besides
	for _, extra := range c.Endpoints.Extra {
		if extra.Kind() == GatewayEndpoint {
			code++
		}
	}
	for _, service := range c.Endpoints.Services {
		code += len(service.Ports)
	}
	exec := 0
	if services.Exec {
		exec = 1
	}
	out := func(group, setting string, rules int, egress []Egress) GroupRules {
		for _, e := range egress {
			rules += len(e.Ports) * max(1, sizes[e.To])
		}
		return GroupRules{Group: group, Setting: setting, Rules: rules}
	}
	metrics := c.Airflow.OpenTelemetry.Beside
	// Database, files, logs of triggers and of each pool; the load balancer.
	list := []GroupRules{
		out("api-server", "services.apiServer", aws+3+pools+exec+idp[LoginFAB], metrics(services.APIServer.Egress)),
		out("scheduler", "services.scheduler", aws+3, metrics(services.Scheduler.Egress)),
		out("dag-processor", "services.dagProcessor", aws+2+code, metrics(services.DAGProcessor.Egress)),
		out("triggerer", "services.triggerer", aws+2+code, metrics(services.Triggerer.Egress)),
		out("dagsync", "services.dagsync", aws+1, services.DAGSync.Egress),
		out("alb", "login", 1+idp[LoginALB], nil),
	}
	for i, pool := range c.WorkerPools {
		list = append(list, out(pool.ServiceName(), fmt.Sprintf("workerPools[%d]", i), aws+3+code, metrics(pool.Egress)))
	}
	in := func(group, setting string, rules int) GroupRules {
		return GroupRules{Group: group, Setting: setting, Inbound: true, Rules: rules}
	}
	readers := 2 + pools // DAG processor, triggerer and workers
	list = append(list,
		in("alb", "loadBalancer.clientCidrs", 2*len(c.LoadBalancer.ClientCIDRs)+pools+exec),
		in("endpoints", "endpoints.extra", 6+pools+readers*len(c.Endpoints.FurtherPorts())))
	for i, service := range c.Endpoints.Services {
		list = append(list, in(service.ID(), fmt.Sprintf("endpoints.services[%d]", i), readers*len(service.Ports)))
	}
	return list
}

// validateRules runs last: it counts what the other settings ask for.
func (f *faults) validateRules(c *Config) {
	for _, part := range []string{"endpoints", "loadBalancer", "login", "services", "workerPools", "airflow.openTelemetry"} {
		if f.wrong(key(part)) {
			return
		}
	}
	f.rules(c, nil)
}

func (f *faults) rules(c *Config, sizes map[string]int) {
	for _, group := range c.SecurityGroupRules(sizes) {
		if group.Rules > mostRules {
			direction := "outbound"
			if group.Inbound {
				direction = "inbound"
			}
			f.addf(key(group.Setting), nil, "fewer ports, networks or pools: the security group %s would have %d %s rules, one for each network and port, and EC2 allows %d", group.Group, group.Rules, direction, mostRules)
		}
	}
}
