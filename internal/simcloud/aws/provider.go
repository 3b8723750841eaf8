// Package aws is the simulated aws provider.
package aws

import (
	"context"
	"fmt"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/pathwai/airflow-on-fargate/internal/simcloud"
)

// Version is the pulumi-aws release whose types, names and rules are simulated.
const Version = "6.83.2"

// generationKey is where the state keeps how often a resource was replaced.
const generationKey resource.PropertyKey = "__generation"

// Provider answers the engine.
type Provider struct {
	simcloud.Base

	host  *simcloud.Host
	cloud cloud
	seen  *registry
}

// New makes a provider for an engine.
func New(host *simcloud.Host) *Provider {
	return &Provider{Base: simcloud.Base{Package: "aws", Version: Version}, host: host, seen: newRegistry()}
}

// CheckConfig finds faults of the provider's configuration.
func (p *Provider) CheckConfig(_ context.Context, req *pulumirpc.CheckRequest) (*pulumirpc.CheckResponse, error) {
	args, err := simcloud.Unmarshal(req.News)
	if err != nil {
		return nil, err
	}
	return &pulumirpc.CheckResponse{Inputs: req.News, Failures: simcloud.Failures(args, checkSettings(args))}, nil
}

// Configure takes account, region and default tags, and shows the banner.
func (p *Provider) Configure(ctx context.Context, req *pulumirpc.ConfigureRequest) (*pulumirpc.ConfigureResponse, error) {
	args, err := simcloud.Unmarshal(req.Args)
	if err != nil {
		return nil, err
	}
	if faults := checkSettings(args); len(faults) > 0 {
		return nil, simcloud.Refuse("provider setting %s: %s", faults[0].Property, faults[0].Reason)
	}
	p.cloud = newCloud(args)
	if err := p.host.Info(ctx, fmt.Sprintf("%s: account %s, region %s. Nothing real is read, made or billed; the stack's state is all there is.",
		simcloud.Banner, p.cloud.account, p.cloud.region)); err != nil {
		return nil, err
	}
	return p.Base.Configure(ctx, req)
}

// target is a resource that a request is about.
type target struct {
	urn   resource.URN
	token string
	kind  *Type
}

// lookup finds the table's entry for a URN.
func lookup(urn string) (target, error) {
	t := target{urn: resource.URN(urn)}
	t.token = string(t.urn.Type())
	if t.kind = types[t.token]; t.kind == nil {
		return t, simcloud.Refuse("no such type as %s: the simulation knows %d of AWS's types. Is the name right? If it is, add it to internal/simcloud/aws, or run with CLOUD=aws", t.token, len(types))
	}
	return t, nil
}

