package platform

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/pathwai/airflow-on-fargate/components"
	"github.com/pathwai/airflow-on-fargate/config"
)

// newNetwork makes the VPC, or takes the one that is there.
func newNetwork(ctx *pulumi.Context, cfg *config.Config, scope components.Scope, keys *components.Keys, in pulumi.ResourceOption) (*components.Network, error) {
	if cfg.Network.Exists() {
		return components.ExistingNetwork(&components.ExistingNetworkArgs{
			VPCID: cfg.Network.VPCID, Zones: cfg.Network.Zones, SubnetIDs: cfg.Network.SubnetIDs, RouteTableIDs: cfg.Network.RouteTableIDs,
		}), nil
	}
	return components.NewNetwork(ctx, "network", &components.NetworkArgs{
		Scope:                scope,
		CIDR:                 cfg.Network.CIDR,
		Zones:                cfg.Network.Zones,
		Subnets:              cfg.Network.Subnets(),
		FlowLogRetentionDays: cfg.Network.FlowLogRetentionDays,
		LogsKeyARN:           keys.LogsARN,
		Joins:                cfg.RoutedJoins(),
	}, in)
}

// newDNSFirewall is nil in a VPC that was there: it would decide for everybody in
// it. Its log is kept as long as that of the traffic.
func newDNSFirewall(ctx *pulumi.Context, cfg *config.Config, scope components.Scope, keys *components.Keys, network *components.Network, in pulumi.ResourceOption) (*components.DNSFirewall, error) {
	if cfg.Network.Exists() {
		return nil, nil
	}
	return components.NewDNSFirewall(ctx, "dns", &components.DNSFirewallArgs{
		Scope: scope, VPCID: network.VPCID, Allowed: cfg.ResolvableNames(), LogRetentionDays: cfg.Network.FlowLogRetentionDays, LogsKeyARN: keys.LogsARN,
	}, in)
}

// newResolver is nil where nobody on premises asks for names.
func newResolver(ctx *pulumi.Context, cfg *config.Config, scope components.Scope, network *components.Network, in pulumi.ResourceOption) (*components.Resolver, error) {
	if !cfg.Network.Resolver.Inbound {
		return nil, nil
	}
	return components.NewResolver(ctx, "resolver", &components.ResolverArgs{
		Scope: scope, VPCID: network.VPCID, SubnetIDs: network.SubnetIDs(cfg.Network.Zones[:2]),
	}, in)
}

func resolverEdges(cfg *config.Config, resolver *components.Resolver) []components.Edge {
	if resolver == nil {
		return nil
	}
	askers := components.Peer{Name: "askers", CIDRs: cfg.Network.Resolver.ClientCIDRs}
	to := components.Peer{Name: "resolver", SecurityGroupID: resolver.SecurityGroupID}
	return []components.Edge{
		{From: askers, To: to, Port: components.DNSPort, Why: "name servers on premises ask for names"},
		{From: askers, To: to, Port: components.DNSPort, UDP: true, Why: "name servers on premises ask for names"},
	}
}
