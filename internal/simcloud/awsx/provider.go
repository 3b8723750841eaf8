// Package awsx is the simulated awsx provider: the components that the
// platform uses, with the children that the real provider (2.22.0) gives them,
// and the default VPC with all its ways out.
package awsx

import (
	"context"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/provider"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"

	"github.com/pathwai/airflow-on-fargate/internal/simcloud"
)

// Version is the pulumi-awsx release whose components are simulated.
const Version = "2.22.0"

// Provider answers the engine.
type Provider struct {
	simcloud.Base

	host *simcloud.Host
}

// New makes a provider for an engine.
func New(host *simcloud.Host) *Provider {
	return &Provider{Base: simcloud.Base{Package: "awsx", Version: Version}, host: host}
}

// builders make a component's children. The engine gives the children the
// providers that the program gave the component.
var builders = map[string]provider.ConstructFunc{
	"awsx:ecr:Image": newImage,
	"awsx:ec2:Vpc":   newVpc,
}

// Construct makes a component.
func (p *Provider) Construct(ctx context.Context, req *pulumirpc.ConstructRequest) (*pulumirpc.ConstructResponse, error) {
	build := builders[req.Type]
	if req.Type == "awsx:ecr:Repository" {
		given, err := tree(req.Inputs)
		if err != nil {
			return nil, simcloud.Refuse("inputs of %s: %v", req.Name, err)
		}
		build = func(ctx *pulumi.Context, typ, name string, inputs provider.ConstructInputs, opts pulumi.ResourceOption) (*provider.ConstructResult, error) {
			return newRepository(ctx, typ, name, inputs, given, opts)
		}
	}
	if build == nil {
		return nil, simcloud.Refuse("no such component as %s: awsx:ecr:Repository, awsx:ecr:Image and awsx:ec2:Vpc are simulated. Run with CLOUD=aws for others", req.Type)
	}
	return provider.Construct(ctx, req, p.host.Conn, build)
}

// child is a resource of a component, without its outputs.
type child struct {
	pulumi.CustomResourceState
}

// make registers a child, with its parent's provider.
func (c *child) make(ctx *pulumi.Context, token, name string, props pulumi.Map, parent pulumi.Resource) error {
	return ctx.RegisterResource(token, name, props, c, pulumi.Parent(parent))
}
