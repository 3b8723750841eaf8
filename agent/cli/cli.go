// Package cli is the frame that every subcommand of the agent shares: the
// table of commands, the exit codes, flags that fall back to the environment,
// and the structured log.
package cli

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"strings"
)

// Exit codes. They are part of the agent's interface: scripts and task
// definitions depend on them.
const (
	// ExitOK means that the command did all it was asked for.
	ExitOK = 0
	// ExitFailure means that it did not.
	ExitFailure = 1
	// ExitUsage means that the command line or the environment is wrong;
	// nothing was started.
	ExitUsage = 2
	// ExitPartial means that all is done but for what was named on stderr.
	ExitPartial = 3
)

// Invocation is what a command gets from the world. Commands read nothing
// else from the process, so that tests can run them side by side.
type Invocation struct {
	// Args are the arguments after the command's name.
	Args []string
	// LookupEnv reads the environment, as os.LookupEnv does.
	LookupEnv func(string) (string, bool)
	// Stdout carries results and metrics (EMF), Stderr carries logs.
	Stdout, Stderr io.Writer
}

// Logger returns the agent's log: one JSON object a line on stderr.
func (inv Invocation) Logger() *slog.Logger {
	return slog.New(slog.NewJSONHandler(inv.Stderr, nil))
}

// Command is one row of the table of subcommands.
type Command struct {
	// Name is what the user types.
	Name string
	// Summary is one line for the list of commands.
	Summary string
	// Run does the work until it is done or ctx ends, and returns the exit
	// code.
	Run func(ctx context.Context, inv Invocation) int
}

// Dispatch runs the command named by the first argument and returns the exit
// code of the process.
func Dispatch(ctx context.Context, commands []Command, inv Invocation) int {
	if len(inv.Args) == 0 {
		printf(inv.Stderr, "%s", overview(commands))
		return ExitUsage
	}
	name := inv.Args[0]
	switch name {
	case "help", "-h", "-help", "--help":
		printf(inv.Stdout, "%s", overview(commands))
		return ExitOK
	}
	for _, command := range commands {
		if command.Name == name {
			inv.Args = inv.Args[1:]
			return command.Run(ctx, inv)
		}
	}
	printf(inv.Stderr, "airflow-agent: there is no command %q\n\n%s", name, overview(commands))
	return ExitUsage
}

func overview(commands []Command) string {
	var b strings.Builder
	b.WriteString("airflow-agent runs what Airflow on Fargate needs beside it.\n\n" +
		"Usage: airflow-agent COMMAND [flags]\n\nCommands:\n")
	for _, command := range commands {
		fmt.Fprintf(&b, "  %-10s %s\n", command.Name, command.Summary)
	}
	b.WriteString("\nairflow-agent COMMAND --help tells a command's flags. Every flag can be given\n" +
		"by the environment variable that its help names; the flag wins.\n")
	return b.String()
}

// printf writes to the user. When stdout or stderr is gone there is nobody
// left to tell, so a failure is dropped on purpose.
func printf(w io.Writer, format string, args ...any) {
	_, _ = fmt.Fprintf(w, format, args...)
}
