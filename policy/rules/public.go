package rules

import (
	"slices"
	"strings"
)

// publicEntry is about doors other than load balancers.
func publicEntry() Rule {
	return Rule{
		Name: "no-public-entry", Family: NoWayOut,
		Description: "No front door but internal load balancers.",
		Why:         "it gives the internet a way in that no security group guards.",
		Fix:         "delete it or make it private; users come in through the internal load balancer.",
		On: each(
			on(exists("a global accelerator"), "aws:globalaccelerator/accelerator:Accelerator", "aws:globalaccelerator/customRoutingAccelerator:CustomRoutingAccelerator"),
			on(exists("a CloudFront distribution"), "aws:cloudfront/distribution:Distribution"),
			on(exists("a public API (API Gateway v2 has no private ones)"), "aws:apigatewayv2/api:Api"),
			on(privateAPI, "aws:apigateway/restApi:RestApi"),
			on(authenticatedURL, "aws:lambda/functionUrl:FunctionUrl"),
			on(privateAppRunner, "aws:apprunner/service:Service"),
			on(publicZone, "aws:route53/zone:Zone"),
			publicServices(),
			on(openNodes, "aws:eks/nodeGroup:NodeGroup"),
			on(beanstalk, "aws:elasticbeanstalk/environment:Environment", "aws:elasticbeanstalk/configurationTemplate:ConfigurationTemplate"),
			on(websiteInline, bucketTypes...),
			on(grafanaEntry, "aws:grafana/workspace:Workspace"),
			on(strangers, "aws:cognito/userPool:UserPool"),
		),
		Any: anyEntry,
	}
}

// insideVPC are the types that run outside of it unless they are told where.
func insideVPC() map[string]check {
	placed := func(path string) check {
		return func(res resource, r report) {
			if !isSet(res.get(path)) {
				r.fault("%s is not set.", path)
			}
		}
	}
	return each(
		on(placed("vpcConfig.subnetIds"), functionType, "aws:synthetics/canary:Canary"),
		on(placed("connections"), "aws:glue/job:Job"),
		on(func(res resource, r report) {
			if !isSet(res.get("environment.fleet.fleetArn")) {
				placed("vpcConfig.subnets")(res, r)
			}
		}, "aws:codebuild/project:Project"),
		on(placed("vpcConfigs"), "aws:codebuild/fleet:Fleet"),
		on(func(res resource, r report) {
			if !strings.HasPrefix(knownText(res.get("runtimeEnvironment")), "SQL-") { // which takes no VPC
				placed("applicationConfiguration.vpcConfiguration")(res, r)
			}
		}, "aws:kinesisanalyticsv2/application:Application"),
		on(placed("subnetId"), "aws:glue/devEndpoint:DevEndpoint"),
		on(func(res resource, r report) {
			if isolated, state := truth(res.get("enableNetworkIsolation")); state != unknown && !isolated {
				placed("vpcConfig.subnets")(res, r)
			}
		}, "aws:sagemaker/model:Model"),
		on(func(res resource, r report) {
			const path = "networkConfiguration.egressConfiguration.egressType"
			switch value, state := text(res.get(path)); {
			case state == unknown:
				r.unseen(path)
			case value != "VPC":
				r.fault("%s is not VPC.", path)
			}
		}, "aws:apprunner/service:Service"),
	)
}

func privateAPI(res resource, r report) {
	types, state := items(res.get("endpointConfiguration.types"))
	if state == unknown {
		r.unseen("endpointConfiguration.types")
		return
	}
	if len(types) != 1 || knownText(types[0]) != "PRIVATE" {
		r.fault("endpointConfiguration.types is not PRIVATE.")
	}
}

func authenticatedURL(res resource, r report) {
	if authorization := knownText(res.get("authorizationType")); authorization != "AWS_IAM" {
		r.fault("authorizationType is %q, not AWS_IAM.", authorization)
	}
}

func privateAppRunner(res resource, r report) {
	const path = "networkConfiguration.ingressConfiguration.isPubliclyAccessible"
	switch value, state := truth(res.get(path)); {
	case state == unknown:
		r.unseen(path)
	case state == absent || value:
		r.fault("%s is not false.", path)
	}
}

func publicDatabase() Rule {
	return Rule{
		Name: "no-public-database", Family: NoWayOut,
		Description: "Databases, brokers and caches have no public address.",
		Why:         "a public address leaves passwords and security groups as the only guard.",
		Fix:         "set it to false (Redshift and DMS want it said aloud), and reach it from inside the VPC.",
		On: each(
			on(publicByDefault, "aws:redshift/cluster:Cluster", "aws:dms/replicationInstance:ReplicationInstance"),
			on(searchInVPC, "aws:opensearch/domain:Domain", "aws:elasticsearch/domain:Domain"),
			on(privateKafka, "aws:msk/cluster:Cluster"),
		),
		Any: anyDatabase,
	}
}

// publicByDefault wants false to be written down.
func publicByDefault(res resource, r report) {
	switch value, state := truth(res.get("publiclyAccessible")); {
	case state == unknown:
		r.unseen("publiclyAccessible")
	case state == absent:
		r.fault("publiclyAccessible is not set, and true is a default.")
	case value:
		r.fault("publiclyAccessible is true.")
	}
}

func searchInVPC(res resource, r report) {
	if !isSet(res.get("vpcOptions")) {
		r.fault("vpcOptions is not set, so the domain has a public address.")
	}
}

func privateKafka(res resource, r report) {
	const path = "brokerNodeGroupInfo.connectivityInfo.publicAccess.type"
	value, state := text(res.get(path))
	if state == unknown {
		r.unseen(path)
	} else if !slices.Contains([]string{"", "DISABLED"}, value) {
		r.fault("%s is %s.", path, value)
	}
}
