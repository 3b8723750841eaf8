// Package platform declares Airflow on AWS: platform.go reads like the
// architecture picture, edges.go is who may talk to whom.
package platform

import (
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/pathwai/airflow-on-fargate/components"
	"github.com/pathwai/airflow-on-fargate/config"
)

// Deploy returns the Pulumi program: it reads the stack's settings, whose
// defaults are in the project file (Pulumi.yaml), and declares the platform.
// Wrong settings stop it before any resource, with all their faults.
func Deploy(projectFile []byte) pulumi.RunFunc {
	return func(ctx *pulumi.Context) error {
		values, err := config.FromEnvironment()
		if err != nil {
			return err
		}
		cfg, err := config.Load(projectFile, values)
		if err != nil {
			return err
		}
		if advisory := cfg.Airflow.Advisory(); advisory != "" {
			if err := ctx.Log.Warn(advisory, nil); err != nil {
				return err
			}
		}
		return declare(ctx, cfg)
	}
}

// declare declares everything, in the order in which it depends on each
// other: network, state, images, services, who may talk to whom.
func declare(ctx *pulumi.Context, cfg *config.Config) error {
	scope := components.Scope{Prefix: cfg.Prefix(), AccountID: cfg.AccountID, Region: cfg.Region}
	provider, err := newProvider(ctx, cfg)
	if err != nil {
		return err
	}
	in := pulumi.Providers(provider)
	if err := checkPrefixLists(ctx, cfg, pulumi.Provider(provider)); err != nil {
		return err
	}
	if err := bound(ctx, cfg.PermissionsBoundaryARN); err != nil {
		return err
	}

	keys, err := components.NewKeys(ctx, "keys", &components.KeysArgs{Scope: scope}, in)
	if err != nil {
		return err
	}
	network, err := newNetwork(ctx, cfg, scope, keys, in)
	if err != nil {
		return err
	}
	dns, err := newDNSFirewall(ctx, cfg, scope, keys, network, in)
	if err != nil {
		return err
	}
	endpoints, err := components.NewEndpoints(ctx, "endpoints", &components.EndpointsArgs{
		Scope: scope, Network: network, Interfaces: cfg.InterfaceEndpoints(), Zones: cfg.EndpointZones(),
		Existing: cfg.Endpoints.Existing, ExistingVPCID: cfg.Network.VPCID,
		Extra: cfg.Endpoints.Extra, Services: cfg.Endpoints.Services,
		TrustedAccounts: cfg.Endpoints.TrustedAccounts, TrustedBuckets: cfg.Endpoints.TrustedBuckets,
	}, in)
	if err != nil {
		return err
	}

	state, err := newState(ctx, cfg, scope, keys, network, in)
	if err != nil {
		return err
	}
	images, err := components.NewImages(ctx, "images", &components.ImagesArgs{
		Scope:          scope,
		Names:          config.ImageNames,
		Digests:        cfg.Images.Digests,
		Build:          cfg.Images.Build,
		Architecture:   cfg.Services.Architecture,
		AirflowVersion: cfg.Airflow.Version,
		Keep:           cfg.Images.Keep,
		ForceDelete:    cfg.Images.ForceDelete,
		DataKeyARN:     keys.DataARN,
	}, in)
	if err != nil {
		return err
	}
	web, err := newLoadBalancer(ctx, cfg, scope, network, state, in)
	if err != nil {
		return err
	}

	parts := &platformParts{
		config: cfg, scope: scope, keys: keys, network: network, dns: dns, endpoints: endpoints,
		state: state, images: images, web: web, in: in,
	}
	services, err := parts.newServices(ctx)
	if err != nil {
		return err
	}
	if err := state.files.Admit(ctx, services.dagsync, services.airflow()); err != nil {
		return err
	}
	resolver, err := newResolver(ctx, cfg, scope, network, in)
	if err != nil {
		return err
	}
	if _, err := components.Allow(ctx, resolverEdges(cfg, resolver), in); err != nil {
		return err
	}
	rules, err := components.Allow(ctx, edges(cfg, endpoints, state, web, services), in)
	if err != nil {
		return err
	}
	if err := services.start(ctx, rules); err != nil {
		return err
	}
	if err := parts.newScaling(ctx, services); err != nil {
		return err
	}
	if err := parts.newOperations(ctx, services); err != nil {
		return err
	}
	parts.exportIDs(ctx, services)
	return export(ctx, cfg, services, state.secrets)
}

// project is the value of the tag Project, which costs are told apart by.
func project(cfg *config.Config) string { return cfg.Org + "-airflow" }

// newProvider returns the one provider of all resources. It refuses any other
// account than the configured one, and tags what it makes.
func newProvider(ctx *pulumi.Context, cfg *config.Config) (*aws.Provider, error) {
	tags := pulumi.StringMap{
		"Project":     pulumi.String(project(cfg)),
		"Environment": pulumi.String(cfg.Environment),
		"ManagedBy":   pulumi.String("pulumi"),
	}
	for key, value := range cfg.Tags {
		tags[key] = pulumi.String(value)
	}
	return aws.NewProvider(ctx, "aws", &aws.ProviderArgs{
		Region:            pulumi.String(cfg.Region),
		AllowedAccountIds: pulumi.ToStringArray([]string{cfg.AccountID}),
		DefaultTags:       &aws.ProviderDefaultTagsArgs{Tags: tags},
	})
}
