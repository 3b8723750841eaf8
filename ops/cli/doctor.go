package cli

import (
	"context"
	"fmt"
	"net"
	"time"

	"github.com/spf13/cobra"

	"github.com/pathwai/airflow-on-fargate/ops/doctor"
	"github.com/pathwai/airflow-on-fargate/ops/stack"
)

const doctorLong = `Doctor looks at what a plan can't know, by calls that only read: the account's
roles, quotas and zones, what AWS offers in them, certificate, names, images,
Pulumi's state. Each finding says what it means and what cures it. A check that
couldn't be made is unknown, and never green.

It ends with 4 when something is red; with 1 when nothing is, but a check
couldn't be made at which make up may stop; else with 0.

--fix makes the service-linked roles that are missing, and nothing else.`

func (t *tool) doctor() *cobra.Command {
	fix := false
	cmd := &cobra.Command{
		Use:     "doctor STACK",
		Short:   "Look at what a plan can't know, before make up meets it",
		Long:    doctorLong,
		Example: "  ops doctor dev\n  ops doctor dev --fix\n  ops doctor prod --output json",
		Args:    stackArg,
		RunE: t.on(func(ctx context.Context, s *stack.Stack, _ []string) error {
			cfg, err := s.AWS(ctx)
			if err != nil {
				return err
			}
			d := &doctor.Doctor{Stack: s, AWS: cfg, Resolve: net.DefaultResolver.LookupNetIP, Now: time.Now}
			if fix {
				if err := d.Fix(ctx, func(service string) { t.say("doctor: made the role of %s", service) }); err != nil {
					return fmt.Errorf("what was made stays: %w", err)
				}
			}
			findings, err := d.Examine(ctx)
			if err != nil {
				return err
			}
			return t.diagnosis(findings)
		}),
	}
	cmd.Flags().BoolVar(&fix, "fix", false, "make the service-linked roles that are missing, first")
	return cmd
}

// diagnosis prints the findings; the exit code is theirs.
func (t *tool) diagnosis(findings []doctor.Finding) error {
	if err := t.print(findings, doctor.Text(findings)); err != nil {
		return err
	}
	verdict := doctor.Judge(findings)
	t.say("doctor: %s", verdict)
	switch {
	case verdict.Red > 0:
		return &Failure{Code: ExitNotAsked, Err: fmt.Errorf("%d red, see above", verdict.Red)}
	case verdict.Blind > 0:
		return fmt.Errorf("%d unknown at which make up may stop, see above", verdict.Blind)
	}
	return nil
}
