package aws

// governance holds budgets, Config, GuardDuty and CloudTrail.
var governance = map[string]*Type{
	"aws:budgets/budget:Budget": {
		ID:   "{accountId}:{name}",
		ARN:  "budgets::{accountId}:budget/{name}",
		Name: "name", NameMax: 100,
		Unique:   "{name}",
		Required: "budgetType timeUnit",
		ForceNew: "accountId name namePrefix",
		Defaults: Props{"timePeriodEnd": "2087-06-15_00:00"},
		Outputs:  Props{"accountId": "{account}", "timePeriodStart": "2025-01-01_00:00"},
		Later:    "costFilters costTypes limitAmount limitUnit name namePrefix",
		Rules: Rules{
			"budgetType": oneOf("COST", "USAGE", "RI_UTILIZATION", "RI_COVERAGE", "SAVINGS_PLANS_UTILIZATION", "SAVINGS_PLANS_COVERAGE"),
			"timeUnit":   oneOf("DAILY", "MONTHLY", "QUARTERLY", "ANNUALLY", "CUSTOM"),
			"name":       text(1, 100, `^[^:\\]+$`, "neither colon nor backslash"),
		},
		Check: checkBudget,
	},
	"aws:cfg/recorder:Recorder": {
		ID:       "{name}",
		Unique:   "recorder",
		Required: "roleArn",
		ForceNew: "name",
		Defaults: Props{"name": "default"},
		Later:    "recordingGroup recordingMode",
		Untagged: true,
	},
	"aws:cfg/rule:Rule": {
		ID:   "{name}",
		ARN:  "config:{region}:{account}:config-rule/config-rule-{alnum6}",
		Name: "name", NameMax: 128,
		Unique:   "{name}",
		Required: "source",
		ForceNew: "name",
		Outputs:  Props{"ruleId": "config-rule-{alnum6}"},
		Later:    "evaluationModes",
	},
	"aws:guardduty/detector:Detector": {
		ID:       "{hex32}",
		ARN:      "guardduty:{region}:{account}:detector/{id}",
		Unique:   "detector",
		Defaults: Props{"enable": true},
		Outputs:  Props{"accountId": "{account}", "findingPublishingFrequency": "SIX_HOURS"},
		Later:    "datasources",
	},
	"aws:cloudtrail/trail:Trail": {
		ID:   "{arn}",
		ARN:  "cloudtrail:{region}:{account}:trail/{name}",
		Name: "name", NameMax: 128,
		Unique:   "{name}",
		Required: "s3BucketName",
		ForceNew: "name",
		Defaults: Props{
			"enableLogFileValidation": false, "enableLogging": true, "includeGlobalServiceEvents": true,
			"isMultiRegionTrail": false, "isOrganizationTrail": false,
		},
		Outputs: Props{"homeRegion": "{region}"},
		Later:   "snsTopicArn",
	},
}
