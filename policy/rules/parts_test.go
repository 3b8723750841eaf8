package rules

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/property"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pathwai/airflow-on-fargate/policy/internal/cases"
)

func TestInPrivateRange(t *testing.T) {
	t.Parallel()
	for cidr, want := range map[string]bool{
		"10.0.0.0/8": true, "10.1.2.3/32": true, "172.16.0.0/12": true, "172.31.255.0/24": true, "192.168.0.0/16": true, "100.64.0.0/10": true,
		"fd00::/8": true, "fc00::/7": true, "fd12:3456::1/128": true,
		"0.0.0.0/0": false, "::/0": false, "0.0.0.0/1": false, "128.0.0.0/1": false, "10.0.0.0/7": false, "172.0.0.0/8": false, "172.32.0.0/16": false,
		"192.168.0.0/15": false, "8.8.8.8/32": false, "2000::/3": false, "::ffff:10.0.0.0/104": false, "fe80::/10": false,
	} {
		got, err := inPrivateRange(cidr)
		assert.NoError(t, err, cidr)
		assert.Equal(t, want, got, cidr)
	}
	for _, wrong := range []string{"", "10.0.0.0", "10.0.0.0/33", "everywhere", "10.0.0.0/08"} {
		_, err := inPrivateRange(wrong)
		assert.Error(t, err, wrong)
	}
}

func TestBreadth(t *testing.T) {
	t.Parallel()
	for arn, want := range map[string]int{
		"*": everything, "arn:aws:*": everything, "arn:aws:s3:::*": everything, "arn:aws:s3:::*/x": everything, "arn:aws:*:us-east-1:1:secret:x": everything,
		"arn:aws:logs:us-east-1:1:*":             everything,
		"arn:aws:kms:us-east-1:1:key/*":          everyOfAType,
		"arn:aws:logs:us-east-1:1:log-group:*":   everyOfAType,
		"arn:aws:secretsmanager:r:1:secret:*":    everyOfAType,
		"arn:aws:iam::1:role/*":                  everyOfAType,
		"arn:aws:ecs:r:1:task/*":                 everyOfAType,
		"arn:aws:ecs:r:1:task/cluster/*":         named,
		"arn:aws:s3:::bucket/*":                  named,
		"arn:aws:s3:::bucket-*":                  named,
		"arn:aws:sqs:r:1:queue":                  named,
		"arn:aws:secretsmanager:r:1:secret:x-??": named,
		"arn:aws:logs:r:1:log-group:/x:*":        named,
	} {
		assert.Equal(t, want, breadth(arn), arn)
	}
}

func TestSoundsSecret(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]bool{
		"PASSWORD": true, "DB_PASSWORD": true, "dbPassword": true, "AIRFLOW__CORE__FERNET_KEY": true, "API_KEYS": true, "x-auth-token": true, "CLIENT_SECRET": true,
		"": false, "PASSWORD_FILE": false, "SECRET_ARN": false, "AIRFLOW__SECRETS__BACKEND": false, "PUBLIC_KEY": false, "PARTITION_KEY": false,
		"MONKEY": false, "KEYSTONE": false, "TOKEN_TTL": false, "_": false,
	} {
		assert.Equal(t, want, soundsSecret(name), name)
	}
}

func TestCredentials(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]bool{
		"postgres://user:pw@host/db": true, "rediss://:pw@host:6379/0": true, "see https://u:p@h": true, "AKIAABCDEFGHIJKLMNOP": true, "-----BEGIN RSA PRIVATE KEY-----": true,
		"aws://": false, "https://host:8443/execution/": false, "https://host/a:b@c": false, "s3://bucket/key": false, "postgres://host:5432/db": false, "AKIA": false,
		"arn:aws:iam::381492153064:role/x": false,
	} {
		assert.Equal(t, want, holdsCredential(value), value)
	}
}

func TestShortService(t *testing.T) {
	t.Parallel()
	assert.Equal(t, "ecr.api", shortService("com.amazonaws.us-east-1.ecr.api"))
	assert.Equal(t, "s3", shortService("com.amazonaws.us-east-1.s3"))
	assert.Equal(t, "aws.sagemaker.us-east-1.notebook", shortService("aws.sagemaker.us-east-1.notebook"))
}

// TestRulesNeverPanic gives every property of every fixture every kind of
// value: a pack that falls over is a pack that is switched off.
func TestRulesNeverPanic(t *testing.T) {
	t.Parallel()
	odd := []property.Value{
		property.New(property.Null), property.New(property.Computed), property.New(""), property.New("*"), property.New(-1.0), property.New(true),
		property.New([]property.Value{}), property.New([]property.Value{property.New(property.Computed), property.New(property.Null), property.New(1.0)}),
		property.New(map[string]property.Value{}), property.New(map[string]property.Value{"rule": property.New(property.Computed)}),
		property.New("x").WithSecret(true), property.New(property.Computed).WithSecret(true),
		property.New(`{"Statement": null}`), property.New(`{"Statement": [{"Effect": "Allow", "Principal": 1}]}`), property.New(`[null, {"environment": null}]`),
	}
	count := 0
	for _, group := range cases.Compliant() {
		resources := resourcesOf("prod", group)
		for i, res := range resources {
			whole := res.Properties()
			for key := range whole.All {
				for _, value := range odd {
					changed := append([]Resource{}, resources...)
					changed[i].Properties = func() property.Map { return whole.Set(key, value) }
					pack := New(Options{Stack: "prod", Now: time.Now})
					for _, each := range changed {
						pack.Analyze(each)
					}
					pack.AnalyzeStack(changed)
					count++
				}
			}
		}
	}
	assert.Greater(t, count, 3000)
}

