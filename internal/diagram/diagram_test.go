package diagram

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pathwai/airflow-on-fargate/internal/plan"
	"github.com/pathwai/airflow-on-fargate/internal/plan/plantest"
)

type in = plantest.Inputs

// small is a VPC with a load balancer, two services and a database.
type small struct {
	vpc, subnet                     *plan.Resource
	balancer, api, worker, database *plan.Resource
	group                           map[string]*plan.Resource
	all                             []*plan.Resource
}

func newSmall() *small {
	s := &small{group: map[string]*plan.Resource{}}
	add := func(r *plan.Resource) *plan.Resource {
		s.all = append(s.all, r)
		return r
	}
	s.vpc = add(plantest.Resource("aws:ec2/vpc:Vpc", "network", in{"cidrBlock": "10.40.0.0/16"}))
	s.subnet = add(plantest.Resource(plan.SubnetType, "a", in{"vpcId": s.vpc, "availabilityZone": "us-east-1a", "cidrBlock": "10.40.0.0/20"}))
	for _, name := range []string{"alb", "api", "worker", "database"} {
		s.group[name] = add(plantest.Resource(plan.SecurityGroupType, name, nil))
	}
	s.balancer = add(plantest.Resource(balancerType, "web", in{"internal": true, "loadBalancerType": "application", "securityGroups": s.group["alb"], "subnets": s.subnet}))
	s.database = add(plantest.Resource(databaseType, "database", in{"engine": "postgres", "engineVersion": "16", "vpcSecurityGroupIds": s.group["database"]}))
	service := func(name string) *plan.Resource {
		definition := add(plantest.Resource(plan.TaskDefinitionType, name, in{"cpu": "1024", "memory": "2048"}))
		return add(plantest.Resource(plan.ServiceType, name, in{
			"name": "dev-" + name, "desiredCount": 1.0, "taskDefinition": definition,
			"networkConfiguration": []*plan.Resource{s.group[name], s.subnet},
		}))
	}
	s.api, s.worker = service("api"), service("worker")
	s.allow("alb", "api", 8080, true, true)
	s.allow("worker", "alb", 8443, true, true)
	s.allow("api", "worker", 8793, true, true)
	s.allow("worker", "database", 5432, true, true)
	s.all = append(s.all, plantest.Resource(ingressType, "people", in{"securityGroupId": s.group["alb"], "cidrIpv4": "10.0.0.0/8", "fromPort": 443.0}))
	return s
}

// allow adds the rules of an edge: out of from, into to.
func (s *small) allow(from, to string, port float64, out, into bool) {
	name := from + "-" + to
	if out {
		s.all = append(s.all, plantest.Resource(egressType, name, in{"securityGroupId": s.group[from], "referencedSecurityGroupId": s.group[to], "fromPort": port}))
	}
	if into {
		s.all = append(s.all, plantest.Resource(ingressType, name, in{"securityGroupId": s.group[to], "referencedSecurityGroupId": s.group[from], "fromPort": port}))
	}
}

func (s *small) make(t *testing.T) *Picture {
	t.Helper()
	p, err := Make(plantest.Plan(t, s.all...))
	require.NoError(t, err)
	return p
}

func edgesOf(p *Picture) []string {
	var list []string
	for _, e := range p.edges {
		text := e.from.title + " → " + e.to.title + " " + ports(e)
		if e.half {
			text += " HALF"
		}
		list = append(list, text)
	}
	return list
}

func TestEdgesComeFromTheRules(t *testing.T) {
	s := newSmall()
	assert.Equal(t, []string{
		"People → Load balancer 443",
		"Load balancer → api 8080",
		"api → worker 8793",
		"worker → Load balancer 8443",
		"worker → RDS postgres 16 5432",
	}, edgesOf(s.make(t)))

	s.allow("api", "database", 5432, true, false)
	s.allow("worker", "api", 9999, false, true)
	edges := edgesOf(s.make(t))
	assert.Contains(t, edges, "api → RDS postgres 16 5432 HALF", "the database has no rule for it")
	assert.Contains(t, edges, "worker → api 9999 HALF")
}

