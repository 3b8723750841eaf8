package rules

import (
	"fmt"
	"slices"
	"strings"
)

const fileSystemType = "aws:efs/fileSystem:FileSystem"

// standing holds rules about what goes on when something fails: a zone, a
// disk, a person who looks the other way.
func standing() []Rule {
	return []Rule{
		{
			Name: "spread-over-zones", Family: Completeness,
			Description: "In protected stacks, databases, caches, file systems, load balancers, endpoints and services are in more than one zone.",
			Why:         "a zone that fails takes everything along that is in that zone alone.",
			Fix: "set multiAz (RDS), multiAzEnabled and automaticFailoverEnabled (ElastiCache), leave availabilityZoneName out (EFS), and name subnets in two zones. " +
				"Which stacks are protected is the pack's protectedStacks setting.",
			On: each(
				on(inProtected(func(res resource, r report) { r.needTrue(res, "multiAz") }), "aws:rds/instance:Instance"),
				on(failingOver, "aws:elasticache/replicationGroup:ReplicationGroup"),
				on(inProtected(func(res resource, r report) {
					if zone := res.get("availabilityZoneName"); isSet(zone) {
						r.fault("availabilityZoneName is set: the file system is in one zone.")
					}
				}), fileSystemType),
				onSpread("subnets", "subnetMappings", "aws:lb/loadBalancer:LoadBalancer", "aws:alb/loadBalancer:LoadBalancer"),
				onSpread("networkConfiguration.subnets", "", "aws:ecs/service:Service"),
				on(inProtected(func(res resource, r report) {
					// Where others offer their service is not the stack's to say.
					if knownText(res.get("vpcEndpointType")) == "Interface" && !privateLink(res) {
						spread(res, "subnetIds", "", r)
					}
				}), endpointType),
			),
		},
		{
			Name: "file-system-backups", Family: Completeness,
			Description: "In protected stacks, EFS file systems are backed up.",
			Why:         "what is deleted on a file system is gone: EFS keeps no versions.",
			Fix:         "declare aws:efs/backupPolicy:BackupPolicy for the file system, with backupPolicy.status ENABLED.",
			Stack: func(s *stack, r report) {
				if !r.protected() {
					return
				}
				kept := map[*resource]bool{}
				for _, backup := range s.of("aws:efs/backupPolicy:BackupPolicy") {
					if knownText(backup.get("backupPolicy.status")) != "ENABLED" {
						continue
					}
					for _, files := range s.refers(backup, "fileSystemId", fileSystemType) {
						kept[files] = true
					}
				}
				for _, files := range s.of(fileSystemType) {
					if !kept[files] {
						r.at(files.URN).fault("backups of the file system are not switched on in this stack.")
					}
				}
			},
		},
		{
			Name: "database-events-told", Family: Completeness,
			Description: "In protected stacks, somebody is told what happens to databases.",
			Why:         "a failover, a full disk or a failing backup is in RDS's events, and nobody reads those.",
			Fix:         "declare aws:rds/eventSubscription:EventSubscription, or aws:cloudwatch/eventRule:EventRule for events whose source is aws.rds.",
			Stack:       databaseEventsTold,
		},
		{
			Name: "alarm-tells-somebody", Family: Completeness,
			Description: "Alarms do something when they go off.",
			Why:         "an alarm without an action changes its colour, and nobody sees it.",
			Fix:         "set alarmActions to a topic or a scaling policy (a composite alarm may stand for others), and leave actionsEnabled out.",
			Stack:       alarmsTell,
		},
		{
			Name: "read-only-root", Family: Completeness,
			Description: "Containers of services without ECS Exec can't change their own files.",
			Why:         "whoever breaks into a container whose root can be written leaves programs there, and changes those that run.",
			Fix:         "set readonlyRootFilesystem to true in the container's definition, and mount a volume where it must write. ECS Exec doesn't work without a root that can be written.",
			Stack:       readOnlyRoots,
		},
		{
			Name: "fargate-current", Family: Completeness,
			Description: "Tasks run on a current platform of Fargate, and all of a service on the image that its first one had.",
			Why:         "older platforms get no fixes any more; and without consistent versions, a tag that moved puts another image into a running service.",
			Fix:         "set platformVersion to 1.4.0 or LATEST, or leave it out; leave versionConsistency out, or set it to enabled.",
			On: each(
				on(platformOf("platformVersion"), "aws:ecs/service:Service", "aws:ecs/taskSet:TaskSet"),
				on(platformOf("target.ecsParameters.platformVersion"), "aws:scheduler/schedule:Schedule"),
				on(platformOf("ecsTarget.platformVersion"), "aws:cloudwatch/eventTarget:EventTarget"),
				on(consistent, taskDefinitionType),
			),
		},
	}
}

