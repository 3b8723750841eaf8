// Package random is the simulated random provider: real random values, made
// once, kept in the stack's state (the secret ones encrypted), and made anew
// when an input changes, keepers among them.
package random

import (
	"context"
	"fmt"
	"math"
	"sort"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/protobuf/types/known/emptypb"

	"github.com/pathwai/airflow-on-fargate/internal/simcloud"
)

// Version is the pulumi-random release whose types are simulated.
const Version = "4.18.2"

// Provider answers the engine.
type Provider struct {
	simcloud.Base
}

// New makes a provider.
func New() *Provider {
	return &Provider{Base: simcloud.Base{Package: "random", Version: Version}}
}

// kind describes a type of random value.
type kind struct {
	required []string
	defaults map[string]any
	outputs  []string
	secret   bool // all outputs are secret
	check    func(resource.PropertyMap) string
	// make gives the outputs and the identifier.
	make func(resource.PropertyMap) (props map[string]any, id string, err error)
}

func lookup(urn string) (*kind, error) {
	token := string(resource.URN(urn).Type())
	if k := kinds[token]; k != nil {
		return k, nil
	}
	known := make([]string, 0, len(kinds))
	for t := range kinds {
		known = append(known, t)
	}
	sort.Strings(known)
	return nil, simcloud.Refuse("no such type as %s: the random provider simulates %v", token, known)
}

// Check fills in defaults and finds faults.
func (p *Provider) Check(_ context.Context, req *pulumirpc.CheckRequest) (*pulumirpc.CheckResponse, error) {
	k, err := lookup(req.Urn)
	if err != nil {
		return nil, err
	}
	news, err := simcloud.Unmarshal(req.News)
	if err != nil {
		return nil, err
	}
	var faults []simcloud.Fault
	for _, name := range k.required {
		key := resource.PropertyKey(name)
		n, known := simcloud.Number(news[key])
		switch {
		case !simcloud.Given(news[key]):
			faults = append(faults, simcloud.Fault{Property: name, Reason: "missing"})
		case known && n != math.Trunc(n):
			faults = append(faults, simcloud.Fault{Property: name, Reason: "is no whole number"})
		}
	}
	for name, v := range k.defaults {
		if key := resource.PropertyKey(name); !simcloud.Given(news[key]) {
			news[key] = resource.NewPropertyValue(v)
		}
	}
	if k.check != nil && len(faults) == 0 && !news.ContainsUnknowns() {
		if reason := k.check(news); reason != "" {
			faults = append(faults, simcloud.Fault{Reason: reason})
		}
	}
	inputs, err := simcloud.Marshal(news)
	if err != nil {
		return nil, err
	}
	return &pulumirpc.CheckResponse{Inputs: inputs, Failures: simcloud.Failures(news, faults)}, nil
}

// Diff replaces a value when any input changes.
func (p *Provider) Diff(_ context.Context, req *pulumirpc.DiffRequest) (*pulumirpc.DiffResponse, error) {
	if _, err := lookup(req.Urn); err != nil {
		return nil, err
	}
	olds, err := simcloud.Unmarshal(req.OldInputs)
	if err != nil {
		return nil, err
	}
	news, err := simcloud.Unmarshal(req.News)
	if err != nil {
		return nil, err
	}
	d := &pulumirpc.DiffResponse{Changes: pulumirpc.DiffResponse_DIFF_NONE}
	names := map[resource.PropertyKey]bool{}
	for _, props := range []resource.PropertyMap{olds, news} {
		for key := range props {
			names[key] = true
		}
	}
	for key := range names {
		if !simcloud.Given(olds[key]) && !simcloud.Given(news[key]) || simcloud.Same(olds[key], news[key]) {
			continue
		}
		d.Changes = pulumirpc.DiffResponse_DIFF_SOME
		d.Diffs = append(d.Diffs, string(key))
		d.Replaces = append(d.Replaces, string(key))
	}
	sort.Strings(d.Diffs)
	sort.Strings(d.Replaces)
	return d, nil
}

// Create makes a value, or plans one.
func (p *Provider) Create(_ context.Context, req *pulumirpc.CreateRequest) (*pulumirpc.CreateResponse, error) {
	k, err := lookup(req.Urn)
	if err != nil {
		return nil, err
	}
	props, err := simcloud.Unmarshal(req.Properties)
	if err != nil {
		return nil, err
	}
	id := ""
	made := map[string]any{}
	if !req.Preview {
		if made, id, err = k.make(props); err != nil {
			return nil, fmt.Errorf("%s: %w", req.Urn, err)
		}
	}
	for _, name := range k.outputs {
		v := resource.MakeComputed(resource.NewStringProperty(""))
		if !req.Preview {
			v = resource.NewPropertyValue(made[name])
		}
		if k.secret {
			v = resource.MakeSecret(v)
		}
		props[resource.PropertyKey(name)] = v
	}
	out, err := simcloud.Marshal(props)
	if err != nil {
		return nil, err
	}
	return &pulumirpc.CreateResponse{Id: id, Properties: out}, nil
}

// Read gives back the state, which is the only place that has the value.
func (p *Provider) Read(_ context.Context, req *pulumirpc.ReadRequest) (*pulumirpc.ReadResponse, error) {
	if _, err := lookup(req.Urn); err != nil {
		return nil, err
	}
	if len(req.Properties.GetFields()) == 0 {
		return nil, simcloud.Refuse("%s can't be looked up: random values exist in a stack's own state only", req.Urn)
	}
	return &pulumirpc.ReadResponse{Id: req.Id, Properties: req.Properties, Inputs: req.Inputs}, nil
}

// Update never comes about: every change replaces.
func (p *Provider) Update(_ context.Context, req *pulumirpc.UpdateRequest) (*pulumirpc.UpdateResponse, error) {
	return nil, simcloud.Refuse("%s can't be changed in place", req.Urn)
}

// Delete forgets a value.
func (p *Provider) Delete(context.Context, *pulumirpc.DeleteRequest) (*emptypb.Empty, error) {
	return &emptypb.Empty{}, nil
}
