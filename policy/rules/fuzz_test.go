package rules

import (
	"encoding/json"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/property"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pathwai/airflow-on-fargate/policy/internal/cases"
)

// documented are the properties that hold a text in JSON, by type.
var documented = map[string][]string{
	"aws:iam/rolePolicy:RolePolicy":                {"policy"},
	"aws:iam/role:Role":                            {"assumeRolePolicy"},
	"aws:sns/topicPolicy:TopicPolicy":              {"policy"},
	"aws:s3/bucketPolicy:BucketPolicy":             {"policy"},
	endpointType:                                   {"policy"},
	taskDefinitionType:                             {"containerDefinitions"},
	jobDefinitionType:                              {"containerProperties", "nodeProperties", "ecsProperties"},
	"aws:cloudwatch/eventTarget:EventTarget":       {"input"},
	"aws:sfn/stateMachine:StateMachine":            {"definition"},
	"aws:ssm/parameter:Parameter":                  {"value"},
	"aws:dms/endpoint:Endpoint":                    {"serverName"},
	restAPIType:                                    {"body"},
	"aws:ec2/launchTemplate:LaunchTemplate":        {"userData"},
	"aws:secretsmanager/secretPolicy:SecretPolicy": {"policy"},
}

// FuzzDocuments gives every property that holds a document any text: no rule may
// fall over, and a policy or container definition that isn't JSON must be told.
//
//	go test ./rules -run '^$' -fuzz FuzzDocuments -fuzztime 1m
func FuzzDocuments(f *testing.F) {
	for _, m := range cases.Mutants() {
		for _, res := range m.Group {
			for _, path := range documented[res.Type] {
				if text, ok := res.Props[path].(string); ok {
					f.Add(text)
				}
			}
		}
	}
	for _, odd := range []string{
		"", "{", "null", "[]", "{}", `"x"`, "1", `{"Statement":1}`, `{"Statement":[null]}`, `{"Statement":[{"Effect":"Allow","Principal":{"AWS":[null]}}]}`, `{"Statement":[{"Condition":[]}]}`,
		`{"Statement":{"Effect":"Allow","Principal":{"Federated":"oidc-provider/"},"Condition":{"StringLike":{":sub":[1]}}}}`, `[{"environment":[null],"command":[null]}]`, `[null]`, `{"nodeRangeProperties":[{}]}`,
		"openapi: 3.0.1\nx-amazon-apigateway-policy: {Statement: [1]}\n", "a: &a [*a]", "https://[::1", "jdbc:://@:1/", "a,b:1,[fe80::1%25en0]:3",
		"--password", "a=", "mysql -p", "://:@", `{"a":{"b":[{"Name":1,"Value":[]}]}}`, "\x00\xff=", "password=\"", "--token --token",
	} {
		f.Add(odd)
	}
	types := slices.Sorted(maps.Keys(documented))
	f.Fuzz(func(t *testing.T, text string) {
		for _, token := range types {
			for _, path := range documented[token] {
				group := cases.Group{{Type: token, Name: "it", Props: map[string]any{path: text, "type": "String"}}}
				found := withoutPostponed(analyze(Options{Preview: true}, group))
				policy := path == "policy" || path == "assumeRolePolicy" || path == "containerDefinitions"
				if policy && text != "" && !json.Valid([]byte(text)) {
					assert.NotEmpty(t, found, "%s of %s is silently let through", path, token)
				}
			}
		}
	})
}

// TestDrawnPlansNeverPanic makes plans of the fixtures and puts odd values deep
// into them; the draw is the same in each run.
func TestDrawnPlansNeverPanic(t *testing.T) {
	t.Parallel()
	draw := rand.New(rand.NewPCG(1, 2))
	odd := []property.Value{
		property.New(property.Null), property.New(property.Computed), property.New(""), property.New("*"), property.New("0.0.0.0/0"), property.New("arn:aws:iam::*:role/x"), property.New(-1.0), property.New(true),
		property.New([]property.Value{}), property.New(map[string]property.Value{}), property.New("x").WithSecret(true), property.New(property.Computed).WithSecret(true),
		property.New([]property.Value{property.New("x"), property.New(property.Computed)}), property.New(`{"Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`),
	}
	var groups []cases.Group
	compliant := cases.Compliant()
	for _, name := range slices.Sorted(maps.Keys(compliant)) {
		groups = append(groups, compliant[name])
	}
	for range 1500 {
		var resources []Resource
		for range 1 + draw.IntN(4) {
			resources = append(resources, resourcesOf("prod", groups[draw.IntN(len(groups))])...)
		}
		for i := range resources {
			if whole := resources[i].Properties(); draw.IntN(3) == 0 && whole.Len() > 0 {
				spoilt := spoil(property.New(whole), odd, draw).AsMap()
				resources[i].Properties = func() property.Map { return spoilt }
			}
		}
		pack := New(Options{Stack: "prod", Preview: draw.IntN(2) == 0, Now: time.Now})
		require.NotPanics(t, func() {
			for _, each := range resources {
				pack.Analyze(each)
			}
			pack.AnalyzeStack(resources)
		})
	}
}

// spoil puts an odd value somewhere into a map.
func spoil(v property.Value, odd []property.Value, draw *rand.Rand) property.Value {
	switch {
	case v.IsMap() && v.AsMap().Len() > 0:
		m := v.AsMap()
		var keys []string
		for key := range m.AllStable {
			keys = append(keys, key)
		}
		key := keys[draw.IntN(len(keys))]
		if value := m.Get(key); draw.IntN(3) > 0 && (value.IsMap() || value.IsArray()) {
			return property.New(m.Set(key, spoil(value, odd, draw)))
		}
		return property.New(m.Set(key, odd[draw.IntN(len(odd))]))
	case v.IsArray() && v.AsArray().Len() > 0:
		list := v.AsArray().AsSlice()
		i := draw.IntN(len(list))
		list[i] = spoil(list[i], odd, draw)
		return property.New(list)
	}
	return odd[draw.IntN(len(odd))]
}
