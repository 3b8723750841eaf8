package rules

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/property"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pathwai/airflow-on-fargate/policy/schema"
	"github.com/pathwai/airflow-on-fargate/policy/schema/sdk"
)

// TestShapesAreThoseOfTheSDK holds the table against the release that the
// repository's programs use. After an upgrade: go run ./schema/generate
func TestShapesAreThoseOfTheSDK(t *testing.T) {
	version, err := sdk.Version("../../go.mod", schema.SDK)
	require.NoError(t, err)
	assert.Equal(t, version, schema.Version(), "run go run ./schema/generate")
	assert.True(t, strings.HasSuffix(awsSDK, version), "tokens are held against %s", awsSDK)
	if _, err := sdk.Folder(schema.SDK, version); err != nil {
		t.Skipf("SKIPPED: %v", err)
	}
	want, err := sdk.Table(schema.SDK, version)
	require.NoError(t, err)
	got, err := os.ReadFile("../schema/shapes.txt")
	require.NoError(t, err)
	assert.Equal(t, want, string(got), "run go run ./schema/generate")
}

// worst holds, by shape, values of which every one must be refused wherever the
// shape is.
var worst = map[schema.Shape][]property.Value{
	schema.Document:    {property.New(`{"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}]}`), property.New(`[{"Principal": ["*"], "AllowFromPublic": true}]`)},
	schema.Public:      {property.New(true), property.New("PUBLIC"), property.New("public-read"), property.New("NONE"), property.New("PUBLIC_ONLY"), property.New("Enabled"), property.New("PublicInternetOnly"), property.New("PUBLIC_READ"), property.New("off"), property.New("EDGE"), property.New("SERVICE_PROVIDED_EIPS")},
	schema.Private:     {property.New(false)},
	schema.Shared:      {property.New("*"), property.New("all")},
	schema.Range:       {property.New("0.0.0.0/0")},
	schema.Key:         {property.New("alias/aws/other")},
	schema.Encrypted:   {property.New(false)},
	schema.Unencrypted: {property.New(true)},
	schema.Cipher:      {property.New("NONE")},
	schema.TLS:         {property.New(false), property.New("NONE"), property.New("DISABLED")},
	schema.Plain:       {property.New(true)},
	schema.Protocol:    {property.New("none"), property.New("TLS_1_0"), property.New("PLAINTEXT"), property.New("http-only"), property.New("preferred")},
	schema.Secret:      {property.New("hunter2")},
	schema.Given: {property.New("export DB_PASSWORD=hunter2"), property.New([]property.Value{property.New("--password"), property.New("hunter2")}),
		property.New(map[string]property.Value{"DB_PASSWORD": property.New("hunter2")}),
		property.New([]property.Value{property.New(map[string]property.Value{"name": property.New("DB_PASSWORD"), "value": property.New("hunter2")})})},
	schema.Address:    {property.New("https://collector.example.com/in")},
	schema.Template:   {property.New("https://x"), property.New("{")},
	schema.Definition: {property.New(`{"NetworkConfiguration": {"AssignPublicIp": "ENABLED"}}`)},
}

// TestEveryShapeIsRead gives each property of each type the worst of its shape.
// What nothing is found against stands in unread, with a reason.
func TestEveryShapeIsRead(t *testing.T) {
	t.Parallel()
	pack := New(Options{Stack: "dev", Preview: true, Now: time.Now})
	used := map[string]bool{}
	types, properties, passed := 0, 0, 0
	for token, all := range schema.Types() {
		if len(all) > 0 {
			types++
		}
		base := findingsOf(pack, token, property.Map{})
		for _, p := range all {
			properties++
			if slices.ContainsFunc(worst[p.Shape], func(v property.Value) bool { return refusedAt(pack, token, p.Path, v, base) }) {
				continue
			}
			passed++
			if why := reason(token, p, used); why == "" {
				t.Errorf("%s %s (%s) passes, whatever its value", token, p.Path, p.Shape)
			}
		}
	}
	for prefix := range unread {
		assert.True(t, used[prefix], "nothing needs the reason for %s", prefix)
	}
	fmt.Printf("by shape: %d properties of %d types, %d refused at their worst, %d left out with a reason; %d types of %d have no such property\n",
		properties, types, properties-passed, passed, len(schema.Types())-types, len(schema.Types()))
}

