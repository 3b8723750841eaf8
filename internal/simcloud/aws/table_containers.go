package aws

// containers holds ECS.
var containers = map[string]*Type{
	"aws:ecs/cluster:Cluster": {
		ID:   "{arn}",
		ARN:  "ecs:{region}:{account}:cluster/{name}",
		Name: "name", NameMax: 255,
		Unique:   "{name}",
		ForceNew: "name",
		Later:    "settings",
		Rules: Rules{
			"name": word(255, "_"),
		},
		Check: checkCluster,
	},
	"aws:ecs/clusterCapacityProviders:ClusterCapacityProviders": {
		ID:       "{clusterName}",
		Unique:   "{clusterName}",
		Required: "clusterName",
		ForceNew: "clusterName",
		Check:    checkClusterProviders,
		Untagged: true,
	},
	"aws:ecs/taskDefinition:TaskDefinition": {
		ID:       "{family}",
		ARN:      "ecs:{region}:{account}:task-definition/{family}:{generation}",
		Required: "containerDefinitions family",
		ForceNew: `containerDefinitions cpu enableFaultInjection ephemeralStorage.sizeInGib executionRoleArn family inferenceAccelerators
			ipcMode memory networkMode pidMode placementConstraints proxyConfiguration.containerName proxyConfiguration.properties
			proxyConfiguration.type requiresCompatibilities runtimePlatform.cpuArchitecture runtimePlatform.operatingSystemFamily
			taskRoleArn volumes`,
		JSON:     "containerDefinitions",
		Defaults: Props{"skipDestroy": false, "trackLatest": false},
		Outputs: Props{
			"arnWithoutRevision":   "arn:{partition}:ecs:{region}:{account}:task-definition/{family}",
			"enableFaultInjection": false, "networkMode": "bridge", "revision": generationNumber,
		},
		Rules: Rules{
			"family":      word(255, "_"),
			"networkMode": oneOf("awsvpc", "bridge", "host", "none"),
			"pidMode":     oneOf("host", "task"),
		},
		Check: checkTaskDefinition,
	},
	"aws:ecs/service:Service": {
		Name: "name", NameMax: 255,
		Unique:   "{cluster?}/{name}",
		ForceNew: "cluster deploymentController.type iamRole launchType name schedulingStrategy",
		Defaults: Props{
			"availabilityZoneRebalancing": "DISABLED", "deploymentMaximumPercent": 200,
			"deploymentMinimumHealthyPercent": 100, "enableEcsManagedTags": false, "enableExecuteCommand": false,
			"schedulingStrategy": "REPLICA", "waitForSteadyState": false,
		},
		Outputs: Props{
			"cluster": "default", "iamRole": "/aws-service-role/ecs.{dns}/AWSServiceRoleForECS", "id": serviceARN,
			"launchType": launchType, "platformVersion": platformVersion,
		},
		Later: "triggers",
		Rules: Rules{
			"name":                        word(255, "_"),
			"desiredCount":                between(0, 5000),
			"schedulingStrategy":          oneOf("REPLICA", "DAEMON"),
			"launchType":                  oneOf("FARGATE", "EC2", "EXTERNAL"),
			"availabilityZoneRebalancing": oneOf("ENABLED", "DISABLED"),
			"propagateTags":               oneOf("SERVICE", "TASK_DEFINITION", "NONE"),
		},
		Check:    checkService,
		Replaces: replacesService,
	},
	"aws:ecs/capacityProvider:CapacityProvider": {
		ID:   "{arn}",
		ARN:  "ecs:{region}:{account}:capacity-provider/{name}",
		Name: "name", NameMax: 255,
		Unique:   "{name}",
		Required: "autoScalingGroupProvider",
		ForceNew: "autoScalingGroupProvider.autoScalingGroupArn name",
	},
	"aws:ecs/accountSettingDefault:AccountSettingDefault": {
		ID:       "{name}",
		Unique:   "{name}",
		Required: "value",
		ForceNew: "name",
		Outputs:  Props{"principalArn": "arn:{partition}:iam::{account}:root"},
		Untagged: true,
	},
}