// inProtected asks in protected stacks alone.
func inProtected(c check) check {
	return func(res resource, r report) {
		if r.protected() {
			c(res, r)
		}
	}
}

func failingOver(res resource, r report) {
	if r.protected() {
		r.needTrue(res, "automaticFailoverEnabled")
		r.needTrue(res, "multiAzEnabled")
	}
}

// onSpread wants two subnets, each of which may be of another zone.
func onSpread(path, or string, types ...string) map[string]check {
	return on(inProtected(func(res resource, r report) { spread(res, path, or, r) }), types...)
}

func spread(res resource, path, or string, r report) {
	for _, place := range []string{path, or} {
		if place == "" {
			continue
		}
		if list, state := items(res.get(place)); state == unknown || len(list) > 1 {
			return
		}
	}
	r.fault("%s names fewer than two subnets.", path)
}

func databaseEventsTold(s *stack, r report) {
	told := len(s.of("aws:rds/eventSubscription:EventSubscription")) > 0 || slices.ContainsFunc(s.of("aws:cloudwatch/eventRule:EventRule"), func(rule *resource) bool {
		return strings.Contains(knownText(rule.get("eventPattern")), `"aws.rds"`)
	})
	if told || !r.protected() {
		return
	}
	for _, database := range s.of("aws:rds/instance:Instance", "aws:rds/cluster:Cluster") {
		r.at(database.URN).fault("nobody is told of the database's events in this stack.")
	}
}

func alarmsTell(s *stack, r report) {
	const composite = "aws:cloudwatch/compositeAlarm:CompositeAlarm"
	var stoodFor strings.Builder
	deps := map[string]bool{}
	for _, alarm := range s.of(composite) {
		stoodFor.WriteString(knownText(alarm.get("alarmRule")) + "\n")
		for _, urn := range alarm.deps["alarmRule"] {
			deps[urn] = true
		}
	}
	for _, alarm := range s.of("aws:cloudwatch/metricAlarm:MetricAlarm", composite) {
		if on, state := truth(alarm.get("actionsEnabled")); state == known && !on {
			r.at(alarm.URN).fault("actionsEnabled is false.")
			continue
		}
		name := fmt.Sprint(knownText(alarm.get("name")), knownText(alarm.get("alarmName")))
		child := deps[alarm.URN] || name != "" && strings.Contains(stoodFor.String(), name)
		if !child && !isSet(alarm.get("alarmActions")) {
			r.at(alarm.URN).fault("alarmActions is not set.")
		}
	}
}

func readOnlyRoots(s *stack, r report) {
	asked := map[*resource]bool{}
	for _, service := range s.of("aws:ecs/service:Service") {
		if exec, state := truth(service.get("enableExecuteCommand")); exec || state == unknown {
			continue
		}
		for _, task := range s.refers(service, "taskDefinition", taskDefinitionType) {
			if asked[task] {
				continue
			}
			asked[task] = true
			// no-plaintext-secret reports a definition that can't be read.
			list, _, _ := parseContainers(*task)
			for _, c := range list {
				if !c.ReadonlyRootFilesystem {
					r.at(task.URN).fault("container %s may write to its root, and service %s has no ECS Exec that would need that.", c.Name, service.Name)
				}
			}
		}
	}
}

// platformOf refuses platforms before 1.4.0.
func platformOf(path string) check {
	return func(res resource, r report) {
		if version := knownText(res.get(path)); slices.Contains([]string{"1.0.0", "1.1.0", "1.2.0", "1.3.0"}, version) {
			r.fault("%s is %s.", path, version)
		}
	}
}

// consistent reads definitions that are known; no-plaintext-secret reports the others.
func consistent(res resource, r report) {
	list, _, _ := parseContainers(res)
	for _, c := range list {
		if strings.EqualFold(c.VersionConsistency, "disabled") {
			r.fault("container %s has versionConsistency disabled.", c.Name)
		}
	}
}

// backupDays are those that a protected stack's databases keep at least.
const backupDays = 7

func enoughBackups(res resource, r report) {
	if isSet(res.get("replicateSourceDb")) {
		return
	}
	switch days, state := number(res.get("backupRetentionPeriod")); {
	case state == unknown:
		r.unseen("backupRetentionPeriod")
	case state == absent || days < 1:
		r.fault("backupRetentionPeriod is not set, or 0.")
	case r.protected() && days < backupDays:
		r.fault("backupRetentionPeriod is %v, and a protected stack keeps %d days.", days, backupDays)
	}
}
