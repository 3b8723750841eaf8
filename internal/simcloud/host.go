package simcloud

import (
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/util/rpcutil"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/emptypb"
)

// Banner is how every message of the simulation begins.
const Banner = "SIMULATED AWS"

// healthInterval is how often a provider looks whether its engine still lives.
const healthInterval = 15 * time.Second

// Host is the engine that started a provider.
type Host struct {
	// Conn reaches the engine; nil when nobody started the provider, as in tests.
	Conn   *grpc.ClientConn
	engine pulumirpc.EngineClient
}

// NewHost connects to the engine at an address; an empty address gives a host
// that hears nothing.
func NewHost(address string) (*Host, error) {
	if address == "" {
		return &Host{}, nil
	}
	conn, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()), rpcutil.GrpcChannelOptions())
	if err != nil {
		return nil, fmt.Errorf("reach the engine at %s: %w", address, err)
	}
	return &Host{Conn: conn, engine: pulumirpc.NewEngineClient(conn)}, nil
}

// Info shows a line in the output of the Pulumi command.
func (h *Host) Info(ctx context.Context, text string) error {
	if h.engine == nil {
		return nil
	}
	_, err := h.engine.Log(ctx, &pulumirpc.LogRequest{Severity: pulumirpc.LogSeverity_INFO, Message: text})
	if err != nil {
		return fmt.Errorf("log to the engine: %w", err)
	}
	return nil
}

// Main is the main function of a provider: it serves until the engine is gone.
// Its one argument is the engine's address; it prints its own port.
func Main(name string, serve func(*Host) pulumirpc.ResourceProviderServer) {
	if err := run(serve); err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", name, err)
		os.Exit(1)
	}
}

func run(serve func(*Host) pulumirpc.ResourceProviderServer) error {
	address := ""
	for _, arg := range os.Args[1:] {
		if !strings.HasPrefix(arg, "-") {
			address = arg
		}
	}
	host, err := NewHost(address)
	if err != nil {
		return err
	}
	cancel := make(chan bool)
	if address != "" {
		ctx, stop := context.WithCancel(context.Background())
		if err := rpcutil.Healthcheck(ctx, address, healthInterval, stop); err != nil {
			return fmt.Errorf("watch the engine: %w", err)
		}
		go func() {
			<-ctx.Done()
			close(cancel)
		}()
	}
	handle, err := rpcutil.ServeWithOptions(rpcutil.ServeOptions{
		Cancel: cancel,
		Init: func(s *grpc.Server) error {
			pulumirpc.RegisterResourceProviderServer(s, serve(host))
			return nil
		},
	})
	if err != nil {
		return err
	}
	fmt.Println(handle.Port) // the engine waits for this line
	return <-handle.Done
}

// Base answers what all three providers answer alike, and refuses the rest by name.
type Base struct {
	pulumirpc.UnimplementedResourceProviderServer
	// Package is the Pulumi package, such as aws.
	Package string
	// Version is that of the SDK which the provider answers, so that the
	// engine's version request is met.
	Version string
}

// GetPluginInfo tells the version.
func (b *Base) GetPluginInfo(context.Context, *emptypb.Empty) (*pulumirpc.PluginInfo, error) {
	return &pulumirpc.PluginInfo{Version: b.Version}, nil
}

// GetSchema gives the package's name only; programs bring their SDK.
func (b *Base) GetSchema(context.Context, *pulumirpc.GetSchemaRequest) (*pulumirpc.GetSchemaResponse, error) {
	return &pulumirpc.GetSchemaResponse{Schema: fmt.Sprintf(`{"name":%q,"version":%q}`, b.Package, b.Version)}, nil
}

// CheckConfig takes any configuration as it is.
func (b *Base) CheckConfig(_ context.Context, req *pulumirpc.CheckRequest) (*pulumirpc.CheckResponse, error) {
	return &pulumirpc.CheckResponse{Inputs: req.News}, nil
}

// DiffConfig never replaces a provider.
func (b *Base) DiffConfig(context.Context, *pulumirpc.DiffRequest) (*pulumirpc.DiffResponse, error) {
	return &pulumirpc.DiffResponse{}, nil
}

// Configure tells the engine that previews, secrets and resource references are understood.
func (b *Base) Configure(context.Context, *pulumirpc.ConfigureRequest) (*pulumirpc.ConfigureResponse, error) {
	return &pulumirpc.ConfigureResponse{
		AcceptSecrets: true, SupportsPreview: true, AcceptResources: true, SupportsAutonamingConfiguration: true,
	}, nil
}

// Invoke refuses every function: there is no cloud to ask.
func (b *Base) Invoke(_ context.Context, req *pulumirpc.InvokeRequest) (*pulumirpc.InvokeResponse, error) {
	return nil, Refuse("the function %s is not simulated: take the value from config, or run with CLOUD=aws", req.Tok)
}

// Call refuses every method.
func (b *Base) Call(_ context.Context, req *pulumirpc.CallRequest) (*pulumirpc.CallResponse, error) {
	return nil, Refuse("the method %s is not simulated: run with CLOUD=aws", req.Tok)
}

// Construct refuses every component.
func (b *Base) Construct(_ context.Context, req *pulumirpc.ConstructRequest) (*pulumirpc.ConstructResponse, error) {
	return nil, Refuse("the component %s is not simulated: run with CLOUD=aws", req.Type)
}

// Cancel has nothing to stop: every answer is immediate.
func (b *Base) Cancel(context.Context, *emptypb.Empty) (*emptypb.Empty, error) {
	return &emptypb.Empty{}, nil
}

// Refuse makes the error for what AWS, or the simulation, would not do.
func Refuse(format string, args ...any) error {
	return status.Errorf(codes.InvalidArgument, Banner+": "+format, args...)
}
