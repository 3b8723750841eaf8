// A program with awsx's VPC at its defaults: an internet gateway, public
// subnets, and a NAT gateway per zone. To see the policy pack refuse them:
//
//	pulumi preview --policy-pack ../../../bin/policy-pack
package main

import "github.com/pulumi/pulumi/sdk/v3/go/pulumi"

// vpc stands for awsx's component, whose SDK this module can do without.
type vpc struct{ pulumi.ResourceState }

func main() {
	pulumi.Run(func(ctx *pulumi.Context) error {
		return ctx.RegisterRemoteComponentResource("awsx:ec2:Vpc", "default", pulumi.Map{}, &vpc{}, pulumi.Version("2.22.0"))
	})
}
