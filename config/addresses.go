package config

// reservedAddresses of every subnet belong to AWS (VPC user guide, "Subnet sizing").
const reservedAddresses = 5

// loadBalancerAddresses is what ELB wants free in each of its subnets
// ("Application Load Balancers", "Subnets for your load balancer").
const loadBalancerAddresses = 8

// Addresses is the most private addresses that the platform takes in one
// subnet: tasks, which Fargate spreads over their zones and of which twice as
// many run while they are replaced; one for each endpoint, for EFS, for the
// database and its standby, and for each broker node; and the load balancer's.
func (c *Config) Addresses() int {
	s := c.Services
	tasks := s.APIServer.MaxCount + s.Scheduler.Count + s.DAGProcessor.Count + s.Triggerer.Count + 1
	for _, pool := range c.WorkerPools {
		tasks += pool.Max
	}
	zones := len(c.TaskZones())
	endpoints := len(StandardEndpoints) + len(RegionEndpoints(c.Region)) + 1 + len(c.Endpoints.Extra) + len(c.Endpoints.Services)
	return 2*((tasks+zones-1)/zones) + endpoints + loadBalancerAddresses + 1 + 2 + c.Broker.Replicas + 1
}
