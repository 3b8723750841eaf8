package cost

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pathwai/airflow-on-fargate/internal/plan"
	"github.com/pathwai/airflow-on-fargate/internal/plan/plantest"
)

func endpoints(n int, zones []*plan.Resource) []*plan.Resource {
	list := zones
	for i := range n {
		list = append(list, plantest.Resource(plan.EndpointType, fmt.Sprintf("endpoint-%d", i), in{"vpcEndpointType": "Interface", "subnetIds": zones}))
	}
	return list
}

// The break-even is (7.30 n − 36.50) / 0.035 GB a month and zone.
func TestNATAlternative(t *testing.T) {
	report := estimated(t, endpoints(10, subnets(2))...)
	require.NotNil(t, report.NAT)
	assert.InDelta(t, 146, report.NAT.EndpointsCost, cent)
	assert.InDelta(t, 73, report.NAT.GatewaysCost, cent)
	assert.InDelta(t, 36.5, report.NAT.OneGateway, cent)
	assert.InDelta(t, (73-36.5)/0.035, report.NAT.BreakEvenGB, 0.1)
	assert.InDelta(t, (43.8-36.5)/0.035, estimated(t, endpoints(6, subnets(1))...).NAT.BreakEvenGB, 0.1)
	assert.Zero(t, estimated(t, endpoints(4, subnets(3))...).NAT.BreakEvenGB, "four endpoints are cheaper than a gateway at any traffic")
	assert.Nil(t, estimated(t, subnets(2)...).NAT)
}

func saving(t *testing.T, report *Report, what string) Saving {
	t.Helper()
	for _, s := range report.Savings {
		if strings.HasPrefix(s.What, what) {
			return s
		}
	}
	require.Failf(t, "no such saving", "%s among %v", what, report.Savings)
	return Saving{}
}

func TestSavings(t *testing.T) {
	const task = 730 * (0.03238 + 2*0.00356)
	resources := append(service("api", "1024", "2048", 1, 1, on(plan.OnDemand, 0, 1)), service("worker", "1024", "2048", 2, 2, on(plan.Spot, 0, 1))...)
	resources = append(resources, endpoints(10, subnets(2))...)
	resources = append(resources,
		plantest.Resource("aws:rds/instance:Instance", "database", in{"engine": "postgres", "instanceClass": "db.t4g.medium", "storageType": "gp3", "allocatedStorage": 20.0, "multiAz": true}),
		plantest.Resource("aws:ecs/cluster:Cluster", "cluster", in{"settings": []any{map[string]any{"name": "containerInsights", "value": "enabled"}}}),
		plantest.Resource("aws:efs/fileSystem:FileSystem", "files", in{"availabilityZoneName": "us-east-1a"}),
	)
	report := estimated(t, resources...)

	spot := saving(t, report, "Spot shares")
	assert.True(t, spot.InPlan)
	assert.InDelta(t, 2*task*0.5, spot.Low, cent)
	assert.InDelta(t, 2*task*0.7, spot.High, cent)
	api := saving(t, report, "api on Spot")
	assert.False(t, api.InPlan)
	assert.InDelta(t, task*0.5, api.Low, cent)
	for _, s := range report.Savings {
		assert.NotContains(t, s.What, "worker on Spot", "it is there already")
		assert.LessOrEqual(t, s.Low, s.High, s.What)
	}
	hours := saving(t, report, "off-hours")
	assert.False(t, hours.InPlan)
	off := 1 - 60.0/168
	assert.InDelta(t, off*(task*(1+2*0.3)+94.90), hours.Low, cent, "services and the database's instance, not its storage")
	assert.InDelta(t, 47.45+2.30, saving(t, report, "database without a standby").Low, cent)
	assert.InDelta(t, 73, saving(t, report, "endpoints in 1 zone only").Low, cent)
	// 8 metrics of the cluster, 17 of each of the two services.
	assert.InDelta(t, 42*0.30+2*0.1*0.5, saving(t, report, "no Container Insights").Low, cent)
	files := saving(t, report, "One Zone file system")
	assert.True(t, files.InPlan)
	assert.InDelta(t, 0.1*0.14, files.Low, cent)
	assert.InDelta(t, 0.25, saving(t, report, "ARM").Low/fargateLow(report), 0.01, "x86 costs a quarter more")
}