// read unmarshals several property structs.
func read(list ...*structpb.Struct) ([]resource.PropertyMap, error) {
	out := make([]resource.PropertyMap, len(list))
	for i, s := range list {
		var err error
		if out[i], err = simcloud.Unmarshal(s); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// thing is the resource as its state tells it.
func (t target) thing(id string, inputs, state resource.PropertyMap) *thing {
	made := &thing{urn: t.urn, token: t.token, id: id, inputs: inputs, props: state, generation: 1}
	if n, ok := simcloud.Number(state[generationKey]); ok {
		made.generation = int(n)
	}
	return made
}

func (p *Provider) keys(t target, props resource.PropertyMap) []key {
	return p.seen.keys(t.token, t.kind, props)
}

// Check names what has no name, fills in defaults and finds faults.
func (p *Provider) Check(_ context.Context, req *pulumirpc.CheckRequest) (*pulumirpc.CheckResponse, error) {
	t, err := lookup(req.Urn)
	if err != nil {
		return nil, err
	}
	props, err := read(req.Olds, req.News)
	if err != nil {
		return nil, err
	}
	olds, news := props[0], props[1]
	if len(olds) > 0 {
		p.seen.predecessor(t.urn, req.RandomSeed)
	}
	s := &subject{target: t, inputs: news, cloud: p.cloud, seen: p.seen}
	s.fillIn(req, olds)
	s.check()
	if c := p.seen.plan(t.urn, p.keys(t, news)); c != nil {
		s.fail(t.kind.Name, "%v", c)
	}
	inputs, err := simcloud.Marshal(news)
	if err != nil {
		return nil, err
	}
	return &pulumirpc.CheckResponse{Inputs: inputs, Failures: simcloud.Failures(news, s.faults)}, nil
}

// Diff compares inputs, old and new.
func (p *Provider) Diff(_ context.Context, req *pulumirpc.DiffRequest) (*pulumirpc.DiffResponse, error) {
	t, err := lookup(req.Urn)
	if err != nil {
		return nil, err
	}
	props, err := read(req.Olds, req.OldInputs, req.News)
	if err != nil {
		return nil, err
	}
	state, olds, news := props[0], props[1], props[2]
	oldKeys := p.keys(t, state)
	if c := p.seen.exists(t.thing(req.Id, olds, state), oldKeys); c != nil {
		return nil, simcloud.Refuse("%v", c)
	}
	d := compare(t.kind, state, olds, news)
	// AWS would refuse a second one under the same name.
	d.DeleteBeforeReplace = len(d.Replaces) > 0 && shared(oldKeys, p.keys(t, t.chosen(news)))
	return d, nil
}

// chosen are the inputs without an automatic name: a successor gets another.
func (t target) chosen(inputs resource.PropertyMap) resource.PropertyMap {
	defaults, _ := simcloud.Strings(inputs[simcloud.DefaultsKey])
	if !slices.Contains(defaults, t.kind.Name) {
		return inputs
	}
	out := inputs.Copy()
	delete(out, resource.PropertyKey(t.kind.Name))
	return out
}

// shared tells whether two lists have a key in common.
func shared(a, b []key) bool {
	for _, k := range a {
		for _, l := range b {
			if k.id == l.id {
				return true
			}
		}
	}
	return false
}

// Create makes a resource, or plans it.
func (p *Provider) Create(_ context.Context, req *pulumirpc.CreateRequest) (*pulumirpc.CreateResponse, error) {
	t, err := lookup(req.Urn)
	if err != nil {
		return nil, err
	}
	inputs, err := simcloud.Unmarshal(req.Properties)
	if err != nil {
		return nil, err
	}
	m := newMaker(p, t, p.seen.generation(t.urn), inputs)
	made := &thing{urn: t.urn, token: t.token, inputs: inputs, props: m.outputs(!req.Preview)}
	props, err := simcloud.Marshal(made.props)
	if err != nil {
		return nil, err
	}
	if req.Preview {
		p.seen.remember(made)
		return &pulumirpc.CreateResponse{Properties: props}, nil
	}
	made.generation = m.generation
	if made.id, err = m.id(); err != nil {
		return nil, err
	}
	if c := p.seen.create(made, p.keys(t, made.props)); c != nil {
		return nil, simcloud.Refuse("%v", c)
	}
	return &pulumirpc.CreateResponse{Id: made.id, Properties: props}, nil
}

// Update changes a resource in place, or plans to.
func (p *Provider) Update(_ context.Context, req *pulumirpc.UpdateRequest) (*pulumirpc.UpdateResponse, error) {
	t, err := lookup(req.Urn)
	if err != nil {
		return nil, err
	}
	props, err := read(req.Olds, req.OldInputs, req.News)
	if err != nil {
		return nil, err
	}
	state, olds, inputs := props[0], props[1], props[2]
	made := t.thing(req.Id, inputs, state)
	m := newMaker(p, t, made.generation, inputs)
	m.continues(req.Id, state, olds)
	made.props = m.outputs(true)
	if c := p.seen.change(made, p.keys(t, state), p.keys(t, made.props), !req.Preview); c != nil {
		return nil, simcloud.Refuse("%v", c)
	}
	out, err := simcloud.Marshal(made.props)
	if err != nil {
		return nil, err
	}
	return &pulumirpc.UpdateResponse{Properties: out}, nil
}

// Delete removes a resource unless AWS would not.
func (p *Provider) Delete(_ context.Context, req *pulumirpc.DeleteRequest) (*emptypb.Empty, error) {
	t, err := lookup(req.Urn)
	if err != nil {
		return nil, err
	}
	state, err := simcloud.Unmarshal(req.Properties)
	if err != nil {
		return nil, err
	}
	if t.kind.Keep != nil {
		if reason := t.kind.Keep(state); reason != "" {
			return nil, simcloud.Refuse("%s", reason)
		}
	}
	if c := p.seen.remove(t.thing(req.Id, nil, state), p.keys(t, state)); c != nil {
		return nil, simcloud.Refuse("%s was made in this run while this resource still had its name, which AWS would have refused (%v). Give the new resource an alias of the old one, or another name", c.urn.Name(), c)
	}
	return &emptypb.Empty{}, nil
}

// Read gives back the state. There is no cloud that could know more.
func (p *Provider) Read(_ context.Context, req *pulumirpc.ReadRequest) (*pulumirpc.ReadResponse, error) {
	t, err := lookup(req.Urn)
	if err != nil {
		return nil, err
	}
	props, err := read(req.Properties, req.Inputs)
	if err != nil {
		return nil, err
	}
	state, inputs := props[0], props[1]
	if len(state) == 0 {
		return nil, simcloud.Refuse("%s %q can't be looked up: nothing exists but what this stack's own state holds. Take the values from config, or run with CLOUD=aws", t.token, req.Id)
	}
	if c := p.seen.exists(t.thing(req.Id, inputs, state), p.keys(t, state)); c != nil {
		return nil, simcloud.Refuse("%v", c)
	}
	return &pulumirpc.ReadResponse{Id: req.Id, Properties: req.Properties, Inputs: req.Inputs}, nil
}