// What two templates call alike are two things: what guards one's bucket guards
// the other's not.
func TestTemplatesHaveNamesOfTheirOwn(t *testing.T) {
	stack := func(name string, resources map[string]any) *cases.Resource {
		body, err := json.Marshal(map[string]any{"Resources": resources})
		require.NoError(t, err)
		return &cases.Resource{Type: "aws:cloudformation/stack:Stack", Name: name, Props: map[string]any{"name": name, "templateBody": string(body)}}
	}
	bucket := map[string]any{"Type": "AWS::S3::Bucket"}
	guard := map[string]any{"Type": "AWS::S3::BucketPolicy", "Properties": map[string]any{"Bucket": map[string]any{"Ref": "B"}, "PolicyDocument": map[string]any{}}}
	bare := stack("bare", map[string]any{"B": bucket})
	const lacks = "bucket-policy-declared bare"
	require.Contains(t, brief(analyze(Options{}, cases.Group{bare, stack("guarded", map[string]any{"B": bucket, "P": guard})})), lacks)
	require.NotContains(t, brief(analyze(Options{}, cases.Group{stack("bare", map[string]any{"B": bucket, "P": guard})})), lacks)
}

func TestFormerTokens(t *testing.T) {
	t.Parallel()
	for former, now := range map[string]string{
		"aws:applicationloadbalancing/loadBalancer:LoadBalancer": "aws:lb/loadBalancer:LoadBalancer",
		"aws:elasticloadbalancingv2/listener:Listener":           "aws:lb/listener:Listener",
		"aws:elasticloadbalancing/loadBalancer:LoadBalancer":     "aws:elb/loadBalancer:LoadBalancer",
		"aws:lb/listener:Listener":                               "aws:lb/listener:Listener",
	} {
		assert.Equal(t, now, today(former))
	}
	found := analyze(Options{Preview: true}, cases.Group{
		{Type: "aws:elasticloadbalancingv2/loadBalancer:LoadBalancer", Name: "lb", Props: map[string]any{
			"loadBalancerType": "network", "subnets": []any{"s"}, "accessLogs": map[string]any{"bucket": "b", "enabled": true},
		}},
		{Type: "aws:ec2/subnet:Subnet", Name: "s", Props: map[string]any{"vpcId": "v", "mapPublicIpOnLaunch": true}},
		{Type: "aws:applicationloadbalancing/loadBalancer:LoadBalancer", Name: "stacked", Props: map[string]any{
			"internal": true, "loadBalancerType": "network", "subnets": []any{cases.Ref{Name: "s", Output: "id"}}, "accessLogs": map[string]any{"bucket": "b", "enabled": true},
		}},
	})
	assert.Equal(t, []string{"in-private-subnets stacked", "no-public-load-balancer lb", "no-public-subnet s"}, brief(found))
}

// What others offer in one zone is reached there, in a protected stack too.
func TestPartnersZone(t *testing.T) {
	t.Parallel()
	endpoint := func(service string) cases.Group {
		return cases.Group{{Type: endpointType, Name: "it", Props: map[string]any{
			"vpcId": "v", "serviceName": service, "vpcEndpointType": "Interface", "subnetIds": []any{"s"}, "securityGroupIds": []any{"g"},
			"privateDnsEnabled": true, "tags": map[string]any{"Why": "prices"}, "policy": `{"Statement": []}`,
		}}}
	}
	prod := Options{Preview: true, Stack: "prod"}
	assert.Empty(t, withoutPostponed(analyze(prod, endpoint("com.amazonaws.vpce.us-east-1.vpce-svc-0123456789abcdef0"))))
	assert.Equal(t, []string{"spread-over-zones it"}, brief(withoutPostponed(analyze(prod, endpoint("com.amazonaws.us-east-1.sqs")))))
}

// A region's default holds for what says nothing itself, and for nothing else.
func TestTokensByDefault(t *testing.T) {
	t.Parallel()
	group := cases.Group{
		{Type: metadataDefaultsType, Name: "defaults", Props: map[string]any{"httpTokens": "required"}},
		{Type: "aws:ec2/launchTemplate:LaunchTemplate", Name: "silent", Props: map[string]any{"imageId": "a"}},
		{Type: "aws:ec2/launchTemplate:LaunchTemplate", Name: "open", Props: map[string]any{"metadataOptions": map[string]any{"httpTokens": "optional"}}},
	}
	assert.Equal(t, []string{"metadata-tokens open"}, brief(analyze(Options{Preview: true}, group)))
	assert.Equal(t, []string{"metadata-tokens open", "metadata-tokens silent"}, brief(analyze(Options{Preview: true}, group[1:])))
}
