package rules

import (
	"regexp"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/property"
)

// adminPolicy finds, among AWS's managed policies, those that give everything
// of a service or of the account: by their usual names, and by others.
var adminPolicy = regexp.MustCompile(`:aws:policy/(.*/)?(` + strings.Join([]string{
	`\w*FullAccess\w*`, `AdministratorAccess.*`, `\w*PowerUser\w*`, `IAMFullAccess`,
	`Billing`, `SystemAdministrator`, `DatabaseAdministrator`, `NetworkAdministrator`, `DataScientist`,
	`ReadOnlyAccess`, `SecretsManagerReadWrite`, `\w*ReadWriteAccess\w*`, `\w*AdminAccess`, `\w*Administrator`, `\w*Admin`,
	`AWSLambdaExecute`, `AWSLambdaRole`, `AmazonSSMAutomationRole`, `AmazonEC2RoleforSSM`, `AmazonEC2RoleforDataPipelineRole`, `AWSDataPipelineRole`,
	`AmazonElasticMapReduceRole`, `AmazonElasticMapReduceforEC2Role`, `AWSElasticBeanstalkService`, `AWSElasticBeanstalkManagedUpdatesCustomerRolePolicy`,
	`AWSElasticBeanstalkRoleCore`, `AWSCodeStarServiceRole`, `AmazonMachineLearningRoleforRedshiftDataSource.*`, `AWSQuickSightIAMPolicy`, `AWSGlueConsole\w*`,
	`AWSOpsWorksCMServiceRole`, `AWSOpsWorksRole`, `AmazonDMSRedshiftS3Role`, `AWSApplicationMigrationServiceEc2InstancePolicy`, `CloudFormationStackSetsOrgAdmin\w*`,
}, "|") + `)$`)

func attachments() map[string]check {
	refuse := func(v property.Value, r report) {
		list, _ := items(v)
		for _, item := range list {
			// An unknown ARN is that of a policy this stack makes: its document is checked.
			if arn := knownText(item); adminPolicy.MatchString(arn) {
				r.fault("%s is attached.", arn)
			}
		}
	}
	at := func(path string, types ...string) map[string]check {
		return on(func(res resource, r report) { refuse(res.get(path), r) }, types...)
	}
	return each(
		on(clusterPolicy, "aws:eks/accessPolicyAssociation:AccessPolicyAssociation"),
		on(clusterGroups, "aws:eks/accessEntry:AccessEntry"),
		at("policyArn", "aws:iam/rolePolicyAttachment:RolePolicyAttachment", "aws:iam/policyAttachment:PolicyAttachment",
			"aws:iam/userPolicyAttachment:UserPolicyAttachment", "aws:iam/groupPolicyAttachment:GroupPolicyAttachment",
			"aws:quicksight/iamPolicyAssignment:IamPolicyAssignment"),
		at("managedPolicyArns", "aws:iam/role:Role", "aws:rolesanywhere/profile:Profile"),
		at("policyArns", "aws:iam/rolePolicyAttachmentsExclusive:RolePolicyAttachmentsExclusive",
			"aws:iam/userPolicyAttachmentsExclusive:UserPolicyAttachmentsExclusive", "aws:iam/groupPolicyAttachmentsExclusive:GroupPolicyAttachmentsExclusive"),
		at("managedPolicyArn", "aws:ssoadmin/managedPolicyAttachment:ManagedPolicyAttachment"),
	)
}

// clusterAdmin finds, among EKS's access policies, those that give everything of
// a cluster, or its secrets, where they hold in all of it.
var clusterAdmin = regexp.MustCompile(`:cluster-access-policy/AmazonEKS(?:(Cluster)Admin|Admin|AdminView|Edit|SecretReader)Policy$`)

func clusterPolicy(res resource, r report) { accessPolicy(res.properties(), r) }

func accessPolicy(m property.Map, r report) {
	arn := knownText(m.Get("policyArn"))
	found := clusterAdmin.FindStringSubmatch(arn)
	if found == nil || found[1] == "" && knownText(get(m, "accessScope.type")) == "namespace" {
		return
	}
	r.faultFix(arn+" holds in the whole cluster.", "set accessScope.type to namespace and name the namespaces, or choose a policy that only reads, such as AmazonEKSViewPolicy.")
}

// clusterGroups reads Kubernetes' own group of those who may do everything, and
// the policies that CloudFormation has with the entry.
func clusterGroups(res resource, r report) {
	if slices.Contains(texts(res.get("kubernetesGroups")), "system:masters") {
		r.faultFix("kubernetesGroups has system:masters, who may do everything in the cluster.", "name a group that a role of the cluster's is bound to.")
	}
	eachMap(res.get("accessPolicies"), func(m property.Map) { accessPolicy(m, r) }, func() { r.unseen("accessPolicies") })
}
