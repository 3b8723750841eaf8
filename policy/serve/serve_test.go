package serve

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/pathwai/airflow-on-fargate/policy/rules"
)

func object(t *testing.T, m map[string]any) *structpb.Struct {
	t.Helper()
	s, err := structpb.NewStruct(m)
	require.NoError(t, err)
	return s
}

func configured(t *testing.T) *Server {
	t.Helper()
	s := &Server{Now: time.Now}
	_, err := s.ConfigureStack(context.Background(), &pulumirpc.AnalyzerStackConfigureRequest{Stack: "dev", DryRun: true})
	require.NoError(t, err)
	return s
}

// ask and askStack put questions in the form in which they come.
func ask(t *testing.T, s *Server, req *pulumirpc.AnalyzeRequest) (*pulumirpc.AnalyzeResponse, error) {
	t.Helper()
	message, err := proto.Marshal(req)
	require.NoError(t, err)
	return s.analyze(message)
}

func askStack(t *testing.T, s *Server, resources ...*pulumirpc.AnalyzerResource) (*pulumirpc.AnalyzeResponse, error) {
	t.Helper()
	message, err := proto.Marshal(&pulumirpc.AnalyzeStackRequest{Resources: resources})
	require.NoError(t, err)
	return s.analyzeStack(message)
}

func nat(t *testing.T) *pulumirpc.AnalyzeRequest {
	return &pulumirpc.AnalyzeRequest{
		Type: "aws:ec2/natGateway:NatGateway", Name: "nat", Urn: "urn:pulumi:dev::p::aws:ec2/natGateway:NatGateway::nat",
		Properties: object(t, map[string]any{"subnetId": "s"}),
	}
}

func TestEveryRuleIsAMandatoryPolicy(t *testing.T) {
	t.Parallel()
	info, err := (&Server{}).GetAnalyzerInfo(context.Background(), nil)
	require.NoError(t, err)
	assert.Equal(t, rules.Name, info.GetName())
	assert.True(t, info.GetSupportsConfig())
	levels := map[string]pulumirpc.EnforcementLevel{}
	for _, policy := range info.GetPolicies() {
		assert.NotContains(t, levels, policy.GetName(), "two policies of one name")
		assert.NotEmpty(t, policy.GetDescription(), policy.GetName())
		levels[policy.GetName()] = policy.GetEnforcementLevel()
	}
	for _, notice := range rules.Notices() {
		assert.Equal(t, pulumirpc.EnforcementLevel_ADVISORY, levels[notice.Name], notice.Name)
		delete(levels, notice.Name)
	}
	for _, rule := range rules.All() {
		assert.Equal(t, pulumirpc.EnforcementLevel_MANDATORY, levels[rule.Name], rule.Name)
		assert.NotEmpty(t, rule.Why, rule.Name)
		assert.Regexp(t, `\.$`, rule.Fix, rule.Name)
		assert.Regexp(t, `^[A-Z].*\.$`, rule.Description, rule.Name)
		assert.True(t, (rule.Stack == nil) != (len(rule.On) == 0 && rule.Any == nil), rule.Name)
		delete(levels, rule.Name)
	}
	assert.Empty(t, levels)
}

func TestDiagnosticSaysWhoWhatAndWhere(t *testing.T) {
	t.Parallel()
	response, err := ask(t, configured(t), nat(t))
	require.NoError(t, err)
	require.Len(t, response.GetDiagnostics(), 1)
	d := response.GetDiagnostics()[0]
	assert.Equal(t, "no-nat-gateway", d.GetPolicyName())
	assert.Equal(t, rules.Name, d.GetPolicyPackName())
	assert.Equal(t, nat(t).GetUrn(), d.GetUrn())
	assert.Equal(t, pulumirpc.EnforcementLevel_MANDATORY, d.GetEnforcementLevel())
	assert.Contains(t, d.GetMessage(), "There is no NAT gateway.\nWhat: a NAT gateway is declared.")
}

func TestConfiguredLevels(t *testing.T) {
	t.Parallel()
	for level, want := range map[pulumirpc.EnforcementLevel]int{
		pulumirpc.EnforcementLevel_ADVISORY: 1, pulumirpc.EnforcementLevel_MANDATORY: 1, pulumirpc.EnforcementLevel_DISABLED: 0,
	} {
		s := configured(t)
		_, err := s.Configure(context.Background(), &pulumirpc.ConfigureAnalyzerRequest{PolicyConfig: map[string]*pulumirpc.PolicyConfig{
			"no-nat-gateway": {EnforcementLevel: level},
		}})
		require.NoError(t, err)
		response, err := ask(t, s, nat(t))
		require.NoError(t, err)
		require.Len(t, response.GetDiagnostics(), want, level.String())
		if want == 1 {
			assert.Equal(t, level, response.GetDiagnostics()[0].GetEnforcementLevel())
		}
	}
}

