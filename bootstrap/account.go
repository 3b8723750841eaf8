package main

import (
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// newAccount makes what an account has once, for all its stacks. Service-linked
// roles are not among it: they outlive every stack, and most accounts have some;
// scripts/bootstrap makes those that are missing.
func newAccount(ctx *pulumi.Context, s settings, in pulumi.ResourceOption) error {
	// AWS Backup's own role for restores exists only where somebody has restored
	// in its console (AWS Backup developer guide, "IAM service roles").
	role, err := iam.NewRole(ctx, "restore", &iam.RoleArgs{
		Name:        pulumi.String(s.org + "-airflow-restore"),
		Description: pulumi.String("AWS Backup restores files of the stacks with it"),
		AssumeRolePolicy: document(statement{
			Sid: "Backup", Effect: "Allow", Action: []string{"sts:AssumeRole"}, Principal: map[string]any{"Service": "backup.amazonaws.com"},
		}.when("StringEquals", "aws:SourceAccount", s.account)),
	}, in)
	if err != nil {
		return err
	}
	if _, err := iam.NewRolePolicyAttachment(ctx, "restore", &iam.RolePolicyAttachmentArgs{
		Role: role.Name, PolicyArn: pulumi.String("arn:aws:iam::aws:policy/service-role/AWSBackupServiceRolePolicyForRestores"),
	}, in); err != nil {
		return err
	}
	if s.blockPublicAccess == "off" {
		return nil
	}
	// Of the account and region, other VPCs included.
	_, err = ec2.NewVpcBlockPublicAccessOptions(ctx, "block", &ec2.VpcBlockPublicAccessOptionsArgs{
		InternetGatewayBlockMode: pulumi.String(s.blockPublicAccess),
	}, in)
	return err
}
