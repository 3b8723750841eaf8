package timeline

import (
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pathwai/airflow-on-fargate/internal/plan"
	"github.com/pathwai/airflow-on-fargate/internal/plan/plantest"
)

type in = plantest.Inputs

func made(t *testing.T, resources ...*plan.Resource) *Report {
	t.Helper()
	report, err := Make(plantest.Plan(t, resources...))
	require.NoError(t, err)
	return report
}

// The durations of times.yaml that the tests count with, in seconds.
const (
	vpcTime, subnetTime, rdsTime, standbyTime, balancerTime = 20, 5, 480, 900, 155
	callTime, serviceTime, runTime, endpointTime            = 2, 4, 240, 90
)

func platform() (vpc, subnet, database, balancer, service *plan.Resource) {
	vpc = plantest.Resource("aws:ec2/vpc:Vpc", "vpc", nil)
	subnet = plantest.Resource(plan.SubnetType, "subnet", in{"vpcId": vpc})
	database = plantest.Resource("aws:rds/instance:Instance", "database", in{"subnet": subnet})
	balancer = plantest.Resource("aws:lb/loadBalancer:LoadBalancer", "web", in{"subnets": []*plan.Resource{subnet}})
	service = plantest.After(plantest.Resource(plan.ServiceType, "api", in{"database": database}), balancer)
	return vpc, subnet, database, balancer, service
}

func TestCriticalPath(t *testing.T) {
	vpc, subnet, database, balancer, service := platform()
	report := made(t, service, balancer, database, subnet, vpc)
	var names []string
	for _, task := range report.Path {
		names = append(names, task.Name)
	}
	assert.Equal(t, []string{"vpc", "subnet", "database", "api", "api (tasks run)"}, names)
	assert.InDelta(t, vpcTime+subnetTime+rdsTime+serviceTime, report.Up.Typical, 0)
	assert.InDelta(t, report.Up.Typical+runTime, report.Running.Typical, 0)
	assert.InDelta(t, report.Running.Typical+120+480, report.Total.Typical, 0, "bootstrap and images come before")
	assert.Greater(t, report.Total.Slow, report.Total.Typical)

	byName := map[string]Task{}
	for _, task := range report.Tasks {
		byName[task.Name] = task
	}
	assert.InDelta(t, rdsTime-balancerTime, byName["web"].Slack, 0)
	assert.False(t, byName["web"].Critical)
	assert.True(t, byName["database"].Critical)
	assert.InDelta(t, vpcTime+subnetTime, byName["web"].Start, 0)
	assert.True(t, byName["api (tasks run)"].Tasks)
}

func TestVariants(t *testing.T) {
	single := plantest.Resource("aws:rds/instance:Instance", "database", nil)
	standby := plantest.Resource("aws:rds/instance:Instance", "database", in{"multiAz": true})
	assert.InDelta(t, rdsTime, made(t, single).Up.Typical, 0)
	assert.InDelta(t, standbyTime, made(t, standby).Up.Typical, 0)
	assert.InDelta(t, callTime, made(t, plantest.Resource("aws:x/y:Z", "unknown", nil)).Up.Typical, 0, "one call")
	provider := plantest.Resource("pulumi:providers:aws", "aws", nil)
	assert.Zero(t, made(t, provider, plantest.Component("airflow:index:Keys", "keys")).Up.Typical)
}

func TestLimitedParallelism(t *testing.T) {
	vpc := plantest.Resource("aws:ec2/vpc:Vpc", "vpc", nil)
	resources := []*plan.Resource{vpc}
	for _, name := range strings.Split("abcdefghijklmnop", "") {
		resources = append(resources, plantest.Resource(plan.EndpointType, name, in{"vpcId": vpc}))
	}
	report := made(t, resources...)
	assert.InDelta(t, vpcTime+endpointTime, report.Up.Typical, 0)
	assert.InDelta(t, vpcTime+2*endpointTime, report.Limited[8], 0, "sixteen endpoints, eight at a time")
	assert.InDelta(t, vpcTime+endpointTime, report.Limited[16], 0)
}

func TestDependsOn(t *testing.T) {
	vpc, subnet, database, balancer, service := platform()
	role := plantest.Resource("aws:iam/role:Role", "role", nil)
	policy := plantest.Under(role, plantest.Resource("aws:iam/rolePolicy:RolePolicy", "policy", in{"role": role}))
	plantest.After(service, role, policy)
	// The load balancer has nothing to do with the database.
	plantest.After(balancer, database)
	report := made(t, vpc, subnet, database, balancer, service, role, policy)
	assert.Equal(t, 4, report.DependsOn)
	assert.Equal(t, []Edge{{From: "Service api", To: "Role role", Via: "RolePolicy policy"}}, report.Needless)
	assert.Equal(t, []Edge{
		{From: "LoadBalancer web", To: "Instance database", Seconds: balancerTime},
		{From: "Service api", To: "LoadBalancer web", Seconds: serviceTime},
	}, report.Costly)

	var text strings.Builder
	require.NoError(t, report.Print(&text))
	assert.Contains(t, text.String(), "4 DependsOn edges; 1 are implied by other edges, 2 lengthen up.")
	assert.Contains(t, text.String(), "- LoadBalancer web waits for Instance database: 2m35s of up")
}

func TestCycleIsRefused(t *testing.T) {
	a := plantest.Resource("t:t:T", "a", nil)
	b := plantest.Resource("t:t:T", "b", in{"a": a})
	_, err := Make(plantest.Plan(t, plantest.After(a, b), b))
	require.ErrorContains(t, err, "waits for itself")
}

func TestVerdict(t *testing.T) {
	for expected, total := range map[string]Duration{
		"within 60 minutes even when AWS is slow":                          {Typical: 1000, Slow: 3600},
		"within 60 minutes typically, OVER them by 10m0s when AWS is slow": {Typical: 3600, Slow: 4200},
		"OVER 60 minutes by 1m0s":                                          {Typical: 3660, Slow: 9000},
	} {
		assert.Equal(t, expected, (&Report{Total: total, LimitMinutes: 60}).verdict())
	}
}

func TestPicture(t *testing.T) {
	vpc, subnet, database, balancer, service := platform()
	resources := []*plan.Resource{vpc, subnet, database, balancer, service}
	for _, name := range []string{"a<b", "c"} {
		resources = append(resources, plantest.Resource(plan.EndpointType, name, in{"vpcId": vpc}))
	}
	report := made(t, resources...)
	var first, second strings.Builder
	require.NoError(t, report.Draw(&first))
	require.NoError(t, made(t, resources...).Draw(&second))
	assert.Equal(t, first.String(), second.String())
	texts := textsOf(t, first.String())
	for _, expected := range []string{"database · Instance", "web · LoadBalancer", "2 × VpcEndpoint", "api (tasks run)", "up ends"} {
		assert.Contains(t, texts, expected)
	}
	assert.NotContains(t, texts, "a<b · VpcEndpoint", "things of a kind share a bar")
}

// textsOf parses an SVG and returns its texts.
func textsOf(t *testing.T, svg string) []string {
	t.Helper()
	var texts []string
	decoder := xml.NewDecoder(strings.NewReader(svg))
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return texts
		}
		require.NoError(t, err)
		if data, ok := token.(xml.CharData); ok {
			texts = append(texts, string(data))
		}
	}
}
