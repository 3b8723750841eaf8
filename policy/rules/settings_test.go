package rules

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumi/pulumi/sdk/v3/go/property"

	"github.com/pathwai/airflow-on-fargate/policy/internal/cases"
)

var noon = time.Date(2026, 6, 15, 12, 0, 0, 0, time.UTC)

func clock(now time.Time) func() time.Time { return func() time.Time { return now } }

func natException(more map[string]any) map[string]any {
	e := map[string]any{
		"policy": "no-nat-gateway", "resource": "urn:pulumi:dev::test::aws:ec2/natGateway:NatGateway::nat",
		"owner": "network team", "reason": "until the migration ends", "expires": "2026-06-30",
	}
	for key, value := range more {
		e[key] = value
	}
	return e
}

func withExceptions(exceptions ...any) map[string]map[string]any {
	return map[string]map[string]any{SettingsName: {"exceptions": exceptions}}
}

var nat = cases.Group{{Type: "aws:ec2/natGateway:NatGateway", Name: "nat", Props: map[string]any{"subnetId": "s"}}}

func TestExceptions(t *testing.T) {
	t.Parallel()
	const excused, refused = NoticeName + " nat", "no-nat-gateway nat"
	const malformed, stale = SettingsName + " test-dev", "stale-exceptions test-dev"
	for name, test := range map[string]struct {
		now    time.Time
		config map[string]map[string]any
		want   []string
		says   string
	}{
		"none":                   {noon, nil, []string{refused}, "a NAT gateway"},
		"in force":               {noon, withExceptions(natException(nil)), []string{excused}, "no-nat-gateway is excused until 2026-06-30 by network team: until the migration ends"},
		"pattern":                {noon, withExceptions(natException(map[string]any{"resource": "urn:pulumi:dev::te*::*aws:ec2/natGateway:NatGateway::*nat"})), []string{excused}, "excused"},
		"on its last day":        {time.Date(2026, 6, 30, 23, 59, 0, 0, time.UTC), withExceptions(natException(nil)), []string{excused}, "excused"},
		"a day late":             {time.Date(2026, 7, 1, 0, 1, 0, 0, time.UTC), withExceptions(natException(nil)), []string{refused, malformed}, "it expired on 2026-06-30 (owner: network team, reason: until the migration ends)"},
		"another rule":           {noon, withExceptions(natException(map[string]any{"policy": "no-elastic-ip"})), []string{refused, stale}, "for no-elastic-ip on urn:pulumi:dev"},
		"another resource":       {noon, withExceptions(natException(map[string]any{"resource": "urn:pulumi:dev::test::aws:ec2/natGateway:NatGateway::na"})), []string{refused, stale}, "excuses nothing"},
		"another stack's":        {noon, withExceptions(natException(map[string]any{"resource": "urn:pulumi:prod::test::aws:ec2/natGateway:NatGateway::nat"})), []string{refused}, "a NAT gateway"},
		"twice":                  {noon, withExceptions(natException(nil), natException(nil)), []string{excused, stale}, "excuses nothing"},
		"no owner":               {noon, withExceptions(natException(map[string]any{"owner": " "})), []string{refused, malformed}, "exception 1 (no-nat-gateway): owner missing."},
		"nothing in it":          {noon, withExceptions(map[string]any{}), []string{refused, malformed}, "policy, resource, owner, reason, expires missing."},
		"unknown rule":           {noon, withExceptions(natException(map[string]any{"policy": "*"})), []string{refused, malformed}, `there is no rule "*"`},
		"the settings' own rule": {noon, withExceptions(natException(map[string]any{"policy": SettingsName})), []string{refused, malformed}, "there is no rule"},
		"every resource":         {noon, withExceptions(natException(map[string]any{"resource": "*"})), []string{refused, malformed}, "not the URN of a resource"},
		"every resource, as URN": {noon, withExceptions(natException(map[string]any{"resource": "urn:pulumi:*::*::*::*"})), []string{refused, malformed}, "names no stack"},
		"not a day":              {noon, withExceptions(natException(map[string]any{"expires": "2026-6-31"})), []string{refused, malformed}, "not a day"},
		"too far ahead":          {noon, withExceptions(natException(map[string]any{"expires": "2028-01-01"})), []string{refused, malformed}, "more than a year"},
		"misspelt field":         {noon, withExceptions(natException(map[string]any{"expire": "2026-06-30"})), []string{refused, malformed}, `unknown field "expire"`},
		"misspelt setting":       {noon, map[string]map[string]any{SettingsName: {"exception": []any{}}}, []string{refused, malformed}, `unknown field "exception"`},
		"wrong kind of setting":  {noon, map[string]map[string]any{SettingsName: {"endpoints": "s3"}}, []string{refused, malformed}, "cannot be read"},
		"misspelt rule":          {noon, map[string]map[string]any{"no-nat": {}}, []string{refused, malformed}, `there is no rule "no-nat" to configure`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			found := analyze(Options{Preview: true, Now: clock(test.now), Config: test.config}, nat)
			require.ElementsMatch(t, test.want, brief(found))
			var all string
			for _, f := range found {
				all += f.Message + "\n"
			}
			assert.Contains(t, all, test.says)
		})
	}
}

