// A program with one NAT gateway, to see the policy pack refuse it:
//
//	pulumi preview --policy-pack ../../../bin/policy-pack
package main

import "github.com/pulumi/pulumi/sdk/v3/go/pulumi"

func main() {
	pulumi.Run(func(ctx *pulumi.Context) error {
		// By its type token, which is all that the engine and the pack know of a
		// resource; it spares this module the AWS SDK.
		return ctx.RegisterResource("aws:ec2/natGateway:NatGateway", "egress", pulumi.Map{
			"subnetId":         pulumi.String("subnet-0123456789abcdef0"),
			"connectivityType": pulumi.String("private"),
		}, &pulumi.CustomResourceState{}, pulumi.Version("6.83.2"))
	})
}
