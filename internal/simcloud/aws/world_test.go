package aws

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
	"github.com/pulumi/pulumi/sdk/v3/go/common/util/rpcutil"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/pathwai/airflow-on-fargate/internal/simcloud"
)

// bag is a short way to write properties.
type bag = map[string]any

// hidden marks a value as secret, later as unknown.
type hidden struct{ v any }

var later = resource.MakeComputed(resource.NewStringProperty(""))

// properties converts a bag, with its secrets and unknowns.
func properties(b bag) resource.PropertyMap {
	out := resource.PropertyMap{}
	for k, v := range b {
		out[resource.PropertyKey(k)] = property(v)
	}
	return out
}

func property(v any) resource.PropertyValue {
	switch x := v.(type) {
	case hidden:
		return resource.MakeSecret(property(x.v))
	case resource.PropertyValue:
		return x
	case bag:
		return resource.NewObjectProperty(properties(x))
	case []any:
		list := make([]resource.PropertyValue, len(x))
		for i, e := range x {
			list[i] = property(e)
		}
		return resource.NewArrayProperty(list)
	}
	return resource.NewPropertyValue(v)
}

// world is one engine run against one provider process, over gRPC.
type world struct {
	t       *testing.T
	p       pulumirpc.ResourceProviderClient
	preview bool
	states  map[resource.URN]*state // the stack's state file
}

// state is a resource in the state file.
type state struct {
	id              string
	inputs, outputs resource.PropertyMap
}

// newWorld starts a provider for a run; states are what earlier runs left.
func newWorld(t *testing.T, states map[resource.URN]*state, config bag) *world {
	t.Helper()
	host, err := simcloud.NewHost("")
	require.NoError(t, err)
	stop := make(chan bool)
	handle, err := rpcutil.ServeWithOptions(rpcutil.ServeOptions{Cancel: stop, Init: func(s *grpc.Server) error {
		pulumirpc.RegisterResourceProviderServer(s, New(host))
		return nil
	}})
	require.NoError(t, err)
	conn, err := grpc.NewClient(fmt.Sprintf("127.0.0.1:%d", handle.Port), grpc.WithTransportCredentials(insecure.NewCredentials()))
	require.NoError(t, err)
	t.Cleanup(func() {
		require.NoError(t, conn.Close())
		close(stop)
		require.NoError(t, <-handle.Done)
	})
	if states == nil {
		states = map[resource.URN]*state{}
	}
	w := &world{t: t, p: pulumirpc.NewResourceProviderClient(conn), states: states}
	args := bag{"region": "us-east-1", "allowedAccountIds": `["381492153064"]`}
	for k, v := range config {
		args[k] = v
	}
	_, err = w.p.Configure(context.Background(), &pulumirpc.ConfigureRequest{Args: w.marshal(properties(args))})
	require.NoError(t, err)
	return w
}

func (w *world) marshal(props resource.PropertyMap) *structpb.Struct {
	w.t.Helper()
	s, err := simcloud.Marshal(props)
	require.NoError(w.t, err)
	return s
}

func (w *world) unmarshal(s *structpb.Struct) resource.PropertyMap {
	w.t.Helper()
	props, err := simcloud.Unmarshal(s)
	require.NoError(w.t, err)
	return props
}

func urnOf(token, name string) resource.URN {
	return resource.NewURN("dev", "test", "", tokens.Type(token), name)
}

// faults are what a Check finds, a line each; none is "".
func (w *world) faults(token, name string, inputs bag) string {
	w.t.Helper()
	_, text := w.check(urnOf(token, name), nil, properties(inputs))
	return text
}

func (w *world) check(urn resource.URN, olds, news resource.PropertyMap) (resource.PropertyMap, string) {
	w.t.Helper()
	req := &pulumirpc.CheckRequest{Urn: string(urn), News: w.marshal(news), RandomSeed: []byte("seed")}
	if olds != nil {
		req.Olds = w.marshal(olds)
	}
	res, err := w.p.Check(context.Background(), req)
	if err != nil {
		return nil, err.Error()
	}
	var lines []string
	for _, f := range res.Failures {
		lines = append(lines, f.Property+": "+f.Reason)
	}
	return w.unmarshal(res.Inputs), strings.Join(lines, "\n")
}

