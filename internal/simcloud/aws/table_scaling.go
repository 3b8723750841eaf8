package aws

// scaling holds application Auto Scaling and EventBridge Scheduler.
var scaling = map[string]*Type{
	"aws:appautoscaling/target:Target": {
		ID:       "{resourceId}",
		ARN:      "application-autoscaling:{region}:{account}:scalable-target/{alnum40}",
		Unique:   "{serviceNamespace}/{resourceId}/{scalableDimension}",
		Required: "maxCapacity minCapacity resourceId scalableDimension serviceNamespace",
		ForceNew: "resourceId scalableDimension serviceNamespace",
		Outputs: Props{
			"roleArn": "arn:{partition}:iam::{account}:role/aws-service-role/ecs.application-autoscaling.{dns}/AWSServiceRoleForApplicationAutoScaling_ECSService",
		},
		Later: "suspendedState",
		Check: checkScalableTarget,
	},
	"aws:appautoscaling/policy:Policy": {
		ID:   "{name}",
		ARN:  "autoscaling:{region}:{account}:scalingPolicy:{uuid}:resource/{serviceNamespace}/{resourceId}:policyName/{name}",
		Name: "name", NameMax: 255,
		Unique:   "{serviceNamespace}/{resourceId}/{scalableDimension}/{name}",
		Required: "resourceId scalableDimension serviceNamespace",
		ForceNew: "name resourceId scalableDimension serviceNamespace",
		Defaults: Props{"policyType": "StepScaling"},
		Outputs:  Props{"alarmArns": trackingAlarms},
		Rules: Rules{
			"policyType": oneOf("StepScaling", "TargetTrackingScaling", "PredictiveScaling"),
		},
		Check:    checkScalingPolicy,
		Untagged: true,
	},
	"aws:appautoscaling/scheduledAction:ScheduledAction": {
		ID:   "{name}-{serviceNamespace}-{resourceId}",
		ARN:  "autoscaling:{region}:{account}:scheduledAction:{uuid}:resource/{serviceNamespace}/{resourceId}:scheduledActionName/{name}",
		Name: "name", NameMax: 255,
		Unique:   "{serviceNamespace}/{resourceId}/{scalableDimension}/{name}",
		Required: "resourceId scalableDimension scalableTargetAction schedule serviceNamespace",
		ForceNew: "name resourceId scalableDimension serviceNamespace",
		Defaults: Props{"timezone": "UTC"},
		Rules: Rules{
			"schedule": schedule,
		},
		Check:    checkScheduledAction,
		Untagged: true,
	},
	"aws:scheduler/schedule:Schedule": {
		ID:   "{groupName}/{name}",
		ARN:  "scheduler:{region}:{account}:schedule/{groupName}/{name}",
		Name: "name", NameMax: 64,
		Unique:   "{groupName}/{name}",
		Required: "flexibleTimeWindow scheduleExpression target",
		ForceNew: "groupName name namePrefix",
		Defaults: Props{"scheduleExpressionTimezone": "UTC", "state": "ENABLED"},
		Outputs:  Props{"groupName": "default"},
		Later:    "name namePrefix",
		Rules: Rules{
			"scheduleExpression": schedule,
			"name":               word(64, "_."),
			"state":              oneOf("ENABLED", "DISABLED"),
		},
		Untagged: true,
	},
	"aws:scheduler/scheduleGroup:ScheduleGroup": {
		ID:   "{name}",
		ARN:  "scheduler:{region}:{account}:schedule-group/{name}",
		Name: "name", NameMax: 64,
		Unique:   "{name}",
		ForceNew: "name namePrefix",
		Outputs:  Props{"creationDate": "2025-01-01T00:00:00Z", "lastModificationDate": "2025-01-01T00:00:00Z", "state": "ACTIVE"},
		Later:    "name namePrefix",
	},
}
