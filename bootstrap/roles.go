package main

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// githubIssuer signs the tokens of GitHub's pipelines.
const githubIssuer = "token.actions.githubusercontent.com"

// newRoles are what pipelines assume: preview reads, in pull requests and on
// main (ViewOnlyAccess lists, but doesn't get what a refresh compares); deploy
// changes, in the environments dev and prod only, which
// hold the approvals.
func newRoles(ctx *pulumi.Context, s settings, in pulumi.ResourceOption) error {
	var ready []pulumi.Resource
	if !s.reuseProvider {
		// An account has one provider for a URL (IAM user guide, "Create an OpenID
		// Connect (OIDC) identity provider in IAM"); a second one is refused.
		provider, err := iam.NewOpenIdConnectProvider(ctx, "github", &iam.OpenIdConnectProviderArgs{
			Url:           pulumi.String("https://" + githubIssuer),
			ClientIdLists: pulumi.ToStringArray([]string{"sts.amazonaws.com"}),
		}, in)
		if err != nil {
			return err
		}
		ready = append(ready, provider)
	}
	for _, role := range []struct {
		purpose, managed string
		subjects         []string
	}{
		{"preview", "arn:aws:iam::aws:policy/ReadOnlyAccess", []string{
			"repo:" + s.repository + ":pull_request", "repo:" + s.repository + ":ref:refs/heads/main",
		}},
		{"deploy", "arn:aws:iam::aws:policy/PowerUserAccess", []string{
			"repo:" + s.repository + ":environment:dev", "repo:" + s.repository + ":environment:prod",
		}},
	} {
		created, err := iam.NewRole(ctx, role.purpose, &iam.RoleArgs{
			Name:               pulumi.String(fmt.Sprintf("%s-airflow-github-%s", s.org, role.purpose)),
			Description:        pulumi.String("GitHub pipelines of " + s.repository + ": " + role.purpose),
			MaxSessionDuration: pulumi.Int(7200),
			AssumeRolePolicy: document(map[string]any{
				"Sid": "GitHub", "Effect": "Allow", "Action": "sts:AssumeRoleWithWebIdentity",
				"Principal": map[string]any{"Federated": fmt.Sprintf("arn:aws:iam::%s:oidc-provider/%s", s.account, githubIssuer)},
				"Condition": map[string]any{"StringEquals": map[string]any{
					githubIssuer + ":aud": "sts.amazonaws.com", githubIssuer + ":sub": role.subjects,
				}},
			}),
		}, in, pulumi.DependsOn(ready))
		if err != nil {
			return err
		}
		if _, err := iam.NewRolePolicyAttachment(ctx, role.purpose, &iam.RolePolicyAttachmentArgs{
			Role: created.Name, PolicyArn: pulumi.String(role.managed),
		}, in); err != nil {
			return err
		}
		if _, err := iam.NewRolePolicy(ctx, role.purpose, &iam.RolePolicyArgs{
			Name: pulumi.String("airflow"), Role: created.Name, Policy: permissions(s, role.purpose),
		}, in); err != nil {
			return err
		}
	}
	return nil
}

// readable is what a drift check and the validation of policies need beyond
// ReadOnlyAccess, which leaves the values of secrets out: a refresh gets those
// of the stacks. They stand in the state, whose key the role may use, as well.
func readable(s settings) []map[string]any {
	return []map[string]any{
		{"Sid": "ValidatePolicies", "Effect": "Allow", "Action": "access-analyzer:ValidatePolicy", "Resource": "*"},
		{
			"Sid": "CompareSecrets", "Effect": "Allow", "Action": "secretsmanager:GetSecretValue",
			"Resource": fmt.Sprintf("arn:aws:secretsmanager:%s:%s:secret:%s-airflow-*", s.region, s.account, s.org),
		},
		{
			"Sid": "SecretsKeys", "Effect": "Allow", "Action": "kms:Decrypt",
			"Resource": fmt.Sprintf("arn:aws:kms:%s:%s:key/*", s.region, s.account),
			"Condition": map[string]any{
				"ForAnyValue:StringLike": map[string]string{"kms:ResourceAliases": "alias/" + s.org + "-airflow-*-secrets"},
				"StringEquals":           map[string]string{"kms:ViaService": "secretsmanager." + s.region + ".amazonaws.com"},
			},
		},
	}
}

// permissions are what the managed policies leave out: the state, and for
// deployments the roles of the platform, called <org>-airflow-* and no others.
func permissions(s settings, purpose string) pulumi.String {
	bucket := "arn:aws:s3:::" + s.bucket
	state := []string{"s3:GetObject"}
	if purpose == "deploy" {
		state = append(state, "s3:PutObject", "s3:DeleteObject")
	} else {
		// A preview takes a lock, too.
		state = append(state, "s3:PutObject")
	}
	statements := []map[string]any{
		{"Sid": "ListState", "Effect": "Allow", "Action": []string{"s3:ListBucket", "s3:GetBucketLocation"}, "Resource": bucket},
		{"Sid": "State", "Effect": "Allow", "Action": state, "Resource": bucket + "/.pulumi/*"},
		{
			"Sid": "StateKey", "Effect": "Allow", "Action": []string{"kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey"},
			"Resource":  fmt.Sprintf("arn:aws:kms:%s:%s:key/*", s.region, s.account),
			"Condition": map[string]any{"ForAnyValue:StringEquals": map[string]string{"kms:ResourceAliases": alias(s)}},
		},
	}
	if purpose == "preview" {
		statements = append(statements, readable(s)...)
	}
	if purpose == "deploy" {
		roles := fmt.Sprintf("arn:aws:iam::%s:role/%s-airflow-*", s.account, s.org)
		statements = append(statements, map[string]any{
			// Its own role is called like the platform's: it could make itself an administrator.
			"Sid": "NotItself", "Effect": "Deny", "Action": []string{"iam:*"}, "Resource": roleARN(s, "*"),
		}, map[string]any{
			// Nor may a role of the platform become one: nothing of AWS's own is attached.
			"Sid": "NoPoliciesOfAWS", "Effect": "Deny", "Action": []string{"iam:AttachRolePolicy"}, "Resource": roles,
			"Condition": map[string]any{"ArnNotLike": map[string]string{"iam:PolicyARN": fmt.Sprintf("arn:aws:iam::%s:policy/*", s.account)}},
		}, map[string]any{
			"Sid": "Roles", "Effect": "Allow", "Resource": roles,
			"Action": []string{
				"iam:AttachRolePolicy", "iam:CreateRole", "iam:DeleteRole", "iam:DeleteRolePolicy", "iam:DetachRolePolicy", "iam:GetRole",
				"iam:GetRolePolicy", "iam:ListAttachedRolePolicies", "iam:ListInstanceProfilesForRole", "iam:ListRolePolicies",
				"iam:PutRolePolicy", "iam:TagRole", "iam:UntagRole", "iam:UpdateAssumeRolePolicy", "iam:UpdateRole",
				"iam:UpdateRoleDescription",
			},
		}, map[string]any{
			"Sid": "PassRoles", "Effect": "Allow", "Action": "iam:PassRole", "Resource": roles,
			"Condition": map[string]any{"StringEquals": map[string]any{"iam:PassedToService": []string{
				"ecs-tasks.amazonaws.com", "vpc-flow-logs.amazonaws.com", "scheduler.amazonaws.com",
			}}},
		})
	}
	return document(statements...)
}