// A task that EventBridge Scheduler starts is a box like a service; a schedule
// that starts something else is none.
func TestScheduledTasks(t *testing.T) {
	s := newSmall()
	definition := plantest.Resource(plan.TaskDefinitionType, "nightly", in{"cpu": "256", "memory": "512"})
	s.group["nightly"] = plantest.Resource(plan.SecurityGroupType, "nightly", nil)
	schedule := plantest.Resource("aws:scheduler/schedule:Schedule", "nightly", in{
		"scheduleExpression": "cron(17 3 * * ? *)", "target": map[string]any{"ecsParameters": map[string]any{"launchType": "FARGATE"}},
	})
	schedule.PropertyDependencies["target"] = []string{definition.URN, s.group["nightly"].URN, s.subnet.URN}
	other := plantest.Resource("aws:scheduler/schedule:Schedule", "off", in{"target": map[string]any{"input": "{}"}})
	s.all = append(s.all, definition, s.group["nightly"], schedule, other)
	s.allow("nightly", "database", 5432, true, true)
	p := s.make(t)
	assert.Len(t, p.services, 3)
	assert.Contains(t, edgesOf(p), "nightly → RDS postgres 16 5432")
	picture := drawn(t, p)
	assert.Contains(t, picture, "at cron(17 3 * * ? *)")
	assert.Contains(t, picture, "0.25 vCPU · 0.5 GB · x86")
	schedule.PropertyDependencies["target"] = nil
	_, err := Make(plantest.Plan(t, s.all...))
	require.ErrorContains(t, err, "doesn't show the task of schedule nightly")
}

func TestWaysOut(t *testing.T) {
	assert.Empty(t, newSmall().make(t).wayOut)
	for name, r := range map[string]*plan.Resource{
		"nat":      plantest.Resource("aws:ec2/natGateway:NatGateway", "nat", nil),
		"internet": plantest.Resource("aws:ec2/internetGateway:InternetGateway", "internet", nil),
		"default":  plantest.Resource("aws:ec2/route:Route", "default", in{"destinationCidrBlock": "0.0.0.0/0"}),
		"public":   plantest.Resource(balancerType, "public", in{"internal": false}),
		"subnet":   plantest.Resource(plan.SubnetType, "subnet", in{"mapPublicIpOnLaunch": true, "availabilityZone": "us-east-1b"}),
		"db":       plantest.Resource(databaseType, "db", in{"publiclyAccessible": true}),
	} {
		s := newSmall()
		s.all = append(s.all, r)
		p := s.make(t)
		assert.Equal(t, []string{name}, p.wayOut)
		assert.Contains(t, drawn(t, p), "A WAY OUT OR IN: "+name)
	}
	assert.Contains(t, drawn(t, newSmall().make(t)), "no NAT gateway")
}

func drawn(t *testing.T, p *Picture) string {
	t.Helper()
	var svg strings.Builder
	require.NoError(t, p.Draw(&svg))
	return svg.String()
}

func TestSamePlanSamePicture(t *testing.T) {
	forth, back := newSmall(), newSmall()
	slices.Reverse(back.all)
	assert.Equal(t, drawn(t, forth.make(t)), drawn(t, back.make(t)), "the order of a plan differs from run to run")
}

func TestNoLineIsLost(t *testing.T) {
	s := newSmall()
	s.allow("database", "alb", 443, true, true)
	s.group["stray"] = plantest.Resource(plan.SecurityGroupType, "stray", nil)
	s.all = append(s.all, s.group["stray"])
	s.allow("stray", "database", 5432, true, true)
	picture := drawn(t, s.make(t))
	assert.Contains(t, picture, "Also allowed: RDS postgres 16 → Load balancer 443")
	assert.Contains(t, picture, "Also allowed: security group stray → RDS postgres 16 5432")
}

