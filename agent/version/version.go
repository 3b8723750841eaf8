// Package version tells which build of the agent this is.
package version

import (
	"context"
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/pathwai/airflow-on-fargate/agent/cli"
)

// Version is set by the build: -ldflags "-X …/version.Version=1.2.3".
var Version = ""

// String is the version, with the commit when the build recorded it.
func String() string {
	v := Version
	if v == "" {
		v = "development"
	}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				v += " " + s.Value
			}
		}
	}
	return v
}

// Command is `airflow-agent version`.
func Command() cli.Command {
	return cli.Command{
		Name:    "version",
		Summary: "print the version",
		Run: func(_ context.Context, inv cli.Invocation) int {
			if _, err := fmt.Fprintf(inv.Stdout, "airflow-agent %s %s %s/%s\n",
				String(), runtime.Version(), runtime.GOOS, runtime.GOARCH); err != nil {
				return cli.ExitFailure
			}
			return cli.ExitOK
		},
	}
}
