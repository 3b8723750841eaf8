// Command plantool tells what a plan costs, how long its first deployment
// takes, and what it looks like. It reads plans of
// `pulumi preview --json --show-sames`, or of `pulumi stack export`.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
)

const usage = `plantool reads the output of "pulumi preview --json --show-sames" or "pulumi stack export".

  plantool cost [--json] --plan FILE        what the plan costs a month
  plantool cost [--json] --diff OLD NEW     what a change of the plan costs a month
  plantool timeline [--json] [--svg FILE [--check]] --plan FILE
                                            how long the first deployment takes
  plantool diagram --svg FILE [--check] --plan FILE
                                            the architecture as a picture

FILE may be - for standard input. --check writes nothing, and fails when the
picture in the file isn't that of the plan.
`

func main() {
	if err := run(os.Args[1:], os.Stdout, os.Stderr); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			os.Exit(2)
		}
		fmt.Fprintln(os.Stderr, "plantool:", err)
		os.Exit(1)
	}
}

func run(args []string, stdout, stderr io.Writer) error {
	commands := map[string]func([]string, io.Writer, io.Writer) error{
		"cost": runCost, "timeline": runTimeline, "diagram": runDiagram,
	}
	if len(args) > 0 {
		if command, ok := commands[args[0]]; ok {
			return command(args[1:], stdout, stderr)
		}
	}
	if _, err := fmt.Fprint(stderr, usage); err != nil {
		return err
	}
	if len(args) > 0 && args[0] != "help" && args[0] != "--help" && args[0] != "-h" {
		return fmt.Errorf("there is no command %q", args[0])
	}
	return flag.ErrHelp
}
