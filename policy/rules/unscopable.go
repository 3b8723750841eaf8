package rules

import (
	"maps"
	"slices"
	"strings"
	"sync"
)

// unscopable are the actions that AWS can't tie to a resource, so that they
// need "*" (Service Authorization Reference, column "Resource types").
var unscopable = map[string]string{
	"ecr:GetAuthorizationToken":        "the token is for the whole registry",
	"logs:DescribeLogGroups":           "it lists the account's groups, and AWS checks it against all of them",
	"ssmmessages:CreateControlChannel": "ECS Exec; channels have no ARN",
	"ssmmessages:CreateDataChannel":    "ECS Exec; channels have no ARN",
	"ssmmessages:OpenControlChannel":   "ECS Exec; channels have no ARN",
	"ssmmessages:OpenDataChannel":      "ECS Exec; channels have no ARN",
	"cloudwatch:PutMetricData":         "metrics have no ARN; a condition on cloudwatch:namespace narrows it",
	"sts:GetCallerIdentity":            "it concerns no resource",
	"access-analyzer:ValidatePolicy":   "it reads a text, and concerns no resource",
	"xray:PutTraceSegments":            "traces have no ARN",
	"xray:PutTelemetryRecords":         "traces have no ARN",
	"ecs:DescribeTaskDefinition":       "AWS checks no resource for it",
	"ecs:DeregisterTaskDefinition":     "AWS checks no resource for it",
}

