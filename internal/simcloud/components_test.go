package simcloud_test

import (
	"encoding/json"
	"os"
	"sort"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"
)

// awsxChild is a child as awsx 2.22.0 made it over a provider that only echoes.
type awsxChild struct {
	Type   string         `json:"type"`
	Name   string         `json:"name"`
	Parent string         `json:"parent"` // name (type)
	Inputs map[string]any `json:"inputs"`
}

// children lists what the state has below components, in the form of the
// recording: identifiers are all "id-1", what the aws provider added is left out.
func children(list []apitype.ResourceV3) (out []awsxChild) {
	for _, r := range list {
		if !r.Custom || strings.HasPrefix(string(r.Type), "pulumi:") {
			continue
		}
		inputs := map[string]any{}
		added := map[string]bool{"__defaults": true, "tagsAll": true}
		if names, ok := r.Inputs["__defaults"].([]any); ok {
			for _, n := range names {
				added[n.(string)] = true
			}
		}
		for k, v := range r.Inputs {
			if added[k] {
				continue
			}
			if id, ok := v.(string); ok && strings.HasSuffix(k, "Id") && strings.Contains(id, "-") {
				v = "id-1"
			}
			inputs[k] = v
		}
		// The echo had no allocationId to hand on, so the recording lacks it.
		if r.Type == "aws:ec2/natGateway:NatGateway" {
			delete(inputs, "allocationId")
		}
		out = append(out, awsxChild{
			Type: string(r.Type), Name: r.URN.Name(), Parent: r.Parent.Name() + " (" + string(r.Parent.Type()) + ")", Inputs: inputs,
		})
	}
	return out
}

func order(list []awsxChild) []awsxChild {
	sort.Slice(list, func(i, j int) bool { return list[i].Type+list[i].Name < list[j].Type+list[j].Name })
	return list
}

// platform declares awsx's VPC at its defaults in three zones, and a repository.
func platform(opts ...pulumi.ResourceOption) pulumi.RunFunc {
	return func(ctx *pulumi.Context) error {
		if err := ctx.RegisterRemoteComponentResource("awsx:ec2:Vpc", "default", nil, &remote{}, opts...); err != nil {
			return err
		}
		repo := &struct {
			pulumi.ResourceState

			URL pulumi.StringOutput `pulumi:"url"`
		}{}
		err := ctx.RegisterRemoteComponentResource("awsx:ecr:Repository", "web", pulumi.Map{
			"name": pulumi.String("pathwai-airflow-dev/web"), "forceDelete": pulumi.Bool(true), "imageTagMutability": pulumi.String("IMMUTABLE"),
			"lifecyclePolicy": pulumi.Map{"rules": pulumi.Array{pulumi.Map{
				"description": pulumi.String("keep 20"), "tagStatus": pulumi.String("any"), "maximumNumberOfImages": pulumi.Float64(20),
			}}},
		}, repo, opts...)
		ctx.Export("url", repo.URL)
		return err
	}
}

// TestComponentsAreThoseOfAwsx: types, names, parents and inputs of all
// children, and that they use the provider which the component was given.
func TestComponentsAreThoseOfAwsx(t *testing.T) {
	text, err := os.ReadFile("testdata/awsx-children.json")
	require.NoError(t, err)
	var want []awsxChild
	require.NoError(t, json.Unmarshal(text, &want))
	require.Len(t, want, 34)

	p := newProject(t).program(func(ctx *pulumi.Context) error {
		aws := &pulumi.ProviderResourceState{}
		if err := ctx.RegisterResource("pulumi:providers:aws", "own", pulumi.Map{
			"region": pulumi.String("us-east-1"), "allowedAccountIds": pulumi.ToStringArray([]string{"381492153064"}),
			"defaultTags": pulumi.Map{"tags": pulumi.Map{"Project": pulumi.String("airflow")}},
		}, aws); err != nil {
			return err
		}
		return platform(pulumi.Providers(aws))(ctx)
	})
	res, out := p.up()
	require.Contains(t, out, "SIMULATED AWS: account 381492153064, region us-east-1")
	require.Equal(t, "381492153064.dkr.ecr.us-east-1.amazonaws.com/pathwai-airflow-dev/web", res.Outputs["url"].Value)
	list := p.resources()
	require.Equal(t, order(want), order(children(list)))
	for _, r := range list {
		if strings.HasPrefix(string(r.Type), "aws:") {
			require.Contains(t, r.Provider, "::own::", r.URN)
		}
		if tags, ok := r.Outputs["tagsAll"].(map[string]any); ok {
			require.Equal(t, "airflow", tags["Project"], r.URN)
		}
	}
	// The stack, its provider and the two components come on top.
	require.Equal(t, map[apitype.OpType]int{apitype.OpSame: 38}, p.plan())
	p.destroy()
}

// TestVpcStrategies: fewer NAT gateways, fewer zones, with the default provider.
func TestVpcStrategies(t *testing.T) {
	p := newProject(t)
	for _, c := range []struct {
		strategy     string
		nats, routes int
	}{{"Single", 1, 4}, {"None", 0, 2}} {
		p.program(func(ctx *pulumi.Context) error {
			return ctx.RegisterRemoteComponentResource("awsx:ec2:Vpc", "net", pulumi.Map{
				"cidrBlock": pulumi.String("10.40.0.0/16"), "numberOfAvailabilityZones": pulumi.Int(2),
				"natGateways": pulumi.Map{"strategy": pulumi.String(c.strategy)}, "tags": pulumi.Map{"Team": pulumi.String("data")},
			}, &remote{})
		})
		p.up()
		count := map[string]int{}
		for _, r := range p.resources() {
			count[string(r.Type)]++
			if tags, ok := r.Inputs["tags"].(map[string]any); ok {
				require.Equal(t, "data", tags["Team"], r.URN)
			}
		}
		require.Equal(t, c.nats, count["aws:ec2/natGateway:NatGateway"], c.strategy)
		require.Equal(t, c.nats, count["aws:ec2/eip:Eip"], c.strategy)
		require.Equal(t, 4, count["aws:ec2/subnet:Subnet"], c.strategy)
		require.Equal(t, 1, count["aws:ec2/internetGateway:InternetGateway"], "awsx always makes one")
		require.Equal(t, c.routes, count["aws:ec2/route:Route"], c.strategy)
	}
}