// fargateLow is what the services cost in a quiet month.
func fargateLow(report *Report) float64 {
	sum := 0.0
	for _, r := range report.Rows {
		if r.Service == "Fargate" {
			sum += r.Low
		}
	}
	return sum
}

func TestShareOn(t *testing.T) {
	for name, c := range map[string]struct {
		stop, start string
		expected    float64
	}{
		"weekdays":         {"cron(0 20 ? * MON-FRI *)", "cron(0 8 ? * MON-FRI *)", 60.0 / 168},
		"every day":        {"cron(0 22 * * ? *)", "cron(0 6 * * ? *)", 16.0 / 24},
		"numbers, lists":   {"cron(30 18 ? * 2,4 *)", "cron(30 6 ? * 2,4 *)", 24.0 / 168},
		"over the weekend": {"cron(0 0 ? * SAT *)", "cron(0 0 ? * MON *)", 120.0 / 168},
	} {
		t.Run(name, func(t *testing.T) {
			share, err := shareOn([]switching{{c.stop, false}, {c.start, true}})
			require.NoError(t, err)
			assert.InDelta(t, c.expected, share, 1e-9)
		})
	}
	for _, wrong := range []string{"rate(1 day)", "cron(0 8 1 * ? *)", "cron(0 8 ? * FRI-MON *)", "cron(0/5 8 ? * MON *)", "cron(0 8 ? * XYZ *)", "at(2026-11-23T08:00:00)", ""} {
		_, err := shareOn([]switching{{wrong, true}})
		require.ErrorContains(t, err, "isn't a weekly one", wrong)
	}
}

func TestScheduleOfThePlan(t *testing.T) {
	always := service("api", "1024", "2048", 1, 1, on(plan.OnDemand, 0, 1))
	database := plantest.Resource("aws:rds/instance:Instance", "database", in{"engine": "postgres", "instanceClass": "db.t4g.medium", "storageType": "gp3", "allocatedStorage": 20.0})
	schedule := []*plan.Resource{}
	for to, hour := range map[string]string{"off": "20", "on": "8"} {
		schedule = append(schedule, plantest.Resource("aws:scheduler/schedule:Schedule", to, in{
			"scheduleExpression": "cron(0 " + hour + " ? * MON-FRI *)",
			"target":             map[string]any{"arn": "arn:of:machine", "input": `{"by":"schedule","to":"` + to + `"}`},
		}))
	}
	full := estimated(t, append(always, database)...)
	part := estimated(t, append(append(always, database), schedule...)...)
	share := 60.0 / 168
	assert.InDelta(t, row(t, full, "api").Low*share, row(t, part, "api").Low, cent)
	assert.InDelta(t, 47.45*share+2.30, planned(row(t, part, "database")).Low, cent)
	s := saving(t, part, "off-hours schedule")
	assert.True(t, s.InPlan)
	assert.InDelta(t, full.Total.Low-part.Total.Low, s.Low, cent)
}

func TestCompare(t *testing.T) {
	key := plantest.Resource("aws:kms/key:Key", "data", nil)
	secret := plantest.Resource("aws:secretsmanager/secret:Secret", "old", nil)
	database := func(class string) *plan.Resource {
		return plantest.Resource("aws:rds/instance:Instance", "database", in{"engine": "postgres", "instanceClass": class, "storageType": "gp3", "allocatedStorage": 20.0})
	}
	before := plantest.Plan(t, key, secret, database("db.t4g.small"))
	after := plantest.Plan(t, key, database("db.t4g.medium"), plantest.Resource("aws:ec2/natGateway:NatGateway", "way-out", nil),
		plantest.Resource("aws:sagemaker/endpoint:Endpoint", "model", nil))
	d, err := Compare(before, after)
	require.NoError(t, err)
	kinds := map[string]Change{}
	for _, c := range d.Changes {
		kinds[c.Kind+" "+c.Name] = c
	}
	assert.InDelta(t, 24.09, kinds["changed database"].Low, cent)
	assert.InDelta(t, -0.40, kinds["removed old"].Low, cent)
	assert.InDelta(t, 32.85+0.45, kinds["added way-out"].Low, cent)
	assert.NotContains(t, kinds, "changed data")
	require.Len(t, d.NotPriced, 1)
	assert.Equal(t, "model", d.NotPriced[0].Name)
	sum := Range{}
	for _, c := range d.Changes {
		sum = sum.Plus(c.Range)
	}
	assert.InDelta(t, d.Total.Low, sum.Low, cent)
	assert.InDelta(t, d.Total.High, sum.High, cent)

	var text strings.Builder
	require.NoError(t, d.Print(&text))
	assert.Contains(t, text.String(), "This change costs +$59 (+$57 in a quiet month, +$61 in a busy one) a month")
	assert.Contains(t, text.String(), "NOT PRICED: model")

	same, err := Compare(before, before)
	require.NoError(t, err)
	text.Reset()
	require.NoError(t, same.Print(&text))
	assert.Contains(t, text.String(), "This change costs nothing more or less")
}