// TestUnreadableResource must end in an error: silence would let it through.
func TestUnreadableResource(t *testing.T) {
	t.Parallel()
	broken := object(t, map[string]any{"internal": map[string]any{"4dabf18193072939515e22adb298388d": "no such signature"}})
	_, err := ask(t, configured(t), &pulumirpc.AnalyzeRequest{Type: "aws:lb/loadBalancer:LoadBalancer", Urn: "u", Properties: broken})
	require.ErrorContains(t, err, "properties of u")
}

func TestNotConfigured(t *testing.T) {
	t.Parallel()
	_, err := ask(t, &Server{}, nat(t))
	require.ErrorContains(t, err, "not configured")
	_, err = askStack(t, &Server{})
	require.ErrorContains(t, err, "not configured")
}

func TestStackSeesDependencies(t *testing.T) {
	t.Parallel()
	vpc := &pulumirpc.AnalyzerResource{Type: "aws:ec2/vpc:Vpc", Name: "vpc", Urn: "urn:vpc"}
	locked := &pulumirpc.AnalyzerResource{
		Type: "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup", Name: "locked", Urn: "urn:locked",
		PropertyDependencies: map[string]*pulumirpc.AnalyzerPropertyDependencies{"vpcId": {Urns: []string{"urn:vpc"}}},
	}
	flow := &pulumirpc.AnalyzerResource{
		Type: "aws:ec2/flowLog:FlowLog", Name: "flow", Urn: "urn:flow",
		PropertyDependencies: map[string]*pulumirpc.AnalyzerPropertyDependencies{"vpcId": {Urns: []string{"urn:vpc"}}},
	}
	about := func() []string {
		response, err := askStack(t, configured(t), vpc, locked, flow)
		require.NoError(t, err)
		var found []string
		for _, diagnostic := range response.GetDiagnostics() {
			// There is no firewall of names beside this VPC.
			if !strings.HasPrefix(diagnostic.GetPolicyName(), "dns-") && !strings.HasPrefix(diagnostic.GetPolicyName(), "resolver-") {
				found = append(found, diagnostic.GetUrn())
			}
		}
		return found
	}
	assert.Empty(t, about())
	locked.PropertyDependencies = nil
	assert.Equal(t, []string{"urn:vpc"}, about())
}

