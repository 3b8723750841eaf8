package rules

import (
	"fmt"
	"strconv"
	"strings"
)

const (
	accessPointType = "aws:efs/accessPoint:AccessPoint"
	clusterType     = "aws:ecs/cluster:Cluster"
	flowLogType     = "aws:ec2/flowLog:FlowLog"
	repositoryType  = "aws:ecr/repository:Repository"
	vpcType         = "aws:ec2/vpc:Vpc"
)

// guards holds rules about switches that no other family asks for: each stops
// one way of getting further, or keeps a record of it.
func guards() []Rule {
	return []Rule{
		{
			Name: "load-balancer-strict-http", Family: OpenDoors,
			Description: "Load balancers drop requests that are malformed.",
			Why:         "a request that the load balancer and the service behind it read differently smuggles a second one past the first.",
			Fix:         "set dropInvalidHeaderFields to true, and desyncMitigationMode to defensive or strictest.",
			On:          on(strictHTTP, "aws:lb/loadBalancer:LoadBalancer", "aws:alb/loadBalancer:LoadBalancer"),
		},
		{
			Name: "access-point-bound", Family: Identity,
			Description: "EFS access points bind their clients to a user and a folder.",
			Why:         "without them a client chooses its user, root among them, and sees all of the file system.",
			Fix:         "set posixUser with a uid other than 0, and rootDirectory.path to a folder.",
			On:          on(boundAccessPoint, accessPointType),
		},
		{
			Name: "flow-log-declared", Family: Completeness,
			Description: "Every VPC has a flow log.",
			Why:         "without one nobody can say who talked to whom, nor what was refused.",
			Fix:         "declare " + flowLogType + " for the VPC.",
			Stack:       companion([]string{vpcType}, "vpcId", "flow log", flowLogType),
		},
		{
			Name: "access-logged", Family: Completeness,
			Description: "Load balancers and databases keep logs of who asked what.",
			Why:         "without them a break-in can be neither noticed nor followed.",
			Fix:         "set accessLogs with a bucket and enabled (load balancer), enabledCloudwatchLogsExports, or what the type calls its logs (database, domain, cluster, stage).",
			On: each(
				on(func(res resource, r report) { r.needTrue(res, "accessLogs.enabled") }, "aws:lb/loadBalancer:LoadBalancer", "aws:alb/loadBalancer:LoadBalancer"),
				on(classicLogs, "aws:elb/loadBalancer:LoadBalancer"),
				onPlaced("enabledCloudwatchLogsExports", "aws:rds/instance:Instance", "aws:rds/cluster:Cluster", "aws:docdb/cluster:Cluster"),
				onPlaced("enableCloudwatchLogsExports", "aws:neptune/cluster:Cluster"),
				onPlaced("logPublishingOptions", "aws:opensearch/domain:Domain", "aws:elasticsearch/domain:Domain"),
				onPlaced("enabledClusterLogTypes", "aws:eks/cluster:Cluster"),
				onPlaced("accessLogSettings", "aws:apigateway/stage:Stage", "aws:apigatewayv2/stage:Stage"),
				onPlaced("logExports", "aws:redshiftserverless/namespace:Namespace"),
			),
		},
		recorders(),
		{
			Name: "warehouse-logged", Family: Completeness,
			Description: "Every Redshift cluster keeps a log of who asked what.",
			Why:         "without it a break-in can be neither noticed nor followed.",
			Fix:         "declare aws:redshift/logging:Logging for the cluster.",
			Stack:       warehouseLogged,
		},
		{
			Name: "exec-logged", Family: Completeness,
			Description: "Sessions of ECS Exec are recorded, and encrypted under a key of one's own.",
			Why:         "a shell in a running task is the widest permission there is; what was typed must be found afterwards.",
			Fix: "give the cluster configuration.executeCommandConfiguration with kmsKeyId, logging OVERRIDE, and a logConfiguration with " +
				"cloudWatchEncryptionEnabled (or s3BucketEncryptionEnabled); or set the services' enableExecuteCommand to false.",
			Stack: execLogged,
		},
		{
			Name: "repository-guarded", Family: Completeness,
			Description: "Image tags can't be moved.",
			Why:         "a tag that moves replaces what was tested with what wasn't.",
			Fix:         "set imageTagMutability to IMMUTABLE.",
			On: on(func(res resource, r report) {
				switch value, state := text(res.get("imageTagMutability")); {
				case state == unknown:
					r.unseen("imageTagMutability")
				case value != "IMMUTABLE":
					r.fault("imageTagMutability is %q, not IMMUTABLE.", value)
				}
			}, repositoryType),
		},
		{
			Name: "repository-scanned", Family: Completeness,
			Description: "Images are scanned when they come in.",
			Why:         "a scan tells of known holes.",
			Fix:         "set imageScanningConfiguration.scanOnPush to true, or declare " + registryScanType + " with a rule for all repositories.",
			Stack:       repositoriesScanned,
		},
	}
}

