// Package serve speaks the engine's analyzer protocol for the rules.
//
// The SDK's own server (policyx) decodes a resource once per policy, which with
// this many policies is most of what the pack costs a preview, and hands no
// configuration to policies for stacks. This one decodes a resource once, and
// only if a rule asks.
package serve

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/util/rpcutil"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/pathwai/airflow-on-fargate/policy/rules"
)

// Main serves until the engine hangs up. It prints the port that it listens on,
// on loopback, as the protocol asks.
func Main() error {
	handle, err := rpcutil.ServeWithOptions(rpcutil.ServeOptions{Init: func(server *grpc.Server) error {
		server.RegisterService(description(), &Server{Now: time.Now})
		return nil
	}})
	if err != nil {
		return fmt.Errorf("policy pack: %w", err)
	}
	fmt.Println(handle.Port)
	if err := <-handle.Done; err != nil {
		return fmt.Errorf("policy pack: %w", err)
	}
	return nil
}

// description is the protocol's, but for Remediate: the engine sends every resource
// there as well, and what nobody looks at needn't be decoded.
func description() *grpc.ServiceDesc {
	service := pulumirpc.Analyzer_ServiceDesc
	service.Methods = slices.Clone(service.Methods)
	for i := range service.Methods {
		if service.Methods[i].MethodName == "Remediate" {
			service.Methods[i].Handler = remediate
		}
	}
	return &service
}

// remediate changes nothing: the rules only refuse.
func remediate(any, context.Context, func(any) error, grpc.UnaryServerInterceptor) (any, error) {
	return &pulumirpc.RemediateResponse{}, nil
}

// Server answers the engine: first who the rules are, then for a stack and its
// configuration, and then for each resource and for all of them.
type Server struct {
	pulumirpc.UnimplementedAnalyzerServer
	// Now tells the time by which exceptions expire.
	Now func() time.Time

	stack   string
	preview bool
	// levels are the enforcement levels, where configuration changes them.
	levels map[string]pulumirpc.EnforcementLevel
	pack   *rules.Pack
}

// Handshake has nothing to agree on.
func (s *Server) Handshake(context.Context, *pulumirpc.AnalyzerHandshakeRequest) (*pulumirpc.AnalyzerHandshakeResponse, error) {
	return &pulumirpc.AnalyzerHandshakeResponse{}, nil
}

// GetPluginInfo returns the pack's version.
func (s *Server) GetPluginInfo(context.Context, *emptypb.Empty) (*pulumirpc.PluginInfo, error) {
	return &pulumirpc.PluginInfo{Version: rules.Version}, nil
}

// GetAnalyzerInfo lists the policies: one per rule, all mandatory, and the
// notice about exceptions.
func (s *Server) GetAnalyzerInfo(context.Context, *emptypb.Empty) (*pulumirpc.AnalyzerInfo, error) {
	info := &pulumirpc.AnalyzerInfo{
		Name: rules.Name, Version: rules.Version, SupportsConfig: true, Provider: "aws",
		Policies: []*pulumirpc.PolicyInfo{{
			Name: rules.NoticeName, Description: rules.NoticeDescription,
			EnforcementLevel: pulumirpc.EnforcementLevel_ADVISORY, PolicyType: pulumirpc.PolicyType_POLICY_TYPE_STACK,
		}, {
			Name: rules.JoinsName, Description: rules.JoinsDescription,
			EnforcementLevel: pulumirpc.EnforcementLevel_ADVISORY, PolicyType: pulumirpc.PolicyType_POLICY_TYPE_STACK,
		}},
	}
	for _, rule := range rules.All() {
		policy := &pulumirpc.PolicyInfo{
			Name: rule.Name, Description: rule.Description, RemediationSteps: rule.Fix, Tags: []string{rule.Family},
			EnforcementLevel: pulumirpc.EnforcementLevel_MANDATORY, PolicyType: pulumirpc.PolicyType_POLICY_TYPE_RESOURCE,
		}
		if rule.Stack != nil {
			policy.PolicyType = pulumirpc.PolicyType_POLICY_TYPE_STACK
		}
		if rule.Name == rules.SettingsName {
			schema, err := structpb.NewStruct(rules.SettingsSchema())
			if err != nil {
				return nil, fmt.Errorf("schema of %s: %w", rule.Name, err)
			}
			policy.ConfigSchema = &pulumirpc.PolicyConfigSchema{Properties: schema}
		}
		info.Policies = append(info.Policies, policy)
	}
	return info, nil
}

