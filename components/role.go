package components

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// role is an IAM role with one inline policy. It can be used once everything
// in ready exists: a service that starts between role and policy is refused.
type role struct {
	*iam.Role
	ready []pulumi.Resource
}

// newRole creates the IAM role called physical, trusted by trusted, allowed
// what permissions say; without permissions it has no policy.
func newRole(ctx *pulumi.Context, parent pulumi.Resource, name, physical, description string, trusted, permissions Document) (*role, error) {
	assume, err := trusted.JSON()
	if err != nil {
		return nil, fmt.Errorf("role %s: trust: %w", physical, err)
	}
	created, err := iam.NewRole(ctx, name, &iam.RoleArgs{
		Name:             pulumi.String(physical),
		Description:      pulumi.String(description),
		AssumeRolePolicy: pulumi.String(assume),
	}, pulumi.Parent(parent))
	if err != nil {
		return nil, fmt.Errorf("role %s: %w", physical, err)
	}
	if len(permissions) == 0 {
		return &role{created, []pulumi.Resource{created}}, nil
	}
	policy, err := permissions.JSON()
	if err != nil {
		return nil, fmt.Errorf("role %s: %w", physical, err)
	}
	attached, err := iam.NewRolePolicy(ctx, name, &iam.RolePolicyArgs{
		Name:   pulumi.String("inline"),
		Role:   created.Name,
		Policy: pulumi.String(policy),
	}, pulumi.Parent(created))
	if err != nil {
		return nil, fmt.Errorf("role %s: policy: %w", physical, err)
	}
	return &role{created, []pulumi.Resource{created, attached}}, nil
}
