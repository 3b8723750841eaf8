package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/service/accessanalyzer"
	"github.com/spf13/cobra"

	documents "github.com/pathwai/airflow-on-fargate/ops/accessanalyzer"
	"github.com/pathwai/airflow-on-fargate/ops/internal/program"
	"github.com/pathwai/airflow-on-fargate/ops/stack"
)

func (t *tool) accessAnalyzer() *cobra.Command {
	return &cobra.Command{
		Use:   "access-analyzer STACK",
		Short: "Ask IAM Access Analyzer about every policy document of a stack's plan",
		Long: "Access-analyzer previews the stack and has every policy in the plan validated, by its kind: identity, trust, bucket or other resource " +
			"policy. It ends with 4 when there are errors or security warnings.",
		Example: "  ops access-analyzer dev\n  ops access-analyzer prod --output json",
		Args:    stackArg,
		RunE: t.on(func(ctx context.Context, s *stack.Stack, _ []string) error {
			cfg, err := s.AWS(ctx)
			if err != nil {
				return err
			}
			plan, err := program.Output(s.Pulumi(ctx, s.Root, "preview", "--non-interactive", "--json", "--show-sames")) // unchanged documents, too
			if err != nil {
				return err
			}
			all, unknown, err := documents.Documents(plan)
			if err != nil {
				return err
			}
			if unknown > 0 {
				t.say("access-analyzer: documents that are known only after the update: %d", unknown)
			}
			findings, err := documents.Validate(ctx, accessanalyzer.NewFromConfig(cfg), all)
			if err != nil {
				return err
			}
			return t.printFindings(len(all), findings)
		}),
	}
}

func (t *tool) printFindings(asked int, findings []documents.Finding) error {
	faults, text := 0, ""
	for _, f := range findings {
		if f.Fault() {
			faults++
		}
		text += fmt.Sprintf("%s: %s: %s\n", f.Type, f.Resource, f.Details)
	}
	if err := t.print(findings, text); err != nil {
		return err
	}
	t.say("access-analyzer: documents: %d, errors and security warnings: %d", asked, faults)
	if faults > 0 {
		return &Failure{Code: ExitNotAsked, Err: errors.New("the policies have errors or security warnings, see above")}
	}
	return nil
}