// step is what the engine did with a resource.
type step struct {
	op       string // create, same, update, replace
	replaces []string
	diffs    []string
	deleted  bool // before the replacement, not after
	outputs  resource.PropertyMap
	id       string
}

// up does what the engine does when a program registers a resource. An error
// is the provider's.
func (w *world) up(token, name string, inputs bag) (step, error) {
	w.t.Helper()
	ctx, urn := context.Background(), urnOf(token, name)
	old := w.states[urn]
	if old == nil {
		news, faults := w.check(urn, nil, properties(inputs))
		require.Empty(w.t, faults, name)
		return w.create(urn, "create", news)
	}
	news, faults := w.check(urn, old.inputs, properties(inputs))
	require.Empty(w.t, faults, name)
	d, err := w.p.Diff(ctx, &pulumirpc.DiffRequest{
		Id: old.id, Urn: string(urn), Olds: w.marshal(old.outputs), OldInputs: w.marshal(old.inputs), News: w.marshal(news),
	})
	if err != nil {
		return step{}, err
	}
	switch {
	case d.Changes == pulumirpc.DiffResponse_DIFF_NONE:
		return step{op: "same", id: old.id, outputs: old.outputs}, nil
	case len(d.Replaces) == 0:
		res, err := w.p.Update(ctx, &pulumirpc.UpdateRequest{
			Id: old.id, Urn: string(urn), Olds: w.marshal(old.outputs), OldInputs: w.marshal(old.inputs), News: w.marshal(news), Preview: w.preview,
		})
		if err != nil {
			return step{}, err
		}
		out := w.unmarshal(res.Properties)
		if !w.preview {
			w.states[urn] = &state{id: old.id, inputs: news, outputs: out}
		}
		return step{op: "update", diffs: d.Diffs, id: old.id, outputs: out}, nil
	}
	if d.DeleteBeforeReplace && !w.preview {
		if err := w.remove(urn, old); err != nil {
			return step{}, err
		}
	}
	news, faults = w.check(urn, nil, properties(inputs))
	require.Empty(w.t, faults, name)
	s, err := w.create(urn, "replace", news)
	s.replaces, s.diffs, s.deleted = d.Replaces, d.Diffs, d.DeleteBeforeReplace
	if err == nil && !d.DeleteBeforeReplace && !w.preview {
		err = w.remove(urn, old)
	}
	return s, err
}

func (w *world) create(urn resource.URN, op string, news resource.PropertyMap) (step, error) {
	w.t.Helper()
	res, err := w.p.Create(context.Background(), &pulumirpc.CreateRequest{Urn: string(urn), Properties: w.marshal(news), Preview: w.preview})
	if err != nil {
		return step{}, err
	}
	out := w.unmarshal(res.Properties)
	if !w.preview {
		w.states[urn] = &state{id: res.Id, inputs: news, outputs: out}
	}
	return step{op: op, id: res.Id, outputs: out}, nil
}

func (w *world) remove(urn resource.URN, s *state) error {
	_, err := w.p.Delete(context.Background(), &pulumirpc.DeleteRequest{
		Id: s.id, Urn: string(urn), Properties: w.marshal(s.outputs), OldInputs: w.marshal(s.inputs),
	})
	return err
}

// must is up for what has to go well.
func (w *world) must(token, name string, inputs bag) step {
	w.t.Helper()
	s, err := w.up(token, name, inputs)
	require.NoError(w.t, err, name)
	return s
}

// text gives a known string output.
func (s step) text(t *testing.T, name string) string {
	t.Helper()
	v, ok := simcloud.Text(s.outputs[resource.PropertyKey(name)])
	require.True(t, ok, "%s is no known string: %v", name, s.outputs[resource.PropertyKey(name)])
	return v
}
