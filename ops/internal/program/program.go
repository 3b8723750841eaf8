// Package program runs other programs: Pulumi, git, make, gh.
package program

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// patience is how long an interrupted program may end what it has begun: Pulumi
// waits for AWS to answer what it was asked, and writes that into the state.
const patience = 10 * time.Minute

// Command is exec.CommandContext for programs that must not be killed midway.
// It runs in a process group of its own, which gets one interrupt when the
// context ends: from a terminal it would get a second one, which Pulumi takes
// as an order to drop everything.
func Command(ctx context.Context, folder, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = folder
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGINT) }
	cmd.WaitDelay = patience
	return cmd
}

// Output runs a command and returns what it printed; an error has what it said
// on standard error.
func Output(cmd *exec.Cmd) ([]byte, error) {
	var out, said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &said
	err := told(cmd, cmd.Run(), said.String())
	return out.Bytes(), err
}

// Run runs a command that speaks for itself, to w.
func Run(cmd *exec.Cmd, w io.Writer) error {
	cmd.Stdout, cmd.Stderr = w, w
	return told(cmd, cmd.Run(), "")
}

// ExitCode is what a program ended with, and -1 when it didn't run to an end.
func ExitCode(err error) int {
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return exit.ExitCode()
	}
	return -1
}

func told(cmd *exec.Cmd, err error, said string) error {
	if err == nil {
		return nil
	}
	if said = strings.TrimSpace(said); said != "" {
		said = ": " + said
	}
	return fmt.Errorf("%s: %w%s", strings.Join(cmd.Args, " "), err, said)
}
