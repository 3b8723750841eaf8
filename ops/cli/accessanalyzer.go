package cli

import (
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/service/accessanalyzer"
	"github.com/spf13/cobra"

	documents "github.com/pathwai/airflow-on-fargate/ops/accessanalyzer"
	"github.com/pathwai/airflow-on-fargate/ops/internal/program"
)

func (t *tool) accessAnalyzer() *cobra.Command {
	return &cobra.Command{
		Use:   "access-analyzer STACK",
		Short: "Ask IAM Access Analyzer about every policy document of a stack's plan",
		Long: "Access-analyzer previews the stack and has every policy in the plan validated, by its kind: identity, trust, bucket or other resource " +
			"policy. It ends with 4 when there are errors or security warnings.",
		Example: "  ops access-analyzer dev\n  ops access-analyzer prod --output json",
		Args:    stackArg,
		RunE: func(cmd *cobra.Command, args []string) error {
			s, err := t.stack(args[0])
			if err != nil {
				return err
			}
			cfg, err := s.AWS(cmd.Context())
			if err != nil {
				return err
			}
			plan, err := program.Output(s.Pulumi(cmd.Context(), s.Root, "preview", "--non-interactive", "--json", "--show-sames")) // unchanged documents, too
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
			findings, err := documents.Validate(cmd.Context(), accessanalyzer.NewFromConfig(cfg), all)
			if err != nil {
				return err
			}
			return t.printFindings(len(all), findings)
		},
	}
}

func (t *tool) printFindings(asked int, findings []documents.Finding) error {
	faults := 0
	for _, f := range findings {
		if f.Fault() {
			faults++
		}
		if t.json {
			continue
		}
		if _, err := fmt.Fprintf(t.Out, "%s: %s: %s\n", f.Type, f.Resource, f.Details); err != nil {
			return err
		}
	}
	if t.json {
		if err := t.printJSON(findings); err != nil {
			return err
		}
	}
	t.say("access-analyzer: documents: %d, errors and security warnings: %d", asked, faults)
	if faults > 0 {
		return &Failure{Code: ExitNotAsked, Err: errors.New("the policies have errors or security warnings, see above")}
	}
	return nil
}