const registryScanType = "aws:ecr/registryScanningConfiguration:RegistryScanningConfiguration"

// repositoriesScanned takes the registry's own scanning for each repository's.
func repositoriesScanned(s *stack, r report) {
	for _, registry := range s.of(registryScanType) {
		if isSet(registry.get("rules")) || knownText(registry.get("scanType")) == "ENHANCED" {
			return
		}
	}
	for _, repository := range s.of(repositoryType) {
		r.at(repository.URN).needTrue(*repository, "imageScanningConfiguration.scanOnPush")
	}
}

// classicLogs is on as soon as there is a bucket, unless it is switched off.
func classicLogs(res resource, r report) {
	if !isSet(res.get("accessLogs.bucket")) {
		r.fault("accessLogs is not set.")
		return
	}
	if on, state := truth(res.get("accessLogs.enabled")); state == known && !on {
		r.fault("accessLogs.enabled is false.")
	}
}

// strictHTTP is about application load balancers; the others don't read HTTP.
func strictHTTP(res resource, r report) {
	switch kind, state := text(res.get("loadBalancerType")); {
	case state == unknown:
		r.unseen("loadBalancerType")
		return
	case kind != "" && kind != "application":
		return
	}
	r.needTrue(res, "dropInvalidHeaderFields")
	switch mode, state := text(res.get("desyncMitigationMode")); {
	case state == unknown:
		r.unseen("desyncMitigationMode")
	case mode == "monitor":
		r.fault("desyncMitigationMode is monitor.")
	}
}

func boundAccessPoint(res resource, r report) {
	switch user, state := text(res.get("posixUser.uid")); {
	case state == unknown:
		r.unseen("posixUser.uid")
	case state == absent:
		r.fault("posixUser is not set.")
	case user == "0":
		r.fault("posixUser.uid is 0: root.")
	}
	switch path, state := text(res.get("rootDirectory.path")); {
	case state == unknown:
		r.unseen("rootDirectory.path")
	case strings.Trim(path, "/") == "":
		r.fault("rootDirectory.path is not set, or is all of the file system.")
	}
}

// execLogged looks at clusters in which a service of the stack lets people in.
func execLogged(s *stack, r report) {
	asked := map[*resource]bool{}
	for _, service := range s.of("aws:ecs/service:Service") {
		if exec, state := truth(service.get("enableExecuteCommand")); !exec && state != unknown {
			continue
		}
		for _, cluster := range s.refers(service, "cluster", clusterType) {
			if !asked[cluster] {
				asked[cluster] = true
				recordsSessions(cluster, r.at(cluster.URN))
			}
		}
	}
}

// warehouseLogged is about Redshift, whose log is declared with the cluster or beside it.
func warehouseLogged(s *stack, r report) {
	for _, cluster := range s.of("aws:redshift/cluster:Cluster") {
		inline, _ := truth(cluster.get("logging.enable"))
		if !inline && !s.hasCompanion(cluster, "clusterIdentifier", "aws:redshift/logging:Logging") {
			r.at(cluster.URN).fault("logging of the cluster is not declared in this stack.")
		}
	}
}

func recordsSessions(cluster *resource, r report) {
	const path = "configuration.executeCommandConfiguration"
	r.needKey(cluster.properties(), path+".kmsKeyId")
	switch logging, state := text(cluster.get(path + ".logging")); {
	case state == unknown:
		r.unseen(path + ".logging")
		return
	case logging != "OVERRIDE":
		r.fault("%s.logging is %q, not OVERRIDE.", path, logging)
		return
	}
	for _, flag := range []string{"cloudWatchEncryptionEnabled", "s3BucketEncryptionEnabled"} {
		switch on, state := truth(cluster.get(path + ".logConfiguration." + flag)); {
		case state == unknown:
			r.unseen(flag)
			return
		case on:
			return
		}
	}
	r.fault("%s.logConfiguration encrypts nothing.", path)
}

