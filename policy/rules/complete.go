package rules

import (
	"fmt"
	"slices"
	"strings"
)

const endpointType = "aws:ec2/vpcEndpoint:VpcEndpoint"

func completeness() []Rule {
	return []Rule{
		{
			Name: "endpoints-present", Family: Completeness,
			Description: "A VPC with ECS services has an endpoint for every AWS service that they need.",
			Why:         "without a way out, what has no endpoint cannot be reached: tasks stop at their image, their secrets or their first call.",
			Fix:         "declare the endpoint (S3 as Gateway, the others as Interface), or set the pack's endpoints setting to what this stack uses.",
			Stack:       endpointsPresent,
		},
		{
			Name: "endpoint-private-dns", Family: Completeness,
			Description: "Interface endpoints answer for the service's own name.",
			Why:         "SDKs call the public name; without private DNS that name leads to the internet, where there is no way to.",
			Fix:         "set privateDnsEnabled to true, or say in the tag Why whose names are used instead.",
			On: on(func(res resource, r report) {
				switch kind, state := text(res.get("vpcEndpointType")); {
				case state == unknown:
					r.unseen("vpcEndpointType")
				case kind == "Interface" && !namedApart(res):
					r.needTrue(res, "privateDnsEnabled")
				}
			}, endpointType),
		},
		{
			Name: "log-retention", Family: Completeness,
			Description: "Log groups end what they keep.",
			Why:         "without retention, logs are kept, and paid for, for ever.",
			Fix:         "set retentionInDays to a value that CloudWatch takes, such as 30.",
			On: on(func(res resource, r report) {
				switch days, state := number(res.get("retentionInDays")); {
				case state == unknown:
					r.unseen("retentionInDays")
				case state == absent || days <= 0:
					r.fault("retentionInDays is not set.")
				}
			}, "aws:cloudwatch/logGroup:LogGroup"),
		},
		{
			Name: "service-rolls-back", Family: Completeness,
			Description: "ECS services stop a failing deployment and go back.",
			Why:         "without the circuit breaker, ECS starts a broken task again and again, while the old ones are gone.",
			Fix:         "set deploymentCircuitBreaker.enable and .rollback to true.",
			On: on(func(res resource, r report) {
				if kind := knownText(res.get("deploymentController.type")); kind != "" && kind != "ECS" {
					return
				}
				if r.needTrue(res, "deploymentCircuitBreaker.enable") {
					r.needTrue(res, "deploymentCircuitBreaker.rollback")
				}
			}, "aws:ecs/service:Service"),
		},
		{
			Name: "database-backups", Family: Completeness,
			Description: "Databases keep backups.",
			Why:         "with a retention of 0, nothing brings back what an upgrade or a person deleted.",
			Fix:         "set backupRetentionPeriod to 1 or more days, in protected stacks to 7 or more (snapshotRetentionLimit for ElastiCache is up to you: queues need none).",
			On:          on(enoughBackups, "aws:rds/instance:Instance", "aws:rds/cluster:Cluster", "aws:docdb/cluster:Cluster", "aws:neptune/cluster:Cluster"),
		},
		{
			Name: "deletion-protection", Family: Completeness,
			Description: "In protected stacks, databases, load balancers, buckets, image repositories and secrets can't be deleted by one command.",
			Why:         "a replacement or a destroy on the wrong stack is the end of the data.",
			Fix: "set deletion protection to true; set skipFinalSnapshot, forceDestroy and forceDelete to false, and recoveryWindowInDays to 7 or more. " +
				"Which stacks are protected is the pack's protectedStacks setting.",
			On: each(
				onProtected("deletionProtection", "aws:rds/instance:Instance", "aws:rds/cluster:Cluster", "aws:docdb/cluster:Cluster", "aws:neptune/cluster:Cluster",
					"aws:rds/globalCluster:GlobalCluster", "aws:docdb/globalCluster:GlobalCluster", "aws:neptune/globalCluster:GlobalCluster", "aws:neptunegraph/graph:Graph"),
				onProtected("deletionProtectionEnabled", "aws:dynamodb/table:Table"),
				onProtected("enableDeletionProtection", "aws:lb/loadBalancer:LoadBalancer", "aws:alb/loadBalancer:LoadBalancer"),
				keptInProtected(),
			),
		},
		{
			Name: "in-own-subnets", Family: Completeness,
			Description: "Databases, caches, load balancers and tasks say which subnets they are in.",
			Why:         "what names no subnets lands in the account's default VPC, whose subnets are public.",
			Fix:         "name private subnets, or a subnet group of them.",
			On: each(
				onPlaced("dbSubnetGroupName", "aws:rds/instance:Instance", "aws:rds/cluster:Cluster", "aws:docdb/cluster:Cluster"),
				onPlaced("subnetGroupName", "aws:elasticache/replicationGroup:ReplicationGroup", "aws:memorydb/cluster:Cluster", "aws:dax/cluster:Cluster"),
				onPlaced("neptuneSubnetGroupName", "aws:neptune/cluster:Cluster"),
				onPlaced("clusterSubnetGroupName", "aws:redshift/cluster:Cluster"),
				onPlaced("replicationSubnetGroupId", "aws:dms/replicationInstance:ReplicationInstance"),
				onPlaced("networkConfiguration.subnets", "aws:ecs/service:Service", "aws:ecs/taskSet:TaskSet"),
				onPlaced("subnetIds", "aws:elasticache/serverlessCache:ServerlessCache", "aws:mq/broker:Broker", "aws:docdb/elasticCluster:ElasticCluster",
					"aws:redshiftserverless/workgroup:Workgroup"),
				onPlaced("subnetId", "aws:sagemaker/notebookInstance:NotebookInstance"),
				onPlaced("ec2Attributes.subnetId", "aws:emr/cluster:Cluster"),
				onPlaced("vpcZoneIdentifiers", "aws:autoscaling/group:Group"),
				on(placedOr("subnetId", "networkInterfaces", "primaryNetworkInterface", "launchTemplate"), "aws:ec2/instance:Instance"),
				on(placedOr("subnetGroupName", "replicationGroupId"), "aws:elasticache/cluster:Cluster"),
				on(placedOr("subnets", "subnetMappings"), loadBalancerTypes...),
			),
		},
		{
			Name: "in-private-subnets", Family: Completeness,
			Description: "Databases, caches, mount targets, load balancers and tasks are in private subnets.",
			Why:         "a subnet with a route to a gateway puts one security-group mistake between its members and the internet.",
			Fix:         "name subnets without public addresses, and without a route to an internet or NAT gateway.",
			Stack:       inPrivateSubnets,
		},
	}
}

