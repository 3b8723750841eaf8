package platform

import (
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/pathwai/airflow-on-fargate/config"
)

// checkPrefixLists stops a stack, before any resource, whose egress names a prefix
// list that is wider than a network there may be, or too large. Only AWS knows what
// is in it, and its owner may change that: each preview asks anew.
func checkPrefixLists(ctx *pulumi.Context, cfg *config.Config, in pulumi.InvokeOption) error {
	return cfg.CheckPrefixLists(func(id string) (config.PrefixList, error) {
		list, err := ec2.LookupManagedPrefixList(ctx, &ec2.LookupManagedPrefixListArgs{Id: &id}, in)
		if err != nil {
			return config.PrefixList{}, err
		}
		found := config.PrefixList{Size: list.MaxEntries}
		for _, entry := range list.Entries {
			found.Networks = append(found.Networks, entry.Cidr)
		}
		return found, nil
	})
}
