package plan_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pathwai/airflow-on-fargate/internal/plan"
	"github.com/pathwai/airflow-on-fargate/internal/plan/plantest"
)

func TestReadPreview(t *testing.T) {
	p, err := plan.ReadFile("testdata/preview.json")
	require.NoError(t, err)
	assert.Equal(t, "airflow", p.Project)
	assert.Equal(t, "dev", p.Stack)
	require.Len(t, p.Resources, 5, "what is deleted is left out, and what is replaced counts once")

	vpc := p.Of("aws:ec2/vpc:Vpc")[0]
	assert.Equal(t, "network", vpc.Name)
	assert.True(t, vpc.Custom)
	assert.Equal(t, "10.40.0.0/16", vpc.Text("cidrBlock"))
	assert.True(t, vpc.True("enableDnsSupport"))

	subnet := p.Of(plan.SubnetType)[0]
	assert.Equal(t, "10.40.16.0/20", subnet.Text("cidrBlock"), "the last step of a replacement counts")
	assert.Equal(t, plan.Unknown{}, subnet.Get("vpcId"))
	assert.False(t, subnet.Shown("vpcId"))
	assert.Same(t, vpc, p.Ref(subnet, "vpcId", "aws:ec2/vpc:Vpc"))
	assert.Nil(t, p.Ref(subnet, "vpcId", "aws:ec2/subnet:Subnet"), "the type must be right")
	assert.Equal(t, "Network", p.Component(subnet).Type[len("airflow:index:"):])

	database := p.Of("aws:rds/instance:Instance")[0]
	assert.Equal(t, plan.Unknown{}, database.Get("password"), "a secret isn't shown")
	assert.True(t, database.Protect)
	port, ok := database.Number("port")
	assert.True(t, ok)
	assert.InDelta(t, 5432, port, 0)
	assert.InDelta(t, 7, database.NumberOr("missing.at.all", 7), 0)
}

func TestReadExport(t *testing.T) {
	p, err := plan.ReadFile("testdata/export.json")
	require.NoError(t, err)
	assert.Equal(t, "prod", p.Stack)
	require.Len(t, p.Resources, 3, "what waits for its deletion is left out")
	database := p.Of("aws:rds/instance:Instance")[0]
	assert.Equal(t, plan.Unknown{}, database.Get("password"))
	assert.True(t, database.True("multiAz"))
}

func TestReadRefuses(t *testing.T) {
	data, err := os.ReadFile("testdata/preview.json")
	require.NoError(t, err)
	whole := string(data)
	for name, c := range map[string]struct{ input, expected string }{
		"not JSON":         {"Previewing update (dev):", "expected the output of `pulumi preview --json --show-sames`"},
		"other JSON":       {`{"hello": 1}`, "neither steps"},
		"no sames":         {strings.Replace(whole, `"same": 1`, `"same": 12`, 1), "lists 1 of the 12 resources that stay the same; run it with --show-sames"},
		"failed preview":   {strings.Replace(whole, `"severity": "warning"`, `"severity": "error"`, 1), "the preview failed, so this is no plan: warning: using"},
		"not a URN":        {strings.ReplaceAll(whole, "urn:pulumi:dev::", "urn:other:"), "is not a URN"},
		"an empty stack":   {`{"deployment": {"resources": []}}`, "empty stack"},
		"a resource twice": {`{"deployment": {"resources": [{"urn": "urn:pulumi:dev::a::t:t:T::n"}, {"urn": "urn:pulumi:dev::a::t:t:T::n"}]}}`, "twice"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := plan.Read(strings.NewReader(c.input))
			require.ErrorContains(t, err, c.expected)
		})
	}
	_, err = plan.ReadFile(filepath.Join(t.TempDir(), "none.json"))
	require.ErrorContains(t, err, "make one with `pulumi preview --json --show-sames >")
}

func TestLookup(t *testing.T) {
	r := plantest.Resource("t:t:T", "r", plantest.Inputs{
		"list":     []any{map[string]any{"a": "first"}, "second"},
		"document": `{"Statement": [{"Effect": "Allow"}]}`,
		"unknown":  plan.Unknown{},
	})
	assert.Equal(t, "first", r.Text("list.0.a"))
	assert.Equal(t, []string{"second"}, r.Texts("list"))
	assert.Nil(t, r.Get("list.7"))
	assert.Nil(t, r.Get("list.x"))
	assert.Equal(t, plan.Unknown{}, r.Get("unknown.deeper"))
	assert.Equal(t, "Allow", plan.Text(plan.Lookup(r.Document("document"), "Statement.0.Effect")))
	assert.Nil(t, r.Document("list"))
}

