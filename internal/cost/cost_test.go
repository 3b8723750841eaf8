package cost

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pathwai/airflow-on-fargate/internal/plan"
	"github.com/pathwai/airflow-on-fargate/internal/plan/plantest"
)

const cent = 0.005

// in is short for inputs.
type in = plantest.Inputs

func estimated(t *testing.T, resources ...*plan.Resource) *Report {
	t.Helper()
	report, err := Estimate(plantest.Plan(t, resources...))
	require.NoError(t, err)
	return report
}

// row returns the one row of a resource.
func row(t *testing.T, report *Report, name string) Row {
	t.Helper()
	var found []Row
	for _, r := range report.Rows {
		if r.Name == name {
			found = append(found, r)
		}
	}
	require.Len(t, found, 1, "rows called %s", name)
	return found[0]
}

// planned is the part of a row that doesn't depend on use.
func planned(r Row) Range {
	sum := Range{}
	for _, line := range r.Lines {
		if !line.ByUse {
			sum = sum.Plus(line.Range)
		}
	}
	return sum
}

func subnets(n int) []*plan.Resource {
	var list []*plan.Resource
	for _, letter := range []string{"a", "b", "c"}[:n] {
		list = append(list, plantest.Resource(plan.SubnetType, letter, nil))
	}
	return list
}

func TestPlannedPrices(t *testing.T) {
	three := subnets(3)
	// The expected prices are computed by hand from AWS's price list.
	for name, c := range map[string]struct {
		resource *plan.Resource
		expected float64
	}{
		"interface endpoint in three zones": {
			plantest.Resource(plan.EndpointType, "x", in{"vpcEndpointType": "Interface", "subnetIds": three}), 3 * 7.30},
		"database": {
			plantest.Resource("aws:rds/instance:Instance", "x", in{"engine": "postgres", "instanceClass": "db.t4g.small", "storageType": "gp3", "allocatedStorage": 20.0}), 23.36 + 2.30},
		"database with a standby": {
			plantest.Resource("aws:rds/instance:Instance", "x", in{"engine": "postgres", "instanceClass": "db.m7g.large", "storageType": "gp3", "allocatedStorage": 100.0, "multiAz": true}), 245.28 + 23},
		"Redis": {
			plantest.Resource("aws:elasticache/replicationGroup:ReplicationGroup", "x", in{"engine": "redis", "nodeType": "cache.t4g.micro", "numCacheClusters": 1.0}), 11.68},
		"two nodes of Valkey": {
			plantest.Resource("aws:elasticache/replicationGroup:ReplicationGroup", "x", in{"engine": "valkey", "nodeType": "cache.t4g.small", "numCacheClusters": 2.0}), 37.376},
		"load balancer":     {plantest.Resource("aws:lb/loadBalancer:LoadBalancer", "x", in{"loadBalancerType": "application"}), 16.425},
		"NAT gateway":       {plantest.Resource("aws:ec2/natGateway:NatGateway", "x", nil), 32.85},
		"address":           {plantest.Resource("aws:ec2/eip:Eip", "x", nil), 3.65},
		"key":               {plantest.Resource("aws:kms/key:Key", "x", in{"enableKeyRotation": true}), 1},
		"secret":            {plantest.Resource("aws:secretsmanager/secret:Secret", "x", nil), 0.40},
		"hosted zone":       {plantest.Resource("aws:route53/zone:Zone", "x", nil), 0.50},
		"resolver endpoint": {plantest.Resource("aws:route53/resolverEndpoint:ResolverEndpoint", "x", in{"ipAddresses": []any{in{}, in{}}}), 182.50},
		"list of names":     {plantest.Resource("aws:route53/resolverFirewallDomainList:ResolverFirewallDomainList", "x", in{"domains": make([]any, 100)}), 0.05},
		"transit gateway":   {plantest.Resource("aws:ec2transitgateway/vpcAttachment:VpcAttachment", "x", nil), 36.50},
		"core network":      {plantest.Resource("aws:networkmanager/vpcAttachment:VpcAttachment", "x", nil), 47.45},
		"dashboard":         {plantest.Resource("aws:cloudwatch/dashboard:Dashboard", "x", nil), 3},
		"alarm":             {plantest.Resource(alarmType, "x", in{"metricName": "CPUUtilization", "namespace": "AWS/RDS"}), 0.10},
		"composite alarm":   {plantest.Resource("aws:cloudwatch/compositeAlarm:CompositeAlarm", "x", nil), 0.50},
		"target tracking":   {plantest.Resource("aws:appautoscaling/policy:Policy", "x", in{"policyType": "TargetTrackingScaling"}), 0.20},
		"alarm on two of three": {
			plantest.Resource(alarmType, "x", in{"metricQueries": []any{
				map[string]any{"id": "a", "metric": map[string]any{"namespace": "AWS/ECS"}},
				map[string]any{"id": "b", "metric": map[string]any{"namespace": "AWS/ECS"}},
				map[string]any{"id": "e", "expression": "a+b"},
			}}), 0.20},
	} {
		t.Run(name, func(t *testing.T) {
			report := estimated(t, append([]*plan.Resource{c.resource}, three...)...)
			assert.InDelta(t, c.expected, planned(row(t, report, "x")).Low, cent)
			assert.InDelta(t, c.expected, planned(row(t, report, "x")).High, cent)
			assert.Empty(t, report.NotPriced)
			assert.GreaterOrEqual(t, report.Total.High, report.Total.Low)
		})
	}
}

