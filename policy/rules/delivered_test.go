package rules

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pathwai/airflow-on-fargate/policy/internal/cases"
)

// TestDeliveriesOfUnknownAccountsAreTold has a bus in an account of which
// nothing says whose it is: it is told, until something says so.
func TestDeliveriesOfUnknownAccountsAreTold(t *testing.T) {
	t.Parallel()
	bus := &cases.Resource{Type: "aws:cloudwatch/eventTarget:EventTarget", Name: "bus", Props: map[string]any{"rule": "r", "arn": "arn:aws:events:us-east-1:222222222222:event-bus/b"}}
	provider := func(name string, value any) *cases.Resource {
		return &cases.Resource{Type: "pulumi:providers:aws", Name: "aws", Props: map[string]any{"region": "us-east-1", name: value}}
	}
	found := analyze(Options{Preview: true}, cases.Group{bus})
	require.Equal(t, []string{JoinsName + " bus"}, brief(found))
	assert.Equal(t, "arn in account 222222222222, and nothing says whether that is the stack's own (allowedAccountIds of the provider)", found[0].Message)

	const refused = "delivery-own-account bus"
	for name, test := range map[string]struct {
		beside *cases.Resource
		want   []string
	}{
		"own":                     {provider("allowedAccountIds", `["222222222222"]`), nil},
		"another's":               {provider("allowedAccountIds", `["381492153064"]`), []string{refused}},
		"role of the provider's":  {provider("assumeRoles", `[{"roleArn":"arn:aws:iam::381492153064:role/deploy"}]`), []string{refused}},
		"own role":                {provider("assumeRole", map[string]any{"roleArn": "arn:aws:iam::222222222222:role/deploy"}), nil},
		"role given to a service": {&cases.Resource{Type: "aws:cloudwatch/metricStream:MetricStream", Name: "s", Props: map[string]any{"outputFormat": "json", "firehoseArn": cases.Unknown{}, "roleArn": "arn:aws:iam::381492153064:role/r"}}, []string{refused}},
		"role in a template": {&cases.Resource{Type: "aws:cloudformation/stack:Stack", Name: "s", Props: map[string]any{"templateBody": `{"Resources": {"X": {"Type": "AWS::CloudWatch::MetricStream", "Properties": {"RoleArn": {"Fn::Sub": "arn:aws:iam::${AWS::AccountId}:role/r"}}}}}`}},
			[]string{JoinsName + " bus"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, test.want, brief(analyze(Options{Preview: true}, cases.Group{bus, test.beside})))
		})
	}
}

// TestPeopleWhoAreToldAreListed has e-mail and text messages pass, in sight.
func TestPeopleWhoAreToldAreListed(t *testing.T) {
	t.Parallel()
	group := cases.Group{}
	for protocol, endpoint := range map[string]string{"email": "ops@example.com", "sms": "+15550100"} {
		group = append(group, &cases.Resource{Type: subscriptionType, Name: protocol, Props: map[string]any{"topic": "t", "protocol": protocol, "endpoint": endpoint}})
	}
	found := analyze(Options{Preview: true}, group)
	require.Equal(t, []string{JoinsName + " email", JoinsName + " sms"}, brief(found))
	assert.Equal(t, "messages to people by email: ops@example.com", found[0].Message)
	assert.Equal(t, "messages to people by sms: +15550100", found[1].Message)
}

func TestHosts(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]bool{
		"https://example.com": true, "HTTPS://Example.COM.:443/x": true, "example.com:9092": true, "jdbc:postgresql://db.example.com:5432/x?ssl=true": true,
		"https://user:pass@example.com/": true, "http://[2001:db8::1]:80/": true, "203.0.113.9": true, "https://10.1.2.3.example.com": true, "sftp://example.com": true,
		"https://bucket.s3.amazonaws.com": true, "https://x.lambda-url.us-east-1.on.aws": true, "https://app-1.us-east-1.elb.amazonaws.com": true, "rds.example.com": true,
		"https://10.1.2.3/x": false, "[fd00::1]:443": false, "localhost": false, "127.0.0.1": false, "db": false, "kafka.corp.internal:9092": false,
		"db.abc.eu-central-1.rds.amazonaws.com": false, "https://internal-app-1.us-east-1.elb.amazonaws.com": false, "https://vpce-1-x.execute-api.us-east-1.vpce.amazonaws.com": false,
		"https://sqs.us-east-1.amazonaws.com/1/q": false, "https://hooks.trusted.example/x": false, "https://untrusted.example": true,
	} {
		assert.Equal(t, want, outside(hostOf(address), []string{"trusted.example"}), address)
	}
	for _, address := range []string{"arn:aws:lambda:us-east-1:1:function:f", "s3://bucket/key"} {
		assert.Empty(t, hostOf(address))
	}
}
