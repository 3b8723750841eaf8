// Command scalingproof proves that the workers of a plan follow their backlog:
// it lets the plan's alarms and policies work in a simulated AWS.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/pathwai/airflow-on-fargate/config"
	"github.com/pathwai/airflow-on-fargate/internal/plan"
	"github.com/pathwai/airflow-on-fargate/internal/scaling"
)

const usage = `scalingproof [--runs N] --plan FILE --stack NAME
scalingproof [--runs N] --plan FILE SERVICE=CONCURRENCY ...

reads the output of "pulumi preview --json --show-sames" or "pulumi stack export"
(FILE may be -), lets each service that alarms scale work in N simulated worlds,
and fails with what doesn't hold. SERVICE is the name of an ECS service;
CONCURRENCY is how many tasks one of its workers runs. With --stack the worker
pools of Pulumi.NAME.yaml in this folder are meant.
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
	if *file == "" || *runs < 1 || *stack != "" && flags.NArg() > 0 {
		flags.Usage()
		return flag.ErrHelp
	}
	concurrency, err := concurrencies(flags.Args())
	if err != nil {
		return err
	}
	if *stack != "" {
		if concurrency, err = pools(*stack); err != nil {
			return err
		}
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
			faults = append(faults, fmt.Errorf("%s: its concurrency is not given; add %s=N", service, service))
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
	for service := range concurrency {
		faults = append(faults, fmt.Errorf("%s: the plan scales no such service by alarms", service))
	}
	return errors.Join(faults...)
}

func concurrencies(args []string) (map[string]int, error) {
	all := map[string]int{}
	for _, arg := range args {
		service, text, _ := strings.Cut(arg, "=")
		n, err := strconv.Atoi(text)
		if service == "" || err != nil || n < 1 {
			return nil, fmt.Errorf("%q is not SERVICE=CONCURRENCY", arg)
		}
		all[service] = n
	}
	return all, nil
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