func TestGraph(t *testing.T) {
	role := plantest.Resource("aws:iam/role:Role", "role", nil)
	policy := plantest.Under(role, plantest.Resource("aws:iam/rolePolicy:RolePolicy", "policy", plantest.Inputs{"role": role}))
	remote := plantest.Component("awsx:ecr:Repository", "images")
	repository := plantest.Under(remote, plantest.Resource("aws:ecr/repository:Repository", "images", nil))
	service := plantest.After(plantest.Resource(plan.ServiceType, "service", plantest.Inputs{"iamRole": role}), policy, remote)
	p := plantest.Plan(t, service, remote, repository, policy, role)

	assert.Equal(t, []string{policy.URN, remote.URN}, service.Explicit(), "what a property names isn't explicit")
	assert.Empty(t, policy.Explicit())
	assert.ElementsMatch(t, []*plan.Resource{role, policy, remote}, p.Before(service))
	assert.Equal(t, []*plan.Resource{repository}, p.Before(remote), "a component is done with its children")

	order, err := p.Order()
	require.NoError(t, err)
	place := map[*plan.Resource]int{}
	for i, r := range order {
		place[r] = i
	}
	require.Len(t, place, 5)
	for _, r := range p.Resources {
		for _, before := range p.Before(r) {
			assert.Less(t, place[before], place[r], "%s before %s", before.Name, r.Name)
		}
	}

	plantest.After(role, service)
	_, err = p.Order()
	require.ErrorContains(t, err, "the plan waits for itself")
}

func TestCloneAndWithout(t *testing.T) {
	r := plantest.Resource("t:t:T", "r", plantest.Inputs{"list": []any{map[string]any{"a": "first"}}})
	p := plantest.Plan(t, r, plantest.Resource("t:t:T", "other", nil))
	clone := p.Clone()
	clone.Resource(r.URN).List("list")[0].(map[string]any)["a"] = "changed"
	assert.Equal(t, "first", r.Text("list.0.a"))
	without := p.Without(func(r *plan.Resource) bool { return r.Name == "other" })
	assert.Len(t, without.Resources, 1)
	assert.Len(t, p.Resources, 2)
}

func TestTasks(t *testing.T) {
	definition := plantest.Resource(plan.TaskDefinitionType, "worker", plantest.Inputs{
		"cpu": "2048", "memory": "8192", "runtimePlatform": map[string]any{"cpuArchitecture": "ARM64"},
	})
	service := plantest.Resource(plan.ServiceType, "worker", plantest.Inputs{
		"name": "dev-worker", "desiredCount": 1.0, "taskDefinition": definition,
		"capacityProviderStrategies": []any{
			map[string]any{"capacityProvider": plan.OnDemand, "base": 1.0, "weight": 30.0},
			map[string]any{"capacityProvider": plan.Spot, "weight": 70.0},
		},
	})
	scaling := plantest.Resource(plan.ScalableTargetType, "worker", plantest.Inputs{
		"resourceId": "service/dev-cluster/dev-worker", "minCapacity": 1.0, "maxCapacity": 10.0,
	})
	got, ok := plantest.Plan(t, definition, service, scaling).Tasks(service)
	require.True(t, ok)
	assert.Equal(t, plan.Tasks{VCPU: 2, GB: 8, ARM: true, Min: 1, Max: 10, Base: 1, SpotShare: 0.7, Definition: definition}, got)
	onDemand, spot := got.Split(6)
	assert.InDelta(t, 3.5, spot, 1e-9)
	assert.InDelta(t, 2.5, onDemand, 1e-9)

	fixed, ok := plantest.Plan(t, definition, service).Tasks(service)
	require.True(t, ok)
	assert.InDelta(t, 1, fixed.Max, 0)
	_, ok = plantest.Plan(t, service).Tasks(service)
	assert.False(t, ok, "without a task definition nothing is known")
}