// service makes a Fargate service with its task definition.
func service(name string, cpu, memory string, lowest, highest float64, strategies ...any) []*plan.Resource {
	definition := plantest.Resource(plan.TaskDefinitionType, name, in{
		"cpu": cpu, "memory": memory, "runtimePlatform": map[string]any{"cpuArchitecture": "ARM64"},
	})
	return []*plan.Resource{
		definition,
		plantest.Resource(plan.ServiceType, name, in{"name": "dev-" + name, "taskDefinition": definition, "capacityProviderStrategies": strategies}),
		plantest.Resource(plan.ScalableTargetType, name, in{"resourceId": "service/dev/dev-" + name, "minCapacity": lowest, "maxCapacity": highest}),
	}
}

func on(provider string, base, weight float64) any {
	return map[string]any{"capacityProvider": provider, "base": base, "weight": weight}
}

func TestFargate(t *testing.T) {
	// 1 vCPU and 2 GB on ARM for a month.
	const task = 730 * (0.03238 + 2*0.00356)
	onDemand := row(t, estimated(t, service("api", "1024", "2048", 1, 1, on(plan.OnDemand, 0, 1))...), "api")
	assert.InDelta(t, task, onDemand.Low, cent)
	assert.InDelta(t, task, onDemand.High, cent)

	spot := row(t, estimated(t, service("api", "1024", "2048", 2, 2, on(plan.Spot, 0, 1))...), "api")
	assert.InDelta(t, 2*task*0.3, spot.Low, cent, "Spot saves 70 % at best")
	assert.InDelta(t, 2*task*0.5, spot.High, cent, "and 50 % at least")

	mixed := row(t, estimated(t, service("worker", "1024", "2048", 2, 2, on(plan.OnDemand, 1, 50), on(plan.Spot, 0, 50))...), "worker")
	assert.InDelta(t, task*(1.5+0.5*0.5), mixed.High, cent, "the base is on demand, half of the rest on Spot")

	growing := estimated(t, service("worker", "1024", "2048", 0, 10, on(plan.OnDemand, 0, 1))...)
	assert.InDelta(t, 0.02*10*task, row(t, growing, "worker").Low, cent)
	assert.InDelta(t, 0.15*10*task, row(t, growing, "worker").High, cent)
	assert.InDelta(t, 10*task, growing.Ceiling, cent, "the ceiling is all of them all month")
	assert.InDelta(t, 0, growing.Planned.High, cent)

	whole := service("lost", "1024", "2048", 1, 1)
	lost := estimated(t, whole[1:]...)
	require.Len(t, lost.NotPriced, 1, "a service whose size isn't shown isn't free")
	assert.Contains(t, lost.NotPriced[0].Why, "size")
}

func TestNotPricedIsNeverZero(t *testing.T) {
	for name, c := range map[string]struct {
		resource *plan.Resource
		expected string
	}{
		"an unknown type":     {plantest.Resource("aws:sagemaker/endpoint:Endpoint", "x", nil), "nothing here knows"},
		"another vendor":      {plantest.Resource("datadog:index/monitor:Monitor", "x", nil), "nothing here knows"},
		"an unknown class":    {plantest.Resource("aws:rds/instance:Instance", "x", in{"engine": "postgres", "instanceClass": "db.x99.huge"}), `no instance class "db.x99.huge"`},
		"another engine":      {plantest.Resource("aws:rds/instance:Instance", "x", in{"engine": "oracle-ee", "instanceClass": "db.t4g.small"}), `no engine "oracle-ee"`},
		"other storage":       {plantest.Resource("aws:rds/instance:Instance", "x", in{"engine": "postgres", "instanceClass": "db.t4g.small", "storageType": "io2", "allocatedStorage": 20.0}), `no storage of type "io2"`},
		"long insights":       {plantest.Resource("aws:rds/instance:Instance", "x", in{"engine": "postgres", "instanceClass": "db.t4g.small", "storageType": "gp3", "allocatedStorage": 20.0, "performanceInsightsRetentionPeriod": 93.0}), "Performance Insights"},
		"an unknown node":     {plantest.Resource("aws:elasticache/replicationGroup:ReplicationGroup", "x", in{"nodeType": "cache.x"}), `no node type "cache.x"`},
		"another balancer":    {plantest.Resource("aws:lb/loadBalancer:LoadBalancer", "x", in{"loadBalancerType": "gateway"}), "no load balancer of type"},
		"provisioned files":   {plantest.Resource("aws:efs/fileSystem:FileSystem", "x", in{"throughputMode": "provisioned"}), `throughput mode "provisioned"`},
		"detailed insights":   {plantest.Resource("aws:ecs/cluster:Cluster", "x", in{"settings": []any{map[string]any{"name": "containerInsights", "value": "enhanced"}}}), `Container Insights "enhanced"`},
		"an endpoint nowhere": {plantest.Resource(plan.EndpointType, "x", in{"vpcEndpointType": "Interface"}), "in no subnet"},
		"an unreadable cron":  {plantest.Resource("aws:scheduler/schedule:Schedule", "x", in{"scheduleExpression": "rate(1 day)", "target": map[string]any{"input": `{"to":"off"}`}}), "counted as always on"},
	} {
		t.Run(name, func(t *testing.T) {
			report := estimated(t, c.resource)
			require.Len(t, report.NotPriced, 1)
			assert.Contains(t, report.NotPriced[0].Why, c.expected)
			var text strings.Builder
			require.NoError(t, report.Print(&text))
			assert.Contains(t, text.String(), "NOT PRICED, so the true total is higher")
		})
	}
}

