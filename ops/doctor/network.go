package doctor

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/elasticache"
	"github.com/aws/aws-sdk-go-v2/service/rds"
)

// withoutOneZone are the zones, by id, that have no EFS One Zone (EFS user
// guide, "Supported Availability Zones for One Zone file systems"). A zone's
// name says nothing: it is another zone in another account.
var withoutOneZone = []string{"use1-az3", "usw1-az2"}

// poorZones lack newer classes and endpoint services more often than others.
var poorZones = []string{"use1-az3"}

func (d *Doctor) zones(ctx context.Context) ([]Finding, error) {
	answer, err := ec2.NewFromConfig(d.AWS).DescribeAvailabilityZones(ctx, &ec2.DescribeAvailabilityZonesInput{})
	if err != nil {
		return nil, err
	}
	there := map[string]types.AvailabilityZone{}
	var names []string
	for _, zone := range answer.AvailabilityZones {
		there[aws.ToString(zone.ZoneName)] = zone
		names = append(names, aws.ToString(zone.ZoneName))
	}
	slices.Sort(names)
	others := "choose others in airflow:network: {zones: [...]}; this account has " + strings.Join(names, ", ")
	var found []Finding
	for _, name := range d.Network.Zones {
		zone, ok := there[name]
		id := aws.ToString(zone.ZoneId)
		switch {
		case !ok:
			found = append(found, Finding{Of: name, Level: Red, Says: "this account has no such zone", Means: "up stops at its subnet", Cure: others})
		case zone.State != types.AvailabilityZoneStateAvailable:
			found = append(found, Finding{Of: name, Level: Red, Says: fmt.Sprintf("is %s, %s", id, zone.State), Means: "nothing starts in it now", Cure: others})
		case name == d.Files.OneZone && slices.Contains(withoutOneZone, id):
			found = append(found, Finding{Of: name, Level: Red, Says: "is " + id + ", which has no EFS One Zone", Means: "up stops at the file system", Cure: "name another zone in airflow:files: {oneZone: ...}, or none for a Regional file system"})
		case slices.Contains(poorZones, id):
			found = append(found, Finding{Of: name, Level: Warning, Says: "is " + id + ", AWS's oldest", Means: "newer classes and some endpoint services aren't there, and Fargate has less room", Cure: others})
		default:
			found = append(found, green(name, "is %s", id))
		}
	}
	return found, nil
}

// databaseClass asks for gp3 and the version, of which "16" is any minor.
func (d *Doctor) databaseClass(ctx context.Context) ([]Finding, error) {
	db := d.Database
	pages := rds.NewDescribeOrderableDBInstanceOptionsPaginator(rds.NewFromConfig(d.AWS), &rds.DescribeOrderableDBInstanceOptionsInput{
		Engine: aws.String("postgres"), DBInstanceClass: aws.String(db.InstanceClass),
	})
	zones, standby := map[string]bool{}, false
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, option := range page.OrderableDBInstanceOptions {
			version := aws.ToString(option.EngineVersion)
			if version != db.EngineVersion && !strings.HasPrefix(version, db.EngineVersion+".") || aws.ToString(option.StorageType) != "gp3" {
				continue
			}
			standby = standby || aws.ToBool(option.MultiAZCapable)
			for _, zone := range option.AvailabilityZones {
				zones[aws.ToString(zone.Name)] = true
			}
		}
	}
	of := fmt.Sprintf("%s, PostgreSQL %s, gp3", db.InstanceClass, db.EngineVersion)
	var in []string
	for _, zone := range d.Network.Zones {
		if zones[zone] {
			in = append(in, zone)
		}
	}
	needed := 1
	if db.MultiAZ {
		needed = 2
	}
	f := green(of, "is offered in %s", strings.Join(in, ", "))
	switch {
	case len(zones) == 0:
		f.Says = "isn't offered in " + d.Region
	case len(in) < needed:
		f.Says = fmt.Sprintf("is offered in %d of the stack's zones (%s), and needs %d", len(in), strings.Join(d.Network.Zones, ", "), needed)
	case db.MultiAZ && !standby:
		f.Says = "is offered without a standby, and database.multiAz asks for one"
	default:
		return []Finding{f}, nil
	}
	f.Level, f.Means = Red, "up stops at the database"
	f.Cure = fmt.Sprintf("aws rds describe-orderable-db-instance-options --region %s --engine postgres --query 'OrderableDBInstanceOptions[].[EngineVersion,DBInstanceClass]' --output text lists what is; then airflow:database: {instanceClass: ..., engineVersion: ...}", d.Region)
	return []Finding{f}, nil
}

// brokerClass asks by region: no call of ElastiCache tells what a zone has.
func (d *Doctor) brokerClass(ctx context.Context) ([]Finding, error) {
	client, b := elasticache.NewFromConfig(d.AWS), d.Broker
	versions, err := client.DescribeCacheEngineVersions(ctx, &elasticache.DescribeCacheEngineVersionsInput{Engine: aws.String(b.Engine)})
	if err != nil {
		return nil, err
	}
	var offered []string
	for _, version := range versions.CacheEngineVersions {
		offered = append(offered, aws.ToString(version.EngineVersion))
	}
	version := green(b.Engine+" "+b.EngineVersion, "is offered")
	if !slices.ContainsFunc(offered, func(v string) bool { return v == b.EngineVersion || strings.HasPrefix(v, b.EngineVersion+".") }) {
		version = Finding{
			Of: version.Of, Level: Red, Says: "isn't among the versions that ElastiCache offers: " + strings.Join(offered, ", "),
			Means: "up stops at the broker", Cure: "airflow:broker: {engineVersion: ...}, one of these",
		}
	}
	nodes, err := client.DescribeReservedCacheNodesOfferings(ctx, &elasticache.DescribeReservedCacheNodesOfferingsInput{CacheNodeType: aws.String(b.NodeType)})
	if err != nil {
		return []Finding{version}, err
	}
	node := green(b.NodeType, "is offered in %s; which zones have it, no call tells", d.Region)
	if len(nodes.ReservedCacheNodesOfferings) == 0 {
		node = Finding{
			Of: b.NodeType, Level: Warning, Says: "nobody can reserve one in " + d.Region, Means: "probably it isn't offered there, and up stops at the broker",
			Cure: "aws elasticache describe-reserved-cache-nodes-offerings --region " + d.Region + " --query 'ReservedCacheNodesOfferings[].CacheNodeType' lists what is; then airflow:broker: {nodeType: ...}",
		}
	}
	return []Finding{version, node}, nil
}