// namedApart tells endpoints whose own names are used: of services of others,
// which may have none, of DynamoDB, whose name is its gateway's, and those that
// say why.
func namedApart(res resource) bool {
	return privateLink(res) || shortService(knownText(res.get("serviceName"))) == "dynamodb" || knownText(res.get("tags.Why")) != ""
}

// endpointsPresent is about stacks that make both the VPC and the services: of
// a VPC that another stack makes, this one can't see the endpoints.
func endpointsPresent(s *stack, r report) {
	services := s.of("aws:ecs/service:Service")
	vpcs := s.of("aws:ec2/vpc:Vpc")
	if len(services) == 0 || len(vpcs) == 0 {
		return
	}
	required := slices.Clone(r.settings.Endpoints)
	for _, service := range services {
		if exec, state := truth(service.get("enableExecuteCommand")); (exec || state == unknown) && !slices.Contains(required, "ssmmessages") {
			required = append(required, "ssmmessages")
		}
	}
	present := map[string]string{}
	for _, endpoint := range s.of(endpointType) {
		name, state := text(endpoint.get("serviceName"))
		if state == unknown {
			r.at(endpoint.URN).unseen("serviceName")
			continue
		}
		kind := knownText(endpoint.get("vpcEndpointType"))
		if kind == "" {
			kind = "Gateway"
		}
		present[shortService(name)] += kind
	}
	for _, service := range required {
		kind := "Interface"
		if service == "s3" || service == "dynamodb" {
			kind = "Gateway"
		}
		if !strings.Contains(present[service], kind) {
			r.at(vpcs[0].URN).fault("there is no %s endpoint for %s.", kind, service)
		}
	}
}