// TestExceptionForSkippedResource has a targeted update, which leaves a
// resource out: its exception isn't stale.
func TestExceptionForSkippedResource(t *testing.T) {
	t.Parallel()
	pack := New(Options{Stack: "dev", Preview: true, Now: clock(noon), Config: withExceptions(natException(nil))})
	resources := resourcesOf("dev", nat)
	assert.Empty(t, pack.Analyze(resources[0]))
	assert.Empty(t, pack.AnalyzeStack(resources))
}

// TestStackRulesPreferInputs has a provider that fills in what the program left
// out: the rules for stacks must not take it for the program's word.
func TestStackRulesPreferInputs(t *testing.T) {
	t.Parallel()
	props := func(status string) func() property.Map {
		return func() property.Map {
			config := property.New(map[string]property.Value{"status": property.New(status)})
			return property.NewMap(map[string]property.Value{"versioningConfiguration": config})
		}
	}
	res := Resource{Type: "aws:s3/bucketVersioningV2:BucketVersioningV2", Name: "v", URN: "urn:pulumi:dev::test::v::v"}
	pack := New(Options{Now: time.Now})
	res.Properties = props("Suspended")
	assert.Empty(t, pack.Analyze(res))
	res.Properties = props("Enabled")
	assert.Len(t, pack.AnalyzeStack([]Resource{res}), 1)
	assert.Empty(t, New(Options{Now: time.Now}).AnalyzeStack([]Resource{res}), "outputs count where inputs were not seen")
}

func TestDefaultSettingsAreNotShared(t *testing.T) {
	t.Parallel()
	loaded, faults := loadSettings(map[string]map[string]any{SettingsName: {"endpoints": []any{"athena"}, "protectedStacks": []any{}}}, noon)
	assert.Empty(t, faults)
	assert.Equal(t, []string{"athena"}, loaded.Endpoints)
	assert.Empty(t, loaded.ProtectedStacks)
	assert.Equal(t, "s3", defaultSettings().Endpoints[0])
}

func TestMatches(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		pattern, value string
		want           bool
	}{
		{"a", "a", true}, {"a", "ab", false}, {"a*", "ab", true}, {"*b", "ab", true}, {"a*b", "ab", true}, {"a*b", "aXb", true},
		{"a*b", "a", false}, {"ab*b", "ab", false}, {"*", "", true}, {"a**b", "ab", true}, {"*a*a*", "xaxax", true}, {"*a*a*", "xax", false},
		{"[a]", "a", false}, {"a?", "ab", false},
	} {
		assert.Equal(t, test.want, matches(test.pattern, test.value), "%q against %q", test.pattern, test.value)
	}
}
