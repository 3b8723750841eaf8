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
	"strings"
	"sync"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/util/rpcutil"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/pathwai/airflow-on-fargate/policy/rules"
)

// window is how many bytes of a request may be under way: most requests are a few kB.
const window = 1 << 20

// options fit an engine that asks one thing after the other, hundreds of times: a
// worker that stays keeps its grown stack, windows that stay need no pings to size them.
func options() []grpc.ServerOption {
	return []grpc.ServerOption{grpc.NumStreamWorkers(1), grpc.StaticStreamWindowSize(window), grpc.StaticConnWindowSize(window)}
}

// Main serves until the engine hangs up. It prints the port that it listens on,
// on loopback, as the protocol asks.
func Main() error {
	handle, err := rpcutil.ServeWithOptions(rpcutil.ServeOptions{
		Init: func(server *grpc.Server) error {
			server.RegisterService(description(), &Server{Now: time.Now})
			return nil
		},
		Options: options(),
	})
	if err != nil {
		return fmt.Errorf("policy pack: %w", err)
	}
	fmt.Println(handle.Port)
	if err := <-handle.Done; err != nil {
		return fmt.Errorf("policy pack: %w", err)
	}
	return nil
}

// description is the protocol's, but for two things. What the engine asks of resources
// is taken as it came, and read as far as a rule asks. And there is no Remediate: the
// rules only refuse, which the engine takes for every resource.
func description() *grpc.ServiceDesc {
	service := pulumirpc.Analyzer_ServiceDesc
	service.Methods = slices.DeleteFunc(slices.Clone(service.Methods), func(m grpc.MethodDesc) bool { return m.MethodName == "Remediate" })
	answers := map[string]func(*Server, []byte) (*pulumirpc.AnalyzeResponse, error){"Analyze": (*Server).analyze, "AnalyzeStack": (*Server).analyzeStack}
	for i, method := range service.Methods {
		if answer, ours := answers[method.MethodName]; ours {
			service.Methods[i].Handler = func(server any, _ context.Context, decode func(any) error, _ grpc.UnaryServerInterceptor) (any, error) {
				message, err := encoded(decode)
				if err != nil {
					return nil, err
				}
				return answer(server.(*Server), message)
			}
		}
	}
	return &service
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

// GetAnalyzerInfo lists the policies: one per rule, all mandatory, and the notices.
func (s *Server) GetAnalyzerInfo(context.Context, *emptypb.Empty) (*pulumirpc.AnalyzerInfo, error) {
	info := &pulumirpc.AnalyzerInfo{
		Name: rules.Name, Version: rules.Version, SupportsConfig: true, Provider: "aws",
	}
	for _, notice := range rules.Notices() {
		info.Policies = append(info.Policies, &pulumirpc.PolicyInfo{
			Name: notice.Name, Description: notice.Description,
			EnforcementLevel: pulumirpc.EnforcementLevel_ADVISORY, PolicyType: pulumirpc.PolicyType_POLICY_TYPE_STACK,
		})
	}
	for _, rule := range rules.All() {
		about := rule.Metadata()
		policy := &pulumirpc.PolicyInfo{
			Name: rule.Name, Description: rule.Description, RemediationSteps: rule.Fix, Tags: tags(rule),
			Severity: severities[about.Severity], Framework: framework(about.Controls),
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

var severities = map[rules.Severity]pulumirpc.PolicySeverity{
	rules.Low: pulumirpc.PolicySeverity_POLICY_SEVERITY_LOW, rules.Medium: pulumirpc.PolicySeverity_POLICY_SEVERITY_MEDIUM,
	rules.High: pulumirpc.PolicySeverity_POLICY_SEVERITY_HIGH, rules.Critical: pulumirpc.PolicySeverity_POLICY_SEVERITY_CRITICAL,
}

// tags are a rule's family, its profile and the controls of others that it answers.
func tags(rule rules.Rule) []string {
	profile := rules.Strict
	if rule.Baseline() {
		profile = rules.Baseline
	}
	return append([]string{rule.Family, profile}, rule.Metadata().Controls...)
}

// framework is where the first control stands: the protocol has room for one, the tags for all.
func framework(controls []string) *pulumirpc.PolicyComplianceFramework {
	if len(controls) == 0 {
		return nil
	}
	name, reference, _ := strings.Cut(controls[0], " ")
	return &pulumirpc.PolicyComplianceFramework{Name: name, Reference: reference}
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
	weakened := map[string]string{}
	for _, rule := range rules.All() {
		switch level, configured := s.levels[rule.Name]; {
		case !configured:
		case level == pulumirpc.EnforcementLevel_ADVISORY:
			weakened[rule.Name] = "advisory"
		case level == pulumirpc.EnforcementLevel_DISABLED:
			weakened[rule.Name] = "disabled"
		}
	}
	s.pack = rules.New(rules.Options{Stack: s.stack, Preview: s.preview, Config: configs, Weakened: weakened, Now: s.Now})
}

// analyze answers for one resource: an AnalyzeRequest.
func (s *Server) analyze(request []byte) (response *pulumirpc.AnalyzeResponse, err error) {
	if s.pack == nil {
		return nil, status.Error(codes.FailedPrecondition, "the stack was not configured")
	}
	defer undecodable(&err)
	res, err := resource(request)
	if err != nil {
		return nil, err
	}
	return s.answer(s.pack.Analyze(res)), nil
}

// analyzeStack answers for all resources together: an AnalyzeStackRequest.
func (s *Server) analyzeStack(request []byte) (response *pulumirpc.AnalyzeResponse, err error) {
	if s.pack == nil {
		return nil, status.Error(codes.FailedPrecondition, "the stack was not configured")
	}
	defer undecodable(&err)
	var resources []rules.Resource
	err = fields(request, func(field protowire.Number, value []byte) error {
		if field != fieldResources {
			return nil
		}
		res, err := resource(value)
		resources = append(resources, res)
		return err
	})
	if err != nil {
		return nil, err
	}
	return s.answer(s.pack.AnalyzeStack(resources)), nil
}

// Cancel has nothing to stop: no answer takes long.
func (s *Server) Cancel(context.Context, *emptypb.Empty) (*emptypb.Empty, error) {
	return &emptypb.Empty{}, nil
}

// rulesByName finds a rule by the name that a finding gives.
var rulesByName = sync.OnceValue(func() map[string]rules.Rule {
	byName := map[string]rules.Rule{}
	for _, rule := range rules.All() {
		byName[rule.Name] = rule
	}
	return byName
})

// answer puts findings into the engine's form, at the level that is in force.
func (s *Server) answer(findings []rules.Finding) *pulumirpc.AnalyzeResponse {
	response := &pulumirpc.AnalyzeResponse{}
	for _, finding := range findings {
		level, configured := s.levels[finding.Policy]
		rule, ruled := rulesByName()[finding.Policy]
		severity := severities[rule.Metadata().Severity]
		switch {
		case !ruled:
			// Notices are heard whatever configuration says.
			severity = pulumirpc.PolicySeverity_POLICY_SEVERITY_UNSPECIFIED
			level = pulumirpc.EnforcementLevel_ADVISORY
		case !configured:
			level = pulumirpc.EnforcementLevel_MANDATORY
		}
		if level == pulumirpc.EnforcementLevel_DISABLED {
			continue
		}
		response.Diagnostics = append(response.Diagnostics, &pulumirpc.AnalyzeDiagnostic{
			PolicyName: finding.Policy, PolicyPackName: rules.Name, PolicyPackVersion: rules.Version,
			Description: finding.Description, Message: finding.Description + "\n" + finding.Message,
			EnforcementLevel: level, Urn: finding.URN, Severity: severity,
		})
	}
	return response
}
