package serve

import (
	"context"
	"net"
	"testing"
	"time"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
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
	response, err := configured(t).Analyze(context.Background(), nat(t))
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
		response, err := s.Analyze(context.Background(), nat(t))
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
	_, err := configured(t).Analyze(context.Background(), &pulumirpc.AnalyzeRequest{Type: "aws:lb/loadBalancer:LoadBalancer", Urn: "u", Properties: broken})
	require.ErrorContains(t, err, "properties of u")
}

func TestNotConfigured(t *testing.T) {
	t.Parallel()
	_, err := (&Server{}).Analyze(context.Background(), nat(t))
	require.ErrorContains(t, err, "not configured")
	_, err = (&Server{}).AnalyzeStack(context.Background(), &pulumirpc.AnalyzeStackRequest{})
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
	response, err := configured(t).AnalyzeStack(context.Background(), &pulumirpc.AnalyzeStackRequest{Resources: []*pulumirpc.AnalyzerResource{vpc, locked, flow}})
	require.NoError(t, err)
	assert.Empty(t, response.GetDiagnostics())
	locked.PropertyDependencies = nil
	response, err = configured(t).AnalyzeStack(context.Background(), &pulumirpc.AnalyzeStackRequest{Resources: []*pulumirpc.AnalyzerResource{vpc, locked, flow}})
	require.NoError(t, err)
	require.Len(t, response.GetDiagnostics(), 1)
	assert.Equal(t, "urn:vpc", response.GetDiagnostics()[0].GetUrn())
}

// TestRemediateIsAnsweredUnread asks over the wire, as the engine does.
func TestRemediateIsAnsweredUnread(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	server := grpc.NewServer()
	server.RegisterService(description(), &Server{Now: time.Now})
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(server.Stop)
	conn, err := grpc.NewClient(listener.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	client := pulumirpc.NewAnalyzerClient(conn)

	response, err := client.Remediate(t.Context(), nat(t))
	require.NoError(t, err)
	assert.Empty(t, response.GetRemediations())
	// The other methods are the protocol's own.
	_, err = client.Analyze(t.Context(), nat(t))
	require.ErrorContains(t, err, "the stack was not configured")
	info, err := client.GetPluginInfo(t.Context(), &emptypb.Empty{})
	require.NoError(t, err)
	assert.Equal(t, rules.Version, info.GetVersion())
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
	response, err := s.Analyze(context.Background(), nat(t))
	require.NoError(t, err)
	assert.Empty(t, response.GetDiagnostics())
	response, err = s.AnalyzeStack(context.Background(), &pulumirpc.AnalyzeStackRequest{})
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