// refusedAt tells whether a value makes a finding that wasn't there without it.
func refusedAt(pack *Pack, token, path string, v property.Value, base []string) bool {
	// Where a switch comes before a key or a word, it is on.
	plain, switched := findingsOf(pack, token, only(path, v)), findingsOf(pack, token, nested(path, nil))
	for _, finding := range plain {
		if !slices.Contains(base, finding) {
			return true
		}
	}
	for _, finding := range findingsOf(pack, token, nested(path, &v)) {
		if !slices.Contains(base, finding) && !slices.Contains(switched, finding) {
			return true
		}
	}
	return false
}

// only puts a value at the end of a path, and nothing beside it.
func only(path string, v property.Value) property.Map {
	first, rest, more := strings.Cut(path, ".")
	if more {
		v = property.New(only(rest, v))
	}
	return property.NewMap(map[string]property.Value{first: v})
}

// nested puts a value at the end of a path, and what rules ask for before it beside it.
func nested(path string, v *property.Value) property.Map {
	first, rest, more := strings.Cut(path, ".")
	on := property.New(true)
	m := map[string]property.Value{
		"enabled": on, "encrypted": on, "storageEncrypted": on, "atRestEncryptionEnabled": on, "transitEncryptionEnabled": on,
		"performanceInsightsEnabled": on, "protocol": property.New("HTTPS"), "enableCapture": on,
	}
	switch {
	case more:
		m[first] = property.New(nested(rest, v))
	case v != nil:
		m[first] = *v
	default:
		delete(m, first)
	}
	return property.NewMap(m)
}

func findingsOf(pack *Pack, token string, props property.Map) []string {
	res := Resource{Type: token, Name: "it", URN: "urn:pulumi:dev::test::" + token + "::it", Properties: func() property.Map { return props }}
	var found []string
	for _, f := range append(pack.Analyze(res), pack.AnalyzeStack([]Resource{res})...) {
		found = append(found, f.Policy+f.Message)
	}
	return found
}

func reason(token string, p schema.Property, used map[string]bool) string {
	for prefix, why := range unread {
		if strings.HasPrefix(token+" "+p.Path, prefix) || strings.HasSuffix(prefix, "."+p.Path) {
			used[prefix] = true
			return why
		}
	}
	return ""
}

// unread says, by the start of "type path", why nothing is asked.
var unread = map[string]string{
	"aws:ec2/eipAssociation:EipAssociation publicIp":                    "no-elastic-ip refuses the type",
	"aws:apprunner/service:Service networkConfiguration":                "public by default: no-public-entry refuses it unset as well",
	"aws:apigateway/restApi:RestApi endpointConfiguration":              "public by default: no-public-entry refuses it unset as well",
	"aws:secretsmanager/secretVersion:SecretVersion":                    "the SDK marks it secret, and it is where secrets belong",
	"aws:route53/cidrLocation:CidrLocation":                             "a list of addresses for routing DNS answers, which lets nobody in",
	"aws:ec2/trafficMirrorFilterRule:TrafficMirrorFilterRule":           "what is copied, not who is let in",
	"aws:medialive/channel:Channel encoderSettings.outputGroups":        "a format of video",
	"aws:directconnect/connection:Connection encryptionMode":            "MACsec of a line, which not every place has",
	"aws:ecs/cluster:Cluster configuration.executeCommandConfiguration": "exec-logged asks, where a service lets people in",
	"aws:s3/bucketV2:BucketV2 serverSideEncryptionConfigurations":       "bucket-encrypted wants it declared beside the bucket",
	"aws:iam/openIdConnectProvider:OpenIdConnectProvider url":           "says who issues tokens; nothing is sent there",
	"aws:imagebuilder/": "an object of S3, which the service reads",
	"aws:opsworks/":     "an address that is shown; AWS has withdrawn the service",
	"aws:cfg/":          "rules of AWS Config, no resources",
	"aws:iot/":          "certificates of things, no resources",
	"aws:lambda/function:Function environment": "functionEnvironment reads its variables",
}
