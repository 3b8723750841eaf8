package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	pulumiconfig "github.com/pulumi/pulumi/sdk/v3/go/pulumi/config"

	"github.com/pathwai/airflow-on-fargate/config"
)

// settings are what Pulumi.yaml describes.
type settings struct {
	region, account, org, bucket, repository, blockPublicAccess string
	// reuseProvider takes the account's identity provider of GitHub as it is.
	reuseProvider bool
	environments  []environment
}

// environment is a stack that pipelines deploy, by its own settings: what it is
// called, its buckets and its hostname say what its roles may touch.
type environment struct {
	name   string
	region string
	// account and org are the settings', which the stack's must equal.
	account, org, bucket string
	stack                *config.Config
}

// blocks are the modes of EC2's VPC block public access; off leaves the account's as it is.
var blocks = []string{"off", "block-ingress", "block-bidirectional"}

// read returns the settings, or all their faults. The stacks' files are in folder.
func read(ctx *pulumi.Context, folder string) (settings, error) {
	c := pulumiconfig.New(ctx, "")
	s := settings{
		region: c.Get("region"), account: c.Get("accountId"), org: c.Get("org"), bucket: c.Get("stateBucket"),
		repository: c.Get("repository"), blockPublicAccess: c.Get("vpcBlockPublicAccess"), reuseProvider: c.GetBool("reuseGithubProvider"),
	}
	var faults []error
	for _, check := range []struct{ key, value, form, allowed string }{
		{"region", s.region, `^[a-z]{2}-[a-z]+-[0-9]$`, "an AWS region such as us-east-1"},
		{"accountId", s.account, `^[0-9]{12}$`, "an AWS account id: 12 digits, in quotes"},
		{"org", s.org, `^[a-z][a-z0-9]{0,15}$`, "1 to 16 lower-case letters and digits, a letter first"},
		{"stateBucket", s.bucket, `^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$`, "a bucket name: 3 to 63 lower-case letters, digits and hyphens"},
		{"repository", s.repository, `^[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+$`, "a GitHub repository as owner/name"},
	} {
		switch {
		case check.value == "":
			faults = append(faults, fmt.Errorf("airflow-bootstrap:%s: required, but missing: %s", check.key, check.allowed))
		case !regexp.MustCompile(check.form).MatchString(check.value):
			faults = append(faults, fmt.Errorf("airflow-bootstrap:%s is %q: %s", check.key, check.value, check.allowed))
		}
	}
	if !slices.Contains(blocks, s.blockPublicAccess) {
		faults = append(faults, fmt.Errorf("airflow-bootstrap:vpcBlockPublicAccess is %q: one of %q", s.blockPublicAccess, blocks))
	}
	var names []string
	if err := c.TryObject("environments", &names); err != nil || len(names) == 0 {
		faults = append(faults, errors.New("airflow-bootstrap:environments: required, but missing: a list of stacks, each with its file Pulumi.<stack>.yaml"))
	}
	for i, name := range names {
		if slices.Contains(names[:i], name) {
			faults = append(faults, fmt.Errorf("airflow-bootstrap:environments names %q twice", name))
			continue
		}
		e, err := s.environment(folder, name)
		faults = append(faults, err)
		s.environments = append(s.environments, e)
	}
	return s, errors.Join(faults...)
}

// environment reads the stack called name.
func (s settings) environment(folder, name string) (environment, error) {
	e := environment{name: name, region: s.region, account: s.account, org: s.org, bucket: s.bucket}
	if name == "github" {
		return e, errors.New(`airflow-bootstrap:environments has "github": another name: the pipelines' own roles are called <org>-airflow-github-…`)
	}
	project, err := os.ReadFile(filepath.Join(folder, "Pulumi.yaml"))
	if err != nil {
		return e, err
	}
	file := "Pulumi." + name + ".yaml"
	values, err := config.FromFile(filepath.Join(folder, file), name)
	if err != nil {
		return e, fmt.Errorf("airflow-bootstrap:environments has %q: %w", name, err)
	}
	if e.stack, err = config.Load(project, values); err != nil {
		return e, fmt.Errorf("airflow-bootstrap:environments has %q, and %s is wrong:\n%w", name, file, err)
	}
	var faults []error
	for _, same := range []struct{ key, here, there string }{
		{"region", s.region, e.stack.Region}, {"accountId", s.account, e.stack.AccountID}, {"org", s.org, e.stack.Org},
	} {
		if same.here != same.there {
			faults = append(faults, fmt.Errorf("airflow-bootstrap:%s is %q, and %s says %q: an account is bootstrapped for stacks of its own", same.key, same.here, file, same.there))
		}
	}
	return e, errors.Join(faults...)
}

// prefix starts every name of the environment's stack; no other environment's
// names begin with it and a hyphen, since names of stacks have none.
func (e environment) prefix() string { return e.org + "-airflow-" + e.name }

// arn of something of the environment, in its region and account.
func (e environment) arn(service, resource string) string {
	return fmt.Sprintf("arn:aws:%s:%s:%s:%s", service, e.region, e.account, resource)
}

// boundary bounds every role that the environment's deployments make.
func (e environment) boundary() string {
	return fmt.Sprintf("arn:aws:iam::%s:policy/%s", e.account, e.githubName("boundary"))
}

// githubName is what pipelines use for a purpose, out of the reach of every deployment.
func (e environment) githubName(purpose string) string {
	return fmt.Sprintf("%s-airflow-github-%s-%s", e.org, e.name, purpose)
}