func TestEndpointsAndBuckets(t *testing.T) {
	s := newSmall()
	group := plantest.Resource(plan.SecurityGroupType, "endpoints", nil)
	s.group["endpoints"] = group
	table := plantest.Resource("aws:ec2/routeTable:RouteTable", "a", nil)
	gateway := plantest.Resource(plan.EndpointType, "s3", in{"vpcEndpointType": "Gateway", "serviceName": "com.amazonaws.us-east-1.s3", "routeTableIds": []*plan.Resource{table}})
	role := plantest.Resource("aws:iam/role:Role", "worker-task", nil)
	for i, r := range s.all {
		if r.Type == plan.TaskDefinitionType && r.Name == "worker" {
			s.all[i].PropertyDependencies["taskRoleArn"] = []string{role.URN}
		}
	}
	s.all = append(s.all, group, table, gateway, role,
		plantest.Resource(plan.EndpointType, "ecr", in{"vpcEndpointType": "Interface", "serviceName": "com.amazonaws.us-east-1.ecr.api", "subnetIds": s.subnet, "securityGroupIds": group, "privateDnsEnabled": true}),
		plantest.Resource(plan.EndpointType, "kms", in{"vpcEndpointType": "Interface", "serviceName": "com.amazonaws.us-east-1.kms", "subnetIds": s.subnet, "securityGroupIds": group}),
		plantest.Resource("aws:ecr/repository:Repository", "one", nil),
		plantest.Resource("aws:s3/bucketV2:BucketV2", "logs", in{"bucket": "our-logs"}),
		plantest.Resource("aws:iam/rolePolicy:RolePolicy", "worker", in{"role": role, "policy": `{"Statement":[
			{"Effect":"Allow","Action":["s3:PutObject"],"Resource":"arn:aws:s3:::our-logs/dev/*"},
			{"Effect":"Deny","Action":["s3:GetObject"],"Resource":"arn:aws:s3:::our-logs/*"}]}`}),
		plantest.Resource(egressType, "to-s3", in{"securityGroupId": s.group["worker"], "prefixListId": gateway, "fromPort": 443.0}))
	s.allow("worker", "endpoints", 443, true, true)
	p := s.make(t)
	require.Len(t, p.doors, 2)
	assert.Equal(t, []string{"ecr.api → ECR, 1 repository", "kms → KMS, 0 keys"}, p.doors[0].behind)
	assert.Equal(t, []string{"2, NOT all with private DNS"}, p.doors[0].lines)
	assert.Equal(t, []string{"a"}, p.doors[0].zones)
	assert.Equal(t, []string{"our-logs", "   written by worker"}, p.doors[1].behind, "a denial isn't a permission")
	assert.Contains(t, edgesOf(p), "worker → S3 gateway endpoint 443")
	assert.Contains(t, edgesOf(p), "worker → Interface endpoints 443")
}

func TestRefuses(t *testing.T) {
	_, err := Make(plantest.Plan(t, plantest.Resource("aws:kms/key:Key", "x", nil)))
	require.ErrorContains(t, err, "the plan has 0 VPCs")
	_, err = Make(plantest.Plan(t, plantest.Resource("aws:ec2/vpc:Vpc", "x", nil)))
	require.ErrorContains(t, err, "no ECS services")
	lost := plantest.Resource(plan.ServiceType, "lost", nil)
	_, err = Make(plantest.Plan(t, plantest.Resource("aws:ec2/vpc:Vpc", "x", nil), lost))
	require.ErrorContains(t, err, "doesn't show the tasks of service lost")
}

func TestHowMany(t *testing.T) {
	for expected, tasks := range map[string]plan.Tasks{
		"1 task on demand":              {Min: 1, Max: 1},
		"2 tasks on Spot":               {Min: 2, Max: 2, SpotShare: 1},
		"0–10 tasks, 70 % on Spot":      {Max: 10, SpotShare: 0.7},
		"1–10 tasks, 70 % Spot above 1": {Min: 1, Max: 10, Base: 1, SpotShare: 0.7},
	} {
		assert.Equal(t, expected, howMany(tasks))
	}
}
