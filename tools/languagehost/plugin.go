package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
)

// runPlugin compiles the folder that the engine names, in its own module, and
// runs it until it ends or the engine hangs up.
func runPlugin(stream grpc.ServerStream) error {
	req := &pulumirpc.RunPluginRequest{}
	if err := stream.RecvMsg(req); err != nil {
		return err
	}
	folder := filepath.Join(req.GetInfo().GetProgramDirectory(), req.GetInfo().GetEntryPoint())
	scratch, err := os.MkdirTemp("", "plugin")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(scratch) }()
	program := filepath.Join(scratch, "plugin")
	build := exec.CommandContext(stream.Context(), "go", "build", "-o", program, ".")
	build.Dir, build.Env = folder, ownModule(os.Environ())
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("go build in %s: %w\n%s", folder, err, out)
	}
	command := exec.CommandContext(stream.Context(), program, req.GetArgs()...)
	command.Dir, command.Env = req.GetPwd(), req.GetEnv()
	var one sync.Mutex
	command.Stdout = writer(func(p []byte) error {
		one.Lock()
		defer one.Unlock()
		return stream.SendMsg(&pulumirpc.RunPluginResponse{Output: &pulumirpc.RunPluginResponse_Stdout{Stdout: p}})
	})
	command.Stderr = writer(func(p []byte) error {
		one.Lock()
		defer one.Unlock()
		return stream.SendMsg(&pulumirpc.RunPluginResponse{Output: &pulumirpc.RunPluginResponse_Stderr{Stderr: p}})
	})
	err = command.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return err
	}
	return stream.SendMsg(&pulumirpc.RunPluginResponse{Output: &pulumirpc.RunPluginResponse_Exitcode{Exitcode: int32(command.ProcessState.ExitCode())}})
}

// ownModule takes the program's -modfile out of Go's flags: a plugin has a module
// of its own.
func ownModule(environment []string) []string {
	var rest []string
	for _, variable := range environment {
		if flags, found := strings.CutPrefix(variable, "GOFLAGS="); found {
			before, _, _ := strings.Cut(flags, "'-modfile=")
			variable = "GOFLAGS=" + strings.TrimSpace(before)
		}
		rest = append(rest, variable)
	}
	return rest
}

// writer is a function that takes what is written.
type writer func(p []byte) error

func (w writer) Write(p []byte) (int, error) {
	if err := w(p); err != nil {
		return 0, err
	}
	return len(p), nil
}
