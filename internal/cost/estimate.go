package cost

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/pathwai/airflow-on-fargate/internal/plan"
)

// Line is one part of a resource's price.
type Line struct {
	What string `json:"what"`
	Range
	// ByUse tells that the amount is assumed, not planned.
	ByUse bool `json:"byUse"`
}

// Row is the price of a resource, or of what several share.
type Row struct {
	// URN and Type are empty for what several resources share.
	URN  string `json:"urn,omitempty"`
	Type string `json:"type,omitempty"`
	// Name is the resource's name in the program.
	Name string `json:"name"`
	// Service is AWS's name of what is billed.
	Service string `json:"service"`
	Lines   []Line `json:"lines"`
	Range
}

// Unpriced is a resource, or a part of one, whose price isn't known here.
type Unpriced struct {
	URN  string `json:"urn"`
	Type string `json:"type"`
	Name string `json:"name"`
	Why  string `json:"why"`
}

// Report is the price of a plan per month.
type Report struct {
	Project string `json:"project"`
	Stack   string `json:"stack"`
	// Region is the prices'; PlanRegion is where the plan's resources are.
	Region     string `json:"region"`
	PlanRegion string `json:"planRegion"`
	PricesFrom string `json:"pricesFrom"`
	Rows       []Row  `json:"rows"`
	Total      Range  `json:"total"`
	// Planned is the part of the total that the plan fixes; the rest depends
	// on use.
	Planned Range `json:"planned"`
	// Ceiling is the total when every service ran at its maximum all month.
	Ceiling float64 `json:"ceiling"`
	// Budget is what the plan's own budget warns at, 0 when it makes none.
	Budget  float64 `json:"budget,omitempty"`
	Verdict string  `json:"verdict"`

	NotPriced []Unpriced `json:"notPriced"`
	// Free counts the resources that cost nothing, by type.
	Free        map[string]int    `json:"free"`
	FreeWhy     map[string]string `json:"freeWhy"`
	NAT         *NAT              `json:"nat,omitempty"`
	Savings     []Saving          `json:"savings"`
	Assumptions []Assumption      `json:"assumptions"`
	Prices      map[string]Price  `json:"prices"`
	Sources     map[string]string `json:"sources"`
}

// estimate is one pass over a plan.
type estimate struct {
	*book
	plan *plan.Plan
	// hours is the share of the month that services and database run, from the
	// plan's schedule.
	hours hours

	rows      []Row
	notPriced []Unpriced
	freeCount map[string]int
	ceiling   float64
}

// pricers are the types that cost something.
var pricers = map[string]struct {
	service string
	price   func(*estimate, *plan.Resource) []Line
}{
	"aws:ecs/service:Service":                                           {"Fargate", (*estimate).fargate},
	"aws:ecs/cluster:Cluster":                                           {"Container Insights", (*estimate).insights},
	"aws:rds/instance:Instance":                                         {"RDS", (*estimate).database},
	"aws:elasticache/replicationGroup:ReplicationGroup":                 {"ElastiCache", (*estimate).broker},
	"aws:efs/fileSystem:FileSystem":                                     {"EFS", (*estimate).files},
	"aws:s3/bucketV2:BucketV2":                                          {"S3", (*estimate).bucket},
	"aws:ecr/repository:Repository":                                     {"ECR", (*estimate).repository},
	"aws:lb/loadBalancer:LoadBalancer":                                  {"Load balancing", (*estimate).loadBalancer},
	"aws:ec2/vpcEndpoint:VpcEndpoint":                                   {"Endpoints", (*estimate).endpoint},
	"aws:ec2/natGateway:NatGateway":                                     {"NAT", (*estimate).natGateway},
	"aws:ec2/eip:Eip":                                                   {"NAT", (*estimate).address},
	"aws:route53/zone:Zone":                                             {"Route 53", (*estimate).zone},
	"aws:route53/resolverEndpoint:ResolverEndpoint":                     {"Route 53", (*estimate).resolverEndpoint},
	"aws:route53/resolverFirewallDomainList:ResolverFirewallDomainList": {"Route 53", (*estimate).domainList},
	"aws:route53/resolverFirewallRuleGroupAssociation:ResolverFirewallRuleGroupAssociation": {"Route 53", (*estimate).firewall},
	"aws:ec2transitgateway/vpcAttachment:VpcAttachment":                                     {"Joins", (*estimate).transitAttachment},
	"aws:networkmanager/vpcAttachment:VpcAttachment":                                        {"Joins", (*estimate).coreNetworkAttachment},
	"aws:kms/key:Key":                                {"KMS", (*estimate).key},
	"aws:secretsmanager/secret:Secret":               {"Secrets Manager", (*estimate).secret},
	"aws:cloudwatch/logGroup:LogGroup":               {"Logs", (*estimate).logGroup},
	"aws:cloudwatch/metricAlarm:MetricAlarm":         {"Alarms", (*estimate).alarm},
	"aws:cloudwatch/compositeAlarm:CompositeAlarm":   {"Alarms", (*estimate).compositeAlarm},
	"aws:cloudwatch/dashboard:Dashboard":             {"Dashboards", (*estimate).dashboard},
	"aws:cloudwatch/logMetricFilter:LogMetricFilter": {"Metrics", (*estimate).metricFilter},
	"aws:appautoscaling/policy:Policy":               {"Alarms", (*estimate).scalingPolicy},
}

