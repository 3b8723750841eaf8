package cases

// alarms go off to somebody: by themselves, or through one that stands for several.
func alarms() Group {
	return Group{
		res("aws:cloudwatch/metricAlarm:MetricAlarm", "lag", object{"name": "lag", "comparisonOperator": "GreaterThanThreshold", "evaluationPeriods": 1, "alarmActions": list{"arn:aws:sns:us-east-1:381492153064:t"}}),
		res("aws:cloudwatch/metricAlarm:MetricAlarm", "part", object{"name": "part", "comparisonOperator": "GreaterThanThreshold", "evaluationPeriods": 1}),
		res("aws:cloudwatch/compositeAlarm:CompositeAlarm", "whole", object{"alarmName": "whole", "alarmRule": "ALARM(part)", "alarmActions": list{"arn:aws:sns:us-east-1:381492153064:t"}}),
	}
}

// sealed is a service without ECS Exec.
func sealed() Group {
	closed := merge(containerDefinition(), object{"readonlyRootFilesystem": true, "versionConsistency": "enabled"})
	service := serviceOf("sealed-service", "sealed")
	delete(service.Props, "enableExecuteCommand")
	delete(service.Props, "cluster")
	service.Props["platformVersion"] = "1.4.0"
	return Group{roleOf("sealed-task"), roleOf("sealed-execution"), task("sealed", "sealed-task", "sealed-execution", closed), service}
}

func standingMutants() []Mutant {
	const zones = "spread-over-zones"
	spread := func(title string, group Group, name, says string, edits ...edit) Mutant {
		return protected(mutant(zones, title, group, name, says, edits...))
	}
	definition := func(more object) string {
		return text(list{merge(merge(containerDefinition(), object{"readonlyRootFilesystem": true}), more)})
	}
	return []Mutant{
		spread("database", database(), "database", "multiAz is false", set("database", "multiAz", false)),
		spread("database by default", database(), "database", "multiAz is not set", unset("database", "multiAz")),
		spread("cache that doesn't fail over", cache(), "cache", "automaticFailoverEnabled is not set", unset("cache", "automaticFailoverEnabled")),
		spread("cache in one zone", cache(), "cache", "multiAzEnabled is false", set("cache", "multiAzEnabled", false)),
		spread("file system", files(), "files", "availabilityZoneName is set", set("files", "availabilityZoneName", "us-east-1a")),
		spread("load balancer", protectedBalancer(), "lb", "subnets names fewer than two", set("lb", "subnets", list{"subnet-1"})),
		spread("endpoint", Group{endpoint("extra", "athena", "Interface")}, "extra", "subnetIds names fewer than two", set("extra", "subnetIds", list{"subnet-1"})),
		spread("service", sealed(), "sealed-service", "networkConfiguration.subnets names fewer than two", set("sealed-service", "networkConfiguration.subnets", list{"subnet-1"})),
		protected(mutant("file-system-backups", "left out", files(), "files", "not switched on", drop("backups"))),
		protected(mutant("file-system-backups", "off", files(), "files", "not switched on", set("backups", "backupPolicy.status", "DISABLED"))),
		alone(protected(mutant("database-events-told", "left out", database(), "database", "nobody is told", drop("told")))),
		protected(mutant("database-backups", "three days in a protected stack", database(), "database", "a protected stack keeps 7 days", set("database", "backupRetentionPeriod", 3))),
		mutant("alarm-tells-somebody", "no action", alarms(), "lag", "alarmActions is not set", unset("lag", "alarmActions")),
		mutant("alarm-tells-somebody", "off", alarms(), "lag", "actionsEnabled is false", set("lag", "actionsEnabled", false)),
		alone(mutant("alarm-tells-somebody", "nobody stands for it", alarms(), "part", "alarmActions is not set", set("whole", "alarmRule", "ALARM(other)"))),
		mutant("alarm-tells-somebody", "composite without an action", alarms(), "whole", "alarmActions is not set", unset("whole", "alarmActions")),
		mutant("read-only-root", "by default", sealed(), "sealed", "may write to its root", set("sealed", "containerDefinitions", definition(object{"readonlyRootFilesystem": false}))),
		mutant("fargate-current", "old platform", sealed(), "sealed-service", "platformVersion is 1.3.0", set("sealed-service", "platformVersion", "1.3.0")),
		mutant("fargate-current", "tags that move", sealed(), "sealed", "versionConsistency disabled", set("sealed", "containerDefinitions", definition(object{"versionConsistency": "disabled"}))),
		mutant("fargate-current", "old platform of a schedule", elsewhere(), "schedule", "platformVersion is 1.2.0", set("schedule", "target.ecsParameters.platformVersion", "1.2.0")),
		mutant("container-logs-declared", "waits for its driver", sealed(), "sealed", "mode is blocking", set("sealed", "containerDefinitions", definition(object{
			"logConfiguration": object{"logDriver": "awslogs", "options": object{"awslogs-group": "g", "mode": "blocking"}}}))),
		mutant("listener-tls", "ciphers without forward secrecy", loadBalancer(), "https", "without forward secrecy", set("https", "sslPolicy", "ELBSecurityPolicy-TLS13-1-2-Ext1-2021-06")),
	}
}

// protectedBalancer can't be deleted.
func protectedBalancer() Group {
	group := loadBalancer()
	group.Find("lb").Props["enableDeletionProtection"] = true
	return group
}
