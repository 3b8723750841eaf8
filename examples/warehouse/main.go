// Command warehouse is a second stack: it takes the platform's outputs and
// attaches a database, a permission and a connection to the DAGs of the default
// worker pool. The platform's stack names the same database in
// workerPools[].egress: either side alone opens nothing.
package main

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/secretsmanager"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/vpc"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/config"
)

// pool is the worker pool whose DAGs use the warehouse, as the platform's outputs
// call it.
const pool = "worker"

func main() { pulumi.Run(attach) }

func attach(ctx *pulumi.Context) error {
	settings := config.New(ctx, "")
	platform, err := pulumi.NewStackReference(ctx, settings.Require("platform"), nil)
	if err != nil {
		return err
	}
	provider, err := aws.NewProvider(ctx, "aws", &aws.ProviderArgs{
		Region: pulumi.String(settings.Require("region")), AllowedAccountIds: pulumi.ToStringArray([]string{settings.Require("accountId")}),
	})
	if err != nil {
		return err
	}
	in := pulumi.Provider(provider)
	if _, err := vpc.NewSecurityGroupIngressRule(ctx, "database-from-workers", &vpc.SecurityGroupIngressRuleArgs{
		SecurityGroupId:           pulumi.String(settings.Require("databaseGroupId")),
		ReferencedSecurityGroupId: output(platform, "securityGroupIds", pool).ToStringPtrOutput(),
		IpProtocol:                pulumi.String("tcp"),
		FromPort:                  pulumi.Int(5432),
		ToPort:                    pulumi.Int(5432),
		Description:               pulumi.String("DAGs of the platform"),
	}, in); err != nil {
		return err
	}
	policy, err := readDaily(settings.Require("exports"))
	if err != nil {
		return err
	}
	if _, err = iam.NewRolePolicy(ctx, "dags-read-exports", &iam.RolePolicyArgs{
		Role:   output(platform, "taskRoleArns", pool).ApplyT(roleName).(pulumi.StringOutput),
		Policy: pulumi.String(policy),
	}, in); err != nil {
		return err
	}
	return connect(ctx, platform, settings, in)
}

// connect declares Airflow's connection "warehouse" where the platform's
// secretsBackend looks first, under the platform's key.
func connect(ctx *pulumi.Context, platform *pulumi.StackReference, settings *config.Config, in pulumi.ResourceOption) error {
	secret, err := secretsmanager.NewSecret(ctx, "connection", &secretsmanager.SecretArgs{
		Name:                 pulumi.String("airflow/connections/warehouse"),
		KmsKeyId:             output(platform, "keyArns", "secrets").ToStringPtrOutput(),
		RecoveryWindowInDays: pulumi.Int(7),
	}, in)
	if err != nil {
		return err
	}
	_, err = secretsmanager.NewSecretVersion(ctx, "connection", &secretsmanager.SecretVersionArgs{
		SecretId: secret.ID(), SecretString: settings.RequireSecret("connection").ToStringPtrOutput(),
	}, in)
	return err
}

// output is one entry of a map among a stack's outputs.
func output(stack *pulumi.StackReference, name, entry string) pulumi.StringOutput {
	return stack.GetOutput(pulumi.String(name)).ApplyT(func(value any) (string, error) {
		entries, _ := value.(map[string]any)
		text, ok := entries[entry].(string)
		if !ok {
			return "", fmt.Errorf("the platform's stack has no output %s.%s", name, entry)
		}
		return text, nil
	}).(pulumi.StringOutput)
}

func roleName(arn string) string { return arn[strings.LastIndex(arn, "/")+1:] }

func readDaily(bucket string) (string, error) {
	document, err := json.Marshal(map[string]any{
		"Version": "2012-10-17",
		"Statement": []map[string]any{{
			"Sid": "Exports", "Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::" + bucket + "/daily/*",
		}},
	})
	return string(document), err
}