// ownedObjects wants ACLs switched off, wherever ownership is declared.
func ownedObjects(res resource, r report) {
	switch owner, state := text(res.get("rule.objectOwnership")); {
	case state == unknown:
		r.unseen("rule.objectOwnership")
	case owner != "BucketOwnerEnforced":
		r.fault("rule.objectOwnership is %q, which brings ACLs back.", owner)
	}
}

// keptInProtected refuses, in protected stacks, what deletes data together
// with the resource that holds it.
func keptInProtected() map[string]check {
	never := func(path string) check {
		return func(res resource, r report) {
			if r.protected() {
				r.needNotTrue(res.properties(), path)
			}
		}
	}
	return each(
		on(never("forceDestroy"), bucketTypes...),
		on(never("forceDelete"), repositoryType),
		on(func(res resource, r report) {
			if days, state := number(res.get("recoveryWindowInDays")); r.protected() && state == known && days == 0 {
				r.fault("recoveryWindowInDays is 0, which deletes at once.")
			}
		}, "aws:secretsmanager/secret:Secret"),
	)
}

// publicZone refuses a hosted zone that no VPC is associated with.
func publicZone(res resource, r report) {
	vpcs := res.get("vpcs")
	if !isSet(vpcs) {
		r.fault("vpcs is not set, so the zone is public and tells everybody the names in it.")
	}
}

// rootUser refuses containers that run as root, or as whoever their image says.
func rootUser(c container, r report) {
	user, _, _ := strings.Cut(c.User, ":")
	number, err := strconv.Atoi(user)
	switch {
	case user == "":
		r.fault("container %s names no user, and an image's default is root.", c.Name)
	case user == "root", err == nil && number == 0:
		r.fault("container %s runs as root.", c.Name)
	}
}

// sourceless are services that say nothing of whom they act for.
var sourceless = map[string]bool{"ec2.amazonaws.com": true}

// publishes says that a statement is about messages to topics or queues and
// their encryption alone: there EventBridge says nothing of whom it acts for
// (EventBridge user guide, "Amazon SNS permissions"; SNS developer guide,
// "Enable compatibility between event sources from AWS services and encrypted
// topics").
func (s statement) publishes() bool {
	for _, action := range s.Action {
		if action != "sns:Publish" && !strings.HasPrefix(action, "kms:") {
			return false
		}
	}
	return len(s.Action) > 0
}

// scopedServices wants statements for services of AWS to say for whose
// resources: else another customer can send the service (a confused deputy).
func scopedServices(s statement, name string, r report) {
	narrow, doubts := s.narrowing(sourceKeys)
	if !s.allows() || narrow {
		return
	}
	for _, service := range s.Principal["Service"] {
		if !sourceless[service] && (service != "events.amazonaws.com" || !s.publishes()) {
			r.fault("%s admits %s whomever it acts for%s.", name, service, doubts)
		}
	}
}

// scopedFunction asks the same of a function's permission.
func scopedFunction(res resource, r report) {
	service := knownText(res.get("principal"))
	if !strings.Contains(service, ".amazonaws.com") {
		return
	}
	if narrow, doubts := sourced(res); !narrow {
		r.faultFix(fmt.Sprintf("it admits %s whomever it acts for%s.", service, doubts), "set sourceArn, or sourceAccount.")
	}
}

// onResourcePolicies asks about each statement of resource and trust policies
// that can be read; no-open-principal reports those that can't.
func onResourcePolicies(c func(s statement, name string, r report), except ...string) map[string]check {
	checks := make(map[string]check, len(resourcePolicies))
	for t, path := range resourcePolicies {
		checks[t] = func(res resource, r report) {
			d, state, err := parseDocument(res.get(path))
			if state != known || err != nil {
				return
			}
			for i, s := range d.Statement {
				c(s, s.name(i), r)
			}
		}
	}
	for _, t := range except {
		delete(checks, t)
	}
	return checks
}

// keyPolicies are written with wildcards in AWS's own examples
// (kms:GenerateDataKey*), and for the key that they are on only.
var keyPolicies = []string{
	"aws:kms/key:Key", "aws:kms/keyPolicy:KeyPolicy", "aws:kms/replicaKey:ReplicaKey", "aws:kms/externalKey:ExternalKey",
	"aws:kms/replicaExternalKey:ReplicaExternalKey",
}

func allowedActions(s statement, name string, r report) {
	if s.allows() {
		namedActions(s, name, r)
	}
}
