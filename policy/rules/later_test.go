package rules

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pathwai/airflow-on-fargate/policy/internal/cases"
)

// TestUnknownDocumentsWaitForTheUpdate has policies that a preview can't see: it
// tells so in one line, and an update that can't see them either refuses them.
func TestUnknownDocumentsWaitForTheUpdate(t *testing.T) {
	t.Parallel()
	group := cases.Group{
		{Type: "aws:iam/rolePolicy:RolePolicy", Name: "reads", Props: map[string]any{"role": "r", "policy": cases.Unknown{}}},
		{Type: "aws:s3/bucketPolicy:BucketPolicy", Name: "guards", Props: map[string]any{"bucket": "b", "policy": cases.Unknown{}}},
		{Type: "aws:batch/jobDefinition:JobDefinition", Name: "job", Props: map[string]any{"name": "j", "containerProperties": cases.Unknown{}}},
	}
	found := analyze(Options{Preview: true}, group)
	require.Len(t, found, 1)
	assert.Equal(t, PostponedName, found[0].Policy)
	assert.Equal(t, stackURN("dev"), found[0].URN)
	assert.Equal(t, "not known before the update, which judges it then: job (aws:batch/jobDefinition:JobDefinition: containerProperties); "+
		"reads (aws:iam/rolePolicy:RolePolicy: policy); guards (aws:s3/bucketPolicy:BucketPolicy: policy).", found[0].Message)

	found = analyze(Options{}, group)
	assert.Equal(t, []string{
		"bucket-policy-tls guards", "no-open-principal guards", "no-plaintext-secret job", "no-privileged-container job", "no-wildcard-action reads", "no-wildcard-resource reads",
	}, brief(found))
}

// TestClearPartsOfADocumentAreJudgedAtPreview has a policy as a map, of which
// only a resource isn't known yet.
func TestClearPartsOfADocumentAreJudgedAtPreview(t *testing.T) {
	t.Parallel()
	policy := func(action string) map[string]any {
		return map[string]any{"policy": map[string]any{"Statement": []any{map[string]any{"Effect": "Allow", "Action": action, "Resource": cases.Unknown{}}}}}
	}
	wide := cases.Group{{Type: "aws:iam/policy:Policy", Name: "wide", Props: policy("s3:*")}}
	assert.Equal(t, []string{PostponedName + " test-dev", "no-wildcard-action wide"}, brief(analyze(Options{Preview: true}, wide)))
	narrow := cases.Group{{Type: "aws:iam/policy:Policy", Name: "narrow", Props: policy("s3:GetObject")}}
	assert.Equal(t, []string{PostponedName + " test-dev"}, brief(analyze(Options{Preview: true}, narrow)))
}

func TestProfiles(t *testing.T) {
	t.Parallel()
	tutorial := cases.Group{
		{Type: "aws:s3/bucketV2:BucketV2", Name: "site", Props: map[string]any{}},
		{Type: "aws:sqs/queue:Queue", Name: "jobs", Props: map[string]any{}},
		{Type: "aws:dynamodb/table:Table", Name: "table", Props: map[string]any{"serverSideEncryption": map[string]any{"enabled": true}}},
	}
	profile := func(name string) map[string]map[string]any {
		return map[string]map[string]any{SettingsName: {"profile": name}}
	}
	assert.Empty(t, analyze(Options{Preview: true, Config: profile(Baseline)}, tutorial))
	strict := []string{
		"bucket-access-block-declared site", "bucket-encrypted site", "bucket-policy-declared site", "bucket-versioned site", "database-encrypted table", "queue-encrypted jobs",
	}
	assert.Equal(t, strict, brief(analyze(Options{Preview: true, Config: profile(Strict)}, tutorial)))
	assert.Equal(t, strict, brief(analyze(Options{Preview: true}, tutorial)), "strict is the default")
	found := analyze(Options{Preview: true, Config: profile("relaxed")}, tutorial)
	assert.Contains(t, brief(found), SettingsName+" test-dev")
	assert.Contains(t, found[len(found)-1].Message, `profile is "relaxed", neither baseline nor strict: strict holds.`)

	bad := cases.Group{
		{Type: "aws:ec2/natGateway:NatGateway", Name: "nat", Props: map[string]any{"subnetId": "s"}},
		{Type: "aws:sns/topic:Topic", Name: "topic", Props: map[string]any{}},
		{Type: "aws:dynamodb/table:Table", Name: "table", Props: map[string]any{"serverSideEncryption": map[string]any{"enabled": false}}},
	}
	assert.Equal(t, []string{"no-nat-gateway nat", "queue-encrypted topic"}, brief(analyze(Options{Preview: true, Config: profile(Baseline)}, bad)))
}