// shortService turns com.amazonaws.us-east-1.ecr.api into ecr.api.
func shortService(name string) string {
	parts := strings.SplitN(name, ".", 4)
	if len(parts) == 4 && parts[1] == "amazonaws" {
		return parts[3]
	}
	return name
}

// protected reports whether the stack is one of those that must stay.
func (r report) protected() bool {
	return slices.ContainsFunc(r.settings.ProtectedStacks, func(pattern string) bool { return matches(pattern, r.stack) })
}

// onProtected wants a flag in the stacks that are protected.
func onProtected(path string, types ...string) map[string]check {
	return on(func(res resource, r report) {
		if !r.protected() {
			return
		}
		r.needTrue(res, path)
		if isSet(res.get("skipFinalSnapshot")) {
			r.needNotTrue(res.properties(), "skipFinalSnapshot")
		}
	}, types...)
}

func onPlaced(path string, types ...string) map[string]check {
	return on(func(res resource, r report) {
		if !isSet(res.get(path)) && !replicaOfRegion(res) {
			r.fault("%s is not set.", path)
		}
	}, types...)
}

// placedOr wants one of several properties to say where.
func placedOr(paths ...string) check {
	return func(res resource, r report) {
		if !slices.ContainsFunc(paths, func(path string) bool { return isSet(res.get(path)) }) {
			r.fault("neither %s is set.", strings.Join(paths, " nor "))
		}
	}
}

// placements says by which property resource types, and the groups that they
// use, name subnets.
var placements = map[string]string{
	"aws:rds/subnetGroup:SubnetGroup":                       "subnetIds",
	"aws:docdb/subnetGroup:SubnetGroup":                     "subnetIds",
	"aws:elasticache/subnetGroup:SubnetGroup":               "subnetIds",
	"aws:memorydb/subnetGroup:SubnetGroup":                  "subnetIds",
	"aws:efs/mountTarget:MountTarget":                       "subnetId",
	"aws:ecs/service:Service":                               "networkConfiguration.subnets",
	"aws:ecs/taskSet:TaskSet":                               "networkConfiguration.subnets",
	"aws:lb/loadBalancer:LoadBalancer":                      "subnets",
	"aws:alb/loadBalancer:LoadBalancer":                     "subnets",
	"aws:lambda/function:Function":                          "vpcConfig.subnetIds",
	"aws:neptune/subnetGroup:SubnetGroup":                   "subnetIds",
	"aws:redshift/subnetGroup:SubnetGroup":                  "subnetIds",
	"aws:dax/subnetGroup:SubnetGroup":                       "subnetIds",
	"aws:dms/replicationSubnetGroup:ReplicationSubnetGroup": "subnetIds",
	"aws:elb/loadBalancer:LoadBalancer":                     "subnets",
	"aws:ec2/instance:Instance":                             "subnetId",
	"aws:ec2/networkInterface:NetworkInterface":             "subnetId",
	"aws:ec2/vpcEndpoint:VpcEndpoint":                       "subnetIds",
	"aws:autoscaling/group:Group":                           "vpcZoneIdentifiers",
	"aws:eks/cluster:Cluster":                               "vpcConfig.subnetIds",
	"aws:eks/nodeGroup:NodeGroup":                           "subnetIds",
	"aws:eks/fargateProfile:FargateProfile":                 "subnetIds",
	"aws:msk/cluster:Cluster":                               "brokerNodeGroupInfo.clientSubnets",
	"aws:mq/broker:Broker":                                  "subnetIds",
	"aws:opensearch/domain:Domain":                          "vpcOptions.subnetIds",
	"aws:elasticsearch/domain:Domain":                       "vpcOptions.subnetIds",
	"aws:elasticache/serverlessCache:ServerlessCache":       "subnetIds",
	"aws:docdb/elasticCluster:ElasticCluster":               "subnetIds",
	"aws:redshiftserverless/workgroup:Workgroup":            "subnetIds",
	"aws:mwaa/environment:Environment":                      "networkConfiguration.subnetIds",
	"aws:sagemaker/notebookInstance:NotebookInstance":       "subnetId",
	"aws:sagemaker/domain:Domain":                           "subnetIds",
	"aws:emr/cluster:Cluster":                               "ec2Attributes.subnetId",
	"aws:batch/computeEnvironment:ComputeEnvironment":       "computeResources.subnets",
	"aws:codebuild/project:Project":                         "vpcConfig.subnets",
	"aws:transfer/server:Server":                            "endpointDetails.subnetIds",
	"aws:fsx/lustreFileSystem:LustreFileSystem":             "subnetIds",
	"aws:fsx/ontapFileSystem:OntapFileSystem":               "subnetIds",
	"aws:fsx/openZfsFileSystem:OpenZfsFileSystem":           "subnetIds",
	"aws:fsx/windowsFileSystem:WindowsFileSystem":           "subnetIds",
	"aws:scheduler/schedule:Schedule":                       "target.ecsParameters.networkConfiguration.subnets",
	"aws:cloudwatch/eventTarget:EventTarget":                "ecsTarget.networkConfiguration.subnets",
}

