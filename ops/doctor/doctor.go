// Package doctor looks at what a plan can't know: what the account, its zones,
// quotas and names let a stack do. It reads, and changes nothing but what
// [Doctor.Fix] is asked for.
package doctor

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/pathwai/airflow-on-fargate/ops/stack"
)

// Level is how a finding stands.
type Level string

// Levels. Unknown says that nobody could look; it is never green.
const (
	Green   Level = "green"
	Warning Level = "warning" // up goes through; something is worth knowing
	Red     Level = "red"     // up stops, or what it makes doesn't work
	Unknown Level = "unknown"
)

// Finding is what was seen of one thing.
type Finding struct {
	// Check is the name of the check, Of what it looked at.
	Check string `json:"check"`
	Of    string `json:"of"`
	Level Level  `json:"level"`
	// Says is what was seen, Means what follows from it, Cure what to do, a command where there is one.
	Says  string `json:"says"`
	Means string `json:"means,omitempty"`
	Cure  string `json:"cure,omitempty"`
	// Stops: while this is unknown, up may stop at it.
	Stops bool `json:"stops,omitempty"`
}

// Check is one thing to look at.
type Check struct {
	Name string
	// Asks is what it answers.
	Asks string
	// Stops says that up, or what it makes, fails where this is red.
	Stops bool
	// Actions are the IAM actions that it needs.
	Actions []string

	look func(context.Context) ([]Finding, error)
}

// Doctor examines the account for one stack.
type Doctor struct {
	*stack.Stack
	AWS aws.Config
	// Resolve looks a name up, as this machine does.
	Resolve func(ctx context.Context, network, host string) ([]netip.Addr, error)
	Now     func() time.Time
}

// Checks are all there are, in the order in which up meets them.
func (d *Doctor) Checks() []Check {
	return []Check{
		{"backend", "Does Pulumi's backend answer, has it the stack, is its bucket versioned, is its key in use?", true,
			[]string{"s3:ListBucket", "s3:GetBucketVersioning", "kms:DescribeKey"}, d.backend},
		{"service-linked-roles", "Has the account the roles that AWS's services act in?", true, []string{"iam:ListRoles"}, d.roles},
		{"fargate-quotas", "Do the stack's tasks fit into the account's quotas, at rest, while they are replaced, at their most?", true,
			[]string{"servicequotas:GetServiceQuota", "servicequotas:GetAWSDefaultServiceQuota"}, d.quotas},
		{"zones", "Which zones are the settings' in this account, and what do they lack?", true, []string{"ec2:DescribeAvailabilityZones"}, d.zones},
		{"existing-network", "Has the VPC that the settings name its subnets, tables and endpoints, and what leads out of it?", true,
			[]string{"ec2:DescribeVpcs", "ec2:DescribeVpcAttribute", "ec2:DescribeSubnets", "ec2:DescribeRouteTables", "ec2:DescribeVpcEndpoints"}, d.existingNetwork},
		{"endpoint-services", "Is each endpoint offered in its zones, with private DNS and a policy?", true,
			[]string{"ec2:DescribeVpcEndpointServices"}, d.endpoints},
		{"database-class", "Does RDS offer the class for the version, in enough of the zones?", true,
			[]string{"rds:DescribeOrderableDBInstanceOptions"}, d.databaseClass},
		{"broker-class", "Does ElastiCache offer the version and the node type?", true,
			[]string{"elasticache:DescribeCacheEngineVersions", "elasticache:DescribeReservedCacheNodesOfferings"}, d.brokerClass},
		{"certificate", "Is it issued, by a public CA, for the hostname, and not near its end?", true, []string{"acm:DescribeCertificate"}, d.certificate},
		{"hosted-zone", "Is the zone that the settings name there, private, and the hostname's?", true, []string{"route53:GetHostedZone"}, d.hostedZone},
		{"images", "Are the images that the settings name in the repositories, for the stack's architecture?", true,
			[]string{"ecr:BatchGetImage", "ecr:DescribeImages"}, d.images},
		{"buckets", "Is each bucket's name free, or a bucket of this stack's?", true,
			[]string{"s3:ListAllMyBuckets", "s3:ListBucket", "s3:GetBucketTagging"}, d.buckets},
		{"secrets", "Does a secret of the stack wait for its deletion?", true, []string{"secretsmanager:ListSecrets"}, d.secrets},
		{"budget", "May this account have a budget?", true, []string{"budgets:ViewBudget"}, d.budget},
		{"cost-allocation-tags", "Are the tags active by which the budget counts?", false, []string{"ce:ListCostAllocationTags"}, d.costTags},
		{"block-public-access", "Does the account refuse traffic through internet gateways?", false,
			[]string{"ec2:DescribeVpcBlockPublicAccessOptions"}, d.blockPublicAccess},
		{"hostname", "Where does the hostname lead, from this machine?", false, nil, d.hostname},
	}
}

// Examine makes every check, or only those that are named, and tells what each
// found. A check that couldn't be made is a finding, too. It fails only when ctx ends.
func (d *Doctor) Examine(ctx context.Context, only ...string) ([]Finding, error) {
	var all []Finding
	for _, check := range d.Checks() {
		if len(only) > 0 && !slices.Contains(only, check.Name) {
			continue
		}
		found, err := check.look(ctx)
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		for i := range found {
			found[i].Check = check.Name
		}
		all = append(all, found...)
		if err != nil {
			all = append(all, check.unknown(err))
		}
	}
	return all, nil
}

func (c Check) unknown(err error) Finding {
	f := Finding{
		Check: c.Name, Of: "this check", Level: Unknown, Stops: c.Stops,
		Says: "couldn't be made: " + strings.Join(strings.Fields(err.Error()), " "), Means: "nobody knows: " + c.Asks,
	}
	if len(c.Actions) > 0 {
		f.Cure = "again, where AWS answers, with " + strings.Join(c.Actions, ", ")
	}
	return f
}

// Verdict counts findings by level.
type Verdict struct {
	Green, Warning, Red, Unknown int
	// Blind are the unknown ones at which up may stop.
	Blind int
}

// Judge counts.
func Judge(findings []Finding) Verdict {
	var v Verdict
	for _, f := range findings {
		switch f.Level {
		case Green:
			v.Green++
		case Warning:
			v.Warning++
		case Red:
			v.Red++
		default:
			v.Unknown++
			if f.Stops {
				v.Blind++
			}
		}
	}
	return v
}

func (v Verdict) String() string {
	return fmt.Sprintf("%d green, %d warning, %d red, %d unknown", v.Green, v.Warning, v.Red, v.Unknown)
}

func green(of, format string, args ...any) Finding {
	return Finding{Of: of, Level: Green, Says: fmt.Sprintf(format, args...)}
}

// Text is the findings for people: a line each, and two more where something is to do.
func Text(findings []Finding) string {
	var text strings.Builder
	for _, f := range findings {
		fmt.Fprintf(&text, "%-8s %s: %s: %s\n", f.Level, f.Check, f.Of, f.Says)
		if f.Level == Green {
			continue
		}
		fmt.Fprintf(&text, "         means: %s\n", f.Means)
		if f.Cure != "" {
			fmt.Fprintf(&text, "         cure:  %s\n", f.Cure)
		}
	}
	return text.String()
}