// TestOverTheWire asks as the engine does.
func TestOverTheWire(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	server := grpc.NewServer(options()...)
	server.RegisterService(description(), &Server{Now: time.Now})
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(server.Stop)
	conn, err := grpc.NewClient(listener.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	client := pulumirpc.NewAnalyzerClient(conn)

	// The engine goes on where there is no Remediate.
	_, err = client.Remediate(t.Context(), nat(t))
	require.Equal(t, codes.Unimplemented, status.Code(err))
	info, err := client.GetPluginInfo(t.Context(), &emptypb.Empty{})
	require.NoError(t, err)
	assert.Equal(t, rules.Version, info.GetVersion())
	_, err = client.Analyze(t.Context(), nat(t))
	require.ErrorContains(t, err, "the stack was not configured")
	_, err = client.ConfigureStack(t.Context(), &pulumirpc.AnalyzerStackConfigureRequest{Stack: "dev", DryRun: true})
	require.NoError(t, err)
	response, err := client.Analyze(t.Context(), nat(t))
	require.NoError(t, err)
	require.Len(t, response.GetDiagnostics(), 1)

	// A stack of more than a window.
	var resources []*pulumirpc.AnalyzerResource
	for i := range 3 {
		resources = append(resources, &pulumirpc.AnalyzerResource{
			Type: "aws:ec2/vpc:Vpc", Name: "vpc", Urn: fmt.Sprintf("urn:pulumi:dev::p::aws:ec2/vpc:Vpc::vpc-%d", i),
			Properties: object(t, map[string]any{"tags": map[string]any{"long": strings.Repeat("x", window)}}),
		})
	}
	response, err = client.AnalyzeStack(t.Context(), &pulumirpc.AnalyzeStackRequest{Resources: resources})
	require.NoError(t, err)
	var about []string
	for _, diagnostic := range response.GetDiagnostics() {
		if diagnostic.GetPolicyName() == "default-security-group-declared" {
			about = append(about, diagnostic.GetUrn())
		}
	}
	assert.Len(t, about, len(resources))
}

// TestBrokenMessages end in an error each: what can't be read isn't let through.
func TestBrokenMessages(t *testing.T) {
	t.Parallel()
	whole, err := proto.Marshal(nat(t))
	require.NoError(t, err)
	stack, err := proto.Marshal(&pulumirpc.AnalyzeStackRequest{Resources: []*pulumirpc.AnalyzerResource{{Type: "t", Urn: "u", PropertyDependencies: map[string]*pulumirpc.AnalyzerPropertyDependencies{"vpcId": {Urns: []string{"urn:vpc"}}}}}})
	require.NoError(t, err)
	s := configured(t)
	_, err = s.analyze(whole[:len(whole)-1])
	require.ErrorContains(t, err, "unexpected EOF")
	_, err = s.analyze([]byte{0})
	require.Error(t, err)
	_, err = s.analyzeStack(stack[:len(stack)-1])
	require.ErrorContains(t, err, "unexpected EOF")
	for i := range 3 { // the length of the resource, its dependencies, their list
		broken := bytes.Clone(stack)
		broken[[]int{1, len(stack) - 19, len(stack) - 10}[i]]++
		_, err = s.analyzeStack(broken)
		require.Error(t, err, "%d: %x", i, broken)
	}
	// Another protocol's fields, of whatever kind, are passed over.
	_, err = s.analyze(protowire.AppendFixed64(protowire.AppendTag(whole, 90, protowire.Fixed64Type), 1))
	require.NoError(t, err)
}

// TestNoticesAreAlwaysHeard switches everything off: what is off is told.
func TestNoticesAreAlwaysHeard(t *testing.T) {
	t.Parallel()
	s := configured(t)
	off := map[string]*pulumirpc.PolicyConfig{}
	for _, rule := range rules.All() {
		off[rule.Name] = &pulumirpc.PolicyConfig{EnforcementLevel: pulumirpc.EnforcementLevel_DISABLED}
	}
	for _, notice := range rules.Notices() {
		off[notice.Name] = &pulumirpc.PolicyConfig{EnforcementLevel: pulumirpc.EnforcementLevel_DISABLED}
	}
	_, err := s.Configure(context.Background(), &pulumirpc.ConfigureAnalyzerRequest{PolicyConfig: off})
	require.NoError(t, err)
	response, err := ask(t, s, nat(t))
	require.NoError(t, err)
	assert.Empty(t, response.GetDiagnostics())
	response, err = askStack(t, s)
	require.NoError(t, err)
	require.Len(t, response.GetDiagnostics(), 1)
	told := response.GetDiagnostics()[0]
	assert.Equal(t, rules.WeakenedName, told.GetPolicyName())
	assert.Equal(t, pulumirpc.EnforcementLevel_ADVISORY, told.GetEnforcementLevel())
	assert.Contains(t, told.GetMessage(), "disabled by configuration, without an owner, a reason or a date: access-logged, ")
	assert.Contains(t, told.GetMessage(), "no-nat-gateway")
}

// TestPoliciesCarryMetadata is what reports are made of.
func TestPoliciesCarryMetadata(t *testing.T) {
	t.Parallel()
	info, err := (&Server{}).GetAnalyzerInfo(context.Background(), nil)
	require.NoError(t, err)
	for _, policy := range info.GetPolicies() {
		if policy.GetName() == "no-public-database" {
			assert.Equal(t, pulumirpc.PolicySeverity_POLICY_SEVERITY_CRITICAL, policy.GetSeverity())
			assert.Equal(t, "FSBP", policy.GetFramework().GetName())
			assert.Equal(t, "RDS.2", policy.GetFramework().GetReference())
			assert.Equal(t, []string{"no way out", "baseline", "FSBP RDS.2", "FSBP Redshift.1", "FSBP DMS.1", "CIS 2.3.3"}, policy.GetTags())
			return
		}
	}
	t.Fatal("there is no no-public-database")
}

// TestDefectStopsTheUpdate has a rule that falls over.
func TestDefectStopsTheUpdate(t *testing.T) {
	t.Parallel()
	fall := func() (err error) {
		defer undecodable(&err)
		panic("index out of range")
	}
	require.ErrorContains(t, fall(), "a defect of its own: what it could not judge is not let through: index out of range")
}
