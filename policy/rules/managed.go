package rules

import (
	"regexp"
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
		at("policyArn", "aws:iam/rolePolicyAttachment:RolePolicyAttachment", "aws:iam/policyAttachment:PolicyAttachment",
			"aws:iam/userPolicyAttachment:UserPolicyAttachment", "aws:iam/groupPolicyAttachment:GroupPolicyAttachment",
			"aws:quicksight/iamPolicyAssignment:IamPolicyAssignment"),
		at("managedPolicyArns", "aws:iam/role:Role", "aws:rolesanywhere/profile:Profile"),
		at("policyArns", "aws:iam/rolePolicyAttachmentsExclusive:RolePolicyAttachmentsExclusive",
			"aws:iam/userPolicyAttachmentsExclusive:UserPolicyAttachmentsExclusive", "aws:iam/groupPolicyAttachmentsExclusive:GroupPolicyAttachmentsExclusive"),
		at("managedPolicyArn", "aws:ssoadmin/managedPolicyAttachment:ManagedPolicyAttachment"),
	)
}
