// Command languagehost stands before Pulumi's Go language host of sdk v3.60.0 and
// answers for it what newer engines ask in words that it doesn't know: to run a
// plugin, such as a policy pack, that is a folder of Go. They say where it is in a
// field that came later; the host would run the program in its own folder instead.
// Everything else is passed on as it is. The host takes a project's buildTarget as a
// flag: it gets that of Pulumi.yaml in the working folder, the program's.
//
//	languagehost PROGRAM ARGUMENTS…
package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"gopkg.in/yaml.v3"
)

// largest is what Pulumi's own servers and clients take for a message.
const largest = 1024 * 1024 * 400

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "language host:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) == 0 {
		return fmt.Errorf("which program?")
	}
	flags, err := buildTarget()
	if err != nil {
		return err
	}
	host := exec.CommandContext(context.Background(), args[0], append(flags, args[1:]...)...)
	host.Stderr = os.Stderr
	said, err := host.StdoutPipe()
	if err != nil {
		return err
	}
	if err := host.Start(); err != nil {
		return err
	}
	defer func() { _ = host.Process.Kill() }()
	lines := bufio.NewReader(said)
	port, err := lines.ReadString('\n')
	if err != nil {
		return fmt.Errorf("%s told no port: %w", args[0], err)
	}
	next, err := grpc.NewClient("127.0.0.1:"+strings.TrimSpace(port), grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultCallOptions(grpc.ForceCodec(asItIs{}), grpc.MaxCallRecvMsgSize(largest), grpc.MaxCallSendMsgSize(largest)))
	if err != nil {
		return err
	}
	listener, err := new(net.ListenConfig).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	server := newServer(next)
	go func() { _ = server.Serve(listener) }()
	fmt.Println(listener.Addr().(*net.TCPAddr).Port)
	// The host speaks on, and ends when the engine does.
	_, _ = io.Copy(os.Stdout, lines)
	err = host.Wait()
	server.Stop()
	return err
}

// buildTarget is the flag for the project's option of that name, if it has one.
func buildTarget() ([]string, error) {
	text, err := os.ReadFile("Pulumi.yaml")
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	var project struct{ Runtime any } // "go", or go's name and options
	if err = errors.Join(err, yaml.Unmarshal(text, &project)); err != nil {
		return nil, fmt.Errorf("the project file Pulumi.yaml: %w", err)
	}
	runtime, _ := project.Runtime.(map[string]any)
	options, _ := runtime["options"].(map[string]any)
	if target, ok := options["buildTarget"].(string); ok {
		return []string{"-buildTarget", target}, nil
	}
	return nil, nil
}

func newServer(next *grpc.ClientConn) *grpc.Server {
	server := grpc.NewServer(grpc.ForceServerCodec(asItIs{}), grpc.MaxRecvMsgSize(largest), grpc.MaxSendMsgSize(largest),
		grpc.UnknownServiceHandler(func(_ any, stream grpc.ServerStream) error { return passOn(stream, next) }))
	server.RegisterService(&grpc.ServiceDesc{
		ServiceName: pulumirpc.LanguageRuntime_ServiceDesc.ServiceName, HandlerType: (*any)(nil),
		Streams: []grpc.StreamDesc{{StreamName: "RunPlugin", ServerStreams: true, Handler: func(_ any, stream grpc.ServerStream) error { return runPlugin(stream) }}},
	}, struct{}{})
	return server
}

// passOn copies a call and its answers, unread.
func passOn(from grpc.ServerStream, next *grpc.ClientConn) error {
	method, _ := grpc.MethodFromServerStream(from)
	ctx, cancel := context.WithCancel(from.Context())
	defer cancel()
	to, err := next.NewStream(ctx, &grpc.StreamDesc{ServerStreams: true, ClientStreams: true}, method)
	if err != nil {
		return err
	}
	go func() {
		if copyMessages(from.RecvMsg, to.SendMsg) == nil {
			_ = to.CloseSend()
		} else {
			cancel()
		}
	}()
	return copyMessages(to.RecvMsg, from.SendMsg)
}

func copyMessages(receive, send func(any) error) error {
	for {
		message := &frame{}
		switch err := receive(message); {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
		if err := send(message); err != nil {
			return err
		}
	}
}
