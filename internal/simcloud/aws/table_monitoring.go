package aws

// monitoring holds cloudWatch alarms, dashboards and EventBridge.
var monitoring = map[string]*Type{
	"aws:cloudwatch/metricAlarm:MetricAlarm": {
		ID:   "{name}",
		ARN:  "cloudwatch:{region}:{account}:alarm:{name}",
		Name: "name", NameMax: 255,
		Unique:   "{name}",
		Required: "comparisonOperator evaluationPeriods",
		ForceNew: "name",
		Defaults: Props{"actionsEnabled": true, "treatMissingData": "missing"},
		Outputs:  Props{"evaluateLowSampleCountPercentiles": ""},
		Rules: Rules{
			"comparisonOperator": oneOf("GreaterThanOrEqualToThreshold", "GreaterThanThreshold", "LessThanThreshold", "LessThanOrEqualToThreshold", "LessThanLowerOrGreaterThanUpperThreshold", "LessThanLowerThreshold", "GreaterThanUpperThreshold"),
			"statistic":          oneOf("SampleCount", "Average", "Sum", "Minimum", "Maximum"),
			"treatMissingData":   oneOf("breaching", "notBreaching", "ignore", "missing"),
			"evaluationPeriods":  between(1, 1440),
			"alarmActions":       each(0, 5, anything),
			"okActions":          each(0, 5, anything),
		},
		Check: checkAlarm,
	},
	"aws:cloudwatch/compositeAlarm:CompositeAlarm": {
		ID:       "{alarmName}",
		ARN:      "cloudwatch:{region}:{account}:alarm:{alarmName}",
		Unique:   "{alarmName}",
		Required: "alarmName alarmRule",
		ForceNew: "actionsEnabled alarmName",
		Defaults: Props{"actionsEnabled": true},
		Rules: Rules{
			"alarmRule": text(1, 10240, `(ALARM|OK|INSUFFICIENT_DATA|TRUE|FALSE)`, "rules combine ALARM(name), OK(name) and the like"),
		},
		Check: checkComposite,
	},
	"aws:cloudwatch/dashboard:Dashboard": {
		ID:       "{dashboardName}",
		Unique:   "{dashboardName}",
		Required: "dashboardBody dashboardName",
		ForceNew: "dashboardName",
		JSON:     "dashboardBody",
		Outputs:  Props{"dashboardArn": "arn:{partition}:cloudwatch::{account}:dashboard/{dashboardName}"},
		Rules: Rules{
			"dashboardName": word(255, "_"),
		},
		Check:    checkDashboard,
		Untagged: true,
	},
	"aws:cloudwatch/eventRule:EventRule": {
		ID:   "{name}",
		ARN:  "events:{region}:{account}:rule/{name}",
		Name: "name", NameMax: 64,
		Unique:   "{eventBusName}/{name}",
		ForceNew: "eventBusName name namePrefix",
		JSON:     "eventPattern",
		Defaults: Props{"eventBusName": "default", "forceDestroy": false},
		Later:    "name namePrefix",
		Rules: Rules{
			"name":               word(64, "_."),
			"scheduleExpression": schedule,
		},
		Check: checkEventRule,
	},
	"aws:cloudwatch/eventTarget:EventTarget": {
		ID:       "{rule}-{targetId}",
		Unique:   "{eventBusName}/{rule}/{targetId}",
		Required: "arn rule",
		ForceNew: "eventBusName rule targetId",
		Defaults: Props{"eventBusName": "default", "forceDestroy": false},
		Outputs:  Props{"targetId": "pulumi-{num26}"},
		Untagged: true,
	},
}