func inPrivateSubnets(s *stack, r report) {
	public := s.publicSubnets()
	for t, path := range placements {
		for _, res := range s.of(t) {
			for _, subnet := range s.refers(res, path, "aws:ec2/subnet:Subnet") {
				if why := public[subnet]; why != "" {
					r.at(res.URN).fault("it is in the subnet %s, which is public: %s.", subnet.Name, why)
				}
			}
		}
	}
}

// publicSubnets finds subnets that give public addresses, or whose route table
// has a route to an internet or NAT gateway, and says why.
func (s *stack) publicSubnets() map[*resource]string {
	public := map[*resource]string{}
	for _, subnet := range s.of("aws:ec2/subnet:Subnet") {
		if onLaunch, _ := truth(subnet.get("mapPublicIpOnLaunch")); onLaunch {
			public[subnet] = "mapPublicIpOnLaunch is true"
		}
	}
	outward := s.outwardTables()
	for _, association := range s.of("aws:ec2/routeTableAssociation:RouteTableAssociation") {
		for _, table := range s.refers(association, "routeTableId", "aws:ec2/routeTable:RouteTable", "aws:ec2/defaultRouteTable:DefaultRouteTable") {
			if outward[table] == "" {
				continue
			}
			for _, subnet := range s.refers(association, "subnetId", "aws:ec2/subnet:Subnet") {
				public[subnet] = outward[table]
			}
		}
	}
	return public
}

func (s *stack) outwardTables() map[*resource]string {
	outward := map[*resource]string{}
	tables := []string{"aws:ec2/routeTable:RouteTable", "aws:ec2/defaultRouteTable:DefaultRouteTable"}
	gateways := map[string][]string{
		"gatewayId": {"aws:ec2/internetGateway:InternetGateway"}, "natGatewayId": {"aws:ec2/natGateway:NatGateway"},
	}
	for path, types := range gateways {
		for _, route := range s.of("aws:ec2/route:Route") {
			value := knownText(route.get(path))
			if len(s.refers(route, path, types...)) == 0 && !strings.HasPrefix(value, "igw-") && !strings.HasPrefix(value, "nat-") {
				continue
			}
			for _, table := range s.refers(route, "routeTableId", tables...) {
				outward[table] = fmt.Sprintf("the route %s leads to a gateway", route.Name)
			}
		}
	}
	for _, table := range s.of(tables...) {
		for _, gateway := range s.refers(table, "routes", "aws:ec2/internetGateway:InternetGateway", "aws:ec2/natGateway:NatGateway") {
			outward[table] = fmt.Sprintf("a route leads to the gateway %s", gateway.Name)
		}
	}
	return outward
}
