package config

import (
	"encoding/json"
	"errors"
	"os"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"
)

// change maps a setting ("network.cidr", "workerPools[0].name") to its new value.
type change map[string]any

// removed as a value takes the setting away.
type removed struct{}

func project(t testing.TB) []byte {
	t.Helper()
	data, err := os.ReadFile("../Pulumi.yaml")
	require.NoError(t, err)
	return data
}

// defaults returns those of the real project file, read once.
func defaults(t testing.TB) map[string]any {
	t.Helper()
	values, err := readDefaults()
	require.NoError(t, err)
	return values
}

var readDefaults = sync.OnceValues(func() (map[string]any, error) {
	data, err := os.ReadFile("../Pulumi.yaml")
	if err != nil {
		return nil, err
	}
	return projectDefaults(data)
})

// stackFile returns the settings in a real stack file, by full key.
func stackFile(t testing.TB, stack string) map[string]any {
	t.Helper()
	cached, ok := stackFiles.Load(stack)
	if !ok {
		data, err := os.ReadFile("../Pulumi." + stack + ".yaml")
		require.NoError(t, err)
		var file struct {
			Config map[string]any `yaml:"config"`
		}
		require.NoError(t, yaml.Unmarshal(data, &file))
		cached, err = json.Marshal(file.Config)
		require.NoError(t, err)
		stackFiles.Store(stack, cached)
	}
	var settings map[string]any
	require.NoError(t, json.Unmarshal(cached.([]byte), &settings))
	return settings
}

// stackFiles are the ones that were read already, as JSON.
var stackFiles sync.Map

// handOver puts settings in the form in which the engine hands them on: texts
// as they are, everything else as JSON.
func handOver(t testing.TB, stack string, settings map[string]any) Values {
	t.Helper()
	values := Values{Stack: stack, Project: "airflow", Config: map[string]string{}}
	for key, value := range settings {
		if text, ok := value.(string); ok {
			values.Config[key] = text
			continue
		}
		encoded, err := json.Marshal(value)
		require.NoError(t, err)
		values.Config[key] = string(encoded)
	}
	return values
}

// changed returns the dev stack with changes.
func changed(t testing.TB, changes change) Values {
	t.Helper()
	settings := stackFile(t, "dev")
	for path, value := range changes {
		if path == "aws:region" {
			settings[path] = value
			continue
		}
		set(t, settings, splitPath("airflow:"+path), value)
	}
	return handOver(t, "dev", settings)
}

var pathPart = regexp.MustCompile(`[^.\[\]]+`)

func splitPath(path string) []string { return pathPart.FindAllString(path, -1) }

// set changes one value in maps and lists, and makes maps that aren't there.
func set(t testing.TB, in any, path []string, value any) {
	t.Helper()
	switch holder := in.(type) {
	case map[string]any:
		if len(path) > 1 {
			if holder[path[0]] == nil {
				holder[path[0]] = map[string]any{}
			}
			set(t, holder[path[0]], path[1:], value)
		} else if _, gone := value.(removed); gone {
			delete(holder, path[0])
		} else {
			holder[path[0]] = value
		}
	case []any:
		i, err := strconv.Atoi(path[0])
		require.NoError(t, err)
		if len(path) > 1 {
			set(t, holder[i], path[1:], value)
		} else {
			holder[i] = value
		}
	default:
		t.Fatalf("nothing to change in %T at %v", in, path)
	}
}

// faultsOf returns the faults that Load finds; it fails on any other error.
func faultsOf(t testing.TB, values Values) []string {
	t.Helper()
	cfg, err := load(defaults(t), values)
	if err == nil {
		require.NotNil(t, cfg)
		return nil
	}
	require.Nil(t, cfg, "a configuration with faults was handed out")
	var faults *Error
	require.True(t, errors.As(err, &faults), "not an *Error: %v", err)
	require.NotEmpty(t, faults.Faults)
	texts := make([]string, 0, len(faults.Faults))
	for _, fault := range faults.Faults {
		texts = append(texts, fault.String())
	}
	return texts
}

// valid returns the configuration of the dev stack with changes, which must be valid.
func valid(t testing.TB, changes change) *Config {
	t.Helper()
	cfg, err := load(defaults(t), changed(t, changes))
	require.NoError(t, err)
	return cfg
}

// faultCase is a change to a valid configuration, and every fault that it brings.
type faultCase struct {
	name    string
	changes change
	// want is empty for a value on the edge that is still valid.
	want []string
}

func checkFaults(t *testing.T, cases []faultCase) {
	t.Helper()
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			require.Equal(t, c.want, faultsOf(t, changed(t, c.changes)))
		})
	}
}

// many returns n values made from a pattern with %d.
func many(n int, pattern string) []any {
	list := make([]any, 0, n)
	for i := range n {
		list = append(list, strings.ReplaceAll(pattern, "%d", strconv.Itoa(i)))
	}
	return list
}