func TestLogsAndMetrics(t *testing.T) {
	component := plantest.Component("airflow:index:Service", "api")
	api := service("api", "1024", "2048", 1, 1, on(plan.OnDemand, 0, 1))
	plantest.Under(component, api[1])
	group := func(name, physical string) *plan.Resource {
		return plantest.Resource("aws:cloudwatch/logGroup:LogGroup", name, in{"name": physical, "retentionInDays": 30.0})
	}
	tasks := plantest.Under(component, group("tasks", "/dev/api"))
	flow := group("flow", "/dev/flow")
	report := estimated(t, append(api, component, tasks, flow, group("database-logs", "/aws/rds/instance/db/postgresql"), group("other", "/dev/exec"),
		plantest.Resource("aws:ec2/flowLog:FlowLog", "log", in{"logDestination": flow}),
		plantest.Resource(alarmType, "backlog", in{"metricQueries": []any{
			map[string]any{"metric": map[string]any{"namespace": "Airflow", "dimensions": map[string]any{"Queue": "default"}}},
			map[string]any{"metric": map[string]any{"namespace": "Airflow", "dimensions": map[string]any{"Queue": "heavy"}}},
			map[string]any{"metric": map[string]any{"namespace": "AWS/ECS"}},
		}}))...)
	assert.InDelta(t, 1*0.5+1*0.2*0.03, row(t, report, "flow").Low, cent)
	assert.InDelta(t, 0.6*0.5+0.6*0.03, row(t, report, "tasks").High, cent)
	assert.InDelta(t, 0.5*0.5+0.5*0.03, row(t, report, "database-logs").High, cent)
	assert.InDelta(t, 0.1*0.53, row(t, report, "other").High, cent)
	metrics := row(t, report, "the agent's metrics")
	assert.InDelta(t, (2*3+20)*0.30, metrics.Low, cent, "three for each queue, and those of the stack")
	assert.InDelta(t, 0.30, planned(row(t, report, "backlog")).Low, cent)
}

func TestSyncRequests(t *testing.T) {
	for name, c := range map[string]struct {
		containers any
		expected   float64
	}{
		"default":   {`[{"command":["dagsync","--source","s3://a/","--source","s3://b/"]}]`, 2 * 730 * 3600 / 5 * 0.005 / 1000},
		"interval":  {`[{"command":["dagsync","--source","s3://a/","--interval","20s"]}]`, 730 * 3600 / 20 * 0.005 / 1000},
		"variable":  {`[{"command":["dagsync","--source","s3://a/"],"environment":[{"name":"AGENT_INTERVAL","value":"10s"}]}]`, 730 * 3600 / 10 * 0.005 / 1000},
		"not shown": {plan.Unknown{}, 2 * 730 * 3600 / 5 * 0.005 / 1000},
		"no sync":   {`[{"command":["scheduler"]}]`, 0},
	} {
		t.Run(name, func(t *testing.T) {
			resources := service("dagsync", "256", "512", 1, 1, on(plan.OnDemand, 0, 1))
			resources[0].Inputs["containerDefinitions"] = c.containers
			low := 0.0
			for _, r := range estimated(t, resources...).Rows {
				if r.Service == "S3" {
					low += r.Low
				}
			}
			assert.InDelta(t, c.expected, low, cent)
		})
	}
}
