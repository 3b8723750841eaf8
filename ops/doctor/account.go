package doctor

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/budgets"
	"github.com/aws/aws-sdk-go-v2/service/costexplorer"
	costtypes "github.com/aws/aws-sdk-go-v2/service/costexplorer/types"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/smithy-go"
)

var linkedAccount = regexp.MustCompile(`(?i)linked account|enable budgets|not enabled`)

// roleServices are the services that act in roles of their own in a stack's account.
var roleServices = []string{
	"ecs.amazonaws.com", "elasticloadbalancing.amazonaws.com", "rds.amazonaws.com", "elasticache.amazonaws.com",
	"ecs.application-autoscaling.amazonaws.com",
}

const rolePath = "/aws-service-role/"

// withoutRole are the services whose role isn't there: they have paths of their own.
func (d *Doctor) withoutRole(ctx context.Context) ([]string, error) {
	there := map[string]bool{}
	pages := iam.NewListRolesPaginator(iam.NewFromConfig(d.AWS), &iam.ListRolesInput{PathPrefix: aws.String(rolePath)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, role := range page.Roles {
			there[strings.Trim(strings.TrimPrefix(aws.ToString(role.Path), rolePath), "/")] = true
		}
	}
	return slices.DeleteFunc(slices.Clone(roleServices), func(service string) bool { return there[service] }), nil
}

func (d *Doctor) roles(ctx context.Context) ([]Finding, error) {
	without, err := d.withoutRole(ctx)
	if err != nil {
		return nil, err
	}
	var found []Finding
	for _, service := range roleServices {
		if !slices.Contains(without, service) {
			found = append(found, green(service, "has its role"))
			continue
		}
		found = append(found, Finding{
			Of: service, Level: Red, Says: "has no service-linked role",
			Means: "AWS makes it in the middle of the first up, and may refuse calls until everybody knows it: that up stops, the next goes through",
			Cure:  "ops doctor " + d.Name + " --fix, or: aws iam create-service-linked-role --aws-service-name " + service,
		})
	}
	return found, nil
}

// Fix makes the service-linked roles that are missing, and tells each. It
// needs iam:CreateServiceLinkedRole.
func (d *Doctor) Fix(ctx context.Context, made func(service string)) error {
	without, err := d.withoutRole(ctx)
	if err != nil {
		return err
	}
	for _, service := range without {
		_, err = iam.NewFromConfig(d.AWS).CreateServiceLinkedRole(ctx, &iam.CreateServiceLinkedRoleInput{AWSServiceName: aws.String(service)})
		if errors.As(err, new(*iamtypes.InvalidInputException)) || errors.As(err, new(*iamtypes.EntityAlreadyExistsException)) {
			err = nil // "has been taken": AWS was faster, or an answer was lost; the check says what is there
		}
		if err != nil {
			return fmt.Errorf("%s: %w", service, err)
		}
		made(service)
	}
	return nil
}

func (d *Doctor) budget(ctx context.Context) ([]Finding, error) {
	if d.Budget.MonthlyUSD == 0 {
		return []Finding{green("budget", "none is asked for")}, nil
	}
	_, err := budgets.NewFromConfig(d.AWS).DescribeBudgets(ctx, &budgets.DescribeBudgetsInput{AccountId: aws.String(d.AccountID)})
	var refused smithy.APIError
	if errors.As(err, &refused) && linkedAccount.MatchString(refused.ErrorMessage()) {
		return []Finding{{
			Of: "budget", Level: Red, Says: "AWS says: " + refused.ErrorMessage(), Means: "up stops at the budget, up to a day after the account was made",
			Cure: "in the payer account, turn budgets on once (open Budgets in its console), or leave the budget out: airflow:budget: {monthlyUsd: 0}",
		}}, nil
	}
	if err != nil {
		return nil, err
	}
	return []Finding{green("budget", "the account has budgets")}, nil
}

// costTagKeys are the tags by which a budget counts.
var costTagKeys = []string{"Environment", "Project"}

func (d *Doctor) costTags(ctx context.Context) ([]Finding, error) {
	if d.Budget.MonthlyUSD == 0 {
		return []Finding{green("tags", "no budget counts by them")}, nil
	}
	answer, err := costexplorer.NewFromConfig(d.AWS).ListCostAllocationTags(ctx, &costexplorer.ListCostAllocationTagsInput{TagKeys: costTagKeys})
	if err != nil {
		return nil, fmt.Errorf("only the payer account may ask: %w", err)
	}
	var found []Finding
	for _, key := range costTagKeys {
		active := slices.ContainsFunc(answer.CostAllocationTags, func(tag costtypes.CostAllocationTag) bool {
			return aws.ToString(tag.TagKey) == key && tag.Status == costtypes.CostAllocationTagStatusActive
		})
		if active {
			found = append(found, green(key, "is active"))
			continue
		}
		found = append(found, Finding{
			Of: key, Level: Warning, Says: "isn't active for cost allocation", Means: "the budget counts 0, and warns of nothing",
			Cure: "in the payer account, a day after the first up, when AWS knows the tag: aws ce update-cost-allocation-tags-status --cost-allocation-tags-status TagKey=" + key + ",Status=Active",
		})
	}
	return found, nil
}

func (d *Doctor) blockPublicAccess(ctx context.Context) ([]Finding, error) {
	answer, err := ec2.NewFromConfig(d.AWS).DescribeVpcBlockPublicAccessOptions(ctx, &ec2.DescribeVpcBlockPublicAccessOptionsInput{})
	if err != nil {
		return nil, err
	}
	options := answer.VpcBlockPublicAccessOptions
	if options == nil {
		return nil, errors.New("AWS tells no options")
	}
	if options.InternetGatewayBlockMode == ec2types.InternetGatewayBlockModeBlockBidirectional {
		return []Finding{green("VPC block public access", "%s", options.InternetGatewayBlockMode)}, nil
	}
	return []Finding{{
		Of: "VPC block public access", Level: Warning, Says: string(options.InternetGatewayBlockMode),
		Means: "the stack has no internet gateway; with this on, nobody could give it one by hand. It holds for every VPC of the region",
		Cure:  "if no other VPC there needs the internet: aws ec2 modify-vpc-block-public-access-options --region " + d.Region + " --internet-gateway-block-mode block-bidirectional",
	}}, nil
}
