package main

import (
	"fmt"
	"slices"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// githubIssuer signs the tokens of GitHub's pipelines.
const githubIssuer = "token.actions.githubusercontent.com"

// branch is the one that pipelines deploy from.
const branch = "refs/heads/main"

// pipeline is what the jobs of some workflows do to one environment, with the
// role that they assume.
type pipeline struct {
	purpose string
	// subject is the token's: a branch, or an environment of GitHub, which holds the approvals.
	subject string
	// workflows are the files whose jobs may assume it.
	workflows []string
	// managed are policies of AWS's own; inline is the role's, and documents are
	// policies beside it, by name, since a policy's length has a bound.
	managed   []string
	inline    []statement
	documents map[string][]statement
}

// pipelines are all of an environment. None is for pull requests: their plan is
// one of the simulated cloud, and needs no role.
func pipelines(s settings, e environment) []pipeline {
	onBranch, approved := "repo:"+s.repository+":ref:"+branch, "repo:"+s.repository+":environment:"+e.name
	return []pipeline{
		{
			purpose: "preview", subject: onBranch, workflows: []string{"deploy-stack.yml"},
			inline: append(e.stateRead(), allow("ValidatePolicies", []string{"access-analyzer:ValidatePolicy"}, []string{"*"})),
		},
		{
			purpose: "drift", subject: onBranch, workflows: []string{"drift.yml"}, managed: []string{readOnly},
			inline: slices.Concat(e.stateRead(), refreshed(e), []statement{withoutData(e)}),
		},
		{
			purpose: "deploy", subject: approved, workflows: []string{"deploy.yml", "deploy-stack.yml"}, managed: []string{readOnly},
			inline: slices.Concat(e.stateRead(), e.stateWrite(), copied(e), tested(e), roleChanges(e), []statement{withoutData(e)}),
			documents: map[string][]statement{
				"network": networkChanges(e), "joins": joinChanges(e), "data": dataChanges(e), "services": serviceChanges(e),
			},
		},
		{purpose: "dags", subject: approved, workflows: []string{"dag-sync.yml"}, inline: released(e)},
	}
}

// trust admits the tokens of a pipeline: of this repository, its branch and its
// workflows, whatever protection the environment has in GitHub. An environment's
// subject names no branch, so the claims are asked for one by one (IAM user
// guide, "Available keys for AWS OIDC federation").
func trust(s settings, p pipeline) statement {
	var jobs []string
	for _, file := range p.workflows {
		jobs = append(jobs, fmt.Sprintf("%s/.github/workflows/%s@%s", s.repository, file, branch))
	}
	return statement{
		Sid: "GitHub", Effect: "Allow", Action: []string{"sts:AssumeRoleWithWebIdentity"},
		Principal: map[string]any{"Federated": fmt.Sprintf("arn:aws:iam::%s:oidc-provider/%s", s.account, githubIssuer)},
	}.when("StringEquals", githubIssuer+":aud", "sts.amazonaws.com").
		when("StringEquals", githubIssuer+":sub", p.subject).
		when("StringEquals", githubIssuer+":ref", branch).
		when("StringEquals", githubIssuer+":job_workflow_ref", jobs)
}

// newRoles makes the roles of every environment's pipelines, and the boundary
// of the roles that its deployments make.
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
	for _, e := range s.environments {
		if _, err := iam.NewPolicy(ctx, e.name+"-boundary", &iam.PolicyArgs{
			Name:        pulumi.String(e.githubName("boundary")),
			Description: pulumi.String("What no role of " + e.prefix() + " may go beyond"),
			Policy:      document(boundaryDocument(e, s.environments)...),
		}, in); err != nil {
			return err
		}
		for _, p := range pipelines(s, e) {
			if err := newPipelineRole(ctx, s, e, p, in, pulumi.DependsOn(ready)); err != nil {
				return err
			}
		}
	}
	return nil
}

func newPipelineRole(ctx *pulumi.Context, s settings, e environment, p pipeline, in, after pulumi.ResourceOption) error {
	name := e.name + "-" + p.purpose
	role, err := iam.NewRole(ctx, name, &iam.RoleArgs{
		Name:               pulumi.String(e.githubName(p.purpose)),
		Description:        pulumi.String(fmt.Sprintf("GitHub pipelines of %s: %s of %s", s.repository, p.purpose, e.name)),
		MaxSessionDuration: pulumi.Int(7200),
		AssumeRolePolicy:   document(trust(s, p)),
	}, in, after)
	if err != nil {
		return err
	}
	if _, err := iam.NewRolePolicy(ctx, name, &iam.RolePolicyArgs{
		Name: pulumi.String("airflow"), Role: role.Name, Policy: document(p.inline...),
	}, in); err != nil {
		return err
	}
	for _, managed := range p.managed {
		if _, err := iam.NewRolePolicyAttachment(ctx, name, &iam.RolePolicyAttachmentArgs{Role: role.Name, PolicyArn: pulumi.String(managed)}, in); err != nil {
			return err
		}
	}
	for _, part := range []string{"network", "joins", "data", "services"} {
		statements, has := p.documents[part]
		if !has {
			continue
		}
		policy, err := iam.NewPolicy(ctx, name+"-"+part, &iam.PolicyArgs{
			Name:        pulumi.String(e.githubName(p.purpose + "-" + part)),
			Description: pulumi.String(fmt.Sprintf("What deployments of %s change: %s", e.prefix(), part)),
			Policy:      document(statements...),
		}, in)
		if err != nil {
			return err
		}
		if _, err := iam.NewRolePolicyAttachment(ctx, name+"-"+part, &iam.RolePolicyAttachmentArgs{Role: role.Name, PolicyArn: policy.Arn}, in); err != nil {
			return err
		}
	}
	return nil
}
