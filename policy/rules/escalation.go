package rules

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/property"
)

const roleType = "aws:iam/role:Role"

// grants are actions by which whoever has them gives an identity, and so
// itself, other permissions.
var grants = []string{
	"iam:PutRolePolicy", "iam:PutUserPolicy", "iam:PutGroupPolicy", "iam:AttachRolePolicy", "iam:AttachUserPolicy", "iam:AttachGroupPolicy",
	"iam:CreatePolicyVersion", "iam:SetDefaultPolicyVersion", "iam:UpdateAssumeRolePolicy", "iam:AddUserToGroup",
	"iam:CreateAccessKey", "iam:CreateLoginProfile", "iam:UpdateLoginProfile", "iam:DeleteRolePermissionsBoundary", "iam:DeleteUserPermissionsBoundary",
	"iam:PutRolePermissionsBoundary", "iam:PutUserPermissionsBoundary", "iam:CreateOpenIDConnectProvider", "iam:CreateSAMLProvider", "iam:UpdateSAMLProvider",
	"sso:PutInlinePolicyToPermissionSet", "sso:AttachManagedPolicyToPermissionSet", "sso:AttachCustomerManagedPolicyReferenceToPermissionSet", "sso:CreateAccountAssignment",
}

// starters are actions that run something of the caller's under a role that is
// passed to it.
var starters = []string{
	"ecs:RunTask", "ecs:StartTask", "ecs:CreateService", "ecs:RegisterTaskDefinition", "lambda:CreateFunction", "lambda:UpdateFunctionConfiguration",
	"ec2:RunInstances", "ec2:RequestSpotInstances", "ec2:AssociateIamInstanceProfile", "autoscaling:CreateLaunchConfiguration", "cloudformation:CreateStack", "cloudformation:UpdateStack",
	"glue:CreateJob", "glue:UpdateJob", "glue:CreateDevEndpoint", "sagemaker:CreateNotebookInstance", "sagemaker:CreateTrainingJob", "sagemaker:CreateProcessingJob",
	"codebuild:CreateProject", "codebuild:StartBuild", "codepipeline:CreatePipeline", "states:CreateStateMachine", "batch:RegisterJobDefinition", "batch:SubmitJob",
	"datapipeline:CreatePipeline", "datapipeline:PutPipelineDefinition", "elasticmapreduce:RunJobFlow", "scheduler:CreateSchedule", "events:PutTargets", "apprunner:CreateService",
	"ssm:StartAutomationExecution", "bedrock:CreateAgent", "amplify:CreateApp",
}

// boundaries narrow who may be given what.
var boundaries = keys{"iam:permissionsboundary": isOwnedARN, "iam:policyarn": isNamedARN, "iam:passedtoservice": isService}

func escalation() Rule {
	return Rule{
		Name: "no-escalation", Family: Identity,
		Description: "No role can give itself, or what it starts, more permissions than it has.",
		Why:         "permissions that add up to all of them are all of them, whatever each one says.",
		Fix: "tie iam:Put*, iam:Attach* and the like to a permissions boundary (condition iam:PermissionsBoundary), and name in iam:PassRole the roles " +
			"that may be passed, with a condition on iam:PassedToService.",
		Stack: noEscalation,
	}
}

// permissionsOf is what an identity may do, over all of its policies, and the
// resources that say so.
type permissionsOf struct {
	at         string
	statements []statement
}

func noEscalation(s *stack, r report) {
	for _, p := range s.identities() {
		var passes, starts []string
		for _, said := range p.statements {
			for _, action := range said.Action {
				switch {
				case hasAction(grants, action) && !said.narrowed(boundaries) && !said.ownUser():
					r.at(p.at).fault("%s without a permissions boundary lets it give itself any permission.", action)
				case strings.EqualFold(action, "iam:PassRole") && !said.narrowed(boundaries) && slices.ContainsFunc(said.Resource, func(arn string) bool { return strings.ContainsAny(arn, "*?") }):
					passes = append(passes, strings.Join(said.Resource, ", "))
				case hasAction(starters, action):
					starts = append(starts, action)
				}
			}
		}
		if len(passes) > 0 && len(starts) > 0 {
			r.at(p.at).faultFix(fmt.Sprintf("iam:PassRole on %s together with %s lets it run anything under any of those roles.", passes[0], starts[0]),
				"name the roles that may be passed, and add a condition on iam:PassedToService.")
		}
	}
}

// hasAction compares as IAM does, in any case.
func hasAction(known []string, action string) bool {
	return slices.ContainsFunc(known, func(one string) bool { return strings.EqualFold(one, action) })
}

// identities gathers, per role, its policies in this stack; a policy of no role
// that can be seen stands for itself.
func (s *stack) identities() []*permissionsOf {
	byRole := map[string]*permissionsOf{}
	var all []*permissionsOf
	add := func(role, at string, v *document) {
		p := byRole[role]
		if p == nil {
			p = &permissionsOf{at: at}
			byRole[role] = p
			all = append(all, p)
		}
		for _, said := range v.Statement {
			if said.allows() {
				p.statements = append(p.statements, said)
			}
		}
	}
	owner := func(res *resource, path string) string {
		if roles := s.refers(res, path, roleType); len(roles) > 0 {
			return roles[0].URN
		}
		return res.URN
	}
	attached := map[string]string{}
	for _, attachment := range s.of("aws:iam/rolePolicyAttachment:RolePolicyAttachment") {
		for _, policy := range s.refers(attachment, "policyArn", "aws:iam/policy:Policy") {
			attached[policy.URN] = owner(attachment, "role")
		}
	}
	for _, res := range s.of("aws:iam/rolePolicy:RolePolicy", "aws:iam/policy:Policy", "aws:iam/userPolicy:UserPolicy", "aws:iam/groupPolicy:GroupPolicy") {
		if d, state, err := parseDocument(res.get("policy")); state == known && err == nil {
			role := owner(res, "role")
			if by := attached[res.URN]; by != "" {
				role = by
			}
			add(role, res.URN, d)
		}
	}
	for _, role := range s.of(roleType) {
		eachMap(role.get("inlinePolicies"), func(m property.Map) {
			if d, state, err := parseDocument(m.Get("policy")); state == known && err == nil {
				add(role.URN, role.URN, d)
			}
		}, func() {})
	}
	return all
}

// ownUser is about people's own keys and passwords.
func (s statement) ownUser() bool {
	return len(s.Resource) > 0 && !slices.ContainsFunc(s.Resource, func(arn string) bool { return !strings.HasSuffix(arn, "/${aws:username}") })
}
