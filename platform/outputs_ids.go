package platform

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// exportIDs hands out what a second stack needs to attach a database to the
// tasks, or a policy to a role, by stack references. AWS makes most of it up: it
// is known once it exists. Maps are by the names of edges.go.
func (p *platformParts) exportIDs(ctx *pulumi.Context, s *services) {
	subnets := pulumi.StringMap{}
	ids := p.network.SubnetIDs(p.config.Network.Zones)
	for i, zone := range p.config.Network.Zones {
		subnets[zone] = ids[i]
	}
	groups := pulumi.StringMap{
		"alb": p.web.SecurityGroupID, "endpoints": p.endpoints.SecurityGroupID, "database": p.state.database.SecurityGroupID,
		"broker": p.state.broker.SecurityGroupID, "files": p.state.files.SecurityGroupID,
	}
	roles := pulumi.StringMap{}
	for _, service := range s.all() {
		name := service.Peer().Name
		groups[name], roles[name] = service.SecurityGroupID, pulumi.String(service.TaskRoleARN)
	}
	b := p.config.Buckets
	for name, value := range map[string]pulumi.Input{
		"vpcId":            p.network.VPCID,
		"subnetIds":        subnets,
		"routeTableIds":    p.network.RouteTableIDs,
		"securityGroupIds": groups,
		"taskRoleArns":     roles,
		"clusterArn":       s.cluster.ARN,
		"keyArns":          pulumi.StringMap{"data": p.keys.DataARN, "logs": p.keys.LogsARN, "secrets": p.keys.SecretsARN},
		"buckets":          pulumi.StringMap{"dags": pulumi.String(b.DAGs), "logs": pulumi.String(b.Logs), "accessLogs": pulumi.String(b.AccessLogs)},
		"endpointIds":      p.endpoints.IDs,
	} {
		ctx.Export(name, value)
	}
}
