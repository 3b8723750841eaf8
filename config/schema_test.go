package config

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"

	"github.com/pathwai/airflow-on-fargate/internal/configdoc"
)

const schemaFile = "settings.schema.json"

var update = flag.Bool("update", false, "write settings.schema.json anew")

func TestSchemaIsUpToDate(t *testing.T) {
	written, err := configdoc.Schema(project(t), reflect.TypeFor[Config](), map[string][]string{"images.digests": ImageNames})
	require.NoError(t, err)
	if *update {
		require.NoError(t, os.WriteFile(schemaFile, written, 0o644))
	}
	kept, err := os.ReadFile(schemaFile)
	require.NoError(t, err)
	require.True(t, bytes.Equal(written, kept), "config/settings.schema.json is out of date: make golden")
}

// schema is the one that editors read.
func schema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	compiled, err := jsonschema.NewCompiler().Compile(schemaFile)
	require.NoError(t, err)
	return compiled
}

// refusal is what the schema has against a stack file's content, nil for nothing.
func refusal(t *testing.T, schema *jsonschema.Schema, file any) error {
	t.Helper()
	encoded, err := json.Marshal(file)
	require.NoError(t, err)
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(encoded))
	require.NoError(t, err)
	return schema.Validate(value)
}

// Editors find the schema by a stack file's first line.
func TestStackFilesFitTheirSchema(t *testing.T) {
	files, err := filepath.Glob("../Pulumi.*.yaml")
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(files), 2)
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		assert.True(t, strings.HasPrefix(string(text), "# yaml-language-server: $schema=config/"+schemaFile+"\n"), file)
		var content any
		require.NoError(t, yaml.Unmarshal(text, &content))
		assert.NoError(t, refusal(t, schema(t), content), file)
	}
}

// structural is a fault of a name or a type, which the schema finds as the program does.
var structural = regexp.MustCompile(`: (unknown key, .*|text \(in quotes\)|true or false|a whole number|a list|a map of .*|required, but missing|in clear: .*|not read, .*)$`)

func TestTheSchemaRefusesWhatTheProgramDoes(t *testing.T) {
	compiled := schema(t)
	refused, accepted := 0, 0
	for area, cases := range faultTable() {
		for _, c := range cases {
			settings := stackFile(t, "dev")
			for path, value := range c.changes {
				if path == regionKey {
					settings[path] = value
					continue
				}
				set(t, settings, splitPath("airflow:"+path), value)
			}
			err := refusal(t, compiled, map[string]any{"config": settings})
			switch {
			case structural.MatchString(strings.Join(c.want, "\n")):
				refused++
				assert.Error(t, err, "%s: %s", area, c.name)
			case c.want == nil:
				accepted++
				assert.NoError(t, err, "%s: %s", area, c.name)
			}
		}
	}
	assert.Greater(t, refused, 20)
	assert.Greater(t, accepted, 10)
}

func TestTheSchemaKnowsKeysOfOthersAndSecrets(t *testing.T) {
	for text, reason := range map[string]string{
		"{random:x: 1, pulumi:tags: {a: b}}":                            "",
		"{'airflow:oidcClientSecret': {secure: v1:abc}}":                "",
		"{'airflow:oidcClientSecret': ''}":                              "",
		"{'airflow:oidcClientSecret': hunter2}":                         "at '/config/airflow:oidcClientSecret': 'anyOf' failed",
		"{'airflow:oidcClientSecret': {secure: v1:abc, also: this}}":    "additional properties 'also' not allowed",
		"{'airflow:org': {secure: v1:abc}}":                             "at '/config/airflow:org': got object, want integer or string",
		"{aws:profile: dev}":                                            "at '/config': invalid propertyName 'aws:profile'",
		"{'airflow:netwrok': {}}":                                       "at '/config': invalid propertyName 'airflow:netwrok'",
		"{'airflow:services': {scheduler: {memmory: 1}}}":               "at '/config/airflow:services/scheduler': additional properties 'memmory' not allowed",
		"{'airflow:airflow': {options: {core: {parallelism: 32}}}}":     "at '/config/airflow:airflow/options/core/parallelism': got number, want string",
		"{'airflow:workerPools': [{name: default, queues: [a], x: 1}]}": "missing properties 'concurrency', 'cpu', 'max', 'memory', 'min', 'onDemandBase', 'spotPercent'",
	} {
		var changes map[string]any
		require.NoError(t, yaml.Unmarshal([]byte(text), &changes))
		settings := stackFile(t, "dev")
		for key, value := range changes {
			settings[key] = value
		}
		err := refusal(t, schema(t), map[string]any{"config": settings})
		if reason == "" {
			assert.NoError(t, err, text)
			continue
		}
		assert.ErrorContains(t, err, reason, text)
	}
	require.ErrorContains(t, refusal(t, schema(t), map[string]any{}), "missing property 'config'")
}

func TestSchemaOfABrokenProjectFile(t *testing.T) {
	_, err := configdoc.Schema([]byte("config: {org: {default: x}}"), reflect.TypeFor[Config](), nil)
	require.EqualError(t, err, "configdoc: org has no description")
}

// What only a stack knows is required with all that it lies in, and has no default.
func TestTheSchemaRequiresWhatOnlyAStackKnows(t *testing.T) {
	written, err := configdoc.Schema([]byte(`config:
  org: {description: Required. Owner., default: ""}
  network:
    description: The VPC.
    default:
      # Required. Zones.
      zones: []
`), reflect.TypeFor[Config](), nil)
	require.NoError(t, err)
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(written))
	require.NoError(t, err)
	compiler := jsonschema.NewCompiler()
	require.NoError(t, compiler.AddResource("settings.json", value))
	compiled, err := compiler.Compile("settings.json")
	require.NoError(t, err)
	complete := map[string]any{"aws:region": "us-east-1", "airflow:org": "pathwai", "airflow:network": map[string]any{"zones": []string{"us-east-1a"}}}
	require.NoError(t, refusal(t, compiled, map[string]any{"config": complete}))
	require.ErrorContains(t, refusal(t, compiled, map[string]any{"config": map[string]any{}}), "missing properties 'aws:region', 'airflow:network', 'airflow:org'")
	complete["airflow:network"] = map[string]any{}
	require.ErrorContains(t, refusal(t, compiled, map[string]any{"config": complete}), "at '/config/airflow:network': missing property 'zones'")
	require.NotContains(t, string(written), `"default": ""`)
}
