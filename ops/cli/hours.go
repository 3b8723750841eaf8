package cli

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/pathwai/airflow-on-fargate/ops/hours"
	"github.com/pathwai/airflow-on-fargate/ops/stack"
)

const untilForms = "a date, or date and time in the schedule's zone"

func (t *tool) hibernate() *cobra.Command {
	until := ""
	cmd := &cobra.Command{
		Use:   "hibernate STACK --until TIME",
		Short: "Turn a stack off until a time, over its schedule",
		Long: "Hibernate turns the stack off as its off-hours do: workers finish what they run, for up to schedule.drainMinutes, then the rest stops, the database " +
			"last. It stays off until the time, whatever the schedule says, and comes on then by itself. Ops wake ends it earlier. The stack must declare off-hours.",
		Example: "  ops hibernate dev --until 2026-12-27\n  ops hibernate dev --until \"2026-11-30 09:00\"",
		Args:    stackArg,
		RunE:    t.on(func(ctx context.Context, s *stack.Stack, _ []string) error { return t.turn(ctx, s, "off", until) }),
	}
	cmd.Flags().StringVar(&until, "until", "", untilForms)
	return cmd
}

func (t *tool) wake() *cobra.Command {
	until := ""
	cmd := &cobra.Command{
		Use:   "wake STACK [--until TIME]",
		Short: "Turn a stack on, and with a time keep it on until then, over its schedule",
		Long: "Wake turns the stack on, the database first. Without a time it ends a hibernation, and the schedule is as declared: the next stop stops it. With one it stays " +
			"on until then, and goes off then by itself. The stack must declare off-hours.",
		Example: "  ops wake dev\n  ops wake dev --until \"2026-11-28 23:00\"",
		Args:    stackArg,
		RunE:    t.on(func(ctx context.Context, s *stack.Stack, _ []string) error { return t.turn(ctx, s, "on", until) }),
	}
	cmd.Flags().StringVar(&until, "until", "", untilForms)
	return cmd
}

func (t *tool) turn(ctx context.Context, s *stack.Stack, to, until string) (err error) {
	if s.Schedule.Stop == "" {
		return fmt.Errorf("%w: stack %s declares no off-hours, and what turns it off and on comes with them: airflow:schedule: {stop: ..., start: ...}", hours.ErrNone, s.Name)
	}
	var end time.Time
	if until != "" {
		if end, err = hours.End(until, s.Schedule.Timezone, time.Now()); err != nil {
			return usage("--until: %w", err)
		}
	} else if to == "off" {
		return usage("--until is missing: %s; nothing is off for ever by mistake", untilForms)
	}
	cfg, err := s.AWS(ctx)
	if err != nil {
		return err
	}
	turned, err := hours.New(s, cfg).Turn(ctx, to, end)
	if err != nil {
		return err
	}
	then := "; after that as the schedule says"
	if turned.Until != nil {
		then = fmt.Sprintf(", and the contrary comes at %s", turned.Until.Format(time.RFC3339))
	}
	return t.print(turned, fmt.Sprintf("%s goes %s%s\n  aws stepfunctions describe-execution --region %s --execution-arn %s\n", s.Name, to, then, s.Region, turned.Execution))
}