// unscopableReads are actions that read what is there, or how it is doing, and
// that AWS ties to no resource. An action that ends in * stands for all that
// begin so: a policy has to name them one by one all the same.
var unscopableReads = []string{
	"ec2:Describe*", "autoscaling:Describe*", "elasticloadbalancing:Describe*", "application-autoscaling:DescribeScal*", "savingsplans:Describe*",
	"cloudwatch:DescribeAlarmsForMetric", "cloudwatch:GetMetricData", "cloudwatch:GetMetricStatistics", "cloudwatch:GetMetricWidgetImage", "cloudwatch:ListMetrics", "cloudwatch:ListDashboards",
	"logs:DescribeDestinations", "logs:DescribeResourcePolicies", "logs:DescribeQueries", "logs:DescribeQueryDefinitions", "logs:GetQueryResults", "logs:StopQuery",
	"ecs:ListClusters", "ecs:ListTaskDefinitions", "ecs:ListTaskDefinitionFamilies", "ecs:ListAccountSettings", "ecs:DiscoverPollEndpoint", "ecs:DescribeClusters",
	"eks:ListClusters", "eks:DescribeAddonVersions", "ecr:DescribeRegistry", "ecr:GetRegistryPolicy", "ecr:GetRegistryScanningConfiguration", "ecr-public:GetAuthorizationToken",
	"sts:GetServiceBearerToken", "sts:DecodeAuthorizationMessage", "sts:GetSessionToken", "sts:GetAccessKeyInfo",
	"s3:ListAllMyBuckets", "s3:GetAccountPublicAccessBlock", "s3:ListAccessPoints", "s3:ListStorageLensConfigurations",
	"kms:ListKeys", "kms:ListAliases", "kms:DescribeCustomKeyStores", "secretsmanager:ListSecrets", "secretsmanager:GetRandomPassword", "secretsmanager:BatchGetSecretValue",
	"ssm:DescribeParameters", "ssm:DescribeInstanceInformation", "ssm:ListDocuments", "ssm:DescribeSessions", "ssm:ListCommands", "ssm:ListCommandInvocations",
	"iam:ListRoles", "iam:ListUsers", "iam:ListGroups", "iam:ListPolicies", "iam:ListAccountAliases", "iam:GetAccountSummary", "iam:GetAccountAuthorizationDetails",
	"iam:GetAccountPasswordPolicy", "iam:ListInstanceProfiles", "iam:ListServerCertificates", "iam:ListOpenIDConnectProviders", "iam:ListSAMLProviders", "iam:GetCredentialReport",
	"tag:GetResources", "tag:GetTagKeys", "tag:GetTagValues", "resource-groups:ListGroups", "resource-groups:SearchResources", "resource-explorer-2:ListViews",
	"lambda:ListFunctions", "lambda:ListLayers", "lambda:GetAccountSettings", "lambda:ListEventSourceMappings", "dynamodb:ListTables", "dynamodb:DescribeLimits", "dynamodb:ListStreams",
	"sqs:ListQueues", "sns:ListTopics", "sns:ListSubscriptions", "kinesis:ListStreams", "kinesis:DescribeLimits", "firehose:ListDeliveryStreams", "states:ListStateMachines", "states:ListActivities",
	"events:ListRules", "events:ListEventBuses", "scheduler:ListSchedules", "rds:DescribeEngineDefaultParameters", "rds:DescribeDBEngineVersions", "rds:DescribeOrderableDBInstanceOptions",
	"route53:ListHostedZones", "route53:ListHostedZonesByName", "route53:GetHostedZoneCount", "route53:GetCheckerIpRanges", "route53:TestDNSAnswer", "acm:ListCertificates", "acm:GetAccountConfiguration",
	"cloudformation:ListStacks", "cloudformation:ValidateTemplate", "cloudformation:ListExports", "cloudformation:DescribeAccountLimits", "cloudtrail:LookupEvents", "cloudtrail:DescribeTrails", "cloudtrail:ListTrails",
	"config:Describe*", "config:Get*", "config:SelectResourceConfig", "guardduty:ListDetectors", "securityhub:DescribeStandards", "health:Describe*", "support:Describe*", "trustedadvisor:Describe*",
	"organizations:DescribeOrganization", "organizations:ListAccounts", "organizations:ListRoots", "servicequotas:GetServiceQuota", "servicequotas:ListServiceQuotas", "servicequotas:ListServices",
	"ce:Get*", "pricing:GetProducts", "pricing:DescribeServices", "pricing:GetAttributeValues", "budgets:ViewBudget", "cur:DescribeReportDefinitions",
	"batch:Describe*", "batch:ListJobs", "glue:ListJobs", "athena:ListDataCatalogs", "athena:ListWorkGroups", "athena:ListEngineVersions", "elasticmapreduce:ListClusters",
	"xray:GetSamplingRules", "xray:GetSamplingTargets", "xray:GetSamplingStatisticSummaries", "sso:ListInstances", "sso:ListDirectoryAssociations", "identitystore:ListUsers",
	"ec2messages:AcknowledgeMessage", "ec2messages:DeleteMessage", "ec2messages:FailMessage", "ec2messages:GetEndpoint", "ec2messages:GetMessages", "ec2messages:SendReply",
	"elasticfilesystem:DescribeAccountPreferences", "fsx:DescribeFileSystems", "backup:ListBackupVaults", "backup:ListBackupPlans", "elasticache:DescribeCacheEngineVersions",
	"apigateway:GetAccount", "wafv2:ListWebACLs", "wafv2:ListIPSets", "cloudfront:ListDistributions", "shield:DescribeSubscription", "shield:GetSubscriptionState", "signer:ListSigningProfiles",
	"ssm:UpdateInstanceInformation", "ssm:ListInstanceAssociations", "ssm:PutInventory", "ssm:PutComplianceItems", "ssm:PutConfigurePackageResult", "cognito-idp:ListUserPools", "cognito-identity:ListIdentityPools",
}

// unscopable reports whether an action may have "*" as its resource. IAM
// compares actions in any case.
func (s *settings) unscopable(action string) bool {
	if strings.ContainsAny(action, "*?") {
		return false
	}
	action = strings.ToLower(action)
	return unscopableActions()[action] || slices.ContainsFunc(s.UnscopableActions, func(own string) bool { return strings.EqualFold(own, action) }) ||
		slices.ContainsFunc(unscopableReads, func(known string) bool {
			start, family := strings.CutSuffix(known, "*")
			return family && strings.HasPrefix(action, strings.ToLower(start))
		})
}

// unscopableActions are those known by their whole names, in lower case.
var unscopableActions = sync.OnceValue(func() map[string]bool {
	all := map[string]bool{}
	for _, action := range append(scopeless(), unscopableReads...) {
		all[strings.ToLower(action)] = true
	}
	return all
})

func scopeless() []string { return slices.Sorted(maps.Keys(unscopable)) }
