package cases

import (
	"slices"
	"time"
)

// platform is a small stack with everything that endpoints-present looks at.
func platform() Group { return slices.Concat(network(), endpoints(), service()) }

func alone(m Mutant) Mutant {
	m.Alone = true
	return m
}

// protected puts a mutant into a stack whose data must stay.
func protected(m Mutant) Mutant {
	m.Stack = "prod"
	return m
}

func completenessMutants() []Mutant {
	var mutants []Mutant
	none := alone(mutant("endpoints-present", "none at all", slices.Concat(network(), service()), "vpc", "no Gateway endpoint for s3"))
	for _, name := range []string{
		"s3", "ecr.api", "ecr.dkr", "logs", "sts", "secretsmanager", "kms", "ssmmessages",
	} {
		none.More = append(none.More, " endpoint for "+name)
		missing := alone(mutant("endpoints-present", "no "+name, platform(), "vpc", " endpoint for "+name, drop(name)))
		missing.Quick = true
		mutants = append(mutants, missing)
	}
	breaker := "deploymentCircuitBreaker"
	publicRoute := Group{
		res("aws:ec2/internetGateway:InternetGateway", "gateway", object{"vpcId": "v"}),
		res("aws:ec2/route:Route", "out", object{"routeTableId": Ref{"table", "id"}, "destinationCidrBlock": "0.0.0.0/0", "gatewayId": Ref{"gateway", "id"}}),
	}
	mutants = append(mutants, none,
		alone(mutant("endpoints-present", "S3 as an interface", platform(), "vpc", "no Gateway endpoint for s3", set("s3", "vpcEndpointType", "Interface"), set("s3", "privateDnsEnabled", true))),
		withAlso(alone(mutant("endpoints-present", "unknown service", platform(), "kms", "serviceName is not known", set("kms", "serviceName", Unknown{}))), "endpoints-present vpc", "no-other-way-out kms"),
		withoutNeed(alone(mutant("endpoints-present", "one that the settings ask for", platform(), "vpc", "endpoint for athena"))),
		mutant("endpoint-private-dns", "off", Group{endpoint("extra", "athena", "Interface")}, "extra", "privateDnsEnabled is false", set("extra", "privateDnsEnabled", false)),
		mutant("endpoint-private-dns", "left out", Group{endpoint("extra", "athena", "Interface")}, "extra", "privateDnsEnabled is not set", unset("extra", "privateDnsEnabled")),
		mutant("log-retention", "for ever", stores(), "logs", "retentionInDays is not set", unset("logs", "retentionInDays")),
		mutant("log-retention", "0 days", stores(), "logs", "retentionInDays is not set", set("logs", "retentionInDays", 0)),
		mutant("log-retention", "unknown", stores(), "logs", "retentionInDays is not known", set("logs", "retentionInDays", Unknown{})),
		mutant("service-rolls-back", "no circuit breaker", service(), "worker-service", breaker+".enable is not set", unset("worker-service", breaker)),
		mutant("service-rolls-back", "off", service(), "worker-service", breaker+".enable is false", set("worker-service", breaker+".enable", false)),
		mutant("service-rolls-back", "no way back", service(), "worker-service", breaker+".rollback is false", set("worker-service", breaker+".rollback", false)),
		mutant("database-backups", "0 days", database(), "database", "backupRetentionPeriod", set("database", "backupRetentionPeriod", 0)),
		mutant("database-backups", "left out", database(), "database", "backupRetentionPeriod", unset("database", "backupRetentionPeriod")),
		mutant("database-backups", "unknown", database(), "database", "is not known", set("database", "backupRetentionPeriod", Unknown{})),
		protected(mutant("deletion-protection", "database", database(), "database", "deletionProtection is false", set("database", "deletionProtection", false))),
		protected(mutant("deletion-protection", "no final snapshot", database(), "database", "skipFinalSnapshot is true", set("database", "skipFinalSnapshot", true))),
		protected(mutant("deletion-protection", "load balancer", loadBalancer(), "lb", "enableDeletionProtection is not set")),
		mutant("in-own-subnets", "database", database(), "database", "dbSubnetGroupName is not set", unset("database", "dbSubnetGroupName")),
		mutant("in-own-subnets", "cache", cache(), "cache", "subnetGroupName is not set", unset("cache", "subnetGroupName")),
		mutant("in-own-subnets", "service", service(), "worker-service", "networkConfiguration.subnets is not set", unset("worker-service", "networkConfiguration")),
		mutant("in-own-subnets", "load balancer", loadBalancer(), "lb", "neither subnets", unset("lb", "subnets")),
		withAlso(mutant("in-private-subnets", "mount target beside a gateway", network(), "mount", "leads to a gateway", func(g Group) Group { return append(g, publicRoute...) }),
			"no-internet-gateway gateway", "no-default-route out"),
	)
	return mutants
}

func withoutNeed(m Mutant) Mutant {
	m.Config = object{"pack-settings": object{"endpoints": list{"athena"}}}
	return m
}

// exceptionFor returns settings with one exception for a NAT gateway, changed by more.
func exceptionFor(more object) object {
	return object{"pack-settings": object{"exceptions": list{merge(object{
		"policy": "no-nat-gateway", "resource": "urn:pulumi:dev::*::aws:ec2/natGateway:NatGateway::*nat*", "owner": "network team", "reason": "until the migration ends", "expires": "2000-01-01",
	}, more)}}}
}

// settingsMutants are about the pack's own settings; the finding is on the
// stack itself, and the rule that the exception was for holds again.
func settingsMutants() []Mutant {
	nat := func(title, says string, more object) Mutant {
		m := alone(mutant("pack-settings", title, one("aws:ec2/natGateway:NatGateway", "nat", object{"subnetId": "s"}), "", says))
		m.Config, m.Also = exceptionFor(more), []string{"no-nat-gateway nat"}
		return m
	}
	stale := alone(mutant("stale-exceptions", "one that excuses nothing", network(), "", "excuses nothing"))
	stale.Config = exceptionFor(object{"expires": InDays(30)})
	return []Mutant{
		nat("expired exception", "expired on 2000-01-01", nil),
		nat("exception without end", "more than a year", object{"expires": "2999-12-31"}),
		nat("exception until some day", "not a day", object{"expires": "soon"}),
		nat("exception for an unknown rule", `no rule "no-nat"`, object{"policy": "no-nat", "expires": InDays(30)}),
		nat("exception for everything", "not the URN of a resource", object{"resource": "urn:pulumi:*::*", "expires": InDays(30)}),
		nat("exception for every stack", "names no stack", object{"resource": "urn:pulumi:*::*::aws:ec2/natGateway:NatGateway::nat", "expires": InDays(30)}),
		nat("exception for every type", "names no type", object{"resource": "urn:pulumi:dev::*::*::nat", "expires": InDays(30)}),
		nat("exception for every name", "names no resource", object{"resource": "urn:pulumi:dev::*::aws:ec2/natGateway:NatGateway::*a*", "expires": InDays(30)}),
		nat("exception of nobody", "neither a person nor a team", object{"owner": "whoever runs it", "expires": InDays(30)}),
		nat("exception without a reason", "tells nobody why", object{"reason": "needed", "expires": InDays(30)}),
		stale,
	}
}

// InDays returns a day that many days from now, as exceptions write it.
func InDays(days int) string { return time.Now().UTC().AddDate(0, 0, days).Format(time.DateOnly) }
