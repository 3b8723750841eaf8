// Package components holds the parts of the platform, each a Pulumi component
// with typed arguments and the outputs that other parts need.
//
// Physical names and ARNs are built from the configured account, region and
// names wherever AWS doesn't add a random part: policy documents are then known
// at preview, where the policy pack can read them.
package components

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Scope is what every name and ARN of a stack starts with: they are built from
// it, and nothing is looked up (docs/adr/0004).
type Scope struct {
	// Prefix is <org>-airflow-<environment>.
	Prefix string
	// AccountID is the AWS account, 12 digits.
	AccountID string
	// Region is the AWS region, such as us-east-1.
	Region string
}

// Name returns the physical name of one thing of the stack.
func (s Scope) Name(thing string) string { return s.Prefix + "-" + thing }

// ARN returns arn:aws:<service>:<region>:<account>:<resource>.
func (s Scope) ARN(service, resource string) string {
	return fmt.Sprintf("arn:aws:%s:%s:%s:%s", service, s.Region, s.AccountID, resource)
}

// GlobalARN returns the ARN of a resource that belongs to no region, such as an IAM role.
func (s Scope) GlobalARN(service, resource string) string {
	return fmt.Sprintf("arn:aws:%s::%s:%s", service, s.AccountID, resource)
}

// RootARN is the principal that stands for the account.
func (s Scope) RootARN() string { return s.GlobalARN("iam", "root") }

// BucketARN returns the ARN of a bucket, or of keys in it.
func BucketARN(bucket, keys string) string {
	if keys == "" {
		return "arn:aws:s3:::" + bucket
	}
	return "arn:aws:s3:::" + bucket + "/" + keys
}

// SecretARN is the ARN pattern of a secret: its name ends with the stack's life,
// and Secrets Manager adds a hyphen and six random characters.
func (s Scope) SecretARN(name string) string {
	return s.ARN("secretsmanager", "secret:"+s.Prefix+"/"+name+"-*")
}

// LogGroupName returns the name of a log group of the stack.
func (s Scope) LogGroupName(thing string) string { return "/" + s.Prefix + "/" + thing }

// tagged are the conditions of a statement about this stack's resources alone, by
// the tags that its provider gives all of them.
func (s Scope) tagged() map[string][]string {
	i := strings.LastIndex(s.Prefix, "-")
	return map[string][]string{"aws:ResourceTag/Project": {s.Prefix[:i]}, "aws:ResourceTag/Environment": {s.Prefix[i+1:]}}
}

// AWSService is the DNS name of an AWS service principal.
func AWSService(name string) string { return name + ".amazonaws.com" }

// register makes c known as a component of the given kind. The caller names
// its children after name and gives them [child] as option.
func register(ctx *pulumi.Context, kind, name string, c pulumi.ComponentResource, opts []pulumi.ResourceOption) error {
	if err := ctx.RegisterComponentResource("airflow:index:"+kind, name, c, opts...); err != nil {
		return fmt.Errorf("%s %q: %w", kind, name, err)
	}
	return nil
}

// named returns tags with the Name that the consoles show.
func named(name string) pulumi.StringMap { return pulumi.StringMap{"Name": pulumi.String(name)} }

// because adds the reason for which somebody declared a resource. Tags take
// fewer characters than reasons do.
func because(tags pulumi.StringMap, why string) pulumi.StringMap {
	tags["Why"] = pulumi.String(notOfTags.ReplaceAllString(why, " "))
	return tags
}

var notOfTags = regexp.MustCompile(`[^A-Za-z0-9 _.:/=+@-]+`)

// parented returns a fresh slice of options: child's parent and more.
func parented(parent pulumi.Resource, more ...pulumi.ResourceOption) []pulumi.ResourceOption {
	return append([]pulumi.ResourceOption{pulumi.Parent(parent)}, more...)
}
