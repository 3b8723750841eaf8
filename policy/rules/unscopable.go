package rules

import (
	_ "embed" // unscopable.txt
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

// oftenUnscoped are actions that AWS does tie to resources, whose names nobody
// has before the call: an agent's own instance, a query's id, the account's list.
var oftenUnscoped = strings.Fields(`
	ec2:Describe* savingsplans:Describe* config:Describe* config:Get* health:Describe* trustedadvisor:Describe* ce:Get* ecs:DescribeClusters iam:ListInstanceProfiles
	logs:GetQueryResults logs:StopQuery securityhub:DescribeStandards budgets:ViewBudget identitystore:ListUsers ecs:DiscoverPollEndpoint apigateway:GetAccount sts:DecodeAuthorizationMessage
	ec2messages:AcknowledgeMessage ec2messages:DeleteMessage ec2messages:FailMessage ec2messages:GetEndpoint ec2messages:GetMessages ec2messages:SendReply
	ssm:UpdateInstanceInformation ssm:ListInstanceAssociations ssm:PutInventory ssm:PutComplianceItems ssm:PutConfigurePackageResult`)

// unscopableReads has the reading actions of every service that AWS ties to no
// resource: see unscopable_actions.py.
//
//go:embed unscopable.txt
var unscopableReads string

// unscopable reports whether an action may have "*" as its resource. IAM
// compares actions in any case.
func (s *settings) unscopable(action string) bool {
	if strings.ContainsAny(action, "*?") {
		return false
	}
	action = strings.ToLower(action)
	known := unscopableActions()
	if known[action] || slices.ContainsFunc(s.UnscopableActions, func(own string) bool { return strings.EqualFold(own, action) }) {
		return true
	}
	// A family is a service, and how its actions begin.
	for i := len(action); i > 0 && action[i-1] != ':'; i-- {
		if known[action[:i]+"*"] {
			return true
		}
	}
	return false
}

// unscopableActions are names, and families that end in *, in lower case.
var unscopableActions = sync.OnceValue(func() map[string]bool {
	all := map[string]bool{}
	for _, action := range append(scopeless(), oftenUnscoped...) {
		all[strings.ToLower(action)] = true
	}
	for line := range strings.Lines(unscopableReads) {
		service, actions, _ := strings.Cut(strings.ToLower(line), " ")
		for _, action := range strings.Fields(actions) {
			all[service+":"+action] = true
		}
	}
	return all
})

func scopeless() []string { return slices.Sorted(maps.Keys(unscopable)) }
