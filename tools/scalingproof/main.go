// Command scalingproof proves that the workers of a plan follow their backlog:
// it lets the plan's alarms and policies work in a simulated AWS.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/pathwai/airflow-on-fargate/config"
	"github.com/pathwai/airflow-on-fargate/internal/plan"
	"github.com/pathwai/airflow-on-fargate/internal/scaling"
)

const usage = `scalingproof [--runs N] --plan FILE --stack NAME

reads the output of "pulumi preview --json --show-sames" or "pulumi stack export"
(FILE may be -), lets each worker pool of Pulumi.NAME.yaml in this folder work in
N simulated worlds as the plan scales it, and fails with what doesn't hold.
`

func main() {
	if err := run(os.Args[1:], os.Stdout, os.Stderr); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			os.Exit(2)
		}
		fmt.Fprintln(os.Stderr, "scalingproof:", err)
		os.Exit(1)
	}
}

func run(args []string, stdout, stderr io.Writer) error {
	flags := flag.NewFlagSet("scalingproof", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.Usage = func() { _, _ = fmt.Fprint(stderr, usage) }
	file := flags.String("plan", "", "the plan")
	stack := flags.String("stack", "", "the stack whose worker pools the plan must scale")
	runs := flags.Int("runs", 30, "how many worlds")
	if err := flags.Parse(args); err != nil {
		return flag.ErrHelp // the flag set has told why
	}
	if *file == "" || *stack == "" || *runs < 1 || flags.NArg() > 0 {
		flags.Usage()
		return flag.ErrHelp
	}
	concurrency, err := pools(*stack)
	if err != nil {
		return err
	}
	p, err := plan.ReadFile(*file)
	if err != nil {
		return err
	}
	targets, err := scaling.FromPlan(p)
	if err != nil {
		return err
	}
	if len(targets) == 0 {
		return errors.New("the plan scales no service by alarms: nothing is proven")
	}
	var faults []error
	for _, target := range targets {
		service := target.ResourceID[strings.LastIndexByte(target.ResourceID, '/')+1:]
		slots, known := concurrency[service]
		if !known {
			faults = append(faults, fmt.Errorf("%s: the stack has no such pool", service))
			continue
		}
		delete(concurrency, service)
		if err := scaling.Prove(target, slots, *runs); err != nil {
			faults = append(faults, fmt.Errorf("%s:\n%w", service, err))
			continue
		}
		if _, err := fmt.Fprintf(stdout, "%s: %d to %d workers of %d tasks: all properties hold in %d worlds\n",
			service, target.Min, target.Max, slots, *runs); err != nil {
			return err
		}
	}
	for _, service := range slices.Sorted(maps.Keys(concurrency)) {
		faults = append(faults, fmt.Errorf("%s: the plan scales no such service by alarms", service))
	}
	return errors.Join(faults...)
}

// pools are the worker services of a stack file, with their concurrency.
func pools(stack string) (map[string]int, error) {
	project, err := os.ReadFile("Pulumi.yaml")
	if err != nil {
		return nil, err
	}
	values, err := config.FromFile("Pulumi."+stack+".yaml", stack)
	if err != nil {
		return nil, err
	}
	cfg, err := config.Load(project, values)
	if err != nil {
		return nil, err
	}
	all := map[string]int{}
	for _, pool := range cfg.WorkerPools {
		all[cfg.Name(pool.ServiceName())] = pool.Concurrency
	}
	return all, nil
}