// TestEveryRuleIsPlaced wants severity, profile and the controls of others for each rule.
func TestEveryRuleIsPlaced(t *testing.T) {
	t.Parallel()
	left := map[string]bool{}
	for name := range metadata {
		left[name] = true
	}
	for _, rule := range All() {
		about, found := metadata[rule.Name]
		assert.True(t, found, "metadata.go says nothing of %s", rule.Name)
		assert.Contains(t, []Severity{Low, Medium, High, Critical}, about.Severity, rule.Name)
		for _, control := range about.Controls {
			assert.Regexp(t, `^(FSBP [A-Za-z0-9]+\.\d+|CIS \d+(\.\d+)+|Well-Architected [A-Z]+\d\d-BP\d\d)$`, control, rule.Name)
		}
		if rule.Family != PackItself {
			assert.NotEmpty(t, about.Controls, rule.Name)
		}
		delete(left, rule.Name)
	}
	assert.Empty(t, left, "metadata for rules that do not exist")
}

func TestWeakenedRulesAreTold(t *testing.T) {
	t.Parallel()
	found := analyze(Options{Preview: true, Now: time.Now, Weakened: map[string]string{"no-nat-gateway": "disabled", "no-elastic-ip": "disabled", "log-retention": "advisory"}}, cases.Group{})
	require.Len(t, found, 2)
	assert.Equal(t, []string{WeakenedName + " test-dev"}, brief(found))
	assert.Equal(t, "disabled by configuration, without an owner, a reason or a date: no-elastic-ip, no-nat-gateway.", found[0].Message)
	assert.Equal(t, "advisory by configuration, without an owner, a reason or a date: log-retention.", found[1].Message)
}

func TestSettingsThatDoNotCountAreTold(t *testing.T) {
	t.Parallel()
	loaded, faults := loadSettings(map[string]map[string]any{SettingsName: {
		"unscopableActions": []any{"ec2:Describe*", "mediaconvert:PutPolicy"}, "trustedAccounts": []any{"12345", "222222222222"}, "trustedOrganizations": []any{"o-*"},
		"joinedNetworks": []any{"0.0.0.0/0", "10.0.0.0/8"}, "secretWords": []any{"Losung"}, "trustedDomains": []any{"com", "https://hooks.example.com", "events.pagerduty.com"},
	}}, noon)
	assert.Equal(t, []string{
		`unscopableActions: "ec2:Describe*" is not an action such as ec2:DescribeVpcs, without wildcards, and doesn't count.`,
		`trustedAccounts: "12345" is not an account id of twelve digits, and doesn't count.`,
		`trustedOrganizations: "o-*" is not an organization id such as o-a1b2c3d4e5, and doesn't count.`,
		`trustedDomains: "com" is not a domain in lower case such as pagerduty.com, narrower than a registry's, and doesn't count.`,
		`trustedDomains: "https://hooks.example.com" is not a domain in lower case such as pagerduty.com, narrower than a registry's, and doesn't count.`,
		`joinedNetworks: "0.0.0.0/0" is not a CIDR block of a private network, or of an identity provider, and doesn't count.`,
		`secretWords: "Losung" is not a word in lower case, and doesn't count.`,
	}, faults)
	assert.Equal(t, []string{"mediaconvert:PutPolicy"}, loaded.UnscopableActions)
	assert.Equal(t, []string{"222222222222"}, loaded.TrustedAccounts)
	assert.True(t, loaded.unscopable("mediaconvert:PutPolicy"))
	assert.False(t, defaultSettings().unscopable("mediaconvert:PutPolicy"))
}

// TestJoinedNetworks lets attachments pass where the networks beyond are named.
func TestJoinedNetworks(t *testing.T) {
	t.Parallel()
	office := cases.Group{{Type: "aws:ec2transitgateway/vpcAttachment:VpcAttachment", Name: "office", Props: map[string]any{"vpcId": "v", "transitGatewayId": "t", "subnetIds": []any{"s"}}}}
	assert.Equal(t, []string{"no-other-way-out office", JoinsName + " office"}, brief(analyze(Options{Preview: true}, office)))
	joined := map[string]map[string]any{SettingsName: {"joinedNetworks": []any{"10.0.0.0/8"}}}
	found := analyze(Options{Preview: true, Config: joined}, office)
	assert.Equal(t, []string{JoinsName + " office"}, brief(found))
	assert.Equal(t, "a transit gateway attachment: t", found[0].Message)
}
