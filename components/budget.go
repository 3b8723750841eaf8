package components

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/budgets"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// BudgetArgs describes what the stack may cost.
type BudgetArgs struct {
	Scope Scope
	// MonthlyUSD is the limit, in dollars a month.
	MonthlyUSD int
	// Project and Environment are the values of the cost allocation tags of
	// these names.
	Project, Environment string
	// Alarms are told, on the topic of [Warn].
	Alarms *Alarms
}

// Budget tells when the month's cost of what carries the stack's tags passes
// four fifths of the limit, and when its forecast passes the limit. The tags
// Project and Environment must be activated for cost allocation once per
// account (AWS Billing user guide, "Activating user-defined cost allocation
// tags").
type Budget struct {
	pulumi.ResourceState
}

// NewBudget creates the budget with its two notifications.
func NewBudget(ctx *pulumi.Context, name string, args *BudgetArgs, opts ...pulumi.ResourceOption) (*Budget, error) {
	b := &Budget{}
	if err := register(ctx, "Budget", name, b, opts); err != nil {
		return nil, err
	}
	tell := func(kind string, percent float64) *budgets.BudgetNotificationArgs {
		return &budgets.BudgetNotificationArgs{
			ComparisonOperator:     pulumi.String("GREATER_THAN"),
			NotificationType:       pulumi.String(kind),
			Threshold:              pulumi.Float64(percent),
			ThresholdType:          pulumi.String("PERCENTAGE"),
			SubscriberSnsTopicArns: pulumi.StringArray{args.Alarms.TopicARNs[Warn]},
		}
	}
	if _, err := budgets.NewBudget(ctx, name, &budgets.BudgetArgs{
		Name:        pulumi.String(args.Scope.Prefix),
		BudgetType:  pulumi.String("COST"),
		TimeUnit:    pulumi.String("MONTHLY"),
		LimitAmount: pulumi.String(fmt.Sprintf("%d.0", args.MonthlyUSD)),
		LimitUnit:   pulumi.String("USD"),
		CostFilters: budgets.BudgetCostFilterArray{&budgets.BudgetCostFilterArgs{
			// Values of one tag are alternatives, different tags must all match (AWS
			// Cost Management user guide, "Budget filters"). Other projects of the
			// account have environments of the same name.
			Name:   pulumi.String("TagKeyValue"),
			Values: pulumi.ToStringArray([]string{"user:Environment$" + args.Environment, "user:Project$" + args.Project}),
		}},
		Notifications: budgets.BudgetNotificationArray{tell("ACTUAL", 80), tell("FORECASTED", 100)},
	}, pulumi.Parent(b), pulumi.DependsOn([]pulumi.Resource{args.Alarms.open[Warn]})); err != nil {
		return nil, fmt.Errorf("budget: %w", err)
	}
	return b, ctx.RegisterResourceOutputs(b, pulumi.Map{})
}