// ConfigureStack says which stack is meant, and whether this is a preview.
func (s *Server) ConfigureStack(_ context.Context, req *pulumirpc.AnalyzerStackConfigureRequest) (*pulumirpc.AnalyzerStackConfigureResponse, error) {
	s.stack, s.preview = req.GetStack(), req.GetDryRun()
	s.open(nil)
	return &pulumirpc.AnalyzerStackConfigureResponse{}, nil
}

// Configure takes the configuration that was given with --policy-pack-config.
func (s *Server) Configure(_ context.Context, req *pulumirpc.ConfigureAnalyzerRequest) (*emptypb.Empty, error) {
	s.levels = map[string]pulumirpc.EnforcementLevel{}
	configs := map[string]map[string]any{}
	for policy, config := range req.GetPolicyConfig() {
		s.levels[policy] = config.GetEnforcementLevel()
		configs[policy] = config.GetProperties().AsMap()
	}
	s.open(configs)
	return &emptypb.Empty{}, nil
}

func (s *Server) open(configs map[string]map[string]any) {
	s.pack = rules.New(rules.Options{Stack: s.stack, Preview: s.preview, Config: configs, Now: s.Now})
}

// Analyze answers for one resource.
func (s *Server) Analyze(_ context.Context, req *pulumirpc.AnalyzeRequest) (response *pulumirpc.AnalyzeResponse, err error) {
	if s.pack == nil {
		return nil, status.Error(codes.FailedPrecondition, "the stack was not configured")
	}
	defer undecodable(&err)
	return s.answer(s.pack.Analyze(rules.Resource{
		Type: req.GetType(), Name: req.GetName(), URN: req.GetUrn(), Properties: decoder(req.GetProperties(), req.GetUrn()),
	})), nil
}

// AnalyzeStack answers for all resources together.
func (s *Server) AnalyzeStack(_ context.Context, req *pulumirpc.AnalyzeStackRequest) (response *pulumirpc.AnalyzeResponse, err error) {
	if s.pack == nil {
		return nil, status.Error(codes.FailedPrecondition, "the stack was not configured")
	}
	defer undecodable(&err)
	resources := make([]rules.Resource, 0, len(req.GetResources()))
	for _, res := range req.GetResources() {
		dependencies := make(map[string][]string, len(res.GetPropertyDependencies()))
		for property, urns := range res.GetPropertyDependencies() {
			dependencies[property] = urns.GetUrns()
		}
		resources = append(resources, rules.Resource{
			Type: res.GetType(), Name: res.GetName(), URN: res.GetUrn(),
			Properties: decoder(res.GetProperties(), res.GetUrn()), Dependencies: dependencies,
		})
	}
	return s.answer(s.pack.AnalyzeStack(resources)), nil
}

// Cancel has nothing to stop: no answer takes long.
func (s *Server) Cancel(context.Context, *emptypb.Empty) (*emptypb.Empty, error) {
	return &emptypb.Empty{}, nil
}

// answer puts findings into the engine's form, at the level that is in force.
func (s *Server) answer(findings []rules.Finding) *pulumirpc.AnalyzeResponse {
	response := &pulumirpc.AnalyzeResponse{}
	for _, finding := range findings {
		level, configured := s.levels[finding.Policy]
		if !configured {
			level = pulumirpc.EnforcementLevel_MANDATORY
			if finding.Policy == rules.NoticeName || finding.Policy == rules.JoinsName {
				level = pulumirpc.EnforcementLevel_ADVISORY
			}
		}
		if level == pulumirpc.EnforcementLevel_DISABLED {
			continue
		}
		response.Diagnostics = append(response.Diagnostics, &pulumirpc.AnalyzeDiagnostic{
			PolicyName: finding.Policy, PolicyPackName: rules.Name, PolicyPackVersion: rules.Version,
			Description: finding.Description, Message: finding.Description + "\n" + finding.Message,
			EnforcementLevel: level, Urn: finding.URN,
		})
	}
	return response
}
