package answers

import (
	"fmt"
	"strings"
)

// Question is one setting that a new stack must answer.
type Question struct {
	// Key is the setting's, without the project's namespace.
	Key string
	// Text says what is asked for; it stands above the setting in the file, too.
	Text string
	kind kind
	// suggest proposes an answer from those before it. Without one, or where it
	// returns nothing, only who is asked knows.
	suggest func(d *Draft) string
	// optional: no value is an answer.
	optional bool
	// none: the word is an answer, and means no value.
	none bool
}

// kind says how an answer is read.
type kind int

const (
	text   kind = iota
	list        // values between commas
	number      // as YAML has it
)

// Questions are in the order in which they are asked: later suggestions follow
// from earlier answers.
var Questions = []Question{
	{Key: "org", Text: "Owner of the platform, the first part of every name: lower-case letters and digits."},
	{Key: "accountId", Text: "The AWS account, 12 digits. No other one is ever touched."},
	{Key: "aws:region", Text: "The AWS region, such as eu-west-1."},
	{Key: "airflow.version", Text: "Line of Airflow: 3.3, or 3.1, which gets no repairs any more (docs/airflow-lines.md).", suggest: newest},
	{Key: "network.zones", Text: "Two or three availability zones of the region.", kind: list, suggest: zones},
	{Key: "network.cidr", Text: "IPv4 network of the VPC, which overlaps with nothing that it will be joined to.", suggest: network},
	{Key: "loadBalancer.hostname", Text: "Name of the web interface, below a public domain of yours; it may resolve privately only."},
	{Key: "loadBalancer.certificateArn", Text: "ARN of the hostname's ACM certificate, of this account and region."},
	{Key: "buckets.dags", Text: "Bucket that DAGs are pushed to. Names of buckets are taken world-wide.", suggest: bucket("dags")},
	{Key: "buckets.logs", Text: "Bucket of task logs.", suggest: bucket("logs")},
	{Key: "buckets.accessLogs", Text: "Bucket of the load balancer's access logs.", suggest: bucket("access-logs")},
	{Key: "alarms.emails", Text: "Addresses that are told of alarms, or none.", kind: list, optional: true, none: true},
	{Key: "permissionsBoundaryArn", Text: "Managed policy that bounds the stack's roles, or none; `make bootstrap` makes one for each stack.", suggest: bounds, none: true},
	{Key: "budget.monthlyUsd", Text: "What the stack may cost a month, US dollars.", kind: number, suggest: budget},
}

// newest is the line of Airflow that gets repairs.
func newest(*Draft) string { return "3.3" }

// zones are as many as the example has, from the region's first on.
func zones(d *Draft) string {
	region := d.Value("aws:region")
	if region == "" {
		return ""
	}
	var names []string
	for i := range len(d.exampleZones) {
		names = append(names, region+string(rune('a'+i)))
	}
	return strings.Join(names, ", ")
}

// network is a /16 that no other stack's file names.
func network(d *Draft) string {
	for second := 40; second < 256; second += 20 {
		if cidr := fmt.Sprintf("10.%d.0.0/16", second); !d.taken[cidr] {
			return cidr
		}
	}
	return ""
}

func bucket(purpose string) func(*Draft) string {
	return func(d *Draft) string {
		if org := d.Value("org"); org != "" {
			return fmt.Sprintf("%s-airflow-%s-%s", org, d.stack, purpose)
		}
		return ""
	}
}

func bounds(d *Draft) string {
	if org, account := d.Value("org"), d.Value("accountId"); org != "" && account != "" {
		return fmt.Sprintf("arn:aws:iam::%s:policy/%s-airflow-github-%s-boundary", account, org, d.stack)
	}
	return ""
}

func budget(d *Draft) string { return d.exampleBudget }

// question returns the one of a setting, or nil.
func question(key string) *Question {
	for i := range Questions {
		if Questions[i].Key == key {
			return &Questions[i]
		}
	}
	return nil
}
