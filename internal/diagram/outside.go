package diagram

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/pathwai/airflow-on-fargate/internal/plan"
)

// endpoints makes a box of all interface endpoints and one of each gateway
// endpoint.
func (b *builder) endpoints() {
	interfaces := &node{title: "Interface endpoints", color: doorColor}
	var names []string
	private := "private DNS"
	for _, r := range b.plan.Of(plan.EndpointType) {
		name := r.Text("serviceName")
		name = name[strings.LastIndex(name, "amazonaws.")+len("amazonaws."):]
		_, name, _ = strings.Cut(name, ".") // the region
		if r.Text("vpcEndpointType") == "Gateway" {
			gateway := &node{title: strings.ToUpper(name) + " gateway endpoint", color: bucketColor}
			tables := len(b.plan.Refs(r, "routeTableIds", "aws:ec2/routeTable:RouteTable"))
			gateway.lines = []string{"in " + quantity(tables, "route table", "route tables")}
			if name == "s3" {
				gateway.behind = b.buckets()
			}
			b.owner[r.URN] = gateway
			b.picture.doors = append(b.picture.doors, gateway)
			continue
		}
		if _, id, others := strings.Cut(name, "vpce-svc-"); others {
			b.privateLink(r, "vpce-svc-"+id)
			continue
		}
		names = append(names, name)
		if !r.True("privateDnsEnabled") {
			private = "NOT all with private DNS"
		}
		interfaces.zones = append(interfaces.zones, b.zones(r, "subnetIds")...)
		b.own(interfaces, r, "securityGroupIds")
	}
	if len(names) == 0 {
		return
	}
	slices.Sort(interfaces.zones)
	interfaces.zones = slices.Compact(interfaces.zones)
	interfaces.lines = []string{fmt.Sprintf("%d, %s", len(names), private)}
	interfaces.behind = b.reached(names)
	b.picture.doors = append([]*node{interfaces}, b.picture.doors...)
}

// privateLink makes a door to somebody else's service.
func (b *builder) privateLink(r *plan.Resource, id string) {
	door := &node{title: "PrivateLink", lines: []string{id}, zones: b.zones(r, "subnetIds"), behind: []string{id}, color: joinColor}
	if why := r.Text("tags.Why"); why != "" {
		door.behind = []string{id + ": " + why}
	}
	b.own(door, r, "securityGroupIds")
	b.picture.doors = append(b.picture.doors, door)
}

// uses tells what the stack has behind an interface endpoint, as far as types
// can be counted.
var uses = map[string]struct{ service, one, many, token string }{
	"ecr.api":           {"ECR", "repository", "repositories", "aws:ecr/repository:Repository"},
	"ecr.dkr":           {"ECR", "", "", ""},
	"logs":              {"CloudWatch Logs", "group", "groups", "aws:cloudwatch/logGroup:LogGroup"},
	"secretsmanager":    {"Secrets Manager", "secret", "secrets", "aws:secretsmanager/secret:Secret"},
	"kms":               {"KMS", "key", "keys", "aws:kms/key:Key"},
	"sts":               {"IAM", "role", "roles", "aws:iam/role:Role"},
	"events":            {"EventBridge", "", "", ""},
	"ssm":               {"Parameter Store", "", "", ""},
	"ssmmessages":       {"ECS Exec", "", "", ""},
	"elasticfilesystem": {"EFS API", "", "", ""},
	"monitoring":        {"CloudWatch", "", "", ""},
}

// reached is a line for each AWS service behind interface endpoints.
func (b *builder) reached(names []string) []string {
	byService := map[string][]string{}
	counts := map[string]string{}
	for _, name := range names {
		use, known := uses[name]
		if !known {
			use.service = name
		}
		byService[use.service] = append(byService[use.service], name)
		if use.token != "" {
			counts[use.service] = ", " + quantity(len(b.plan.Of(use.token)), use.one, use.many)
		}
	}
	var lines []string
	for _, service := range slices.Sorted(maps.Keys(byService)) {
		list := byService[service]
		slices.Sort(list)
		lines = append(lines, fmt.Sprintf("%s → %s%s", strings.Join(list, ", "), service, counts[service]))
	}
	return lines
}

