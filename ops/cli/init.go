package cli

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/pathwai/airflow-on-fargate/config"
	"github.com/pathwai/airflow-on-fargate/ops/answers"
	"github.com/pathwai/airflow-on-fargate/ops/stack"
)

func (t *tool) init() *cobra.Command {
	var like string
	var set []string
	command := &cobra.Command{
		Use:   "init STACK",
		Short: "Ask for what a new stack must answer, and write its file",
		Long: "Init writes Pulumi.<stack>.yaml: the values of another stack, such as an example, with the answers of the new one. " +
			"Each answer is checked at once; nothing is written before the last one, and a file that exists is left as it is.\n\n" +
			"With --set nothing is asked: questions without a --set take their suggestions, and all faults are told together. " +
			"Its keys are those of docs/configuration.md.",
		Example: "  ops init staging\n" +
			"  ops init staging --like prod --set org=acme --set accountId=210987654321 --set aws:region=eu-west-1 \\\n" +
			"    --set loadBalancer.hostname=airflow.acme.com --set loadBalancer.certificateArn=arn:aws:acm:… --set alarms.emails=a@acme.com,b@acme.com",
		Args: stackArg,
		RunE: func(cmd *cobra.Command, args []string) error {
			given, err := pairs(set)
			if err != nil {
				return err
			}
			if err := answers.Check(t.Root, args[0]); err != nil {
				return &Failure{Code: ExitUsage, Err: err}
			}
			asker := answers.NewAsker(t.In, t.Err)
			stacks := stack.Names(t.Root)
			if len(stacks) == 0 {
				return &Failure{Code: ExitNothing, Err: errors.New("there is no stack to begin with: no Pulumi.<stack>.yaml here")}
			}
			if like == "" && len(given) > 0 {
				like = stacks[0]
			}
			if like == "" {
				if like, err = asker.Like(cmd.Context(), stacks); err != nil {
					return unanswered(err)
				}
			}
			draft, err := answers.Begin(t.Root, args[0], like)
			if err != nil {
				return &Failure{Code: ExitUsage, Err: err}
			}
			if len(given) > 0 {
				err = answers.Fill(draft, given)
			} else {
				err = asker.All(cmd.Context(), draft)
			}
			if err != nil {
				return unanswered(err)
			}
			file, err := draft.Write()
			if err != nil {
				return err
			}
			t.next(args[0])
			_, err = fmt.Fprintln(t.Out, file)
			return err
		},
	}
	command.Flags().StringVar(&like, "like", like, "the stack whose values it begins with; asked for, or the first, without it")
	command.Flags().StringArrayVar(&set, "set", set, "an answer as KEY=VALUE; values of a list are separated by commas")
	return command
}

// pairs splits answers at their first =; a key that comes twice is a mistake.
func pairs(set []string) (map[string]string, error) {
	given := map[string]string{}
	for _, pair := range set {
		key, value, ok := strings.Cut(pair, "=")
		if _, twice := given[key]; !ok || key == "" || twice {
			return nil, usage("--set is %q: KEY=VALUE, each key once, such as --set org=acme", pair)
		}
		given[key] = value
	}
	return given, nil
}

func unanswered(err error) error {
	var faults *config.Error
	if errors.As(err, &faults) || errors.Is(err, answers.ErrEnded) {
		return &Failure{Code: ExitUsage, Err: err}
	}
	return err
}

// next tells what leads from the file to a running stack.
func (t *tool) next(stack string) {
	t.say("\nNext (docs/runbooks/first-deployment.md):")
	for _, step := range [][2]string{
		{"make preview STACK=" + stack, "the plan, on the simulated cloud"},
		{"make bootstrap CLOUD=aws", "once per account, with your answers in bootstrap/Pulumi.bootstrap.yaml"},
		{"pulumi login s3://…", "the bucket that bootstrap printed; make tools puts a pulumi into bin/"},
		{"pulumi stack init " + stack + " --secrets-provider …", "the one that bootstrap printed"},
		{"make repositories STACK=" + stack + " CLOUD=aws", ""},
		{"aws ecr get-login-password | docker login …", "to the account's registry"},
		{"make images-push STACK=" + stack + " CLOUD=aws", ""},
		{"make digests STACK=" + stack, "takes the place of the example digests"},
		{"make doctor STACK=" + stack + " CLOUD=aws", "what would stop it in this account"},
		{"make up STACK=" + stack + " CLOUD=aws", ""},
		{"make stable STACK=" + stack + " CLOUD=aws", ""},
	} {
		t.say("%s", strings.TrimRight(fmt.Sprintf("  %-48s %s", step[0], step[1]), " "))
	}
}
