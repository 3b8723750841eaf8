package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/structpb"
)

// askSeconds is how long a provider may think about one resource.
const askSeconds = 20

// provider is a resource plugin that was started here.
type provider struct {
	process *exec.Cmd
	conn    *grpc.ClientConn
	client  pulumirpc.ResourceProviderClient
}

// start runs a plugin's binary, which prints its port, and configures it.
func start(binary string, settings resource.PropertyMap) (*provider, error) {
	p := &provider{process: exec.Command(binary)}
	p.process.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // its own children end with it
	out, err := p.process.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := p.process.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", binary, err)
	}
	port, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		return p, fmt.Errorf("%s prints no port: %w", binary, err)
	}
	p.conn, err = grpc.NewClient("127.0.0.1:"+strings.TrimSpace(port),
		grpc.WithTransportCredentials(insecure.NewCredentials()), grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(400<<20)))
	if err != nil {
		return p, err
	}
	p.client = pulumirpc.NewResourceProviderClient(p.conn)
	args, err := marshal(settings)
	if err != nil {
		return p, err
	}
	_, err = p.client.Configure(context.Background(), &pulumirpc.ConfigureRequest{Args: args, AcceptSecrets: true, AcceptResources: true})
	if err != nil {
		return p, fmt.Errorf("configure %s: %w", binary, err)
	}
	return p, nil
}

// stop ends the plugin.
func (p *provider) stop() error {
	if err := syscall.Kill(-p.process.Process.Pid, syscall.SIGKILL); err != nil {
		return err
	}
	// It was killed: that it did not end by itself is no news.
	_ = p.process.Wait()
	return p.conn.Close()
}

// errGone: the provider has crashed over what it was shown.
var errGone = errors.New("the provider is gone")

// refusal asks the provider to check and plan a new resource, and returns its
// objection; empty means that it has none.
func (p *provider) refusal(urn string, inputs resource.PropertyMap) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), askSeconds*time.Second)
	defer cancel()
	news, err := marshal(inputs)
	if err != nil {
		return "", err
	}
	checked, err := p.client.Check(ctx, &pulumirpc.CheckRequest{Urn: urn, News: news, RandomSeed: make([]byte, 32)})
	if status.Code(err) == codes.Unavailable {
		return "", errGone
	}
	if err != nil {
		return objection(err.Error()), nil
	}
	if len(checked.Failures) > 0 {
		return objection(checked.Failures[0].Property + " " + checked.Failures[0].Reason), nil
	}
	_, err = p.client.Create(ctx, &pulumirpc.CreateRequest{Urn: urn, Properties: checked.Inputs, Preview: true})
	if status.Code(err) == codes.Unavailable {
		return "", errGone
	}
	if err != nil {
		return objection(err.Error()), nil
	}
	return "", nil
}

func objection(text string) string {
	return strings.Join(strings.Fields(strings.TrimPrefix(text, "rpc error: code = Unknown desc = ")), " ")
}

var marshalling = plugin.MarshalOptions{KeepUnknowns: true, KeepSecrets: true, KeepResources: true}

func marshal(properties resource.PropertyMap) (*structpb.Struct, error) {
	return plugin.MarshalProperties(properties, marshalling)
}