func quantity(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// buckets is a line for each bucket, with who reads and writes it.
func (b *builder) buckets() []string {
	var lines []string
	for _, r := range b.plan.Of("aws:s3/bucketV2:BucketV2") {
		name := r.Text("bucket")
		readers, writers := b.access(name)
		for _, balancer := range b.plan.Of(balancerType) {
			if balancer.Text("accessLogs.bucket") == name {
				writers = append(writers, "load balancer")
			}
		}
		lines = append(lines, name)
		if len(readers) > 0 {
			lines = append(lines, "   read by "+strings.Join(readers, ", "))
		}
		if len(writers) > 0 {
			lines = append(lines, "   written by "+strings.Join(writers, ", "))
		}
	}
	return lines
}

// access finds the services whose task role lets them get or put objects.
func (b *builder) access(bucket string) (readers, writers []string) {
	for _, service := range b.plan.Of(plan.ServiceType) {
		t, _ := b.plan.Tasks(service)
		if t.Definition == nil {
			continue
		}
		role := b.plan.Ref(t.Definition, "taskRoleArn", "aws:iam/role:Role")
		for _, policy := range b.plan.Of("aws:iam/rolePolicy:RolePolicy") {
			if role == nil || b.plan.Ref(policy, "role", role.Type) != role {
				continue
			}
			document := policy.Document("policy")
			if grants(document, bucket, "s3:GetObject") {
				readers = append(readers, service.Name)
			}
			if grants(document, bucket, "s3:PutObject") {
				writers = append(writers, service.Name)
			}
		}
	}
	return readers, writers
}

// grants tells whether a policy allows an action on keys of a bucket.
func grants(document map[string]any, bucket, action string) bool {
	for _, statement := range plan.List(document["Statement"]) {
		if plan.Text(plan.Lookup(statement, "Effect")) != "Allow" || !contains(plan.Lookup(statement, "Action"), action) {
			continue
		}
		for _, resource := range texts(plan.Lookup(statement, "Resource")) {
			if strings.HasPrefix(resource, "arn:aws:s3:::"+bucket+"/") {
				return true
			}
		}
	}
	return false
}

// texts reads a string or a list of strings, as policies have them.
func texts(v any) []string {
	if s, ok := v.(string); ok {
		return []string{s}
	}
	var list []string
	for _, element := range plan.List(v) {
		list = append(list, plan.Text(element))
	}
	return list
}

func contains(v any, text string) bool { return slices.Contains(texts(v), text) }

// besideIt counts what is part of the stack but of no network.
func (b *builder) besideIt() {
	for _, kind := range []struct{ token, one, many string }{
		{"aws:cloudwatch/metricAlarm:MetricAlarm", "alarm", "alarms"},
		{"aws:cloudwatch/compositeAlarm:CompositeAlarm", "composite alarm", "composite alarms"},
		{"aws:cloudwatch/dashboard:Dashboard", "dashboard", "dashboards"},
		{"aws:sns/topic:Topic", "notification topic", "notification topics"},
		{"aws:cloudwatch/eventRule:EventRule", "event rule", "event rules"},
		{"aws:scheduler/schedule:Schedule", "schedule", "schedules"},
		{"aws:appautoscaling/target:Target", "autoscaled service", "autoscaled services"},
		{"aws:ec2/flowLog:FlowLog", "flow log", "flow logs"},
		{"aws:budgets/budget:Budget", "budget", "budgets"},
		{"aws:backup/plan:Plan", "backup plan", "backup plans"},
		{"aws:route53/zone:Zone", "private zone", "private zones"},
		{"aws:route53/resolverFirewallRuleGroupAssociation:ResolverFirewallRuleGroupAssociation", "DNS firewall", "DNS firewalls"},
	} {
		if n := len(b.plan.Of(kind.token)); n > 0 {
			b.picture.beside = append(b.picture.beside, quantity(n, kind.one, kind.many))
		}
	}
}