func TestFreeIsListed(t *testing.T) {
	report := estimated(t,
		plantest.Resource("aws:iam/role:Role", "a", nil), plantest.Resource("aws:iam/role:Role", "b", nil),
		plantest.Resource(plan.EndpointType, "s3", in{"vpcEndpointType": "Gateway"}),
		plantest.Component("airflow:index:Network", "network"))
	assert.Equal(t, map[string]int{"aws:iam/role:Role": 2, plan.EndpointType: 1}, report.Free)
	assert.Equal(t, "IAM is free", report.FreeWhy["aws:iam/role:Role"])
	assert.Empty(t, report.NotPriced)
	assert.True(t, report.Total.zero())
}

func TestDataIsWhole(t *testing.T) {
	for _, stack := range []string{"dev", "prod", "other"} {
		b, err := newBook(stack)
		require.NoError(t, err)
		for token := range b.free {
			assert.NotContains(t, pricers, token, "a type is free or priced, not both")
		}
		for name, price := range b.Prices {
			assert.Positive(t, price.USD, name)
			assert.NotEmpty(t, price.Per, name)
		}
		for name, a := range b.use {
			assert.LessOrEqual(t, a.Low, a.High, name)
			assert.NotEmpty(t, a.Unit, name)
		}
	}
}

func TestOtherRegionIsRefused(t *testing.T) {
	_, err := Estimate(plantest.Plan(t, plantest.Resource("aws:kms/key:Key", "x", in{"region": "eu-central-1"})))
	require.ErrorContains(t, err, "x is in eu-central-1; the prices are for us-east-1")
}

func TestVerdict(t *testing.T) {
	for expected, total := range map[string]Range{
		"within the budget of $250": {160, 240},
		"within the budget of $250 in a quiet month, OVER it by $20 in a busy one": {200, 270},
		"OVER the budget of $250 a month, by $10 even in a quiet month":            {260, 400},
	} {
		assert.Equal(t, expected, verdict(total, 250))
	}
}

// TestReportTellsOfThePlan: its budget, and that its region has other prices.
func TestReportTellsOfThePlan(t *testing.T) {
	text := func(resources ...*plan.Resource) string {
		report, err := Estimate(plantest.Plan(t, resources...))
		require.NoError(t, err)
		var printed strings.Builder
		require.NoError(t, report.Print(&printed))
		return printed.String()
	}
	here := text(plantest.Resource("pulumi:providers:aws", "aws", in{"region": "us-east-1"}))
	assert.NotContains(t, here, "The stack is in")
	assert.Contains(t, here, "Verdict: the stack has no budget (budget.monthlyUsd).\n")
	elsewhere := text(plantest.Resource("pulumi:providers:aws", "aws", in{"region": "eu-west-1"}), plantest.Resource("aws:budgets/budget:Budget", "budget", in{"limitAmount": "250"}))
	assert.Contains(t, elsewhere, "\n\nThe stack is in eu-west-1, where prices are others: these are those of us-east-1.\n\n")
	assert.Contains(t, elsewhere, "Verdict: within the budget of $250.\n")
}

func TestJSONHoldsTheSameTotal(t *testing.T) {
	report := estimated(t, service("api", "1024", "2048", 1, 3, on(plan.OnDemand, 0, 1))...)
	data, err := json.Marshal(report)
	require.NoError(t, err)
	var back struct {
		Total Range
		Rows  []struct {
			Name string
			Low  float64
		}
	}
	require.NoError(t, json.Unmarshal(data, &back))
	assert.Equal(t, report.Total, back.Total)
	sum := 0.0
	for _, r := range back.Rows {
		sum += r.Low
	}
	assert.InDelta(t, report.Total.Low, sum, 1e-9)
}
