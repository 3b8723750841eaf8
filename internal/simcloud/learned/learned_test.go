package learned

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/stretchr/testify/require"
)

func inputs(values map[string]any) resource.PropertyMap {
	return resource.NewPropertyMapFromMap(values)
}

// at builds inputs that hold a value at a rule's path; without a value the last
// part is left away.
func at(path []string, value *resource.PropertyValue) resource.PropertyMap {
	name, list := strings.CutSuffix(path[0], "[]")
	object := resource.PropertyMap{}
	switch {
	case len(path) > 1:
		object[resource.PropertyKey(name)] = resource.NewProperty(at(path[1:], value))
	case value == nil:
		return object
	default:
		object[resource.PropertyKey(name)] = *value
	}
	if list {
		object[resource.PropertyKey(name)] = resource.NewProperty([]resource.PropertyValue{object[resource.PropertyKey(name)]})
	}
	return object
}

// wrong returns values that a rule must refuse, at least one.
func wrong(rule Rule) []resource.PropertyValue {
	var values []resource.PropertyValue
	text := func(s string) { values = append(values, resource.NewProperty(s)) }
	if len(rule.OneOf) > 0 || rule.ARN || rule.Pattern != "" {
		text("a:wrong$ value*")
	}
	if rule.MinLength > 0 {
		text("")
	}
	if rule.MaxLength > 0 {
		text(strings.Repeat("x", rule.MaxLength+1))
	}
	if rule.Whole {
		values = append(values, resource.NewProperty(0.5))
	}
	if rule.Min != nil {
		values = append(values, resource.NewProperty(*rule.Min-1))
	}
	if rule.Max != nil {
		values = append(values, resource.NewProperty(*rule.Max+1))
	}
	if rule.MinItems > 0 {
		values = append(values, resource.NewProperty([]resource.PropertyValue{}))
	}
	if rule.MaxItems > 0 {
		values = append(values, resource.NewProperty(make([]resource.PropertyValue, rule.MaxItems+1)))
	}
	return values
}

// TestEveryRuleRefuses: none is there for nothing.
func TestEveryRuleRefuses(t *testing.T) {
	count := 0
	for _, token := range slices.Sorted(maps.Keys(All())) {
		for _, rule := range All()[token] {
			count++
			path := strings.Split(rule.Property, ".")
			mistakes := wrong(rule)
			require.True(t, len(mistakes) > 0 || rule.Required, "%s %s demands nothing", token, rule.Property)
			for _, value := range mistakes {
				require.True(t, breaks(token, rule.Property, at(path, &value)), "%s %s takes %v", token, rule.Property, value)
			}
			if rule.Required {
				require.True(t, breaks(token, rule.Property, at(path, nil)), "%s %s may be left away", token, rule.Property)
			}
		}
	}
	require.Greater(t, count, 100)
}

func breaks(token, property string, in resource.PropertyMap) bool {
	return slices.ContainsFunc(Faults(token, in), func(f Fault) bool { return f.Path == property })
}

// TestRulesTakeWhatIsRight, and what nobody knows yet.
func TestRulesTakeWhatIsRight(t *testing.T) {
	const database = "aws:rds/instance:Instance"
	good := inputs(map[string]any{
		"maintenanceWindow": "Sun:04:30-Sun:05:30", "backupWindow": "03:00-04:00", "kmsKeyId": "arn:aws:kms:us-east-1:381492153064:key/1",
	})
	require.Empty(t, Faults(database, good))
	require.Len(t, Faults(database, inputs(map[string]any{"maintenanceWindow": "sun:04:30"})), 1)
	require.Len(t, Faults(database, inputs(map[string]any{"backupWindow": "03:00-24:00"})), 1)

	listener := inputs(map[string]any{"defaultActions": []any{}})
	require.Len(t, Faults("aws:lb/listener:Listener", listener), 1, "an empty list is none")

	unknown := resource.PropertyMap{"kmsKeyId": resource.MakeComputed(resource.NewProperty(""))}
	require.Empty(t, Faults(database, unknown))
	hidden := resource.PropertyMap{"kmsKeyId": resource.MakeSecret(resource.NewProperty("hidden"))}
	require.Empty(t, Faults(database, hidden), "a reason would show the secret")
	require.Empty(t, Faults("aws:of/nothing:Known", inputs(map[string]any{"a": "b"})))
}

// TestPatternsAreWhole: a pattern without ends would take anything around it.
func TestPatternsAreWhole(t *testing.T) {
	for token, list := range All() {
		for _, rule := range list {
			if rule.Pattern != "" {
				require.Regexp(t, regexp.MustCompile(`^(\(\?i\))?\^`), rule.Pattern, "%s %s", token, rule.Property)
			}
		}
	}
}
