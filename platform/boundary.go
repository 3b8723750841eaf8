package platform

import (
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// bound gives every role of the stack, whichever component makes it, a
// permissions boundary; without an ARN roles have none.
func bound(ctx *pulumi.Context, arn string) error {
	if arn == "" {
		return nil
	}
	return ctx.RegisterStackTransformation(func(args *pulumi.ResourceTransformationArgs) *pulumi.ResourceTransformationResult {
		role, is := args.Props.(*iam.RoleArgs)
		if !is {
			return nil
		}
		role.PermissionsBoundary = pulumi.String(arn)
		return &pulumi.ResourceTransformationResult{Props: role, Opts: args.Opts}
	})
}