// Estimate prices a plan.
func Estimate(p *plan.Plan) (*Report, error) {
	report, err := totals(p)
	if err != nil {
		return nil, err
	}
	if report.NAT, err = natAlternative(p); err != nil {
		return nil, err
	}
	if report.Savings, err = savings(p, report); err != nil {
		return nil, err
	}
	return report, nil
}

// totals is Estimate without the comparisons, which are built on it.
func totals(p *plan.Plan, changes ...func(*estimate)) (*Report, error) {
	b, err := newBook(p.Stack)
	if err != nil {
		return nil, err
	}
	e := &estimate{book: b, plan: p, freeCount: map[string]int{}}
	e.hours = e.schedule()
	for _, change := range changes {
		change(e)
	}
	if err := e.everything(); err != nil {
		return nil, err
	}
	return e.report(), nil
}

func (e *estimate) everything() error {
	for _, r := range e.plan.Resources {
		if !r.Custom || strings.HasPrefix(r.Type, plan.ProviderPrefix) {
			continue
		}
		if region := r.Text("region"); region != "" && region != e.Region {
			return fmt.Errorf("%s is in %s; the prices are for %s", r.Name, region, e.Region)
		}
		if pricer, ok := pricers[r.Type]; ok {
			e.add(Row{URN: r.URN, Type: r.Type, Name: r.Name, Service: pricer.service, Lines: pricer.price(e, r)})
			continue
		}
		if _, free := e.free[r.Type]; free {
			e.freeCount[r.Type]++
			continue
		}
		e.unpriced(r, "nothing here knows what this type costs; add it to prices.yaml and a pricer, or to free.yaml")
	}
	for _, shared := range []Row{e.endpointTraffic(), e.zoneTraffic(), e.agentMetrics(), e.requests(), e.syncRequests()} {
		e.add(shared)
	}
	return nil
}

// add keeps a row that costs anything.
func (e *estimate) add(row Row) {
	row.Lines = slices.DeleteFunc(row.Lines, func(l Line) bool { return l.zero() })
	for _, line := range row.Lines {
		row.Range = row.Plus(line.Range)
	}
	if len(row.Lines) > 0 {
		e.rows = append(e.rows, row)
	}
}

func (e *estimate) unpriced(r *plan.Resource, why string) {
	e.notPriced = append(e.notPriced, Unpriced{URN: r.URN, Type: r.Type, Name: r.Name, Why: why})
}

func (e *estimate) report() *Report {
	report := &Report{
		Project: e.plan.Project, Stack: e.plan.Stack, Region: e.Region, PlanRegion: e.region(), PricesFrom: e.Date,
		NotPriced: e.notPriced, Free: e.freeCount, FreeWhy: map[string]string{}, Budget: e.budget(),
		Assumptions: e.assumptions(), Prices: map[string]Price{}, Sources: map[string]string{},
	}
	for token := range e.freeCount {
		report.FreeWhy[token] = e.free[token]
	}
	for name := range maps.Keys(e.usedPrices) {
		price := e.Prices[name]
		report.Prices[name] = price
		report.Sources[price.Source] = e.Sources[price.Source]
	}
	report.Rows = e.rows
	slices.SortStableFunc(report.Rows, func(a, b Row) int {
		return strings.Compare(a.Service+"\x00"+a.Name, b.Service+"\x00"+b.Name)
	})
	for _, row := range report.Rows {
		report.Total = report.Total.Plus(row.Range)
		for _, line := range row.Lines {
			if !line.ByUse {
				report.Planned = report.Planned.Plus(line.Range)
			}
		}
	}
	report.Ceiling = report.Total.High + e.ceiling
	report.Verdict = verdict(report.Total, report.Budget)
	return report
}

// region is the one of the plan's AWS provider, or empty.
func (e *estimate) region() string {
	for _, provider := range e.plan.Of(plan.ProviderPrefix + "aws") {
		return provider.Text("region")
	}
	return ""
}

// budget is the monthly limit of the plan's budget, or 0.
func (e *estimate) budget() float64 {
	for _, budget := range e.plan.Of("aws:budgets/budget:Budget") {
		return budget.NumberOr("limitAmount", 0)
	}
	return 0
}

// verdict compares a total with a budget.
func verdict(total Range, budget float64) string {
	switch {
	case budget == 0:
		return "the stack has no budget (budget.monthlyUsd)"
	case total.Low > budget:
		return fmt.Sprintf("OVER the budget of $%.0f a month, by $%.0f even in a quiet month", budget, total.Low-budget)
	case total.High > budget:
		return fmt.Sprintf("within the budget of $%.0f in a quiet month, OVER it by $%.0f in a busy one", budget, total.High-budget)
	}
	return fmt.Sprintf("within the budget of $%.0f", budget)
}
